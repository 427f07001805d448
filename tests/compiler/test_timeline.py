"""Who knows what, when: what the timeline says about rules that depend on the step or the agent."""

from __future__ import annotations

import pytest

from posg.compiler.timeline import timeline_of

from .slow import compiled

GAME = """
game g {{
  agents a, b;
  horizon 4;
  state s in bool;
  action m[i] in bool;
  observation o[i] in bool;
  init s ~ uniform;
  {more}
  s' = s;
  o[i]' ~ {{ s': 0.7, else: 0.3 }};
  reward = if m[a] == s then 1 else 0;
}}

sharing mine {{ {rules} }}
"""

COMMON = ("", "common", "common", "common")


def timeline(rules: str, more: str = "") -> dict[str, tuple[str, ...]]:
    result = compiled(GAME.format(rules=rules, more=more), sharing="mine")
    rows = timeline_of(
        result.checked.model, result.require_rules().core, result.require_rules().provenance
    )
    return {row.label: row.status for row in rows}


def test_a_rule_for_one_agent() -> None:
    found = timeline("share observation[j] after 1 when j == a; share action[j] after 1;")
    assert found["o[a]@2"] == ("", "private", "common", "common")
    assert found["o[b]@2"] == ("", "private", "private", "private")
    assert found["m[b]@1"] == COMMON


@pytest.mark.parametrize("more", ["", "init o[i] ~ { s: 0.7, else: 0.3 };"])
def test_rules_that_depend_on_the_step(more: str) -> None:
    found = timeline("share o[i] after 0 when step == 2; share o[i] after 1 when step != 2;", more)
    assert found["o[a]@2"] == COMMON
    assert found["o[a]@3"] == ("", "", "private", "common")
    if more:
        assert found["o[a]@1"] == ("private", "common", "common", "common")


def test_a_condition_that_is_decided_at_some_steps() -> None:
    found = timeline("share o[i] after 1 when step == 2 and m[i];")
    assert found["o[b]@2"] == ("", "private", "common or private", "common or private")
    assert found["o[b]@3"] == ("", "", "private", "private")
    # That the observation was shared says what the action was.
    assert found["m[b]@1"] == ("", "private", "private, coded", "private, coded")


def test_forgotten_values() -> None:
    found = timeline("share action[i] after 1 when m[i]; forget m[i], o[i];")
    assert found["m[a]@1"] == ("", *["common or forgotten"] * 3)
    assert found["o[a]@2"] == ("", *["forgotten"] * 3)
