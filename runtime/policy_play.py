"""Agents that play a policy, each with its own information; and what that information was."""

from __future__ import annotations

import numpy as np

from .arrays import digits, offsets_of
from .consequences import apply_update
from .episodes import Distributions, JointEpisodes, initial_counts
from .game import Floats, Game, Ints
from .information import InformationStructure
from .policies import BoundPolicy, Policy
from .streams import COMMON, BlockStream, private_role


class PolicyPlay:
    """A policy, or uniform play, as the agents play it.

    Lotteries are drawn afresh at each step and seen by all; what an agent draws itself is
    independent of the others.

    Parameters
    ----------
    policy
        None for uniform play.
    cut
        The step from which on agents choose uniformly, whatever the policy; None for no such step.

    Raises
    ------
    ProblemError
        As ``BoundPolicy``, when the policy does not fit.
    """

    def __init__(
        self,
        game: Game,
        information: InformationStructure,
        policy: Policy | None,
        *,
        cut: int | None = None,
    ) -> None:
        self.cut = game.horizon + 1 if cut is None else cut
        self.game = game
        self.information = information
        self.bound = None if policy is None else BoundPolicy(policy, game, information)

    @property
    def missing(self) -> int:
        """How often so far the policy had no answer and a uniform choice was made."""
        return 0 if self.bound is None else self.bound.missing

    def enter(self, game: Game, initial_observations: Ints, stream: BlockStream) -> _Agents:
        """Begin a block of episodes of the game that the policy is bound to."""
        if game is not self.game:
            raise ValueError("the policy is bound to another game")
        return _Agents(self, initial_observations, stream)


class _Agents:
    """The agents in a block of N episodes."""

    def __init__(self, play: PolicyPlay, initial_observations: Ints, stream: BlockStream) -> None:
        self._play = play
        self._stream = stream
        self._increment, self._private = _open(play.game, play.information, initial_observations)
        self._node = np.zeros(len(initial_observations), dtype=np.int64)

    def act(self, step: int) -> Ints:
        """Let each agent choose."""
        play, episodes = self._play, len(self._node)
        actions = np.zeros(episodes, dtype=np.int64)
        bound = play.bound if step < play.cut else None
        signal = self._node if bound is None else self._draw_signal(bound, step)
        private = digits(self._private, play.information.private_counts[step - 1])
        for agent, count in enumerate(play.game.action_counts):
            luck = self._stream.uniform(step, private_role(agent), episodes)[0]
            if bound is None:
                own = (luck * count).astype(np.int64)
            else:
                own = _draw_column(bound.respond(step, agent, signal, private[agent]), luck)
            actions = actions * count + own
        return actions

    def learn(self, step: int, actions: Ints, observations: Ints) -> None:
        """Apply χ and ξ."""
        play = self._play
        self._increment, self._private = _update(
            play.game, play.information, step, self._private, actions, observations
        )

    def _draw_signal(self, bound: BoundPolicy, step: int) -> Ints:
        """Find the nodes of a step and draw a signal of each; the agents see it together."""
        self._node = bound.follow(step, self._node, self._increment)
        position, signal, weight = bound.draw_of(step, self._node)
        if len(position) == len(self._node):
            return signal
        luck = self._stream.uniform(step, COMMON, len(self._node))[0]
        lengths = np.bincount(position, minlength=len(self._node))
        lotteries = Distributions(offsets_of(lengths), weight)
        return signal[lotteries.draw(np.arange(len(self._node)), luck)]


def replay_information(
    game: Game, information: InformationStructure, episodes: JointEpisodes
) -> tuple[Ints, Ints]:
    """Find what was commonly and privately learnt in episodes: z_h and p_h for h = 1..T.

    Returns
    -------
    increments : (N, T) int64
        ``increments[:, h - 1]`` is z_h, a code of ``information.increment_labels[h - 1]``.
    private : (N, T) int64
        p_h, joint codes over ``information.private_counts[h - 1]``, last agent fastest.
    """
    increments = np.empty(episodes.actions.shape, dtype=np.int64)
    privates = np.empty(episodes.actions.shape, dtype=np.int64)
    increment, private = _open(game, information, episodes.initial_observations)
    last = episodes.actions.shape[1]
    for step in range(1, last + 1):
        increments[:, step - 1], privates[:, step - 1] = increment, private
        if step < last:
            increment, private = _update(
                game,
                information,
                step,
                private,
                episodes.actions[:, step - 1],
                episodes.observations[:, step - 1],
            )
    return increments, privates


def _open(
    game: Game, information: InformationStructure, initial_observations: Ints
) -> tuple[Ints, Ints]:
    zeros = np.zeros(len(initial_observations), dtype=np.int64)
    seen = digits(initial_observations, initial_counts(game))
    return apply_update(information, 0, [(zeros, zeros, own) for own in seen])


def _update(
    game: Game,
    information: InformationStructure,
    step: int,
    private: Ints,
    actions: Ints,
    observations: Ints,
) -> tuple[Ints, Ints]:
    own = zip(
        digits(private, information.private_counts[step - 1]),
        digits(actions, game.action_counts),
        digits(observations, game.observation_counts),
        strict=True,
    )
    return apply_update(information, step, list(own))


def _draw_column(chances: Floats, luck: Floats) -> Ints:
    """Choose a column of each row of (N, A), by numbers in [0, 1)."""
    reached = np.cumsum(chances, axis=1)
    passed: Ints = (reached <= (luck * reached[:, -1])[:, None]).sum(axis=1)
    column: Ints = np.minimum(passed, chances.shape[1] - 1)
    return column
