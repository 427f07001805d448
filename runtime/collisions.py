"""Where (p_i, a_i, o_i') cannot be told from the increment z and the next private value p_i'."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .arrays import (
    KEY_LIMIT,
    blocks,
    digits,
    distinct_values,
    expand_ranges,
    offsets_of,
    run_starts,
)
from .beliefs import Beliefs
from .errors import LimitError
from .game import Ints
from .information import Update
from .operators import StepTables

Triple = tuple[int, int, int]
"""(p_i, a_i, o_i')"""
_BLOCK = 1 << 22
_LOOKED_AT = 32
"""Collisions, and members of each, among which the closest two triples are chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collision:
    """Two triples that are both possible with a support, and become the same.

    Attributes
    ----------
    support
        Row of the support.
    increment
        z.
    triples
        They differ in as few places as possible.
    """

    support: int
    increment: int
    triples: tuple[Triple, Triple]


def collides_alone(update: Update, agent: int) -> bool:
    """Whether agent i's tables alone leave open that two triples become the same."""
    part = update.common[agent].ravel()
    size = update.common_sizes[agent]
    if update.joint is not None:
        known = digits(np.arange(len(update.joint)), update.common_sizes)[agent]
        pairs = distinct_values(update.joint * size + known)
        if len(run_starts(pairs // size)) < len(pairs):  # z does not tell the part.
            part = np.zeros_like(part)
    keys = update.private[agent].ravel() * size + part
    return len(distinct_values(keys)) < len(keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspects:
    """The triples that collide if all of the given (s, p) are possible.

    Attributes
    ----------
    rows : (R,) int64
        The (s, p), ascending.
    offsets : (R + 1,) int64
        Row r can lead to ``member[offsets[r]:offsets[r + 1]]``.
    member : (N,) int64
        Positions in ``group`` and ``code``.
    group, code : (M,) int64
        What a triple becomes, as z * P_i' + p_i', and the triple; sorted, no pair twice.
    shape
        (P_i, A_i, O_i), which the codes are made with.
    next_count
        P_i'.
    """

    rows: Ints
    offsets: Ints
    member: Ints
    group: Ints
    code: Ints
    shape: tuple[int, ...]
    next_count: int


def find_suspects(tables: StepTables, rows: Ints, agent: int) -> Suspects | None:
    """Find what collides if all the given (s, p) are possible; None if nothing does."""
    shape = tables.update.private[agent].shape
    width = int(np.prod(shape))
    next_count = tables.next_private_counts[agent]
    if tables.update.increment_count * next_count * width >= KEY_LIMIT:
        raise LimitError("P0603", columns=tables.update.increment_count * next_count)
    found = [distinct_values(keys) for _, keys in _route(tables, rows, agent)]
    keys = distinct_values(np.concatenate(found))
    sizes = np.diff(np.append(run_starts(keys // width), len(keys)))
    keys = keys[np.repeat(sizes > 1, sizes)]
    if not len(keys):
        return None
    counts = np.zeros(len(rows), dtype=np.int64)
    members: list[Ints] = []
    for row, block in _route(tables, rows, agent):
        place = np.minimum(np.searchsorted(keys, block), len(keys) - 1)
        hit = keys[place] == block
        pairs = distinct_values(row[hit] * len(keys) + place[hit])
        counts += np.bincount(pairs // len(keys), minlength=len(rows))
        members.append(pairs % len(keys))
    return Suspects(
        rows=rows,
        offsets=offsets_of(counts),
        member=np.concatenate(members),
        group=keys // width,
        code=keys % width,
        shape=shape,
        next_count=next_count,
    )


def _route(tables: StepTables, rows: Ints, agent: int) -> Iterator[tuple[Ints, Ints]]:
    """Give, block by block, the row of each outcome and (z, p_i', p_i, a_i, o_i') as one code."""
    shape = tables.update.private[agent].shape
    private = digits(rows % int(np.prod(tables.private_counts)), tables.private_counts)[agent]
    for block in tables.route(rows):
        own = (
            private[block.row],
            tables.action_digits[agent][block.action],
            tables.observation_digits[agent][block.observation],
        )
        group = block.increment * tables.next_private_counts[agent]
        group += tables.update.private[agent][own]
        code = np.asarray(np.ravel_multi_index(own, shape), dtype=np.int64)
        yield block.row, group * int(np.prod(shape)) + code


def find_collision(suspects: Suspects, supports: Beliefs) -> Collision | None:
    """Find a support that makes two triples of a group possible."""
    lengths = np.diff(suspects.offsets)
    position = np.searchsorted(suspects.rows, supports.index)
    cost = lengths[position]
    count = len(suspects.group)
    for begin, end in blocks(np.add.reduceat(cost, supports.offsets[:-1]), _BLOCK):
        entries = slice(int(supports.offsets[begin]), int(supports.offsets[end]))
        support = np.repeat(np.arange(begin, end), supports.lengths[begin:end])
        taken = expand_ranges(suspects.offsets[position[entries]], cost[entries])
        keys = distinct_values(np.repeat(support, cost[entries]) * count + suspects.member[taken])
        support, member = keys // count, keys % count
        starts = run_starts(support * (int(suspects.group[-1]) + 1) + suspects.group[member])
        sizes = np.diff(np.append(starts, len(keys)))
        failing = np.flatnonzero(sizes > 1)
        if len(failing):
            return min(
                (
                    _closest(suspects, int(support[start]), member[start : start + size])
                    for start, size in zip(
                        starts[failing[:_LOOKED_AT]], sizes[failing[:_LOOKED_AT]], strict=True
                    )
                ),
                key=_differences,
            )
    return None


def _closest(suspects: Suspects, support: int, members: Ints) -> Collision:
    """Choose two of the members of a group, all possible with one support."""
    triples = digits(suspects.code[members[:_LOOKED_AT]], suspects.shape).T.tolist()
    pairs = combinations([(int(p), int(a), int(o)) for p, a, o in triples], 2)
    increment = int(suspects.group[members[0]]) // suspects.next_count
    return min(
        (Collision(support=support, increment=increment, triples=pair) for pair in pairs),
        key=_differences,
    )


def _differences(collision: Collision) -> int:
    first, second = collision.triples
    return sum(a != b for a, b in zip(first, second, strict=True))
