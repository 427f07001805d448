"""Sharing structures and compressors that are given as objects, not by name."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from posg.compiler.compressions import Compression
from posg.compiler.python_sharing import PythonSharing
from posg.runtime import Compressor, ProblemError, SharingStructure
from posg.runtime.compressors import is_compressor
from posg.runtime.plugins import Plugin
from posg.runtime.sharing_structures import is_structure

from .keywords import described


def given_sharing(structure: SharingStructure) -> PythonSharing:
    """A structure with the defaults of its parameters.

    Raises
    ------
    ProblemError
        P0436, when a parameter has no default.
    TypeError
        For what is no structure.
    """
    if not is_structure(structure):
        raise TypeError(
            "sharing is text, such as 'delayed(d = 1)', or has `parameters` and `inform`, as an "
            f"UpdateSharing has, but not {described(structure)}"
        )
    name = type(structure).__name__
    options = {
        key: value if isinstance(value, str) else Fraction(value)
        for key, value in _defaults(structure.parameters, name, "P0436").items()
    }
    plugin = Plugin(name=name, package=None, made=structure)
    return PythonSharing(plugin=plugin, options=options, label=None, span=None)


def given_compressor(compressor: Compressor) -> Compression:
    """A compressor with the defaults of its parameters.

    Raises
    ------
    ProblemError
        P0826, when a parameter has no default.
    TypeError
        For what is no compressor.
    """
    if not is_compressor(compressor):
        raise TypeError(
            "compression is text, such as 'last(2)', or has `parameters` and `expand`, as an "
            f"AutomatonCompressor has, but not {described(compressor)}"
        )
    name = type(compressor).__name__
    arguments = {
        key: Fraction(value)
        for key, value in _defaults(compressor.parameters, name, "P0826").items()
    }
    plugin = Plugin(name=name, package=None, made=compressor)
    return Compression(name=name, arguments=arguments, plugin=plugin)


def _defaults(
    parameters: Mapping[str, Fraction | int | str | None], name: str, code: str
) -> dict[str, Fraction | int | str]:
    found: dict[str, Fraction | int | str] = {}
    for key, value in parameters.items():
        if value is None:
            reason = (
                f"`{key}` has no default; an object that is given in place of a name must know all"
            )
            raise ProblemError(code, name=name, reason=reason)
        found[key] = value
    return found
