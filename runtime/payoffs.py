"""Stage payoffs: what joint prescriptions are worth at the nodes of a step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from .arrays import blocks, digits, expand_ranges, locate_values, offsets_of, sum_at
from .beliefs import Beliefs
from .errors import LimitError
from .game import Floats, Ints
from .nodes import CommonStep
from .openings import Edges
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
    private = digits(beliefs.index % prod(private_counts), private_counts)
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
    compiled: Callable[[], bool] = lambda: False,
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
    compiled
        Asked before each batch whether compiled loops may do it.

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
    private_count = prod(private_counts)
    action_counts = action_digits.max(axis=1) + 1
    following = None
    if increments is not None and step.edges is not None:
        tables, matrix = increments
        following = _Following(
            edges=step.edges,
            matrix=matrix,
            increment_count=tables.update.increment_count,
            continuation=continuation,
        )
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
                batch = _Batch(
                    start=start,
                    block=block,
                    nodes=nodes,
                    ranks=supports.ranks,
                    strides=np.ascontiguousarray(strides[:, 0]),
                    action_place=action_place,
                    size=size,
                )
                expect = batch.payoffs_compiled if compiled() else batch.payoffs
                values = expect(rewards, private_count, following)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    """Nodes with payoffs of one shape.

    Attributes
    ----------
    block
        Beliefs of the step's nodes ``start`` and following.
    nodes : (G,) int64, rows of ``block``
    ranks : n arrays, as in ``Supports``
    strides : (n,), action_place : (A,)
        Where a private value and a joint action stand in the payoffs of a node.
    size
        Payoffs of a node.
    """

    start: int
    block: Beliefs
    nodes: Ints
    ranks: tuple[Ints, ...]
    strides: Ints
    action_place: Ints
    size: int

    def payoffs(self, rewards: Floats, private_count: int, following: _Following | None) -> Floats:
        """Expected payoffs (K, G * size), in numpy."""
        entries = self.block.entries_of(self.nodes)
        lengths = self.block.lengths[self.nodes]
        place = np.repeat(np.arange(len(self.nodes)) * self.size, lengths)
        for stride, ranks in zip(self.strides, self.ranks, strict=True):
            place = place + stride * ranks[entries]
        pair, weight = self.block.index[entries], self.block.probability[entries]
        values = self._immediate(place, weight, rewards[:, pair // private_count])
        if following is not None:
            node = np.repeat(self.nodes + self.start, lengths)
            for first, last in blocks(following.lengths(pair), BLOCK):
                part = slice(first, last)
                values += self._continued(
                    following, node[part], pair[part], weight[part], place[part]
                )
        return values

    def _immediate(self, place: Ints, weight: Floats, rewards: Floats) -> Floats:
        """Sum P(s, p | c) E[r | s, a]."""
        where = (place[:, None] + self.action_place).ravel()
        size = len(self.nodes) * self.size
        return np.stack([sum_at(where, (weight[:, None] * row).ravel(), size) for row in rewards])

    def _continued(
        self, following: _Following, node: Ints, pair: Ints, weight: Floats, place: Ints
    ) -> Floats:
        """Sum P(s, p | c) P(z | s, p, a) V(child of c and z)."""
        edges, matrix = following.edges, following.matrix
        lengths = following.lengths(pair)
        taken = expand_ranges(matrix.offsets[matrix.position(pair)], lengths)
        action, increment = np.divmod(matrix.column[taken], following.increment_count)
        # Edges are sorted by node and increment, so one ordered key finds each.
        first, last = int(node.min()), int(node.max()) + 1
        edge_range = slice(int(edges.offsets[first]), int(edges.offsets[last]))
        edge_keys = (
            np.repeat(np.arange(last - first), np.diff(edges.offsets[first : last + 1]))
            * following.increment_count
            + edges.increment[edge_range]
        )
        wanted = (np.repeat(node, lengths) - first) * following.increment_count + increment
        child = edges.child[edge_range][np.searchsorted(edge_keys, wanted)]
        where = np.repeat(place, lengths) + self.action_place[action]
        mass = np.repeat(weight, lengths) * matrix.values[0][taken]
        size = len(self.nodes) * self.size
        return np.stack([sum_at(where, mass * row[child], size) for row in following.continuation])

    def payoffs_compiled(
        self, rewards: Floats, private_count: int, following: _Following | None
    ) -> Floats:
        """The same by compiled loops."""
        from .product_kernels import add_continuation, add_payoffs

        values = np.zeros((len(rewards), len(self.nodes), self.size))
        beliefs = self.block
        ranks = np.stack(self.ranks)
        add_payoffs(
            self.nodes,
            beliefs.offsets,
            beliefs.index,
            beliefs.probability,
            ranks,
            self.strides,
            self.action_place,
            rewards,
            private_count,
            values,
        )
        if following is not None:
            edges, matrix = following.edges, following.matrix
            action, increment = np.divmod(matrix.column, following.increment_count)
            add_continuation(
                self.nodes,
                beliefs.offsets,
                matrix.position(beliefs.index),
                beliefs.probability,
                ranks,
                self.strides,
                self.action_place,
                matrix.offsets,
                action,
                increment,
                matrix.values[0],
                edges.offsets,
                edges.increment,
                edges.child,
                self.start,
                np.empty(following.increment_count, dtype=np.int64),
                following.continuation,
                values,
            )
        return values.reshape(len(rewards), -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Following:
    """What a step leads to: edges, N_h, and (K, C') values of the next step's nodes."""

    edges: Edges
    matrix: SparseRows
    increment_count: int
    continuation: Floats

    def lengths(self, rows: Ints) -> Ints:
        """How many entries of N_h the given rows have."""
        return np.diff(self.matrix.offsets)[self.matrix.position(rows)]
