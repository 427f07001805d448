"""Evaluation of checked expressions on many rows at once, exactly.

A row is an assignment of the variables that an expression reads. A branch is evaluated only on the
rows that take it, so a fault (a division by zero, an index out of range) is recorded for the rows
on which it really happens.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from posg.grammar import syntax
from posg.grammar.node import Record
from posg.grammar.source import Span
from posg.runtime.arrays import distinct_values

from .columns import (
    Column,
    Kind,
    Mask,
    Rows,
    SymbolTable,
    constant_column,
    describe,
    domain_column,
    scatter,
)
from .domains import domain_values
from .model import Agent, Family, RewardRule, Scope, Value, Variable
from .numbers import Number
from .ranges import Box, Sign, SplitNeededError, UndecidedError
from .rational import Rational

BUILTINS = ("min", "max", "abs", "clamp")


class Fault(Record):
    """Something that went wrong on some rows: a diagnostic code with its facts and the rows."""

    code: str
    span: Span
    facts: Mapping[str, str]
    rows: Rows


@dataclass(frozen=True, kw_only=True)
class World:
    """What is the same for all rows: names, parameters, the step, and the records kept.

    ``box`` gives intervals to the parameters that stay symbols; of those in ``interior`` the ends
    are left out (they are looked at separately). With ``explore`` every branch that
    depends on a variable is followed, so that ``reads`` ends up complete; values mean nothing then.
    """

    scope: Scope
    symbols: SymbolTable
    parameters: Mapping[str, Fraction]
    box: Box = field(default_factory=dict)
    interior: frozenset[str] = frozenset()
    explore: bool = False
    step: int = 1
    rewards: tuple[RewardRule, ...] = ()
    observations: tuple[tuple[Variable, ...], ...] = ()
    actions: tuple[tuple[Variable, ...], ...] = ()
    faults: list[Fault] = field(default_factory=list)
    reads: set[tuple[Variable, bool]] = field(default_factory=set)
    read_parameters: set[str] = field(default_factory=set)
    read_step: list[Span] = field(default_factory=list)


@dataclass(frozen=True)
class Frame:
    """Some rows of a table and the names bound on them.

    ``column`` gives a variable's codes on these rows, or shape () for a constant; ``root`` the
    numbers of the rows in the whole table.
    """

    world: World
    count: int
    root: Rows
    column: Callable[[Variable, bool], Rows]
    local: Mapping[str, Column]

    def take(self, rows: Rows) -> Frame:
        """The frame of some of the rows."""
        cache: dict[tuple[Variable, bool], Rows] = {}

        def column(variable: Variable, primed: bool) -> Rows:
            key = (variable, primed)
            if key not in cache:
                codes = self.column(variable, primed)
                cache[key] = codes if codes.shape == () else codes[rows]
            return cache[key]

        local = {name: value.take(rows) for name, value in self.local.items()}
        return Frame(self.world, len(rows), self.root[rows], column, local)

    def bind(self, values: Mapping[str, Column]) -> Frame:
        """The same rows with more names bound."""
        return Frame(self.world, self.count, self.root, self.column, {**self.local, **values})

    def only(self, values: Mapping[str, Column]) -> Frame:
        """The same rows with just these names bound: the inside of a define."""
        return Frame(self.world, self.count, self.root, self.column, values)

    def fault(self, code: str, span: Span, where: Mask, **facts: object) -> None:
        """Record a fault on the rows where ``where`` holds."""
        rows = self.root[np.broadcast_to(where, (self.count,))]
        if len(rows):
            texts = {key: str(value) for key, value in facts.items()}
            self.world.faults.append(Fault(code=code, span=span, facts=texts, rows=rows))


def table_frame(
    world: World,
    count: int,
    columns: Mapping[tuple[Variable, bool], Rows],
    bindings: Mapping[str, Value],
) -> Frame:
    """Frame over a whole table; ``columns`` maps (variable, primed) to codes of shape (count,)."""

    def column(variable: Variable, primed: bool) -> Rows:
        return columns[variable, primed]

    local = {name: constant_column(value, world.symbols) for name, value in bindings.items()}
    return Frame(world, count, np.arange(count), column, local)


def evaluate(expression: syntax.Expr, frame: Frame) -> Column:
    """Value of an expression that is not a distribution, on every row of the frame."""
    match expression:
        case syntax.Number():
            return Column.of_number(Number.constant(expression.value))
        case syntax.Boolean():
            return Column.boolean(np.asarray(expression.value))
        case syntax.Nothing():
            return Column.nothing()
        case syntax.Step():
            frame.world.read_step.append(expression.span)
            return _varying(Fraction(frame.world.step), frame)
        case syntax.Name():
            return _name(expression, frame)
        case syntax.Call():
            return _call(expression, frame)
        case syntax.Unary():
            operand = evaluate(expression.operand, frame)
            if expression.op is syntax.UnaryOp.NOT:
                return Column.boolean(np.asarray(~operand.mask))
            return Column.of_number(-operand.value)
        case syntax.Binary():
            return _binary(expression, frame)
        case syntax.Membership():
            return Column.boolean(_membership(expression, frame))
        case syntax.TupleExpr():
            return Column(Kind.TUPLE, items=tuple(evaluate(i, frame) for i in expression.items))
        case syntax.If():
            return _branches(
                frame,
                evaluate(expression.condition, frame).mask,
                lambda part: evaluate(expression.then, part),
                lambda part: evaluate(expression.otherwise, part),
            )
        case syntax.Match():
            return _match(expression, frame)
        case syntax.Quantified():
            return _quantified(expression, frame)
        case syntax.Uniform() | syntax.Distribution():
            raise AssertionError("the type checker lets no distribution through here")


def _branches(
    frame: Frame,
    condition: Mask,
    then: Callable[[Frame], Column],
    otherwise: Callable[[Frame], Column],
) -> Column:
    if condition.shape == ():
        return then(frame) if condition else otherwise(frame)
    if frame.world.explore:
        first, second = then(frame), otherwise(frame)
        return (second if first.kind is Kind.NOTHING else first).spread(frame.count)
    yes, no = np.flatnonzero(condition), np.flatnonzero(~condition)
    if not len(no):
        return then(frame)
    if not len(yes):
        return otherwise(frame)
    return scatter([(yes, then(frame.take(yes))), (no, otherwise(frame.take(no)))], frame.count)


def _name(expression: syntax.Name, frame: Frame) -> Column:
    world, name = frame.world, expression.name
    if not expression.indices and name in frame.local:
        return frame.local[name]
    if name in ("observation", "action", "reward"):
        return _of_agent(expression, frame)
    if name in world.parameters:
        world.read_parameters.add(name)
        if name in world.box:
            return Column.of_number(Number.parameter(name))
        value = world.parameters[name]
        if world.scope.parameters[name].interval is not None:
            return _varying(value, frame)
        return Column.of_number(Number.constant(value))
    if name in world.scope.families:
        return _member(expression, world.scope.families[name], frame)
    if name in world.scope.defines:
        return evaluate(world.scope.defines[name].body, frame.only({}))
    if name in world.scope.agent_families:
        return _grouped(expression, frame)
    if name in world.scope.agent_names:
        return constant_column(world.scope.agent_names[name], world.symbols)
    return Column(Kind.SYMBOL, codes=np.asarray(world.symbols.codes[name]))


def _grouped(expression: syntax.Name, frame: Frame) -> Column:
    """An agent of a group, by its number."""
    index = evaluate(expression.indices[0], frame)
    codes: Rows = np.asarray(0)
    left: Mask = np.asarray(True)
    members = frame.world.scope.agent_families[expression.name]
    for number, agent in members.items():
        here = equal(index, Column.of_number(Number.constant(number)), frame)
        codes = np.asarray(np.where(here, agent.number, codes))
        left = np.asarray(left & ~here)
    if left.any():
        row = int(np.argmax(left))
        shown = describe(index, row, frame.world.symbols, frame.world.scope.agents)
        facts = {"name": f"{expression.name}[{shown}]", "family": expression.name}
        frame.fault("P0309", expression.span, left, **facts)
        first = next(iter(members.values()))
        codes = np.asarray(np.where(left, first.number, codes))
    return Column(Kind.AGENT, codes=codes)


def _varying(value: Fraction, frame: Frame) -> Column:
    """The step or a parameter: constant, except that ``explore`` follows its other values too."""
    column = Column.of_number(Number.constant(value))
    return column.spread(frame.count) if frame.world.explore else column


def _of_agent(expression: syntax.Name, frame: Frame) -> Column:
    """``observation[i]'``, ``action[i]``, ``reward[j]``."""
    world = frame.world
    owner = evaluate(expression.indices[0], frame)
    assert owner.kind is Kind.AGENT and owner.codes is not None

    def of(number: int, part: Frame) -> Column:
        if expression.name == "reward":
            rule = next(rule for rule in world.rewards if rule.agent.number == number)
            bound = {k: constant_column(v, world.symbols) for k, v in rule.bindings.items()}
            return evaluate(rule.value, part.only(bound))
        groups = world.observations if expression.name == "observation" else world.actions
        columns = tuple(read(part, variable, expression.primed) for variable in groups[number])
        if not columns:
            return Column.nothing()
        return columns[0] if len(columns) == 1 else Column(Kind.TUPLE, items=columns)

    if owner.codes.shape == ():
        return of(int(owner.codes), frame)
    rows = [(int(k), np.flatnonzero(owner.codes == k)) for k in distinct_values(owner.codes)]
    return scatter([(part, of(k, frame.take(part))) for k, part in rows], frame.count)


