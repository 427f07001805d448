"""Structures that no game of the file uses."""

from __future__ import annotations

import pytest

from posg.compiler.pipeline import Request, check_game
from posg.compiler.program import load
from posg.compiler.unused import report_unfit
from posg.grammar.diagnostics import Bag
from posg.grammar.source import Source

GAME = """
game {name} {{
  agents a, b;
  horizon 2;
  state s in bool;
  action m[i] in bool;
  observation o[i] in bool;
  init s ~ uniform;
  s' = s;
  o[i]' = s';
  reward = if m[a] == s then 1 else 0;
  use sharing full;
}}
"""


def unfit(structures: str, games: int = 1) -> list[tuple[str, str]]:
    text = "".join(GAME.format(name=f"g{k}") for k in range(games)) + structures
    bag = Bag()
    program = load(Source("test", text), lambda path: "", bag)
    assert program is not None
    checked = check_game(program, Request(game="g0"), bag)
    assert checked is not None
    report_unfit(program, checked.model, "full", bag)
    return [(d.facts["name"], d.facts["code"]) for d in bag.diagnostics]


@pytest.mark.parametrize(
    ("structure", "expected"),
    [
        ("sharing x { share o[i] after 1; }", []),
        ("sharing x { share foo[i] after 1; }", [("x", "P0102")]),
        ("sharing x { memory r[i] in bool; xi r[a]' = m[b]; xi r[b]' = m[b]; }", [("x", "P0412")]),
        ("sharing x { chi zz; }", [("x", "P0102")]),
        ("sharing x(p: agent, q: agent, d) { share o[p] after d; forget o[q]; }", []),
        ("sharing x(p: agent, d = 3) { share o[p] after q; }", [("x", "P0102")]),
        # Not enough agents, or a define that cannot be made up: nothing can be said.
        ("sharing x(p: agent, q: agent, r: agent) { share foo[p] after 1; }", []),
        ("sharing x(f: define) { share foo[i] after 1; }", []),
        (
            "sharing x { share foo[i] after 1; } sharing y { share m[i] after 0; }",
            [("x", "P0102"), ("y", "P0409")],
        ),
    ],
)
def test_structures(structure: str, expected: list[tuple[str, str]]) -> None:
    assert unfit(structure) == expected


def test_with_two_games_there_is_no_telling() -> None:
    assert unfit("sharing x { share foo[i] after 1; }", games=2) == []
