"""Equilibria of zero-sum games whose beliefs may depend on strategies: the sequence form."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np

from .errors import LimitError, ProblemError
from .game import Floats, Game
from .game_class import GameClass, classify_game, sum_rewards
from .information import InformationStructure
from .limits import DEFAULT_MEMORY, bytes_text
from .policies import Policy, PolicyStep, PrescriptionRows
from .progress import Progress, silent
from .sizes import CommonSizes, count_common_information
from .unrolled import InformationSets, UnrolledGame, estimate_bytes, unroll_game

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_ACCURACY = 1e-10
"""How far the program's constraints may be violated; the least that HiGHS takes."""
_REACHED = 1e-12
"""Information sets that an agent reaches with less than this, if others let it, are not reached."""
_STOPPED = 1
"""Status of HiGHS at a limit."""
_DENSE = 200
"""Payoffs for each sequence of the first agent beyond which interior points beat the simplex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceFormSolution:
    """A saddle point over the whole game.

    Attributes
    ----------
    policy
        Its nodes are the c_h, without merging.
    value : (2,) float64
    plans
        Each agent's realisation plan: of every sequence, the probability with which the agent
        plays it if others and nature let it.
    payoff_count
        Entries of the payoff matrix.
    """

    policy: Policy
    value: Floats
    plans: tuple[Floats, Floats]
    payoff_count: int


def solve_sequence_form(
    game: Game,
    information: InformationStructure,
    *,
    concept: str = "nash",
    memory_bytes: int = DEFAULT_MEMORY,
    seconds: float | None = None,
    progress: Progress = silent,
) -> SequenceFormSolution:
    """Find a saddle point of a zero-sum game by one linear program over sequences.

    Beliefs do not occur in it, so it does not need Assumption 3, and it needs that the agents
    remember what they did and knew. Its size is that of all common histories.

    Parameters
    ----------
    concept
        ``nash``, ``ce`` or ``cce``: a saddle point is all of them.
    memory_bytes
        Limit on an estimate of the memory, which is made by counting beforehand.
    seconds
        Limit on the time.

    Raises
    ------
    ForgetfulError
        P0709, when an agent does not remember something that matters.
    ProblemError
        P0710, when the game is not a zero-sum game of two agents.
    LimitError
        P0615 when it would not fit, P0606 when it takes too long.

    Notes
    -----
    Source: Koller, Megiddo and von Stengel (1996), "Efficient computation of equilibria for
    extensive two-person games"; the second agent's plan is the dual solution.
    """
    kind = classify_game(game)
    if kind is not GameClass.ZERO_SUM or concept not in ("nash", "ce", "cce"):
        raise ProblemError("P0710", kind=kind.value, agents=len(game.agents), concept=concept)
    start = monotonic()
    _require_memory(game, count_common_information(game, information), memory_bytes)
    unrolled = unroll_game(game, information, memory_bytes=memory_bytes, progress=progress)
    left = None if seconds is None else max(0.0, seconds - (monotonic() - start))
    value, plans = _solve_program(unrolled, left)
    sums = sum_rewards(game)
    assert sums is not None  # of a zero-sum game
    total = float(sums @ game.discount ** np.arange(game.horizon))
    values = np.array([value, total - value])
    return SequenceFormSolution(
        policy=_build_policy(game, information, concept, values, unrolled, plans),
        value=values,
        plans=plans,
        payoff_count=len(unrolled.payoff),
    )


def _require_memory(game: Game, sizes: CommonSizes, limit: int) -> None:
    """Refuse what would not fit; where counting stopped early, unrolling stops by itself."""
    entries = outcomes = 0
    fits = 0
    need = 0.0
    for step in sizes.steps:
        entries += step.entries
        need = estimate_bytes(game, entries, outcomes)
        outcomes = max(outcomes, step.products)
        fits += need <= limit
    if need > limit:
        raise LimitError(
            "P0615",
            need=bytes_text(need),
            limit=bytes_text(limit),
            fits=fits or None,
        )


def _solve_program(
    unrolled: UnrolledGame, seconds: float | None
) -> tuple[float, tuple[Floats, Floats]]:
    """Solve the linear program: the first agent's value and both realisation plans.

    With U the payoffs, the plans of agent i are all w >= 0 with F_i w = (1, 0, ..., 0). The first
    agent's plan maximises q_0 over x and q with F_2' q <= U' x, where q_0 is what a best response
    to x leaves; the multipliers of these constraints are the second agent's plan.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, hstack

    rows, columns = unrolled.sequence_counts
    flow, other_flow = (
        _build_flow([step.sets[agent] for step in unrolled.steps], count)
        for agent, count in enumerate(unrolled.sequence_counts)
    )
    sets, other_sets = (
        1 + sum(len(step.sets[agent].parent) for step in unrolled.steps) for agent in range(2)
    )
    payoffs = csr_array((unrolled.payoff, (unrolled.row, unrolled.column)), shape=(rows, columns))
    dense = payoffs.nnz > _DENSE * rows
    found = linprog(
        -np.eye(1, rows + other_sets, rows)[0],
        A_ub=hstack([-payoffs.T, other_flow.T], format="csr"),
        b_ub=np.zeros(columns),
        A_eq=hstack([flow, csr_array((sets, other_sets))], format="csr"),
        b_eq=np.eye(1, sets)[0],
        bounds=np.repeat([[0.0, np.inf], [-np.inf, np.inf]], [rows, other_sets], axis=0),
        method="highs-ipm" if dense else "highs-ds",
        options={
            "time_limit": seconds,
            "primal_feasibility_tolerance": _ACCURACY,
            "dual_feasibility_tolerance": _ACCURACY,
        },
    )
    if found.status == _STOPPED and seconds is not None:
        raise LimitError("P0606", what="linear program", done=0, total=1, seconds=f"{seconds:g}")
    if found.status != 0 or found.x is None:
        raise AssertionError(f"the linear program has a solution, but HiGHS says: {found.message}")
    return float(-found.fun), (found.x[:rows], -found.ineqlin.marginals)


