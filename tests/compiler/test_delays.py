"""Delays, the examples that they make up, and how far back common information reaches."""

from __future__ import annotations

import pytest

from posg.compiler.delays import Delay, Example, find_delays, information_length, recognise
from posg.compiler.model import GameModel
from posg.compiler.provenance import Provenance

from .slow import compiled

GAME = """
game g {{
  agents {agents};
  horizon 5;
  state x in bool;
  action act[i] in bool;
  observation see[i] in bool;
  init x ~ uniform;
  x' ~ uniform;
  see[i]' ~ {{ x': 0.9, else: 0.1 }};
  define calls(i) = see[i];
  reward = if x == act[alice] then 1 else 0;
}}

sharing one_step {{
  memory last[i] in observation[i];
  xi last[i]' = observation[i]';
  chi last[i], action[i];
}}

sharing short_memory(m = 1) {{
  share observation[i] after 2;
  share action[i] after 1;
  keep observation[i] for m;
}}

sharing early {{
  share observation[i], action[i] after 1 when step < 3;
}}

sharing coded {{
  share not see[i] after 1;
  share action[i] after 1;
}}
"""


def made(sharing: str, agents: str = "alice, bob") -> tuple[GameModel, Provenance]:
    result = compiled(GAME.format(agents=agents), sharing=sharing)
    return result.checked.model, result.provenance


@pytest.mark.parametrize(
    ("sharing", "expected"),
    [
        ("full", Example.SYMMETRIC),
        ("delayed(d = 0)", Example.SYMMETRIC),
        ("delayed(d = 1)", Example.ONE_STEP),
        ("one_step", Example.ONE_STEP),
        ("delayed(d = 2)", None),
        ("one_directional(bob, alice)", Example.ONE_DIRECTIONAL),
        ("asymmetric(alice, bob, d = 2)", Example.ASYMMETRIC),
        ("asymmetric_delayed(bob, alice, d = 3)", Example.ASYMMETRIC),
        ("observations_delayed(d = 2)", Example.UNCONTROLLED),
        ("observations_delayed(d = 1)", Example.UNCONTROLLED),
        ("none", None),
        ("early", None),
        ("coded", None),
        ("event_triggered(calls)", None),
    ],
)
def test_examples_are_recognised(sharing: str, expected: Example | None) -> None:
    assert recognise(*made(sharing)) is expected


def test_three_agents() -> None:
    agents = "alice, bob, carol"
    assert recognise(*made("delayed(d = 1)", agents)) is Example.ONE_STEP
    assert recognise(*made("one_directional(bob, alice)", agents)) is None


def test_delays() -> None:
    model, provenance = made("asymmetric(alice, bob, d = 2)")
    delays = find_delays(model, provenance)
    assert delays is not None
    assert {variable.label: delay for variable, delay in delays.items()} == {
        "see[alice]": Delay(steps=0, remembered=True),
        "see[bob]": Delay(steps=2, remembered=True),
        "act[alice]": Delay(steps=1, remembered=True),
        "act[bob]": Delay(steps=None, remembered=False),
    }
    for sharing in ("early", "coded", "event_triggered(calls)"):
        assert find_delays(*made(sharing)) is None


@pytest.mark.parametrize(
    ("sharing", "length"),
    [
        ("none", 0),
        ("full", 4),
        ("delayed(d = 1)", 4),
        ("early", 4),
        # o_2 is the first observation, known at step 5 in `delayed(d = 3)`; a_1 at step 4.
        ("delayed(d = 3)", 4),
        ("observations_delayed(d = 3)", 4),
        ("observations_delayed(d = 4)", 0),
    ],
)
def test_length(sharing: str, length: int) -> None:
    _, provenance = made(sharing)
    assert information_length(provenance) == length