def read(frame: Frame, variable: Variable, primed: bool) -> Column:
    """Value of a variable."""
    frame.world.reads.add((variable, primed))
    return domain_column(variable.domain, frame.column(variable, primed), frame.world.symbols)


def _member(expression: syntax.Name, family: Family, frame: Frame) -> Column:
    symbols = frame.world.symbols
    indices = [evaluate(index, frame) for index in expression.indices]
    chosen: list[tuple[Rows, Column]] = []
    left = np.ones(frame.count, dtype=np.bool_)
    for key, variable in family.members.items():
        here: Mask = np.asarray(True)
        for index, value in zip(indices, key, strict=True):
            here = here & equal(index, constant_column(value, symbols), frame)
        if here.shape == ():
            if here:
                return read(frame, variable, expression.primed)
            continue
        frame.world.reads.add((variable, expression.primed))
        rows = np.flatnonzero(here & left)
        left &= ~here
        if len(rows):
            chosen.append((rows, read(frame.take(rows), variable, expression.primed)))
    if left.any():
        row = int(np.flatnonzero(left)[0])
        shown = ", ".join(describe(i, row, symbols, frame.world.scope.agents) for i in indices)
        facts = {"name": f"{family.name}[{shown}]", "family": family.name}
        frame.fault("P0309", expression.span, left, **facts)
        rest = np.flatnonzero(left)
        first = next(iter(family.members.values()))
        chosen.append((rest, domain_column(first.domain, np.zeros(len(rest), np.int64), symbols)))
    return scatter(chosen, frame.count)


