"""Numbers of the evaluator: exact polynomials in the parameters, one per row.

With every parameter bound a number is a plain rational. While a distribution is proved over the
ranges of its parameters, the parameters stay symbols. What a polynomial cannot express (a quotient
by a parameter) becomes a SymPy expression per row, built from these values and never from text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import comb, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import rational
from .ranges import Box, Sign, sign_of
from .rational import Rational

Monomial = tuple[tuple[str, int], ...]
Mask = NDArray[np.bool_]

_ZERO = Rational.constant(0)
_ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Number:
    """A polynomial in the parameters, or ``symbolic`` SymPy expressions, elementwise.

    ``terms`` maps a monomial (sorted pairs of parameter and power, empty for the constant) to its
    coefficients. With ``symbolic`` (an object array of SymPy expressions) ``terms`` is empty.
    """

    terms: Mapping[Monomial, Rational]
    symbolic: NDArray[Any] | None = None  # SymPy expressions have no static type

    @classmethod
    def of(cls, value: Rational) -> Number:
        """A number without parameters."""
        return cls({(): value})

    @classmethod
    def constant(cls, value: Fraction | int) -> Number:
        """One exact number."""
        return cls({(): Rational.constant(value)})

    @classmethod
    def parameter(cls, name: str) -> Number:
        """The parameter itself."""
        return cls({((name, 1),): Rational.constant(1)})

    @property
    def plain(self) -> Rational | None:
        """The rational values, None if a parameter occurs."""
        if self.symbolic is not None:
            return None
        if all(not monomial for monomial in self.terms):
            return self.terms.get((), _ZERO)
        if all(not m or not c.numerator.any() for m, c in self.terms.items()):
            return self.terms.get((), _ZERO)
        return None

    @property
    def names(self) -> frozenset[str]:
        """Parameters of a polynomial; SymPy expressions name themselves as one more."""
        if self.symbolic is not None:
            return frozenset({"<expression>"})
        return frozenset(name for monomial in self.terms for name, _ in monomial)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape after broadcasting."""
        if self.symbolic is not None:
            return self.symbolic.shape
        return np.broadcast_shapes(*(c.shape for c in self.terms.values()), ())

    def __add__(self, other: Number) -> Number:
        if self.symbolic is not None or other.symbolic is not None:
            return Number({}, np.asarray(self.to_sympy() + other.to_sympy(), dtype=object))
        terms = dict(self.terms)
        for monomial, coefficient in other.terms.items():
            terms[monomial] = terms[monomial] + coefficient if monomial in terms else coefficient
        return Number(terms)

    def __neg__(self) -> Number:
        if self.symbolic is not None:
            return Number({}, np.asarray(-self.symbolic, dtype=object))
        return Number({monomial: -c for monomial, c in self.terms.items()})

    def __sub__(self, other: Number) -> Number:
        return self + -other

    def __mul__(self, other: Number) -> Number:
        if self.symbolic is not None or other.symbolic is not None:
            return Number({}, np.asarray(self.to_sympy() * other.to_sympy(), dtype=object))
        terms: dict[Monomial, Rational] = {}
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                powers = dict(left)
                for name, power in right:
                    powers[name] = powers.get(name, 0) + power
                monomial = tuple(sorted(powers.items()))
                value = a * b
                terms[monomial] = terms[monomial] + value if monomial in terms else value
        return Number(terms)

    def divided_by(self, other: Number, box: Box) -> tuple[Number, Mask]:
        """Quotient, and where the divisor is or may be zero."""
        plain = other.plain
        if plain is not None:
            return self * Number.of(plain.reciprocal()), np.asarray(plain.numerator == 0)
        signs = other.signs(box)
        zero = np.asarray([sign not in (Sign.POSITIVE, Sign.NEGATIVE) for sign in signs.flat])
        divisor = other.to_sympy().copy()
        divisor[zero.reshape(divisor.shape)] = 1
        quotient = np.asarray(self.to_sympy() / divisor, dtype=object)
        return Number({}, quotient), zero.reshape(divisor.shape)

    def to_sympy(self) -> NDArray[Any]:
        """Object array of SymPy expressions, built term by term."""
        if self.symbolic is not None:
            return self.symbolic
        import sympy

        total = np.full(self.shape, sympy.Integer(0), dtype=object)
        for monomial, coefficient in self.terms.items():
            factor = sympy.Integer(1)
            for name, power in monomial:
                factor *= sympy.Symbol(name, real=True) ** power
            values = np.empty(coefficient.shape, dtype=object)
            for index in np.ndindex(coefficient.shape):
                fraction = coefficient.fraction(index[0] if index else 0)
                values[index] = sympy.Rational(fraction.numerator, fraction.denominator)
            total = np.asarray(total + values * factor, dtype=object)
        return total

    def bounds(self, box: Box) -> tuple[Rational, Rational, bool] | None:
        """Lower and upper bound over the box, and whether they are attained.

        They are the least and greatest Bernstein coefficients. With degree at most 1 in each
        parameter these are the values at the corners, which are attained. None for quotients.
        """
        if self.symbolic is not None:
            return None
        names = sorted(self.names)
        degrees = [max(dict(monomial).get(name, 0) for monomial in self.terms) for name in names]
        shifted: dict[tuple[int, ...], Rational] = {}
        for monomial, coefficient in self.terms.items():
            factors = [_shifted(dict(monomial).get(name, 0), *box[name]) for name in names]
            for powers in product(*(range(len(factor)) for factor in factors)):
                weight = prod((f[k] for f, k in zip(factors, powers, strict=True)), start=_ONE)
                part = coefficient * Rational.constant(weight)
                shifted[powers] = shifted[powers] + part if powers in shifted else part
        least = greatest = None
        for index in product(*(range(degree + 1) for degree in degrees)):
            value = _ZERO
            for powers, coefficient in shifted.items():
                weight = prod(
                    (
                        Fraction(comb(i, k), comb(d, k))
                        for i, k, d in zip(index, powers, degrees, strict=True)
                    ),
                    start=_ONE,
                )
                if weight:
                    value = value + coefficient * Rational.constant(weight)
            least = value if least is None else _extreme(least, value, smallest=True)
            greatest = value if greatest is None else _extreme(greatest, value, smallest=False)
        assert least is not None and greatest is not None
        return least, greatest, all(degree <= 1 for degree in degrees)

    def signs(self, box: Box) -> NDArray[Any]:
        """`Sign` of each element over the whole box."""
        bounds = self.bounds(box)
        result = np.empty(self.shape, dtype=object)
        if bounds is None:
            open_rows = list(np.ndindex(self.shape))
        else:
            low, high = (np.broadcast_to(bound.sign(), self.shape) for bound in bounds[:2])
            for pair in {(int(a), int(b)) for a, b in zip(low.flat, high.flat, strict=True)}:
                result[(low == pair[0]) & (high == pair[1])] = Sign.between(*pair)
            mixed = (low < 0) & (high > 0)
            open_rows = [] if bounds[2] else [tuple(place) for place in np.argwhere(mixed)]
        known: dict[Any, Sign] = {}
        for index in open_rows:
            expression = self.row(int(index[0]) if index else 0).to_sympy()[()]
            if expression not in known:
                known[expression] = sign_of(expression, box)
            result[index] = known[expression]
        return result

    def take(self, rows: NDArray[np.int64]) -> Number:
        """Select rows; constants stay constants."""
        if self.symbolic is not None:
            return Number({}, self.symbolic if self.symbolic.shape == () else self.symbolic[rows])
        return Number({m: c.take(rows) for m, c in self.terms.items()})

    def row(self, index: int) -> Number:
        """One element, of shape ()."""
        if self.symbolic is not None:
            value = self.symbolic if self.symbolic.shape == () else self.symbolic[index]
            return Number({}, np.array(value, dtype=object))
        return Number({m: Rational.constant(c.fraction(index)) for m, c in self.terms.items()})

    def sums(self, offsets: NDArray[np.int64]) -> Number:
        """Sums over the groups ``offsets[k]:offsets[k + 1]``, none of them empty."""
        if self.symbolic is not None:
            values = np.broadcast_to(self.symbolic, (int(offsets[-1]),))
            return Number({}, np.asarray(np.add.reduceat(values, offsets[:-1]), dtype=object))
        return Number({m: c.sums(offsets) for m, c in self.terms.items()})


