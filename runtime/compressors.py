"""Compressions that other packages bring along, by way of the entry point ``posg.compressors``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol, TypeGuard, runtime_checkable

from .automata import Automaton, expand_automaton
from .errors import ProblemError
from .game import Game
from .information import InformationStructure
from .model_checks import find_misfit
from .nodes import CommonInformation, NodeLimits
from .plugins import Plugin, PluginKind
from .progress import Progress, silent


@runtime_checkable
class Compressor(Protocol):
    """Makes models of compressed common information.

    Attributes
    ----------
    parameters
        The names of its arguments in order, each with a default or None. Arguments are numbers.
    """

    @property
    def parameters(self) -> Mapping[str, Fraction | int | None]:
        """Names and defaults of the arguments."""
        ...

    def expand(
        self,
        game: Game,
        information: InformationStructure,
        options: Mapping[str, Fraction],
        *,
        limits: NodeLimits,
        progress: Progress = silent,
    ) -> CommonInformation:
        """Make the model: nodes with beliefs, and where increments lead from each.

        The node of step h + 1 must follow from the node of step h and z_{h+1}, (5.1): a node has
        one edge for each increment that can follow with its belief.

        Parameters
        ----------
        options
            A value for each parameter.
        limits
            To be kept to; ``LimitError`` otherwise.

        Raises
        ------
        ValueError
            When the options do not fit, or the game does not, with a reason for people.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomatonCompressor:
    """A compressor that runs an automaton over increments.

    Attributes
    ----------
    build
        Makes the automaton for a game, its information structure and the options; it may raise
        ``ValueError`` with a reason.
    parameters
        The names of the options, each with a default or None.
    """

    build: Callable[[Game, InformationStructure, Mapping[str, Fraction]], Automaton]
    parameters: Mapping[str, Fraction | int | None] = field(default_factory=dict)

    def expand(
        self,
        game: Game,
        information: InformationStructure,
        options: Mapping[str, Fraction],
        *,
        limits: NodeLimits,
        progress: Progress = silent,
    ) -> CommonInformation:
        """Expand the automaton with the laws of uniform play as beliefs."""
        return expand_automaton(
            game,
            information,
            self.build(game, information, options),
            max_nodes=limits.nodes,
            memory_bytes=limits.memory,
            progress=progress,
        )


def is_compressor(found: object) -> TypeGuard[Compressor]:
    """Whether an object is one; a class is none."""
    return isinstance(found, Compressor) and not isinstance(found, type)


COMPRESSORS = PluginKind("posg.compressors", is_compressor, "`parameters` or no `expand`", "P0827")


def compress(
    game: Game,
    information: InformationStructure,
    plugin: Plugin[Compressor],
    options: Mapping[str, Fraction],
    *,
    limits: NodeLimits,
    progress: Progress = silent,
) -> CommonInformation:
    """Make the model of a compressor, and check that it is one.

    Raises
    ------
    ProblemError
        P0826 when the compressor refuses, P0827 when it fails, P0828 when what it makes does not
        fit the game.
    """
    name, package = plugin.name, plugin.package
    try:
        nodes = plugin.made.expand(game, information, options, limits=limits, progress=progress)
    except ProblemError:
        raise
    except ValueError as error:
        raise ProblemError("P0826", name=name, package=package, reason=error) from error
    except Exception as error:
        raise COMPRESSORS.blame(name, package, error) from error
    what = find_misfit(game, information, nodes)
    if what is not None:
        raise ProblemError("P0828", name=name, package=package, what=what)
    return nodes
