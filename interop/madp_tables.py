"""Entries of Dec-POMDP and POMDP files as tables: later ones override, every row is a law."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posg.grammar.diagnostics import Bag
from posg.grammar.source import Span
from posg.runtime.arrays import blocks, expand_ranges, offsets_of
from posg.runtime.errors import LimitError
from posg.runtime.limits import DEFAULT_MEMORY, bytes_text

from .madp_preamble import ROUNDED, TIDY
from .madp_syntax import MAX_ERRORS, Entries, Parsed
from .madp_words import Selectors
from .tabular import SILENT, Ids, TabularGame, ValueList, is_probability, scaled_probabilities

_BLOCK_CELLS = 500_000
"""Cells that are written at a time."""
_CELL_BYTES = 8
"""Of a cell: its place in the list of values, and room for a copy."""


def tabulate_madp(
    parsed: Parsed, bag: Bag, *, memory_bytes: int = DEFAULT_MEMORY
) -> TabularGame | None:
    """Fill the tables of a file; None after errors.

    Raises
    ------
    LimitError
        P0620, before the tables would need more than ``memory_bytes``.
    """
    return _Tables(parsed, bag, memory_bytes).build()


class _Tables:
    def __init__(self, parsed: Parsed, bag: Bag, memory_bytes: int) -> None:
        self.parsed = parsed
        self.bag = bag
        self.memory_bytes = memory_bytes
        self.values = parsed.values
        self.lines = parsed.lines

    def build(self) -> TabularGame | None:
        preamble = self.parsed.preamble
        shapes = {kind: self.shape(kind) for kind in self.parsed.axes}
        need = sum(_CELL_BYTES * prod(shape) for shape in shapes.values())
        if need > self.memory_bytes:
            raise LimitError(
                "P0620",
                need=bytes_text(need),
                limit=bytes_text(self.memory_bytes),
                states=len(preamble.states),
                actions=self.parsed.axes["T"][0].size,
            )
        transition = self.law("T", shapes["T"])
        observation = self.law("O", shapes["O"])
        reward = self.fill("R", shapes["R"], 0)[0]
        if self.bag.has_errors:
            return None
        if preamble.rounded is not None:
            self.bag.report("P0910", preamble.rounded, rows="the law of the first state")
        values = self.values.values
        if preamble.cost:
            reward, values = _negated(reward, values)
        return TabularGame(
            name=PurePath(self.parsed.source.name.removesuffix(".gz")).stem,
            discount=preamble.discount,
            agents=preamble.agents,
            states=preamble.states,
            actions=preamble.actions,
            observations=preamble.observations,
            start=preamble.start,
            values=values,
            transition=transition,
            observation=observation,
            reward=reward,
        )

    def shape(self, kind: str) -> tuple[int, ...]:
        """Sizes of a table's axes; those of R that every entry leaves open have size 1."""
        axes = self.parsed.axes[kind]
        sizes = [axis.size for axis in axes]
        if kind == "R":
            entries = self.parsed.entries[kind]
            for place in (2, 3):
                if all(chosen == sizes[place] for chosen in entries.places[place]):
                    sizes[place] = 1
        return tuple(sizes)

    def fill(self, kind: str, shape: tuple[int, ...], empty: int) -> tuple[Ids, Ids]:
        """Write the entries in order: the table, and for each row the line that wrote it last.

        A row is all of a table but its last axis; -1 stands for none.
        """
        entries, axes = self.parsed.entries[kind], self.parsed.axes[kind]
        table: Ids = np.full(prod(shape), empty, dtype=np.int32)
        lines: Ids = np.full(prod(shape[:-1]), -1, dtype=np.int32)
        value = np.array(entries.value, dtype=np.int32)
        line = np.array(entries.line, dtype=np.int32)
        places = [np.array(column, dtype=np.int64) for column in entries.places]
        members = [_Members(axis, size) for axis, size in zip(axes, shape, strict=True)]
        costs = np.ones(len(value), dtype=np.int64)
        for chosen, member in zip(places, members, strict=True):
            costs *= member.lengths[chosen]
        for start, stop in blocks(costs, _BLOCK_CELLS):
            entry = np.arange(start, stop)
            cells = np.zeros(len(entry), dtype=np.int64)
            for chosen, member, size in zip(places, members, shape, strict=True):
                here = chosen[entry]
                lengths = member.lengths[here]
                picked = member.indices[expand_ranges(member.offsets[here], lengths)]
                cells = np.repeat(cells, lengths) * size + picked
                entry = np.repeat(entry, lengths)
            table[cells] = value[entry]  # of equal cells the last one stays
            lines[cells // shape[-1]] = line[entry]
        return table.reshape(shape), lines.reshape(shape[:-1])

    def law(self, kind: str, shape: tuple[int, ...]) -> Ids:
        """Table of T or O, its rows normalised as far as they may be."""
        self.require_probabilities(self.parsed.entries[kind])
        table, lines = self.fill(kind, shape, 0)
        if self.bag.has_errors:
            return table
        missing = np.argwhere(lines < 0)
        if len(missing):
            written = [line for entries in self.parsed.entries.values() for line in entries.line]
            end = self.lines.line_span(max(written, default=0))
            facts = self.row_facts(kind, *missing[0].tolist())
            self.bag.report("P0911", end, facts, more=len(missing) - 1 or None)
            return table
        integers, one = scaled_probabilities(self.values.values, shape[-1])
        wrong = [
            (action, int(state), int(total))
            for action in range(shape[0])
            for state, total in _wrong_rows(integers[table[action]], one)
        ]
        self.normalise(kind, table, lines, wrong, one)
        return table

    def require_probabilities(self, entries: Entries) -> None:
        """Report entries that are no probabilities."""
        values = self.values.values
        bad = np.array([not is_probability(value) for value in values])
        for entry in np.flatnonzero(bad[entries.value])[:MAX_ERRORS].tolist():
            value = float(values[entries.value[entry]])
            span = self.lines.line_span(entries.line[entry])
            self.bag.report("P0908", span, value=f"{value:.10g}")

    def normalise(
        self, kind: str, table: Ids, lines: Ids, wrong: list[tuple[int, int, int]], one: int
    ) -> None:
        """Divide rows by their sum: the tidy way within rounding, with a warning up to 1e-4."""
        rounded: list[Span] = []
        refused = 0
        values = list(self.values.values)
        for action, state, integer in wrong:
            total = Fraction(integer, one)
            distance = abs(total - 1)
            span = self.lines.line_span(int(lines[action, state]))
            if distance > ROUNDED:
                if refused < MAX_ERRORS:
                    facts = self.row_facts(kind, action, state)
                    self.bag.report("P0909", span, facts, sum=f"{float(total):.10g}")
                refused += 1
                continue
            row = table[action, state]
            places = np.flatnonzero(row)
            if distance > SILENT:
                rounded.append(span)
            elif (values[row[places[0]]] / total).denominator > TIDY:
                continue
            for place in places.tolist():
                row[place] = self.values.number(values[row[place]] / total)
        if rounded and not refused:
            count = f"{len(rounded)} rows" if len(rounded) > 1 else "a row"
            self.bag.report("P0910", rounded[0], rows=f"{count} of {kind}")

    def row_facts(self, kind: str, action: int, state: int) -> dict[str, str]:
        """Name a row of T or O."""
        preamble = self.parsed.preamble
        codes = np.unravel_index(action, tuple(map(len, preamble.actions)))
        names = [group[code] for group, code in zip(preamble.actions, codes, strict=True)]
        name = preamble.states[state]
        where = f"in state `{name}`" if kind == "T" else f"with next state `{name}`"
        return {"what": f"the row of {kind} for `{' '.join(names)}` {where}"}


class _Members:
    """The indices that the selectors of an axis stand for, one list behind the other."""

    def __init__(self, axis: Selectors, size: int) -> None:
        members = axis.members if size == axis.size else [np.zeros(1, np.int64)] * (axis.size + 1)
        self.indices = np.concatenate(members)
        self.lengths = np.array([len(member) for member in members], dtype=np.int64)
        self.offsets = offsets_of(self.lengths)[:-1]


def _wrong_rows(rows: NDArray[Any], one: int) -> list[tuple[int, int]]:
    """Rows whose integers do not add up to ``one``, with their sums."""
    totals = rows.sum(axis=1)
    return [(int(row), int(totals[row])) for row in np.flatnonzero(totals != one)]


def _negated(table: Ids, values: tuple[Fraction, ...]) -> tuple[Ids, tuple[Fraction, ...]]:
    """Table of the negative numbers, and the values with those added."""
    every = ValueList()
    for value in values:
        every.number(value)
    used = np.unique(table)
    flipped = np.zeros(len(values), dtype=np.int32)
    for place in used.tolist():
        flipped[place] = every.number(-values[place])
    return flipped[table], every.values
