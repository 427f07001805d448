"""Static types: every expression of a rule is checked once, before anything is evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from posg.grammar import syntax
from posg.grammar.diagnostics import Bag
from posg.grammar.source import Span
from posg.grammar.suggest import nearest

from .model import Agent, Domain, DomainKind, Family, Role, Scope, Symbol, Value, Variable

BUILTIN_ARITY = {"abs": (1, 1), "clamp": (3, 3), "min": (1, None), "max": (1, None)}


class Base(Enum):
    """Kinds of values; ERROR swallows what would only follow from an earlier error."""

    BOOL = "true or false"
    NUMBER = "a number"
    SYMBOL = "a value of an enumeration"
    AGENT = "an agent"
    TUPLE = "a tuple"
    NOTHING = "nothing"
    ERROR = "an error"


@dataclass(frozen=True, slots=True)
class Type:
    """Static type; ``symbols`` bounds the values of an enumeration, ``random`` is a law over it."""

    base: Base
    symbols: frozenset[str] = frozenset()
    items: tuple[Type, ...] = ()
    random: bool = False

    def __str__(self) -> str:
        if self.random:
            return "a distribution"
        if self.base is Base.SYMBOL and len(self.symbols) == 1:
            return f"`{next(iter(self.symbols))}`"
        if self.base is Base.SYMBOL and len(self.symbols) <= 6:
            return "one of " + ", ".join(sorted(self.symbols))
        if self.base is Base.TUPLE:
            return f"a tuple of {len(self.items)}"
        return str(self.base.value)


ERROR = Type(Base.ERROR)
BOOL = Type(Base.BOOL)
NUMBER = Type(Base.NUMBER)
AGENT = Type(Base.AGENT)
NOTHING = Type(Base.NOTHING)


def domain_type(domain: Domain) -> Type:
    """Type of the values of a domain."""
    if domain.kind is DomainKind.BOOL:
        return BOOL
    if domain.kind is DomainKind.INTEGER:
        return NUMBER
    if domain.kind is DomainKind.TUPLE:
        return Type(Base.TUPLE, items=tuple(map(domain_type, domain.parts)))
    return Type(Base.SYMBOL, frozenset(str(value) for value in domain.values))


def value_type(value: Value) -> Type:
    """Type of one value."""
    if isinstance(value, bool):
        return BOOL
    if isinstance(value, int):
        return NUMBER
    return AGENT if isinstance(value, Agent) else Type(Base.SYMBOL, frozenset([value.name]))


class Place(Enum):
    """Where an expression stands, which decides what it may read."""

    INITIAL = "the initial distribution"
    TRANSITION = "a transition"
    EMISSION = "an observation"
    REWARD = "a reward"
    SHARE = "a sharing rule"
    XI = "xi"
    CHI = "chi"


_READABLE: Mapping[Place, frozenset[tuple[Role, bool]]] = {
    Place.INITIAL: frozenset({(Role.STATE, False), (Role.OBSERVATION, False)}),
    Place.TRANSITION: frozenset({(Role.STATE, False), (Role.ACTION, False), (Role.STATE, True)}),
    Place.EMISSION: frozenset(
        {(Role.STATE, False), (Role.ACTION, False), (Role.STATE, True), (Role.OBSERVATION, True)}
    ),
    Place.REWARD: frozenset(
        {(Role.STATE, False), (Role.ACTION, False), (Role.STATE, True), (Role.OBSERVATION, True)}
    ),
    Place.SHARE: frozenset({(Role.ACTION, False), (Role.OBSERVATION, False)}),
    Place.XI: frozenset({(Role.ACTION, False), (Role.OBSERVATION, True), (Role.REGISTER, False)}),
    Place.CHI: frozenset({(Role.ACTION, False), (Role.OBSERVATION, True), (Role.REGISTER, False)}),
}
_SHARING = (Place.SHARE, Place.XI, Place.CHI)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the checker knows at a point of a tree."""

    scope: Scope
    place: Place
    bag: Bag
    local: Mapping[str, Type]
    observations: Sequence[Sequence[Variable]] = ()
    actions: Sequence[Sequence[Variable]] = ()
    calls: tuple[str, ...] = ()
    in_pattern: bool = False

    def error(self, code: str, span: Span, others: Sequence[Span] = (), **facts: object) -> Type:
        """Report and go on with the type that swallows follow-ons."""
        self.bag.report(code, span, others=others, **facts)
        return ERROR


