"""The core form: registers of any shape, when they start, and names that mean nothing."""

from __future__ import annotations

import pytest

from posg.runtime import expand_common_information, plan

from .slow import compile_bag, compiled

GAME = """
game g {{
  agents a, b, c;
  horizon 3;
  state s in 0..2;
  action m[i] in 0..1;
  action k[a] in bool;
  observation o[a] in 0..2;
  observation o[b] in 0..2;
  observation u[a] in bool;
  init s ~ uniform;
  {more}
  s' = s;
  o[a]' ~ {{ s': 0.7, else: 0.3 }};
  o[b]' ~ {{ s': 0.6, else: 0.4 }};
  u[a]' ~ {{ true: 0.9, else: 0.1 }};
  reward = if m[a] + m[b] == s and k[a] then 1 else 0;
}}

sharing one_step {{
  memory last[i] in observation[i];
  xi last[i]' = observation[i]';
  chi last[i], action[i];
}}

sharing mine {{ {rules} }}
"""


def value(sharing: str, more: str = "", rules: str = "") -> float:
    result = compiled(GAME.format(more=more, rules=rules), sharing=sharing)
    nodes = expand_common_information(result.game, result.information)
    return float(plan(result.game, nodes, concept="team").value[0])


@pytest.mark.parametrize("more", ["", "init o[a] ~ { s: 0.7, else: 0.3 };"])
def test_a_register_holds_all_observations_of_an_agent(more: str) -> None:
    """Agent a has two observation variables, b one, c none; initially a may have one of its two."""
    assert value("one_step", more) == pytest.approx(value("delayed(d = 1)", more), abs=1e-12)
    first = compiled(GAME.format(more=more, rules=""), sharing="one_step").information
    second = compiled(GAME.format(more=more, rules=""), sharing="delayed(d = 1)").information
    assert first.private_counts == second.private_counts
    assert [u.increment_count for u in first.updates] == [u.increment_count for u in second.updates]


def test_tuples_are_compared_and_may_hold_nothing() -> None:
    rules = (
        "memory last[i] in observation[i];"
        "xi last[i]' = if last[i] == nothing or step < 2 then observation[i]' else last[i];"
        "chi if last[a] == (2, true) then 1 else 0; chi last[b] == nothing;"
    )
    result = compiled(GAME.format(more="", rules=rules), sharing="mine")
    assert result.information.private_counts == ((1, 1, 1), (6, 3, 1), (6, 3, 1))
    assert result.information.private_labels[1][0][:2] == (
        "last[a]=(0, false)",
        "last[a]=(0, true)",
    )


@pytest.mark.parametrize(
    "rules",
    [
        "chi o[a]' >= 1;",
        "chi m[a] + m[b];",
        "memory r[a] in bool; xi r[a]' = o[a]' > m[a]; chi m[a];",
        "memory r[i] in 0..4; xi r[a]' = o[a]' + m[a]; xi r[i]' = m[i]; chi m[i];",
    ],
)
def test_nothing_is_evaluated_before_there_is_something(rules: str) -> None:
    rules = rules.replace("xi r[i]' = m[i]; ", "").replace("r[i]", "r[a]")
    result = compiled(GAME.format(more="", rules=rules), sharing="mine")
    assert result.information.private_counts[0] == (1, 1, 1)
    assert result.information.updates[0].increment_count == 1


def test_what_is_missing_at_the_start_is_said_to_be_missing_then() -> None:
    text = GAME.format(more="init o[a] ~ { s: 0.7, else: 0.3 };", rules="chi o[a]' + m[a];")
    _, bag = compile_bag(text, sharing="mine")
    (found,) = bag.diagnostics
    assert found.code == "P0311"
    assert found.facts["where"] == "the opening update, before anybody acts"


@pytest.mark.parametrize(
    "update",
    [
        "r[i]' = zz",
        "r[i]' = r[j]",
        "r[i]' = if i == j then 1 else 2",
        "r[k]' = m[i]",
        "r[i]' = if u[a] then zz else 1",
    ],
)
def test_names_that_mean_nothing(update: str) -> None:
    text = GAME.format(more="", rules=f"memory r[i] in 0..2; xi {update}; chi m[i];")
    _, bag = compile_bag(text, sharing="mine")
    assert {d.code for d in bag.diagnostics} <= {"P0102", "P0213", "P0105"}
    assert bag.has_errors


@pytest.mark.parametrize(
    ("scale", "labels"),
    [
        ("1000000007", {"0", "1000000007", "2000000014"}),
        ("1/3", {"0", "1/3", "2/3"}),
        ("10000000000000000000000", {"0", "1" + "0" * 22, "2" + "0" * 22}),
    ],
)
def test_numbers_are_released_exactly(scale: str, labels: set[str]) -> None:
    """Far apart, in between, and beyond 64 bits."""
    result = compiled(GAME.format(more="", rules=f"chi o[a]' * {scale};"), sharing="mine")
    update, names = result.information.updates[1], result.information.increment_labels[1]
    found = {names[z].partition("=")[2] for z in range(update.increment_count)}
    assert found == labels
