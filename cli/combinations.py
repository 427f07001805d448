"""The combinations of a sweep: what is asked for, and whether there is such a thing."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from math import prod

from posg.api.compressions import parse_call
from posg.api.sequences import SEQUENCE_FORM
from posg.compiler.compressions import DEFAULT, parameters_of
from posg.compiler.program import Program, choose_game
from posg.grammar import parse_expression, parse_structure, syntax
from posg.grammar.diagnostics import Bag, SpecError
from posg.grammar.source import Source, Span
from posg.grammar.suggest import nearest

from .axes import Axis
from .inputs import FailedError
from .solving import require_method

COMBINATIONS = 10_000
_CALLS = {"sharing": syntax.UseKind.SHARING, "compression": syntax.UseKind.COMPRESSION}

Combination = Mapping[str, str]


def require_usage(options: argparse.Namespace, axes: Sequence[Axis]) -> None:
    """Wrong usage if something is varied twice, or both varied and set."""
    names = [axis.name for axis in axes]
    for axis in axes:
        kind, dot, _ = axis.name.partition(".")
        if names.count(axis.name) > 1:
            options.parser.error(f"{axis.name} is varied twice")
        if dot and kind not in _CALLS:
            options.parser.error(f"only sharing and compression have arguments, not {kind}")
        fixed = axis.name in ("horizon", *_CALLS) and getattr(options, axis.name) is not None
        if fixed or axis.name in options.set:
            options.parser.error(f"{axis.name} is varied and set")
        if axis.name == "horizon":
            for text in axis.values:
                if not text.isdecimal() or int(text) < 1:
                    options.parser.error(f"{text!r} is not a whole number of at least 1")
    if prod(len(axis.values) for axis in axes) > COMBINATIONS:
        options.parser.error(f"more than {COMBINATIONS} combinations")
    require_method(options)
    if options.method == SEQUENCE_FORM and any(name.startswith("compression") for name in names):
        options.parser.error(f"--method {SEQUENCE_FORM} does not compress anything")


def check_axes(program: Program, options: argparse.Namespace, bag: Bag) -> syntax.Game:
    """Check names and that values can be read; returns the game.

    Raises
    ------
    FailedError
        After diagnostics.
    """
    game = _game(program, options)
    names = [axis.name for axis in options.vary]
    for axis in options.vary:
        kind, _, argument = axis.name.partition(".")
        start = axis.text.index(kind)
        end = len(axis.text[: axis.text.index("=")].rstrip())
        span = Span(Source("--vary", axis.text), start, end)
        for value in axis.values:
            read = parse_structure if axis.name in _CALLS else parse_expression
            read(Source("--vary", value), bag)
        if argument and kind not in names:
            call = _call(program, options, kind)
            known = _parameters(program, kind, call)
            if argument not in known and (kind == "compression" or call.name in program.sharings):
                suggestion = nearest(argument, known) or tuple(known)
                bag.report("P0403", span, name=argument, structure=call.name, suggestion=suggestion)
        if not argument and kind not in ("horizon", *_CALLS):
            declared = [p.name for p in game.items if isinstance(p, syntax.ParamDecl)]
            if kind not in declared:
                suggestion = nearest(kind, [*declared, "horizon", *_CALLS])
                bag.report("P0118", span, name=kind, suggestion=suggestion)
    if bag.has_errors:
        raise FailedError(bag)
    return game


def request_of(
    program: Program, options: argparse.Namespace, varied: Combination
) -> argparse.Namespace:
    """The options of ``posg solve`` for one combination.

    Raises
    ------
    SpecError
        For an argument of what no structure or compression has.
    """
    request = argparse.Namespace(**vars(options))
    arguments: dict[str, dict[str, str]] = {}
    for name, value in varied.items():
        kind, _, argument = name.partition(".")
        if argument:
            arguments.setdefault(kind, {})[argument] = value
        elif name == "horizon":
            request.horizon = int(value)
        elif name in _CALLS:
            setattr(request, name, value)
        else:
            request.set = {**request.set, name: value}
    for kind, given in arguments.items():
        call = _call(program, request, kind)
        setattr(request, kind, _with_arguments(call, _parameters(program, kind, call), given))
    return request


def _call(program: Program, options: argparse.Namespace, kind: str) -> syntax.StructureCall:
    """The structure or compression that the options, or else the game, choose.

    Raises
    ------
    SpecError
        P0807 if there is no sharing structure.
    """
    given = getattr(options, kind)
    if given is not None:
        return parse_call(given)
    game = _game(program, options)
    for item in game.items:
        if isinstance(item, syntax.Use) and item.kind is _CALLS[kind]:
            return item.structure
    if kind == "sharing":
        raise SpecError.single("P0807", game.name_span)
    return parse_call(str(DEFAULT))


def _game(program: Program, options: argparse.Namespace) -> syntax.Game:
    bag = Bag()
    game = choose_game(program, options.game, bag)
    if game is None:
        raise FailedError(bag)
    return game


def _parameters(program: Program, kind: str, call: syntax.StructureCall) -> Sequence[str]:
    """Names of the parameters of a structure or compression; none if it is not known."""
    if kind == "compression":
        return tuple(parameters_of(call.name) or ())
    found = program.sharings.get(call.name)
    if found is not None:
        return [parameter.name for parameter in found.parameters]
    from posg.runtime.sharing_structures import STRUCTURES

    plugin = STRUCTURES.load(call.name)
    return () if plugin is None else tuple(plugin.made.parameters)


def _with_arguments(
    call: syntax.StructureCall, parameters: Sequence[str], given: Mapping[str, str]
) -> str:
    """The text of a call with arguments replaced or added."""
    arguments = dict(zip(parameters, (value.span.text for value in call.positional), strict=False))
    arguments |= {name: value.span.text for name, value in call.named}
    arguments |= given
    return f"{call.name}({', '.join(f'{name} = {text}' for name, text in arguments.items())})"