def infer(expression: syntax.Expr, context: Context) -> Type:
    """Type of an expression; problems are reported to the context's bag."""
    match expression:
        case syntax.Number() | syntax.Step():
            return NUMBER
        case syntax.Boolean():
            return BOOL
        case syntax.Nothing():
            if context.place not in _SHARING:
                return context.error("P0225", expression.span)
            return NOTHING
        case syntax.Name():
            return _name(expression, context)
        case syntax.Call():
            return _call(expression, context)
        case syntax.Unary():
            wanted = BOOL if expression.op is syntax.UnaryOp.NOT else NUMBER
            return expect(expression.operand, wanted, context)
        case syntax.Binary():
            return _binary(expression, context)
        case syntax.Membership():
            return _membership(expression, context)
        case syntax.TupleExpr():
            items = tuple(_plain(item, context) for item in expression.items)
            return ERROR if ERROR in items else Type(Base.TUPLE, items=items)
        case syntax.If():
            expect(expression.condition, BOOL, context)
            types = [infer(part, context) for part in (expression.then, expression.otherwise)]
            return _join(types, [expression.then.span, expression.otherwise.span], context)
        case syntax.Match():
            subject = _plain(expression.subject, context)
            for arm in expression.arms:
                _pattern(arm.pattern, subject, context)
            values = [arm.value for arm in expression.arms]
            types = [infer(value, context) for value in values]
            return _join(types, [value.span for value in values], context)
        case syntax.Quantified():
            return _quantified(expression, context)
        case syntax.Uniform():
            if expression.values is None:
                return Type(Base.NOTHING, random=True)
            return _law([_plain(v, context) for v in expression.values], expression.values, context)
        case syntax.Distribution():
            for entry in expression.entries:
                expect(entry.probability, NUMBER, context)
            if expression.otherwise is not None:
                expect(expression.otherwise, NUMBER, context)
            values = [entry.value for entry in expression.entries]
            if not values:
                return Type(Base.NOTHING, random=True)
            return _law([_plain(value, context) for value in values], values, context)


def _law(types: list[Type], values: Sequence[syntax.Expr], context: Context) -> Type:
    joined = _join(types, [value.span for value in values], context)
    return ERROR if joined is ERROR else replace(joined, random=True)


def _plain(expression: syntax.Expr, context: Context) -> Type:
    """Type of an expression that must not be a distribution."""
    found = infer(expression, context)
    if found.random:
        return context.error("P0206", expression.span)
    return found


def expect(expression: syntax.Expr, wanted: Type, context: Context) -> Type:
    """Check that an expression has a basic type; returns that type."""
    found = _plain(expression, context)
    if found.base not in (wanted.base, Base.ERROR):
        hint = None
        if wanted is BOOL and found.base is Base.NUMBER:
            hint = "compare it with something, as in `x > 0`"
        elif wanted is NUMBER and found.base is Base.BOOL:
            hint = "write `if ... then 1 else 0`"
        context.error("P0201", expression.span, expected=wanted, found=found, hint=hint)
    return wanted


