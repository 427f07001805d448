"""Exact gaps of policies in the true game (Algorithm 2), independent of how they were found.

Nothing here is shared with planning but the tables of the game and of the information structure
and the array idioms: the forward pass, the merging, the payoffs and the maximisation over
prescriptions are done again, in other ways.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from .arrays import blocks, digits, distinct_values, expand_ranges, locate_values, sum_at
from .belief_graph import DependentBeliefs, GraphStep, build_graph
from .errors import LimitError, ProblemError
from .evaluation import evaluate_policy, find_accuracy
from .game import Floats, Game, Ints
from .game_class import GameClass, classify_game
from .history_response import respond_with_memory
from .information import InformationStructure
from .laws import LawBook, StepLaw
from .policies import BoundPolicy, Policy
from .progress import Progress, silent
from .team_bound import maximise_team

_BLOCK = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """How far a policy is from what its concept promises.

    Attributes
    ----------
    concept
        ``nash``, ``cce``, ``ce`` or ``team``.
    gap
        What an agent can gain by deviating, at most over agents; for ``team``, how far the value
        is from the team optimum. None when it was not found.
    method
        ``exact``, ``bound`` (the gap is at most this much) or ``none``.
    tolerance
        Numerical accuracy of the gap.
    value
        Expected return of each agent under the policy.
    agent_gaps
        The gap of each agent; for ``team`` the same for all.
    reason
        Why there is no gap, or only a bound.
    value_bounds
        Where only compressed common information was looked at: between which numbers an agent's best return lies, against the others
        who keep to the policy; for ``team``, the team optimum.
    """

    concept: str
    gap: float | None
    method: str
    tolerance: float
    value: Mapping[str, float]
    agent_gaps: Mapping[str, float]
    reason: str | None = None
    value_bounds: Mapping[str, tuple[float, float]] | None = None


def certify_policy(
    game: Game,
    information: InformationStructure,
    policy: Policy,
    *,
    concept: str,
    value: Floats | None = None,
    max_pairs: int = 20_000_000,
    progress: Progress = silent,
) -> Certificate:
    """Find the exact gap of a policy in the true game.

    For ``nash`` and ``cce``, each agent best-responds to the others by dynamic programming over
    pairs (node of the policy, belief); it knows c_h and p_{i,h} and not the draw of a lottery. For
    ``ce`` it also sees the action it is recommended at that step. For ``team``, the optimum over
    all joint policies is found by a dynamic programme of its own.

    Deviations are functions of (h, c_{i,h}, p_{i,h}), the policies (2.3) of the paper. Where xi
    forgets what an agent once knew, a real agent could remember more and might gain more; with
    perfect recall nothing is lost.

    The dynamic programme is valid only if beliefs do not depend on strategies, which is checked on
    the way. If they do, each agent's best response is found by backward induction over what it did
    and knew, which is exact for agents who do not forget and an upper bound for others. For
    ``team``, and for ``ce`` with lotteries, there is then no gap, only a reason.

    Parameters
    ----------
    value : (n,)
        The policy's value by ``evaluate_policy``, if known.
    max_pairs
        Limit on the pairs of one step.

    Raises
    ------
    ProblemError
        P0701 for ``team`` in a game that is not a team game, P0702 for an unknown concept.

    Notes
    -----
    Source: Liu and Zhang (2023), Algorithm 2 and Definitions 2, 3, 9 and 10.
    """
    if concept not in ("nash", "cce", "ce", "team"):
        raise ProblemError(
            "P0702",
            concept=concept,
            kind=classify_game(game).value,
            agents=len(game.agents),
        )
    if concept == "team" and classify_game(game) is not GameClass.TEAM:
        raise ProblemError("P0701", kind=classify_game(game).value)
    if value is None:
        value = evaluate_policy(game, information, policy, progress=progress).value
    values = dict(zip(game.agents, value.tolist(), strict=True))
    bound = BoundPolicy(policy, game, information)
    lotteries = any(len(step.signal_node) > step.node_count for step in policy.steps)
    accuracy = find_accuracy(game, value)
    try:
        best, forgetful = _find_best(
            game, information, bound, concept, lotteries, max_pairs, progress
        )
    except DependentBeliefs:
        reason = "beliefs given the common information depend on strategies"
    except LimitError as error:
        facts = ", ".join(f"{name} {fact}" for name, fact in error.facts.items())
        reason = f"too large ({facts})"
    else:
        gaps = best - value
        # Who deviates before a lottery is drawn gives up what it says, and may well lose by it.
        if gaps.min() < -accuracy and (concept in ("ce", "team") or not lotteries):
            raise AssertionError(f"a best response loses {-gaps.min():g} against the policy itself")
        gaps = np.maximum(gaps, 0.0)
        loose = [game.agents[agent] for agent in forgetful if gaps[agent] > accuracy]
        return Certificate(
            concept=concept,
            gap=float(gaps.max()),
            method="bound" if loose else "exact",
            tolerance=accuracy,
            value=values,
            agent_gaps=dict(zip(game.agents, gaps.tolist(), strict=True)),
            reason=f"against deviators who remember what is forgotten by {', '.join(loose)}"
            if loose
            else None,
        )
    return Certificate(
        concept=concept,
        gap=None,
        method="none",
        tolerance=accuracy,
        value=values,
        agent_gaps={},
        reason=reason,
    )


def _find_best(
    game: Game,
    information: InformationStructure,
    bound: BoundPolicy,
    concept: str,
    lotteries: bool,
    max_pairs: int,
    progress: Progress,
) -> tuple[Floats, list[int]]:
    """Find what each agent gets at best, and for which agents that takes more memory than it has.

    Raises
    ------
    DependentBeliefs
        When beliefs depend on strategies and the concept's deviations are not the functions of
        what an agent did and knew: a team deviates together, and recommendations that were drawn
        together say something about each other.
    LimitError
        When it is too much work.
    """
    try:
        # The team optimum does not depend on the policy, so its nodes need not be told apart.
        follow = _forget if concept == "team" else bound.follow
        start, steps = build_graph(
            game, information, follow, max_pairs=max_pairs, progress=progress
        )
        best = best_returns(game, information, bound, start, steps, concept, progress)
        return best, []
    except DependentBeliefs:
        if concept == "team" or (concept == "ce" and lotteries):
            raise
    responses = [
        respond_with_memory(
            game, information, bound, agent, max_entries=max_pairs, progress=progress
        )
        for agent in range(len(game.agents))
    ]
    forgetful = [agent for agent, response in enumerate(responses) if response.forgets]
    return np.array([response.value for response in responses]), forgetful


def _forget(step: int, nodes: Ints, increments: Ints) -> Ints:
    """Follow a policy of one node."""
    return np.zeros(len(increments), dtype=np.int64)


def best_returns(
    game: Game,
    information: InformationStructure,
    bound: BoundPolicy | None,
    start: tuple[Ints, Floats],
    steps: list[GraphStep],
    concept: str,
    progress: Progress,
    bonuses: Sequence[Floats] | None = None,
    record: Callable[[int, int, Response], None] | None = None,
) -> Floats:
    """Go backward through the pairs to what each agent can get at best.

    Parameters
    ----------
    bound
        The policy; a team's best return needs none.
    start
        The pairs of step 1 with their probabilities.
    bonuses : H - 1 arrays (n, E)
        What each agent gets on top, at the next step, for following an edge; nothing by default.
    record
        Told (h, agent, response) for each block of pairs, from the last step to the first and in
        order within a step.

    Returns
    -------
    (n,) float64
    """
    columns = 1 if concept == "team" else len(game.agents)
    book = LawBook(game, information)
    following = np.zeros((columns, 0))
    for step in range(game.horizon, 0, -1):
        progress("certificate: deviations", game.horizon - step, game.horizon)
        current = steps[step - 1]
        law = book.at(step, distinct_values(current.index))
        after = following[:, current.child]
        if bonuses is not None and step < game.horizon:
            after = after + bonuses[step - 1][:columns]
        following = np.empty((columns, len(current.policy_node)))
        for cells in _list_cells(game, information, step, current, law, game.discount * after):
            part = slice(cells.first, cells.first + len(cells.policy_node))
            if bound is None or concept == "team":
                following[0, part] = _unite_team(game, cells)
            else:
                for agent in range(columns):
                    response = _respond(game, bound, step, cells, agent, concept == "ce")
                    following[agent, part] = response.values
                    if record is not None:
                        record(step, agent, response)
    best = following[:, start[0]] @ start[1]
    return np.broadcast_to(best, (len(game.agents),)).copy()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cells:
    """What agents know at some consecutive pairs of a step, and what they then get.

    Attributes
    ----------
    first : the first of the pairs
    policy_node : (X,) int64, of the pairs
    pair : (K,) int64, position among the pairs; ascending
    private : (n, K) int64
        Private values that are possible at the pair.
    returns : (columns, K, A) float64
        What joint actions lead to, weighted by P(p | c).
    """

    first: int
    policy_node: Ints
    pair: Ints
    private: Ints
    returns: Floats


def _list_cells(
    game: Game,
    information: InformationStructure,
    step: int,
    current: GraphStep,
    law: StepLaw,
    after: Floats,
) -> Iterator[_Cells]:
    """Cut the pairs of a step into blocks and sum over states.

    Parameters
    ----------
    after : (columns, E)
        What following each edge leads to.
    """
    counts = information.private_counts[step - 1]
    width, actions = prod(counts), prod(game.action_counts)
    most = actions + int(np.diff(law.move_offsets[::actions]).max())
    for begin, end in blocks(np.diff(current.offsets) * most, _BLOCK):
        entries = slice(int(current.offsets[begin]), int(current.offsets[end]))
        pair = np.repeat(np.arange(end - begin), np.diff(current.offsets[begin : end + 1]))
        place = law.position(current.index[entries])
        weight = current.weight[entries]
        keys, cell = locate_values(pair * width + current.index[entries] % width)
        paid = law.rewards[: len(after), place] * weight[:, None]
        returns = np.empty((len(after), len(keys), actions))
        for column, own in enumerate(paid):
            for action in range(actions):
                returns[column, :, action] = sum_at(cell, own[:, action], len(keys))
        if len(law.move_chance):
            # One row for each entry and joint action.
            rows = (place[:, None] * actions + np.arange(actions)).ravel()
            starts = law.move_offsets[rows]
            lengths = law.move_offsets[rows + 1] - starts
            taken = expand_ranges(starts, lengths)
            row = np.repeat(np.arange(len(rows)), lengths)
            reached = (begin + pair)[row // actions] * current.increment_count
            edge = np.searchsorted(current.edge_key, reached + law.move_increment[taken])
            chance = weight[row // actions] * law.move_chance[taken]
            cells = cell[row // actions] * actions + row % actions
            for column, later in enumerate(after):
                added = sum_at(cells, chance * later[edge], len(keys) * actions)
                returns[column] += added.reshape(-1, actions)
        yield _Cells(
            first=begin,
            policy_node=current.policy_node[begin:end],
            pair=keys // width,
            private=digits(keys % width, counts),
            returns=returns,
        )


def _unite_team(game: Game, cells: _Cells) -> Floats:
    """Find the best common return at each pair: (X,)."""
    actions = cells.returns.shape[2]
    return maximise_team(
        np.repeat(cells.pair, actions),
        len(cells.policy_node),
        np.repeat(cells.private, actions, axis=1),
        np.tile(digits(np.arange(actions), game.action_counts), len(cells.pair)),
        game.action_counts,
        cells.returns[0].ravel(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What one agent does best at some pairs.

    Attributes
    ----------
    values : (X,) float64
        Expected return at each pair.
    choice : (R, T) int64
        The best action at each private value of each pair, in order of pair and private value: one
        row, or for informed deviators one for each recommended action.
    """

    values: Floats
    choice: Ints


