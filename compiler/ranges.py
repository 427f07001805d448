"""Signs of expressions over boxes of parameter values, decided exactly.

A box gives each parameter a closed interval of rationals. SymPy is imported only when a sign cannot
be read off the corners.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

Box = Mapping[str, tuple[Fraction, Fraction]]

_MAX_BOXES = 2000


class Sign(Enum):
    """What is known of an expression on a whole box."""

    POSITIVE = "> 0"
    NEGATIVE = "< 0"
    ZERO = "= 0"
    NOT_NEGATIVE = ">= 0"
    NOT_POSITIVE = "<= 0"
    MIXED = "of both signs"
    UNKNOWN = "unknown"

    @classmethod
    def between(cls, low: int, high: int) -> Sign:
        """Sign of a quantity from the signs of its attained bounds."""
        table = {
            (1, 1): cls.POSITIVE,
            (-1, -1): cls.NEGATIVE,
            (0, 0): cls.ZERO,
            (0, 1): cls.NOT_NEGATIVE,
            (-1, 0): cls.NOT_POSITIVE,
            (-1, 1): cls.MIXED,
        }
        return table[low, high]


class SplitNeededError(Exception):
    """A condition changes its truth inside the box, at ``point`` of parameter ``name``."""

    def __init__(self, name: str, point: Fraction) -> None:
        self.name = name
        self.point = point
        super().__init__(f"{name} = {point}")


class UndecidedError(Exception):
    """The sign of an expression over the box could not be settled."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a box: points and intervals; ``interior`` names the intervals without their ends."""

    box: Box
    interior: frozenset[str] = frozenset()

    def split(self, name: str, point: Fraction) -> tuple[Piece, ...]:
        """Pieces that cover this one, on each of which the parameter stays on one side."""
        low, high = self.box[name]
        points = {point} if name in self.interior else {low, point, high}
        intervals = [(a, b) for a, b in ((low, point), (point, high)) if a < b]
        return (
            *(Piece({**self.box, name: (p, p)}, self.interior) for p in sorted(points)),
            *(Piece({**self.box, name: ends}, self.interior | {name}) for ends in intervals),
        )


def sign_of(expression: Any, box: Box) -> Sign:  # SymPy expressions have no static type
    """Sign of a rational function of the parameters over the box.

    One parameter: by the real roots of numerator and denominator (complete). Several: interval
    bounds with bisection, ``Sign.UNKNOWN`` when they do not settle it.
    """
    import sympy

    numerator, denominator = sympy.fraction(sympy.together(expression))
    numerator, denominator = sympy.expand(numerator), sympy.expand(denominator)
    if numerator == 0:
        return Sign.ZERO
    names = sorted(symbol.name for symbol in numerator.free_symbols | denominator.free_symbols)
    if not names:
        value = numerator / denominator
        return Sign.POSITIVE if value > 0 else Sign.NEGATIVE
    if len(names) == 1:
        return _sign_on_interval(numerator, denominator, names[0], box)
    return _sign_by_bisection(numerator, denominator, names, box)


def _sign_on_interval(numerator: Any, denominator: Any, name: str, box: Box) -> Sign:
    import sympy

    symbol = sympy.Symbol(name, real=True)
    low, high = (sympy.Rational(end.numerator, end.denominator) for end in box[name])
    roots: list[Any] = []
    for polynomial in (numerator, denominator):
        if polynomial.has(symbol):
            roots.extend(sympy.Poly(polynomial, symbol).real_roots())
    points: list[Any] = sorted({low, high, *(root for root in roots if low <= root <= high)})
    between = [sympy.Rational(str(sympy.N((a + b) / 2, 30))) for a, b in pairwise(points)]
    signs: set[int] = set()
    for point in [*points, *between]:
        bottom = denominator.subs(symbol, point)
        if sympy.simplify(bottom) == 0:
            return Sign.UNKNOWN
        top = sympy.simplify(numerator.subs(symbol, point) / bottom)
        signs.add(0 if top == 0 else (1 if top > 0 else -1))
    return Sign.between(min(signs), max(signs))


