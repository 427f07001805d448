"""Every shipped spec reads well: it parses, has the canonical layout, cites and tests itself."""

from pathlib import Path

import pytest

import posg.specs
from posg.grammar import syntax
from posg.grammar.diagnostics import Bag
from posg.grammar.parser import parse
from posg.grammar.printer import print_spec
from posg.grammar.source import Source

FOLDER = Path(next(iter(posg.specs.__path__)))
LIBRARY = FOLDER / "library" / "sharing.posg"
FILES = sorted(FOLDER.rglob("*.posg"))
GAMES = [path for path in FILES if path != LIBRARY]

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
each_game = pytest.mark.parametrize("path", GAMES, ids=lambda path: path.stem)


def read(path: Path) -> syntax.Spec:
    bag = Bag()
    spec = parse(Source(path.name, path.read_text(encoding="utf-8")), bag)
    assert not bag.diagnostics
    return spec


def header(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    end = next(number for number, line in enumerate(lines) if not line.startswith("//"))
    return "\n".join(lines[:end])


@each_file
def test_has_the_canonical_layout(path: Path) -> None:
    assert print_spec(read(path)) == path.read_text(encoding="utf-8")


@each_file
def test_printing_loses_nothing(path: Path) -> None:
    spec = read(path)
    again = parse(Source("again", print_spec(spec)), Bag())
    assert again == spec
    assert [comment.text for comment in again.comments] == [
        comment.text for comment in spec.comments
    ]


@each_file
def test_opens_with_what_it_is_its_source_and_what_to_look_at(path: Path) -> None:
    text = header(path)
    assert "\n// Source: " in text
    assert "\n// Look at: " in text
    assert text.index("Source:") < text.index("Look at:")


@each_game
def test_holds_one_game_named_like_the_file(path: Path) -> None:
    games = [item for item in read(path).items if isinstance(item, syntax.Game)]
    assert [game.name for game in games] == [path.stem]


@each_game
def test_chooses_a_structure_and_expects_a_verdict_on_it(path: Path) -> None:
    (game,) = (item for item in read(path).items if isinstance(item, syntax.Game))
    uses = [item for item in game.items if isinstance(item, syntax.Use)]
    expectations = [item for item in game.items if isinstance(item, syntax.Expect)]
    assert [use.kind for use in uses] == [syntax.UseKind.SHARING]
    assert any(item.subject == "assumption_3" for item in expectations)


def test_the_library_has_the_documented_structures() -> None:
    structures = {
        item.name: tuple((parameter.name, parameter.kind.value) for parameter in item.parameters)
        for item in read(LIBRARY).items
        if isinstance(item, syntax.Sharing)
    }
    agents = (("controller", "agent"), ("other", "agent"))
    assert structures == {
        "none": (),
        "full": (),
        "delayed": (("d", "number"),),
        "observations_delayed": (("d", "number"),),
        "asymmetric": (*agents, ("d", "number")),
        "asymmetric_delayed": (*agents, ("d", "number")),
        "one_directional": (("sender", "agent"), ("receiver", "agent")),
        "event_triggered": (("trigger", "define"), ("d", "number")),
    }