def _join(types: Sequence[Type], spans: Sequence[Span], context: Context) -> Type:
    """The type of a choice between values."""
    known = [(t, s) for t, s in zip(types, spans, strict=True) if t is not ERROR]
    if not known:
        return ERROR
    random = any(t.random for t, _ in known)
    solid = [(t, s) for t, s in known if t.base is not Base.NOTHING]
    if not solid:
        return Type(Base.NOTHING, random=random)
    first, first_span = solid[0]
    for other, span in solid[1:]:
        same = other.base is first.base and len(other.items) == len(first.items)
        if not same:
            return context.error(
                "P0205", span, [first_span], found=replace(other, random=False), first=first
            )
    symbols = frozenset[str]().union(*(t.symbols for t, _ in solid))
    items = tuple(
        _join([t.items[k] for t, _ in solid], [s for _, s in solid], context)
        for k in range(len(first.items))
    )
    return Type(first.base, symbols, items, random)


def _name(expression: syntax.Name, context: Context) -> Type:
    name, scope = expression.name, context.scope
    if name in context.local:
        if expression.indices or expression.primed:
            return context.error("P0226", expression.span, name=name)
        return context.local[name]
    if name in ("observation", "action", "reward"):
        return _of_agent(expression, context)
    if name in scope.families:
        return _variable(expression, scope.families[name], context)
    others = []
    kind = None
    if name in scope.parameters:
        kind, others = "a parameter", [scope.parameters[name].span]
    elif name in scope.defines:
        kind, others = "a define", [scope.defines[name].name_span]
    elif name in scope.agent_names or name in scope.agent_families:
        kind = "an agent"
    elif name in scope.symbols:
        kind, others = "a value", [scope.symbols[name]]
    if kind is None:
        names = [*scope.families, *scope.parameters, *scope.defines, *scope.symbols]
        names += [*scope.agent_names, *scope.agent_families, *context.local]
        names += ["observation", "action"] if context.place in _SHARING else []
        return context.error(
            "P0102", expression.name_span, name=name, suggestion=nearest(name, names)
        )
    if expression.primed:
        return context.error("P0211", expression.span, others, name=name, kind=kind)
    if name in scope.agent_families:
        if len(expression.indices) != 1:
            return context.error("P0227", expression.span, name=name)
        number = expression.indices[0]
        if not isinstance(number, syntax.Number):
            expect(number, NUMBER, context)
        elif number.value not in scope.agent_families[name]:
            return context.error("P0105", expression.span, name=expression.span.text)
        return AGENT
    if expression.indices:
        return context.error("P0228", expression.span, others, name=name, kind=kind)
    if name in scope.parameters:
        return NUMBER
    if name in scope.defines:
        define = scope.defines[name]
        if define.parameters is not None:
            return context.error("P0209", expression.span, others, name=name)
        return _inside(define, {}, expression.span, context)
    return AGENT if kind == "an agent" else Type(Base.SYMBOL, frozenset([name]))


def _inside(define: syntax.Define, local: Mapping[str, Type], span: Span, context: Context) -> Type:
    if define.name in context.calls:
        cycle = " -> ".join([*context.calls[context.calls.index(define.name) :], define.name])
        return context.error("P0210", define.name_span, name=define.name, cycle=cycle)
    calls = (*context.calls, define.name)
    return infer(define.body, replace(context, local=local, calls=calls))


def _of_agent(expression: syntax.Name, context: Context) -> Type:
    name = expression.name
    if name == "reward":
        if context.place is not Place.REWARD or expression.primed:
            return context.error("P0224", expression.span)
    elif context.place not in _SHARING:
        return context.error("P0223", expression.span, name=name)
    if len(expression.indices) != 1:
        return context.error(
            "P0112", expression.span, name=name, expected=1, found=len(expression.indices)
        )
    expect(expression.indices[0], AGENT, context)
    if name == "reward":
        return NUMBER
    role = Role(name)
    problem = _side(role, expression, context)
    if problem is not None:
        return problem
    groups = context.observations if name == "observation" else context.actions
    owner = _constant_agent(expression.indices[0], context.scope)
    types: list[Type] = []
    for number, group in enumerate(groups):
        if group and owner in (None, number):
            parts = tuple(domain_type(variable.domain) for variable in group)
            types.append(parts[0] if len(parts) == 1 else Type(Base.TUPLE, items=parts))
    return _join(types, [expression.span] * len(types), context) if types else NOTHING


