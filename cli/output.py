"""What commands print: JSON objects on standard output, diagnostics on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable

from posg.grammar.diagnostics import Bag, Diagnostic
from posg.grammar.render import render_text, to_json
from posg.runtime.errors import LimitError, ProblemError

OK, PROBLEM, USAGE, LIMIT, INTERRUPTED, BUG = 0, 1, 2, 3, 130, 70


def color_wanted() -> bool:
    """Colour only on a terminal, and not where NO_COLOR is set."""
    return sys.stderr.isatty() and "NO_COLOR" not in os.environ


def show_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """Print diagnostics for people."""
    text = render_text(tuple(diagnostics), color=color_wanted())
    if text:
        print(text, file=sys.stderr)


def diagnostics_json(bag: Bag) -> list[dict[str, object]]:
    """Diagnostics as data."""
    return to_json(bag.diagnostics)


def show_json(data: object) -> None:
    """Print one JSON object."""
    sys.set_int_max_str_digits(0)  # counts of long games have more digits than Python would print
    print(json.dumps(data, ensure_ascii=False, allow_nan=False))


def status_of(error: ProblemError) -> int:
    """Exit status for a problem: limits differ from faults."""
    return LIMIT if isinstance(error, LimitError) else PROBLEM
