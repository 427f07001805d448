"""Limits of memory, in bytes and in words."""

from __future__ import annotations

DEFAULT_MEMORY = 4 << 30
"""What a command may use unless it is told otherwise, in bytes."""


def bytes_text(count: float) -> str:
    """Name a number of bytes: ``512 B``, ``1.5 MiB``, ``12 GiB``."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if count < 1024 or unit == "TiB":
            break
        count /= 1024
    return f"{count:.3g} {unit}" if count < 1000 else f"{count:.0f} {unit}"
