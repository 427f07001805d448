"""The numeric layer: games as tables, planning over common information, certificates.

Names are imported when they are first used, because `posg check` needs few of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .automata import Automaton, Increment, expand_automaton
    from .beliefs import Beliefs
    from .certify import Certificate, certify_policy
    from .compressors import AutomatonCompressor, Compressor
    from .dependence import BeliefWitness, Choice, Difference, StrategyDependenceError
    from .errors import LimitError, ProblemError
    from .evaluation import Evaluation, evaluate_policy
    from .evolution import History, derive_information
    from .game import Dynamics, Game, Labels, Rewards, RewardScope
    from .game_class import GameClass, classify_game
    from .gap_bound import bound_gap
    from .increments import expand_increments
    from .information import IncrementLabels, InformationStructure, Update
    from .model_errors import ModelErrors, measure_model_errors
    from .nested_information import find_nested_information
    from .nodes import (
        CommonInformation,
        CommonStep,
        NodeLimits,
        expand_common_information,
    )
    from .observability import Bracket, Observability, StepObservability, measure_observability
    from .openings import Edges
    from .perfect_recall import Event, PerfectRecall, RecallWitness, check_perfect_recall
    from .planning import Solution, plan
    from .policies import BoundPolicy, Policy
    from .policy_files import load_policy, save_policy
    from .policy_json import policy_to_json
    from .progress import Progress
    from .pure_policies import build_pure_policy
    from .recursions import Recursion, expand_recursion
    from .responses import best_response
    from .sequence_form import SequenceFormSolution, solve_sequence_form
    from .serialize import load_game, save_game
    from .sharing_structures import HistorySharing, SharingStructure, UpdateSharing
    from .simulate import Episodes, simulate_episodes
    from .sizes import CommonSizes, count_common_information, require_exact
    from .strategy_independence import StrategyIndependence, check_strategy_independence
    from .table_checks import check_tables
    from .tabulation import CommonUpdate, PrivateUpdate, tabulate_information
    from .timestamps import Atoms, Timestamps
    from .window_sizes import WindowSizes, WindowStep, count_windows, require_windows
    from .windows import expand_windows

__all__ = [
    "Atoms",
    "Automaton",
    "AutomatonCompressor",
    "BeliefWitness",
    "Beliefs",
    "BoundPolicy",
    "Bracket",
    "Certificate",
    "Choice",
    "CommonInformation",
    "CommonSizes",
    "CommonStep",
    "CommonUpdate",
    "Compressor",
    "Difference",
    "Dynamics",
    "Edges",
    "Episodes",
    "Evaluation",
    "Event",
    "Game",
    "GameClass",
    "History",
    "HistorySharing",
    "Increment",
    "IncrementLabels",
    "InformationStructure",
    "Labels",
    "LimitError",
    "ModelErrors",
    "NodeLimits",
    "Observability",
    "PerfectRecall",
    "Policy",
    "PrivateUpdate",
    "ProblemError",
    "Progress",
    "RecallWitness",
    "Recursion",
    "RewardScope",
    "Rewards",
    "SequenceFormSolution",
    "SharingStructure",
    "Solution",
    "StepObservability",
    "StrategyDependenceError",
    "StrategyIndependence",
    "Timestamps",
    "Update",
    "UpdateSharing",
    "WindowSizes",
    "WindowStep",
    "best_response",
    "bound_gap",
    "build_pure_policy",
    "certify_policy",
    "check_perfect_recall",
    "check_strategy_independence",
    "check_tables",
    "classify_game",
    "count_common_information",
    "count_windows",
    "derive_information",
    "evaluate_policy",
    "expand_automaton",
    "expand_common_information",
    "expand_increments",
    "expand_recursion",
    "expand_windows",
    "find_nested_information",
    "load_game",
    "load_policy",
    "measure_model_errors",
    "measure_observability",
    "plan",
    "policy_to_json",
    "require_exact",
    "require_windows",
    "save_game",
    "save_policy",
    "simulate_episodes",
    "solve_sequence_form",
    "tabulate_information",
]

_HOMES = {
    "automata": ("Automaton", "Increment", "expand_automaton"),
    "beliefs": ("Beliefs",),
    "certify": ("Certificate", "certify_policy"),
    "compressors": ("AutomatonCompressor", "Compressor"),
    "dependence": ("BeliefWitness", "Choice", "Difference", "StrategyDependenceError"),
    "errors": ("LimitError", "ProblemError"),
    "evaluation": ("Evaluation", "evaluate_policy"),
    "evolution": ("History", "derive_information"),
    "game": ("Dynamics", "Game", "Labels", "RewardScope", "Rewards"),
    "game_class": ("GameClass", "classify_game"),
    "gap_bound": ("bound_gap",),
    "increments": ("expand_increments",),
    "information": ("IncrementLabels", "InformationStructure", "Update"),
    "model_errors": ("ModelErrors", "measure_model_errors"),
    "nested_information": ("find_nested_information",),
    "nodes": (
        "CommonInformation",
        "CommonStep",
        "NodeLimits",
        "expand_common_information",
    ),
    "observability": (
        "Bracket",
        "Observability",
        "StepObservability",
        "measure_observability",
    ),
    "openings": ("Edges",),
    "perfect_recall": ("Event", "PerfectRecall", "RecallWitness", "check_perfect_recall"),
    "planning": ("Solution", "plan"),
    "policies": ("BoundPolicy", "Policy"),
    "policy_files": ("load_policy", "save_policy"),
    "policy_json": ("policy_to_json",),
    "progress": ("Progress",),
    "pure_policies": ("build_pure_policy",),
    "sequence_form": ("SequenceFormSolution", "solve_sequence_form"),
    "recursions": ("Recursion", "expand_recursion"),
    "responses": ("best_response",),
    "serialize": ("load_game", "save_game"),
    "sharing_structures": ("HistorySharing", "SharingStructure", "UpdateSharing"),
    "simulate": ("Episodes", "simulate_episodes"),
    "sizes": ("CommonSizes", "count_common_information", "require_exact"),
    "strategy_independence": ("StrategyIndependence", "check_strategy_independence"),
    "table_checks": ("check_tables",),
    "tabulation": ("CommonUpdate", "PrivateUpdate", "tabulate_information"),
    "timestamps": ("Atoms", "Timestamps"),
    "window_sizes": ("WindowSizes", "WindowStep", "count_windows", "require_windows"),
    "windows": ("expand_windows",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    """Import the module that defines a public name."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)