def _respond(
    game: Game, bound: BoundPolicy, step: int, cells: _Cells, agent: int, informed: bool
) -> Response:
    """Find an agent's best response at each pair.

    ``informed`` deviators choose after seeing the recommended action.
    """
    counts = game.action_counts
    taken = digits(np.arange(prod(counts)), counts)
    draw, signal, weight = bound.draw_of(step, cells.policy_node[cells.pair])
    joint = np.repeat(weight[:, None], taken.shape[1], axis=1)
    for other, moves in enumerate(taken):
        if other != agent:
            joint *= bound.respond(step, other, signal, cells.private[other][draw])[:, moves]
    recommended = np.ones((len(draw), 1))
    if informed:
        recommended = bound.respond(step, agent, signal, cells.private[agent][draw])
    starts = np.flatnonzero(np.diff(draw, prepend=-1))
    size = int(cells.private[agent].max()) + 1
    types, where = locate_values(cells.pair * size + cells.private[agent])
    place = (where[:, None] * counts[agent] + np.arange(counts[agent])).ravel()
    others = tuple(1 + axis for axis in range(len(counts)) if axis != agent)
    best = np.zeros(len(types))
    choice = np.empty((recommended.shape[1], len(types)), dtype=np.int64)
    for row, column in enumerate(recommended.T):
        chance = joint * column[:, None]
        if len(starts) < len(draw):
            chance = np.add.reduceat(chance, starts, axis=0)
        gains = (cells.returns[agent] * chance).reshape(-1, *counts).sum(axis=others)
        table = sum_at(place, gains.ravel(), len(types) * counts[agent])
        table = table.reshape(-1, counts[agent])
        best += table.max(axis=1)
        choice[row] = table.argmax(axis=1)
    values = sum_at(types // size, best, len(cells.policy_node))
    return Response(values=values, choice=choice)