def _constant_agent(expression: syntax.Expr, scope: Scope) -> int | None:
    """Number of the agent that an index names, None if it is bound."""
    if not isinstance(expression, syntax.Name):
        return None
    if expression.name in scope.agent_names:
        return scope.agent_names[expression.name].number
    members = scope.agent_families.get(expression.name, {})
    if expression.indices and isinstance(expression.indices[0], syntax.Number):
        agent = members.get(int(expression.indices[0].value))
        return None if agent is None else agent.number
    return None


def _side(role: Role, expression: syntax.Name, context: Context) -> Type | None:
    """Report a variable that may not be read here, on either side of the prime."""
    allowed = _READABLE[context.place]
    primed = expression.primed
    if (role, primed) in allowed:
        return None
    name = " ".join(expression.span.text.removesuffix("'").split())
    kind, place = role.value, context.place.value
    if (role, not primed) in allowed:
        if primed:
            return context.error("P0212", expression.span, name=name, role=kind, place=place)
        return context.error("P0213", expression.span, name=name, role=kind, place=place)
    return context.error("P0214", expression.span, name=name, role=kind, place=place)


def _variable(expression: syntax.Name, family: Family, context: Context) -> Type:
    if len(expression.indices) != family.arity:
        return context.error(
            "P0112",
            expression.span,
            [family.span],
            name=family.name,
            expected=family.arity,
            found=len(expression.indices),
        )
    for place, index in enumerate(expression.indices):
        found = _plain(index, context)
        values = {key[place] for key in family.members}
        wanted = _join([value_type(v) for v in values], [index.span] * len(values), context)
        if found.base not in (wanted.base, Base.ERROR) or (
            found.base is Base.SYMBOL and not found.symbols & wanted.symbols
        ):
            context.error(
                "P0215", index.span, [family.span], name=family.name, expected=wanted, found=found
            )
    problem = _side(family.role, expression, context)
    if problem is not None:
        return problem
    owners = [_constant_agent(index, context.scope) for index in expression.indices]
    types = [
        domain_type(variable.domain)
        for key, variable in family.members.items()
        if all(
            owner is None or (isinstance(value, Agent) and value.number == owner)
            for owner, value in zip(owners, key, strict=True)
        )
    ]
    return _join(types, [family.span] * len(types), context)


def _call(expression: syntax.Call, context: Context) -> Type:
    name = expression.function
    if name in BUILTIN_ARITY:
        least, most = BUILTIN_ARITY[name]
        found = len(expression.arguments)
        if found < least or (most is not None and found > most):
            expected = least if most == least else f"at least {least}"
            context.error("P0208", expression.span, name=name, expected=expected, found=found)
        for argument in expression.arguments:
            expect(argument, NUMBER, context)
        return NUMBER
    define = context.scope.defines.get(name)
    if define is None:
        if name in context.local or name in context.scope.families:
            return context.error("P0229", expression.name_span, name=name)
        names = [*context.scope.defines, *BUILTIN_ARITY]
        return context.error(
            "P0102", expression.name_span, name=name, suggestion=nearest(name, names)
        )
    parameters = define.parameters
    if parameters is None or len(parameters) != len(expression.arguments):
        return context.error(
            "P0208",
            expression.span,
            [define.name_span],
            name=name,
            expected=len(parameters or ()),
            found=len(expression.arguments),
        )
    types = [_widened(_plain(a, context), context.scope) for a in expression.arguments]
    return _inside(define, dict(zip(parameters, types, strict=True)), expression.span, context)


def _widened(argument: Type, scope: Scope) -> Type:
    """The enumeration that a literal argument comes from, as the body of a define sees it."""
    if argument.base is not Base.SYMBOL:
        return argument
    variables = (v.domain for family in scope.families.values() for v in family.members.values())
    sets = [domain_type(domain).symbols for domain in (*scope.domains.values(), *variables)]
    near = [symbols for symbols in sets if symbols & argument.symbols]
    return replace(argument, symbols=argument.symbols.union(*near))


