"""Diagnostics as plain data: where, which code, and the facts. ``messages/`` owns the words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from .source import Span

if TYPE_CHECKING:
    from .messages import Message


class Severity(Enum):
    """How bad a diagnostic is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem.

    Parameters
    ----------
    code
        A key of ``messages.MESSAGES``, such as ``P0204``.
    span
        The place that is underlined; None when the problem is not in a file.
    facts
        The values that the message's templates name. A template with a missing fact is left out.
    others
        Other places that matter (the first declaration, the other definition).
    """

    code: str
    span: Span | None
    facts: Mapping[str, str] = field(default_factory=dict)
    others: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a code that is not in the table."""
        if self.code not in _messages():
            raise ValueError(f"unknown diagnostic code {self.code}")

    @property
    def message(self) -> Message:
        """The templates of its wording."""
        return _messages()[self.code]

    @property
    def severity(self) -> Severity:
        """Severity that the code table gives."""
        return Severity.WARNING if self.message.warning else Severity.ERROR


def _messages() -> Mapping[str, Message]:
    from .messages import MESSAGES  # start-up: most runs have nothing to say

    return MESSAGES


class Bag:
    """Diagnostics in the order found; the same one at the same place is kept once."""

    def __init__(self, diagnostics: Iterable[Diagnostic] = ()) -> None:
        self._diagnostics: list[Diagnostic] = []
        self._seen: set[tuple[object, ...]] = set()
        self.extend(diagnostics)

    def report(
        self,
        code: str,
        span: Span | None,
        found: Mapping[str, str] | None = None,
        /,
        *,
        others: Iterable[Span] = (),
        **facts: object,
    ) -> None:
        """Add a diagnostic with the facts in ``found`` and those given by name.

        Facts are turned into text. One that is None or an empty tuple is dropped; the items of a
        tuple are offered as alternatives.
        """
        kept = {
            key: " or ".join(f"`{item}`" for item in value)
            if isinstance(value, tuple)
            else str(value)
            for key, value in facts.items()
            if value is not None and value != ()
        }
        self.add(Diagnostic(code, span, {**(found or {}), **kept}, tuple(others)))

    def add(self, diagnostic: Diagnostic) -> None:
        """Add one diagnostic unless its code was already reported at that span."""
        span = diagnostic.span
        place = None if span is None else (span.source.name, span.start, span.end)
        key = (diagnostic.code, place) if place else (diagnostic.code, *diagnostic.facts.items())
        if key not in self._seen:
            self._seen.add(key)
            self._diagnostics.append(diagnostic)

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Add several."""
        for diagnostic in diagnostics:
            self.add(diagnostic)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All of them: by file in the order of their first ones, and by place within a file."""
        names = [d.span.source.name if d.span else "" for d in self._diagnostics]
        rank = {name: place for place, name in reversed(list(enumerate(names)))}
        by_place = sorted(
            zip(names, self._diagnostics, strict=True),
            key=lambda pair: (rank[pair[0]], pair[1].span.start if pair[1].span else 0),
        )
        return tuple(diagnostic for _, diagnostic in by_place)

    @property
    def has_errors(self) -> bool:
        """Whether anything worse than a warning was reported."""
        return any(d.severity is Severity.ERROR for d in self._diagnostics)


class PosgError(Exception):
    """Base of every exception that posg raises on purpose."""


class SpecError(PosgError):
    """The user's file or request is at fault; carries the diagnostics."""

    def __init__(self, bag: Bag) -> None:
        self.bag = bag
        super().__init__("; ".join(f"{d.code} {dict(d.facts)}" for d in bag.diagnostics))

    @classmethod
    def single(
        cls,
        code: str,
        span: Span | None,
        found: Mapping[str, str] | None = None,
        /,
        *,
        others: Iterable[Span] = (),
        **facts: object,
    ) -> SpecError:
        """Build the exception for one diagnostic."""
        bag = Bag()
        bag.report(code, span, found, others=others, **facts)
        return cls(bag)
