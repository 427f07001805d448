"""Stage payoffs: what joint prescriptions are worth at the nodes of a step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .arrays import blocks, digits, expand_ranges, locate_values, offsets_of, sum_at
from .beliefs import Beliefs
from .errors import LimitError
from .game import Floats, Ints
from .nodes import CommonStep
from .operators import BLOCK, SparseRows, StepTables

_ENTRIES = 1 << 20
"""Payoff entries computed at once."""
MAX_AGENTS = 31
"""Two axes of each agent and two more are what numpy has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePayoffs:
    """Payoffs of a batch of nodes where each agent has equally many possible private values.

    Attributes
    ----------
    nodes : (G,) int64
    private : n arrays (G, m_i) int64
        Agent i's private values with positive probability, ascending.
    values : (K, G, m_1, A_1, ..., m_n, A_n)
        For each of the K reward functions asked for, the expected payoff from this step on when
        the private values are p and the actions a, *weighted by P(p | c)*: the payoff of
        prescriptions is the multilinear form in them (Proposition 9).
    """

    nodes: Ints
    private: tuple[Ints, ...]
    values: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Supports:
    """Private values with positive probability at some nodes, per agent, as sparse rows.

    Attributes
    ----------
    offsets : n arrays (G + 1,) int64
    values : n arrays int64, ascending within a node
    ranks : n arrays, for each belief entry of these nodes where its p_i is in its node's row
    """

    offsets: tuple[Ints, ...]
    values: tuple[Ints, ...]
    ranks: tuple[Ints, ...]

    @property
    def shapes(self) -> Ints:
        """(m_1, ..., m_n) of each node, shape (G, n)."""
        return np.stack([np.diff(offsets) for offsets in self.offsets], axis=1)


