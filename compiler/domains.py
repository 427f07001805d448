"""Finite sets and constants written in declarations, as values."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from posg.grammar import syntax
from posg.grammar.diagnostics import SpecError

from .model import BOOLEAN, Domain, DomainKind, Scope, Symbol, Value

MAX_DOMAIN = 10_000_000


def constant(expression: syntax.Expr, parameters: Mapping[str, Fraction], *, what: str) -> Fraction:
    """Exact value of an expression over numbers and parameters.

    Raises
    ------
    SpecError
        P0106 if anything else occurs in it, P0310 for a division by zero.
    """
    match expression:
        case syntax.Number():
            return expression.value
        case syntax.Name() if (
            expression.name in parameters and not expression.indices and not expression.primed
        ):
            return parameters[expression.name]
        case syntax.Unary() if expression.op is syntax.UnaryOp.NEGATE:
            return -constant(expression.operand, parameters, what=what)
        case syntax.Binary():
            left = constant(expression.left, parameters, what=what)
            right = constant(expression.right, parameters, what=what)
            match expression.op:
                case syntax.BinaryOp.ADD:
                    return left + right
                case syntax.BinaryOp.SUB:
                    return left - right
                case syntax.BinaryOp.MUL:
                    return left * right
                case syntax.BinaryOp.DIV if right != 0:
                    return left / right
                case syntax.BinaryOp.MOD if right != 0:
                    return left % right
                case syntax.BinaryOp.DIV | syntax.BinaryOp.MOD:
                    raise SpecError.single("P0310", expression.span)
                case _:
                    pass
        case syntax.Call() if expression.function in ("min", "max", "abs", "clamp"):
            values = [constant(e, parameters, what=what) for e in expression.arguments]
            if expression.function == "abs" and len(values) == 1:
                return abs(values[0])
            if expression.function == "clamp" and len(values) == 3:
                return min(max(values[0], values[1]), values[2])
            if expression.function in ("min", "max") and values:
                return (min if expression.function == "min" else max)(values)
        case _:
            pass
    raise SpecError.single("P0106", expression.span, what=what)


def integer(expression: syntax.Expr, parameters: Mapping[str, Fraction], *, what: str) -> int:
    """Exact whole value; P0107 for a fraction."""
    value = constant(expression, parameters, what=what)
    if value.denominator != 1:
        raise SpecError.single("P0107", expression.span, what=what, value=value)
    return int(value)


def domain_of(
    domain: syntax.Domain, domains: Mapping[str, Domain], parameters: Mapping[str, Fraction]
) -> Domain:
    """The finite set that a declaration writes.

    Names in a set are values of an enumeration, unless they are numbers or parameters.

    Raises
    ------
    SpecError
        P0103 unknown type, P0108 empty range, P0109 repeated value, P0110 mixed kinds,
        P0602 too large.
    """
    match domain:
        case syntax.NamedDomain():
            if domain.name == "bool":
                return BOOLEAN
            if domain.name not in domains:
                from posg.grammar.suggest import nearest

                raise SpecError.single(
                    "P0103",
                    domain.span,
                    name=domain.name,
                    suggestion=nearest(domain.name, [*domains, "bool"]),
                )
            return domains[domain.name]
        case syntax.RangeDomain():
            low = integer(domain.low, parameters, what="the low end of a range")
            high = integer(domain.high, parameters, what="the high end of a range")
            if low > high:
                raise SpecError.single("P0108", domain.span, range=f"{low}..{high}")
            if high - low >= MAX_DOMAIN:
                raise SpecError.single("P0610", domain.span, size=high - low + 1, limit=MAX_DOMAIN)
            return Domain(DomainKind.INTEGER, tuple(range(low, high + 1)))
        case syntax.SetDomain():
            values: list[Value] = []
            for item in domain.values:
                value = _element(item, parameters)
                if value in values and type(value) in {type(v) for v in values}:
                    raise SpecError.single("P0109", item.span, value=item.span.text)
                values.append(value)
            kinds = {_kind(value) for value in values}
            if len(kinds) > 1:
                raise SpecError.single("P0110", domain.span)
            return Domain(kinds.pop(), tuple(values))


def _element(item: syntax.Expr, parameters: Mapping[str, Fraction]) -> Value:
    if isinstance(item, syntax.Boolean):
        return item.value
    if (
        isinstance(item, syntax.Name)
        and not item.indices
        and not item.primed
        and item.name not in parameters
    ):
        return Symbol(item.name)
    return integer(item, parameters, what="a value of a domain")


def _kind(value: Value) -> DomainKind:
    if isinstance(value, bool):
        return DomainKind.BOOL
    return DomainKind.SYMBOL if isinstance(value, Symbol) else DomainKind.INTEGER


def domain_values(
    domain: syntax.Domain, scope: Scope, parameters: Mapping[str, Fraction]
) -> tuple[Value, ...]:
    """Values of a domain inside an expression; agents may be listed in a set."""
    if isinstance(domain, syntax.SetDomain):
        names = [item.name for item in domain.values if isinstance(item, syntax.Name)]
        if len(names) == len(domain.values) and all(name in scope.agent_names for name in names):
            return tuple(scope.agent_names[name] for name in names)
    return domain_of(domain, scope.domains, parameters).values
