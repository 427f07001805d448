"""Which variables have no effect."""

from __future__ import annotations

import pytest

from posg.compiler.idle import report_idle
from posg.grammar.diagnostics import Bag

from .slow import compiled

GAME = """
game g {{
  agents alice, bob;
  horizon 3;
  state x in bool;
  action act[i] in bool;
  observation see[i] in bool;
  init x ~ uniform;
  x' ~ if act[alice] then {{ x: 0.8, else: 0.2 }} else uniform;
  see[i]' ~ {{ x': 0.9, else: 0.1 }};
  reward = if x == act[bob] then 1 else 0;
  {more}
  use sharing {sharing};
}}
"""


def warnings(more: str, sharing: str = "delayed(d = 1)") -> list[tuple[str, str]]:
    result = compiled(GAME.format(more=more, sharing=sharing))
    bag = Bag()
    report_idle(
        result.checked.model, result.checked.dynamics, result.require_rules().provenance, bag
    )
    # One warning per declaration: its first member speaks for the family.
    return [(d.code, d.facts["name"]) for d in bag.diagnostics]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", []),
        ("state y in bool; init y = true; y' = not y;", [("P0321", "y")]),
        ("state y in bool; init y = x; y' = x';", [("P0321", "y")]),
        # A chain of variables that only feed each other.
        (
            "state y in bool; state z in bool; init y = true; init z = true; y' = z; z' = y;",
            [("P0321", "y"), ("P0321", "z")],
        ),
        # Of a family, one member with effect is enough.
        (
            (
                "state y[k in 0..2] in bool; init y[k] = true; y[k]' = not y[k];"
                " observation hear[i] in bool; hear[i]' = y[1]';"
            ),
            [],
        ),
        # By way of another variable.
        (
            (
                "state y in bool; state z in bool; init y = true; init z = true; y' = not y; z' = y;"
                " observation hear[i] in bool; hear[i]' = z';"
            ),
            [],
        ),
        ("state y in 1..1; init y = 1; y' = 1;", []),
        ("observation coin[i] in bool; coin[i]' ~ uniform;", [("P0323", "coin[alice]")]),
        # A common coin is not noise: it correlates.
        (
            "observation coin[i] in bool; coin[alice]' ~ uniform; coin[bob]' = coin[alice]';",
            [],
        ),
    ],
)
def test_laws(more: str, expected: list[tuple[str, str]]) -> None:
    assert warnings(more) == expected


def test_an_action_that_others_learn_is_a_message() -> None:
    wave = "action wave[i] in bool;"
    assert warnings(wave) == []
    assert warnings(wave, "none") == [("P0322", "wave[alice]")]
