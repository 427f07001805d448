"""Mutated specs give diagnostics, never an exception."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import posg.specs
from posg.compiler import distributions, information
from posg.compiler.pipeline import Request, compile_game
from posg.compiler.program import load
from posg.grammar.diagnostics import Bag
from posg.grammar.render import render_text
from posg.grammar.source import Source
from posg.runtime.errors import LimitError

FOLDER = Path(next(iter(posg.specs.__path__)))
NAMES = ("dectiger", "chsh", "patrol", "quantised", "signal", "kuhn", "recycling", "team_decision")


def split(text: str) -> list[str]:
    """Words, signs and white space."""
    text = re.sub(r"//.*|expect [^;]*;", "", text)
    return re.findall(r"\s+|\w+|[^\w\s]", text)


TEXTS = [split((FOLDER / f"{name}.posg").read_text(encoding="utf-8")) for name in NAMES]
WORDS = sorted({word for text in TEXTS for word in text if word.strip()})


@pytest.fixture(autouse=True, scope="module")
def _small_tables() -> object:
    """Limits at which a mutation that makes a game huge stops early."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distributions, "MAX_ENTRIES", 1_000_000)
        patch.setattr(information, "MAX_ROWS", 1_000_000)
        yield


@st.composite
def mutated(draw: st.DrawFn) -> str:
    words = list(draw(st.sampled_from(TEXTS)))
    solid = [place for place, word in enumerate(words) if word.strip()]
    for _ in range(draw(st.integers(1, 3))):
        place, other = draw(st.sampled_from(solid)), draw(st.sampled_from(solid))
        match draw(st.sampled_from(("other", "word", "drop", "swap", "insert"))):
            case "other":
                words[place] = words[other]
            case "word":
                words[place] = draw(st.sampled_from(WORDS))
            case "drop":
                words[place] = ""
            case "swap":
                words[place], words[other] = words[other], words[place]
            case _:
                words[place] += " " + words[other]
    return "".join(words)


def check(text: str) -> None:
    bag = Bag()
    try:
        program = load(Source("mutated", text), lambda path: "", bag)
        if program is not None:
            compile_game(program, Request(horizon=2), bag)
    except LimitError:
        return
    assert render_text(bag.diagnostics, color=False) or not bag.diagnostics


CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=CHECKS)
@given(mutated())
def test_mutated_text(text: str) -> None:
    check(text)


@pytest.mark.slow
@settings(max_examples=6000, deadline=None, suppress_health_check=CHECKS)
@given(mutated())
def test_much_mutated_text(text: str) -> None:
    check(text)
