"""Values of an expression on many rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import numbers
from .model import Agent, Domain, DomainKind, Symbol, Value
from .numbers import Number
from .rational import Rational

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Kind(Enum):
    """Kinds of values."""

    BOOL = "bool"
    NUMBER = "number"
    SYMBOL = "symbol"
    AGENT = "agent"
    TUPLE = "tuple"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Column:
    """One value per row; shape ``()`` stands for the same value on every row.

    Exactly the field of the kind is filled: ``number``; ``codes`` for booleans (0 and 1), agents
    (their numbers) and symbols (their numbers in a `SymbolTable`); ``items`` for tuples.
    ``absent`` marks rows whose value is ``nothing``.
    """

    kind: Kind
    codes: NDArray[Any] | None = None  # int64 or bool
    number: Number | None = None
    items: tuple[Column, ...] = ()
    absent: Mask | None = None

    @classmethod
    def boolean(cls, mask: Mask) -> Column:
        """Truth values."""
        return cls(Kind.BOOL, codes=np.asarray(mask, dtype=np.bool_))

    @classmethod
    def of_number(cls, number: Number) -> Column:
        """Numbers."""
        return cls(Kind.NUMBER, number=number)

    @classmethod
    def nothing(cls) -> Column:
        """``nothing`` on every row."""
        return cls(Kind.NOTHING, absent=np.asarray(True))

    @property
    def mask(self) -> Mask:
        """The truth values of a boolean column; absent counts as false."""
        assert self.kind is Kind.BOOL and self.codes is not None
        if self.absent is None:
            return self.codes
        return np.asarray(self.codes & ~self.absent)

    @property
    def value(self) -> Number:
        """The numbers of a numeric column."""
        assert self.number is not None
        return self.number

    def is_constant(self) -> bool:
        """Whether one value stands for all rows."""
        shapes: list[tuple[int, ...]] = [] if self.absent is None else [self.absent.shape]
        if self.codes is not None:
            shapes.append(self.codes.shape)
        if self.number is not None:
            shapes.append(self.number.shape)
        return all(shape == () for shape in shapes) and all(i.is_constant() for i in self.items)

    def spread(self, count: int) -> Column:
        """The same values with one entry per row, so that they no longer count as constant."""
        number = self.number
        if number is not None and number.plain is not None:
            number = Number.of(number.plain.expand(count))
        return Column(
            self.kind,
            None if self.codes is None else np.broadcast_to(self.codes, (count,)),
            number,
            tuple(item.spread(count) for item in self.items),
            None if self.absent is None else np.broadcast_to(self.absent, (count,)),
        )

    def take(self, rows: Rows) -> Column:
        """Select rows."""
        return Column(
            self.kind,
            None if self.codes is None else _take(self.codes, rows),
            None if self.number is None else self.number.take(rows),
            tuple(item.take(rows) for item in self.items),
            None if self.absent is None else _take(self.absent, rows),
        )


def _take(values: NDArray[Any], rows: Rows) -> NDArray[Any]:
    return values if values.shape == () else values[rows]


class SymbolTable:
    """Numbers for the names of enumeration values."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.codes = {name: code for code, name in enumerate(self.names)}


def constant_column(value: Value, symbols: SymbolTable) -> Column:
    """Column of one value."""
    if isinstance(value, bool):
        return Column.boolean(np.asarray(value))
    if isinstance(value, int):
        return Column.of_number(Number.constant(value))
    if isinstance(value, Symbol):
        return Column(Kind.SYMBOL, codes=np.asarray(symbols.codes[value.name]))
    return Column(Kind.AGENT, codes=np.asarray(value.number))


