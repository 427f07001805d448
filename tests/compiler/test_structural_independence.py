"""Proofs of Assumption 3 against the numeric decision, and what each refinement is for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import posg.specs
from posg.compiler.pipeline import Compiled
from posg.compiler.separation import find_connected
from posg.compiler.slices import Slices
from posg.compiler.structural_independence import (
    connected_mechanisms,
    decide_strategy_independence,
    prove_strategy_independence,
)
from posg.runtime import LimitError, check_strategy_independence, expand_common_information
from posg.runtime.nodes import THRESHOLD

from .random_specs import random_spec
from .slow import compile_bag, compiled

FOLDER = Path(next(iter(posg.specs.__path__)))


def spec(name: str, **request: object) -> Compiled:
    return compiled((FOLDER / f"{name}.posg").read_text(encoding="utf-8"), **request)


def numerically(result: Compiled) -> bool:
    """The numeric decision, without a search for a witness."""
    nodes = expand_common_information(
        result.game, result.information, refuse=False, explain=False, max_nodes=3000
    )
    return nodes.margin <= THRESHOLD


def outcome_of(seed: int) -> str | None:
    """How the proof compares with the numbers on a random file."""
    text, sharing = random_spec(seed)
    try:
        result, _ = compile_bag(text, sharing=sharing)
        if result is None:
            return None
        holds = numerically(result)
    except LimitError:
        return None
    proved = prove_strategy_independence(result).holds
    assert not (proved and holds is False), (seed, sharing, text)
    return "refuted" if not holds else "proved" if proved else "missed"


def count_outcomes(seeds: range) -> Counter[str]:
    return Counter(outcome for outcome in map(outcome_of, seeds) if outcome)


def test_random_games_are_never_proved_wrongly() -> None:
    found = count_outcomes(range(80))
    assert found["refuted"] > 20 and found["proved"] > 20
    assert found["missed"] <= 0.03 * found["proved"], found


@pytest.mark.slow
def test_many_random_games_are_never_proved_wrongly() -> None:
    found = count_outcomes(range(1000, 3000))
    print(found)
    assert found["missed"] <= 0.03 * found["proved"], found


STRUCTURES = [
    "none",
    "full",
    "delayed(d = 1)",
    "delayed(d = 2)",
    "observations_delayed(d = 1)",
    "observations_delayed(d = 2)",
]
PAIRS = [
    "asymmetric({}, {}, d = 1)",
    "asymmetric_delayed({}, {}, d = 2)",
    "one_directional({}, {})",
]


@pytest.mark.parametrize("name", ["channel", "dectiger", "kuhn", "patrol", "recycling", "signal"])
def test_proof_decides_the_specs(name: str) -> None:
    agents = spec(name).game.agents
    pairs = [pattern.format(*pair) for pattern in PAIRS for pair in (agents, agents[::-1])]
    for sharing in STRUCTURES + pairs:
        result = spec(name, sharing=sharing)
        assert prove_strategy_independence(result).holds is numerically(result), sharing


@pytest.mark.parametrize(
    ("name", "sharing"),
    [
        ("dectiger", "delayed(d = 1)"),
        ("dectiger", "full"),
        ("paper_example_1", "one_step"),
        ("paper_example_2", "asymmetric(router, host, d = 2)"),
        ("paper_example_2", "asymmetric_delayed(router, host, d = 2)"),
        ("paper_example_3", "full"),
        ("paper_example_4", "one_directional(drone, robot)"),
        ("paper_example_4", "one_directional(robot, drone)"),
        ("paper_example_5", "observations_delayed(d = 2)"),
        ("kuhn", "delayed(d = 1)"),
        ("broadcast", "delayed(d = 1)"),
    ],
)
def test_examples_are_proved_without_tables(name: str, sharing: str) -> None:
    proof = prove_strategy_independence(spec(name, sharing=sharing))
    assert proof.holds and proof.step is None and proof.slices is None


def test_the_work_of_a_step_does_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the nodes of one update are looked at, at every step."""
    looked_at: list[int] = []

    def counted(parents: Any, sources: Any, given: Any) -> Any:
        looked_at.append(len(parents))
        return find_connected(parents, sources, given)

    monkeypatch.setattr("posg.compiler.structural_independence.find_connected", counted)
    result = spec("box_pushing", sharing="delayed(d = 1)", horizon=10)
    found, proof = decide_strategy_independence(result)
    assert (found.holds, found.method, proof.holds) == (True, "structure", True)
    assert len(looked_at) == 9
    assert len(set(looked_at[1:])) == 1
    assert looked_at[-1] < len(proof.graph.parents) / 4


GAME = """
game g {{
  agents a, b;
  horizon 4;
  state x in bool;
  state y in bool;
  action u[i] in bool;
  observation o[i] in bool;
  init x = true;
  init y ~ uniform;
  {rules}
  reward = 0;
}}
sharing mine {{
  {sharing}
}}
"""
DROPPED = "share o[i] after 1; forget action[i];"
STEADY = "x' = x; y' ~ {{ y: 0.8, else: 0.2 }}; "


