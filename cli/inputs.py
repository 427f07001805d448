"""Files, options and limits turned into compiled games."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from posg.api.limits import Limits
from posg.compiler.pipeline import (
    Compiled,
    Request,
    check_game,
    compile_checked,
)
from posg.compiler.program import Program, load
from posg.grammar.diagnostics import Bag
from posg.grammar.source import Source

if TYPE_CHECKING:
    from posg.runtime import Policy


class FailedError(Exception):
    """Diagnostics were reported; the command ends with status 1."""

    def __init__(self, bag: Bag) -> None:
        self.bag = bag
        super().__init__()


def read_text(path: str) -> str:
    """Text of a spec file."""
    return Path(path).read_text(encoding="utf-8")


def load_program(path: str, bag: Bag) -> Program:
    """Parse a file (``-`` for standard input) with its imports."""
    try:
        text = sys.stdin.read() if path == "-" else read_text(path)
    except OSError as error:
        raise FailedError(_unreadable(path, error)) from None
    except UnicodeDecodeError:
        raise FailedError(_one("P0801", path=path, reason="not UTF-8 text")) from None
    program = load(Source("<stdin>" if path == "-" else path, text), read_text, bag)
    if program is None:
        raise FailedError(bag)
    return program


def _one(code: str, **facts: str | int) -> Bag:
    bag = Bag()
    bag.report(code, None, {key: str(value) for key, value in facts.items()})
    return bag


def _unreadable(path: str, error: OSError) -> Bag:
    return _one("P0801", path=path, reason=error.strerror or "unreadable")


def read_policy(path: str) -> Policy:
    """Read a saved policy."""
    from posg.runtime import load_policy

    try:
        return load_policy(path)
    except OSError as error:
        raise FailedError(_unreadable(path, error)) from None


def request_of(options: argparse.Namespace) -> Request:
    """The request that the shared options make."""
    return Request(
        game=options.game,
        sharing=options.sharing,
        horizon=options.horizon,
        settings=options.set,
        all_states=options.all_states,
        memory_bytes=options.memory,
    )


def compile_file(options: argparse.Namespace, bag: Bag) -> Compiled:
    """Compile what the command line names.

    Raises
    ------
    FailedError
        After diagnostics.
    """
    return compile_program(load_program(options.file, bag), options, bag)


def compile_program(
    program: Program, options: argparse.Namespace, bag: Bag, *, expectations: bool = False
) -> Compiled:
    """Compile one game of a program as the shared options say; check its ``expect`` statements too.

    Raises
    ------
    FailedError
        After diagnostics.
    """
    request = request_of(options)
    checked = check_game(program, request, bag)
    compiled = None if checked is None else compile_checked(checked, request, bag)
    if checked is not None and expectations:
        from posg.compiler.expectations import check_expectations

        check_expectations(program, checked.syntax, bag)
    if compiled is None or bag.has_errors:
        raise FailedError(bag)
    return compiled


def limits_of(options: argparse.Namespace) -> Limits:
    """The limits of the command line."""
    return Limits(memory=options.memory, seconds=options.time)
