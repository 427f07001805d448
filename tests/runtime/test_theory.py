"""Which theorems apply, and their bounds."""

from __future__ import annotations

from dataclasses import replace
from math import log, log10, sqrt

import numpy as np
import pytest

from posg.runtime.theory import log10_samples, reward_range, survey_theorems, window_length

from .games import dectiger, one_step_delay, random_game


def survey(**known):
    game = dectiger(3)
    facts = {
        "strategy_independent": True,
        "gamma": 0.5,
        "example": "one-step delay",
        "common_sizes": (1, 9, 324),
        "private_sizes": one_step_delay(game).private_counts,
    }
    return {theorem.numbers: theorem for theorem in survey_theorems(game, **{**facts, **known})}


@pytest.mark.parametrize("gamma", [0.3, 0.5, 1.0])
def test_windows_are_as_long_as_the_proof_needs(gamma):
    """Run the contraction of Lemma 5 until the beliefs are as close as Theorem 2 needs them."""
    game = dectiger(3)
    for accuracy in (0.1, 1.0):
        error = accuracy / 2 / (2 * 3 + 3**2)
        spread, steps = 2.0, 0
        while 4 * spread > error:
            spread, steps = spread * (1 - gamma**4 / 240), steps + 1
        assert window_length(game, gamma, accuracy=accuracy) == steps
        assert window_length(game, gamma, delay=2, accuracy=accuracy) == steps + 2
        # 2 H eps_r + H^2 eps_z + H eps_e
        assert 6 * error + 9 * error + 3 * (accuracy / 6) == pytest.approx(accuracy)


def test_samples_are_those_of_theorem_9():
    game = dectiger(3)
    exponent = 240 * log(2 * 3 * 4 / 0.1)
    assert log10_samples(game, 1.0, accuracy=0.1) == pytest.approx(exponent * log10(36))
    exponent = 240 * (4 * log(2 * 3 * 4 * sqrt(2) / 0.1) + 2)
    assert log10_samples(game, sqrt(0.5), delay=2, accuracy=0.1) == pytest.approx(
        exponent * log10(36)
    )


def test_what_an_agent_gets_anyway_does_not_count():
    game = dectiger(3)
    assert reward_range(game) == 121
    (table,) = game.rewards
    shifted = table.values + np.array([[1000.0], [0.0]])
    assert reward_range(replace(game, rewards=(replace(table, values=shifted),))) == 121


@pytest.mark.parametrize(
    ("known", "applies", "reason"),
    [
        ({}, (True, True, True, True), "hold"),
        ({"gamma": 0.0}, (True, True, False, False), "gamma = 0"),
        ({"gamma": None}, (True, True, None, None), "not decided"),
        ({"example": None}, (True, True, False, False), "none of the five"),
        ({"example": None, "gamma": None}, (True, True, False, False), "none of the five"),
        ({"strategy_independent": False}, (False,) * 4, "Assumption 3 fails"),
        ({"strategy_independent": None}, (None,) * 4, "not decided"),
        ({"strategy_independent": None, "gamma": 0.0}, (None, None, False, False), "gamma = 0"),
    ],
)
def test_verdicts(known, applies, reason):
    found = survey(**known)
    assert tuple(theorem.applies for theorem in found.values()) == applies
    assert reason in found["3, 7"].reason
    for theorem in found.values():
        assert (theorem.bound is None) != bool(theorem.applies)


def test_bounds_in_words():
    found = survey()
    assert found["1"].bound is not None
    assert found["1"].bound.startswith("an eps-NE by at most 324 stage games a step (max C_h)")
    assert "P_h <= 4" in found["1"].bound
    assert found["2, 6"].bound == (
        "gap <= 6 eps_r + 9 eps_z + 3 eps_e, times 121 (the range of a reward)"
    )
    assert found["3, 7"].bound == (
        f"windows of {window_length(dectiger(3), 0.5):,} steps give an eps-NE with eps = 12.1, 0.1 "
        "of the range of a reward; the horizon is 3"
    )
    assert found["5, 9"].bound is not None
    assert found["5, 9"].bound.startswith("10^")


def test_what_is_promised_depends_on_the_class():
    promises = {"team": "eps-NE", "zero-sum": "eps-NE", "general": "eps-CE or eps-CCE"}
    for kind, promise in promises.items():
        game = random_game(1, kind=kind)
        first = survey_theorems(
            game,
            strategy_independent=True,
            gamma=None,
            example=None,
            common_sizes=(1, 2),
            private_sizes=((1, 1), (2, 2)),
        )[0]
        assert first.bound is not None
        assert first.bound.startswith(f"an {promise} by at most 2 stage games")
