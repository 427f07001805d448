"""The information structure as tables: private values enumerated, ξ and χ evaluated on all rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posg.grammar.diagnostics import Bag, SpecError
from posg.runtime.errors import LimitError
from posg.runtime.information import IncrementLabels, InformationStructure, Update
from posg.runtime.timestamps import Atoms, Timestamps

from .columns import Column, Kind, Rows, describe, encode
from .core import Component, Core, Register
from .evaluate import Frame, World, evaluate, table_frame
from .laws import Read, make_world
from .model import Agent, GameModel, Variable
from .provenance import Content, Grade, Provenance, trace
from .radix import digit, distinct
from .timestamps import date_increments, date_private

MAX_ROWS = 20_000_000
NOTHING_LABEL = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Private:
    """An agent's private values at one step: codes of its registers, -1 for ``nothing``."""

    codes: Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """All (p_i, a_i, o_i') of an agent, the last axis fastest.

    ``along`` has the axis of each variable, and its codes along that axis.
    """

    shape: tuple[int, int, int]
    along: Mapping[Read, tuple[int, Rows]]

    def part(self, reads: Iterable[Read]) -> tuple[tuple[int, ...], dict[Read, Rows]]:
        """The axes on which some variables lie, the others of length 1; codes on each row there."""
        wanted = {read: self.along[read] for read in reads}
        axes = {axis for axis, _ in wanted.values()}
        shape = tuple(length if axis in axes else 1 for axis, length in enumerate(self.shape))
        columns: dict[Read, Rows] = {}
        for read, (axis, codes) in wanted.items():
            lengths = [-1 if place == axis else 1 for place in range(3)]
            columns[read] = np.broadcast_to(codes.reshape(lengths), shape).reshape(-1)
        return shape, columns

    def spread(self, codes: Rows, shape: tuple[int, ...]) -> Rows:
        """A view of codes on a part as codes on the whole grid."""
        return np.broadcast_to(np.broadcast_to(codes, prod(shape)).reshape(shape), self.shape)

    def at(self, read: Read, rows: Rows) -> Rows:
        """Codes of a variable on some rows."""
        axis, codes = self.along[read]
        return np.asarray(codes[np.unravel_index(rows, self.shape)[axis]])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """An agent's part of the increment on every row of (p_i, a_i, o_i').

    ``local`` codes what is released by components that read this agent alone, ``raw`` adds what
    joint components need; ``first`` is a row of each value of ``raw``. ``codes`` has, for each value
    of ``raw``, that of each of the agent's own ``components``.
    """

    raw: Rows
    first: Rows
    local_of_raw: Rows
    labels: tuple[str, ...]
    components: tuple[int, ...]
    codes: Rows


def build_information(
    model: GameModel, core: Core, bag: Bag, *, max_rows: int = MAX_ROWS
) -> tuple[InformationStructure, Provenance, Timestamps] | None:
    """Tabulate χ and ξ for every step; None if a register's value leaves its domain.

    Raises
    ------
    LimitError
        P0426 or P0427 when a table would have more than ``max_rows`` rows: a step has too many
        private values or joint increments.
    """
    provenance = trace(model, core)
    builder = _Builder(model, core, provenance, max_rows)
    try:
        structure = builder.run()
    except SpecError as error:
        bag.extend(error.bag.diagnostics)
        return None
    timestamps = Timestamps(increments=tuple(builder.atoms), private=date_private(core, provenance))
    return structure, provenance, timestamps