def _shifted(power: int, low: Fraction, high: Fraction) -> list[Fraction]:
    """Coefficients of ``(low + (high - low) t) ** power`` in t."""
    return [comb(power, k) * low ** (power - k) * (high - low) ** k for k in range(power + 1)]


def _extreme(left: Rational, right: Rational, *, smallest: bool) -> Rational:
    sign = (left - right).sign()
    return rational.select(np.asarray(sign < 0 if smallest else sign > 0), left, right)


def concatenate(parts: Sequence[Number], counts: Sequence[int]) -> Number:
    """Rows of several numbers one after the other."""
    if any(part.symbolic is not None for part in parts):
        return Number(
            {},
            np.concatenate(
                [
                    np.broadcast_to(part.to_sympy(), (count,))
                    for part, count in zip(parts, counts, strict=True)
                ]
            ),
        )
    monomials = dict.fromkeys(m for part in parts for m in part.terms)
    return Number(
        {
            m: rational.concatenate([part.terms.get(m, _ZERO) for part in parts], counts)
            for m in monomials
        }
    )


def scatter(parts: Sequence[tuple[NDArray[np.int64], Number]], count: int) -> Number:
    """Assemble ``count`` rows from disjoint row sets that cover them."""
    order = np.argsort(np.concatenate([rows for rows, _ in parts]), kind="stable")
    return concatenate([part for _, part in parts], [len(rows) for rows, _ in parts]).take(order)
