"""The exact value of a policy in the true game, by following the chain it makes.

This shares nothing with planning but the tables of the game and of the information structure.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from .arrays import blocks, digits, sum_at, sum_by_key
from .consequences import Consequences, apply_update
from .game import Floats, Game, Ints
from .information import InformationStructure
from .policies import BoundPolicy, Policy
from .progress import Progress, silent

_BLOCK = 1 << 19
"""Actions and outcomes handled at once."""
ACCURACY = 1e-9
"""Values and gaps are this exact, relative to the values; see ``find_accuracy``."""
_ROUNDING = 1e-14
"""What sums of floating-point numbers may lose, relative to the largest of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a policy is worth.

    Attributes
    ----------
    value : (n,) float64
        Expected discounted return of each agent.
    step_rewards : (H, n) float64
        Expected reward of each step, discounted.
    node_probability : H arrays (C,) float64
        How likely the policy is at each of its nodes.
    missing
        How many situations of positive probability the policy had no answer for (it then plays
        uniformly).
    """

    value: Floats
    step_rewards: Floats
    node_probability: tuple[Floats, ...]
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Law:
    """The law of (policy node, s, p) at one step."""

    node: Ints
    state: Ints
    private: Ints
    weight: Floats


def evaluate_policy(
    game: Game,
    information: InformationStructure,
    policy: Policy,
    *,
    progress: Progress = silent,
) -> Evaluation:
    """Follow the Markov chain (node, s_h, p_h) of a policy forward and add up its rewards.

    Exact for every policy, whether or not beliefs depend on strategies.

    Notes
    -----
    Source: the value function of Liu and Zhang (2023), Definition 1; that the compressed common
    information, the state and the private information form a chain is elementary.
    """
    bound = BoundPolicy(policy, game, information)
    law = _open(game, information, bound)
    rewards = np.zeros((game.horizon, len(game.agents)))
    reached: list[Floats] = []
    for step in range(1, game.horizon + 1):
        progress("evaluation", step, game.horizon)
        count = policy.steps[step - 1].node_count
        reached.append(sum_at(law.node, law.weight, count)[:count])
        rewards[step - 1], law = _advance(game, information, bound, step, law)
    step_rewards = rewards * game.discount ** np.arange(game.horizon)[:, None]
    return Evaluation(
        value=step_rewards.sum(axis=0),
        step_rewards=step_rewards,
        node_probability=tuple(reached),
        missing=bound.missing,
    )


def find_accuracy(game: Game, value: Floats) -> float:
    """Say how exact gaps of a policy with these values (n,) can be taken to be.

    Values below 1 count as 1, unless no return is as large. Returns that cancel out are less exact
    than the value that is left.
    """
    largest = [
        float(np.abs(game.rewards[which].values).max(initial=0.0)) * game.discount**step
        for step, which in enumerate(game.rewards_of_step.tolist())
    ]
    most = sum(largest)
    return max(ACCURACY * max(float(np.abs(value).max()), min(1.0, most)), _ROUNDING * most)


def _open(game: Game, information: InformationStructure, bound: BoundPolicy) -> _Law:
    """Build the law at step 1."""
    kept = game.initial_probability > 0
    zeros = np.zeros(int(kept.sum()), dtype=np.int64)
    own = [(zeros, zeros, observed) for observed in game.initial_observation[kept].T]
    increment, private = apply_update(information, 0, own)
    return _Law(
        node=bound.follow(1, zeros, increment),
        state=game.initial_state[kept],
        private=private,
        weight=game.initial_probability[kept],
    )


def _advance(
    game: Game, information: InformationStructure, bound: BoundPolicy, step: int, law: _Law
) -> tuple[Floats, _Law]:
    """Collect the expected rewards of a step and push the law to the next."""
    actions = prod(game.action_counts)
    action_digits = digits(np.arange(actions), game.action_counts)
    private_counts = information.private_counts[step - 1]
    last = step == game.horizon
    size = 1 if last else game.state_count * prod(information.private_counts[step])
    total = np.zeros(len(game.agents))
    parts: list[tuple[Ints, Floats]] = []
    dynamics = game.dynamics[int(game.dynamics_of_step[step - 1])]
    per_state = np.diff(dynamics.offsets[::actions])
    for begin, end in blocks(actions + per_state[law.state], _BLOCK):
        part = slice(begin, end)
        entry, signal, weight = bound.draw_of(step, law.node[part])
        weight = weight * law.weight[part][entry]
        private = digits(law.private[part][entry], private_counts)
        chance = weight[:, None] * np.ones(actions)
        for agent, own_private in enumerate(private):
            answer = bound.respond(step, agent, signal, own_private)
            chance *= answer[:, action_digits[agent]]
        drawn, action = np.nonzero(chance)
        row = law.state[part][entry][drawn] * actions + action
        outcome = Consequences.of(game, step, row, chance[drawn, action])
        total += outcome.rewards.sum(axis=1)
        if last:
            continue
        source = drawn[outcome.row]
        observed = digits(outcome.observation, game.observation_counts)
        own = [
            (private[agent][source], action_digits[agent][action[outcome.row]], observed[agent])
            for agent in range(len(game.agents))
        ]
        increment, following = apply_update(information, step, own)
        node = bound.follow(step + 1, law.node[part][entry][source], increment)
        width = size // game.state_count
        keys, (mass,) = sum_by_key(
            node * size + outcome.successor * width + following, outcome.weight
        )
        parts.append((keys, mass))
    if last:
        return total, law
    keys, (mass,) = sum_by_key(
        np.concatenate([keys for keys, _ in parts]), np.concatenate([mass for _, mass in parts])
    )
    width = size // game.state_count
    return total, _Law(
        node=keys // size, state=keys % size // width, private=keys % width, weight=mass
    )
