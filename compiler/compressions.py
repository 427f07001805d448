"""Compressions of the common information, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from posg.grammar import syntax
from posg.grammar.diagnostics import SpecError
from posg.grammar.suggest import nearest

from .arguments import bind_arguments
from .domains import constant, integer
from .model import GameModel

if TYPE_CHECKING:
    from posg.runtime.compressors import Compressor
    from posg.runtime.plugins import Plugin

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
        ``exact``, ``merge``, ``last``, ``net``, or the name of an installed compressor.
    arguments
        Values of its parameters, in their order.
    plugin
        The compressor, where it is none of posg's own.
    """

    name: str
    arguments: Mapping[str, Fraction] = field(default_factory=dict)
    plugin: Plugin[Compressor] | None = None

    @classmethod
    def window(cls, length: int) -> Compression:
        """``last(L)``."""
        return cls(name="last", arguments={"L": Fraction(length)})

    @classmethod
    def net(cls, eps: Fraction) -> Compression:
        """``net(eps)``."""
        return cls(name="net", arguments={"eps": eps})

    @property
    def lossless(self) -> bool:
        """Whether plans are as good as with the common information itself."""
        return self.name in ("exact", "merge")

    @property
    def size(self) -> Fraction:
        """L of ``last``, eps of ``net``, 0 of those without an argument."""
        return next(iter(self.arguments.values()), Fraction(0))

    def __str__(self) -> str:
        """As it is written: ``merge``, ``last(2)``, ``hints(most = 3, reset = 1)``."""
        values = {name: f"{float(value):.12g}" for name, value in self.arguments.items()}
        if not values:
            return self.name
        if len(values) == 1:
            return f"{self.name}({next(iter(values.values()))})"
        return f"{self.name}({', '.join(f'{name} = {text}' for name, text in values.items())})"


DEFAULT = Compression(name="merge")


def parameters_of(name: str) -> Mapping[str, Fraction | int | None] | None:
    """Names and defaults of a compression's arguments; None if there is no such compression.

    Raises
    ------
    ProblemError
        P0827, for an installed compressor that cannot be imported.
    """
    if name in PARAMETERS:
        return dict.fromkeys(PARAMETERS[name])
    found = _load(name)
    return None if found is None else found.made.parameters


def _load(name: str) -> Plugin[Compressor] | None:
    from posg.runtime.compressors import COMPRESSORS

    return COMPRESSORS.load(name)


def resolve_compression(call: syntax.StructureCall | None, model: GameModel) -> Compression:
    """Check the name and the arguments of a compression; ``merge`` if there is no call.

    Raises
    ------
    SpecError
        P0808 for the name, P0402 to P0404, P0106, P0107 and P0822 for the arguments.
    ProblemError
        P0827, for an installed compressor that cannot be imported.
    """
    if call is None:
        return DEFAULT
    parameters = parameters_of(call.name)
    if parameters is None:
        from posg.runtime.compressors import COMPRESSORS

        known = [*PARAMETERS, *COMPRESSORS.names()]
        raise SpecError.single(
            "P0808",
            call.name_span,
            name=call.name,
            known=", ".join(known),
            suggestion=nearest(call.name, known),
        )
    given = bind_arguments(call, parameters)
    own = call.name in PARAMETERS
    constants = {name: p.value for name, p in model.scope.parameters.items()}
    arguments: dict[str, Fraction] = {}
    for name, default in parameters.items():
        value = given.get(name)
        if value is None:
            assert default is not None
            arguments[name] = Fraction(default)
            continue
        what = f"`{name}` of `{call.name}`"
        read = integer if call.name == "last" else constant
        arguments[name] = Fraction(read(value, constants, what=what))
        if own and arguments[name] < 0:
            raise SpecError.single("P0822", value.span, what=what, value=arguments[name])
    plugin = None if own else _load(call.name)
    return Compression(name=call.name, arguments=arguments, plugin=plugin)
