"""An upper bound on the gap of a plan made on compressed common information."""

from __future__ import annotations

import numpy as np

from .arrays import expand_ranges, sum_at, sum_by_key
from .belief_graph import DependentBeliefs, Layer, open_layer, push_layer
from .beliefs import Beliefs
from .certify import Certificate, best_returns
from .consequences import Consequences
from .evaluation import evaluate_policy, find_accuracy
from .game import Floats, Game, Ints
from .laws import LawBook
from .model_graph import pair_up
from .nodes import CommonInformation
from .policies import BoundPolicy, Policy
from .progress import Progress, silent


def bound_gap(
    game: Game,
    nodes: CommonInformation,
    policy: Policy,
    *,
    concept: str,
    value: Floats | None = None,
    max_pairs: int = 20_000_000,
    progress: Progress = silent,
) -> Certificate:
    """Bound the gap of a policy in the true game by a best response in a compressed model.

    Each agent responds to the others in the model, where it is paid for the model's mistakes: when
    ``b`` is the belief of a node and z leads to a node with belief ``b'``, Bayes' rule would have
    led to ``F(b, z)``, and the agent gets the most that it can gain from having ``F(b, z)`` in
    place of ``b'``. What it gets so is at least what it could get in the true game: under fixed
    policies the return from (s, p) on is a linear function of the belief with coefficients between
    the least and the most that all agents together could make from s on, if they saw it. No common
    information is enumerated; whatever the compression, the bound holds.

    Parameters
    ----------
    nodes
        The model.
    policy
        Any policy; not only one that was planned on this model. Where the model knows more than
        the policy, such as a longer window, the bound is tighter and takes longer.
    concept
        ``nash``, ``cce``, ``ce`` or ``team``, as for ``certify_policy``.
    value : (n,)
        The policy's value in the true game by ``evaluate_policy``, if known.
    max_pairs
        Limit on the pairs of a node of the policy and one of the model, and on their branches, of
        one step.

    Returns
    -------
    Certificate
        Its method is ``bound``, or ``none`` when Bayes' rule at a node of the model depends on
        prescriptions.

    Raises
    ------
    LimitError
        P0601, beyond ``max_pairs``.

    Notes
    -----
    Source: an addition to Liu and Zhang (2023), Theorem 2, in the spirit of their Lemma 4. It
    presumes, as everything here, that deviations are functions of (h, c_h, p_{i,h}).
    """
    information = nodes.information
    if value is None:
        value = evaluate_policy(game, information, policy, progress=progress).value
    values = dict(zip(game.agents, value.tolist(), strict=True))
    accuracy = find_accuracy(game, value)
    bound = BoundPolicy(policy, game, information)
    start, steps, members = pair_up(nodes, bound, max_pairs)
    best, worst = _full_information(game)
    book = LawBook(game, information)
    bonuses: list[Floats] = []
    try:
        opening, _ = open_layer(game, information)
        root = _bonus(opening, nodes, 1, members[0][start], best[0], worst[0])
        for step in range(1, game.horizon):
            progress("certificate: errors of beliefs", step, game.horizon)
            current = steps[step - 1]
            layer = push_layer(book, step, current, max_pairs)
            if not np.array_equal(layer.branch, current.edge_key):
                raise AssertionError("edges of the model and Bayes' rule differ")
            child = members[step][current.child]
            bonuses.append(_bonus(layer, nodes, step + 1, child, best[step], worst[step]))
    except DependentBeliefs:
        return Certificate(
            concept=concept,
            gap=None,
            method="none",
            tolerance=accuracy,
            value=values,
            agent_gaps={},
            reason="Bayes' rule at a compressed belief depends on strategies",
        )
    chances = nodes.roots.probability
    found = best_returns(
        game, information, bound, (start, chances), steps, concept, progress, bonuses
    )
    found = np.maximum(found + root @ chances, value)
    gaps = found - value
    return Certificate(
        concept=concept,
        gap=float(gaps.max()),
        method="bound",
        tolerance=accuracy,
        value=values,
        agent_gaps=dict(zip(game.agents, gaps.tolist(), strict=True)),
        value_bounds={
            agent: (float(least), float(most))
            for agent, least, most in zip(game.agents, value, found, strict=True)
        },
    )


def _bonus(
    layer: Layer, nodes: CommonInformation, step: int, child: Ints, best: Floats, worst: Floats
) -> Floats:
    """The most that each agent can gain from the true belief instead of the child's: (n, E)."""
    width = int(np.prod(nodes.information.private_counts[step - 1]))
    beliefs: Beliefs = nodes.steps[step - 1].beliefs
    lengths = beliefs.lengths[child]
    taken = expand_ranges(beliefs.offsets[child], lengths)
    size = len(best[0]) * width
    edges = np.arange(len(child))
    keys, (difference,) = sum_by_key(
        np.concatenate(
            [
                np.repeat(edges, np.diff(layer.offsets)) * size + layer.target,
                np.repeat(edges, lengths) * size + beliefs.index[taken],
            ]
        ),
        np.concatenate([layer.weight, -beliefs.probability[taken]]),
    )
    edge, state = keys // size, keys % size // width
    return np.stack(
        [
            sum_at(
                edge,
                difference * np.where(difference > 0, high[state], low[state]),
                len(child),
            )
            for high, low in zip(best, worst, strict=True)
        ]
    )


def _full_information(game: Game) -> tuple[list[Floats], list[Floats]]:
    """The most and the least that each agent can get from each state on: H pairs (n, S)."""
    actions = int(np.prod(game.action_counts))
    rows = np.arange(game.state_count * actions)
    shape = (len(game.agents), game.state_count)
    best, worst = [np.zeros(shape)], [np.zeros(shape)]
    for step in range(game.horizon, 0, -1):
        outcome = Consequences.of(game, step, rows, np.ones(len(rows)))
        for found, choose in ((best, np.max), (worst, np.min)):
            later = np.stack(
                [
                    sum_at(outcome.row, outcome.weight * row[outcome.successor], len(rows))
                    for row in found[-1]
                ]
            )
            totals = (outcome.rewards + game.discount * later).reshape(*shape, actions)
            found.append(choose(totals, axis=2))
    return best[:0:-1], worst[:0:-1]
