"""The best correlated or coarse correlated equilibrium of a stage, by linear programming."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import digits
from ..game import Floats, Ints
from ..payoffs import StagePayoffs
from .certificates import expect_common, scale_of
from .correlated import NodeLottery, collect_lotteries, generate_lottery, improve, pay_actions
from .deviations import Deviations, find_stakes
from .protocol import StageSolution
from .team import count_profiles, solve_team

SELECTIONS = ("welfare", "egalitarian")
"""What a selection maximises: the sum of the agents' payoffs, or the least of them."""
LISTED = 2000
"""Most deterministic joint prescriptions that a program has from the start."""
OPTIMAL = 1e-9
"""How far a selection may be from the best, relative to the largest payoff."""
_SEARCHED = 100_000
"""Most profiles of a team's enumeration before the branch and bound is loaded."""
_DUST = 1e-12
"""Weights of a lottery below this are dropped."""


def solve_selected(
    payoffs: StagePayoffs,
    *,
    informed: bool,
    select: str,
    tolerance: float = 0.0,
    compiled: bool = False,
) -> StageSolution:
    """Find the best correlated (``informed``) or coarse correlated equilibrium of each node.

    A linear program has a weight for each deterministic joint prescription. Where these are many it
    starts with some that carry an equilibrium, and is given the one with the best reduced cost, the
    team optimum of payoffs made from the dual solution, until there is none: then the equilibrium
    is the best of all. Weights of what agents do given what they know, rather than of joint
    prescriptions, would let the lottery see private values.

    Parameters
    ----------
    payoffs
        With one payoff an agent.
    select
        One of ``SELECTIONS``.
    tolerance
        Gap that is accepted in any case; others come from rounding and are far smaller.
    compiled
        Whether a kernel finds the equilibria to start with.

    Raises
    ------
    LimitError
        As ``solve_team``.

    Notes
    -----
    Source: Liu and Zhang (2023), Definitions 9 and 10, for one step; the generation of columns is
    Dantzig and Wolfe's (1960), with the optimum of a team for the pricing.
    """
    values = payoffs.values
    deviations = Deviations(values.shape[2:], informed)
    nodes = values.shape[1]
    starts: list[Floats | None] = [None] * nodes
    if compiled and _count_prescriptions(values.shape[2:]) > LISTED:
        from .compiled import generate_lotteries

        counts, _, rows, status = generate_lotteries(values, deviations)
        parts = np.split(rows, np.cumsum(counts)[:-1])
        starts = [part if good else None for part, good in zip(parts, status == 0, strict=True)]
    solved = [_select(values[:, node], deviations, select, starts[node]) for node in range(nodes)]
    return collect_lotteries(values, solved, informed=informed, tolerance=tolerance)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Deterministic joint prescriptions.

    Attributes
    ----------
    actions : (T, sum of m_i) int64
    gains : (T, Q, K), of deviations
    worth : (T, n), the agents' payoffs
    """

    actions: Ints
    gains: Floats
    worth: Floats


@dataclass(frozen=True, slots=True)
class _Optimum:
    """The solution of a program and of its dual.

    Attributes
    ----------
    weights : (T,)
    prices : (Q, K), of the gains of choices
    shares : (n,), of the agents' payoffs in what is selected
    bound
        What a joint prescription must be worth under shares and prices to improve the program.
    """

    weights: Floats
    prices: Floats
    shares: Floats
    bound: float


class _Stage:
    """One node, with payoffs (n, m_1, A_1, ..., m_n, A_n) and what deviations gain from."""

    def __init__(self, values: Floats, deviations: Deviations) -> None:
        self.values = values / (float(scale_of(values).max()) or 1.0)
        self.stakes = find_stakes(values[:, None])[:, 0]
        self.deviations = deviations
        self.sizes = list(zip(values.shape[1::2], values.shape[2::2], strict=True))

    def spread(self, actions: Ints) -> tuple[Floats, ...]:
        """Turn actions (T, sum of m_i) into prescriptions n x (T, m_i, A_i)."""
        ends = np.cumsum([types for types, _ in self.sizes])[:-1]
        return tuple(
            np.eye(count)[own]
            for own, (_, count) in zip(np.split(actions, ends, axis=1), self.sizes, strict=True)
        )

    def make_columns(self, actions: Ints) -> _Columns:
        """Find what joint prescriptions and deviations from them are worth."""
        rows = self.spread(actions)
        payoffs = pay_actions(self.values, rows)
        worth = [np.einsum("tpa,tpa->t", *pair) for pair in zip(payoffs, rows, strict=True)]
        gains = self.deviations.list_gains(pay_actions(self.stakes, rows), rows)
        return _Columns(actions, gains, np.stack(worth, axis=1))

    def list_columns(self) -> _Columns | None:
        """List all joint prescriptions, unless they are many."""
        if _count_prescriptions(self.values.shape[1:]) > LISTED:
            return None
        radices = [actions for types, actions in self.sizes for _ in range(types)]
        return self.make_columns(digits(np.arange(int(np.prod(radices))), radices).T)

    def carry_equilibrium(self, rows: Floats | None) -> tuple[_Columns, Floats]:
        """Find prescriptions with an equilibrium among their mixtures, and the gains it leaves.

        ``rows`` (T, sum of m_i A_i) are such prescriptions if there are some already.
        """
        if rows is None:
            uniform = tuple(np.full((1, *size), 1.0 / size[1]) for size in self.sizes)
            start = improve(-self.values.sum(axis=0)[None], uniform)
        else:
            ends = np.cumsum([types * actions for types, actions in self.sizes])[:-1]
            start = tuple(
                own.reshape(len(own), *size)
                for own, size in zip(np.split(rows, ends, axis=1), self.sizes, strict=True)
            )
        gains = self.deviations.list_gains(pay_actions(self.stakes, start), start)
        lottery = generate_lottery(self.stakes, self.deviations, start, gains)
        columns = self.make_columns(join_actions(lottery.prescriptions))
        return columns, np.maximum(np.tensordot(lottery.weights, columns.gains, axes=1), 0.0)

    def price(self, columns: _Columns, found: _Optimum) -> _Columns | None:
        """Find columns that would improve the program; None when no joint prescription does."""
        table = np.tensordot(found.shares, self.values, axes=1)
        table -= self.deviations.weigh(self.stakes, found.prices)
        support = columns.actions[found.weights > _DUST]
        copies = np.broadcast_to(-table, (len(support), *table.shape))
        candidates = np.unique(join_actions(improve(copies, self.spread(support))), axis=0)
        better = self._choose_better(table, columns, found.bound, candidates)
        if not len(better):
            better = self._choose_better(table, columns, found.bound, _maximise(table))
        return self.make_columns(better) if len(better) else None

    def _choose_better(
        self, table: Floats, columns: _Columns, bound: float, candidates: Ints
    ) -> Ints:
        """Pick the new ones among candidates (T, sum of m_i) that are worth more than the bound."""
        copies = np.broadcast_to(table, (len(candidates), *table.shape))
        worth = expect_common(copies, self.spread(candidates))
        known = (candidates[:, None] == columns.actions).all(axis=2).any(axis=1)
        picked: Ints = candidates[(worth > bound + OPTIMAL) & ~known]
        return picked


def _select(
    values: Floats, deviations: Deviations, select: str, start: Floats | None
) -> NodeLottery:
    """Solve one node, from prescriptions (T, sum of m_i A_i) that carry an equilibrium, if any."""
    stage = _Stage(values, deviations)
    columns = stage.list_columns()
    slack = np.zeros((sum(deviations.cases), deviations.choices))
    if columns is None:
        columns, slack = stage.carry_equilibrium(start)
    while True:
        found = _solve_program(columns, slack, deviations, select)
        new = stage.price(columns, found)
        if new is None:
            break
        columns = _Columns(
            np.concatenate([columns.actions, new.actions]),
            np.concatenate([columns.gains, new.gains]),
            np.concatenate([columns.worth, new.worth]),
        )
    kept = found.weights > _DUST
    weights = found.weights[kept]
    return NodeLottery(stage.spread(columns.actions[kept]), weights / weights.sum(), 0)


def _count_prescriptions(shape: tuple[int, ...]) -> float:
    """Count the deterministic joint prescriptions of a stage (m_1, A_1, ..., m_n, A_n)."""
    return float(np.prod([float(a) ** m for m, a in zip(shape[0::2], shape[1::2], strict=True)]))


def join_actions(prescriptions: tuple[Floats, ...]) -> Ints:
    """Turn deterministic prescriptions n x (T, m_i, A_i) into actions (T, sum of m_i)."""
    actions: Ints = np.concatenate([rows.argmax(axis=2) for rows in prescriptions], axis=1)
    return actions


def _maximise(table: Floats) -> Ints:
    """Find the best joint prescription of a team with payoffs (m_1, A_1, ...): (1, sum of m_i)."""
    stage = StagePayoffs(
        nodes=np.zeros(1, dtype=np.int64),
        private=tuple(np.arange(types)[None] for types in table.shape[0::2]),
        values=table[None, None],
    )
    if count_profiles(table.shape) <= _SEARCHED:
        return join_actions(solve_team(stage).prescriptions)
    from .compiled import solve_team_compiled

    return join_actions(solve_team_compiled(stage).prescriptions)


def _solve_program(
    columns: _Columns, slack: Floats, deviations: Deviations, select: str
) -> _Optimum:
    """Maximise what is selected over mixtures of columns.

    Variables are weights x, then for coarse deviators what each case gains at most, then for the
    egalitarian selection the least payoff v. Rows: gains of choices; for coarse deviators the sums
    over an agent's cases; for the egalitarian selection v less each agent's payoff.
    """
    from scipy.optimize import linprog

    count, agents = columns.worth.shape
    cases, choices = slack.shape
    gains = columns.gains.reshape(count, -1).T
    bounds = [slack.ravel()]
    parts = [[gains]]
    if not deviations.informed:
        owner = np.repeat(np.arange(agents), deviations.cases)
        own = (owner == np.arange(agents)[:, None]).astype(np.float64)
        # Doing as recommended is no deviation: who sees no recommendation deviates always. Nor is
        # an action that the agent does not have.
        choice = np.arange(choices)
        last = np.repeat(deviations.shape[1::2], deviations.cases)
        idle = ((choice == 0) | (choice > last[:, None])).reshape(-1, 1)
        parts[0][0] = np.where(idle, 0.0, gains)
        parts[0].append(np.where(idle, 0.0, -np.repeat(np.eye(cases), choices, axis=0)))
        parts.append([np.zeros((agents, count)), own])
        bounds = [np.zeros(cases * choices), own @ slack.max(axis=1)]
    if select == "egalitarian":
        for part in parts:
            part.append(np.zeros((len(part[0]), 1)))
        empty = [np.zeros((agents, part.shape[1])) for part in parts[0][1:-1]]
        parts.append([-columns.worth.T, *empty, np.ones((agents, 1))])
        bounds.append(np.zeros(agents))
    upper = np.concatenate([np.hstack(part) for part in parts])
    extra = upper.shape[1] - count
    cost = np.zeros(count + extra)
    if select == "egalitarian":
        cost[-1] = -1.0
    else:
        cost[:count] = -columns.worth.sum(axis=1)
    found = linprog(
        cost,
        A_ub=upper,
        b_ub=np.concatenate(bounds),
        A_eq=np.concatenate([np.ones(count), np.zeros(extra)])[None],
        b_eq=[1.0],
        bounds=[(0, None)] * count + [(None, None)] * extra,
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if found.status != 0:
        raise AssertionError(f"linear program of a stage: {found.message}")
    duals = -np.asarray(found.ineqlin.marginals)
    return _Optimum(
        weights=np.asarray(found.x[:count]),
        prices=np.maximum(duals[: cases * choices], 0.0).reshape(cases, choices),
        shares=duals[-agents:] if select == "egalitarian" else np.ones(agents),
        bound=-float(found.eqlin.marginals[0]),
    )
