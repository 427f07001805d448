"""Limits of memory, in bytes and in words."""

from __future__ import annotations

from math import log10

DEFAULT_MEMORY = 4 << 30
"""What a command may use unless it is told otherwise, in bytes."""
DEFAULT_NODES = 20_000_000
"""How many nodes of common information a step may have unless it is told otherwise."""


_EXACT = 10**18


def count_text(number: int) -> str:
    """Name a number of things, however large: ``12,345``, ``1.2e+940``."""
    if number < _EXACT:
        return f"{number:,}"
    exponent = int((number.bit_length() - 1) * log10(2))  # of the number, or one less
    leading = number // 10 ** (exponent - 2)
    if leading >= 1000:
        exponent, leading = exponent + 1, leading // 10
    return f"{leading / 100:.1f}e+{exponent}"


def bytes_text(count: float) -> str:
    """Name a number of bytes: ``512 B``, ``1.5 MiB``, ``12 GiB``."""
    if count > _EXACT:
        return f"{count_text(int(count) >> 40)} TiB"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if count < 1024 or unit == "TiB":
            break
        count /= 1024
    return f"{count:.3g} {unit}" if count < 1000 else f"{count:.0f} {unit}"
