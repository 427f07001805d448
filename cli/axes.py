"""``--vary 'NAME = VALUES'``: what a sweep goes through."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

_NUMBER = r"-?\d+(?:\.\d+)?"
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")
_GRID = re.compile(rf"({_NUMBER}):({_NUMBER}):({_NUMBER})")
_VALUES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One thing that varies, and the texts of its values in order."""

    name: str
    values: tuple[str, ...]


def axis(text: str) -> Axis:
    """Read ``accuracy = 0.6:0.95:0.05``, ``horizon = 3..7`` or ``compression = merge, last(1..3)``.

    Raises
    ------
    argparse.ArgumentTypeError
        For wrong usage.
    """
    name, equals, values = (part.strip() for part in text.partition("="))
    if not (name and equals and values):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUES")
    found = tuple(value for item in _split(values) for value in _expand(item))
    if not all(found) or len(found) > _VALUES:
        raise argparse.ArgumentTypeError(f"{values!r} does not list 1 to {_VALUES} values")
    return Axis(name="".join(name.split()), values=found)


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
    found = _GRID.search(item) or _RANGE.search(item)
    if found is None:
        yield item
        return
    low, high, *by = (Fraction(number) for number in found.groups())
    step = by[0] if by else Fraction(1)
    if step <= 0 or (high - low) / step >= _VALUES:
        raise argparse.ArgumentTypeError(f"{found.group()!r} is not a range")
    value = low
    while value <= high:
        yield from _expand(f"{item[: found.start()]}{float(value):.12g}{item[found.end() :]}")
        value += step
