"""``--vary 'NAME = VALUES'`` and ``--show``: what a sweep goes through, and what it prints."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import islice

COLUMNS = (
    *("sharing", "compression", "horizon", "concept", "nodes", "value", "gap", "bound"),
    *("certificate", "seconds"),
)
"""What `--show` takes."""
_NAME = re.compile(r"([^\W\d]\w*)(?:\s*\.\s*([^\W\d]\w*))?")
_NUMBER = r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d{1,2}|/0*[1-9]\d*)?"
_RANGE = re.compile(
    r"(?:^|[(,=])\s*"
    rf"((-?\d+)\s*\.\.\s*(-?\d+)|({_NUMBER})\s*:\s*({_NUMBER})\s*:\s*({_NUMBER}))"
    r"(?=\s*(?:$|[,)]))"
)
"""A range that is a whole value or a whole argument: ``a..b`` or ``a:b:step``."""
_VALUES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One thing that varies.

    Attributes
    ----------
    name
        ``horizon``, ``sharing.d``.
    values
        The texts of its values in order, each once; numbers in one way of writing.
    text
        What it was read from.
    """

    name: str
    values: tuple[str, ...]
    text: str


def axis(text: str) -> Axis:
    """Read ``accuracy = 0.6:0.95:0.05``, ``horizon = 3..7`` or ``compression = merge, last(1..3)``.

    Raises
    ------
    argparse.ArgumentTypeError
        For wrong usage.
    """
    name, _, values = (part.strip() for part in text.partition("="))
    named = _NAME.fullmatch(name)
    if named is None or not values:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUES")
    listed = (plain(value) for item in _split(values) for value in _expand(item))
    found = tuple(islice(listed, _VALUES + 1))
    if not all(found) or len(found) > _VALUES:
        raise argparse.ArgumentTypeError(f"{values!r} does not list 1 to {_VALUES} values")
    return Axis(
        name=".".join(filter(None, named.groups())), values=tuple(dict.fromkeys(found)), text=text
    )


def columns(text: str) -> tuple[str, ...]:
    """Read ``nodes,value,gap``.

    Raises
    ------
    argparse.ArgumentTypeError
        For wrong usage.
    """
    found = tuple(name.strip() for name in text.split(","))
    for name in found:
        if name not in COLUMNS:
            raise argparse.ArgumentTypeError(
                f"{name!r} is no column; there are {', '.join(COLUMNS)}"
            )
    return found


def plain(text: str) -> str:
    """A number as a decimal if it has finitely many digits, as a fraction if not; other texts as they are."""
    text = " ".join(text.split())
    if re.fullmatch(_NUMBER, text) is None:
        return text
    value = Fraction(text)
    decimal = Decimal(value.numerator) / Decimal(value.denominator)
    return f"{decimal:f}" if Fraction(decimal) == value else str(value)


def _split(text: str) -> Iterator[str]:
    """Items between commas that are not in parentheses."""
    depth = start = 0
    for place, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            yield text[start:place].strip()
            start = place + 1
    yield text[start:].strip()


def _expand(item: str) -> Iterator[str]:
    """Replace the first range in an item by each of its numbers, and so on."""
    found = _RANGE.search(item)
    if found is None:
        if ".." in item or ":" in item:
            raise argparse.ArgumentTypeError(f"{item!r} has no range such as 1..5 or 0.6:0.9:0.1")
        yield item
        return
    _, *ends = found.groups()
    low, high, *by = (Fraction(end) for end in ends if end is not None)
    step = by[0] if by else Fraction(1)
    if step == 0 or (count := (high - low) // step + 1) < 1:
        raise argparse.ArgumentTypeError(f"the range {found[1]!r} is empty")
    for index in range(count):
        number = plain(str(low + index * step))
        yield from _expand(f"{item[: found.start(1)]}{number}{item[found.end(1) :]}")
