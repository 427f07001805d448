"""Best responses of an agent who remembers, whether or not beliefs depend on strategies.

Against fixed policies of the others an agent alone faces a decision problem with partial
observations. What it knows then has a posterior that its own strategy does not change, so dynamic
programming over what it knows is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from .arrays import KEY_LIMIT, Columns, blocks, digits, locate_values, offsets_of, sum_at
from .belief_graph import Layer, collect_layer, merge_layer
from .consequences import Consequences, apply_update
from .errors import LimitError
from .game import Floats, Game, Ints
from .information import InformationStructure
from .policies import BoundPolicy
from .progress import Progress

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BestResponse:
    """What an agent gets at best.

    Attributes
    ----------
    value
        Of a best response among all functions of what the agent did and knew.
    forgets
        Whether the agent had to remember more than (c_h, p_{i,h}) for that, so that responses
        that are functions of it may be worth less.
    """

    value: float
    forgets: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Knowledge:
    """What the agent can know at one step, one row for each.

    Attributes
    ----------
    common, private : (I,) int64
        c_h by number, and p_{i,h}. Rows may agree in both and differ in what came before.
    node : (I,) int64, of the policy
    posterior
        P(s_h, p_{-i,h}) given what the agent knows and that it played for it; rows over
        s * (product of the others' P_j) + p_{-i}.
    """

    common: Ints
    private: Ints
    node: Ints
    posterior: Layer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moves:
    """What the agent's actions lead to from one step.

    Attributes
    ----------
    reward : (I * A_i,) float64, expected
    origin : (E,) int64, row * A_i + a_i
    child : (E,) int64, row of the next step
    chance : (E,) float64
    """

    reward: Floats
    origin: Ints
    child: Ints
    chance: Floats


def respond_with_memory(
    game: Game,
    information: InformationStructure,
    bound: BoundPolicy,
    agent: int,
    *,
    max_entries: int,
    progress: Progress,
) -> BestResponse:
    """Find an agent's best response to the others by backward induction.

    The agent does not see the draw of a lottery.

    Parameters
    ----------
    max_entries
        Limit on the entries of all posteriors of a step.

    Raises
    ------
    LimitError
        P0601 or P0603.

    Notes
    -----
    Source: the best response of Koller, Megiddo and von Stengel (1996) for agents with perfect
    recall. Where (c_h, p_{i,h}) does not determine what the agent did and knew before, rows with
    equal posteriors are one row, because they have the same future; others stay apart.
    """
    chances, knowledge = _open(game, information, bound, agent)
    made: list[_Moves] = []
    forgets = False
    for step in range(1, game.horizon + 1):
        progress(f"certificate: {game.agents[agent]}", step, game.horizon)
        rewards, following = _expand(game, information, bound, agent, step, knowledge)
        none = np.zeros(0, dtype=np.int64)
        moves = _Moves(reward=rewards, origin=none, child=none, chance=np.zeros(0))
        if following is not None:
            layer, mass = following
            if len(layer.target) > max_entries:
                raise LimitError(
                    "P0601", step=step + 1, entries=len(layer.target), limit=max_entries
                )
            moves, knowledge, lost = _advance(
                game, information, bound, agent, step, knowledge, rewards, layer, mass
            )
            forgets |= lost
        made.append(moves)
    value = np.zeros(0)
    for moves in reversed(made):
        later = sum_at(moves.origin, moves.chance * value[moves.child], len(moves.reward))
        total = moves.reward + game.discount * later
        value = total.reshape(-1, game.action_counts[agent]).max(axis=1)
    return BestResponse(value=float(chances @ value), forgets=forgets)


def _open(
    game: Game, information: InformationStructure, bound: BoundPolicy, agent: int
) -> tuple[Floats, _Knowledge]:
    """List what the agent can know at step 1, with its probabilities."""
    kept = game.initial_probability > 0
    zeros = np.zeros(int(kept.sum()), dtype=np.int64)
    own = [(zeros, zeros, observed) for observed in game.initial_observation[kept].T]
    increment, joint = apply_update(information, 0, own)
    counts = information.private_counts[0]
    private, others = _split(joint, counts, agent)
    weight = game.initial_probability[kept]
    width = prod(counts) // counts[agent]
    targets = game.state_count * width
    branch = increment * counts[agent] + private
    layer, mass = collect_layer(
        branch * targets + game.initial_state[kept] * width + others, weight, weight, targets
    )
    found, common = locate_values(layer.branch // counts[agent])
    knowledge = _Knowledge(
        common=common,
        private=layer.branch % counts[agent],
        node=bound.follow(1, np.zeros(len(found), dtype=np.int64), found)[common],
        posterior=layer,
    )
    return mass, knowledge


def _expand(
    game: Game,
    information: InformationStructure,
    bound: BoundPolicy,
    agent: int,
    step: int,
    knowledge: _Knowledge,
) -> tuple[Floats, tuple[Layer, Floats] | None]:
    """Try all own actions while the others play their policies.

    Returns
    -------
    rewards : (I * A_i,)
    following
        The next posteriors, unless it is the last step; branches are
        ((row * A_i + a_i) * Z + z) * P_i + p_i of the next step. And P(z, p_i' | row, a_i) of
        each branch.
    """
    posterior = knowledge.posterior
    counts = information.private_counts[step - 1]
    own_actions, actions = game.action_counts[agent], prod(game.action_counts)
    action_digits = digits(np.arange(actions), game.action_counts)
    width = prod(counts) // counts[agent]
    rewards = np.zeros(len(knowledge.private) * own_actions)
    columns = Columns()
    for begin, end in blocks(_costs(game, step, posterior, width), _BLOCK):
        first, last = int(posterior.offsets[begin]), int(posterior.offsets[end])
        place = np.repeat(np.arange(begin, end), np.diff(posterior.offsets[begin : end + 1]))
        state, others = np.divmod(posterior.target[first:last], width)
        private = _unite(knowledge.private[place], others, counts, agent)
        chance = posterior.weight[first:last, None] * _answer(
            bound, step, agent, knowledge.node[place], private, action_digits
        )
        entry, action = np.nonzero(chance)
        found = Consequences.of(game, step, state[entry] * actions + action, chance[entry, action])
        origin = place[entry] * own_actions + action_digits[agent][action]
        rewards += sum_at(origin, found.rewards[agent], len(rewards))
        if step == game.horizon:
            continue
        source = entry[found.row]
        taken = action_digits[:, action[found.row]]
        observed = digits(found.observation, game.observation_counts)
        increment, joint = apply_update(
            information, step, list(zip(private[:, source], taken, observed, strict=True))
        )
        next_counts = information.private_counts[step]
        next_private, next_others = _split(joint, next_counts, agent)
        branches = information.updates[step].increment_count * next_counts[agent]
        targets = game.state_count * (prod(next_counts) // next_counts[agent])
        if len(rewards) * branches * targets >= KEY_LIMIT:
            raise LimitError("P0603", columns=branches * targets)
        branch = origin[found.row] * branches + increment * next_counts[agent] + next_private
        layer, mass = collect_layer(
            branch * targets + found.successor * (targets // game.state_count) + next_others,
            found.weight,
            found.weight,
            targets,
        )
        columns.add(layer.branch, np.diff(layer.offsets), layer.target, layer.weight, mass)
    if step == game.horizon:
        return rewards, None
    made, lengths, target, weight, mass = columns.join()
    layer = Layer(branch=made, offsets=offsets_of(lengths), target=target, weight=weight)
    return rewards, (layer, mass)


def _costs(game: Game, step: int, posterior: Layer, width: int) -> Ints:
    """Count the outcomes that each row has to be multiplied with."""
    actions = prod(game.action_counts)
    dynamics = game.dynamics[int(game.dynamics_of_step[step - 1])]
    emitted = offsets_of(np.diff(dynamics.emission_offsets)[dynamics.emission])
    per_state = np.diff(emitted[dynamics.offsets[::actions]]) + actions
    return np.add.reduceat(per_state[posterior.target // width], posterior.offsets[:-1])


def _answer(
    bound: BoundPolicy, step: int, agent: int, node: Ints, private: Ints, action_digits: Ints
) -> Floats:
    """Find the chances of joint actions if the agent's part is given: (N, A)."""
    draw, signal, weight = bound.draw_of(step, node)
    joint = weight[:, None] * np.ones(action_digits.shape[1])
    for other, taken in enumerate(action_digits):
        if other != agent:
            joint *= bound.respond(step, other, signal, private[other][draw])[:, taken]
    if len(draw) == len(node):
        return joint
    answer: Floats = np.add.reduceat(joint, np.flatnonzero(np.diff(draw, prepend=-1)), axis=0)
    return answer


def _advance(
    game: Game,
    information: InformationStructure,
    bound: BoundPolicy,
    agent: int,
    step: int,
    knowledge: _Knowledge,
    rewards: Floats,
    layer: Layer,
    mass: Floats,
) -> tuple[_Moves, _Knowledge, bool]:
    """Number what the agent can know next; also tell whether it then forgets anything."""
    count = information.private_counts[step][agent]
    increments = information.updates[step].increment_count
    origin, increment = np.divmod(layer.branch // count, increments)
    row = origin // game.action_counts[agent]
    histories, common = locate_values(knowledge.common[row] * increments + increment)
    known, place = locate_values(common * count + layer.branch % count)
    child = np.arange(len(place))
    if len(known) < len(place):
        layer, place, child = merge_layer(layer, place)
    origin_node = np.empty(len(histories), dtype=np.int64)
    origin_node[common] = knowledge.node[row]
    nodes = bound.follow(step + 1, origin_node, histories % increments)
    following = _Knowledge(
        common=known[place] // count,
        private=known[place] % count,
        node=nodes[known[place] // count],
        posterior=layer,
    )
    moves = _Moves(reward=rewards, origin=origin, child=child, chance=mass)
    return moves, following, len(place) > len(known)


def _split(joint: Ints, counts: tuple[int, ...], agent: int) -> tuple[Ints, Ints]:
    """Split joint private values into the agent's and the others'."""
    later = prod(counts[agent + 1 :])
    before, after = np.divmod(joint, counts[agent] * later)
    own, rest = np.divmod(after, later)
    return own, before * later + rest


def _unite(own: Ints, others: Ints, counts: tuple[int, ...], agent: int) -> Ints:
    """Undo ``_split``; every agent's private values, (n, N)."""
    later = prod(counts[agent + 1 :])
    before, rest = np.divmod(others, later)
    return digits((before * counts[agent] + own) * later + rest, counts)