def _call(expression: syntax.Call, frame: Frame) -> Column:
    arguments = [evaluate(argument, frame) for argument in expression.arguments]
    if expression.function in BUILTINS:
        values = [argument.value for argument in arguments]
        match expression.function:
            case "min":
                return Column.of_number(reduce(lambda a, b: _lesser(a, b, frame), values))
            case "max":
                return Column.of_number(reduce(lambda a, b: _greater(a, b, frame), values))
            case "abs":
                return Column.of_number(_greater(values[0], -values[0], frame))
            case _:
                value, low, high = values
                return Column.of_number(_lesser(_greater(value, low, frame), high, frame))
    define = frame.world.scope.defines[expression.function]
    names = define.parameters or ()
    return evaluate(define.body, frame.only(dict(zip(names, arguments, strict=True))))


def _choose(condition: Mask, then: Number, otherwise: Number, count: int) -> Number:
    if condition.shape == ():
        return then if condition else otherwise
    yes, no = np.flatnonzero(condition), np.flatnonzero(~condition)
    if not len(yes) or not len(no):
        return then if len(yes) else otherwise
    return scatter(
        [(yes, Column.of_number(then.take(yes))), (no, Column.of_number(otherwise.take(no)))], count
    ).value


def _lesser(left: Number, right: Number, frame: Frame) -> Number:
    return _choose(_compare(syntax.BinaryOp.LE, left, right, frame), left, right, frame.count)


def _greater(left: Number, right: Number, frame: Frame) -> Number:
    return _choose(_compare(syntax.BinaryOp.GE, left, right, frame), left, right, frame.count)


