"""Tables as nested case distinctions that are short to read.

A table over some axes becomes a tree of matches. Each match distinguishes one group of axes (all
actions, say); its arms are boxes of index sets, and an arm's value is the tree of what is left. The
order of the groups is the one that takes the fewest words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from math import prod

import numpy as np
from numpy.typing import NDArray

from .independence import distinct_rows
from .tabular import Ids

Box = tuple[tuple[int, ...] | None, ...]
"""For each axis of a match the indices that fit, None for all."""
_FEW_CELLS = 20_000
"""Tables beyond this are tried in two orders only, and never as one flat match."""
_FLAT_CELLS = 4_000


@dataclass(frozen=True, slots=True)
class Arm:
    """Boxes, any of which may fit, and what holds then; no boxes stand for all that is left."""

    boxes: tuple[Box, ...]
    value: Cases


@dataclass(frozen=True, slots=True)
class Match:
    """A case distinction over some axes (numbers of axes of the whole table)."""

    axes: tuple[int, ...]
    arms: tuple[Arm, ...]


Cases = int | Match
"""A tree; its leaves are entries of the table."""


def find_cases(table: Ids, groups: Sequence[Sequence[int]]) -> tuple[Cases, int]:
    """Tree of a table and the number of words that it takes: of patterns, of values, and `match`.

    Parameters
    ----------
    table
        Any number of axes.
    groups
        Axes that are distinguished together, in the order that is preferred where others take as
        many words. Together they are all axes.
    """
    kept = [axis for axis in range(table.ndim) if not _is_constant(table, axis)]
    reduced = table[tuple(slice(None) if axis in kept else 0 for axis in range(table.ndim))]
    used = [tuple(axis for axis in group if axis in kept) for group in groups]
    used = [group for group in used if group]
    if not used:
        return int(reduced), 1
    orders = [tuple(used), tuple(used[::-1])]
    if reduced.size <= _FEW_CELLS:
        orders = list(permutations(used))
    if len(used) > 1 and reduced.size <= _FLAT_CELLS:
        orders.append((tuple(sorted(kept)),))
    found = [_Builder(reduced, kept, list(order)).build() for order in orders]
    return min(found, key=lambda tree: tree[1])


def _is_constant(table: Ids, axis: int) -> bool:
    return bool((table == np.take(table, [0], axis=axis)).all())


class _Builder:
    """Builds one tree; equal parts of the table are looked at once."""

    def __init__(self, table: Ids, names: list[int], groups: list[tuple[int, ...]]) -> None:
        self.names = names
        self.groups = groups
        order = [names.index(axis) for group in groups for axis in group]
        self.table = np.ascontiguousarray(table.transpose(order))
        self.shapes = [[table.shape[names.index(axis)] for axis in group] for group in groups]
        self.known: dict[tuple[int, bytes], tuple[Cases, int]] = {}

    def build(self) -> tuple[Cases, int]:
        return self.tree(0, self.table)

    def tree(self, depth: int, table: Ids) -> tuple[Cases, int]:
        """Tree over the groups from ``depth`` on, and its number of words."""
        if depth == len(self.groups):
            return int(table), 1
        key = (depth, table.tobytes())
        if key not in self.known:
            self.known[key] = self.distinguish(depth, table)
        return self.known[key]

    def distinguish(self, depth: int, table: Ids) -> tuple[Cases, int]:
        shape = self.shapes[depth]
        parts = table.reshape(prod(shape), -1)
        distinct, classes = distinct_rows(parts)
        rest = table.shape[len(shape) :]
        if len(distinct) == 1:
            return self.tree(depth + 1, table.reshape(-1, *rest)[0])
        arms: list[Arm] = []
        count = 1
        for boxes, number in cover(classes.reshape(shape)):
            value, inner = self.tree(depth + 1, distinct[number].reshape(rest))
            arms.append(Arm(boxes, value))
            count += inner + max(1, _words(boxes))
        return Match(self.groups[depth], tuple(arms)), count


def cover(classes: Ids) -> list[tuple[tuple[Box, ...], int]]:
    """Boxes of the cells of each class, in the order of first cells.

    A class with more cells than any other one comes last, without boxes.
    """
    numbers, first, counts = np.unique(classes, return_index=True, return_counts=True)
    boxes: dict[int, tuple[Box, ...]] = {}
    for number, place, count in zip(numbers.tolist(), first.tolist(), counts.tolist(), strict=True):
        if count == 1:
            cell = np.unravel_index(place, classes.shape)
            boxes[number] = (tuple((int(code),) for code in cell),)
        else:
            boxes[number] = _boxes(classes == number)
    largest = counts == counts.max()
    last = int(numbers[largest][0]) if largest.sum() == 1 and len(numbers) > 1 else None
    arms = [(boxes[number], number) for number in boxes if number != last]
    return arms if last is None else [*arms, ((), last)]


def _words(boxes: tuple[Box, ...]) -> int:
    """How many words the patterns of an arm have."""
    return sum(1 if codes is None else len(codes) for box in boxes for codes in box)


def _boxes(mask: NDArray[np.bool_]) -> tuple[Box, ...]:
    """Cover the cells of a mask with boxes inside it, grown along the axes in either order."""
    axes = range(mask.ndim)
    return min((_grown(mask, axes), _grown(mask, axes[::-1])), key=_words)


def _grown(mask: NDArray[np.bool_], axes: range) -> tuple[Box, ...]:
    left = mask.copy()
    found: list[Box] = []
    while left.any():
        cell = np.unravel_index(int(np.argmax(left)), mask.shape)
        box = [np.array([code]) for code in cell]
        for axis in axes:
            wide = [*box]
            wide[axis] = np.arange(mask.shape[axis])
            others = tuple(other for other in range(mask.ndim) if other != axis)
            box[axis] = np.flatnonzero(mask[np.ix_(*wide)].all(axis=others))
        left[np.ix_(*box)] = False
        found.append(
            tuple(
                None if len(codes) == size else tuple(codes.tolist())
                for codes, size in zip(box, mask.shape, strict=True)
            )
        )
    return tuple(found)
