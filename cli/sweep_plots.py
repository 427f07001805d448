"""Sweeps as pictures: what a plan is worth, how far it is from the best, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import nan
from pathlib import Path

from posg.runtime.files import replacing

from .axes import Axis
from .sweep_rows import Row, agents_of

_LEGEND = 20
"""Lines beyond which a legend is larger than the plot."""
_TICKS = 12
Measure = Callable[[Row], float | None]


def draw_rows(path: Path, axes: Sequence[Axis], rows: Sequence[Row], title: str) -> None:
    """Draw value, gap, nodes and seconds against the first thing that has several values.

    Every combination of the others is a line of its own; dashes are bounds on the gap, and further
    agents. matplotlib must be installed.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    import matplotlib
    from matplotlib.figure import Figure

    across = next((axis for axis in axes if len(axis.values) > 1), axes[0])
    places = _places(across)
    agents = _unlike(rows)
    measures: tuple[tuple[str, Sequence[Measure]], ...] = (
        ("value", [_value_of(agent) for agent in agents]),
        ("gap", [lambda row: row.gap, lambda row: row.bound]),
        ("nodes", [lambda row: sum(row.nodes) or None]),
        ("seconds", [lambda row: row.seconds]),
    )
    lines: dict[str, list[Row]] = {}
    for row in rows:
        others = [f"{name} = {text}" for name, text in row.varied.items() if name != across.name]
        lines.setdefault(", ".join(others), []).append(row)
    figure = Figure(figsize=(9, 6), layout="constrained")
    figure.suptitle(title)
    panels = figure.subplots(2, 2, sharex=True).flat
    for panel, (name, wanted) in zip(panels, measures, strict=True):
        for number, (label, group) in enumerate(lines.items()):
            x = [places[row.varied[across.name]] for row in group]
            for measure, dash in zip(wanted, _dashes(len(wanted)), strict=True):
                y = [nan if (found := measure(row)) is None else found for row in group]
                shown = label if measure is wanted[0] else None
                panel.plot(x, y, dash, marker="o", markersize=4, color=f"C{number}", label=shown)
        panel.set_ylabel(name)
        if name in ("nodes", "seconds"):
            panel.set_yscale("log")
        if name == "gap" and (
            above := [gap for row in rows for gap in (row.gap, row.bound) if gap]
        ):
            panel.set_yscale("symlog", linthresh=min(above))  # 0 has no logarithm
        panel.grid(alpha=0.3)
        panel.tick_params(labelbottom=True)
        panel.set_xlabel(across.name)
        if not _numbers(across) or len(places) <= _TICKS:
            panel.set_xticks(list(places.values()), list(places))
    first, second = figure.axes[:2]
    if 1 < len(lines) <= _LEGEND:
        figure.legend(*first.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    if len(agents) > 1:
        for agent, dash in zip(agents, _dashes(len(agents)), strict=True):
            first.plot([], [], dash, color="gray", label=agent)
        handles, labels = first.get_legend_handles_labels()
        first.legend(handles[-len(agents) :], labels[-len(agents) :])
    for dash, label in zip(_dashes(2), ("exact", "bound"), strict=True):
        second.plot([], [], dash, color="gray", label=label)
    handles, labels = second.get_legend_handles_labels()
    second.legend(handles[-2:], labels[-2:])
    kind = path.suffix[1:]
    with (
        matplotlib.rc_context({"svg.hashsalt": "posg", "svg.fonttype": "none"}),
        replacing(path) as stream,
    ):
        figure.savefig(stream, format=kind, metadata={"Date": None} if kind == "svg" else None)


def _numbers(axis: Axis) -> list[Fraction]:
    """The values, if all of them are numbers."""
    try:
        return [Fraction(text) for text in axis.values]
    except ValueError:
        return []


def _places(axis: Axis) -> dict[str, float]:
    """Where each value is: at its number, or one after the other."""
    numbers = _numbers(axis) or [Fraction(place) for place in range(len(axis.values))]
    return {text: float(number) for text, number in zip(axis.values, numbers, strict=True)}


def _value_of(agent: str) -> Measure:
    return lambda row: row.value.get(agent)


def _unlike(rows: Sequence[Row]) -> Sequence[str]:
    """The agents, or the first of them if all get the same."""
    agents = agents_of(rows)
    alike = all(len(set(row.value.values())) < 2 for row in rows)
    return agents[:1] if alike else agents


def _dashes(count: int) -> list[str]:
    return [("-", "--", ":", "-.")[place % 4] for place in range(count)]
