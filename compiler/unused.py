"""Sharing structures of a file that no game of it uses: mistakes in them are worth a warning."""

from __future__ import annotations

from collections.abc import Sequence

from posg.grammar import syntax
from posg.grammar.diagnostics import Bag

from .core import resolve_core
from .model import GameModel
from .program import Program
from .sharing import apply_sharing


def report_unfit(program: Program, model: GameModel, used: str, bag: Bag) -> None:
    """Try the file's own structures, other than the one in use, on its only game; P0424.

    A structure with parameters is tried with its defaults, 1 for a number and different agents for
    agents. Structures that take a define, or more agents than there are, are left out. Where a
    file has several games there is no telling which of them a structure is for.
    """
    if len(program.games) != 1:
        return
    for item in program.spec.items:
        if not isinstance(item, syntax.Sharing) or item.name == used:
            continue
        arguments = _arguments(item.parameters, model)
        if arguments is None:
            continue
        call = syntax.StructureCall(
            span=item.name_span,
            name=item.name,
            positional=(),
            named=tuple(arguments.items()),
            name_span=item.name_span,
        )
        inner = Bag()
        applied = apply_sharing(model, call, item.name, inner)
        if applied is not None:
            resolve_core(model, applied, inner)
        if inner.has_errors:
            from posg.grammar.render import word

            first = next(d for d in inner.diagnostics if d.severity.value == "error")
            bag.report(
                "P0424",
                first.span,
                name=item.name,
                game=model.name,
                code=first.code,
                inner=word(first).text,
            )


def _arguments(
    parameters: Sequence[syntax.SharingParameter], model: GameModel
) -> dict[str, syntax.Expr] | None:
    """An argument for each parameter without a default; None if one cannot be made up."""
    from .rewrite import agent_node, number_node

    found: dict[str, syntax.Expr] = {}
    agents = list(model.agents)
    for parameter in parameters:
        if parameter.default is not None:
            continue
        match parameter.kind:
            case syntax.ParameterKind.NUMBER:
                found[parameter.name] = number_node(1, parameter.span)
            case syntax.ParameterKind.AGENT if agents:
                found[parameter.name] = agent_node(agents.pop(0), parameter.span)
            case _:
                return None
    return found
