"""A small pretty-printer: documents that know where they may be broken over lines.

A group is laid out on one line if it fits and holds no `HARD` break; otherwise each of its own
breaks becomes a new line.

Source: P. Wadler, "A prettier printer", in The Fun of Programming, 2003; the loop with an explicit
stack is that of C. Lindig, "Strictly pretty", 2000.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Break:
    """A place for a new line; ``flat`` stands there if the group stays on one line."""

    flat: str


@dataclass(frozen=True, slots=True)
class Hard:
    """A new line in any case."""


@dataclass(frozen=True, slots=True)
class IfBroken:
    """Text that appears only if the group is broken, such as a trailing comma."""

    text: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """Documents one behind the other."""

    parts: tuple[Doc, ...]


@dataclass(frozen=True, slots=True)
class Nest:
    """A document whose new lines are indented further."""

    by: int
    doc: Doc


@dataclass(frozen=True, slots=True)
class Align:
    """A document whose new lines begin in the column in which it begins."""

    doc: Doc


@dataclass(frozen=True, slots=True)
class Group:
    """A document that is broken as a whole or not at all."""

    doc: Doc


Doc = str | Break | Hard | IfBroken | Sequence | Nest | Align | Group

LINE = Break(" ")
SOFT = Break("")
HARD = Hard()


def sequence(*parts: Doc) -> Sequence:
    """Put documents one behind the other."""
    return Sequence(parts)


def group(*parts: Doc) -> Group:
    """Group documents."""
    return Group(Sequence(parts))


def nest(by: int, *parts: Doc) -> Nest:
    """Indent the new lines of documents."""
    return Nest(by, Sequence(parts))


def align(*parts: Doc) -> Align:
    """Let the new lines of documents begin where the first one begins."""
    return Align(Sequence(parts))


def join(separator: Doc, docs: Iterable[Doc]) -> Sequence:
    """Put a separator between documents."""
    parts: list[Doc] = []
    for doc in docs:
        parts += (separator, doc) if parts else (doc,)
    return Sequence(tuple(parts))


def lay_out(doc: Doc, width: int) -> str:
    """Text of a document, within a width where that is possible."""
    output: list[str] = []
    column, margin = 0, ""
    stack: list[tuple[int, bool, Doc]] = [(0, False, doc)]
    while stack:
        indent, flat, part = stack.pop()
        if isinstance(part, Group):
            flat = flat or _fits(width - column, part.doc, stack)
            stack.append((indent, flat, part.doc))
        elif isinstance(part, Hard) or (isinstance(part, Break) and not flat):
            output.append("\n")
            column, margin = indent, " " * indent
        elif isinstance(part, str | Break | IfBroken):
            text = _text(part, flat)
            if text:
                output += (margin, text)
                margin = ""
                last = text.rpartition("\n")
                column = len(last[2]) if last[1] else column + len(text)
        else:
            stack.extend(_opened(part, indent, flat, column))
    return "".join(output)


def _text(part: str | Break | IfBroken, flat: bool) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, Break):
        return part.flat
    return "" if flat else part.text


def _opened(
    part: Sequence | Nest | Align, indent: int, flat: bool, column: int
) -> list[tuple[int, bool, Doc]]:
    """Parts of a document, the last one first."""
    if isinstance(part, Nest):
        return [(indent + part.by, flat, part.doc)]
    if isinstance(part, Align):
        return [(column, flat, part.doc)]
    return [(indent, flat, inner) for inner in reversed(part.parts)]


def _fits(room: int, doc: Doc, rest: list[tuple[int, bool, Doc]]) -> bool:
    """Whether a document fits on the line, with what follows it up to the next possible break."""
    following = len(rest)
    stack: list[tuple[bool, Doc]] = [(True, doc)]
    while room >= 0:
        if not stack:
            if not following:
                return True
            following -= 1
            _, flat, part = rest[following]
        else:
            flat, part = stack.pop()
        if isinstance(part, Hard):
            return not flat
        if isinstance(part, Break) and not flat:
            return True
        if isinstance(part, str | Break | IfBroken):
            first, newline, _ = _text(part, flat).partition("\n")
            room -= len(first)
            if newline:
                return room >= 0
        elif isinstance(part, Sequence):
            stack.extend((flat, inner) for inner in reversed(part.parts))
        else:
            stack.append((flat, part.doc))
    return False
