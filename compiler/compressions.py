"""Compressions of the common information, by name."""

from __future__ import annotations

from collections.abc import Mapping

from posg.grammar import syntax
from posg.grammar.diagnostics import SpecError
from posg.grammar.suggest import nearest

PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "exact": (),
    "merge": (),
    "last": ("L",),
    "net": ("eps",),
}
AVAILABLE = ("exact", "merge")
DEFAULT = "merge"


def check_compression(call: syntax.StructureCall) -> None:
    """Check the name and the arguments of a compression, available or not.

    Raises
    ------
    SpecError
        P0808 for the name, P0402 to P0404 for the arguments.
    """
    names = PARAMETERS.get(call.name)
    if names is None:
        raise SpecError.single(
            "P0808",
            call.name_span,
            name=call.name,
            known=", ".join(AVAILABLE),
            suggestion=nearest(call.name, PARAMETERS),
        )
    if len(call.positional) > len(names):
        span = call.positional[len(names)].span
        found, expected = len(call.positional), len(names)
        raise SpecError.single("P0402", span, name=call.name, found=found, expected=expected)
    missing = list(names[len(call.positional) :])
    for name, value in call.named:
        if name not in missing:
            raise SpecError.single(
                "P0403",
                value.span,
                structure=call.name,
                name=name,
                suggestion=nearest(name, missing) or tuple(missing),
            )
        missing.remove(name)
    for name in missing:
        raise SpecError.single("P0404", call.span, structure=call.name, name=name)


def choose_available(call: syntax.StructureCall | None) -> str:
    """The name of a compression that posg can do, ``merge`` by default.

    Raises
    ------
    SpecError
        P0816, or what ``check_compression`` raises.
    """
    if call is None:
        return DEFAULT
    check_compression(call)
    if call.name not in AVAILABLE:
        raise SpecError.single("P0816", call.span, name=" ".join(call.span.text.split()))
    return call.name