def made(rules: str, sharing: str) -> Compiled:
    return compiled(GAME.format(rules=rules, sharing=sharing), sharing="mine")


@pytest.mark.parametrize(
    ("rules", "sharing"),
    [
        pytest.param(
            "x' = x; y' ~ if u[a] == u[a] then { y: 0.8, else: 0.2 } else uniform;"
            "o[i]' ~ { y': 0.9, else: 0.1 };",
            DROPPED,
            id="a read without influence",
        ),
        pytest.param(
            "x' = x; y' ~ if u[a] and not x then uniform else { y: 0.8, else: 0.2 };"
            "o[i]' ~ { y': 0.9, else: 0.1 };",
            DROPPED,
            id="an influence on states that are not reached",
        ),
        pytest.param(
            "x' = u[a]; y' = y; o[a]' = x'; o[b]' ~ { y': 0.9, else: 0.1 };",
            "share o[a] after 0; share o[b] after 1; forget action[i];",
            id="a state that an observation reveals",
        ),
        pytest.param(
            "x' = x; y' = y; (o[a]', o[b]') ~ match y' {"
            " true => { (true, true): 0.72, (true, false): 0.08,"
            " (false, true): 0.18, (false, false): 0.02 },"
            " false => { (true, true): 0.02, (true, false): 0.18,"
            " (false, true): 0.08, (false, false): 0.72 } };",
            DROPPED,
            id="a joint law",
        ),
        pytest.param(
            "x' = x; y' ~ { y: 0.8, else: 0.2 }; o[i]' ~ { y': 0.9, else: 0.1 };",
            "share not o[i] after 1; share action[i] after 1;",
            id="a code that can be undone",
        ),
        pytest.param(
            "x' = x; y' ~ { y: 0.8, else: 0.2 }; o[i]' ~ { y': 0.9, else: 0.1 };",
            "share o[i] after 1 when o[i]; share action[i] after 1;",
            id="a silence that says all",
        ),
    ],
)
def test_tables_help(rules: str, sharing: str) -> None:
    result = made(rules, sharing)
    assert check_strategy_independence(result.game, result.information).holds
    assert prove_strategy_independence(result).holds


def test_what_is_independent_before_a_step_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Public actions follow a private coin, forgotten at once, that has nothing to do with y.

    The update alone does not show that: the whole graph does.
    """
    rules = "x' ~ uniform; y' = y; o[i]' ~ { x': 0.9, else: 0.1 };"
    whole: list[int] = []

    def watched(*arguments: Any) -> Any:
        whole.append(arguments[-1])
        return connected_mechanisms(*arguments)

    monkeypatch.setattr("posg.compiler.structural_independence.connected_mechanisms", watched)
    result = made(rules, "keep o[i] for 1; share action[i] after 1;")
    assert prove_strategy_independence(result).holds
    assert whole == [3, 4]
    assert check_strategy_independence(result.game, result.information).holds


def test_a_one_time_pad_is_missed_and_decided() -> None:
    """The sum of an action and a fair coin, never seen again, says nothing about the action."""
    result = made(
        "x' ~ uniform; y' ~ uniform; o[a]' = y != u[a]; o[b]' ~ uniform;",
        "share o[i] after 1; forget action[i];",
    )
    found, proof = decide_strategy_independence(result)
    assert not proof.holds
    assert (found.holds, found.method) == (True, "numeric")


def test_a_define_in_chi_is_looked_through() -> None:
    """A part of a value is not taken for all of it because it has a name."""
    text = """
    game g {
      agents a, b;
      horizon 3;
      state x in 0..3;
      action u[i] in bool;
      observation o[i] in 0..3;
      init x ~ uniform;
      x' ~ uniform;
      o[i]' = x';
      define low = last[a] == 0;
      reward = 0;
    }
    sharing mine {
      memory last[i] in observation[i];
      memory old[i] in observation[i];
      xi last[i]' = observation[i]';
      xi old[i]' = last[i];
      chi last[a] == 0, action[i];
    }
    """
    result = compiled(text, sharing="mine")
    assert not prove_strategy_independence(result).holds
    assert check_strategy_independence(result.game, result.information).holds is False


def test_slices_follow_the_reachable_states() -> None:
    result = made("x' = x and u[a]; y' = y; o[i]' ~ uniform;", "share o[i], action[i] after 1;")
    slices = Slices(result.ground)
    x = result.checked.model.states[0]
    assert set(slices.at(0).column((x, False))) == {1}
    assert set(slices.at(1).column((x, False))) == {1}
    assert set(slices.at(2).column((x, False))) == {0, 1}
    assert slices.at(2) is slices.at(3)
    assert (x, False) in slices.at(1).determined([])