def _sign_by_bisection(numerator: Any, denominator: Any, names: list[str], box: Box) -> Sign:
    import sympy

    symbols = [sympy.Symbol(name, real=True) for name in names]
    polynomials = [_terms(sympy.Poly(part, *symbols)) for part in (numerator, denominator)]
    pending: list[tuple[tuple[Fraction, Fraction], ...]] = [tuple(box[name] for name in names)]
    low, high = 1, -1
    for _ in range(_MAX_BOXES):
        if not pending:
            return Sign.between(low, high)
        piece = pending.pop()
        top, bottom = (_interval(terms, piece) for terms in polynomials)
        corner_signs = [_sign_at(polynomials, corner) for corner in product(*piece)]
        if None in corner_signs:
            return Sign.UNKNOWN
        low = min([low, *(s for s in corner_signs if s is not None)])
        high = max([high, *(s for s in corner_signs if s is not None)])
        settled = bottom[0] > 0 or bottom[1] < 0
        flip = -1 if bottom[1] < 0 else 1
        least, greatest = sorted((flip * top[0], flip * top[1]))
        if settled and ((least >= 0 and low >= 0) or (greatest <= 0 and high <= 0)):
            # No sign beyond those seen at corners, except that an interior zero may be hidden.
            continue
        if low < 0 < high:
            return Sign.MIXED
        widest = max(range(len(piece)), key=lambda k: piece[k][1] - piece[k][0])
        middle = (piece[widest][0] + piece[widest][1]) / 2
        for half in ((piece[widest][0], middle), (middle, piece[widest][1])):
            pending.append((*piece[:widest], half, *piece[widest + 1 :]))
    return Sign.UNKNOWN


def _terms(polynomial: Any) -> list[tuple[tuple[int, ...], Fraction]]:
    return [(powers, Fraction(int(c.p), int(c.q))) for powers, c in polynomial.terms()]


def _interval(
    terms: list[tuple[tuple[int, ...], Fraction]], piece: tuple[tuple[Fraction, Fraction], ...]
) -> tuple[Fraction, Fraction]:
    low = high = Fraction(0)
    for powers, coefficient in terms:
        least = greatest = coefficient
        for (a, b), power in zip(piece, powers, strict=True):
            ends = [a**power, b**power]
            if power and power % 2 == 0 and a < 0 < b:
                ends.append(Fraction(0))
            products = [least * min(ends), least * max(ends)]
            products += [greatest * min(ends), greatest * max(ends)]
            least, greatest = min(products), max(products)
        low, high = low + least, high + greatest
    return low, high


def _sign_at(
    polynomials: list[list[tuple[tuple[int, ...], Fraction]]], point: tuple[Fraction, ...]
) -> int | None:
    values: list[Fraction] = []
    for terms in polynomials:
        total = Fraction(0)
        for powers, coefficient in terms:
            for value, power in zip(point, powers, strict=True):
                coefficient *= value**power
            total += coefficient
        values.append(total)
    if values[1] == 0:
        return None
    ratio = values[0] / values[1]
    return (ratio > 0) - (ratio < 0)


def witness(expression: Any, box: Box) -> dict[str, Fraction] | None:
    """A point of the box where the expression is negative, by search; None if none was found."""
    import sympy

    names = sorted(symbol.name for symbol in expression.free_symbols)
    for cuts in (1, 2, 4, 8, 16):
        grids = [
            [low + (high - low) * k / cuts for k in range(cuts + 1)]
            for low, high in (box[name] for name in names)
        ]
        if cuts ** len(names) > _MAX_BOXES:
            break
        for point in product(*grids):
            values = {
                sympy.Symbol(name, real=True): sympy.Rational(v.numerator, v.denominator)
                for name, v in zip(names, point, strict=True)
            }
            value = expression.subs(values)
            if value.is_finite and value < 0:
                return dict(zip(names, point, strict=True))
    return None
