"""Windows of the joint process: what all agents together did and saw in the last L steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import KEY_LIMIT
from ..episodes import initial_counts
from ..errors import LimitError
from ..game import Game, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class JointWindows:
    """Codes of z_h = (a_{h-m}, o_{h-m+1}, ..., a_{h-1}, o_h) with m = min(h - 1, L).

    A window that reaches back to step 1 (h <= L) begins with what was seen before it. Codes are
    mixed-radix numbers, the latest observation fastest.

    Attributes
    ----------
    actions, observations, initial
        A, O and the number of joint initial observations.
    length
        L, at least 0.

    Raises
    ------
    LimitError
        P0630 when codes of windows with an action and an observation do not fit an int64.
    """

    actions: int
    observations: int
    initial: int
    length: int

    def __post_init__(self) -> None:
        """Check the size of the codes."""
        symbols = self.actions * self.observations
        if self.initial * symbols ** (self.length + 1) >= KEY_LIMIT:
            fits = self.length
            while fits and self.initial * symbols ** (fits + 1) >= KEY_LIMIT:
                fits -= 1
            raise LimitError(
                "P0630",
                length=self.length,
                actions=self.actions,
                observations=self.observations,
                fits=fits,
            )

    @classmethod
    def of(cls, game: Game, length: int) -> JointWindows:
        """Windows of a game."""
        return cls(
            actions=int(np.prod(game.action_counts)),
            observations=int(np.prod(game.observation_counts)),
            initial=int(np.prod(initial_counts(game))),
            length=length,
        )

    def count(self, step: int) -> int:
        """How many codes step h has; not all need occur."""
        symbols = self.actions * self.observations
        if step > self.length:
            return int(symbols**self.length)
        return int(self.initial * symbols ** (step - 1))

    def first(self, initial_observations: Ints) -> Ints:
        """Windows of step 1."""
        return initial_observations if self.length else np.zeros_like(initial_observations)

    def append(self, step: int, windows: Ints, actions: Ints, observations: Ints) -> Ints:
        """Windows of step h + 1 after a_h and o_{h+1}, from those of step h."""
        longer = (windows * self.actions + actions) * self.observations + observations
        if step < self.length:
            return longer
        kept: Ints = longer % (self.actions * self.observations) ** self.length
        return kept
