"""When the values that make up increments and private values were generated."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

import numpy as np

from .arrays import KEY_LIMIT, digits
from .errors import LimitError
from .game import Ints
from .information import InformationStructure

NO_AGE = -1
"""The age of what depends on no action or observation."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Atoms:
    """What the increments z_t of one update consist of, each atom with its age.

    The age of a value at step t is t minus the step that it belongs to: o_t and a_{t-1} have age 0.
    An atom that depends on several values is as old as the oldest of them.

    Attributes
    ----------
    sizes
        z_t is a mixed-radix number of parts (last fastest): one an agent, or all in one where χ
        reads several agents jointly.
    ages : for each part, (K,) int64
    codes : for each part, (K, size) int64
        The value of atom k when the part has the given number.
    """

    sizes: tuple[int, ...]
    ages: tuple[Ints, ...]
    codes: tuple[Ints, ...]
    _tables: dict[int, tuple[tuple[Ints, ...], tuple[int, ...]]] = field(
        default_factory=dict, init=False, repr=False
    )

    def same_as(self, other: Atoms) -> bool:
        """Whether increments consist of the same atoms of the same ages."""
        return self.sizes == other.sizes and all(
            np.array_equal(mine, theirs)
            for mine, theirs in zip(
                (*self.ages, *self.codes), (*other.ages, *other.codes), strict=True
            )
        )

    def count(self, limit: int) -> int:
        """How many different codes ``keep`` has."""
        return prod(self._table(limit)[1])

    def keep(self, increments: Ints, limit: int) -> Ints:
        """Number what is left of increments without the atoms of age ``limit`` and more."""
        return self._join(digits(increments, self.sizes), limit)

    def forget(self, kept: Ints, limit: int, later: int) -> Ints:
        """Turn codes of ``keep`` under one limit into those under a ``later``, lower one."""
        tables, counts = self._table(limit)
        parts = digits(kept, counts)
        first = [
            np.unique(table, return_index=True)[1][part]
            for table, part in zip(tables, parts, strict=True)
        ]
        return self._join(np.stack(first), later)

    def _join(self, parts: Ints, limit: int) -> Ints:
        tables, counts = self._table(limit)
        kept = np.zeros(parts.shape[1:], dtype=np.int64)
        for table, count, part in zip(tables, counts, parts, strict=True):
            kept = kept * count + table[part]
        return kept

    def _table(self, limit: int) -> tuple[tuple[Ints, ...], tuple[int, ...]]:
        """For each part, the number of what is kept of it, and how many such numbers there are."""
        limit = max(limit, 0)
        if limit not in self._tables:
            tables: list[Ints] = []
            for ages, codes in zip(self.ages, self.codes, strict=True):
                kept = np.append(codes[ages < limit], np.zeros((1, codes.shape[1]), np.int64), 0)
                tables.append(np.unique(kept, axis=1, return_inverse=True)[1].ravel())
            counts = tuple(int(table.max()) + 1 for table in tables)
            if prod(counts) >= KEY_LIMIT:
                raise LimitError("P0603", columns=prod(counts))
            self._tables[limit] = (tuple(tables), counts)
        return self._tables[limit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamps:
    """Ages of everything that an information structure tells agents.

    Attributes
    ----------
    increments : H entries
        ``increments[t - 1]`` is what z_t consists of. Equal entries are one object.
    private : H tuples of n ints
        ``private[h - 1][i]``: the age at step h of the oldest value that p_{i,h} depends on, ``NO_AGE``
        when it depends on none.
    """

    increments: tuple[Atoms, ...]
    private: tuple[tuple[int, ...], ...]

    def shortest_window(self) -> int:
        """The least L such that windows of L steps hold all that private values depend on.

        At a step h <= L + 1 a window begins with the episode, and holds all of it anyway.
        """
        return min(
            length
            for length in range(len(self.private) + 1)
            if all(
                age < length
                for step, ages in enumerate(self.private, start=1)
                for age in ages
                if step >= length + 2
            )
        )

    def need_increments(self, length: int) -> bool:
        """Whether ``last(L)`` is about increments: no window of values shorter than the game will do."""
        shortest = self.shortest_window()
        return length < shortest and shortest >= len(self.private) - 1


def date_by_step(information: InformationStructure) -> Timestamps:
    """Timestamps where nothing is known of what increments and private values consist of.

    An increment is one atom of the step at which it becomes common; a private value may depend on all
    the past, so windows of less than the whole past are windows of increments.
    """
    return Timestamps(
        increments=whole_increments(information),
        private=tuple(
            tuple(step - 1 if count > 1 else NO_AGE for count in counts)
            for step, counts in enumerate(information.private_counts, start=1)
        ),
    )


def whole_increments(information: InformationStructure) -> tuple[Atoms, ...]:
    """Increments as one new atom each; those of different updates have different values."""
    made: dict[int, Atoms] = {}
    for update in information.updates:
        values = np.arange(update.increment_count)[None] + len(made)
        atoms = Atoms(
            sizes=(update.increment_count,), ages=(np.zeros(1, np.int64),), codes=(values,)
        )
        made.setdefault(id(update), atoms)
    return tuple(made[id(update)] for update in information.updates)
