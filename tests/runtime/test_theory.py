"""Which theorems apply, and their bounds."""

from __future__ import annotations

from math import log, log10

import pytest

from posg.runtime.theory import log10_samples, reward_range, survey_theorems, window_length

from .games import dectiger, one_step_delay


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


def test_bounds_are_those_of_the_theorems():
    game = dectiger(3)
    assert window_length(game, 1.0, accuracy=0.1) == 5  # log(2 * 3 / 0.1) = 4.09
    assert window_length(game, 0.5, accuracy=0.1) == 66
    assert log10_samples(game, 1.0, accuracy=0.1) == pytest.approx(log(2 * 3 * 4 / 0.1) * log10(36))
    assert reward_range(game) == 121


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
    assert "max C_h = 324" in found["1"].bound
    assert "P_h <= 4" in found["1"].bound
    assert found["2, 6"].bound == (
        "gap <= 6 eps_r + 9 eps_z + 3 eps_e, times 121 (the range of a reward)"
    )
    assert found["3, 7"].bound is not None
    assert "66 steps" in found["3, 7"].bound
    assert "too many to count" in (survey(common_sizes=None)["1"].bound or "")
