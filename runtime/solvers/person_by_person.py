"""Nash equilibria of a team's stage: prescriptions that no agent can improve by itself."""

from __future__ import annotations

import numpy as np

from ..game import Floats, Ints
from ..payoffs import StagePayoffs
from .certificates import check_equilibrium, expect_common, payoffs_of_actions, scale_of
from .protocol import StageSolution

STARTS = 8
"""Prescriptions that the search is started from."""
MARGIN = 1e-13
"""What a change must gain, relative to the node's largest payoff; less is rounding."""


def solve_person_by_person(payoffs: StagePayoffs) -> StageSolution:
    """Let agents in turn improve deterministic prescriptions until none can; keep the best result.

    An agent best-responds at each of its private values by itself. The common payoff grows with
    each change, so this ends, and where it ends is a Nash equilibrium of the stage. The first start
    is the reply to uniform play, the others are random and the same at all nodes.

    Parameters
    ----------
    payoffs
        With one payoff, which all agents share.

    Notes
    -----
    Source: Liu and Zhang (2023), Algorithm 1, for games of a team; starts and ties are additions.
    """
    table = payoffs.values[0]
    nodes, sizes = len(table), list(zip(table.shape[1::2], table.shape[2::2], strict=True))
    margins = MARGIN * scale_of(table)
    random = np.random.default_rng(0)
    best = np.full(nodes, -np.inf)
    kept = [np.empty((nodes, types), dtype=np.int64) for types, _ in sizes]
    for start in range(STARTS):
        drawn = [random.integers(actions, size=types) for types, actions in sizes]
        rows = (
            [np.tile(own, (nodes, 1)) for own in drawn]
            if start
            else _reply_to_uniform(table, margins)
        )
        values = _improve(table, rows, margins)
        better = values > best + margins
        best[better] = values[better]
        for own, new in zip(kept, rows, strict=True):
            own[better] = new[better]
    prescriptions = tuple(_spread(own, size[1]) for own, size in zip(kept, sizes, strict=True))
    shared = np.broadcast_to(table, (len(sizes), *table.shape))
    values, gaps = check_equilibrium(shared, prescriptions)
    return StageSolution(prescriptions=prescriptions, values=values[:1], gaps=gaps)


def _reply_to_uniform(table: Floats, margins: Floats) -> list[Ints]:
    """Choose the actions (G, m_i) that are best if the others play uniformly."""
    uniform = [
        np.full((len(table), types, actions), 1.0 / actions)
        for types, actions in zip(table.shape[1::2], table.shape[2::2], strict=True)
    ]
    return [
        _choose(payoffs_of_actions(table, uniform, agent), margins) for agent in range(len(uniform))
    ]


def _improve(table: Floats, rows: list[Ints], margins: Floats) -> Floats:
    """Change actions (G, m_i) in place until nobody gains alone; return what they are worth."""
    played = [_spread(own, actions) for own, actions in zip(rows, table.shape[2::2], strict=True)]
    since = np.zeros(len(table), dtype=np.int64)  # agents in a row who changed nothing
    agent = 0
    while (active := np.flatnonzero(since < len(rows))).size:
        others = [own[active] for own in played]
        paid = payoffs_of_actions(table[active], others, agent)
        choice = _choose(paid, margins[active])
        now = np.take_along_axis(paid, rows[agent][active, :, None], axis=2)[:, :, 0]
        gained = paid.max(axis=2) > now + margins[active, None]
        rows[agent][active] = np.where(gained, choice, rows[agent][active])
        played[agent][active] = _spread(rows[agent][active], table.shape[2 + 2 * agent])
        since[active] = np.where(gained.any(axis=1), 1, since[active] + 1)
        agent = (agent + 1) % len(rows)
    return expect_common(table, played)


def _choose(paid: Floats, margins: Floats) -> Ints:
    """Find the first of the best actions, (G, m, A) to (G, m)."""
    least = paid.max(axis=2, keepdims=True) - margins[:, None, None]
    choice: Ints = (paid >= least).argmax(axis=2)
    return choice


def _spread(rows: Ints, actions: int) -> Floats:
    """Turn actions (G, m) into prescriptions (G, m, A)."""
    return np.eye(actions)[rows]
