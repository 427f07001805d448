"""Compressions of the common information, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from posg.grammar import syntax
from posg.grammar.diagnostics import SpecError
from posg.grammar.suggest import nearest

from .domains import constant, integer
from .model import GameModel

PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "exact": (),
    "merge": (),
    "last": ("L",),
    "net": ("eps",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compression:
    """What is told apart of the common information.

    Attributes
    ----------
    name
        ``exact``, ``merge``, ``last`` or ``net``.
    size
        L of ``last``, eps of ``net``, 0 otherwise.
    """

    name: str
    size: Fraction = Fraction(0)

    @property
    def lossless(self) -> bool:
        """Whether plans are as good as with the common information itself."""
        return self.name in ("exact", "merge")

    def __str__(self) -> str:
        """As it is written: ``merge``, ``last(2)``."""
        return f"{self.name}({float(self.size):.12g})" if PARAMETERS[self.name] else self.name


DEFAULT = Compression(name="merge")


def resolve_compression(call: syntax.StructureCall | None, model: GameModel) -> Compression:
    """Check the name and the arguments of a compression; ``merge`` if there is no call.

    Raises
    ------
    SpecError
        P0808 for the name, P0402 to P0404, P0106, P0107 and P0822 for the arguments.
    """
    if call is None:
        return DEFAULT
    names = PARAMETERS.get(call.name)
    if names is None:
        raise SpecError.single(
            "P0808",
            call.name_span,
            name=call.name,
            known=", ".join(PARAMETERS),
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
    arguments = [*call.positional, *(value for _, value in call.named)]
    if not arguments:
        return Compression(name=call.name)
    (value,) = arguments
    parameters = {name: p.value for name, p in model.scope.parameters.items()}
    what = f"`{names[0]}` of `{call.name}`"
    read = integer if call.name == "last" else constant
    size = Fraction(read(value, parameters, what=what))
    if size < 0:
        raise SpecError.single("P0822", value.span, what=what, value=size)
    return Compression(name=call.name, size=size)
