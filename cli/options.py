"""Values of options, checked while argparse reads them: what is wrong here is wrong usage."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_DIGITS = 18
"""Of the largest whole number that is read."""
_UNITS = {
    "": 1,
    "B": 1,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
}


def whole_number(least: int) -> Callable[[str], int]:
    """Read a whole number that is not below ``least``."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or (len(text) <= _DIGITS and int(text) < least):
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
        if len(text) > _DIGITS:
            raise argparse.ArgumentTypeError(f"{text!r} is too large")
        return int(text)

    return read


def seconds(text: str) -> float:
    """Read a time, which may be 0."""
    value = _number(text)
    if value is None or value < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


def tolerance(text: str) -> float:
    """Read an accuracy."""
    value = _number(text)
    if value is None or value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return value


def memory_bytes(text: str) -> int:
    """Read the bytes of ``4GiB``."""
    number = text.rstrip("KMGTiB ")
    value, factor = _number(number), _UNITS.get(text[len(number) :].strip())
    if value is None or factor is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 4GiB")
    if value * factor < 1:
        raise argparse.ArgumentTypeError("a memory limit must be positive")
    return int(value * factor)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def path_ending(*endings: str) -> Callable[[str], str]:
    """Read a path whose name ends in one of ``endings``, each of which is a format."""

    def read(text: str) -> str:
        if not Path(text).name.endswith(endings):
            known = " or ".join(endings)
            raise argparse.ArgumentTypeError(f"the name must end in {known}; {text!r} does not")
        return text

    return read


class Settings(argparse.Action):
    """Collects ``NAME=VALUE`` in a dict; a name is set once."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,  # as argparse declares it; one text for an option
        option_string: str | None = None,
    ) -> None:
        """Add one setting."""
        name, equals, value = (part.strip() for part in str(values).partition("="))
        if not (name and equals and value):
            raise argparse.ArgumentError(self, f"{values!r} is not of the form NAME=VALUE")
        before: dict[str, str] = getattr(namespace, self.dest)
        if name in before:
            raise argparse.ArgumentError(self, f"{name!r} is set twice")
        setattr(namespace, self.dest, {**before, name: value})
