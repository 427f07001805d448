"""Calls of sharing structures that are written in Python, and the tables that they make."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from posg.grammar import syntax
from posg.grammar.diagnostics import Bag
from posg.grammar.node import Record
from posg.grammar.source import Span
from posg.runtime.errors import LimitError, ProblemError
from posg.runtime.game import Game
from posg.runtime.information import InformationStructure
from posg.runtime.timestamps import Timestamps, date_by_step

from .arguments import bind_arguments
from .domains import constant
from .model import GameModel

if TYPE_CHECKING:
    from posg.runtime.plugins import Plugin
    from posg.runtime.sharing_structures import Options, SharingStructure


class PythonSharing(Record):
    """A structure that is written in Python, with its arguments.

    ``label`` is the call, and ``span`` its place; None if the structure was given as an object.
    """

    plugin: Plugin[SharingStructure]
    options: Options
    label: str | None
    span: Span | None


def find_python_sharing(
    call: syntax.StructureCall, label: str, model: GameModel
) -> PythonSharing | None:
    """Import the structure that a call names and evaluate its arguments; None if there is no such.

    What a file declares and what the library has come first.

    Raises
    ------
    SpecError
        P0402 to P0404 and P0106 for the arguments.
    ProblemError
        P0437, when the structure cannot be imported.
    """
    if call.name in model.sharings:
        return None
    from posg.runtime.sharing_structures import STRUCTURES

    plugin = STRUCTURES.load(call.name)
    if plugin is None:
        return None
    given = bind_arguments(call, plugin.made.parameters)
    constants = {name: p.value for name, p in model.scope.parameters.items()}
    options: dict[str, Fraction | str] = {}
    for name, default in plugin.made.parameters.items():
        value = given.get(name)
        if value is None:
            assert default is not None
            options[name] = default if isinstance(default, str) else Fraction(default)
            continue
        text = value.span.text.replace(" ", "")
        if any(agent.name == text for agent in model.agents):
            options[name] = text
        else:
            what = f"`{name}` of `{call.name}`"
            options[name] = constant(value, constants, what=what)
    return PythonSharing(plugin=plugin, options=options, label=label, span=call.span)


def tabulate_python_sharing(
    game: Game, sharing: PythonSharing, bag: Bag
) -> tuple[InformationStructure, Timestamps] | None:
    """Ask a structure for its tables; None after errors, which are reported where it is called.

    Raises
    ------
    LimitError
        P0426 and P0427, when there is too much to ask.
    """
    from posg.runtime.sharing_structures import inform

    try:
        information = inform(game, sharing.plugin, sharing.options, label=sharing.label)
    except LimitError:
        raise
    except ProblemError as error:
        bag.report(error.code, sharing.span, error.facts)
        return None
    return information, date_by_step(information)
