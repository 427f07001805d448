"""Work in several processes: complete, and honest about processes that end."""

import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from posg.cli.processes import ProcessEndedError, run_all
from posg.cli.sweeping import _lost

TASKS = """
import os, signal

def square(item, tick):
    tick()
    return item * item

def killed_at_three(item, tick):
    if item == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return item

def leaving(item, tick):
    os._exit(7)

def broken(item, tick):
    return item // 0
"""
Task = Callable[[int, Callable[[], None]], int]


@pytest.fixture
def tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A module that other processes can import."""
    (tmp_path / "posg_test_tasks.py").write_text(TASKS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield import_module("posg_test_tasks")
    del sys.modules["posg_test_tasks"]


def lost(item: int, error: ProcessEndedError) -> int:
    return -error.signal


def found(task: Task, count: int, jobs: int) -> dict[int, int]:
    ticks: list[int] = []
    results = dict(run_all(task, range(count), jobs, lost=lost, tick=lambda: ticks.append(1)))
    assert bool(ticks) == bool(count)
    return results


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_every_item_once(jobs: int, tasks: Any) -> None:
    assert found(tasks.square, 4, jobs) == {place: place * place for place in range(4)}


@pytest.mark.parametrize("jobs", [1, 2])
def test_nothing_to_do(jobs: int, tasks: Any) -> None:
    assert found(tasks.square, 0, jobs) == {}


def test_a_process_that_is_killed_takes_its_item_with_it(tasks: Any) -> None:
    assert found(tasks.killed_at_three, 6, 2) == {0: 0, 1: 1, 2: 2, 3: -9, 4: 4, 5: 5}


def test_the_row_of_a_killed_process() -> None:
    row, bag = _lost("1 B", {"horizon": "3"}, ProcessEndedError(9))
    assert (row.problem, row.limits, row.status) == ("P0617", "1 B", 3)
    assert "signal 9 ended" in str(row.reason)
    assert bag.has_errors


def test_bugs_are_not_rows(tasks: Any) -> None:
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        found(tasks.broken, 2, 2)
    with pytest.raises(ZeroDivisionError):
        found(tasks.broken, 2, 1)
    with pytest.raises(RuntimeError, match="ended with status 7"):
        found(tasks.leaving, 2, 2)
