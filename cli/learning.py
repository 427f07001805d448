"""``posg learn``."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from posg.compiler.pipeline import Compiled
from posg.grammar.diagnostics import Bag
from posg.runtime import certify_policy, evaluate_policy, save_policy
from posg.runtime.files import require_writable
from posg.runtime.learning.checkpoints import describe_run, load_rounds, save_rounds
from posg.runtime.learning.explorers import ExplorationKind
from posg.runtime.learning.laci import Learned, LearningOptions, LearningRound, learn_policy
from posg.runtime.learning.models import Estimator
from posg.runtime.learning.simulator import Simulator

from .inputs import Limits, Watch, compile_file
from .output import OK, number_text, show_diagnostics, show_json
from .solving import certificate_json, value_text


def learn(options: argparse.Namespace) -> int:
    """Learn from episodes of the game, and say what the result is worth in it."""
    bag = Bag()
    compiled = compile_file(options, bag)
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
    )
    start = time.perf_counter()
    with Limits.of(options).watch() as watch:
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
