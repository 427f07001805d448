"""How wrong a model of compressed common information is (Definition 5), in the worst case."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from math import prod

import numpy as np

from .arrays import distinct_values, expand_ranges, sum_at, sum_by_key
from .belief_graph import GraphStep, build_graph
from .certify import best_returns
from .game import Floats, Game, Ints, Rewards, RewardScope
from .laws import LawBook
from .nodes import CommonInformation
from .operators import StepCatalogue
from .progress import Progress, silent


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelErrors:
    """Errors of beliefs, and what they say about the gap of a plan made on the model.

    Attributes
    ----------
    beliefs : (H,) float64
        For each h the largest E || P(s_h, p_h | c_h) - b(node of c_h) ||_1 that agents together can
        cause. It bounds both errors of Definition 5: that of the increments as it is, and that of
        the rewards times half their range.
    uniform_play : (H,) float64
        The same expectation if everybody plays uniformly. It bounds nothing: policies go where
        uniform play hardly ever does.
    stepwise : (n,) float64
        The gap is at most this: an error at step h costs what can be earned from h on.
    uniform : (n,) float64
        The bound of Theorem 2, 2 H eps_r + H^2 eps_z for rewards between 0 and 1, with the largest
        of the errors for both and times the range of a reward.
    """

    beliefs: Floats
    uniform_play: Floats
    stepwise: Floats
    uniform: Floats


def measure_model_errors(
    game: Game,
    nodes: CommonInformation,
    *,
    max_pairs: int = 1_000_000,
    progress: Progress = silent,
) -> ModelErrors:
    """Find the worst-case errors of a model by dynamic programming over (node, true belief).

    The worst case is over joint policies that know c_h and the private values, with prescriptions
    chosen when c_h is known. This lists all common information, up to equal beliefs, so it is for
    small games; ``bound_gap`` needs none of it and is tighter.

    Parameters
    ----------
    nodes
        The model.
    max_pairs
        Limit on the pairs of one step.

    Raises
    ------
    DependentBeliefs
        When beliefs given c_h depend on strategies.
    LimitError
        P0601, beyond ``max_pairs``; P0604 for stages that are too large.

    Notes
    -----
    Source: Liu and Zhang (2023), Definition 5, Lemmas 4 and 8 and Theorem 2. The supremum over
    prescriptions stands inside the expectation over c_h; outside, as it is printed, the theorem
    fails.
    """
    information = nodes.information
    start, steps = build_graph(
        game, information, partial(_follow, nodes), max_pairs=max_pairs, progress=progress
    )
    away = [_distances(step, nodes, number) for number, step in enumerate(steps, start=1)]
    reached = _play_uniformly(game, nodes, start, steps)
    errors = np.empty(game.horizon)
    errors[0] = away[0][start[0]] @ start[1]
    for step in range(2, game.horizon + 1):
        # A game of h steps that pays the error at the last of them, and nothing before.
        paid = [np.zeros((1, len(at.child))) for at in steps[: step - 1]]
        paid[-1] = away[step - 1][steps[step - 2].child][None]
        none = np.zeros(0, dtype=np.int64)
        last = replace(steps[step - 1], edge_key=none, child=none, increment_count=1)
        short = [*steps[: step - 1], last]
        found = best_returns(
            _unpaid(game, step), information, None, start, short, "team", progress, paid
        )
        errors[step - 1] = found[0]
    catalogue = StepCatalogue(game, information)
    rewards = [catalogue.rewards(step) for step in range(1, game.horizon + 1)]
    ranges = np.stack([np.ptp(table.reshape(len(table), -1), axis=1) for table in rewards])
    discount = game.discount ** np.arange(game.horizon)[:, None]
    to_come = np.cumsum((ranges * discount)[::-1], axis=0)[::-1]
    horizon = game.horizon
    return ModelErrors(
        beliefs=errors,
        uniform_play=np.array([at @ error for at, error in zip(reached, away, strict=True)]),
        stepwise=errors @ to_come,
        uniform=(2 * horizon + horizon**2) * errors.max() * ranges.max(axis=0),
    )


def _follow(nodes: CommonInformation, step: int, sources: Ints, increments: Ints) -> Ints:
    """Follow the edges of a model."""
    edges = nodes.roots if step == 1 else nodes.steps[step - 2].edges
    if edges is None:
        raise AssertionError("only the last step has no edges")
    count = nodes.information.updates[step - 1].increment_count
    keys = edges.source * count + edges.increment
    wanted = sources * count + increments
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    if not np.array_equal(keys[place], wanted):
        raise AssertionError("the model misses an increment")
    return edges.child[place]


def _play_uniformly(
    game: Game, nodes: CommonInformation, start: tuple[Ints, Floats], steps: list[GraphStep]
) -> list[Floats]:
    """How likely each pair of each step is under uniform play."""
    book = LawBook(game, nodes.information)
    actions = prod(game.action_counts)
    reached = [sum_at(*start, len(steps[0].policy_node))]
    for step, current in enumerate(steps[:-1], start=1):
        law = book.at(step, distinct_values(current.index))
        rows = (law.position(current.index)[:, None] * actions + np.arange(actions)).ravel()
        lengths = np.diff(law.move_offsets)[rows]
        taken = expand_ranges(law.move_offsets[rows], lengths)
        pair = np.repeat(np.repeat(current.pairs, actions), lengths)
        weight = np.repeat(np.repeat(current.weight, actions), lengths) / actions
        key = pair * current.increment_count + law.move_increment[taken]
        edge = np.searchsorted(current.edge_key, key)
        flow = reached[-1][pair] * weight * law.move_chance[taken]
        reached.append(sum_at(current.child[edge], flow, len(steps[step].policy_node)))
    return reached


def _distances(step: GraphStep, nodes: CommonInformation, number: int) -> Floats:
    """L1 distance of each pair's belief from that of its node."""
    beliefs = nodes.steps[number - 1].beliefs
    lengths = beliefs.lengths[step.policy_node]
    taken = expand_ranges(beliefs.offsets[step.policy_node], lengths)
    size = int(max(beliefs.index.max(), step.index.max())) + 1
    pairs = np.arange(len(step.policy_node))
    keys, (difference,) = sum_by_key(
        np.concatenate(
            [
                np.repeat(pairs, np.diff(step.offsets)) * size + step.index,
                np.repeat(pairs, lengths) * size + beliefs.index[taken],
            ]
        ),
        np.concatenate([step.weight, -beliefs.probability[taken]]),
    )
    return sum_at(keys // size, np.abs(difference), len(pairs))


def _unpaid(game: Game, horizon: int) -> Game:
    """The first steps of a game, without rewards."""
    count = game.state_count * int(np.prod(game.action_counts))
    nothing = Rewards(scope=RewardScope.ACTION, values=np.zeros((len(game.agents), count)))
    return replace(
        game,
        horizon=horizon,
        discount=1.0,
        dynamics_of_step=game.dynamics_of_step[:horizon],
        rewards=(nothing,),
        rewards_of_step=np.zeros(horizon, dtype=np.int64),
    )
