"""A table of a sweep as SVG: values above, gaps and bounds below on a logarithmic scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor, log10
from xml.sax.saxutils import escape

from .output import number_text

_COLOURS = ("#33658a", "#c1666b", "#4c9f70", "#e0a458", "#6d597a", "#888888")
_STEP, _LEFT, _HEIGHT, _TOP, _LABEL = 70, 90, 200, 50, 130

Series = Mapping[str, Sequence[float | None]]


def sweep_svg(title: str, labels: Sequence[str], values: Series, gaps: Series) -> str:
    """Draw a panel of values and, where there are positive gaps, one of gaps."""
    panels = [_panel(values, _TOP, logarithmic=False)]
    if any(gap for row in gaps.values() for gap in row):
        panels.append(_panel(gaps, _TOP + _HEIGHT + 50, logarithmic=True))
    bottom = _TOP + len(panels) * (_HEIGHT + 50) - 30
    width, height = _LEFT + len(labels) * _STEP + 160, bottom + _LABEL
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">'
        ),
        f"<title>{escape(title)}</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="10" y="22" font-size="15">{escape(title)}</text>',
        *panels,
    ]
    for place, label in enumerate(labels):
        x = _x(place)
        parts.append(
            f'<text x="{x}" y="{bottom}" text-anchor="end" '
            f'transform="rotate(-40 {x} {bottom})">{escape(label)}</text>'
        )
    return "\n".join([*parts, "</svg>\n"])


def _x(place: int) -> int:
    return _LEFT + place * _STEP + _STEP // 2


def _panel(series: Series, top: int, *, logarithmic: bool) -> str:
    """Lines with their scale; zeros lie on the lower edge of a logarithmic one."""
    numbers = [number for row in series.values() for number in row if number is not None]
    if logarithmic:
        positive = [number for number in numbers if number > 0]
        low, high = float(floor(log10(min(positive)))) - 1, log10(max(positive))
    else:
        low, high = min(numbers, default=0.0), max(numbers, default=1.0)
    high = high if high > low else low + 1

    def y(number: float) -> float:
        level = (log10(number) if number > 0 else low) if logarithmic else number
        return round(top + _HEIGHT * (high - level) / (high - low), 1)

    ticks = [low + (high - low) * k / 4 for k in range(5)]
    shown = [0.0, *(10**tick for tick in ticks[1:])] if logarithmic else ticks
    parts = [
        f'<text x="{_LEFT - 8}" y="{y(number) + 4}" text-anchor="end">{_tick(number)}</text>'
        for number in shown
    ]
    for (name, row), colour in zip(series.items(), _COLOURS * len(series), strict=False):
        points = [(_x(k), y(number)) for k, number in enumerate(row) if number is not None]
        if not points:
            continue
        path = " ".join(f"{x},{height}" for x, height in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}"/>')
        parts += [f'<circle cx="{x}" cy="{height}" r="3" fill="{colour}"/>' for x, height in points]
        x, height = points[-1]
        parts.append(f'<text x="{x + 8}" y="{height + 4}" fill="{colour}">{escape(name)}</text>')
    return "\n".join(parts)


def _tick(number: float) -> str:
    return number_text(float(f"{number:.3g}"))