def _build_flow(steps: list[InformationSets], count: int) -> csr_array:
    """Build F_i, (1 + I, Q): what is played at a set is as likely as the way there is.

    Its first row is the empty sequence.
    """
    from scipy.sparse import csr_array

    sequence = np.concatenate([np.zeros(1, np.int64), *(sets.sequence.ravel() for sets in steps)])
    original = np.concatenate([np.zeros(1, np.int64), *(sets.original.ravel() for sets in steps)])
    parent = np.concatenate([sets.parent for sets in steps])
    lengths = np.concatenate(
        [np.ones(1, np.int64), *(np.full(len(s.parent), s.sequence.shape[1]) for s in steps)]
    )
    owner = np.repeat(np.arange(len(lengths)), lengths)
    inside = csr_array((np.ones(count), (owner, sequence)), shape=(len(lengths), count))
    copies = csr_array((np.ones(count), (original, sequence)), shape=(count, count))
    leads = csr_array(
        (np.ones(len(parent)), (np.arange(1, len(lengths)), parent)), shape=(len(lengths), count)
    )
    flow: csr_array = inside - leads @ copies
    return flow


def _build_policy(
    game: Game,
    information: InformationStructure,
    concept: str,
    value: Floats,
    unrolled: UnrolledGame,
    plans: tuple[Floats, Floats],
) -> Policy:
    """Make a machine whose nodes are the c_h."""
    steps: list[PolicyStep] = []
    for number, step in enumerate(unrolled.steps):
        codes, increment = np.unique(step.increment, return_inverse=True)
        labels = information.increment_labels[number]
        nodes = np.arange(len(step.source))
        steps.append(
            PolicyStep(
                node_count=len(nodes),
                increments=tuple(labels[code] for code in codes.tolist()),
                source=step.source,
                increment=increment.astype(np.int64),
                target=nodes,
                signal_node=nodes,
                signal_weight=np.ones(len(nodes)),
                prescriptions=tuple(
                    PrescriptionRows(
                        private=names,
                        signal=sets.common,
                        value=sets.private,
                        probability=_behave(sets, plan),
                    )
                    for names, sets, plan in zip(
                        information.private_labels[number], step.sets, plans, strict=True
                    )
                ),
            )
        )
    return Policy(
        game=game.name,
        sharing=information.name,
        concept=concept,
        value=dict(zip(game.agents, value.tolist(), strict=True)),
        actions=dict(zip(game.agents, game.labels.actions, strict=True)),
        steps=tuple(steps),
    )


def _behave(sets: InformationSets, plan: Floats) -> Floats:
    """Turn a realisation plan into probabilities of actions, uniform where it never leads: (I, A_i)."""
    weight = np.maximum(plan[sets.sequence], 0.0)
    total = weight.sum(axis=1, keepdims=True)
    reached = total > _REACHED
    behaviour: Floats = np.where(
        reached, weight / np.where(reached, total, 1.0), 1 / weight.shape[1]
    )
    return behaviour
