"""Runs that are cut short: what is kept, and that going on from it changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from posg.runtime import ProblemError
from posg.runtime.learning.checkpoints import describe_run, load_rounds, save_rounds
from posg.runtime.learning.explorers import ExplorationKind
from posg.runtime.learning.laci import Learned, LearningOptions, LearningRound, learn_policy
from posg.runtime.learning.simulator import Simulator
from posg.runtime.policy_json import policy_to_json

from ..games import dectiger, full

GAME = dectiger(2)
SHARING = full(GAME)
OPTIONS = LearningOptions(steps=6000, rounds=3)


def run(
    path: Path | None, options: LearningOptions = OPTIONS, known: Sequence[LearningRound] = ()
) -> Learned:
    facts = describe_run(GAME, SHARING, options, 7)
    keep = None if path is None else lambda rounds: save_rounds(path, facts, rounds)
    return learn_policy(Simulator(GAME, 7), SHARING, None, options, known=known, keep=keep)


@pytest.mark.parametrize("exploration", list(ExplorationKind))
def test_a_run_cut_short_goes_on_to_the_same_result(
    tmp_path: Path, exploration: ExplorationKind
) -> None:
    options = replace(OPTIONS, exploration=exploration)
    whole = run(None, options)
    path = tmp_path / "run.npz"

    def cut_short(rounds: Sequence[LearningRound]) -> None:
        save_rounds(path, describe_run(GAME, SHARING, options, 7), rounds)
        if len(rounds) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn_policy(Simulator(GAME, 7), SHARING, None, options, keep=cut_short)
    known = load_rounds(path, describe_run(GAME, SHARING, options, 7))
    assert len(known) == 2
    resumed = run(path, options, known)
    assert policy_to_json(resumed.policy) == policy_to_json(whole.policy)
    assert resumed.candidates == whole.candidates
    assert (resumed.selection is None) == (whole.selection is None)
    if resumed.selection is not None and whole.selection is not None:
        assert np.array_equal(resumed.selection.gaps, whole.selection.gaps)
    assert [found.steps for found in resumed.rounds] == [found.steps for found in whole.rounds]


def test_rounds_of_another_run_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    run(path)
    facts = describe_run(GAME, SHARING, OPTIONS, 7)
    assert len(load_rounds(path, facts)) == 3
    others = [
        describe_run(GAME, SHARING, OPTIONS, 8),
        describe_run(GAME, SHARING, replace(OPTIONS, length=1), 7),
        describe_run(replace(GAME, discount=0.9), SHARING, OPTIONS, 7),
        describe_run(
            replace(GAME, rewards=tuple(replace(r, values=2 * r.values) for r in GAME.rewards)),
            SHARING,
            OPTIONS,
            7,
        ),
    ]
    for other in others:
        with pytest.raises(ProblemError) as caught:
            load_rounds(path, other)
        assert caught.value.code == "P0712"


@pytest.mark.parametrize("damage", [lambda raw: raw[: len(raw) // 2], lambda raw: b"rounds"])
def test_damaged_rounds_are_refused(tmp_path: Path, damage) -> None:
    path = tmp_path / "run.npz"
    run(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ProblemError) as caught:
        load_rounds(path, describe_run(GAME, SHARING, OPTIONS, 7))
    assert caught.value.code == "P0712"
