"""Where a game can be played to its end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .arrays import sum_at
from .game import Game


def viable_states(game: Game) -> list[NDArray[np.bool_]]:
    """For each step, the states from which the game can be played to its end.

    Others occur at later steps only, and have no law here.
    """
    actions = int(np.prod(game.action_counts))
    viable = np.ones(game.state_count, dtype=np.bool_)
    found: list[NDArray[np.bool_]] = []
    for step in range(game.horizon, 0, -1):
        dynamics = game.dynamics[int(game.dynamics_of_step[step - 1])]
        lengths = np.diff(dynamics.offsets)
        row = np.repeat(np.arange(len(lengths)), lengths)
        lost = sum_at(row, (~viable[dynamics.successor]).astype(np.float64), len(lengths))
        if step == game.horizon:
            lost[:] = 0
        whole = (lengths > 0) & (lost == 0)
        now = whole.reshape(-1, actions).all(axis=1)
        viable = viable if np.array_equal(now, viable) else now
        found.append(viable)
    return found[::-1]
