"""The arguments of a call of something that is written in Python, by name."""

from __future__ import annotations

from collections.abc import Mapping

from posg.grammar import syntax
from posg.grammar.diagnostics import SpecError
from posg.grammar.suggest import nearest


def bind_arguments(
    call: syntax.StructureCall, parameters: Mapping[str, object]
) -> Mapping[str, syntax.Expr]:
    """The argument of each parameter that has one; those without a default must.

    Raises
    ------
    SpecError
        P0402 to P0404.
    """
    names = list(parameters)
    if len(call.positional) > len(names):
        span = call.positional[len(names)].span
        found, expected = len(call.positional), len(names)
        raise SpecError.single("P0402", span, name=call.name, found=found, expected=expected)
    given = dict(zip(names, call.positional, strict=False))
    for name, value in call.named:
        missing = [known for known in names if known not in given]
        if name not in missing:
            raise SpecError.single(
                "P0403",
                value.span,
                structure=call.name,
                name=name,
                suggestion=nearest(name, missing) or tuple(missing),
            )
        given[name] = value
    for name, default in parameters.items():
        if name not in given and default is None:
            raise SpecError.single("P0404", call.span, structure=call.name, name=name)
    return given
