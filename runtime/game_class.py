"""Which kind of game: that decides what can be asked of a solver."""

from __future__ import annotations

from enum import Enum

import numpy as np

from .game import Game


class GameClass(Enum):
    """Team, zero-sum or general-sum."""

    TEAM = "team"
    """All agents get the same reward (a single agent too)."""
    ZERO_SUM = "zero-sum"
    """Two agents, one gets what the other loses."""
    GENERAL_SUM = "general-sum"


def classify_game(game: Game) -> GameClass:
    """Compare the reward tables in use, entry by entry and exactly."""
    used = [game.rewards[which].values for which in np.unique(game.rewards_of_step)]
    if all((values == values[:1]).all() for values in used):
        return GameClass.TEAM
    if len(game.agents) == 2 and all((values[0] == -values[1]).all() for values in used):
        return GameClass.ZERO_SUM
    return GameClass.GENERAL_SUM
