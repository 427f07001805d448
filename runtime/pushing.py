"""Bayes' rule for many nodes at once: the children of beliefs under two strategies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import KEY_LIMIT, expand_ranges, offsets_of, run_starts, sum_by_key
from .beliefs import Beliefs, normalise_beliefs
from .errors import LimitError
from .game import Floats, Ints
from .operators import SparseRows, StepTables

COMPILED = 1 << 22
"""Products of a step from which on loading a kernel takes less time than it saves."""


def draw_prescriptions(
    random: np.random.Generator, private_counts: tuple[int, ...], action_counts: tuple[int, ...]
) -> tuple[Floats, ...]:
    """Draw one full-support prescription per agent, of shape (P_i, A_i)."""
    drawn: list[Floats] = []
    for private_count, action_count in zip(private_counts, action_counts, strict=True):
        weights = random.uniform(0.25, 1.0, size=(private_count, action_count))
        drawn.append(weights / weights.sum(axis=1, keepdims=True))
    return tuple(drawn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Children:
    """Children of a few nodes under both strategies, by source and increment."""

    source: Ints
    increment: Ints
    probability: Floats
    distance: Floats
    beliefs: Beliefs


def push_beliefs(
    tables: StepTables,
    beliefs: Beliefs,
    operator: SparseRows,
    begin: int,
    end: int,
    *,
    compiled: bool = False,
) -> Children:
    """Push the nodes ``begin .. end``.

    Parameters
    ----------
    operator
        F_h.
    compiled
        Whether a compiled loop may do it, which pays from ``COMPILED`` products on. It needs room
        for all columns of a node, so it is used where that is not much more than the products.

    Raises
    ------
    LimitError
        P0603.
    """
    entries = slice(int(beliefs.offsets[begin]), int(beliefs.offsets[end]))
    position = operator.position(beliefs.index[entries])
    lengths = np.diff(operator.offsets)[position]
    width = tables.update.increment_count * tables.target_count
    if (end - begin) * width >= KEY_LIMIT:
        raise LimitError("P0603", columns=width)
    products = int(lengths.sum())
    if compiled and (end - begin) * width <= 4 * products:
        return _push_compiled(tables, beliefs, operator, begin, end, position, products)
    taken = expand_ranges(operator.offsets[position], lengths)
    node = np.repeat(np.arange(end - begin), beliefs.lengths[begin:end])
    probability = np.repeat(beliefs.probability[entries], lengths)
    keys, (uniform, other) = sum_by_key(
        np.repeat(node, lengths) * width + operator.column[taken],
        probability * operator.values[0][taken],
        probability * operator.values[1][taken],
    )
    branch = keys // tables.target_count
    starts = run_starts(branch)
    mass = (np.add.reduceat(uniform, starts), np.add.reduceat(other, starts))
    repeats = np.diff(np.append(starts, len(keys)))
    gap = np.abs(uniform / np.repeat(mass[0], repeats) - other / np.repeat(mass[1], repeats))
    return Children(
        source=begin + branch[starts] // tables.update.increment_count,
        increment=branch[starts] % tables.update.increment_count,
        probability=mass[0],
        distance=np.add.reduceat(gap, starts),
        beliefs=normalise_beliefs(starts, keys % tables.target_count, uniform),
    )


def _push_compiled(
    tables: StepTables,
    beliefs: Beliefs,
    operator: SparseRows,
    begin: int,
    end: int,
    position: Ints,
    products: int,
) -> Children:
    from .product_kernels import push_rows

    block = beliefs.cut(begin, end)
    source, increment, lengths, index = (np.empty(products, dtype=np.int64) for _ in range(4))
    mass, distance, probability = (np.empty(products) for _ in range(3))
    edges, entries = push_rows(
        block.offsets,
        position,
        block.probability,
        operator.offsets,
        operator.column,
        operator.values[0],
        operator.values[1],
        tables.target_count,
        np.zeros((2, tables.update.increment_count * tables.target_count)),
        source,
        increment,
        mass,
        distance,
        lengths,
        index,
        probability,
    )
    return Children(
        source=begin + source[:edges],
        increment=increment[:edges],
        probability=mass[:edges],
        distance=distance[:edges],
        beliefs=Beliefs(
            offsets=offsets_of(lengths[:edges]),
            index=index[:entries],
            probability=probability[:entries],
        ),
    )
