"""Rebuilding syntax trees: substitution without capture, inlining of defines, synthesised nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from posg.grammar import syntax
from posg.grammar.source import Span

from .model import Agent, Symbol, Value

NodeType = TypeVar("NodeType", bound=syntax.Node)
Change = Callable[[syntax.Node], syntax.Node | None]


def rewrite(node: NodeType, change: Change) -> NodeType:
    """Rebuild a tree from the top; where ``change`` gives a node, it replaces the subtree."""
    replaced = change(node)
    if replaced is not None:
        return cast(NodeType, replaced)
    # The fields of a node have no common static type.
    fields: dict[str, Any] = {name: getattr(node, name) for name in type(node).defaults}
    rebuilt: dict[str, Any] = {name: _value(value, change) for name, value in fields.items()}
    if all(rebuilt[name] is fields[name] for name in fields):
        return node
    return type(node)(**rebuilt)


def _value(value: object, change: Change) -> object:
    if isinstance(value, syntax.Node):
        return rewrite(value, change)
    if isinstance(value, tuple) and value:
        parts = cast("tuple[object, ...]", value)
        items = tuple(_value(item, change) for item in parts)
        return parts if all(a is b for a, b in zip(items, parts, strict=True)) else items
    return value


def free_names(node: syntax.Node) -> frozenset[str]:
    """Names that occur without being bound by a quantifier inside."""
    found: set[str] = set()

    def look(part: syntax.Node) -> syntax.Node | None:
        if isinstance(part, syntax.Quantified):
            inner = free_names(part.body) - {part.name}
            found.update(inner)
            if part.domain is not None:
                found.update(free_names(part.domain))
            return part
        if isinstance(part, syntax.Name):
            found.add(part.name)
        return None

    rewrite(node, look)
    return frozenset(found)


def occurrences(node: syntax.Node, kind: type[NodeType]) -> list[NodeType]:
    """Every part of a kind, the whole included."""
    found: list[NodeType] = []

    def look(part: syntax.Node) -> syntax.Node | None:
        if isinstance(part, kind):
            found.append(part)
        return None

    rewrite(node, look)
    return found


def index_names(node: syntax.Node) -> frozenset[str]:
    """Names that stand where an index or an argument stands."""
    places = [index for part in occurrences(node, syntax.Name) for index in part.indices]
    places += [given for call in occurrences(node, syntax.Call) for given in call.arguments]
    return frozenset(part.name for part in places if isinstance(part, syntax.Name))


def substitute(node: NodeType, values: Mapping[str, syntax.Expr]) -> NodeType:
    """Replace names by expressions; bound names are renamed where they would capture."""
    if not values:
        return node
    incoming = frozenset[str]().union(*(free_names(value) for value in values.values()))

    def change(part: syntax.Node) -> syntax.Node | None:
        if isinstance(part, syntax.Quantified):
            inner = {name: value for name, value in values.items() if name != part.name}
            name, body = part.name, part.body
            if name in incoming:
                fresh = name + "_"
                while fresh in incoming or fresh in free_names(body):
                    fresh += "_"
                body = substitute(body, {name: name_node(fresh, part.name_span)})
                name = fresh
            return syntax.Quantified(
                span=part.span,
                quantifier=part.quantifier,
                name=name,
                domain=None if part.domain is None else substitute(part.domain, values),
                body=substitute(body, inner),
                name_span=part.name_span,
            )
        if isinstance(part, syntax.Name) and part.name in values:
            if not part.indices and not part.primed:
                return values[part.name]
        elif isinstance(part, syntax.Call) and part.function in values:
            target = values[part.function]
            if isinstance(target, syntax.Name):
                return syntax.Call(
                    span=part.span,
                    function=target.name,
                    arguments=tuple(substitute(a, values) for a in part.arguments),
                    name_span=part.name_span,
                )
        return None

    return rewrite(node, change)


def inline(node: NodeType, defines: Mapping[str, syntax.Define]) -> NodeType:
    """Replace every define by its body; the caller has checked that there is no recursion."""

    def change(part: syntax.Node) -> syntax.Node | None:
        if isinstance(part, syntax.Name) and part.name in defines and not part.indices:
            return inline(defines[part.name].body, defines)
        if isinstance(part, syntax.Call) and part.function in defines:
            define = defines[part.function]
            arguments = [inline(argument, defines) for argument in part.arguments]
            values = dict(zip(define.parameters or (), arguments, strict=True))
            return substitute(inline(define.body, defines), values)
        return None

    return rewrite(node, change)


def name_node(
    name: str, span: Span, indices: tuple[syntax.Expr, ...] = (), *, primed: bool = False
) -> syntax.Name:
    """A name that stands for the text at ``span``."""
    return syntax.Name(span=span, name=name, indices=indices, primed=primed, name_span=span)


def value_node(value: Value, span: Span) -> syntax.Expr:
    """A constant as it would be written."""
    if isinstance(value, bool):
        return syntax.Boolean(span=span, value=value)
    if isinstance(value, int):
        return number_node(value, span)
    if isinstance(value, Symbol):
        return name_node(value.name, span)
    return agent_node(value, span)


def agent_node(agent: Agent, span: Span) -> syntax.Name:
    """``alice`` or ``robot[1]``."""
    family, bracket, rest = agent.name.partition("[")
    if not bracket:
        return name_node(family, span)
    return name_node(family, span, (number_node(int(rest[:-1]), span),))


def number_node(value: int, span: Span) -> syntax.Expr:
    """A whole number."""
    from fractions import Fraction

    node = syntax.Number(span=span, text=str(abs(value)), value=Fraction(abs(value)))
    if value >= 0:
        return node
    return syntax.Unary(span=span, op=syntax.UnaryOp.NEGATE, operand=node)