def domain_column(domain: Domain, codes: Rows, symbols: SymbolTable) -> Column:
    """Values of a variable from its codes; code -1 is ``nothing``."""
    absent = np.asarray(codes < 0)
    present = np.asarray(np.where(absent, 0, codes)) if absent.any() else codes
    mark = absent if absent.any() else None
    if domain.kind is DomainKind.BOOL:
        table = np.array([value is True for value in domain.values])
        return Column(Kind.BOOL, codes=table[present], absent=mark)
    if domain.kind is DomainKind.SYMBOL:
        table = np.array([symbols.codes[str(value)] for value in domain.values])
        return Column(Kind.SYMBOL, codes=table[present], absent=mark)
    if domain.kind is DomainKind.TUPLE:
        radices = domain.radices
        items = tuple(
            domain_column(part, present // prod(radices[place + 1 :]) % radices[place] - 1, symbols)
            for place, part in enumerate(domain.parts)
        )
        return Column(Kind.TUPLE, items=items, absent=mark)
    table = np.array([value for value in domain.values], dtype=np.int64)
    return Column(
        Kind.NUMBER, number=Number.of(Rational.whole(np.asarray(table[present]))), absent=mark
    )


def encode(column: Column, domain: Domain, symbols: SymbolTable) -> tuple[Rows, Mask]:
    """Codes of values in a domain (-1 for ``nothing``) and where a value lies outside it."""
    if column.kind is Kind.NOTHING:
        return np.asarray(-1), np.asarray(False)
    if domain.kind is DomainKind.TUPLE:
        codes, outside = np.asarray(0), np.asarray(False)
        for item, part in zip(column.items, domain.parts, strict=True):
            own, beyond = encode(item, part, symbols)
            codes = np.asarray(codes * (len(part) + 1) + own + 1)
            outside = np.asarray(outside | beyond)
    elif domain.kind is DomainKind.INTEGER:
        plain = column.value.plain if column.kind is Kind.NUMBER else None
        if plain is None:
            return np.asarray(0), np.asarray(True)
        table = np.array([value for value in domain.values], dtype=np.int64)
        order = np.argsort(table)
        whole = plain.is_whole()
        # Values beyond int64 lie outside every domain; the clip keeps the look-up in range.
        quotient = np.clip(plain.numerator // plain.denominator, -(2**62), 2**62)
        wanted = np.asarray(quotient, dtype=np.int64)
        place = np.clip(np.searchsorted(table, wanted, sorter=order), 0, len(table) - 1)
        codes = np.asarray(order[place])
        outside = np.asarray(~whole | (table[codes] != wanted))
    elif domain.kind is DomainKind.BOOL:
        assert column.codes is not None
        places = np.array([domain.codes.get(value, -1) for value in (False, True)])
        codes = places[column.codes.astype(np.int64)]
        outside = np.asarray(codes < 0)
    else:
        assert column.codes is not None
        places = np.array([domain.codes.get(Symbol(name), -1) for name in symbols.names])
        codes = places[column.codes]
        outside = np.asarray(codes < 0)
    codes = np.asarray(np.where(outside, 0, codes), dtype=np.int64)
    if column.absent is not None:
        codes = np.asarray(np.where(column.absent, -1, codes))
        outside = np.asarray(outside & ~column.absent)
    return codes, outside


def scatter(parts: Sequence[tuple[Rows, Column]], count: int) -> Column:
    """Assemble ``count`` rows from disjoint row sets that cover them."""
    parts = [part for part in parts if len(part[0])] or list(parts[:1])
    kind = next((column.kind for _, column in parts if column.kind is not Kind.NOTHING), None)
    if kind is None:
        return Column.nothing()
    absent: Mask | None = None
    if any(column.absent is not None for _, column in parts):
        absent = np.zeros(count, dtype=np.bool_)
        for rows, column in parts:
            absent[rows] = False if column.absent is None else column.absent
    if kind is Kind.NUMBER:
        filled = [
            (rows, column.number if column.number is not None else Number.constant(0))
            for rows, column in parts
        ]
        return Column(kind, number=numbers.scatter(filled, count), absent=absent)
    if kind is Kind.TUPLE:
        width = max(len(column.items) for _, column in parts)
        blank = Column.nothing()
        items = tuple(
            scatter([(r, c.items[k] if c.items else blank) for r, c in parts], count)
            for k in range(width)
        )
        return Column(kind, items=items, absent=absent)
    codes: NDArray[Any] = np.zeros(count, dtype=np.bool_ if kind is Kind.BOOL else np.int64)
    for rows, column in parts:
        if column.codes is not None:
            codes[rows] = column.codes
    return Column(kind, codes=codes, absent=absent)


def describe(column: Column, row: int, symbols: SymbolTable, agents: Sequence[Agent]) -> str:
    """The value of one row as it would be written."""
    absent = column.absent
    if absent is not None and bool(absent if absent.shape == () else absent[row]):
        return "nothing"
    if column.kind is Kind.TUPLE:
        return "(" + ", ".join(describe(i, row, symbols, agents) for i in column.items) + ")"
    if column.kind is Kind.NUMBER:
        plain = column.value.row(row).plain
        return "a parameter" if plain is None else str(plain.fraction(0))
    assert column.codes is not None
    code = column.codes if column.codes.shape == () else column.codes[row]
    if column.kind is Kind.BOOL:
        return "true" if code else "false"
    return symbols.names[int(code)] if column.kind is Kind.SYMBOL else str(agents[int(code)])
