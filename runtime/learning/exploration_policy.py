"""General policies that explore: one head reads joint windows, then acts uniformly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import run_starts
from ..game import Floats, Game, Ints
from ..streams import COMMON, BlockStream
from .joint_windows import JointWindows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WindowTable:
    """What is done at one step.

    Attributes
    ----------
    window : (W,) int64, ascending
        Codes of ``JointWindows``.
    action : (W,) int64
        Joint actions. In other windows the action is drawn uniformly.
    """

    window: Ints
    action: Ints


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WindowPolicy:
    """A deterministic policy over joint windows for some steps, and uniform actions thereafter.

    Attributes
    ----------
    tables
        One for each of the steps 1, 2, ...; none for uniform play throughout.
    """

    tables: tuple[WindowTable, ...] = ()

    @property
    def cut(self) -> int:
        """The step from which on actions are uniform."""
        return len(self.tables) + 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExplorationPolicy:
    """A mixture of window policies, one of which is drawn for each episode.

    It is a member of Π^gen: centralised, so for gathering data only.

    Attributes
    ----------
    length
        L of the windows.
    components
        At least one.
    weights : (M,) float64
        Probability of each component.
    """

    length: int
    components: tuple[WindowPolicy, ...]
    weights: Floats

    def __post_init__(self) -> None:
        """Refuse weights that are no distribution over the components."""
        if len(self.weights) != len(self.components) or not self.components:
            raise ValueError("there must be one weight a component, and a component")
        if (self.weights < 0).any() or abs(float(self.weights.sum()) - 1) > 1e-9:
            raise ValueError("weights must be a distribution")

    @property
    def cut(self) -> int:
        """The step from which on actions are uniform, whatever component was drawn."""
        return max(component.cut for component in self.components)

    def enter(self, game: Game, initial_observations: Ints, stream: BlockStream) -> _Explorer:
        """Begin a block of episodes."""
        return _Explorer(self, game, initial_observations, stream)


def uniform_exploration(horizon: int) -> tuple[ExplorationPolicy, ...]:
    """Uniform play throughout, as the policy that explores for each step h = 1..H."""
    return (mix_components(0, [[WindowPolicy()]]),) * horizon


def mix_components(length: int, rounds: list[list[WindowPolicy]]) -> ExplorationPolicy:
    """Mix the components of several rounds: rounds weigh the same, and so do those of a round."""
    weights = [np.full(len(part), 1 / (len(rounds) * len(part))) for part in rounds]
    return ExplorationPolicy(
        length=length,
        components=tuple(component for part in rounds for component in part),
        weights=np.concatenate(weights),
    )


class _Explorer:
    """Plays a block of N episodes."""

    def __init__(
        self,
        policy: ExplorationPolicy,
        game: Game,
        initial_observations: Ints,
        stream: BlockStream,
    ) -> None:
        self._windows = JointWindows.of(game, policy.length)
        self._stream = stream
        self._cut = policy.cut
        self._window = self._windows.first(initial_observations)
        reached = np.cumsum(policy.weights)
        luck = stream.uniform(0, COMMON, len(initial_observations))[0] * reached[-1]
        component = np.minimum(np.searchsorted(reached, luck, side="right"), len(reached) - 1)
        order = np.argsort(component, kind="stable")
        groups = np.split(order, run_starts(component[order])[1:])
        self._groups = [(policy.components[int(component[part[0]])], part) for part in groups]

    def act(self, step: int) -> Ints:
        """Look actions up, and draw where there are none."""
        luck = self._stream.uniform(step, COMMON, len(self._window))[0]
        actions: Ints = (luck * self._windows.actions).astype(np.int64)
        for component, episodes in self._groups:
            if step >= component.cut or not len(component.tables[step - 1].window):
                continue
            table = component.tables[step - 1]
            window = self._window[episodes]
            place = np.minimum(np.searchsorted(table.window, window), len(table.window) - 1)
            known = table.window[place] == window
            actions[episodes[known]] = table.action[place[known]]
        return actions

    def learn(self, step: int, actions: Ints, observations: Ints) -> None:
        """Move the windows on."""
        if step + 1 < self._cut:
            self._window = self._windows.append(step, self._window, actions, observations)
