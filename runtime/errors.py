"""Exceptions of the numeric layer: a diagnostic code and facts, never prose."""

from __future__ import annotations


class ProblemError(Exception):
    """The problem (not posg) is at fault; ``code`` and ``facts`` feed the message table.

    Parameters
    ----------
    code
        A diagnostic code, such as ``P0501``.
    facts
        Values for the templates of that code, turned into text.
    """

    def __init__(self, code: str, **facts: object) -> None:
        self.code = code
        self.facts = {key: str(value) for key, value in facts.items() if value is not None}
        super().__init__(f"{code} {self.facts}")


class LimitError(ProblemError):
    """A limit of memory, time or size stopped the work."""
