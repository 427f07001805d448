"""Correlated and coarse correlated equilibria of any number of agents, in numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import blocks
from ..game import Floats, Ints
from ..payoffs import StagePayoffs
from .certificates import TOLERANCE, check_lottery, payoffs_of_actions, scale_of
from .deviations import Deviations, find_stakes
from .protocol import Lottery, StageSolution
from .regret import learn_prescriptions
from .zero_sum import solve_saddle

ROUNDS = 100
"""Rounds of learning."""
SWEEPS = 3
"""How often all agents in turn improve a new joint prescription."""
_ENTRIES = 1 << 22
_ROUNDING = 1e-8
"""Largest gap that rounding may leave, relative to the largest payoff."""
_SMALL = 1e-12
"""Gains below this are not magnified, relative to the largest payoff."""
_DUST = 1e-12
"""Weights of a lottery below this are dropped."""


@dataclass(frozen=True, slots=True)
class NodeLottery:
    """The equilibrium of one node: n arrays (T, m_i, A_i), weights (T,), prescriptions added."""

    prescriptions: tuple[Floats, ...]
    weights: Floats
    added: int


def solve_correlated(
    payoffs: StagePayoffs, *, informed: bool, tolerance: float = 0.0
) -> StageSolution:
    """Find a correlated (``informed``) or coarse correlated equilibrium of each node.

    The agents learn for ``ROUNDS`` rounds; a linear program finds the best mixture of what they
    played. Where that is no equilibrium (counted as a fallback), further joint prescriptions are
    generated until it is one.

    Parameters
    ----------
    payoffs
        With one payoff an agent.
    tolerance
        Gap that is accepted in any case; others come from rounding and are far smaller.

    Notes
    -----
    Source: the no-regret learning of Liu and Zhang (2023) for general-sum stage games; the linear
    program and the generation of prescriptions are additions, see ``generate_lottery``.
    """
    values = payoffs.values
    nodes = values.shape[1]
    deviations = Deviations(values.shape[2:], informed)
    stakes = find_stakes(values)
    each = ROUNDS * sum(deviations.cases) * deviations.choices
    solved: list[NodeLottery] = []
    for begin, end in blocks(np.full(nodes, each), _ENTRIES):
        part = stakes[:, begin:end]
        prescriptions, gains = learn_prescriptions(part, deviations, ROUNDS)
        solved += [
            generate_lottery(
                part[:, node], deviations, tuple(rows[node] for rows in prescriptions), gains[node]
            )
            for node in range(end - begin)
        ]
    return collect_lotteries(values, solved, informed=informed, tolerance=tolerance)


def collect_lotteries(
    values: Floats, solved: list[NodeLottery], *, informed: bool, tolerance: float
) -> StageSolution:
    """Put the lotteries of a batch together, and certify them."""
    counts = [len(one.weights) for one in solved]
    lottery = Lottery(
        node=np.repeat(np.arange(len(solved)), counts),
        weight=np.concatenate([one.weights for one in solved]),
    )
    prescriptions = tuple(
        np.concatenate(rows) for rows in zip(*(one.prescriptions for one in solved), strict=True)
    )
    return certify_lotteries(
        values,
        prescriptions,
        lottery,
        sum(one.added > 0 for one in solved),
        informed=informed,
        tolerance=tolerance,
    )


def certify_lotteries(
    values: Floats,
    prescriptions: tuple[Floats, ...],
    lottery: Lottery,
    fallbacks: int,
    *,
    informed: bool,
    tolerance: float,
) -> StageSolution:
    """Make a solution of lotteries whose gaps, found again, are small enough."""
    worth, gaps = check_lottery(values, prescriptions, lottery, informed=informed)
    allowed = np.maximum(tolerance, _ROUNDING * np.max([scale_of(own) for own in values], axis=0))
    if (gaps > allowed).any():
        raise AssertionError(f"no equilibrium of a stage; a gap is {(gaps - allowed).max():g}")
    return StageSolution(
        prescriptions=prescriptions, values=worth, gaps=gaps, lottery=lottery, fallbacks=fallbacks
    )


def generate_lottery(
    values: Floats,
    deviations: Deviations,
    prescriptions: tuple[Floats, ...],
    gains: Floats,
) -> NodeLottery:
    """Mix joint prescriptions of one node into an equilibrium, with new ones as needed.

    The mixture and a distribution over choices in each case solve a zero-sum game about the gains.
    While the deviator wins it, the prescriptions from which its distribution gains nothing are made
    deterministic, agent by agent, each doing at least as well against it; they are new, as
    deviations gain from all mixtures of the old ones. So an equilibrium is found in finitely many
    rounds, and exactly.

    Parameters
    ----------
    values : (n, m_1, A_1, ..., m_n, A_n)
        As ``find_stakes`` makes them.
    prescriptions : n arrays (T, m_i, A_i)
    gains : (T, Q, K)
        Of deviations from them.

    Notes
    -----
    Source: Hart and Schmeidler (1989) and Papadimitriou and Roughgarden (2008); Jiang and
    Leyton-Brown (2015) for deterministic prescriptions.
    """
    scale = float(scale_of(values).max())
    added = 0
    while True:
        # No case gains anything in an equilibrium, so each may have a unit of its own.
        unit = np.maximum(np.abs(gains).max(axis=(0, 2)), _SMALL * scale)
        unit[unit == 0] = 1
        weights, chances = solve_saddle(-(gains / unit[:, None])[None])
        gap = float(np.tensordot(weights[0], gains, axes=1).max(axis=1).sum())
        if gap <= TOLERANCE * scale:
            break
        chances /= unit[:, None]
        settled = tuple(rows[None] for rows in deviations.settle(chances))
        new = improve(deviations.weigh(values, chances)[None], settled)
        column = deviations.list_gains(pay_actions(values, new), new)
        if (column == gains[len(gains) - added :]).all(axis=(1, 2)).any():
            break  # the linear program is not more precise
        prescriptions = tuple(np.concatenate(pair) for pair in zip(prescriptions, new, strict=True))
        gains = np.concatenate([gains, column])
        added += 1
    kept = weights[0] > _DUST
    return NodeLottery(
        tuple(rows[kept] for rows in prescriptions),
        weights[0, kept] / weights[0, kept].sum(),
        added,
    )


def pay_actions(values: Floats, prescriptions: tuple[Floats, ...]) -> list[Floats]:
    """What actions pay each agent against prescriptions n x (T, m_i, A_i) of one node's agents."""
    count = len(prescriptions[0])
    return [
        payoffs_of_actions(np.broadcast_to(table, (count, *table.shape)), prescriptions, agent)
        for agent, table in enumerate(values)
    ]


def improve(tables: Floats, prescriptions: tuple[Floats, ...]) -> tuple[Floats, ...]:
    """Let agents in turn minimise tables (G, m_1, A_1, ...) by deterministic prescriptions."""
    rows = list(prescriptions)
    for _ in range(SWEEPS):
        for agent, own in enumerate(rows):
            best: Ints = payoffs_of_actions(tables, rows, agent).argmin(axis=2)
            rows[agent] = np.eye(own.shape[2])[best]
    return tuple(rows)
