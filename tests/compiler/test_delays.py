"""Delays, the examples that they make up, and how far back common information reaches."""

from __future__ import annotations

from typing import Any

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

sharing station(own = 0) {{
  share observation[alice] after own;
  share action[alice] after 1;
  share observation[bob], observation[carol] after 2;
  forget action[bob], action[carol];
}}

sharing uneven {{
  share observation[alice] after 0;
  share action[alice] after 1;
  share observation[bob] after 2;
  share observation[carol] after 1;
  forget action[bob], action[carol];
}}

sharing relay {{
  share observation[alice], observation[bob] after 0;
  share observation[carol] after 1;
  share action[i] after 1;
}}

sharing coded {{
  share not see[i] after 1;
  share action[i] after 1;
}}
"""


def made(
    sharing: str, agents: str = "alice, bob", horizon: int = 5
) -> tuple[GameModel, Provenance]:
    result = compiled(GAME.format(agents=agents), sharing=sharing, horizon=horizon)
    return result.checked.model, result.require_rules().provenance


def example(*arguments: Any, **settings: Any) -> tuple[Example, int] | None:
    found = recognise(*made(*arguments, **settings))
    return None if found is None else (found.example, found.delay)


@pytest.mark.parametrize(
    ("sharing", "expected"),
    [
        ("full", (Example.SYMMETRIC, 0)),
        ("delayed(d = 0)", (Example.SYMMETRIC, 0)),
        ("delayed(d = 1)", (Example.ONE_STEP, 0)),
        ("one_step", (Example.ONE_STEP, 0)),
        ("delayed(d = 2)", None),
        ("one_directional(bob, alice)", (Example.ONE_DIRECTIONAL, 0)),
        ("asymmetric(alice, bob, d = 2)", (Example.ASYMMETRIC, 2)),
        ("asymmetric_delayed(bob, alice, d = 3)", (Example.ASYMMETRIC, 3)),
        ("observations_delayed(d = 2)", (Example.UNCONTROLLED, 2)),
        ("observations_delayed(d = 1)", (Example.UNCONTROLLED, 1)),
        # o_2 is not common until the end, nor would it be with d = 4:
        ("observations_delayed(d = 7)", (Example.UNCONTROLLED, 4)),
        ("asymmetric(alice, bob, d = 7)", (Example.ASYMMETRIC, 4)),
        ("none", None),
        ("early", None),
        ("coded", None),
        ("event_triggered(calls)", None),
    ],
)
def test_examples_are_recognised(sharing: str, expected: tuple[Example, int] | None) -> None:
    assert example(sharing) == expected


@pytest.mark.parametrize(
    ("horizon", "sharing", "expected"),
    [
        (1, "full", Example.SYMMETRIC),
        (2, "full", Example.SYMMETRIC),
        (2, "delayed(d = 1)", Example.ONE_STEP),
        (2, "one_directional(bob, alice)", Example.ONE_DIRECTIONAL),
        (2, "asymmetric(alice, bob, d = 2)", Example.ASYMMETRIC),
        (2, "observations_delayed(d = 3)", Example.UNCONTROLLED),
        (2, "delayed(d = 2)", None),
        (2, "none", None),
        (3, "delayed(d = 2)", None),
    ],
)
def test_short_games(horizon: int, sharing: str, expected: Example | None) -> None:
    """A value that becomes common after the last decision is as good as one that never does."""
    found = example(sharing, horizon=horizon)
    assert (found and found[0]) is expected


@pytest.mark.parametrize(
    ("sharing", "expected"),
    [
        ("delayed(d = 1)", (Example.ONE_STEP, 0)),
        ("full", (Example.SYMMETRIC, 0)),
        ("observations_delayed(d = 2)", (Example.UNCONTROLLED, 2)),
        # carol reports like bob; in `one_directional` carol's values stay private.
        ("station", (Example.ASYMMETRIC, 2)),
        ("relay", (Example.ONE_DIRECTIONAL, 0)),
        ("one_directional(bob, alice)", None),
        ("uneven", None),
    ],
)
def test_three_agents(sharing: str, expected: tuple[Example, int] | None) -> None:
    assert example(sharing, "alice, bob, carol") == expected


def test_delays() -> None:
    model, provenance = made("asymmetric(alice, bob, d = 2)")
    delays = find_delays(model, provenance)
    assert delays is not None
    assert {variable.label: delay for variable, delay in delays.items()} == {
        "see[alice]": Delay(steps=0, remembered=True, beyond=4),
        "see[bob]": Delay(steps=2, remembered=True, beyond=4),
        "act[alice]": Delay(steps=1, remembered=True, beyond=5),
        "act[bob]": Delay(steps=None, remembered=False, beyond=5),
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
