"""Exceptions that say in words what is wrong, for those who call posg from Python."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from posg.grammar.diagnostics import Diagnostic, SpecError
from posg.grammar.render import render_text
from posg.runtime import ProblemError


@contextmanager
def explained() -> Generator[None, None, None]:
    """Add the text of its diagnostics to an exception, as a note below its traceback."""
    try:
        yield
    except SpecError as error:
        error.add_note(render_text(error.bag.diagnostics, color=False))
        raise
    except ProblemError as error:
        diagnostic = Diagnostic(error.code, None, error.facts)
        error.add_note(render_text([diagnostic], color=False))
        raise