_TRUE_SIGNS = {
    syntax.BinaryOp.LT: (Sign.NEGATIVE,),
    syntax.BinaryOp.LE: (Sign.NEGATIVE, Sign.ZERO, Sign.NOT_POSITIVE),
    syntax.BinaryOp.GT: (Sign.POSITIVE,),
    syntax.BinaryOp.GE: (Sign.POSITIVE, Sign.ZERO, Sign.NOT_NEGATIVE),
    syntax.BinaryOp.EQ: (Sign.ZERO,),
    syntax.BinaryOp.NE: (Sign.POSITIVE, Sign.NEGATIVE),
}
_FALSE_SIGNS = {
    syntax.BinaryOp.LT: _TRUE_SIGNS[syntax.BinaryOp.GE],
    syntax.BinaryOp.LE: _TRUE_SIGNS[syntax.BinaryOp.GT],
    syntax.BinaryOp.GT: _TRUE_SIGNS[syntax.BinaryOp.LE],
    syntax.BinaryOp.GE: _TRUE_SIGNS[syntax.BinaryOp.LT],
    syntax.BinaryOp.EQ: _TRUE_SIGNS[syntax.BinaryOp.NE],
    syntax.BinaryOp.NE: _TRUE_SIGNS[syntax.BinaryOp.EQ],
}


def _compare(op: syntax.BinaryOp, left: Number, right: Number, frame: Frame) -> Mask:
    """Truth of a comparison on every row; asks for a split where it varies over the box."""
    difference = left - right
    plain = difference.plain
    if plain is not None:
        sign = plain.sign()
        match op:
            case syntax.BinaryOp.LT:
                return np.asarray(sign < 0)
            case syntax.BinaryOp.LE:
                return np.asarray(sign <= 0)
            case syntax.BinaryOp.GT:
                return np.asarray(sign > 0)
            case syntax.BinaryOp.GE:
                return np.asarray(sign >= 0)
            case syntax.BinaryOp.EQ:
                return np.asarray(sign == 0)
            case _:
                return np.asarray(sign != 0)
    signs: Any = difference.signs(frame.world.box)  # an object array of Sign
    result = np.zeros(signs.shape, dtype=np.bool_)
    inside = np.broadcast_to(_inside(difference, frame.world), signs.shape)
    for index in np.ndindex(signs.shape):
        known: Sign = signs[index]
        strict = _STRICT.get(known, known) if inside[index] else known
        if strict in _TRUE_SIGNS[op]:
            result[index] = True
        elif strict not in _FALSE_SIGNS[op]:
            _ask_for_split(difference.row(index[0] if index else 0), frame.world)
    return result


def _inside(difference: Number, world: World) -> Mask:
    """Where a sign that is not strict over the box is strict in its interior.

    A polynomial whose Bernstein coefficients are >= 0, and not all 0, vanishes on the boundary
    only.
    """
    bounds = difference.bounds(world.box)
    if bounds is None or not difference.names <= world.interior:
        return np.asarray(False)
    low, high = (bound.sign() for bound in bounds[:2])
    return np.asarray((low >= 0) | (high <= 0))


_STRICT = {Sign.NOT_NEGATIVE: Sign.POSITIVE, Sign.NOT_POSITIVE: Sign.NEGATIVE}


def _ask_for_split(difference: Number, world: World) -> None:
    """Raise at a rational point where the sign of a one-parameter expression changes."""
    import sympy

    box = world.box

    expression: Any = difference.to_sympy()[()]
    free = sorted(symbol.name for symbol in expression.free_symbols)
    if len(free) != 1:
        raise UndecidedError
    numerator, denominator = sympy.fraction(sympy.together(expression))
    symbol = sympy.Symbol(free[0], real=True)
    low, high = box[free[0]]
    for part in (numerator, denominator):
        if not part.has(symbol):
            continue
        roots: Any = sympy.Poly(part, symbol).real_roots()
        for root in roots:
            if root.is_Rational:
                point = Fraction(int(root.p), int(root.q))
                if low < point < high or (point in (low, high) and free[0] not in world.interior):
                    raise SplitNeededError(free[0], point)
    raise UndecidedError


