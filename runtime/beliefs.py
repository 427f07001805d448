"""Beliefs P(s_h, p_h | c_h) of many nodes as sparse rows, and the merging of equal ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .arrays import expand_ranges, offsets_of
from .game import Floats, Ints

NEGLIGIBLE = 1e-14
"""Smaller probabilities are dropped from a belief."""
CELL = 1e-10
"""Beliefs are compared after rounding to this grid ..."""
SPREAD = 1e-8
"""... and a class wider than this would be a bug."""
_SHIFT = 0.38196601125
"""Keeps decimal fractions, which real beliefs are full of, away from the edges of the grid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beliefs:
    """Sparse rows, one a node, over sp = s * P + p (p the joint private value).

    Attributes
    ----------
    offsets : (C + 1,) int64
    index : (K,) int64, ascending within a row
    probability : (K,) float64, positive, summing to 1 in each row
    """

    offsets: Ints
    index: Ints
    probability: Floats

    @property
    def count(self) -> int:
        """C, the number of rows."""
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Ints:
        """Entries of each row."""
        return np.diff(self.offsets)

    def entries_of(self, rows: Ints) -> Ints:
        """Positions of the entries of the given rows, row after row."""
        return expand_ranges(self.offsets[rows], self.lengths[rows])

    def take(self, rows: Ints) -> Beliefs:
        """Select rows, in the given order."""
        entries = self.entries_of(rows)
        return Beliefs(
            offsets=offsets_of(self.lengths[rows]),
            index=self.index[entries],
            probability=self.probability[entries],
        )

    def cut(self, begin: int, end: int) -> Beliefs:
        """Rows ``begin .. end``, without copying their entries."""
        entries = slice(int(self.offsets[begin]), int(self.offsets[end]))
        return Beliefs(
            offsets=self.offsets[begin : end + 1] - self.offsets[begin],
            index=self.index[entries],
            probability=self.probability[entries],
        )

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        return self.offsets.nbytes + self.index.nbytes + self.probability.nbytes


def normalise_beliefs(
    starts: Ints, index: Ints, weight: Floats, *, negligible: float = NEGLIGIBLE
) -> Beliefs:
    """Divide each row by its sum, without the entries that are negligible after that.

    Parameters
    ----------
    starts : (C,) int64
        Where each row begins; no row is empty.
    index, weight : (K,)
        Entries with positive weight.
    """
    lengths = np.diff(np.append(starts, len(index)))
    probability = weight / np.repeat(np.add.reduceat(weight, starts), lengths)
    kept = probability >= negligible
    if not kept.all():
        lengths = np.add.reduceat(kept.astype(np.int64), starts)
        index, probability = index[kept], probability[kept]
        sums = np.add.reduceat(probability, offsets_of(lengths)[:-1])
        probability = probability / np.repeat(sums, lengths)
    return Beliefs(offsets=offsets_of(lengths), index=index, probability=probability)


def merge_beliefs(beliefs: Beliefs) -> tuple[Beliefs, Ints]:
    """Merge equal rows: distinct rows by first appearance, and the class of each row.

    Rows are equal when their entries agree after rounding to a grid of ``CELL``; the first row of
    a class represents it, unrounded. Two equal beliefs whose rounding errors fall on different
    sides of a grid edge stay apart, which costs a node and changes nothing else.
    """
    first, second = _fingerprints(beliefs)
    order = np.lexsort((second, first))
    changes = np.ones(len(order), dtype=bool)
    changes[1:] = (first[order][1:] != first[order][:-1]) | (
        second[order][1:] != second[order][:-1]
    )
    representatives = order[changes]
    by_appearance = np.argsort(representatives)
    rank = np.empty_like(by_appearance)
    rank[by_appearance] = np.arange(len(rank))
    classes = np.empty(len(order), dtype=np.int64)
    classes[order] = rank[np.cumsum(changes) - 1]
    representatives = representatives[by_appearance]
    _check_spread(beliefs, representatives[classes])
    return beliefs.take(representatives), classes


def _fingerprints(beliefs: Beliefs) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Two 64-bit sums per row over its rounded entries."""
    cell = np.floor(beliefs.probability / CELL + _SHIFT).astype(np.uint64)
    entry = _mix(beliefs.index.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) ^ _mix(cell))
    starts = beliefs.offsets[:-1]
    return np.add.reduceat(entry, starts), np.add.reduceat(_mix(~entry), starts)


def _mix(words: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit words (the finaliser of SplitMix64)."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _check_spread(beliefs: Beliefs, representative: Ints) -> None:
    """Make sure that each row is as close to its representative as equal fingerprints promise."""
    lengths = beliefs.lengths
    same = np.array_equal(lengths, lengths[representative])
    if same:
        other = beliefs.entries_of(representative)
        same = np.array_equal(beliefs.index, beliefs.index[other]) and (
            float(np.abs(beliefs.probability - beliefs.probability[other]).max()) < SPREAD
        )
    if not same:
        raise AssertionError("different beliefs share a fingerprint")