class _Builder:
    def __init__(self, model: GameModel, core: Core, provenance: Provenance, max_rows: int) -> None:
        self.max_rows = max_rows
        self.model = model
        self.core = core
        self.provenance = provenance
        self.extended = replace(model, scope=core.scope)
        self.atoms: list[Atoms] = []

    def run(self) -> InformationStructure:
        updates: list[Update] = []
        private_labels: list[tuple[tuple[str, ...], ...]] = []
        increment_labels: list[IncrementLabels] = []
        before: list[_Private | None] = [None] * len(self.model.agents)
        older: list[_Private | None] = before
        for step in range(self.model.horizon):
            same = (
                step >= 2
                and not self.core.reads_step
                and all(
                    a is not None and b is not None and np.array_equal(a.codes, b.codes)
                    for a, b in zip(before, older, strict=True)
                )
            )
            after, update, labels = self.update(step, before)
            updates.append(updates[-1] if same else update)
            increment_labels.append(labels)
            private_labels.append(
                tuple(
                    self.private_labels(step, self.core.registers[agent.number], private)
                    for agent, private in zip(self.model.agents, after, strict=True)
                )
            )
            older, before = before, list(after)
        return InformationStructure(
            name=self.core.applied.label,
            updates=tuple(updates),
            private_labels=tuple(private_labels),
            increment_labels=tuple(increment_labels),
        )

    def update(
        self, step: int, before: Sequence[_Private | None]
    ) -> tuple[list[_Private], Update, IncrementLabels]:
        """The update from ``step`` (0 opens the episode) to the next step."""
        if step == 0 and not self.model.initially_observed:
            return self.nothing_yet()
        world = make_world(self.extended, step=step)
        after: list[_Private] = []
        private: list[Rows] = []
        parts: list[_Parts] = []
        grids: list[_Grid] = []
        for agent, old in zip(self.model.agents, before, strict=True):
            grid = self.grid(agent, old, step)
            values, table = self.private_update(agent, grid, world)
            after.append(values)
            private.append(table.reshape(grid.shape))
            parts.append(self.local(agent, grid, world, step))
            grids.append(grid)
        joint = [c for c in enumerate(self.core.components) if len(c[1].agents) > 1]
        if not joint:
            self.enter(step, [(part.components, part.codes) for part in parts])
        common = tuple(p.raw.reshape(grid.shape) for p, grid in zip(parts, grids, strict=True))
        sizes = tuple(len(p.first) for p in parts)
        if not joint:
            update = Update(
                private=tuple(private),
                common=common,
                common_sizes=sizes,
                joint=None,
                increment_count=prod(sizes),
            )
            return after, update, IncrementLabels(parts=tuple(p.labels for p in parts), joint=None)
        numbers, labels = self.joint(joint, parts, grids, world, step)
        update = Update(
            private=tuple(private),
            common=common,
            common_sizes=sizes,
            joint=numbers,
            increment_count=len(labels),
        )
        return after, update, IncrementLabels(parts=tuple(p.labels for p in parts), joint=labels)

    def nothing_yet(self) -> tuple[list[_Private], Update, IncrementLabels]:
        """The opening update of a game without initial observations: c_1 and p_1 are empty."""
        agents = self.model.agents
        self.enter(0, [((), np.zeros((0, 1), dtype=np.int64))] * len(agents))
        table = np.zeros((1, 1, 1), dtype=np.int64)
        update = Update(
            private=(table,) * len(agents),
            common=(table,) * len(agents),
            common_sizes=(1,) * len(agents),
            joint=None,
            increment_count=1,
        )
        empty = [
            _Private(codes=np.full((1, len(self.core.registers[agent.number])), -1))
            for agent in agents
        ]
        return empty, update, IncrementLabels(parts=(("",),) * len(agents), joint=None)

    def grid(self, agent: Agent, old: _Private | None, step: int) -> _Grid:
        """Everything agent i may hold, do and see."""
        actions = self.model.actions[agent.number]
        observations = self.model.observations[agent.number]
        registers = [register.variable for register in self.core.registers[agent.number]]
        seen = observations
        if old is None:
            seen = tuple(v for v in observations if v in self.model.initially_observed)
        done = tuple(len(v.domain) for v in actions)
        told = tuple(len(v.domain) for v in seen)
        absent = np.full(1, -1)
        shape = (1 if old is None else len(old.codes), 1 if old is None else prod(done), prod(told))
        count = prod(shape)
        if count > self.max_rows:
            raise LimitError(
                "P0426",
                agent=agent,
                count=count,
                step=step,
                limit=self.max_rows,
                fits=step or None,
            )
        along: dict[Read, tuple[int, Rows]] = {}
        for place, variable in enumerate(registers):
            along[variable, False] = 0, absent if old is None else old.codes[:, place]
        taken = np.arange(shape[1])
        for place, variable in enumerate(actions):
            along[variable, False] = 1, absent if old is None else digit(taken, done, place)
        observed = np.arange(shape[2])
        for variable in observations:
            known = variable in seen
            codes = digit(observed, told, seen.index(variable)) if known else absent
            along[variable, True] = 2, codes if known else np.repeat(absent, shape[2])
        return _Grid(shape=shape, along=along)

    def private_update(self, agent: Agent, grid: _Grid, world: World) -> tuple[_Private, Rows]:
        """ξ_i on every row: the new private values, and which of them each row leads to."""
        registers = self.core.registers[agent.number]
        views: list[Rows] = []
        for register in registers:
            shape, columns = grid.part(register.footprint.variables)
            column = evaluate(register.update, self.frame(world, prod(shape), columns, register))
            self.check_faults(world)
            got, outside = encode(column, register.variable.domain, world.symbols)
            if np.any(outside):
                raise SpecError.single(
                    "P0417",
                    register.update.span,
                    name=register.variable.label,
                    domain=str(register.variable.domain),
                    others=[register.variable.span],
                )
            views.append(grid.spread(got, shape))
        sizes = [len(register.variable.domain) + 1 for register in registers]
        first, inverse = distinct((view.reshape(-1) + 1 for view in views), sizes, prod(grid.shape))
        rows = np.unravel_index(first, grid.shape)
        codes = np.empty((len(first), len(registers)), dtype=np.int64)
        for place, view in enumerate(views):
            codes[:, place] = view[rows]
        return _Private(codes=codes), inverse

    def frame(
        self,
        world: World,
        count: int,
        columns: Mapping[Read, Rows],
        part: Register | Component,
    ) -> Frame:
        return table_frame(world, count, columns, part.bindings)

    def check_faults(self, world: World) -> None:
        """A fault in χ or ξ: these are total functions of finite arguments."""
        if world.faults:
            fault = world.faults[0]
            facts = {key: value for key, value in fault.facts.items() if key != "target"}
            if world.step == 0:
                facts["where"] = "the opening update, before anybody acts"
            raise SpecError.single(fault.code, fault.span, facts)

    def local(self, agent: Agent, grid: _Grid, world: World, step: int) -> _Parts:
        """Agent i's part of the increment."""
        count = prod(grid.shape)
        views: list[Rows] = []
        sizes: list[int] = []
        texts: list[tuple[str, ...]] = []
        components: list[int] = []
        needed: dict[Read, None] = {}
        for number, component in enumerate(self.core.components):
            if component.agents == (agent.number,):
                shape, columns = grid.part(component.footprint.variables)
                frame = self.frame(world, prod(shape), columns, component)
                column = evaluate(component.value, frame)
                self.check_faults(world)
                code, labels = factorise(column, prod(shape), world, self.model.agents)
                views.append(grid.spread(code, shape))
                sizes.append(len(labels))
                texts.append(self.component_labels(number, component, step, labels))
                components.append(number)
            elif agent.number in component.agents:
                own = (r for r in component.footprint.variables if r[0].agent == agent)
                needed.update(dict.fromkeys(own))
        local_first, local = distinct((view.reshape(-1) for view in views), sizes, count)
        rows = np.unravel_index(local_first, grid.shape)
        coded = [view[rows] for view in views]
        labels_of_local = tuple(
            ", ".join(
                text
                for labels, code in zip(texts, coded, strict=True)
                if (text := labels[int(code[place])])
            )
            for place in range(len(local_first))
        )
        every = np.arange(count) if needed else np.zeros(0, dtype=np.int64)
        raw_columns = [grid.at(read, every) + 1 for read in needed]
        raw_sizes = [len(variable.domain) + 1 for variable, _ in needed]
        first, raw = distinct([local, *raw_columns], [len(local_first), *raw_sizes], count)
        local_of_raw = local[first]
        labels = tuple(labels_of_local[k] for k in local_of_raw)
        return _Parts(
            raw=raw,
            first=first,
            local_of_raw=local_of_raw,
            labels=labels,
            components=tuple(components),
            codes=_stack(coded, len(local_first))[:, local_of_raw],
        )

    def joint(
        self,
        components: Sequence[tuple[int, Component]],
        parts: Sequence[_Parts],
        grids: Sequence[_Grid],
        world: World,
        step: int,
    ) -> tuple[Rows, tuple[str, ...]]:
        """χ where it reads several agents: the increment of every combination of parts."""
        sizes = tuple(len(p.first) for p in parts)
        count = prod(sizes)
        if count > self.max_rows:
            raise LimitError("P0427", step=step + 1, count=count, limit=self.max_rows)
        grid = np.unravel_index(np.arange(count), sizes)
        together: dict[Read, Rows] = {}
        for part, own, choice in zip(parts, grids, grid, strict=True):
            for read in own.along:
                together[read] = own.at(read, part.first)[choice]
        coded = [p.local_of_raw[choice] for p, choice in zip(parts, grid, strict=True)]
        code_sizes = [int(p.local_of_raw.max(initial=0)) + 1 for p in parts]
        texts: list[tuple[str, ...]] = []
        joint_codes: list[Rows] = []
        for number, component in components:
            column = evaluate(component.value, self.frame(world, count, together, component))
            self.check_faults(world)
            code, names = factorise(column, count, world, self.model.agents)
            coded.append(code)
            code_sizes.append(len(names))
            joint_codes.append(code)
            texts.append(self.component_labels(number, component, step, names))
        first, numbers = distinct(coded, code_sizes, count)
        numbers_of = [*(k for p in parts for k in p.components), *(k for k, _ in components)]
        values = [p.codes[:, choice[first]] for p, choice in zip(parts, grid, strict=True)]
        values.append(_stack([code[first] for code in joint_codes], len(first)))
        self.enter(step, [(numbers_of, np.concatenate(values))])
        labels: list[str] = []
        for row in first:
            pieces = [
                part.labels[int(choice[row])] for part, choice in zip(parts, grid, strict=True)
            ]
            pieces += [t[int(code[row])] for t, code in zip(texts, joint_codes, strict=True)]
            labels.append(", ".join(piece for piece in pieces if piece) or NOTHING_LABEL)
        return numbers, tuple(labels)

    def enter(self, step: int, parts: Sequence[tuple[Sequence[int], Rows]]) -> None:
        """Keep what the increments that ``step`` leads to are made of."""
        atoms = date_increments(self.provenance.released[step], step + 1, parts)
        known = self.atoms[-1] if self.atoms else None
        self.atoms.append(known if known is not None and known.same_as(atoms) else atoms)

    def component_labels(
        self, number: int, component: Component, step: int, labels: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Names of a component's values, such as ``hear[alice]@2=left``.

        A component that can only be ``nothing`` is not mentioned.
        """
        if labels == (NOTHING_LABEL,):
            return ("",)
        name = origin_name(self.provenance.released[step][number]) or component.text
        return tuple(f"{name}={label}" for label in labels)

    def private_labels(
        self, step: int, registers: Sequence[Register], private: _Private
    ) -> tuple[str, ...]:
        """Names of private values, such as ``hear[alice]@2=left``."""
        contents = self.provenance.registers[step]
        columns: list[list[str]] = []
        for register in registers:
            variable: Variable = register.variable
            name = origin_name(contents[variable]) or variable.label
            codes = range(len(variable.domain)) if len(variable.domain) > 1 else ()
            texts = [f"{name}={variable.domain.text(code)}" for code in codes]
            columns.append([*texts, ""])
        return tuple(
            ", ".join(
                text for texts, code in zip(columns, row, strict=True) if (text := texts[code])
            )
            or NOTHING_LABEL
            for row in private.codes.tolist()
        )


def _stack(rows: Sequence[Rows], count: int) -> Rows:
    """Rows as a matrix, also when there are none."""
    return np.array(rows, dtype=np.int64).reshape(len(rows), count)


def origin_name(content: Content) -> str | None:
    """The single value that a register or component carries, with its step."""
    whole = [origin for origin, grade in content.items() if grade is not Grade.PART]
    if len(whole) != 1:
        return None
    return f"{whole[0].variable.label}@{whole[0].step}"


def factorise(
    column: Column, count: int, world: World, agents: Sequence[Agent]
) -> tuple[Rows, tuple[str, ...]]:
    """Number the distinct values of a column, and name them."""
    code = _codes(column.spread(count), count)
    first, inverse = distinct([code], [int(code.max(initial=0)) + 1], count)
    spread = column.spread(count)
    return inverse, tuple(describe(spread, int(row), world.symbols, agents) for row in first)


def _rank(numbers: NDArray[Any], count: int) -> Rows:
    """Codes in the order of whole numbers, which are int64 or Python's."""
    least = numbers.min()
    if numbers.max() - least < count + 1000:
        return np.asarray(numbers - least, dtype=np.int64)
    return np.asarray(np.unique(numbers, return_inverse=True)[1], dtype=np.int64)


def _codes(column: Column, count: int) -> Rows:
    """Codes that are equal exactly where the values are."""
    match column.kind:
        case Kind.NOTHING:
            codes: NDArray[np.int64] = np.zeros(count, dtype=np.int64)
        case Kind.TUPLE:
            codes = np.zeros(count, dtype=np.int64)
            for item in column.items:
                part = _codes(item, count)
                _, codes = distinct(
                    [codes, part],
                    [int(codes.max(initial=0)) + 1, int(part.max(initial=0)) + 1],
                    count,
                )
        case Kind.NUMBER:
            plain = column.value.plain
            assert plain is not None
            reduced = plain.reduced().expand(count)
            parts = [_rank(reduced.numerator, count), _rank(reduced.denominator, count)]
            _, codes = distinct(parts, [int(part.max(initial=0)) + 1 for part in parts], count)
        case _:
            assert column.codes is not None
            codes = np.asarray(column.codes, dtype=np.int64)
    if column.absent is not None:
        codes = np.where(column.absent, 0, codes + 1)
    return np.asarray(codes)
