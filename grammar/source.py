"""Source texts and the spans that point into them."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True)
class Source:
    """A named piece of text, the unit that is parsed.

    ``name`` is what diagnostics print: a path as the user wrote it, ``posg:sharing`` for the
    library, ``<stdin>`` or ``--sharing`` for text that has no file.
    """

    name: str
    text: str = field(repr=False)

    @cached_property
    def line_starts(self) -> tuple[int, ...]:
        """Offsets at which the lines begin."""
        starts = [0]
        starts.extend(index + 1 for index, char in enumerate(self.text) if char == "\n")
        return tuple(starts)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, both counted from 1, of an offset into the text."""
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Text of a line counted from 1, without its line end."""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] if number < len(self.line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of offsets ``[start, end)`` in one source."""

    source: Source = field(repr=False)
    start: int
    end: int

    def __post_init__(self) -> None:
        """Refuse offsets that are not in the text."""
        if not 0 <= self.start <= self.end <= len(self.source.text):
            raise ValueError(f"span {self.start}..{self.end} lies outside {self.source.name}")

    @property
    def text(self) -> str:
        """The text covered."""
        return self.source.text[self.start : self.end]

    def to(self, other: Span) -> Span:
        """Smallest span that covers both."""
        return Span(self.source, min(self.start, other.start), max(self.end, other.end))
