"""The team optimum of stages once more, for certificates: another side is enumerated."""

from __future__ import annotations

import numpy as np

from .arrays import digits, sum_at
from .errors import LimitError
from .game import Floats, Ints

_SIDE = 100_000
"""Profiles that may be enumerated to let another agent respond than planning does."""
_PROFILES = 20_000_000
_ENTRIES = 1 << 22


def maximise_team(
    pair: Ints,
    count: int,
    private: Ints,
    action: Ints,
    action_counts: tuple[int, ...],
    returns: Floats,
) -> Floats:
    """Maximise the common return over deterministic prescriptions, at each pair.

    The prescriptions of all agents but one are enumerated as rows of 0-1 matrices that multiply
    the table of returns. The agent that responds is the one with the *fewest* prescriptions, where
    planning takes the one with the most, unless that makes the enumeration too long.

    Parameters
    ----------
    pair : (R,)
        The pair, below ``count``, of each row.
    private, action : (n, R)
        Each agent's private value and action.
    returns : (R,)
        Returns weighted by P(s, p | c).

    Returns
    -------
    (count,) float64

    Raises
    ------
    LimitError
        P0604 when even the shortest enumeration is too long.
    """
    ranks = np.empty_like(private)
    sizes = np.empty((count, len(private)), dtype=np.int64)
    for agent, own in enumerate(private):
        width = int(own.max()) + 1
        keys, where = np.unique(pair * width + own, return_inverse=True)
        sizes[:, agent] = np.bincount(keys // width, minlength=count)
        before = np.cumsum(sizes[:, agent]) - sizes[:, agent]
        ranks[agent] = where - before[pair]
    best = np.empty(count)
    shapes, group = np.unique(sizes, axis=0, return_inverse=True)
    group = group.ravel()
    for number, types in enumerate(shapes.tolist()):
        members = np.flatnonzero(group == number)
        position = np.zeros(count, dtype=np.int64)
        position[members] = np.arange(len(members))
        rows = group[pair] == number
        shape = [len(members)]
        place = [position[pair[rows]]]
        for agent, (kinds, actions) in enumerate(zip(types, action_counts, strict=True)):
            shape += [kinds, actions]
            place += [ranks[agent][rows], action[agent][rows]]
        flat = np.ravel_multi_index(place, shape)
        table = sum_at(flat, returns[rows], int(np.prod(shape)))
        best[members] = _maximise(table.reshape(shape))
    return best


def _maximise(table: Floats) -> Floats:
    """Maximise (G, m_1, A_1, ..., m_n, A_n) over deterministic prescriptions: (G,)."""
    types, actions = table.shape[1::2], table.shape[2::2]
    counts = [float(a) ** m for m, a in zip(types, actions, strict=True)]
    everything = float(np.prod(counts))
    order = sorted(range(len(counts)), key=lambda agent: counts[agent])
    fits = [agent for agent in order if everything / counts[agent] <= _SIDE]
    responder = fits[0] if fits else order[-1]
    if everything / counts[responder] > _PROFILES:
        raise LimitError("P0604", profiles=f"{everything / counts[responder]:.3g}", limit=_PROFILES)
    others = [agent for agent in range(len(counts)) if agent != responder]
    axes = [0]
    for agent in (*others, responder):
        axes += [1 + 2 * agent, 2 + 2 * agent]
    table = table.transpose(axes).reshape(
        len(table), *(types[agent] * actions[agent] for agent in others), -1
    )
    width = types[responder] * actions[responder]
    per_node = int(everything / counts[responder]) * width
    chunk = max(1, _ENTRIES // per_node)
    best = np.full(len(table), -np.inf)
    for begin in range(0, len(table), chunk):
        part = table[begin : begin + chunk]
        stride = max(1, int(counts[others[0]] * _ENTRIES / per_node)) if others else 1
        for first in range(0, int(counts[others[0]]) if others else 1, stride):
            total = part
            for place, agent in enumerate(others):
                codes = np.arange(int(counts[agent]))
                if place == 0:
                    codes = codes[first : first + stride]
                choices = _choices(codes, types[agent], actions[agent])
                # Profiles gather in axis 1; axis 2 is the next agent's types and actions.
                if place == 0:
                    total = total[:, None]
                shape = total.shape
                total = choices @ total.reshape(shape[0], shape[1], shape[2], -1)
                total = total.reshape(shape[0], shape[1] * len(codes), *shape[3:])
            total = total.reshape(len(part), -1, types[responder], actions[responder])
            value = total.max(axis=3).sum(axis=2).max(axis=1)
            best[begin : begin + chunk] = np.maximum(best[begin : begin + chunk], value)
    return best


def _choices(codes: Ints, types: int, actions: int) -> Floats:
    """Deterministic prescriptions as 0-1 rows over (type, action)."""
    chosen = digits(codes, [actions] * types)
    rows = np.zeros((len(codes), types, actions))
    rows[np.arange(len(codes))[:, None], np.arange(types), chosen.T] = 1.0
    return rows.reshape(len(codes), -1)
