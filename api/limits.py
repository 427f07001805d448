"""What work may use, and how far it is."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from posg.runtime.errors import LimitError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a command may use: bytes, and seconds or None.

    ``within`` is called where progress would be shown, by work that is a part of something larger.
    """

    memory: int
    seconds: float | None
    within: Callable[[], None] | None = None

    def after(self, seconds: float) -> Limits:
        """What is left after some seconds."""
        left = None if self.seconds is None else max(0.0, self.seconds - seconds)
        return replace(self, seconds=left)

    def watch(self) -> Watch:
        """A watch over the time."""
        return Watch(self.seconds, within=self.within)


class Watch:
    """Stops work that goes beyond ``--time``; shows a bar on a terminal after a second.

    A context manager, so that the bar is gone before anything else is printed.
    """

    def __init__(self, seconds: float | None, *, within: Callable[[], None] | None = None) -> None:
        self._seconds = seconds
        self._within = within
        self._started = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Report progress.

        Raises
        ------
        LimitError
            P0606, beyond the time limit.
        """
        elapsed = time.monotonic() - self._started
        if self._seconds is not None and elapsed > self._seconds:
            raise LimitError(
                "P0606", what=what, done=done, total=total, seconds=f"{self._seconds:g}"
            )
        if self._within is not None:
            self._within()
            return
        if self._bar is None and elapsed > 1 and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(what)
            self._bar.start()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=what, completed=done, total=total)
