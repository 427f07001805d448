"""Exact gaps of policies in the true game (Algorithm 2), independent of how they were found.

Nothing here is shared with planning but the tables of the game and of the information structure
and the array idioms: the forward pass, the merging, the payoffs and the maximisation over
prescriptions are done again, in other ways.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .arrays import digits, sum_at
from .belief_graph import DependentBeliefs, GraphStep, build_graph, entry_blocks, expand_block
from .consequences import Consequences, apply_update
from .errors import LimitError, ProblemError
from .evaluation import evaluate_policy
from .game import Floats, Game, Ints
from .game_class import GameClass, classify_game
from .history_response import respond_with_memory
from .information import InformationStructure
from .policies import BoundPolicy, Policy
from .progress import Progress, silent
from .team_bound import maximise_team

ACCURACY = 1e-9
"""Gaps are exact up to this (times the size of the values)."""


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
    accuracy = ACCURACY * max(1.0, float(np.abs(value).max()))
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
        tolerance=ACCURACY,
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
    bound: BoundPolicy,
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
    following = np.zeros((columns, 0))
    for step in range(game.horizon, 0, -1):
        progress("certificate: deviations", game.horizon - step, game.horizon)
        current = steps[step - 1]
        values = np.empty((columns, len(current.policy_node)))
        after = following[:, current.child]
        if bonuses is not None and step < game.horizon:
            after = after + bonuses[step - 1][:columns]
        for begin, end in entry_blocks(game, step, current):
            entries, pair, consequences, action = expand_block(game, step, current, begin, end)
            returns = consequences.rewards[:columns]
            if step < game.horizon:
                edge = _edges(game, information, step, current, consequences, entries, pair, action)
                later = [
                    sum_at(consequences.row, consequences.weight * row[edge], len(entries))
                    for row in after
                ]
                returns = returns + game.discount * np.stack(later)
            first = int(current.offsets[begin])
            block = _Block(
                pair=pair - begin,
                count=end - begin,
                policy_node=current.policy_node[begin:end],
                action=action,
                entry=entries - first,
                private=digits(
                    current.private[first : int(current.offsets[end])],
                    information.private_counts[step - 1],
                ),
            )
            if concept == "team":
                values[0, begin:end] = maximise_team(
                    block.pair,
                    block.count,
                    block.private[:, block.entry],
                    digits(action, game.action_counts),
                    game.action_counts,
                    returns[0],
                )
                continue
            for agent in range(columns):
                response = _respond(
                    game, bound, step, block, agent, returns[agent], concept == "ce"
                )
                values[agent, begin:end] = response.values
                if record is not None:
                    record(step, agent, response)
        following = values
    best = following[:, start[0]] @ start[1]
    return np.broadcast_to(best, (len(game.agents),)).copy()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """Some pairs of a step with a row for each (entry, joint action).

    Attributes
    ----------
    pair, entry, action : (R,) int64, both counted within the block
    count : number of pairs
    policy_node : (count,) int64
    private : (n, entries) int64
    """

    pair: Ints
    entry: Ints
    action: Ints
    count: int
    policy_node: Ints
    private: Ints


def _edges(
    game: Game,
    information: InformationStructure,
    step: int,
    current: GraphStep,
    consequences: Consequences,
    entries: Ints,
    pair: Ints,
    action: Ints,
) -> Ints:
    """Find the edge that each consequence takes."""
    row = consequences.row
    own = list(
        zip(
            digits(current.private[entries[row]], information.private_counts[step - 1]),
            digits(action[row], game.action_counts),
            digits(consequences.observation, game.observation_counts),
            strict=True,
        )
    )
    increment, _ = apply_update(information, step, own)
    keys = pair[row] * current.increment_count + increment
    return np.searchsorted(current.edge_key, keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What one agent does best at some pairs.

    Attributes
    ----------
    values : (count,) float64
        Expected return at each pair.
    choice : (R, T) int64
        The best action at each private value of each pair, in order of pair and private value: one
        row, or for informed deviators one for each recommended action.
    """

    values: Floats
    choice: Ints


def _respond(
    game: Game,
    bound: BoundPolicy,
    step: int,
    block: _Block,
    agent: int,
    returns: Floats,
    informed: bool,
) -> Response:
    """Best response of one agent at each pair, to returns (R,) weighted by P(s, p | c).

    ``informed`` deviators choose after seeing the recommended action.
    """
    actions = int(np.prod(game.action_counts))
    action_digits = digits(np.arange(actions), game.action_counts)
    own_actions = game.action_counts[agent]
    entry_pair = block.pair[::actions]
    draw, signal, weight = bound.draw_of(step, block.policy_node[entry_pair])
    joint = weight[:, None] * np.ones(actions)
    for other in range(len(game.agents)):
        if other != agent:
            answer = bound.respond(step, other, signal, block.private[other][draw])
            joint *= answer[:, action_digits[other]]
    recommended = np.ones((len(draw), 1))
    if informed:
        recommended = bound.respond(step, agent, signal, block.private[agent][draw])
    starts = np.flatnonzero(np.diff(draw, prepend=-1))
    types, where = np.unique(
        np.stack([entry_pair, block.private[agent]]), axis=1, return_inverse=True
    )
    place = where.ravel()[block.entry] * own_actions + action_digits[agent][block.action]
    best = np.zeros(types.shape[1])
    choice = np.empty((recommended.shape[1], types.shape[1]), dtype=np.int64)
    for row, column in enumerate(recommended.T):
        chance = np.add.reduceat(joint * column[:, None], starts, axis=0)
        table = sum_at(place, returns * chance.ravel(), types.shape[1] * own_actions)
        table = table.reshape(-1, own_actions)
        best += table.max(axis=1)
        choice[row] = table.argmax(axis=1)
    return Response(values=sum_at(types[0], best, block.count), choice=choice)
