"""Bad files and what posg says about them, word for word."""

from pathlib import Path

import pytest

from posg.compiler.pipeline import Request, compile_game
from posg.compiler.program import load
from posg.grammar.diagnostics import Bag
from posg.grammar.render import render_text
from posg.grammar.source import Source

FOLDER = Path(__file__).parent / "bad"


def rendered(path: Path) -> tuple[Bag, str]:
    bag = Bag()
    source = Source(path.name, path.read_text(encoding="utf-8"))

    def read(name: str) -> str:
        return (FOLDER / name).read_text(encoding="utf-8")

    program = load(source, read, bag)
    if program is not None:
        compile_game(program, Request(), bag)
    return bag, render_text(bag.diagnostics, color=False)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.posg")), ids=lambda path: path.stem)
def test_says_what_is_wrong(path: Path, update_golden: bool) -> None:
    bag, text = rendered(path)
    assert path.stem.partition("_")[0] in {diagnostic.code for diagnostic in bag.diagnostics}
    golden = path.with_suffix(".txt")
    if update_golden:
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