_ARITHMETIC = (
    syntax.BinaryOp.ADD,
    syntax.BinaryOp.SUB,
    syntax.BinaryOp.MUL,
    syntax.BinaryOp.DIV,
    syntax.BinaryOp.MOD,
)


def _binary(expression: syntax.Binary, context: Context) -> Type:
    op = expression.op
    if op in (syntax.BinaryOp.AND, syntax.BinaryOp.OR):
        expect(expression.left, BOOL, context)
        return expect(expression.right, BOOL, context)
    if op in (syntax.BinaryOp.EQ, syntax.BinaryOp.NE):
        left, right = _plain(expression.left, context), _plain(expression.right, context)
        comparable(left, right, expression.span, expression.left.span, context)
        return BOOL
    expect(expression.left, NUMBER, context)
    expect(expression.right, NUMBER, context)
    return NUMBER if op in _ARITHMETIC else BOOL


def comparable(left: Type, right: Type, span: Span, other: Span, context: Context) -> None:
    """Report a comparison that could never hold."""
    if Base.ERROR in (left.base, right.base) or Base.NOTHING in (left.base, right.base):
        return
    if left.base is not right.base:
        context.error("P0202", span, left=left, right=right)
    elif left.base is Base.SYMBOL and not left.symbols & right.symbols:
        suggestion: tuple[str, ...] = ()
        if len(right.symbols) == 1:
            suggestion = nearest(next(iter(right.symbols)), left.symbols)
        context.error("P0203", span, left=left, right=right, suggestion=suggestion)
    elif left.base is Base.TUPLE:
        if len(left.items) != len(right.items):
            context.error("P0216", span, expected=len(left.items), found=len(right.items))
            return
        for a, b in zip(left.items, right.items, strict=True):
            comparable(a, b, span, other, context)


def _membership(expression: syntax.Membership, context: Context) -> Type:
    value = _plain(expression.value, context)
    match expression.domain:
        case syntax.SetDomain():
            for item in expression.domain.values:
                comparable(value, _plain(item, context), item.span, expression.value.span, context)
        case syntax.RangeDomain():
            if value.base not in (Base.NUMBER, Base.ERROR):
                context.error("P0201", expression.value.span, expected=NUMBER, found=value)
            expect(expression.domain.low, NUMBER, context)
            expect(expression.domain.high, NUMBER, context)
        case syntax.NamedDomain():
            domain = _named(expression.domain, context)
            if domain is not None:
                span = expression.domain.span
                comparable(value, domain_type(domain), span, expression.value.span, context)
    return BOOL


def _named(domain: syntax.NamedDomain, context: Context) -> Domain | None:
    found = context.scope.domains.get(domain.name)
    if found is None:
        suggestion = nearest(domain.name, context.scope.domains)
        context.error("P0103", domain.span, name=domain.name, suggestion=suggestion)
    return found


def _pattern(pattern: syntax.Pattern, subject: Type, context: Context) -> None:
    match pattern:
        case syntax.WildcardPattern():
            pass
        case syntax.ValuePattern():
            found = _plain(pattern.value, context)
            comparable(subject, found, pattern.span, pattern.span, context)
        case syntax.TuplePattern():
            if subject.base is Base.ERROR:
                return
            if subject.base is not Base.TUPLE or len(subject.items) != len(pattern.items):
                expected = len(subject.items) if subject.base is Base.TUPLE else 1
                context.error("P0216", pattern.span, expected=expected, found=len(pattern.items))
                return
            for item, part in zip(pattern.items, subject.items, strict=True):
                _pattern(item, part, context)
        case syntax.AlternativePattern():
            for option in pattern.options:
                _pattern(option, subject, context)


