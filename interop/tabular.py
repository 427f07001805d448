"""A game as full tables over one state variable: what Dec-POMDP and POMDP files hold.

Tables hold the places of numbers in a list of exact values, so that they stay small and exact at
once. Axis letters are those of ``posg.runtime.game``: A and O are products over agents, the last
agent fastest.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]
"""Places in ``TabularGame.values``."""
SILENT = Fraction(1, 10**9)
"""Sums of probabilities within this of 1 are rounding, here as in specs."""
_INT64 = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class TabularGame:
    """A game that is the same at every step, without a horizon, with a reward common to all agents.

    One step: state s and joint action a give s', then the joint observation o given a and s', and
    the reward r(s, a, s', o). Nothing is observed before the first decision.

    Attributes
    ----------
    name
        What the game is called; any text.
    agents, states, actions, observations
        Names as in Dec-POMDP files: a letter, then letters, digits, ``_`` and ``-``.
    start : (S,)
        Law of the first state.
    values
        Exact numbers; the first one is 0.
    transition : (A, S, S) Ids
    observation : (A, S, O) Ids, by next state
    reward : (A, S, S or 1, O or 1) Ids; an axis of length 1 stands for all its places
        Rows of the laws sum to 1 up to ``SILENT``; what they mean is the row divided by its sum.
    """

    name: str
    discount: Fraction
    agents: tuple[str, ...]
    states: tuple[str, ...]
    actions: tuple[tuple[str, ...], ...]
    observations: tuple[tuple[str, ...], ...]
    start: tuple[Fraction, ...]
    values: tuple[Fraction, ...]
    transition: Ids
    observation: Ids
    reward: Ids

    @property
    def action_counts(self) -> tuple[int, ...]:
        """(A_1, ..., A_n)."""
        return tuple(map(len, self.actions))

    @property
    def observation_counts(self) -> tuple[int, ...]:
        """(O_1, ..., O_n)."""
        return tuple(map(len, self.observations))


class ValueList:
    """Numbers the exact values that occur in tables; 0 has the number 0."""

    def __init__(self) -> None:
        # Hashing a pair of integers takes a tenth of the time of hashing a fraction.
        self._numbers: dict[tuple[int, int], int] = {(0, 1): 0}
        self._values = [Fraction(0)]

    def number(self, value: Fraction) -> int:
        """Place of a value in the list, which is longer by one if the value is new."""
        key = (value.numerator, value.denominator)
        number = self._numbers.setdefault(key, len(self._values))
        if number == len(self._values):
            self._values.append(value)
        return number

    @property
    def values(self) -> tuple[Fraction, ...]:
        """The values in order."""
        return tuple(self._values)


def is_probability(value: Fraction) -> bool:
    """Whether a number lies between 0 and 1."""
    return 0 <= value.numerator <= value.denominator


def scaled_probabilities(values: tuple[Fraction, ...], terms: int) -> tuple[NDArray[Any], int]:
    """Return probabilities as integers over a common denominator, and that denominator.

    Values that are no probabilities become 0. The integers are int64 if sums of ``terms`` of them
    are safe there, else Python's.
    """
    used = [(v.numerator, v.denominator) if is_probability(v) else (0, 1) for v in values]
    common = lcm(*{denominator for _, denominator in used})
    integers = [numerator * (common // denominator) for numerator, denominator in used]
    dtype = np.int64 if common * max(terms, 1) < _INT64 else object
    return np.array(integers, dtype=dtype), common
