"""How long computations report where they are."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called as ``progress(what, done, total)``; it may raise ``LimitError`` to stop the work."""


def silent(what: str, done: int, total: int) -> None:
    """Report nothing."""