def _quantified(expression: syntax.Quantified, context: Context) -> Type:
    bound = AGENT
    match expression.domain:
        case None:
            pass
        case syntax.SetDomain():
            types = [_plain(value, context) for value in expression.domain.values]
            bound = _join(types, [value.span for value in expression.domain.values], context)
        case syntax.RangeDomain():
            for end in (expression.domain.low, expression.domain.high):
                expect(end, NUMBER, context)
            bound = NUMBER
        case syntax.NamedDomain():
            domain = _named(expression.domain, context)
            bound = ERROR if domain is None else domain_type(domain)
    inner = replace(context, local={**context.local, expression.name: bound})
    if expression.name in context.scope.families or expression.name in context.scope.parameters:
        context.error("P0230", expression.name_span, name=expression.name)
    match expression.quantifier:
        case syntax.Quantifier.ALL | syntax.Quantifier.ANY:
            return expect(expression.body, BOOL, inner)
        case syntax.Quantifier.COUNT:
            expect(expression.body, BOOL, inner)
            return NUMBER
        case _:
            return expect(expression.body, NUMBER, inner)


def check_assignment(
    expression: syntax.Expr,
    targets: Sequence[Variable],
    context: Context,
    *,
    random: bool,
    optional: bool = False,
) -> None:
    """Check the right side of a rule against the variables on the left."""
    found = infer(expression, context)
    if found.base is Base.ERROR:
        return
    if found.random and not random:
        context.error("P0207", expression.span, name=targets[0].label)
        return
    if found.base is Base.NOTHING and (found.random or optional):
        return
    whole = len(targets) == 1
    wanted = domain_type(targets[0].domain) if whole else None
    parts = (found,) if whole else found.items
    if len(parts) != len(targets) or (
        wanted is not None
        and Base.TUPLE in (found.base, wanted.base)
        and (found.base, len(found.items)) != (wanted.base, len(wanted.items))
    ):
        expected = len(targets) if wanted is None else len(wanted.items) or 1
        context.error("P0216", expression.span, expected=expected, found=len(found.items) or 1)
        return
    for part, target in zip(parts, targets, strict=True):
        _fits(part, domain_type(target.domain), target, expression, context)


def _fits(
    found: Type, wanted: Type, target: Variable, expression: syntax.Expr, context: Context
) -> None:
    """Report a value that the target's domain does not have."""
    if Base.ERROR in (found.base, wanted.base) or found.base is Base.NOTHING:
        return
    facts = {"name": target.label, "domain": str(target.domain)}
    if found.base is not wanted.base or len(found.items) != len(wanted.items):
        context.error(
            "P0217", expression.span, [target.span], **facts, found=replace(found, random=False)
        )
    elif found.base is Base.SYMBOL and not found.symbols <= wanted.symbols:
        extra = sorted(found.symbols - wanted.symbols)
        context.error(
            "P0218",
            _symbol_span(expression, extra[0]) or expression.span,
            [target.span],
            **facts,
            value=extra[0],
            suggestion=nearest(extra[0], wanted.symbols),
        )
    for item, part in zip(found.items, wanted.items, strict=True):
        _fits(item, part, target, expression, context)


def _symbol_span(expression: syntax.Expr, name: str) -> Span | None:
    """Place where a value of an enumeration is written, to underline just that."""
    match expression:
        case syntax.Name() if expression.name == name:
            return expression.span
        case syntax.If():
            parts: list[syntax.Expr] = [expression.then, expression.otherwise]
        case syntax.Match():
            parts = [arm.value for arm in expression.arms]
        case syntax.Distribution():
            parts = [entry.value for entry in expression.entries]
        case syntax.Uniform():
            parts = list(expression.values or ())
        case syntax.TupleExpr():
            parts = list(expression.items)
        case _:
            return None
    return next((span for part in parts if (span := _symbol_span(part, name))), None)


__all__ = [
    "AGENT",
    "BOOL",
    "ERROR",
    "NOTHING",
    "NUMBER",
    "Base",
    "Context",
    "Place",
    "Symbol",
    "Type",
    "check_assignment",
    "comparable",
    "domain_type",
    "expect",
    "infer",
    "value_type",
]
