"""Where the content of registers and increments comes from: which value, of which step, how whole.

An abstract run of χ and ξ over the steps. It names private values and increments, and it is what
the timeline of who knows what is drawn from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from posg.grammar import syntax
from posg.grammar.node import Record

from .columns import Column, encode
from .core import Component, Core, Register
from .evaluate import evaluate, table_frame
from .laws import footprint_of, make_world, zero_columns
from .model import DomainKind, GameModel, Role, Value, Variable


class Grade(IntEnum):
    """How much of a value is held."""

    PART = 1
    """a function of it"""
    MAYBE = 2
    """all of it, or nothing, depending on what happened"""
    WHOLE = 3
    """all of it"""


@dataclass(frozen=True, slots=True)
class Origin:
    """The value of a variable generated at one step."""

    variable: Variable
    step: int


Content = Mapping[Origin, Grade]


class Provenance(Record):
    """Contents at every step.

    ``registers[h - 1]`` maps each register to its content at step h; ``released[h - 1]`` lists,
    for each component of χ, the content of the increment that makes c_h.
    """

    registers: tuple[Mapping[Variable, Content], ...]
    released: tuple[tuple[Content, ...], ...]


class Lineage(Record):
    """Contents at every step, where a register that is not made up of whole values is a value too.

    Such a register occurs as ``Origin(register, h)``; ``made`` says what it was computed from, and
    ``provenance`` has only whole values in its registers.
    """

    provenance: Provenance
    made: Mapping[Origin, Content]


def trace(model: GameModel, core: Core) -> Provenance:
    """Run χ and ξ abstractly from the initial observations to the last decision."""
    return _trace(model, core, None)


def trace_lineage(model: GameModel, core: Core) -> Lineage:
    """Run χ and ξ as ``trace`` does, without looking through registers that were computed."""
    made: dict[Origin, Content] = {}
    return Lineage(provenance=_trace(model, core, made), made=made)


def _trace(model: GameModel, core: Core, made: dict[Origin, Content] | None) -> Provenance:
    registers: list[Mapping[Variable, Content]] = []
    released: list[tuple[Content, ...]] = []
    tracer = _Tracer(model, core)
    for step in range(model.horizon):
        tracer.step = step
        if step == 0 and not model.initially_observed:
            released.append(({},) * len(core.components))
        else:
            released.append(tuple(tracer.component(component) for component in core.components))
            tracer.advance()
        if made is not None:
            held = tracer.held.items()
            tracer.held = {v: _named(v, step + 1, content, made) for v, content in held}
        registers.append(tracer.held)
    return Provenance(registers=tuple(registers), released=tuple(released))


def _named(register: Variable, step: int, content: Content, made: dict[Origin, Content]) -> Content:
    """Let a register stand for itself unless it is made up of whole values."""
    if all(grade is Grade.WHOLE for grade in content.values()):
        return content
    origin = Origin(register, step)
    made[origin] = content
    return {origin: Grade.WHOLE}


class _Tracer:
    """The contents of registers at a step, and the values of those that have only one then."""

    def __init__(self, model: GameModel, core: Core) -> None:
        from dataclasses import replace

        self.model = replace(model, scope=core.scope)
        self.registers = [register for group in core.registers for register in group]
        self.step = 0
        self.read: dict[tuple[object, ...], tuple[Variable, ...]] = {}  # the same at every step
        self.held: Mapping[Variable, Content] = {r.variable: {} for r in self.registers}
        self.codes: Mapping[Variable, int] = {r.variable: -1 for r in self.registers}

    def advance(self) -> None:
        """Update the registers."""
        held = {r.variable: self.content(r.update, r.bindings) for r in self.registers}
        codes: dict[Variable, int] = {}
        for register in self.registers:
            code = self.code(register)
            if code is not None:
                codes[register.variable] = code
        self.held, self.codes = held, codes

    def code(self, register: Register) -> int | None:
        """The code of the only value that a register can have after this update."""
        column = self.value(register.update, register.bindings)
        domain = register.variable.domain
        if column is None and domain.kind is DomainKind.BOOL:
            settled = self.settled(register.update, register.bindings)
            column = None if settled is None else Column.boolean(np.asarray(settled))
        if column is None:
            return None
        codes, _ = encode(column, domain, make_world(self.model).symbols)
        return int(codes.reshape(-1)[0])

    def component(self, component: Component) -> Content:
        return self.content(component.value, component.bindings)

    def content(self, value: syntax.Expr, bindings: Mapping[str, Value]) -> Content:
        match value:
            case syntax.Nothing():
                return {}
            case syntax.Name() if value.name in self.model.scope.defines.keys() - bindings.keys():
                return self.content(self.model.scope.defines[value.name].body, bindings)
            case syntax.Name():
                read = self.reads(value, bindings)
                if value.name in ("observation", "action") or len(read) == 1:
                    return self.join([self.origin(v) for v in read])
                return self.weaken([self.origin(v) for v in read])
            case syntax.TupleExpr():
                return self.join([self.content(item, bindings) for item in value.items])
            case syntax.If():
                settled = self.settled(value.condition, bindings)
                if settled is not None:
                    return self.content(value.then if settled else value.otherwise, bindings)
                condition = self.weaken(
                    [self.origin(v) for v in self.reads(value.condition, bindings)]
                )
                branches = [
                    {o: min(grade, Grade.MAYBE) for o, grade in content.items()}
                    for content in (
                        self.content(value.then, bindings),
                        self.content(value.otherwise, bindings),
                    )
                ]
                return self.join([condition, *branches])
            case _:
                return self.weaken([self.origin(v) for v in self.reads(value, bindings)])

    def reads(self, value: syntax.Expr, bindings: Mapping[str, Value]) -> tuple[Variable, ...]:
        key = (id(value), *bindings.items())
        found = self.read.get(key)
        if found is None:
            world = make_world(self.model, explore=True)
            evaluate(value, table_frame(world, 1, zero_columns(), bindings))
            found = tuple(variable for variable, _ in footprint_of(world).variables)
            self.read[key] = found
        return found

    def value(self, value: syntax.Expr, bindings: Mapping[str, Value]) -> Column | None:
        """The value of an expression if it can have only one at this step."""
        read = self.reads(value, bindings)
        if not all(variable in self.codes for variable in read):
            return None
        columns = {(variable, False): np.array([self.codes[variable]]) for variable in read}
        world = make_world(self.model, step=self.step)
        column = evaluate(value, table_frame(world, 1, columns, bindings))
        return None if world.faults else column

    def settled(self, value: syntax.Expr, bindings: Mapping[str, Value]) -> bool | None:
        """The truth of a condition that can have only one at this step."""
        if isinstance(value, syntax.Binary) and value.op in (
            syntax.BinaryOp.AND,
            syntax.BinaryOp.OR,
        ):
            decisive = value.op is syntax.BinaryOp.OR
            sides = [self.settled(side, bindings) for side in (value.left, value.right)]
            return decisive if decisive in sides else None if None in sides else not decisive
        if isinstance(value, syntax.Binary) and isinstance(value.right, syntax.Nothing):
            # An action and an observation have a value from the first decision on.
            read = self.reads(value.left, bindings)
            if (
                isinstance(value.left, syntax.Name)
                and len(read) == 1
                and read[0].role in (Role.ACTION, Role.OBSERVATION)
            ):
                return (value.op is syntax.BinaryOp.NE) == bool(self.origin(read[0]))
        column = self.value(value, bindings)
        return None if column is None else bool(column.mask.all())

    def origin(self, variable: Variable) -> Content:
        if variable.role is Role.REGISTER:
            return self.held.get(variable, {})
        if variable.role is Role.ACTION:
            return {Origin(variable, self.step): Grade.WHOLE} if self.step else {}
        if self.step or variable in self.model.initially_observed:
            return {Origin(variable, self.step + 1): Grade.WHOLE}
        return {}

    def join(self, contents: list[Content]) -> Content:
        joined: dict[Origin, Grade] = {}
        for content in contents:
            for origin, grade in content.items():
                joined[origin] = max(grade, joined.get(origin, grade))
        return joined

    def weaken(self, contents: list[Content]) -> Content:
        return {origin: Grade.PART for origin in self.join(contents)}
