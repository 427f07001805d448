"""Rows of a sweep: as cells of a table, as data and in print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from posg.api.wording import number_text

from .axes import COLUMNS
from .output import LIMIT, OK, PROBLEM

Cells = dict[str, str | int | float | None]

_OWN = (*COLUMNS, "nodes_per_step", "problem", "reason", "limits", "sweep")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What came of one combination.

    Numbers have the ten digits that are printed, so that a row is the same after it was read from
    a file. ``limits`` is what a limit that stopped the work was, and empty otherwise.
    """

    varied: Mapping[str, str]
    sharing: str | None = None
    compression: str | None = None
    horizon: int | None = None
    concept: str | None = None
    nodes: tuple[int, ...] = ()
    value: Mapping[str, float] = field(default_factory=dict)
    gap: float | None = None
    bound: float | None = None
    certificate: str | None = None
    seconds: float | None = None
    problem: str | None = None
    reason: str | None = None
    limits: str | None = None

    @property
    def status(self) -> int:
        """The exit status of a command that found this."""
        if self.problem is None:
            return OK
        return PROBLEM if self.limits is None else LIMIT

    @property
    def json(self) -> dict[str, object]:
        """As data."""
        problem = {"code": self.problem, "message": self.reason}
        return {
            "varied": dict(self.varied),
            "sharing": self.sharing,
            "compression": self.compression,
            "horizon": self.horizon,
            "concept": self.concept,
            "nodes": list(self.nodes),
            "value": dict(self.value),
            "gap": self.gap,
            "bound": self.bound,
            "certificate": self.certificate,
            "reason": None if self.problem else self.reason,
            "seconds": self.seconds,
            "problem": problem if self.problem else None,
        }


def rounded(number: float, tolerance: float = 0.0) -> float:
    """A number with the digits that are printed; 0 if it is not above the tolerance."""
    return 0.0 if abs(number) <= tolerance else float(number_text(number))


def column_of(name: str) -> str:
    """The column of what varies; a parameter that is called like another column is set apart."""
    if name in ("sharing", "compression", "horizon") or name not in _OWN:
        return name
    return f"set[{name}]"


def agents_of(rows: Iterable[Row]) -> tuple[str, ...]:
    """All agents, in order."""
    return tuple(dict.fromkeys(agent for row in rows for agent in row.value))


def cells_of(row: Row, agents: Sequence[str], sweep: str) -> Cells:
    """A row of the table that is kept, by column."""
    cells: Cells = {column_of(name): value for name, value in row.varied.items()}
    cells.setdefault("sharing", row.sharing)
    cells.setdefault("compression", row.compression)
    cells.setdefault("horizon", row.horizon)
    return cells | {
        "concept": row.concept,
        "nodes": sum(row.nodes) if row.nodes else None,
        "nodes_per_step": " ".join(str(count) for count in row.nodes) or None,
        **{f"value[{agent}]": row.value.get(agent) for agent in agents},
        "gap": row.gap,
        "bound": row.bound,
        "certificate": row.certificate,
        "seconds": row.seconds,
        "problem": row.problem,
        "reason": row.reason,
        "limits": row.limits,
        "sweep": sweep,
    }


def row_of(cells: Mapping[str, str], names: Sequence[str]) -> Row:
    """The row whose cells these are, as text and empty where there is nothing.

    Raises
    ------
    ValueError
        If numbers are not numbers.
    """

    def number(column: str) -> float | None:
        return float(cells[column]) if cells[column] else None

    values = {
        column[len("value[") : -1]: float(cell)
        for column, cell in cells.items()
        if column.startswith("value[") and cell
    }
    return Row(
        varied={name: cells[column_of(name)] for name in names},
        sharing=cells["sharing"] or None,
        compression=cells["compression"] or None,
        horizon=int(cells["horizon"]) if cells["horizon"] else None,
        concept=cells["concept"] or None,
        nodes=tuple(int(count) for count in cells["nodes_per_step"].split()),
        value=values,
        gap=number("gap"),
        bound=number("bound"),
        certificate=cells["certificate"] or None,
        seconds=number("seconds"),
        problem=cells["problem"] or None,
        reason=cells["reason"] or None,
        limits=cells["limits"] or None,
    )


def table_text(names: Sequence[str], rows: Sequence[Row], shown: Sequence[str]) -> str:
    """The rows for people: what varies, then the columns that are asked for."""
    agents = agents_of(rows)
    alike = all(len(set(row.value.values())) < 2 for row in rows)
    columns = [column_of(name) for name in names]
    for column in shown:
        if column == "value" and not alike:
            columns += [f"value[{agent}]" for agent in agents]
        elif column not in columns:
            columns.append(column)
    lines = [columns]
    for row in rows:
        cells = cells_of(row, agents, "")
        cells["value"] = next(iter(row.value.values()), None)
        if row.problem is None:
            lines.append([_shown(cells[column]) for column in columns])
        else:
            lines.append([*row.varied.values(), f"{row.problem}: {row.reason}"])
    widths = [
        max(len(line[place]) for line in lines if len(line) == len(columns) or place < len(names))
        for place in range(len(columns))
    ]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=False)).rstrip()
        for line in lines
    )


def _shown(cell: str | float | None) -> str:
    if cell is None:
        return "-"
    return number_text(cell) if isinstance(cell, float) else str(cell)
