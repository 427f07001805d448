"""Exploration by recursion over histories."""

from __future__ import annotations

import numpy as np

from posg.runtime import Game, RewardScope
from posg.runtime.episodes import JointEpisodes
from posg.runtime.learning.exploration_policy import ExplorationPolicy, WindowPolicy
from posg.runtime.learning.joint_windows import JointWindows

History = tuple[int, ...]
"""Joint codes: o_1, a_1, o_2, a_2, ..."""


def outcomes(game: Game, step: int, state: int, action: int):
    """(probability, s', o, rewards) for all that can follow."""
    dynamics = game.dynamics[int(game.dynamics_of_step[step - 1])]
    rewards = game.rewards[int(game.rewards_of_step[step - 1])]
    row = state * int(np.prod(game.action_counts)) + action
    before = 0
    for entry in range(len(dynamics.successor)):
        emission = int(dynamics.emission[entry])
        begin, end = dynamics.emission_offsets[emission : emission + 2].tolist()
        if dynamics.offsets[row] <= entry < dynamics.offsets[row + 1]:
            for place in range(begin, end):
                index = {
                    RewardScope.ACTION: row,
                    RewardScope.TRANSITION: entry,
                    RewardScope.OUTCOME: before + place - begin,
                }[rewards.scope]
                chance = dynamics.probability[entry] * dynamics.emission_probability[place]
                yield (
                    float(chance),
                    int(dynamics.successor[entry]),
                    int(dynamics.emission_observation[place]),
                    rewards.values[:, index],
                )
        before += end - begin


def window_of(episodes: JointEpisodes, number: int, step: int, length: int) -> tuple[int, ...]:
    """The window of step h as a tuple."""
    kept: list[int] = []
    if step <= length:
        kept.append(int(episodes.initial_observations[number]))
    for past in range(max(1, step - length), step):
        kept.append(int(episodes.actions[number, past - 1]))
        kept.append(int(episodes.observations[number, past - 1]))
    return tuple(kept)


def code_of(windows: JointWindows, history: History) -> int:
    """The code of the window of a history, digit by digit."""
    step = (len(history) + 1) // 2
    code = history[0] if step <= windows.length else 0
    for past in range(max(1, step - windows.length), step):
        action, observation = history[2 * past - 1], history[2 * past]
        code = (code * windows.actions + action) * windows.observations + observation
    return code


def action_chances(
    windows: JointWindows, component: WindowPolicy, history: History
) -> dict[int, float]:
    """The distribution over joint actions after a history."""
    step = (len(history) + 1) // 2
    if step < component.cut:
        table = component.tables[step - 1]
        answers = dict(zip(table.window.tolist(), table.action.tolist(), strict=True))
        answer = answers.get(code_of(windows, history))
        if answer is not None:
            return {answer: 1.0}
    return dict.fromkeys(range(windows.actions), 1 / windows.actions)


def state_law(
    game: Game, policy: ExplorationPolicy, steps: int
) -> dict[tuple[History, int], float]:
    """P(history up to o_{T+1}, s_{T+1}) for T steps."""
    windows = JointWindows.of(game, policy.length)
    counts = [len(names) for names in game.labels.initial_observations]
    total: dict[tuple[History, int], float] = {}
    for component, weight in zip(policy.components, policy.weights.tolist(), strict=True):
        law: dict[tuple[History, int], float] = {}
        for state, seen, chance in zip(
            game.initial_state.tolist(),
            game.initial_observation,
            game.initial_probability.tolist(),
            strict=True,
        ):
            key = ((int(np.ravel_multi_index(tuple(seen), counts)),), state)
            law[key] = law.get(key, 0) + chance * weight
        for step in range(1, steps + 1):
            later: dict[tuple[History, int], float] = {}
            for (history, state), mass in law.items():
                for action, chance in action_chances(windows, component, history).items():
                    for more, following, o, _ in outcomes(game, step, state, action):
                        key = ((*history, action, o), following)
                        later[key] = later.get(key, 0) + mass * chance * more
            law = later
        for key, mass in law.items():
            total[key] = total.get(key, 0) + mass
    return total


def joint_law(
    game: Game, policy: ExplorationPolicy, steps: int, *, rewards: bool = False
) -> dict[History, object]:
    """P(history), with ``rewards`` (T = 1 only) also the mean reward given the history."""
    law: dict[History, float] = {}
    for (history, _), mass in state_law(game, policy, steps).items():
        law[history] = law.get(history, 0) + mass
    if not rewards:
        return dict(law)
    paid: dict[History, np.ndarray] = {}
    start = state_law(game, policy, 0)
    actions = int(np.prod(game.action_counts))
    for (history, state), mass in start.items():
        for action in range(actions):
            for more, _, o, reward in outcomes(game, 1, state, action):
                key = (*history, action, o)
                paid[key] = paid.get(key, 0) + mass / actions * more * reward
    return {key: (mass, paid[key] / mass) for key, mass in law.items()}
