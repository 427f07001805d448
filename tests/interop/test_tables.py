"""Files in every form against a slow reader, and there and back again."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from posg.compiler.pipeline import CheckedGame, Request, check_game
from posg.compiler.program import load
from posg.grammar import parse
from posg.grammar.diagnostics import Bag
from posg.grammar.printer import print_spec
from posg.grammar.render import render_text
from posg.grammar.source import Source
from posg.interop.madp_syntax import parse_madp
from posg.interop.madp_tables import tabulate_madp
from posg.interop.posg_names import choose_names
from posg.interop.read_game import read_game
from posg.interop.tabular import TabularGame
from posg.interop.write_madp import write_madp
from posg.interop.write_posg import write_posg

from .reference import Cells, Writer, read

SPECS = Path(__file__).parents[2] / "specs"
SEEDS = [*range(8), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(8, 60))]
LARGE = SPECS / "box_pushing.posg"
# What the format cannot hold, and the code that says so.
REFUSED = {
    "channel": "P0922",
    "chsh": "P0921",
    "commons": "P0921",
    "jury": "P0921",
    "kuhn": "P0921",
    "paper_example_3": "P0922",
    "patrol": "P0922",
    "team_decision": "P0921",
}


def imported(text: str, *, single: bool) -> TabularGame:
    bag = Bag()
    parsed = parse_madp(Source("random.dpomdp", text), bag, single=single)
    game = None if parsed is None else tabulate_madp(parsed, bag)
    assert game is not None and not bag.diagnostics, text + render_text(
        bag.diagnostics, color=False
    )
    return game


def checked_spec(text: str) -> CheckedGame:
    bag = Bag()
    program = load(Source("random.posg", text), lambda path: Path(path).read_text(), bag)
    checked = None if program is None else check_game(program, Request(), bag)
    assert checked is not None, render_text(bag.diagnostics, color=False)
    return checked


def exact(game: TabularGame, table: NDArray[np.int32]) -> NDArray[np.object_]:
    return np.array(game.values, dtype=object)[table]


def normalised(rows: NDArray[np.object_]) -> NDArray[np.object_]:
    return rows / rows.sum(axis=-1, keepdims=True)


def laws(game: TabularGame) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    return (
        normalised(exact(game, game.transition)),
        normalised(exact(game, game.observation)),
    )


def rewards(game: TabularGame) -> NDArray[np.object_]:
    shape = (*game.transition.shape, game.observation.shape[2])
    return np.broadcast_to(exact(game, game.reward), shape)


def law_of(start: tuple[Fraction, ...]) -> list[Fraction]:
    return [weight / sum(start) for weight in start]


def dense(cells: Cells, shape: tuple[int, ...], sign: int = 1) -> NDArray[np.object_]:
    table = np.full(shape, Fraction(0), dtype=object)
    for cell, value in cells.items():
        table[cell] = sign * value
    return table


def assert_same(first: TabularGame, second: TabularGame) -> None:
    assert law_of(first.start) == law_of(second.start)
    assert first.discount == second.discount
    for one, other in zip(laws(first), laws(second), strict=True):
        assert (one == other).all()
    assert (rewards(first) == rewards(second)).all()


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_every_form(seed: int, single: bool) -> None:
    text = Writer(seed, single=single).write()
    game, slow = imported(text, single=single), read(text, single=single)
    assert list(game.agents) == slow.agents
    assert list(game.states) == slow.states
    assert [list(names) for names in game.actions] == slow.actions
    assert [list(names) for names in game.observations] == slow.observations
    assert game.discount == slow.discount
    assert law_of(game.start) == law_of(tuple(slow.start))
    transition, observation = laws(game)
    assert (transition == normalised(dense(slow.tables["T"], transition.shape))).all()
    assert (observation == normalised(dense(slow.tables["O"], observation.shape))).all()
    found = rewards(game)
    assert (found == dense(slow.tables["R"], found.shape, slow.sign)).all()


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("seed", SEEDS)
def test_there_and_back(seed: int, single: bool) -> None:
    """A file as a spec is canonical and the same game, and so is the spec as a file."""
    game = imported(Writer(seed, single=single).write(), single=single)
    text = write_posg(game, horizon=2, comments=("random",))
    bag = Bag()
    assert print_spec(parse(Source("random.posg", text), bag)) == text
    checked = checked_spec(text)
    back = read_game(checked, bag)
    assert back is not None and not bag.diagnostics, render_text(bag.diagnostics, color=False)
    assert_same_where_reached(game, back)
    again = imported(write_madp(back, single=single).text, single=single)
    assert again.states == back.states
    assert_same(back, again)


def assert_same_where_reached(game: TabularGame, back: TabularGame) -> None:
    """Compare a table with that of its spec, which has the reachable states only."""
    names = choose_names(game)
    assert tuple(name.replace("-", "_") for name in back.agents) == names.agents
    kept = [names.states.index(name) for name in back.states]
    assert [law_of(game.start)[state] for state in kept] == law_of(back.start)
    assert back.discount == game.discount
    transition, observation = laws(game)
    assert (transition[:, kept][:, :, kept] == laws(back)[0]).all()
    reached = laws(back)[0].sum(axis=1) > 0
    assert (observation[:, kept][reached] == laws(back)[1][reached]).all()
    possible = (laws(back)[0][..., None] * laws(back)[1][:, None]) > 0
    apart = rewards(game)[:, kept][:, :, kept] != rewards(back)
    assert not (apart & possible).any()


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in SPECS.glob("*.posg") if path != LARGE)
)
def test_specs_as_files(name: str) -> None:
    compare_as_file(SPECS / f"{name}.posg")


@pytest.mark.slow
def test_a_large_spec_as_a_file() -> None:
    compare_as_file(LARGE)


def compare_as_file(path: Path) -> None:
    """What the format can hold comes back exactly; the rest is refused with a reason."""
    checked = checked_spec(path.read_text(encoding="utf-8"))
    bag = Bag()
    game = read_game(checked, bag)
    if path.stem in REFUSED:
        assert game is None
        assert {diagnostic.code for diagnostic in bag.diagnostics} == {REFUSED[path.stem]}
        return
    assert game is not None and not bag.diagnostics
    written = write_madp(game, single=False)
    assert not written.rounded
    back = imported(written.text, single=False)
    assert (back.states, back.actions, back.observations) == (
        game.states,
        game.actions,
        game.observations,
    )
    assert_same(game, back)
