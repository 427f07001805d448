"""Mixed-radix numbers: tuples of codes as integers, the last place fastest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod

import numpy as np

from .columns import Rows

MAX_KEY = 2**62


def digit(numbers: Rows, sizes: tuple[int, ...], place: int) -> Rows:
    """One digit of mixed-radix numbers, the last digit fastest."""
    return np.asarray((numbers // prod(sizes[place + 1 :])) % sizes[place])


def digits(numbers: Rows, sizes: tuple[int, ...]) -> Rows:
    """All digits, (rows, places)."""
    if not sizes:
        return np.zeros((len(numbers), 0), dtype=np.int64)
    return np.stack([digit(numbers, sizes, place) for place in range(len(sizes))], axis=1)


def number(codes: Sequence[Rows], sizes: Sequence[int]) -> Rows:
    """Mixed-radix numbers from digits; 0 when there are none."""
    total: Rows = np.asarray(0)
    for code, size in zip(codes, sizes, strict=True):
        total = total * size + code
    return np.asarray(total)


def distinct(columns: Iterable[Rows], sizes: Sequence[int], count: int) -> tuple[Rows, Rows]:
    """First row of each distinct combination, and the combination of each row."""
    key = np.zeros(count, dtype=np.int64)
    space = 1
    for column, size in zip(columns, sizes, strict=True):
        if space * size >= MAX_KEY:
            _, key = np.unique(key, return_inverse=True)
            space = int(key.max(initial=0)) + 1
        key = key * size + column
        space *= size
    if space <= 4 * count + 100_000:
        first = np.full(space, -1, dtype=np.int64)
        first[key[::-1]] = np.arange(count - 1, -1, -1)
        used = first >= 0
        rank = np.cumsum(used) - 1
        return first[used], rank[key]
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    return first, inverse