def list_supports(beliefs: Beliefs, private_counts: Sequence[int]) -> Supports:
    """Find the private values that each belief gives positive probability."""
    node = np.repeat(np.arange(beliefs.count), beliefs.lengths)
    private = digits(beliefs.index % int(np.prod(private_counts)), private_counts)
    offsets: list[Ints] = []
    values: list[Ints] = []
    ranks: list[Ints] = []
    for count, own in zip(private_counts, private, strict=True):
        keys, where = locate_values(node * count + own)
        offsets.append(offsets_of(np.bincount(keys // count, minlength=beliefs.count)))
        values.append(keys % count)
        ranks.append(where - offsets[-1][node])
    return Supports(offsets=tuple(offsets), values=tuple(values), ranks=tuple(ranks))


def expand_payoffs(
    step: CommonStep,
    *,
    private_counts: Sequence[int],
    action_digits: Ints,
    rewards: Floats,
    increments: tuple[StepTables, SparseRows] | None,
    continuation: Floats,
) -> Iterator[StagePayoffs]:
    """Compute U at all nodes of a step, batch by batch.

    Parameters
    ----------
    private_counts
        P_i of the step.
    action_digits : (n, A)
    rewards : (K, S, A)
        E[r | s, a] for each reward function.
    increments
        The tables that lead to the next step and N_h over them; None at the last step.
    continuation : (K, C')
        Values of the next step's nodes, already discounted by one step.

    Raises
    ------
    LimitError
        P0607, for more agents than arrays have axes for.

    Notes
    -----
    Source: Liu and Zhang (2023), Algorithm 1 and Proposition 9.
    """
    if len(private_counts) > MAX_AGENTS:
        raise LimitError("P0607", agents=len(private_counts), limit=MAX_AGENTS)
    beliefs = step.beliefs
    private_count = int(np.prod(private_counts))
    action_counts = action_digits.max(axis=1) + 1
    for start, stop in blocks(beliefs.lengths * action_digits.shape[1], _ENTRIES):
        block = beliefs.cut(start, stop)
        supports = list_supports(block, private_counts)
        for shape, members in _group_rows(supports.shapes):
            sizes = np.stack([shape, action_counts], axis=1).ravel()
            size = int(np.prod(sizes))
            strides = np.append(np.cumprod(sizes[:0:-1])[::-1], 1).reshape(-1, 2)
            action_place = strides[:, 1] @ action_digits
            cost = np.full(len(members), size * len(rewards))
            for begin, end in blocks(cost, _ENTRIES):
                nodes = members[begin:end]
                entries = block.entries_of(nodes)
                lengths = block.lengths[nodes]
                place = np.repeat(np.arange(len(nodes)) * size, lengths)
                for stride, ranks in zip(strides[:, 0], supports.ranks, strict=True):
                    place = place + stride * ranks[entries]
                pair, weight = block.index[entries], block.probability[entries]
                values = _immediate(
                    place,
                    action_place,
                    weight,
                    rewards[:, pair // private_count],
                    len(nodes) * size,
                )
                if increments is not None:
                    node = np.repeat(nodes + start, lengths)
                    for first, last in blocks(_lengths(increments[1], pair), BLOCK):
                        part = slice(first, last)
                        values += _continued(
                            step,
                            increments,
                            continuation,
                            (node[part], pair[part], weight[part], place[part]),
                            action_place,
                            len(nodes) * size,
                        )
                yield StagePayoffs(
                    nodes=nodes + start,
                    private=tuple(
                        column[offsets[nodes][:, None] + np.arange(count)]
                        for offsets, column, count in zip(
                            supports.offsets, supports.values, shape, strict=True
                        )
                    ),
                    values=values.reshape(len(rewards), len(nodes), *sizes),
                )


def _group_rows(shapes: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Group nodes by shape: each distinct row of (G, n), and where it stands."""
    if (shapes == shapes[0]).all():
        yield shapes[0], np.arange(len(shapes))
        return
    distinct, group = np.unique(shapes, axis=0, return_inverse=True)
    for number, shape in enumerate(distinct):
        yield shape, np.flatnonzero(group.ravel() == number)


def _immediate(
    place: Ints, action_place: Ints, weight: Floats, rewards: Floats, size: int
) -> Floats:
    """Sum P(s, p | c) E[r | s, a] into (K, size)."""
    where = (place[:, None] + action_place).ravel()
    return np.stack([sum_at(where, (weight[:, None] * row).ravel(), size) for row in rewards])


def _lengths(matrix: SparseRows, rows: Ints) -> Ints:
    return np.diff(matrix.offsets)[matrix.position(rows)]


def _continued(
    step: CommonStep,
    increments: tuple[StepTables, SparseRows],
    continuation: Floats,
    entries: tuple[Ints, Ints, Floats, Ints],
    action_place: Ints,
    size: int,
) -> Floats:
    """Sum P(s, p | c) P(z | s, p, a) V(child of c and z) into (K, size)."""
    node, pair, weight, place = entries
    edges = step.edges
    if edges is None:
        raise AssertionError("the last step has no continuation")
    tables, matrix = increments
    increment_count = tables.update.increment_count
    lengths = _lengths(matrix, pair)
    taken = expand_ranges(matrix.offsets[matrix.position(pair)], lengths)
    action, increment = np.divmod(matrix.column[taken], increment_count)
    # Edges are sorted by node and increment, so one ordered key finds each.
    first, last = int(node.min()), int(node.max()) + 1
    edge_range = slice(int(edges.offsets[first]), int(edges.offsets[last]))
    edge_keys = (
        np.repeat(np.arange(last - first), np.diff(edges.offsets[first : last + 1]))
        * increment_count
        + edges.increment[edge_range]
    )
    wanted = (np.repeat(node, lengths) - first) * increment_count + increment
    child = edges.child[edge_range][np.searchsorted(edge_keys, wanted)]
    where = np.repeat(place, lengths) + action_place[action]
    mass = np.repeat(weight, lengths) * matrix.values[0][taken]
    return np.stack([sum_at(where, mass * row[child], size) for row in continuation])
