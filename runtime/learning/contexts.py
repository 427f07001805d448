"""Windows of common information that occurred in samples, from short to long, as a tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import KEY_LIMIT, locate_values
from ..errors import LimitError
from ..game import Ints
from ..information import InformationStructure
from ..timestamps import Atoms, Timestamps, whole_increments
from .samples import StepSamples


class WindowCodes:
    """Numbers for what windows hold of each increment.

    The window of length l at step h holds of z_h, z_{h-1}, ..., z_{h-l+1} what is younger than l
    steps, as column 0, ..., l - 1. Columns from before the episode hold 0, so a window that reaches
    back to its start says so; and increments that consist of different things have different
    numbers.
    """

    def __init__(self, information: InformationStructure, timestamps: Timestamps | None) -> None:
        self._atoms = whole_increments(information) if timestamps is None else timestamps.increments
        self._kinds: list[Atoms] = []
        self._kind_of_step: list[int] = []
        for atoms in self._atoms:
            kind = next((k for k, known in enumerate(self._kinds) if known.same_as(atoms)), None)
            if kind is None:
                kind = len(self._kinds)
                self._kinds.append(atoms)
            self._kind_of_step.append(kind)

    def radices(self, length: int) -> tuple[int, ...]:
        """How many numbers each column of a window has at most."""
        return tuple(
            1 + sum(atoms.count(length - back) for atoms in self._kinds) for back in range(length)
        )

    def columns(self, step: int, length: int, increments: Ints) -> Ints:
        """Window of length l for increments (N, h): (N, l)."""
        codes = np.zeros((len(increments), length), dtype=np.int64)
        for back in range(min(length, step)):
            at = step - back
            atoms, limit = self._atoms[at - 1], length - back
            codes[:, back] = self._base(at, limit) + atoms.keep(increments[:, at - 1], limit)
        return codes

    def extend(
        self, step: int, length: int, codes: Ints, increments: Ints, later_length: int
    ) -> Ints:
        """Window of ``later_length`` at ``step`` + 1, at most one longer, after z_{step+1}.

        Parameters
        ----------
        codes : (N, l)
            Windows of ``length`` l at ``step``.
        increments : (N,)
        """
        found = np.zeros((len(codes), later_length), dtype=np.int64)
        for back in range(min(later_length, step + 1)):
            at, limit = step + 1 - back, later_length - back
            atoms = self._atoms[at - 1]
            if back == 0:
                kept = atoms.keep(increments, limit)
            else:
                before = length - back + 1
                old = codes[:, back - 1] - self._base(at, before)
                kept = atoms.forget(old, before, limit)
            found[:, back] = self._base(at, limit) + kept
        return found

    def _base(self, at: int, limit: int) -> int:
        """The first number of what is left of z_t."""
        kinds = self._kinds[: self._kind_of_step[at - 1]]
        return 1 + sum(atoms.count(limit) for atoms in kinds)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ContextLevel:
    """The windows of one length l that occurred.

    Attributes
    ----------
    codes : (C, l) int64
        As ``WindowCodes`` numbers them.
    parent : (C,) int64
        The window of length l - 1 in each, in the level before.
    trie : l arrays
        Keys ``place * radix + code`` in ascending order, where a place numbers what comes before in
        the array before. Places in the last one number the windows.
    radices : l ints
    """

    codes: Ints
    parent: Ints
    trie: tuple[Ints, ...]
    radices: tuple[int, ...]

    @property
    def count(self) -> int:
        """C."""
        return len(self.codes)

    def locate(self, codes: Ints) -> Ints:
        """Number windows (N, l); -1 for those that did not occur."""
        place = np.zeros(len(codes), dtype=np.int64)
        known = np.ones(len(codes), dtype=np.bool_)
        for column, radix, keys in zip(codes.T, self.radices, self.trie, strict=True):
            wanted = place * radix + column
            place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            known &= keys[place] == wanted
        place[~known] = -1
        return place

    def choose(self, kept: Ints, parent: Ints) -> ContextLevel:
        """Keep only some windows, ascending, with new numbers of their parents."""
        return _number(self.codes[kept], parent, self.radices)[0]


def grow_contexts(
    codes: WindowCodes, samples: Sequence[StepSamples], length: int
) -> tuple[list[ContextLevel], list[Ints]]:
    """Find the windows of length 0, ..., L of samples of one or more steps.

    Returns
    -------
    The L + 1 levels, and for each the window of each sample (N,), sample after sample.

    Raises
    ------
    LimitError
        P0603, if windows cannot be numbered.
    """
    levels: list[ContextLevel] = []
    members: list[Ints] = []
    for size in range(length + 1):
        windows = np.concatenate([codes.columns(s.step, size, s.increments) for s in samples])
        before = members[-1] if members else np.zeros(len(windows), dtype=np.int64)
        level, member = _number(windows, before, codes.radices(size))
        levels.append(level)
        members.append(member)
    return levels, members


def _number(codes: Ints, parent: Ints, radices: tuple[int, ...]) -> tuple[ContextLevel, Ints]:
    """Number distinct rows of (N, l): the level that they make, and the number of each row."""
    place = np.zeros(len(codes), dtype=np.int64)
    trie: list[Ints] = []
    for column, radix in zip(codes.T, radices, strict=True):
        if len(codes) * radix >= KEY_LIMIT:
            raise LimitError("P0603", columns=radix)
        keys, place = locate_values(place * radix + column)
        trie.append(keys)
    count = len(trie[-1]) if trie else 1
    first = np.full(count, len(codes), dtype=np.int64)
    np.minimum.at(first, place, np.arange(len(codes)))
    level = ContextLevel(
        codes=codes[first], parent=parent[first], trie=tuple(trie), radices=radices
    )
    return level, place
