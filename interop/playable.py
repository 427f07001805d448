"""What other packages are given to play: a file, or a game that is compiled already."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

from posg.compiler.pipeline import Compiled, Request, compile_game
from posg.compiler.program import load
from posg.grammar.diagnostics import Bag, SpecError
from posg.grammar.source import Source
from posg.runtime import Game, InformationStructure

Playable = str | Path | Compiled | tuple[Game, InformationStructure]
"""A game to be played: a file, or a game that is compiled already."""


def compile_playable(
    game: Playable,
    sharing: str | None,
    horizon: int | None,
    parameters: Mapping[str, str | int | float | Fraction],
) -> tuple[Game, InformationStructure]:
    """Compile a file as ``posg compile`` does, or take what is compiled.

    Raises
    ------
    SpecError
        When the file, the structure or a parameter is wrong.
    ValueError
        When a compiled game is to be compiled otherwise.
    """
    if not isinstance(game, str | Path):
        if sharing is not None or horizon is not None or parameters:
            raise ValueError("a compiled game has its sharing structure, horizon and parameters")
        return (game.game, game.information) if isinstance(game, Compiled) else game
    bag = Bag()
    try:
        text = Path(game).read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError.single(
            "P0801", None, path=game, reason=error.strerror or "unreadable"
        ) from None
    except UnicodeDecodeError:
        raise SpecError.single("P0801", None, path=game, reason="not UTF-8 text") from None
    program = load(
        Source(str(game), text), lambda path: Path(path).read_text(encoding="utf-8"), bag
    )
    request = Request(
        sharing=sharing,
        horizon=horizon,
        settings={name: value for name, value in parameters.items() if isinstance(value, str)},
        values={
            name: Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
            for name, value in parameters.items()
            if not isinstance(value, str)
        },
    )
    compiled = None if program is None else compile_game(program, request, bag)
    if compiled is None or bag.has_errors:
        raise SpecError(bag)
    return compiled.game, compiled.information
