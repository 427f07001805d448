"""Numbers and problems in words."""

from __future__ import annotations

from posg.grammar.diagnostics import Diagnostic
from posg.runtime.errors import ProblemError


def number_text(value: float) -> str:
    """A number as people write it: at most ten significant digits, no negative zero."""
    text = f"{value:.10g}"
    return "0" if text == "-0" else text


def problem_diagnostic(error: ProblemError) -> Diagnostic:
    """The diagnostic of a problem that the numeric layer found."""
    return Diagnostic(error.code, None, error.facts)


def problem_text(error: ProblemError) -> str:
    """The first line about a problem, in words."""
    from posg.grammar.render import word

    return word(problem_diagnostic(error)).text