def equal(left: Column, right: Column, frame: Frame) -> Mask:
    """Where two values are the same; ``nothing`` equals only itself."""
    if Kind.NOTHING in (left.kind, right.kind):
        sides = [c.absent if c.absent is not None else np.asarray(False) for c in (left, right)]
        return np.asarray(sides[0] & sides[1])
    if left.kind is Kind.TUPLE:
        masks = [equal(a, b, frame) for a, b in zip(left.items, right.items, strict=True)]
        same = reduce(np.logical_and, masks, np.asarray(True))
    elif left.kind is Kind.NUMBER:
        same = _compare(syntax.BinaryOp.EQ, left.value, right.value, frame)
    else:
        assert left.codes is not None and right.codes is not None
        same = np.asarray(left.codes == right.codes)
    if left.absent is None and right.absent is None:
        return same
    sides = [c.absent if c.absent is not None else np.asarray(False) for c in (left, right)]
    return np.asarray((same & ~sides[0] & ~sides[1]) | (sides[0] & sides[1]))


def _binary(expression: syntax.Binary, frame: Frame) -> Column:
    op = expression.op
    left = evaluate(expression.left, frame)
    if op is syntax.BinaryOp.AND:
        return _branches(
            frame,
            left.mask,
            lambda part: evaluate(expression.right, part),
            lambda part: Column.boolean(np.asarray(False)),
        )
    if op is syntax.BinaryOp.OR:
        return _branches(
            frame,
            left.mask,
            lambda part: Column.boolean(np.asarray(True)),
            lambda part: evaluate(expression.right, part),
        )
    right = evaluate(expression.right, frame)
    if op is syntax.BinaryOp.EQ:
        return Column.boolean(equal(left, right, frame))
    if op is syntax.BinaryOp.NE:
        return Column.boolean(np.asarray(~equal(left, right, frame)))
    if Kind.NOTHING in (left.kind, right.kind):
        frame.fault("P0311", expression.span, np.asarray(True))
        return Column.of_number(Number.constant(0))
    for side in (left, right):
        if side.absent is not None:
            frame.fault("P0311", expression.span, side.absent)
    match op:
        case syntax.BinaryOp.ADD:
            return Column.of_number(left.value + right.value)
        case syntax.BinaryOp.SUB:
            return Column.of_number(left.value - right.value)
        case syntax.BinaryOp.MUL:
            return Column.of_number(left.value * right.value)
        case syntax.BinaryOp.DIV:
            quotient, zero = left.value.divided_by(right.value, frame.world.box)
            frame.fault("P0310", expression.span, zero)
            return Column.of_number(quotient)
        case syntax.BinaryOp.MOD:
            return Column.of_number(_modulo(expression, left.value, right.value, frame))
        case _:
            return Column.boolean(_compare(op, left.value, right.value, frame))


def _modulo(expression: syntax.Binary, left: Number, right: Number, frame: Frame) -> Number:
    dividend, divisor = left.plain, right.plain
    if dividend is None or divisor is None:
        raise UndecidedError
    frame.fault("P0310", expression.span, np.asarray(divisor.numerator == 0))
    return Number.of(dividend.floor_modulo(divisor))


def _membership(expression: syntax.Membership, frame: Frame) -> Mask:
    value = evaluate(expression.value, frame)
    match expression.domain:
        case syntax.SetDomain():
            masks = [equal(value, evaluate(v, frame), frame) for v in expression.domain.values]
            return reduce(np.logical_or, masks, np.asarray(False))
        case syntax.RangeDomain():
            low, high = (
                evaluate(end, frame).value
                for end in (expression.domain.low, expression.domain.high)
            )
            inside = _compare(syntax.BinaryOp.GE, value.value, low, frame)
            inside = inside & _compare(syntax.BinaryOp.LE, value.value, high, frame)
            plain = value.value.plain
            return np.asarray(inside & plain.is_whole()) if plain is not None else inside
        case syntax.NamedDomain():
            values = frame.world.scope.domains[expression.domain.name].values
            columns = [constant_column(v, frame.world.symbols) for v in values]
            masks = [equal(value, column, frame) for column in columns]
            return reduce(np.logical_or, masks, np.asarray(False))


def match_rows(
    expression: syntax.Match, frame: Frame
) -> tuple[list[tuple[Rows, syntax.Expr]], Rows]:
    """Rows that each arm takes, and the rows that no arm takes (recorded as a fault)."""
    subject = evaluate(expression.subject, frame)
    if frame.world.explore and not subject.is_constant():
        everything = np.arange(frame.count)
        return [(everything, arm.value) for arm in expression.arms], everything[:0]
    left = np.ones(frame.count, dtype=np.bool_)
    taken: list[tuple[Rows, syntax.Expr]] = []
    for arm in expression.arms:
        here = np.broadcast_to(_matches(arm.pattern, subject, frame), (frame.count,)) & left
        rows = np.flatnonzero(here)
        left &= ~here
        if len(rows):
            taken.append((rows, arm.value))
        if not left.any():
            break
    missing = np.flatnonzero(left)
    if len(missing):
        shown = describe(subject, int(missing[0]), frame.world.symbols, frame.world.scope.agents)
        frame.fault("P0308", expression.span, left, case=shown)
    return taken, missing


