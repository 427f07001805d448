"""The same task on many items, in one process or in several."""

from __future__ import annotations

import signal
import traceback
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

Task = Callable[[Item, Callable[[], None]], Result]
"""Takes an item and a function to be called now and then."""
TICK = 0.2
"""Seconds between two ticks while processes work."""


class ProcessEndedError(Exception):
    """A signal ended a process before its work was done."""

    def __init__(self, number: int) -> None:
        self.signal = number
        super().__init__(f"signal {number} ended a process")


def run_all(
    task: Task[Item, Result],
    items: Sequence[Item],
    jobs: int,
    *,
    lost: Callable[[Item, ProcessEndedError], Result],
    tick: Callable[[], None],
) -> Generator[tuple[int, Result], None, None]:
    """Do a task on each item; yields places and results in the order in which they are done.

    Parameters
    ----------
    task
        What to do. Beyond one job it is pickled, as are items and results.
    lost
        The result of an item whose process was ended by a signal.
    tick
        Called now and then while work goes on.
    """
    if jobs == 1:
        for place, item in enumerate(items):
            yield place, task(item, tick)
        return
    pending = deque(enumerate(items))
    workers: list[_Worker[Item, Result]] = []
    try:
        while pending or workers:
            while pending and len(workers) < jobs:
                workers.append(_Worker(task))
                workers[-1].give(*pending.popleft())
            tick()
            for ready in wait([worker.connection for worker in workers], TICK):
                worker = next(worker for worker in workers if worker.connection is ready)
                try:
                    result = worker.take()
                except ProcessEndedError as error:
                    workers.remove(worker)
                    worker.stop()
                    result = lost(worker.item, error)
                yield worker.place, result
                if worker in workers:
                    if pending:
                        worker.give(*pending.popleft())
                    else:
                        workers.remove(worker)
                        worker.stop()
    finally:
        for worker in workers:
            worker.stop()


class _Worker(Generic[Item, Result]):
    """A process that waits for items."""

    place: int
    item: Item

    def __init__(self, task: Task[Item, Result]) -> None:
        context = get_context("spawn")
        self.connection, other = context.Pipe()
        self.process: BaseProcess = context.Process(target=_serve, args=(other, task), daemon=True)
        self.process.start()
        other.close()

    def give(self, place: int, item: Item) -> None:
        self.place, self.item = place, item
        with suppress(ConnectionError):  # where the process has ended, taking a result says so
            self.connection.send(item)

    def take(self) -> Result:
        try:
            answer: tuple[Result, None] | tuple[None, str] = self.connection.recv()
        except (EOFError, ConnectionError):
            self.process.join()
            status = self.process.exitcode or 0
            if status >= 0:
                raise RuntimeError(f"a process of --jobs ended with status {status}") from None
            raise ProcessEndedError(-status) from None
        if answer[1] is not None:
            raise RuntimeError(f"in a process of --jobs:\n{answer[1]}")
        return answer[0]

    def stop(self) -> None:
        self.process.terminate()
        self.process.join()
        self.connection.close()


def _serve(connection: Connection, task: Task[Item, Result]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this process ends it
    while True:
        item = connection.recv()
        answer: tuple[Result, None] | tuple[None, str]
        try:
            answer = task(item, _nothing), None
        except Exception:  # noqa: BLE001, a bug: shown where all bugs are
            answer = None, traceback.format_exc()
        connection.send(answer)


def _nothing() -> None:
    """The tick of a process that shows nothing."""
