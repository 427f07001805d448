"""Which states exploration leaves out, exactly; for tests and studies, since learners see no states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import sum_at, sum_by_key
from ..consequences import Consequences
from ..episodes import initial_counts
from ..game import Floats, Game, Ints
from .exploration_policy import ExplorationPolicy, WindowPolicy
from .joint_windows import JointWindows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coverage:
    """What the policy that explores for step h misses where its uniform actions begin.

    Attributes
    ----------
    step
        h - L̂.
    law : (S,) float64
        d_{S,h-L̂}: how likely each state is under the policy.
    missed : (S,) bool
        U_phi: the states that are less likely than the threshold.
    reachable
        How likely a policy that sees the state can make it to be in a missed state: an upper bound
        on that of any policy.
    """

    step: int
    law: Floats
    missed: NDArray[np.bool_]
    reachable: float


def measure_coverage(
    game: Game, policies: tuple[ExplorationPolicy, ...], *, tail: int, threshold: float
) -> tuple[Coverage, ...]:
    """Measure exploration for all steps h > L̂.

    Parameters
    ----------
    policies
        One for each h = 1..H.
    tail
        L̂.
    threshold
        phi.

    Notes
    -----
    Source: the under-explored states of Liu and Zhang (2023), Theorem 4 and Lemma 14.
    """
    found: list[Coverage] = []
    for step, policy in enumerate(policies, start=1):
        if step <= tail:
            continue
        law = state_law(game, policy, step - tail)
        missed = law < threshold
        found.append(
            Coverage(
                step=step - tail,
                law=law,
                missed=missed,
                reachable=_reach(game, step - tail, missed),
            )
        )
    return tuple(found)


def state_law(game: Game, policy: ExplorationPolicy, step: int) -> Floats:
    """The law (S,) of s_h under an exploration policy, by following windows and states."""
    law = np.zeros(game.state_count)
    for component, weight in zip(policy.components, policy.weights.tolist(), strict=True):
        law += weight * _follow(game, JointWindows.of(game, policy.length), component, step)
    return law


def _follow(game: Game, windows: JointWindows, component: WindowPolicy, step: int) -> Floats:
    states = game.state_count
    seen = np.ravel_multi_index(tuple(game.initial_observation.T), initial_counts(game))
    first = windows.first(np.asarray(seen, dtype=np.int64))
    keys, (mass,) = sum_by_key(first * states + game.initial_state, game.initial_probability)
    for number in range(1, step):
        window, state = np.divmod(keys, states)
        entry, action, chance = _act(component, number, window, windows.actions)
        outcome = Consequences.of(
            game, number, state[entry] * windows.actions + action, mass[entry] * chance
        )
        following = windows.append(
            number, window[entry][outcome.row], action[outcome.row], outcome.observation
        )
        keys, (mass,) = sum_by_key(following * states + outcome.successor, outcome.weight)
    return sum_at(keys % states, mass, states)


def _act(
    component: WindowPolicy, step: int, window: Ints, actions: int
) -> tuple[Ints, Ints, Floats]:
    """Positions in ``window``, with each the actions that may follow and their probabilities."""
    fixed = np.zeros(len(window), dtype=np.bool_)
    chosen = np.zeros(0, dtype=np.int64)
    if step < component.cut:
        table = component.tables[step - 1]
        fixed = np.isin(window, table.window)
        chosen = table.action[np.searchsorted(table.window, window[fixed])]
    free = np.flatnonzero(~fixed)
    entry = np.concatenate([np.flatnonzero(fixed), np.repeat(free, actions)])
    action = np.concatenate([chosen, np.tile(np.arange(actions), len(free))])
    chance = np.concatenate([np.ones(len(chosen)), np.full(len(free) * actions, 1 / actions)])
    return entry, action, chance


def _reach(game: Game, step: int, targets: NDArray[np.bool_]) -> float:
    """The best chance to be in a target at ``step``, for a policy that sees the state."""
    actions = int(np.prod(game.action_counts))
    value = targets.astype(np.float64)
    for number in range(step - 1, 0, -1):
        dynamics = game.dynamics[int(game.dynamics_of_step[number - 1])]
        row = np.repeat(np.arange(game.state_count * actions), np.diff(dynamics.offsets))
        worth = sum_at(
            row, dynamics.probability * value[dynamics.successor], game.state_count * actions
        )
        value = worth.reshape(-1, actions).max(axis=1)
    return float(game.initial_probability @ value[game.initial_state])
