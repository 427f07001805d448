"""Which kind of game: that decides what can be asked of a solver."""

from __future__ import annotations

from enum import Enum

import numpy as np

from .arrays import distinct_values
from .game import Floats, Game


class GameClass(Enum):
    """Team, zero-sum or general-sum."""

    TEAM = "team"
    """All agents get the same reward (a single agent too)."""
    ZERO_SUM = "zero-sum"
    """Two agents, and at each step what they get adds up to a constant."""
    GENERAL_SUM = "general-sum"


ROUNDING = 1e-12
"""Sums of rewards that differ by less than this, relative to the largest reward, are equal: the
tables hold exact numbers rounded once each."""


def classify_game(game: Game) -> GameClass:
    """Compare the reward tables in use, entry by entry."""
    used = [game.rewards[which].values for which in distinct_values(game.rewards_of_step)]
    if all((values == values[:1]).all() for values in used):
        return GameClass.TEAM
    if len(game.agents) == 2 and sum_rewards(game) is not None:
        return GameClass.ZERO_SUM
    return GameClass.GENERAL_SUM


def sum_rewards(game: Game) -> Floats | None:
    """Find c_h with r_1 + ... + r_n = c_h whatever happens at step h.

    Returns
    -------
    (H,) float64, or None where a sum depends on what happens. All are 0 in a zero-sum game.
    """
    constants = np.zeros(len(game.rewards))
    for which in distinct_values(game.rewards_of_step).tolist():
        values = game.rewards[which].values
        sums = values.sum(axis=0)
        middle = (sums.min() + sums.max()) / 2
        if np.ptp(sums) > ROUNDING * float(np.abs(values).max(initial=0.0)):
            return None
        constants[which] = 0.0 if (sums == 0).all() else middle
    return constants[game.rewards_of_step]
