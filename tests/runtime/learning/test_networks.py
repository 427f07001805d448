"""Neural networks in place of frequencies."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from posg.runtime import ProblemError, evaluate_policy
from posg.runtime.learning.contexts import WindowCodes, grow_contexts
from posg.runtime.learning.estimates import Observed, count_outcomes
from posg.runtime.learning.laci import LearningOptions, learn_policy
from posg.runtime.learning.models import Estimator
from posg.runtime.learning.networks import fit_network
from posg.runtime.learning.outcomes import read_symbols
from posg.runtime.learning.samples import replay_samples
from posg.runtime.learning.simulator import Simulator
from posg.runtime.policy_play import PolicyPlay

from ..games import dectiger, full, one_step_delay, random_game

MEMORY = 1 << 30


def observe(game, information, episodes: int, length: int) -> Observed:
    """The decisions of the last step under uniform play."""
    drawn = Simulator(game, 0).episodes(PolicyPlay(game, information, None), episodes, 0)
    samples = list(replay_samples(game, information, drawn))[-1:]
    levels, members = grow_contexts(WindowCodes(information, None), samples, length)
    alphabet, private, outcome = read_symbols(game, information, samples)
    return Observed(
        levels=levels, members=members, alphabet=alphabet, private=private, outcome=outcome
    )


def test_without_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    game = dectiger(2)
    samples = observe(game, full(game), 100, 1)
    with pytest.raises(ProblemError) as caught:
        fit_network(samples, seed=0, memory_bytes=MEMORY)
    assert caught.value.code == "P0825"


@pytest.mark.ecosystem
@pytest.mark.parametrize("sharing", [full, one_step_delay])
def test_estimates_come_near_frequencies(sharing) -> None:
    game = random_game(1, horizon=3, states=2)
    samples = observe(game, sharing(game), 60_000, 1)
    found = fit_network(samples, seed=0, memory_bytes=MEMORY)
    counted = count_outcomes(samples, memory_bytes=MEMORY)
    assert found.missing == counted.missing
    for mine, theirs in zip(found.estimates, counted.estimates, strict=True):
        assert mine.private.shape == theirs.private.shape
        assert np.abs(mine.private - theirs.private).max() < 0.06
        assert np.abs(mine.outcome - theirs.outcome).mean() < 0.02
        np.testing.assert_allclose(mine.private.sum(axis=1), 1)
        actions = np.add.reduceat(mine.outcome, samples.alphabet.starts, axis=2)
        np.testing.assert_allclose(actions, 1)


@pytest.mark.ecosystem
def test_the_same_seed_fits_the_same_and_leaves_random_numbers_alone() -> None:
    import torch

    game = dectiger(3)
    samples = observe(game, full(game), 500, 2)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fitted = [fit_network(samples, seed=seed, memory_bytes=MEMORY, passes=2) for seed in (1, 1, 2)]
    assert torch.equal(torch.rand(3), expected)
    first, again, other = (fit.estimates[-1].outcome for fit in fitted)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.ecosystem
def test_the_protocol_of_the_paper_learns_to_open_doors() -> None:
    game = dectiger(3)
    information = full(game)
    options = LearningOptions(
        steps=60_000, rounds=2, length=4, estimator=Estimator.NETWORK, q_learning=True
    )
    found = learn_policy(Simulator(game, 0), information, None, options)
    assert evaluate_policy(game, information, found.policy).value[0] > 0.9 * 13.015487
