"""Spec files as objects, and what is compiled from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from html import escape
from pathlib import Path

from posg.compiler.pipeline import Compiled, Request, compile_game
from posg.compiler.program import Program
from posg.compiler.program import load as load_program
from posg.grammar.diagnostics import Bag, SpecError
from posg.grammar.source import Source
from posg.runtime import Game, InformationStructure, SharingStructure
from posg.runtime.limits import DEFAULT_MEMORY

from .explained import explained, show_warnings
from .keywords import described, require_whole
from .structures import given_sharing

Parameter = str | int | float | Fraction
"""A value for a parameter of a spec; text is an expression, such as ``"1/3"``."""

Sharing = str | SharingStructure
"""A sharing structure by name with its arguments, or one that is written in Python."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A spec file that was read: its games and sharing structures.

    Attributes
    ----------
    name
        The file.
    program
        The syntax of the file and of all that it imports.
    """

    name: str
    program: Program = field(repr=False)

    @property
    def games(self) -> tuple[str, ...]:
        """Names of the games."""
        return tuple(game.name for game in self.program.games)

    @property
    def sharings(self) -> tuple[str, ...]:
        """Names of the sharing structures, those of the library included."""
        return tuple(self.program.sharings)

    def compile(
        self,
        sharing: Sharing | None = None,
        *,
        game: str | None = None,
        horizon: int | None = None,
        parameters: Mapping[str, Parameter] | None = None,
        all_states: bool = False,
        memory: int = DEFAULT_MEMORY,
    ) -> Compiled:
        """Compile a game under a sharing structure; see ``posg.compile``."""
        given = parameters or {}
        with explained():
            request = Request(
                game=game,
                sharing=sharing if isinstance(sharing, str) else None,
                python=None
                if sharing is None or isinstance(sharing, str)
                else given_sharing(sharing),
                horizon=horizon,
                settings={name: value for name, value in given.items() if isinstance(value, str)},
                values={
                    name: Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
                    for name, value in given.items()
                    if not isinstance(value, str)
                },
                all_states=all_states,
                memory_bytes=memory,
            )
            bag = Bag()
            compiled = compile_game(self.program, request, bag)
            if compiled is None or bag.has_errors:
                raise SpecError(bag)
            show_warnings(bag, depth=2)
            return compiled

    def _repr_html_(self) -> str:
        games = "".join(f"<li>{escape(name)}</li>" for name in self.games)
        return f"<b>{escape(self.name)}</b><ul>{games}</ul>"


Solvable = str | Path | Spec | Compiled
"""A game to be solved: a file, a spec, or a game that is compiled already."""

Playable = Solvable | tuple[Game, InformationStructure]
"""A game to be played: it may be made by hand, too."""


def load(path: str | Path) -> Spec:
    """Read a ``.posg`` file and what it imports.

    Raises
    ------
    SpecError
        When a file cannot be read (P0801) or parsed; the notes of the exception say where and why.
    """
    with explained():
        return _parse(Source(str(path), _read(path)))


def loads(text: str, name: str = "<text>") -> Spec:
    """Read a spec from text; imports are looked up from the current folder.

    Raises
    ------
    SpecError
        When it cannot be parsed.
    """
    with explained():
        return _parse(Source(name, text))


def compile(
    game: Solvable,
    sharing: Sharing | None = None,
    *,
    horizon: int | None = None,
    parameters: Mapping[str, Parameter] | None = None,
    name: str | None = None,
    all_states: bool = False,
    memory: int = DEFAULT_MEMORY,
) -> Compiled:
    """Compile a game under a sharing structure.

    Parameters
    ----------
    game
        A ``.posg`` file, or what ``posg.load`` made of one. A game that is compiled already is returned
        as it is.
    sharing
        Such as ``"delayed(d = 1)"``, or an object such as ``UpdateSharing``; the file's own choice by
        default.
    horizon, parameters
        In place of those in the file.
    name
        Which game of a file with several.
    all_states
        Keep states that are never reached.
    memory
        Bytes, at most.

    Raises
    ------
    SpecError
        When the file, the structure or a parameter is wrong.
    LimitError
        When the tables would be too large.
    ProblemError
        P0437, when an installed sharing structure cannot be imported.
    TypeError, ValueError
        For arguments of other kinds or beyond their ranges; also when a compiled game is to be compiled
        otherwise.
    """
    require_whole("horizon", horizon, 1)
    require_whole("memory", memory, 1)
    if isinstance(game, Compiled):
        _refuse_changes(sharing, horizon, parameters, name, all_states or None)
        return game
    _require_source(game)
    spec = game if isinstance(game, Spec) else load(game)
    return spec.compile(
        sharing,
        game=name,
        horizon=horizon,
        parameters=parameters,
        all_states=all_states,
        memory=memory,
    )


def compile_playable(
    game: Playable,
    sharing: Sharing | None,
    horizon: int | None,
    parameters: Mapping[str, Parameter],
) -> tuple[Game, InformationStructure]:
    """Compile a file or a spec as ``posg compile`` does, or take what is compiled.

    Raises
    ------
    SpecError
        When the file, the structure or a parameter is wrong.
    ValueError
        When a compiled game is to be compiled otherwise.
    """
    if isinstance(game, tuple):
        _refuse_changes(sharing, horizon, parameters)
        return game
    compiled = compile(game, sharing, horizon=horizon, parameters=parameters)
    return compiled.game, compiled.information


def _require_source(game: object) -> None:
    """Refuse what is neither a path nor a spec."""
    if not isinstance(game, str | Path | Spec):
        raise TypeError(
            f"game is a path, or what posg.load or posg.compile made, but not {described(game)}"
        )


def _refuse_changes(
    sharing: Sharing | None,
    horizon: int | None,
    parameters: Mapping[str, Parameter] | None,
    *others: object,
) -> None:
    """Refuse to compile otherwise what is compiled already."""
    if parameters or any(given is not None for given in (sharing, horizon, *others)):
        raise ValueError("a compiled game has its sharing structure, horizon and parameters")


def _parse(source: Source) -> Spec:
    bag = Bag()
    program = load_program(source, lambda path: Path(path).read_text(encoding="utf-8"), bag)
    if program is None:
        raise SpecError(bag)
    return Spec(source.name, program)


def _read(path: str | Path) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or "unreadable"
    except UnicodeDecodeError:
        reason = "not UTF-8 text"
    raise SpecError.single("P0801", None, path=path, reason=reason)
