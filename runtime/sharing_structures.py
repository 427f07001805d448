"""Sharing structures written in Python: χ and ξ as functions, or what is known after each history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Protocol, TypeGuard, runtime_checkable

from .errors import ProblemError
from .evolution import CommonKnowledge, PrivateKnowledge, derive_information
from .game import Game
from .information import InformationStructure
from .plugins import Plugin, PluginKind
from .table_checks import check_tables
from .tabulation import CommonUpdate, PrivateUpdate, tabulate_information

Options = Mapping[str, Fraction | str]
"""The arguments of a structure by name: numbers, and names of agents."""
Defaults = Mapping[str, Fraction | int | str | None]
"""The parameters of a structure in order, each with a default, or None if it has to be given."""


@runtime_checkable
class SharingStructure(Protocol):
    """Makes the information structure of a game.

    Attributes
    ----------
    parameters
        The names of its arguments in order, each with a default or None.
    """

    @property
    def parameters(self) -> Defaults:
        """Names and defaults of the arguments."""
        ...

    def inform(self, game: Game, options: Options) -> InformationStructure:
        """Tabulate χ and ξ for a game.

        Raises
        ------
        ValueError
            When the options do not fit, or the game does not, with a reason for people.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateSharing:
    """A structure that is given by χ and ξ, Equations (2.1) and (2.2).

    Attributes
    ----------
    build
        Makes χ and ξ for a game and the options; ``tabulate_information`` says what they are asked. It
        may raise ``ValueError`` with a reason.
    parameters
        The names of the options, each with a default or None.
    name
        In print, where no call names the structure.
    """

    build: Callable[[Game, Options], tuple[CommonUpdate, PrivateUpdate]]
    parameters: Defaults = field(default_factory=dict)
    name: str = "python"

    def inform(self, game: Game, options: Options) -> InformationStructure:
        """Ask χ and ξ wherever the game can get."""
        chi, xi = self.build(game, options)
        return tabulate_information(game, name=self.name, chi=chi, xi=xi)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistorySharing:
    """A structure that is given by what is known after each history.

    All histories are listed, so it is for small games; there, it finds out whether Assumption 1 holds.

    Attributes
    ----------
    build
        Makes the functions ``common`` and ``private`` of ``derive_information`` for a game and the options.
        It may raise ``ValueError`` with a reason.
    parameters, name
        As for ``UpdateSharing``.
    """

    build: Callable[[Game, Options], tuple[CommonKnowledge, PrivateKnowledge]]
    parameters: Defaults = field(default_factory=dict)
    name: str = "python"

    def inform(self, game: Game, options: Options) -> InformationStructure:
        """Find χ and ξ, or show that there are none."""
        common, private = self.build(game, options)
        return derive_information(game, name=self.name, common=common, private=private)


def is_structure(found: object) -> TypeGuard[SharingStructure]:
    """Whether an object is one; a class is none."""
    return isinstance(found, SharingStructure) and not isinstance(found, type)


def _is_information(found: object) -> bool:
    """Whether a structure kept its word."""
    return isinstance(found, InformationStructure)


STRUCTURES = PluginKind("posg.sharing", is_structure, "`parameters` or no `inform`", "P0437")


def inform(
    game: Game, plugin: Plugin[SharingStructure], options: Options, *, label: str | None
) -> InformationStructure:
    """Tabulate a structure, and check that the tables fit the game.

    Parameters
    ----------
    label
        In print; None for the structure's own name.

    Raises
    ------
    ProblemError
        P0430 to P0435 for χ and ξ that are none, or do not fit; P0436 when the structure refuses, P0437
        when it fails.
    LimitError
        P0426 and P0427, when there is too much to ask.
    """
    name, package = plugin.name, plugin.package
    try:
        found = plugin.made.inform(game, options)
    except ProblemError:
        raise
    except ValueError as error:
        raise ProblemError("P0436", name=name, package=package, reason=error) from error
    except Exception as error:
        raise STRUCTURES.blame(name, package, error) from error
    if not _is_information(found):
        reason = f"it made a {type(found).__name__} and no InformationStructure"
        raise ProblemError("P0437", name=name, package=package, reason=reason)
    check_tables(game, found)
    return found if label is None else replace(found, name=label)
