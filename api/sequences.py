"""``posg solve --method sequence-form``."""

from __future__ import annotations

import time

from posg.compiler.pipeline import Compiled
from posg.runtime import (
    Certificate,
    GameClass,
    Policy,
    StrategyDependenceError,
    certify_policy,
    classify_game,
    solve_sequence_form,
)

from .limits import Limits

SEQUENCE_FORM = "sequence-form"


def solve_sequences(
    compiled: Compiled, *, concept: str, limits: Limits
) -> tuple[Policy, Certificate, dict[str, object]]:
    """Solve in sequence form and certify; returns what ``solve_compiled`` does."""
    game, information = compiled.game, compiled.information
    start = time.perf_counter()
    with limits.watch() as watch:
        found = solve_sequence_form(
            game,
            information,
            concept=concept,
            memory_bytes=limits.memory,
            seconds=limits.seconds,
            progress=watch,
        )
        solved = time.perf_counter()
        certificate = certify_policy(
            game, information, found.policy, concept=concept, progress=watch
        )
    certified = time.perf_counter()
    sequences = {agent: len(plan) for agent, plan in zip(game.agents, found.plans, strict=True)}
    model: dict[str, object] = {
        "nodes": list(found.policy.node_counts),
        "sequences": sequences,
        "seconds": {"solve": round(solved - start, 4), "certify": round(certified - solved, 4)},
    }
    return found.policy, certificate, model


def suits_sequences(compiled: Compiled) -> bool:
    """Whether a game is one that the sequence form solves if its agents remember enough."""
    return classify_game(compiled.game) is GameClass.ZERO_SUM


def suggest_sequences(compiled: Compiled, error: StrategyDependenceError) -> None:
    """Let a refusal name the sequence form where it suits."""
    if suits_sequences(compiled):
        error.facts["method"] = SEQUENCE_FORM
