"""Arrays of exact rational numbers: int64 while it is safe, Python integers beyond."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posg.runtime.arrays import distinct_values

# int64 or object (Python integers); numpy's stubs have no type for "either".
Integers = NDArray[Any]

_SAFE = 2**62


def _bound(values: Integers) -> int:
    """Largest absolute value, 0 for an empty array."""
    if values.size == 0:
        return 0
    return max(int(values.max()), -int(values.min()))


def _object(values: Integers) -> Integers:
    return values if values.dtype == object else values.astype(object)


def _times(left: Integers, right: Integers) -> Integers:
    if left.dtype == object or right.dtype == object or _bound(left) * _bound(right) >= _SAFE:
        return np.asarray(_object(left) * _object(right), dtype=object)
    return np.asarray(left * right)


def _plus(left: Integers, right: Integers) -> Integers:
    if left.dtype == object or right.dtype == object or _bound(left) + _bound(right) >= _SAFE:
        return np.asarray(_object(left) + _object(right), dtype=object)
    return np.asarray(left + right)


@dataclass(frozen=True, slots=True)
class Rational:
    """``numerator / denominator`` elementwise; denominators are positive; shapes broadcast.

    Shape ``()`` stands for a constant. Source: plain fraction arithmetic; products that could leave
    int64 are carried out on Python integers, so no result is ever rounded.
    """

    numerator: Integers
    denominator: Integers

    @classmethod
    def constant(cls, value: Fraction | int) -> Rational:
        """One number, of shape ()."""
        fraction = Fraction(value)
        return cls(_integers(fraction.numerator), _integers(fraction.denominator))

    @classmethod
    def whole(cls, values: Integers) -> Rational:
        """Whole numbers."""
        return cls(np.asarray(values), np.asarray(1, dtype=np.int64))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape after broadcasting."""
        return np.broadcast_shapes(self.numerator.shape, self.denominator.shape)

    def __add__(self, other: Rational) -> Rational:
        if self.denominator.shape == () == other.denominator.shape and int(self.denominator) == int(
            other.denominator
        ):
            return Rational(_plus(self.numerator, other.numerator), self.denominator)
        return Rational(
            _plus(
                _times(self.numerator, other.denominator), _times(other.numerator, self.denominator)
            ),
            _times(self.denominator, other.denominator),
        ).reduced()

    def __neg__(self) -> Rational:
        return Rational(np.asarray(-self.numerator), self.denominator)

    def __sub__(self, other: Rational) -> Rational:
        return self + -other

    def __mul__(self, other: Rational) -> Rational:
        return Rational(
            _times(self.numerator, other.numerator), _times(self.denominator, other.denominator)
        ).reduced()

    def reciprocal(self) -> Rational:
        """1 / x; where x is 0 the result is 0 and the caller must have marked the row."""
        zero = self.numerator == 0
        sign = np.where(self.numerator < 0, -1, 1)
        numerator = np.where(zero, 0, sign * self.denominator)
        denominator = np.where(zero, 1, np.abs(self.numerator))
        return Rational(np.asarray(numerator), np.asarray(denominator))

    def floor_modulo(self, other: Rational) -> Rational:
        """X - y * floor(x / y); rows where y is 0 give 0."""
        quotient = self * other.reciprocal()
        floor = Rational.whole(np.asarray(quotient.numerator // quotient.denominator))
        zero = np.broadcast_to(other.numerator == 0, self.shape if self.shape else other.shape)
        rest = self - other * floor
        return Rational(np.asarray(np.where(zero, 0, rest.numerator)), rest.denominator)

    def reduced(self) -> Rational:
        """Lowest terms; integers of any size return to int64 where they fit."""
        numerator, denominator = self.numerator, self.denominator
        if denominator.shape == () and int(denominator) == 1:
            return Rational(_narrow(numerator), denominator)
        divisor = np.gcd(numerator, denominator)
        return Rational(
            _narrow(np.asarray(numerator // divisor)), _narrow(np.asarray(denominator // divisor))
        )

    def sign(self) -> NDArray[np.int64]:
        """-1, 0 or 1 elementwise."""
        return np.asarray((self.numerator > 0), dtype=np.int64) - np.asarray(
            self.numerator < 0, dtype=np.int64
        )

    def is_whole(self) -> NDArray[np.bool_]:
        """Where the value is an integer."""
        return np.asarray((self.numerator % self.denominator) == 0, dtype=np.bool_)

    def take(self, rows: NDArray[np.int64]) -> Rational:
        """Select rows; constants stay constants."""
        return Rational(_take(self.numerator, rows), _take(self.denominator, rows))

    def expand(self, count: int) -> Rational:
        """Broadcast to shape (count,)."""
        return Rational(
            np.broadcast_to(self.numerator, (count,)), np.broadcast_to(self.denominator, (count,))
        )

    def floats(self) -> NDArray[np.float64]:
        """Nearest float64 values."""
        if self.numerator.dtype == object or self.denominator.dtype == object:
            ratio = _object(self.numerator) / _object(self.denominator)
            return np.asarray(ratio, dtype=np.float64)
        return np.asarray(self.numerator / self.denominator, dtype=np.float64)

    def fraction(self, row: int) -> Fraction:
        """One element."""
        numerator = self.numerator if self.numerator.shape == () else self.numerator[row]
        denominator = self.denominator if self.denominator.shape == () else self.denominator[row]
        return Fraction(int(numerator), int(denominator))

    def sums(self, offsets: NDArray[np.int64]) -> Rational:
        """Sums over the groups ``offsets[k]:offsets[k + 1]``, none of them empty."""
        count = int(offsets[-1])
        values = self.expand(count)
        common = 1
        for denominator in distinct_values(values.denominator):
            common = lcm(common, int(denominator))
        scaled = _times(
            values.numerator, _narrow(np.asarray(common // _object(values.denominator)))
        )
        if scaled.dtype != object and _bound(scaled) * max(count, 1) >= _SAFE:
            scaled = _object(scaled)
        totals = np.add.reduceat(scaled, offsets[:-1])
        return Rational(np.asarray(totals), _integers(common)).reduced()


def _take(values: Integers, rows: NDArray[np.int64]) -> Integers:
    return values if values.shape == () else values[rows]


def _integers(value: int) -> Integers:
    dtype = np.int64 if abs(value) < _SAFE else object
    return np.array(value, dtype=dtype)


def _narrow(values: Integers) -> Integers:
    if values.dtype == object and _bound(values) < _SAFE:
        return values.astype(np.int64)
    return values


def concatenate(parts: Sequence[Rational], counts: Sequence[int]) -> Rational:
    """Rows of several arrays one after the other; ``counts`` expands constants."""
    expanded = [part.expand(count) for part, count in zip(parts, counts, strict=True)]
    if not expanded:
        return Rational.whole(np.zeros(0, dtype=np.int64))
    if all(part.denominator.shape == () and int(part.denominator) == 1 for part in parts):
        return Rational.whole(np.concatenate([part.numerator for part in expanded]))
    return Rational(
        np.concatenate([part.numerator for part in expanded]),
        np.concatenate([part.denominator for part in expanded]),
    )


def select(condition: NDArray[np.bool_], then: Rational, otherwise: Rational) -> Rational:
    """Elementwise choice."""
    return Rational(
        np.asarray(np.where(condition, then.numerator, otherwise.numerator)),
        np.asarray(np.where(condition, then.denominator, otherwise.denominator)),
    )
