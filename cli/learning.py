"""``posg learn``."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from pathlib import Path

from posg.api.independence import report_dependence
from posg.api.limits import Watch
from posg.api.wording import number_text
from posg.compiler.pipeline import Compiled
from posg.grammar.diagnostics import Bag
from posg.runtime import certify_policy, evaluate_policy, measure_observability, save_policy
from posg.runtime.files import require_writable
from posg.runtime.learning.checkpoints import describe_run, load_rounds, save_rounds
from posg.runtime.learning.explorers import ExplorationKind
from posg.runtime.learning.laci import Learned, LearningOptions, LearningRound, learn_policy
from posg.runtime.learning.models import Estimator
from posg.runtime.learning.sample_bound import theoretical_sample_count
from posg.runtime.learning.simulator import Simulator
from posg.runtime.packages import require_package

from .inputs import compile_file, limits_of
from .output import OK, show_diagnostics, show_json
from .solving import certificate_json, value_text

_SECONDS = 1.0
"""How long gamma is looked for."""
_ACCURACY, _CONFIDENCE = 0.1, 0.1
"""What the theory's N0 is worked out for: a gap as a share of the range of returns, and how likely not."""


def learn(options: argparse.Namespace) -> int:
    """Learn from episodes of the game, and say what the result is worth in it."""
    bag = Bag()
    compiled = compile_file(options, bag)
    report_dependence(compiled, bag, memory=options.memory)
    show_diagnostics(bag.diagnostics)
    for path in (options.output, options.checkpoint):
        if path is not None:
            require_writable(Path(path))
    chosen = LearningOptions(
        steps=options.steps,
        rounds=options.rounds,
        length=options.window,
        tail=options.tail,
        concept=options.concept,
        exploration=ExplorationKind(options.exploration),
        estimator=Estimator(options.estimator),
        stationary=options.stationary,
        states=options.states,
        q_learning=options.q_learning,
    )
    if chosen.estimator is Estimator.NETWORK:
        require_package("torch", "torch", "`--estimator network`")
    start = time.perf_counter()
    with limits_of(options).watch() as watch:
        learned = _run(compiled, chosen, options, watch)
        seconds = time.perf_counter() - start
        if options.output is not None:
            save_policy(learned.policy, options.output)
        evaluation = evaluate_policy(
            compiled.game, compiled.information, learned.policy, progress=watch
        )
        certificate = certify_policy(
            compiled.game,
            compiled.information,
            learned.policy,
            concept=learned.rounds[0].concept,
            value=evaluation.value,
            progress=watch,
        )
    phases = _phases(learned)
    episodes = sum(batch.episodes.count for found in learned.rounds for batch in found.batches)
    wanted = _theoretical_episodes(compiled, learned, options.window)
    if options.format == "json":
        show_json(
            {
                "schema": "posg.learn/1",
                "game": compiled.game.name,
                "sharing": compiled.information.name,
                "horizon": compiled.game.horizon,
                "concept": learned.rounds[0].concept,
                "value": dict(certificate.value),
                "certificate": certificate_json(certificate),
                "steps": phases,
                "episodes": episodes,
                "log10_theoretical_episodes": wanted,
                "rounds": [_round_json(found) for found in learned.rounds],
                "selection": _selection_json(learned),
                "missing": evaluation.missing,
                "seconds": round(seconds, 4),
                "policy": None if options.output is None else str(options.output),
            }
        )
        return OK
    print(value_text(compiled, certificate))
    listed = ", ".join(f"{count} {name}" for name, count in phases.items() if count)
    print(f"steps of the game: {listed}")
    print(f"episodes to learn from: {episodes}; {_theory_text(wanted)}")
    print(_selection_text(learned))
    if evaluation.missing:
        print(f"the policy had no answer {evaluation.missing} times and played uniformly")
    if options.output is not None:
        print(f"policy written to {options.output}")
    return OK


def _run(
    compiled: Compiled, chosen: LearningOptions, options: argparse.Namespace, watch: Watch
) -> Learned:
    """Learn, going on from the rounds of a checkpoint if there is one."""
    simulator = Simulator(compiled.game, options.seed)
    known: list[LearningRound] = []
    keep: Callable[[Sequence[LearningRound]], None] | None = None
    if options.checkpoint is not None:
        path = Path(options.checkpoint)
        run = describe_run(compiled.game, compiled.information, chosen, options.seed)
        if path.exists():
            known = load_rounds(path, run)
        keep = partial(save_rounds, path, run)

    return learn_policy(
        simulator,
        compiled.information,
        compiled.timestamps,
        chosen,
        known=known,
        keep=keep,
        memory_bytes=options.memory,
        progress=watch,
    )


def _theoretical_episodes(compiled: Compiled, learned: Learned, length: int) -> float | None:
    """log10 of the theory's N0 for what was learned; None where gamma is 0 or not known."""
    gamma = measure_observability(compiled.game, seconds=_SECONDS).bounds.lower
    if not gamma > 0:
        return None
    bound = theoretical_sample_count(
        compiled.game,
        common=max(max(found.nodes) for found in learned.rounds),
        private=max(prod(counts) for counts in compiled.information.private_counts),
        length=length,
        gamma=gamma,
        accuracy=_ACCURACY,
        confidence=_CONFIDENCE,
    )
    return bound.episodes


def _theory_text(wanted: float | None) -> str:
    if wanted is None:
        return "the theory promises nothing, as gamma is 0 or not known"
    return f"the theory asks for 10^{wanted:.0f} a step"


def _phases(learned: Learned) -> dict[str, int]:
    """Steps of the game by what they were for."""
    selection = learned.selection
    return {
        "to explore": learned.exploring,
        "to learn": sum(found.steps for found in learned.rounds),
        "to select": 0 if selection is None else selection.steps,
    }


def _round_json(found: LearningRound) -> dict[str, object]:
    return {
        "steps": found.steps,
        "nodes": list(found.nodes),
        "missing": list(found.missing),
        "model_value": dict(found.policy.value),
    }


def _selection_json(learned: Learned) -> dict[str, object] | None:
    selection = learned.selection
    if selection is None:
        return None
    return {
        "chosen": learned.candidates[selection.chosen] + 1,
        "candidates": [place + 1 for place in learned.candidates],
        "returns": selection.returns.tolist(),
        "gaps": selection.gaps.tolist(),
        "errors": selection.errors.tolist(),
        "episodes": selection.episodes,
    }


def _selection_text(learned: Learned) -> str:
    """Which round's policy it is, and how that was found."""
    selection = learned.selection
    rounds = len(learned.rounds)
    if selection is None:
        return f"policy of round {learned.candidates[0] + 1} of {rounds}"
    chosen = selection.chosen
    gap, error = number_text(selection.gaps[chosen]), number_text(selection.errors[chosen])
    return (
        f"policy of round {learned.candidates[chosen] + 1} of {rounds}; empirical gap {gap}, "
        f"standard error {error}, in {selection.episodes} episodes each"
    )
