"""Barycentric spanners: few vectors of a set of which all others are combinations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from ..game import Floats

Choice = TypeVar("Choice")
Oracle = Callable[[Floats], tuple[Floats, tuple[Choice, ...]]]
"""For directions (B, d), members x (B, d) of a set that maximise <v, x>, and what makes them."""

CONDITION = 1e10
"""Largest condition number of a basis."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spanner(Generic[Choice]):
    """A basis of R^d that consists of members of a set and of unit vectors.

    Every member of the set is a combination of the columns whose coefficients are at most
    ``factor`` in absolute value, and at most ``tolerance`` those of unit vectors.

    Attributes
    ----------
    basis : (d, d) float64
        One column a vector.
    choices
        What makes each column, None for a unit vector.
    oracle_calls
        Directions that the oracle was asked about.
    """

    basis: Floats
    choices: tuple[Choice | None, ...]
    oracle_calls: int

    @property
    def vectors(self) -> Floats:
        """The members of the set, (m, d)."""
        kept = [choice is not None for choice in self.choices]
        return np.ascontiguousarray(self.basis.T[kept])

    @property
    def members(self) -> tuple[Choice, ...]:
        """What makes the members of the set."""
        return tuple(choice for choice in self.choices if choice is not None)


def find_spanner(
    oracle: Oracle[Choice], dimension: int, *, factor: float = 2.0, tolerance: float = 1e-9
) -> Spanner[Choice]:
    """Find a barycentric spanner of a set that is given by its linear oracle.

    Parameters
    ----------
    oracle
    dimension
        d.
    factor
        C, larger than 1: how large coefficients may be.
    tolerance
        A unit vector stays in the basis if no member of the set has a coefficient on it larger than
        this, or if the basis would be worse conditioned than ``CONDITION`` without it.

    Raises
    ------
    ValueError
        If ``factor`` is not larger than 1: swaps might not come to an end.

    Notes
    -----
    Source: B. Awerbuch and R. Kleinberg, "Online linear optimization and adaptive routing", Journal
    of Computer and System Sciences 74, 2008. A unit vector that stays has coefficient 0 on all of
    the set, also after later swaps, so sets that do not span R^d need no other treatment. A swap
    multiplies the determinant by more than C, and takes the largest coefficient there is.
    """
    if factor <= 1:
        raise ValueError("the factor must be larger than 1")
    basis = np.eye(dimension)
    choices: list[Choice | None] = [None] * dimension
    calls = 0

    def widest(rows: Floats) -> tuple[Floats, Floats, tuple[Choice, ...]]:
        """For each functional w (R, d), the member with the largest |<w, x>|, and that number."""
        nonlocal calls
        calls += 2 * len(rows)
        vectors, found = oracle(np.concatenate([rows, -rows]))
        reached = np.abs((np.concatenate([rows, rows]) * vectors).sum(axis=1)).reshape(2, -1)
        better = reached.argmax(axis=0)
        place = better * len(rows) + np.arange(len(rows))
        return reached.max(axis=0), vectors[place], tuple(found[k] for k in place.tolist())

    for column in range(dimension):
        coefficient, vectors, found = widest(_invert(basis)[[column]])
        if coefficient[0] <= tolerance:
            continue
        trial = basis.copy()
        trial[:, column] = vectors[0]
        if np.linalg.cond(trial) <= CONDITION:
            basis, choices[column] = trial, found[0]
    members = [column for column, choice in enumerate(choices) if choice is not None]
    while members:
        coefficient, vectors, found = widest(_invert(basis)[members])
        worst = int(np.argmax(coefficient))
        if coefficient[worst] <= factor:
            break
        basis = basis.copy()
        basis[:, members[worst]] = vectors[worst]
        choices[members[worst]] = found[worst]
    return Spanner(basis=basis, choices=tuple(choices), oracle_calls=calls)


def _invert(basis: Floats) -> Floats:
    """The functionals, one a row, that give the coefficients on the columns of a basis."""
    return np.linalg.inv(basis).astype(np.float64, copy=False)
