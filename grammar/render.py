"""Diagnostics as text for people and as data for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from unicodedata import category, east_asian_width

from .diagnostics import Diagnostic, Severity
from .node import Record
from .source import Source, Span

TAB_WIDTH = 4
MAX_SHOWN = 120
"""Characters of a line that are shown at most."""

_RESET = "\x1b[0m"
_STYLES = {
    Severity.ERROR: "\x1b[1;31m",
    Severity.WARNING: "\x1b[1;33m",
    "bold": "\x1b[1m",
    "gutter": "\x1b[34m",
    "other": "\x1b[34m",
    "note": "\x1b[36m",
}


class Wording(Record):
    """A diagnostic's templates, filled in."""

    text: str
    label: str
    other: str
    notes: tuple[str, ...]
    helps: tuple[str, ...]


class _Mark(Record):
    """A place to be underlined."""

    span: Span
    label: str
    primary: bool


class _Window(Record):
    """The part of a line that is shown; ``shift`` is how many characters were cut before it."""

    text: str
    shift: int


def word(diagnostic: Diagnostic) -> Wording:
    """Fill in the templates; those that name a missing fact are left out."""
    message, facts = diagnostic.message, diagnostic.facts
    return Wording(
        text=_fill(message.text, facts) or message.text,
        label=_fill(message.label, facts) or "",
        other=_fill(message.other, facts) or "",
        notes=tuple(filter(None, (_fill(note, facts) for note in message.notes))),
        helps=tuple(filter(None, (_fill(help_, facts) for help_ in message.helps))),
    )


def render_text(diagnostics: Iterable[Diagnostic], *, color: bool) -> str:
    """Lay diagnostics out for people, with the source lines that they are about.

    Parameters
    ----------
    diagnostics
        What to show, in order; a blank line stands between two of them.
    color
        Whether to add ANSI escape sequences.
    """
    return "\n\n".join("\n".join(_lines(d, _Painter(color))) for d in diagnostics)


def to_json(diagnostics: Iterable[Diagnostic]) -> list[dict[str, object]]:
    """Return one dictionary a diagnostic; lines and columns are counted from 1.

    ``file`` and ``span`` are None for a diagnostic that is not about a file.
    """
    return [_as_data(diagnostic) for diagnostic in diagnostics]


def _fill(template: str, facts: Mapping[str, str]) -> str | None:
    try:
        return template.format_map(facts)
    except KeyError:
        return None


def _as_data(diagnostic: Diagnostic) -> dict[str, object]:
    span, wording = diagnostic.span, word(diagnostic)
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": wording.text,
        "file": span.source.name if span else None,
        "span": {"start": _place(span, span.start), "end": _place(span, span.end)}
        if span
        else None,
        "notes": list(wording.notes),
        "help": list(wording.helps),
    }


def _place(span: Span, offset: int) -> dict[str, int]:
    line, column = span.source.position(offset)
    return {"line": line, "column": column}


class _Painter:
    def __init__(self, color: bool) -> None:
        self.color = color

    def __call__(self, style: str | Severity, text: str) -> str:
        return f"{_STYLES[style]}{text}{_RESET}" if self.color and text else text


def _lines(diagnostic: Diagnostic, paint: _Painter) -> list[str]:
    wording, severity = word(diagnostic), diagnostic.severity
    head = paint(severity, f"{severity.value}[{diagnostic.code}]")
    lines = [head + paint("bold", f": {_printable(wording.text)}")]
    margin = ""
    if diagnostic.span is not None:
        marks = [_Mark(span=diagnostic.span, label=wording.label, primary=True)]
        marks += [_Mark(span=s, label=wording.other, primary=False) for s in diagnostic.others]
        margin = " " * max(len(str(_line_of(mark))) for mark in marks)
        for source in dict.fromkeys(mark.span.source for mark in marks):
            here = [mark for mark in marks if mark.span.source is source]
            lines += _excerpt(source, here, margin, severity, paint)
    for kind, texts in (("note", wording.notes), ("help", wording.helps)):
        for text in texts:
            lines.append(f"{margin} {paint('note', f'= {kind}:')} {_printable(text)}")
    return lines


def _line_of(mark: _Mark) -> int:
    return mark.span.source.position(mark.span.start)[0]


def _excerpt(
    source: Source, marks: list[_Mark], margin: str, severity: Severity, paint: _Painter
) -> list[str]:
    """Lines of one source, each followed by its marks."""
    line, column = source.position(marks[0].span.start)
    arrow = "-->" if marks[0].primary else ":::"
    bar = paint("gutter", f"{margin} |")
    lines = [f"{margin}{paint('gutter', arrow)} {_printable(source.name)}:{line}:{column}", bar]
    shown = 0
    for number in sorted({_line_of(mark) for mark in marks}):
        if shown and number > shown + 1:
            lines.append(paint("gutter", "..."))
        shown = number
        marked = [mark for mark in marks if _line_of(mark) == number]
        window = _window(source.line(number), marked[0].span.start - source.line_starts[number - 1])
        gutter = paint("gutter", f"{number:>{len(margin)}} |")
        lines.append(f"{gutter} {_printable(window.text)}".rstrip())
        for mark in marked:
            style: str | Severity = severity if mark.primary else "other"
            indent, underline = _underline(mark, source.line_starts[number - 1], window)
            label = f" {_printable(mark.label)}" if mark.label else ""
            lines.append(f"{bar} {indent}{paint(style, underline + label)}")
    return lines


def _window(line: str, start: int) -> _Window:
    """Cut what is far from a place out of a very long line."""
    if len(line) <= MAX_SHOWN:
        return _Window(text=line, shift=0)
    first = max(0, start - MAX_SHOWN // 2)
    last = first + MAX_SHOWN
    before, after = "…" if first else "", "…" if last < len(line) else ""
    return _Window(text=before + line[first:last] + after, shift=first - len(before))


def _underline(mark: _Mark, line_start: int, window: _Window) -> tuple[str, str]:
    """Blanks before, and the line under, a place; of a longer place, its first line."""
    shift = line_start + window.shift
    start, end = (
        min(max(offset - shift, 0), len(window.text)) for offset in (mark.span.start, mark.span.end)
    )
    width = _width(window.text[start:end])
    return " " * _width(window.text[:start]), ("^" if mark.primary else "-") * max(width, 1)


def _printable(text: str) -> str:
    """Text that a terminal shows as it is: no tabs, no control or invisible characters."""
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character == "\t":
        return " " * TAB_WIDTH
    kind = category(character)
    if kind == "Cf":  # such as the marks that reverse the direction of writing
        return ""
    return "\ufffd" if kind in ("Cc", "Cs", "Cn", "Zl", "Zp") else character


def _width(text: str) -> int:
    """Columns that a terminal needs for a text."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if character == "\t":
        return TAB_WIDTH
    if category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(character) in ("W", "F") else 1
