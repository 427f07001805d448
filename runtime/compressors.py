"""Compressions that other packages bring along, by way of the entry point ``posg.compressors``."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, runtime_checkable

from .automata import Automaton, expand_automaton
from .errors import ProblemError
from .game import Game
from .information import InformationStructure
from .model_checks import find_misfit
from .nodes import CommonInformation, NodeLimits
from .progress import Progress, silent

GROUP = "posg.compressors"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A compressor with the name that it is registered under, and the package that did so."""

    name: str
    package: str
    compressor: Compressor


def _registered() -> Mapping[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def installed_compressors() -> tuple[str, ...]:
    """Names of the compressors that installed packages register."""
    return tuple(sorted(_registered()))


def load_compressor(name: str) -> Installed | None:
    """Import a compressor; None if no installed package registers the name.

    Raises
    ------
    ProblemError
        P0827 when it cannot be imported, or is no compressor.
    """
    entry = _registered().get(name)
    if entry is None:
        return None
    package = "an unknown package" if entry.dist is None else entry.dist.name
    try:
        found = entry.load()
    except Exception as error:
        raise _failure(name, package, error) from error
    if not isinstance(found, Compressor):
        reason = f"{entry.value} has no `parameters` or no `expand`"
        raise ProblemError("P0827", name=name, package=package, reason=reason)
    return Installed(name=name, package=package, compressor=found)


def compress(
    game: Game,
    information: InformationStructure,
    installed: Installed,
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
    name, package = installed.name, installed.package
    try:
        nodes = installed.compressor.expand(
            game, information, options, limits=limits, progress=progress
        )
    except ProblemError:
        raise
    except ValueError as error:
        raise ProblemError("P0826", name=name, package=package, reason=error) from error
    except Exception as error:
        raise _failure(name, package, error) from error
    what = find_misfit(game, information, nodes)
    if what is not None:
        raise ProblemError("P0828", name=name, package=package, what=what)
    return nodes


def _failure(name: str, package: str, error: Exception) -> ProblemError:
    """What went wrong in somebody else's code, and where."""
    reason = traceback.format_exception_only(error)[-1].strip()
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else None
    return ProblemError("P0827", name=name, package=package, reason=reason, place=place)
