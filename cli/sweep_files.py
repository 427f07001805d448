"""Tables of sweeps on disk: CSV, and Parquet where pyarrow is installed."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from posg.api.wording import number_text
from posg.grammar.diagnostics import SpecError
from posg.runtime.files import replacing

from .axes import plain
from .sweep_rows import Cells, Row, agents_of, cells_of, column_of, row_of

SAVE_SECONDS = 1.0
"""Rows of at most so long ago are lost when a sweep is ended from outside."""


class Table:
    """The rows of a sweep, and of an earlier run of it; a context manager that keeps them.

    Parameters
    ----------
    path
        Where they are kept, if anywhere.
    combinations
        What the rows are about, in order. Other rows of the file stay behind them.
    sweep
        What the rows depend on beside their combination.

    Raises
    ------
    SpecError
        P0824 if the file holds something else.
    OSError
        If it cannot be read or written.
    """

    def __init__(
        self, path: Path | None, combinations: Sequence[Mapping[str, str]], sweep: str
    ) -> None:
        self._path = path
        self._sweep = sweep
        self._names = tuple(combinations[0])
        self._order = [_key(varied) for varied in combinations]
        read = [] if path is None else read_rows(path, self._names, sweep)
        self._rows = {_key(row.varied): row for row in read}
        self._changed = False
        self._saved = time.monotonic()

    def has(self, varied: Mapping[str, str], limits: str) -> bool:
        """Whether there is a row that these limits could not change."""
        row = self._rows.get(_key(varied))
        return row is not None and row.limits in (None, limits)

    def add(self, row: Row) -> None:
        """Add a row."""
        self._rows[_key(row.varied)] = row
        self._changed = True
        self.keep_up()

    def keep_up(self) -> None:
        """Keep what was added, if the last time is a while ago; to be called now and then."""
        if self._changed and time.monotonic() - self._saved > SAVE_SECONDS:
            self._save()

    @property
    def rows(self) -> list[Row]:
        """The rows about the combinations, in order, as far as there are any."""
        return [self._rows[key] for key in self._order if key in self._rows]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._changed:
            self._save()

    def _save(self) -> None:
        about = set(self._order)
        rows = [*self.rows, *(row for key, row in self._rows.items() if key not in about)]
        if self._path is not None:
            write_rows(self._path, self._names, rows, self._sweep)
        self._changed = False
        self._saved = time.monotonic()


def _key(varied: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(varied.values())


def read_rows(path: Path, names: Sequence[str], sweep: str) -> list[Row]:
    """Rows of an earlier run of the same sweep; none if there is no file.

    Raises
    ------
    SpecError
        P0824 if the file holds something else.
    OSError
        If it cannot be read.
    """
    if not path.exists() or not path.stat().st_size:
        return []
    try:
        columns, table = _read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    except ValueError as error:
        raise _foreign(path, str(error)) from None
    for column in cells_of(Row(varied=dict.fromkeys(names, "")), (), sweep):
        if column not in columns:
            raise _foreign(path, f"it has no column `{column}`")
    if any(cells["sweep"] != sweep for cells in table):
        raise _foreign(path, "its rows come from another file, or were made with other options")
    try:
        return [row_of(cells, names) for cells in table]
    except ValueError as error:
        raise _foreign(path, str(error)) from None


def _foreign(path: Path, reason: str) -> SpecError:
    return SpecError.single("P0824", None, path=path, reason=reason)


def write_rows(path: Path, names: Sequence[str], rows: Sequence[Row], sweep: str) -> None:
    """Replace a table by all its rows.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    agents = agents_of(rows)
    table = [cells_of(row, agents, sweep) for row in rows]
    if path.suffix == ".parquet":
        _write_parquet(path, table, {column_of(name) for name in names})
        return
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(table[0]), lineterminator="\n")
    writer.writeheader()
    for cells in table:
        writer.writerow({column: _text(cell) for column, cell in cells.items()})
    with replacing(path) as stream:
        stream.write(text.getvalue().encode())


def _text(cell: object) -> str:
    if cell is None:
        return ""
    return number_text(cell) if isinstance(cell, float) else str(cell)


Read = tuple[Sequence[str], list[dict[str, str]]]
"""Columns, and the cells of each row as text."""


def _read_csv(path: Path) -> Read:
    """Read a table.

    Raises
    ------
    ValueError
        If the text is not UTF-8, or lines differ in length.
    """
    lines = csv.reader(io.StringIO(path.read_bytes().decode("utf-8"), newline=""))
    columns, *rows = lines
    return columns, [dict(zip(columns, cells, strict=True)) for cells in rows]


def _read_parquet(path: Path) -> Read:
    """Read a table.

    Raises
    ------
    ValueError
        If it is not a Parquet file.
    """
    from pyarrow.parquet import read_table

    with path.open("rb") as stream:
        table = read_table(stream)
    rows = [{c: _plain(cell) for c, cell in row.items()} for row in table.to_pylist()]
    return table.column_names, rows


def _plain(cell: object) -> str:
    """The text of a cell, as `--vary` would have it."""
    return plain(repr(cell)) if isinstance(cell, float) else _text(cell)


def _write_parquet(path: Path, table: Sequence[Cells], varied: set[str]) -> None:
    """Write columns with their types; what varies is numbers if all of it is."""
    import pyarrow
    from pyarrow.parquet import write_table

    numbers = {column for column in varied if all(_is_number(cells[column]) for cells in table)}
    columns = {
        column: [
            float(str(cells[column])) if column in numbers else cells[column] for cells in table
        ]
        for column in table[0]
    }
    kinds = {column: _kind(column, numbers, varied) for column in columns}
    schema = pyarrow.schema([(column, kind) for column, kind in kinds.items()])
    with replacing(path) as stream:
        write_table(pyarrow.table(columns, schema=schema), stream)


def _kind(column: str, numbers: set[str], varied: set[str]) -> str:
    """The type of a column, by its name in Arrow."""
    if column in numbers or column in ("gap", "bound", "seconds") or column.startswith("value["):
        return "float64"
    return "int64" if column in ("nodes", "horizon") and column not in varied else "string"


def _is_number(cell: object) -> bool:
    """Whether a cell is the same after it was a float64."""
    try:
        return plain(repr(float(str(cell)))) == cell
    except ValueError:
        return False
