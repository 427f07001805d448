"""How the samples of each round of learning are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np

from ..episodes import JointEpisodes
from ..errors import LimitError
from ..information import InformationStructure
from ..policies import Policy
from ..policy_play import PolicyPlay
from ..progress import Progress
from .basecamp import ExplorationOptions, explore
from .simulator import Simulator

_ROUND, _COVER, _COVERED = 1, 2, 3
"""What the streams of random numbers begin with."""


class ExplorationKind(Enum):
    """How samples are drawn."""

    UNIFORM = "uniform"
    """Uniform actions at all steps."""
    GREEDY = "greedy"
    """The policy planned last up to some step, uniform actions from there on."""
    COVER = "cover"
    """Policy covers (BaSeCAMP), and uniform actions from the tail of each step's windows on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Episodes, and the step from which on all their actions were uniform.

    The decision of a later step h says what follows a window if ``cut`` is not in the window.
    """

    episodes: JointEpisodes
    cut: int

    @property
    def steps(self) -> int:
        """Steps of the game that were played."""
        return int(self.episodes.actions.size)


class Explorer(Protocol):
    """Draws the samples of one round after the other."""

    @property
    def rounds(self) -> int:
        """How many rounds there are."""
        ...

    @property
    def steps(self) -> int:
        """Steps of the game that were played to find out how to explore."""
        ...

    def draw(self, number: int, policy: Policy | None) -> tuple[Batch, ...]:
        """Draw the samples of a round, given the policy that was planned in the one before."""
        ...


def choose_explorer(
    exploration: ExplorationKind,
    simulator: Simulator,
    information: InformationStructure,
    *,
    steps: int,
    rounds: int,
    tail: int,
    progress: Progress,
) -> Explorer:
    """Make an explorer that plays at most so many steps of the game in all its rounds.

    Raises
    ------
    LimitError
        P0618, when there are too few steps; P0630.
    """
    if exploration is ExplorationKind.COVER:
        return _CoverExplorer(simulator, steps, rounds, max(1, tail), progress)
    greedy = exploration is ExplorationKind.GREEDY
    return _PolicyExplorer(simulator, information, steps, rounds, greedy=greedy)


class _PolicyExplorer:
    """Plays a policy up to a step, each step in equally many episodes, and uniformly from there."""

    def __init__(
        self,
        simulator: Simulator,
        information: InformationStructure,
        steps: int,
        rounds: int,
        *,
        greedy: bool,
    ) -> None:
        self.rounds = rounds
        self.steps = 0
        self._simulator = simulator
        self._information = information
        self._greedy = greedy
        self._episodes = steps // (rounds * simulator.game.horizon)
        if self._episodes < 1:
            need = rounds * simulator.game.horizon
            raise LimitError("P0618", steps=steps, rounds=rounds, need=need)

    def draw(self, number: int, policy: Policy | None) -> tuple[Batch, ...]:
        """Draw whole episodes."""
        game = self._simulator.game
        counts = {1: self._episodes}
        if self._greedy and policy is not None:
            share, rest = divmod(self._episodes, game.horizon)
            counts = {cut: share + (cut <= rest) for cut in range(1, game.horizon + 1)}
        return tuple(
            Batch(
                episodes=self._simulator.episodes(
                    PolicyPlay(game, self._information, policy, cut=cut),
                    count,
                    (_ROUND, number, cut),
                ),
                cut=cut,
            )
            for cut, count in counts.items()
            if count
        )


class _CoverExplorer:
    """Finds policy covers with half of the steps, and plays each group's policies with the rest."""

    def __init__(
        self, simulator: Simulator, steps: int, rounds: int, tail: int, progress: Progress
    ) -> None:
        horizon = simulator.game.horizon
        each = rounds * horizon * (horizon + 1) // 2
        if steps < 2 * each:
            raise LimitError("P0618", steps=steps, rounds=rounds, need=2 * each)
        self._simulator = simulator
        self._episodes = steps // (2 * each)
        self._tail = tail
        options = ExplorationOptions(tail=tail, rounds=rounds, episodes=self._episodes, threshold=5)
        found = explore(simulator, options, stream=_COVER, progress=progress)
        self._groups = found.groups
        self.rounds = len(found.groups)
        self.steps = int(np.sum(found.environment_steps))

    def draw(self, number: int, policy: Policy | None) -> tuple[Batch, ...]:
        """Draw episodes for each step h, no longer than that."""
        return tuple(
            Batch(
                episodes=self._simulator.episodes(
                    exploring, self._episodes, (_COVERED, number, step), step
                ),
                cut=exploring.cut,
            )
            for step, exploring in enumerate(self._groups[number].policies, start=1)
        )
