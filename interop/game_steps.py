"""One episode of a game at a time, step by step, as an agent lives it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from posg.runtime import Game, InformationStructure, RewardScope, Update
from posg.runtime.arrays import offsets_of
from posg.runtime.game import Dynamics, Floats, Ints


class GameSteps:
    """An episode of a game under an information structure.

    Attributes
    ----------
    step
        h of the decision to be taken, or H + 1 at the end.
    state
        s_h.
    increment, private
        z_h and (p_{1,h}, ..., p_{n,h}), codes into the labels of the information structure; at the
        end None, since nothing is learnt after the last decision.
    """

    def __init__(self, game: Game, information: InformationStructure) -> None:
        self.game = game
        self.information = information
        self.step = game.horizon + 1
        self.state = 0
        self.increment: int | None = None
        self.private: tuple[int, ...] | None = None
        self._opening = np.cumsum(game.initial_probability)
        self._outcomes = [_Outcomes(dynamics) for dynamics in game.dynamics]

    def open(self, luck: np.random.Generator) -> None:
        """Begin an episode: draw s_1 and what is seen before step 1."""
        game = self.game
        start = _draw(self._opening, 0, len(self._opening), luck.random())
        self.step, self.state = 1, int(game.initial_state[start])
        nothing = (0,) * len(game.agents)
        self._learn(nothing, nothing, game.initial_observation[start].tolist())

    def advance(self, actions: Sequence[int], luck: np.random.Generator) -> Floats:
        """Take a joint action, an action number of each agent; return r_{1,h}, ..., r_{n,h}, (n,)."""
        game, step = self.game, self.step
        row = self.state
        for action, count in zip(actions, game.action_counts, strict=True):
            row = row * count + action
        outcomes = self._outcomes[game.dynamics_of_step[step - 1]]
        transition, emission, outcome = outcomes.draw(row, luck)
        table = game.rewards[game.rewards_of_step[step - 1]]
        place = {
            RewardScope.ACTION: row,
            RewardScope.TRANSITION: transition,
            RewardScope.OUTCOME: outcome,
        }[table.scope]
        self.state = int(outcomes.dynamics.successor[transition])
        self.step = step + 1
        if step < game.horizon:
            assert self.private is not None
            seen = _digits(
                int(outcomes.dynamics.emission_observation[emission]), game.observation_counts
            )
            self._learn(self.private, actions, seen)
        else:
            self.increment = self.private = None
        paid: Floats = table.values[:, place]
        return paid

    def _learn(
        self, private: Sequence[int], actions: Sequence[int], observations: Sequence[int]
    ) -> None:
        """Apply χ and ξ of the update that leads to this step."""
        update: Update = self.information.updates[self.step - 1]
        increment = 0
        own = list(zip(private, actions, observations, strict=True))
        for where, common, size in zip(own, update.common, update.common_sizes, strict=True):
            increment = increment * size + int(common[where])
        self.increment = increment if update.joint is None else int(update.joint[increment])
        self.private = tuple(
            int(table[where]) for where, table in zip(own, update.private, strict=True)
        )


class _Outcomes:
    """Draws single transitions and emissions of one table."""

    def __init__(self, dynamics: Dynamics) -> None:
        self.dynamics = dynamics
        self._transitions = np.cumsum(dynamics.probability)
        self._emissions = np.cumsum(dynamics.emission_probability)
        self._outcome: Ints = offsets_of(np.diff(dynamics.emission_offsets)[dynamics.emission])

    def draw(self, row: int, luck: np.random.Generator) -> tuple[int, int, int]:
        """Draw a transition entry, an emission entry and the outcome that they make."""
        dynamics = self.dynamics
        low, high = dynamics.offsets[row], dynamics.offsets[row + 1]
        transition = _draw(self._transitions, int(low), int(high), luck.random())
        emitted = dynamics.emission[transition]
        low, high = dynamics.emission_offsets[emitted], dynamics.emission_offsets[emitted + 1]
        emission = _draw(self._emissions, int(low), int(high), luck.random())
        return transition, emission, int(self._outcome[transition]) + emission - int(low)


def _draw(reached: Floats, low: int, high: int, luck: float) -> int:
    """Choose among the entries ``low .. high`` of cumulated weights, by a number in [0, 1)."""
    before = float(reached[low - 1]) if low else 0.0
    wanted = before + luck * (float(reached[high - 1]) - before)
    return min(bisect_right(reached, wanted, low, high), high - 1)


def _digits(code: int, counts: Sequence[int]) -> list[int]:
    """Take a joint code apart, the last agent fastest."""
    found: list[int] = []
    for count in reversed(counts):
        code, digit = divmod(code, count)
        found.append(digit)
    return found[::-1]
