"""Mutated specs give diagnostics, never an exception."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import posg.specs
from posg.compiler.pipeline import Request, compile_game
from posg.compiler.program import load
from posg.grammar.diagnostics import Bag
from posg.grammar.render import render_text
from posg.grammar.source import Source
from posg.runtime.errors import LimitError

FOLDER = Path(next(iter(posg.specs.__path__)))
NAMES = ("dectiger", "chsh", "patrol", "quantised", "signal")
TEXTS = [(FOLDER / f"{name}.posg").read_text(encoding="utf-8").split(" ") for name in NAMES]
WORDS = sorted({word for text in TEXTS for word in text})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_mutated_text(data: st.DataObject) -> None:
    words = list(data.draw(st.sampled_from(TEXTS)))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(words) - 1))
        words[place] = data.draw(st.sampled_from(WORDS) | st.just(""))
    bag = Bag()
    try:
        program = load(Source("mutated", " ".join(words)), lambda path: "", bag)
        if program is not None:
            compile_game(program, Request(horizon=2), bag)
    except LimitError:
        return
    assert render_text(bag.diagnostics, color=False) or not bag.diagnostics
