"""A baseline without sharing: each agent learns by itself from its own last actions and observations."""

from __future__ import annotations

import numpy as np

from posg.runtime import Game
from posg.runtime.episodes import JointEpisodes, initial_counts
from posg.runtime.learning import Simulator
from posg.runtime.streams import BlockStream

MEMORY = 4
_EPISODES = 200
"""Episodes played between updates."""


class IndependentLearners:
    """Q-learning on windows of an agent's own past, one table an agent and step.

    In the spirit of the finite-memory baseline of W. Mao, K. Zhang, E. Miehling and T. Basar (2020),
    with tables in place of a network.
    """

    def __init__(self, game: Game, exploration: float) -> None:
        self.game = game
        self.exploration = exploration
        self.tables: list[list[dict[tuple[int, ...], np.ndarray]]] = [
            [{} for _ in range(game.horizon)] for _ in game.agents
        ]

    def values(self, agent: int, step: int, window: tuple[int, ...]) -> np.ndarray:
        """Estimated returns of the actions, and how often each was tried: (2, A_i)."""
        table = self.tables[agent][step - 1]
        if window not in table:
            table[window] = np.zeros((2, self.game.action_counts[agent]))
        return table[window]

    def enter(self, game: Game, initial_observations: np.ndarray, stream: BlockStream) -> _Players:
        """Begin a block of episodes."""
        return _Players(self, initial_observations, stream)

    def update(self, episodes: JointEpisodes, players: _Players) -> None:
        """Learn backward from what was played: a step of size 1 / (number of tries)."""
        game = self.game
        actions = np.unravel_index(episodes.actions, game.action_counts)
        for k in range(episodes.count):
            for agent in range(len(game.agents)):
                for step in range(game.horizon, 0, -1):
                    target = float(episodes.rewards[k, step - 1, agent])
                    if step < game.horizon:
                        later = players.windows[agent][step][k]
                        target += game.discount * self.values(agent, step + 1, later)[0].max()
                    cell = self.values(agent, step, players.windows[agent][step - 1][k])
                    action = actions[agent][k, step - 1]
                    cell[1, action] += 1
                    rate = max(0.02, 1 / cell[1, action])
                    cell[0, action] += rate * (target - cell[0, action])


class _Players:
    """The agents in a block of episodes; ``windows[i][h - 1]`` is what agent i knew at step h."""

    def __init__(
        self, learners: IndependentLearners, initial: np.ndarray, stream: BlockStream
    ) -> None:
        self._learners = learners
        self._stream = stream
        seen = np.unravel_index(initial, initial_counts(learners.game))
        self.windows = [[[(int(o),) for o in own]] for own in seen]

    def act(self, step: int) -> np.ndarray:
        """Choose greedily, or now and then anything."""
        game = self._learners.game
        count = len(self.windows[0][0])
        chosen = []
        for agent, actions in enumerate(game.action_counts):
            luck = self._stream.uniform(step, 2 + agent, count, 2)
            best = np.array(
                [
                    int(self._learners.values(agent, step, window)[0].argmax())
                    for window in self.windows[agent][step - 1]
                ]
            )
            anything = (luck[1] * actions).astype(np.int64)
            chosen.append(np.where(luck[0] < self._learners.exploration, anything, best))
        return np.ravel_multi_index(tuple(chosen), game.action_counts)

    def learn(self, step: int, actions: np.ndarray, observations: np.ndarray) -> None:
        """Remember own actions and observations."""
        game = self._learners.game
        own = zip(
            np.unravel_index(actions, game.action_counts),
            np.unravel_index(observations, game.observation_counts),
            strict=True,
        )
        for agent, (mine, seen) in enumerate(own):
            self.windows[agent].append(
                [
                    (*window, int(a), int(o))[-2 * MEMORY :]
                    for window, a, o in zip(self.windows[agent][-1], mine, seen, strict=True)
                ]
            )


class _Watched:
    """Keeps the players of a block, which know the windows."""

    def __init__(self, learners: IndependentLearners) -> None:
        self.learners = learners
        self.players: list[_Players] = []

    def enter(self, game: Game, initial_observations: np.ndarray, stream: BlockStream) -> _Players:
        """Begin a block of episodes."""
        self.players.append(self.learners.enter(game, initial_observations, stream))
        return self.players[-1]


def learn_independently(game: Game, *, steps: int, seed: int, rollouts: int = 5000) -> float:
    """Learn from so many steps; returns the mean return of the first agent in fresh episodes."""
    simulator = Simulator(game, seed)
    learners = IndependentLearners(game, 1.0)
    rounds = steps // (_EPISODES * game.horizon)
    for number in range(rounds):
        learners.exploration = 0.8 * (1 - number / rounds)
        watched = _Watched(learners)
        episodes = simulator.episodes(watched, _EPISODES, (5, number))
        learners.update(episodes, watched.players[0])
    learners.exploration = 0.0
    played = simulator.episodes(_Watched(learners), rollouts, (6,))
    weights = game.discount ** np.arange(game.horizon)
    return float((played.rewards[:, :, 0] @ weights).mean())
