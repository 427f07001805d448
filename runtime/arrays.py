"""Array idioms for ragged data: concatenated ranges, mixed-radix digits and sums by key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .game import Floats, Ints

Counts = NDArray[np.int64] | NDArray[np.object_]
"""Counts, as Python integers where they may be too large for an int64."""
KEY_LIMIT = 2**62
"""Composite keys stay below this, so that they fit an int64."""


def expand_ranges(starts: Ints, lengths: Ints) -> Ints:
    """Concatenate the ranges ``starts[k] .. starts[k] + lengths[k]``."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    shift: Ints = np.repeat(starts - (ends - lengths), lengths)
    return shift + np.arange(total, dtype=np.int64)


def offsets_of(lengths: Ints) -> Ints:
    """Offsets of consecutive runs of the given lengths, one longer than ``lengths``."""
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def sum_at(places: Ints, weights: Floats, count: int) -> Floats:
    """Add up weights by place: (count,)."""
    return np.bincount(places, weights, minlength=count).astype(np.float64, copy=False)


def run_starts(keys: Ints) -> Ints:
    """Where a new value begins in an array that holds equal values side by side."""
    if not len(keys):
        return np.zeros(0, dtype=np.int64)
    changes = np.ones(len(keys), dtype=bool)
    np.not_equal(keys[1:], keys[:-1], out=changes[1:])
    return np.flatnonzero(changes)


def distinct_values(values: NDArray[Any]) -> NDArray[Any]:
    """The values of an array, ascending and each once.

    As ``numpy.unique``, which takes 20 ms to import ``numpy.ma`` and ask whether values are masked.
    """
    table = _mark(values)
    if table is not None:
        return np.flatnonzero(table).astype(values.dtype, copy=False)
    ordered = np.sort(values, axis=None)
    return ordered[run_starts(ordered)]


def locate_values(values: Ints) -> tuple[Ints, Ints]:
    """Return the distinct values, ascending, and for each entry of (N,) its place among them."""
    table = _mark(values)
    if table is None:
        found, place = np.unique(values, return_inverse=True)
        return found, place.astype(np.int64, copy=False)
    ranks = np.cumsum(table, dtype=np.int64)
    ranks -= 1
    return np.flatnonzero(table), ranks[values]


def _mark(keys: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Which integers occur, as a table, where that is about as small as ``keys``; else None.

    Writing into a table takes a tenth of the time of sorting.
    """
    if not keys.size or keys.dtype.kind not in "iu" or keys.min() < 0:
        return None
    size = int(keys.max()) + 1
    if size > 4 * keys.size:
        return None
    table = np.zeros(size, dtype=np.bool_)
    table[keys] = True
    return table


def digits(codes: Ints, radices: Sequence[int]) -> Ints:
    """Mixed-radix digits of codes, last digit fastest: shape (len(radices), *codes.shape)."""
    found = np.empty((len(radices), *codes.shape), dtype=np.int64)
    for place in range(len(radices) - 1, -1, -1):
        codes, found[place] = np.divmod(codes, radices[place])
    return found


def sum_by_key(keys: Ints, *weights: Floats) -> tuple[Ints, list[Floats]]:
    """Add up the weights of equal keys: the distinct keys, ascending, and the sums."""
    table = _mark(keys)
    if table is not None:
        places = np.flatnonzero(table)
        return places, [sum_at(keys, weight, len(table))[places] for weight in weights]
    order = np.argsort(keys)
    ordered = keys[order]
    starts = run_starts(ordered)
    if not len(starts):
        return ordered, list(weights)
    return ordered[starts], [np.add.reduceat(weight[order], starts) for weight in weights]


class Columns:
    """Arrays that grow side by side, piece by piece.

    Each piece is copied into an array with room for as much again; room that is not used is not
    backed by memory. So at no time everything is in memory twice.
    """

    def __init__(self) -> None:
        self._arrays: list[NDArray[Any]] = []
        self._lengths: list[int] = []

    def add(self, *pieces: NDArray[Any]) -> None:
        """Append one piece to each column."""
        if not self._arrays:
            self._arrays = [np.empty_like(piece) for piece in pieces]
            self._lengths = [0] * len(pieces)
        for column, piece in enumerate(pieces):
            array, begin = self._arrays[column], self._lengths[column]
            end = begin + len(piece)
            if end > len(array):
                array = np.empty((2 * end, *array.shape[1:]), dtype=array.dtype)
                array[:begin] = self._arrays[column][:begin]
                self._arrays[column] = array
            array[begin:end] = piece
            self._lengths[column] = end

    def join(self) -> list[NDArray[Any]]:
        """Return the columns and forget them."""
        joined = [array[:length] for array, length in zip(self._arrays, self._lengths, strict=True)]
        self._arrays, self._lengths = [], []
        return joined


def blocks(costs: Ints, limit: int) -> Iterator[tuple[int, int]]:
    """Cut items into consecutive blocks of total cost at most ``limit`` (or of one item)."""
    reached = np.cumsum(costs)
    start = 0
    while start < len(costs):
        before = int(reached[start - 1]) if start else 0
        stop = int(np.searchsorted(reached, before + limit, side="right"))
        stop = max(stop, start + 1)
        yield start, stop
        start = stop


def add_counts(counts: Counts, places: Ints, size: int) -> Counts:
    """Add up counts by place, exactly: Python integers take over where an int64 might overflow."""
    if counts.dtype != object and int(counts.max(initial=0)) * len(counts) < KEY_LIMIT:
        small = np.zeros(size, dtype=np.int64)
        np.add.at(small, places, counts)
        return small
    total = np.zeros(size, dtype=object)
    order = np.argsort(places, kind="stable")
    starts = run_starts(places[order])
    total[places[order][starts]] = np.add.reduceat(counts[order].astype(object), starts)
    return total
