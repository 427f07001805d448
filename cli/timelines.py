"""The timeline of who knows what, as text and as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from posg.compiler.timeline import TimelineRow

_FILL = {
    "common": "#4c9f70",
    "private": "#e0a458",
    "forgotten": "#c9c9c9",
    "common or private": "#a3b18a",
    "common or forgotten": "#b7c9b0",
    "private, coded": "#d4b483",
    "coded": "#dfd6c3",
    "": "#ffffff",
}
_CELL, _LINE, _CHAR = 130, 22, 7


def timeline_text(rows: Sequence[TimelineRow]) -> str:
    """A table, one line a value, one column a step."""
    if not rows:
        return "no values are generated before the last decision"
    steps = len(rows[0].status)
    heads = ["value", *(f"step {step}" for step in range(1, steps + 1))]
    table = [heads, *([row.label, *_cells(row)] for row in rows)]
    widths = [max(len(line[k]) for line in table) for k in range(steps + 1)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    )


def _cells(row: TimelineRow) -> list[str]:
    """Statuses with the owner of what is private."""
    return [word.replace("private", f"private to {row.agent}") or "." for word in row.status]


def timeline_svg(rows: Sequence[TimelineRow], title: str) -> str:
    """A grid of coloured cells."""
    steps = len(rows[0].status) if rows else 0
    left = 20 + _CHAR * max([5, *(len(row.label) for row in rows)])
    width, height = left + steps * _CELL + 20, 60 + (len(rows) + 1) * _LINE
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">'
        ),
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="10" y="22" font-size="15">{escape(title)}</text>',
    ]
    for step in range(steps):
        x = left + step * _CELL + _CELL / 2
        parts.append(f'<text x="{x}" y="48" text-anchor="middle">step {step + 1}</text>')
    for place, row in enumerate(rows):
        y = 56 + place * _LINE
        parts.append(f'<text x="10" y="{y + 15}">{escape(row.label)}</text>')
        for step, word in enumerate(row.status):
            x = left + step * _CELL
            parts.append(
                f'<rect x="{x}" y="{y}" width="{_CELL - 2}" height="{_LINE - 2}" rx="3" '
                f'fill="{_FILL[word]}"/>'
            )
            if word:
                parts.append(
                    f'<text x="{x + _CELL / 2 - 1}" y="{y + 14}" font-size="10" '
                    f'text-anchor="middle">{escape(word)}</text>'
                )
    return "\n".join([*parts, "</svg>", ""])