def _match(expression: syntax.Match, frame: Frame) -> Column:
    taken, missing = match_rows(expression, frame)
    if len(taken) == 1 and len(taken[0][0]) == frame.count:
        return evaluate(taken[0][1], frame)
    parts = [(rows, evaluate(value, frame.take(rows))) for rows, value in taken]
    if len(missing):
        # Any value of the right kind will do: the fault is recorded.
        known = len(frame.world.faults)
        parts.append((missing, evaluate(expression.arms[-1].value, frame.take(missing))))
        del frame.world.faults[known:]
    if frame.world.explore:
        solid = next((c for _, c in parts if c.kind is not Kind.NOTHING), parts[0][1])
        return solid.spread(frame.count)
    return scatter(parts, frame.count)


def _matches(pattern: syntax.Pattern, subject: Column, frame: Frame) -> Mask:
    match pattern:
        case syntax.WildcardPattern():
            return np.asarray(True)
        case syntax.ValuePattern():
            return equal(subject, evaluate(pattern.value, frame), frame)
        case syntax.TuplePattern():
            masks = [
                _matches(p, item, frame)
                for p, item in zip(pattern.items, subject.items, strict=True)
            ]
            return reduce(np.logical_and, masks, np.asarray(True))
        case syntax.AlternativePattern():
            masks = [_matches(option, subject, frame) for option in pattern.options]
            return reduce(np.logical_or, masks, np.asarray(False))


def _quantified(expression: syntax.Quantified, frame: Frame) -> Column:
    values = quantified_values(expression, frame.world)
    bound = [{expression.name: constant_column(value, frame.world.symbols)} for value in values]
    body = expression.body
    match expression.quantifier:
        case syntax.Quantifier.ALL | syntax.Quantifier.ANY:
            return _short_circuit(
                body, bound, frame, stop=expression.quantifier is syntax.Quantifier.ANY
            )
        case syntax.Quantifier.COUNT:
            total = Number.constant(0)
            for names in bound:
                mask = evaluate(body, frame.bind(names)).mask
                total = total + Number.of(Rational.whole(np.asarray(mask, dtype=np.int64)))
            return Column.of_number(total)
        case syntax.Quantifier.SUM:
            total = Number.constant(0)
            for names in bound:
                total = total + evaluate(body, frame.bind(names)).value
            return Column.of_number(total)
        case syntax.Quantifier.MAX | syntax.Quantifier.MIN:
            pick = _greater if expression.quantifier is syntax.Quantifier.MAX else _lesser
            numbers = [evaluate(body, frame.bind(names)).value for names in bound]
            return Column.of_number(reduce(lambda a, b: pick(a, b, frame), numbers))


def quantified_values(expression: syntax.Quantified, world: World) -> Sequence[Value]:
    """The values that a quantifier runs over: agents unless a domain is written."""
    if expression.domain is None:
        return tuple[Agent, ...](world.scope.agents)
    return domain_values(expression.domain, world.scope, world.parameters)


def _short_circuit(
    body: syntax.Expr, bound: Sequence[Mapping[str, Column]], frame: Frame, *, stop: bool
) -> Column:
    """``any`` (stop at true) and ``all`` (stop at false); later values only on open rows."""
    result = np.full(frame.count, not stop)
    rows = np.arange(frame.count)
    part = frame
    constant = True
    for names in bound:
        mask = evaluate(body, part.bind(names)).mask
        constant &= mask.shape == ()
        if frame.world.explore and mask.shape != ():
            continue
        if mask.shape == ():
            if bool(mask) is stop:
                if len(rows) == frame.count:
                    return Column.boolean(np.asarray(stop))
                result[rows] = stop
                return Column.boolean(result)
            continue
        done = mask if stop else ~mask
        result[rows[done]] = stop
        open_rows = np.flatnonzero(~done)
        if not len(open_rows):
            break
        rows, part = rows[open_rows], part.take(open_rows)
    return Column.boolean(np.asarray(not stop) if constant else result)
