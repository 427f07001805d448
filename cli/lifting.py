"""``posg check --lift``: the game that delivers what its rules send to one agent only."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict

from posg.api.checking import check_compiled
from posg.compiler.lift import lift_directed
from posg.compiler.pipeline import Request, compile_game
from posg.compiler.program import load
from posg.grammar.diagnostics import Bag
from posg.grammar.source import Source

from .inputs import FailedError, limits_of, load_program, read_text, request_of
from .output import OK, diagnostics_json, show_diagnostics, show_json

NAME = "the lifted game"


def lift(options: argparse.Namespace) -> int:
    """The lifted file on standard output, and the verdicts on it on standard error.

    A file in which nothing is directed comes out as it is.
    """
    bag = Bag()
    program, request = load_program(options.file, bag), request_of(options)
    lifted = lift_directed(program, request, bag)
    if lifted is None:
        raise FailedError(bag)
    show_diagnostics(bag.diagnostics)
    data: dict[str, object] = {
        "schema": "posg.lift/1",
        "text": lifted.text,
        "changes": [asdict(change) for change in lifted.changes],
        "diagnostics": diagnostics_json(bag),
    }
    if not lifted.changes:
        print(_NOTHING[len(lifted.agents) > 2], file=sys.stderr)
        _show(options, data, lifted.text)
        return OK
    if options.format == "text":
        _show(options, data, lifted.text)
    found = Bag()
    again = load(Source(NAME, lifted.text), read_text, found)
    rest = Request(all_states=options.all_states, memory_bytes=options.memory)
    compiled = None if again is None else compile_game(again, rest, found)
    if compiled is None:
        raise FailedError(found)
    verdicts = check_compiled(compiled, found, limits_of(options))
    show_diagnostics(found.diagnostics)
    if options.format == "json":
        _show(options, {**data, "check": verdicts.data}, lifted.text)
    else:
        print(verdicts, file=sys.stderr)
    return OK


_NOTHING = (
    "nothing to lift: among two agents, what one sends to the other is common",
    "nothing to lift: no rule sends a value to one agent only",
)


def _show(options: argparse.Namespace, data: dict[str, object], text: str) -> None:
    if options.format == "json":
        show_json(data)
    else:
        print(text, end="", flush=True)
