"""Exceptions and warnings that say in words what is wrong, for those who call posg from Python."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from warnings import warn

from posg.grammar.diagnostics import Bag, Diagnostic, SpecError
from posg.grammar.render import render_text
from posg.runtime import ProblemError


@contextmanager
def explained() -> Generator[None, None, None]:
    """Add the text of its diagnostics to an exception, as a note below its traceback."""
    try:
        yield
    except (SpecError, ProblemError) as error:
        if not getattr(error, "__notes__", ()):  # else it comes from a function that explained it
            found = (
                error.bag.diagnostics
                if isinstance(error, SpecError)
                else [Diagnostic(error.code, None, error.facts)]
            )
            error.add_note(render_text(found, color=False))
        raise


class SpecWarning(UserWarning):
    """Something that is likely to be a slip, or that makes a result worth less."""


def show_warnings(bag: Bag, *, depth: int) -> None:
    """Issue the diagnostics of a bag as warnings of the caller ``depth`` calls above."""
    for diagnostic in bag.diagnostics:
        warn(render_text([diagnostic], color=False), SpecWarning, stacklevel=depth + 1)
