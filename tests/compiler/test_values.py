"""The specs through the whole chain, against published and independently computed values."""

from pathlib import Path

import pytest

import posg.specs
from posg.compiler.pipeline import Compiled, Request, compile_game
from posg.compiler.program import load
from posg.grammar.diagnostics import Bag
from posg.grammar.source import Source
from posg.runtime import certify_policy, expand_common_information, plan

FOLDER = Path(next(iter(posg.specs.__path__)))


def compiled(text: str, name: str = "test", **request: object) -> Compiled:
    bag = Bag()
    program = load(Source(name, text), lambda path: Path(path).read_text(encoding="utf-8"), bag)
    assert program is not None
    result = compile_game(program, Request(**request), bag)  # type: ignore[arg-type]
    assert result is not None, bag.diagnostics
    return result


def codes(text: str, **request: object) -> list[str]:
    bag = Bag()
    program = load(Source("test", text), lambda path: "", bag)
    if program is not None:
        compile_game(program, Request(**request), bag)  # type: ignore[arg-type]
    return [diagnostic.code for diagnostic in bag.diagnostics]


TEAM = [
    ("dectiger", "delayed(d = 1)", [-4, 8.815, 11.0154875, 10.67606344, 19.12457118, 22.91830384]),
    (
        "dectiger",
        "full",
        [10.815, 13.0154875, 22.70112431, 26.81032489, 35.07397046, 40.24255451],
    ),
    ("box_pushing", "delayed(d = 1)", [17.6, 66.081, 98.66691820, 107.78516268]),
    ("box_pushing", "full", [17.6, 66.81, 99.55629820, 109.09250630]),
]
LONGER = [
    ("box_pushing", "delayed(d = 1)", [121.29179168, 157.41720546]),
    ("box_pushing", "full", [124.71818884, 159.19942451]),
]


@pytest.mark.parametrize(("name", "sharing", "values"), TEAM)
def test_team_values(name: str, sharing: str, values: list[float]) -> None:
    check_team_values(name, sharing, values, shortest=2)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "sharing", "values"), LONGER)
def test_team_values_of_longer_games(name: str, sharing: str, values: list[float]) -> None:
    check_team_values(name, sharing, values, shortest=6)


def check_team_values(name: str, sharing: str, values: list[float], shortest: int) -> None:
    text = (FOLDER / f"{name}.posg").read_text(encoding="utf-8")
    for horizon, value in enumerate(values, shortest):
        result = compiled(text, sharing=sharing, horizon=horizon)
        nodes = expand_common_information(result.game, result.information)
        solution = plan(result.game, nodes, concept="team")
        certificate = certify_policy(
            result.game, result.information, solution.policy, concept="team"
        )
        assert certificate.gap is not None
        assert certificate.gap <= certificate.tolerance
        assert certificate.value[result.game.agents[0]] == pytest.approx(value, abs=1e-6)


GAME = """
game g {{
  agents a, b;
  horizon 3;
  {param}
  state x in 0..3;
  action act[i] in bool;
  observation see[i] in bool;
  init x = 0;
  {law}
  see[i]' = x' > 1;
  reward = x;
  use sharing delayed(d = 1);
}}
"""


@pytest.mark.parametrize(
    ("param", "law", "expected"),
    [
        ("", "x' ~ { x: 1/2, else: 1/2 };", []),
        ("", "x' ~ { x: 0.5, 3 - x: 0.4 };", ["P0204"]),
        ("", "x' ~ { 0: 0.3333333, 1: 0.3333333, 2: 0.3333333 };", ["P0302"]),
        ("", "x' ~ { 0: 0.3333333333, 1: 0.3333333333, 2: 0.3333333333 };", []),
        ("param p in [0, 1] = 0.3;", "x' ~ { 0: p, else: 1 - p };", []),
        ("param p in [0, 1] = 0.3;", "x' ~ { 0: p / 2, else: 1/4 };", ["P0204"]),
        ("param p in [0, 2] = 0.3;", "x' ~ { 0: p, else: 1 - p };", ["P0303"]),
        ("param p in [0, 1] = 0.3;", "x' ~ { 0: p * p, else: 1 - p * p };", []),
        (
            "param p in [0, 1] = 0.3;",
            "x' ~ if p > 1/2 then { 0: 2 * p - 1, else: 2 - 2 * p } else { 0: p, else: 1 - p };",
            [],
        ),
        (
            "param p in [0, 1] = 0.3;",
            "x' ~ if p > 1/3 then { 0: 2 * p - 1, else: 2 - 2 * p } else { 0: p, else: 1 - p };",
            ["P0303"],
        ),
        (
            "param p in [1, 2] = 1; param q in [1, 3] = 2;",
            "x' ~ { 0: p / (p + q), 1: q / (p + q) };",
            [],
        ),
        ("param n in 1..4 = 2;", "x' ~ { 0: 1/n, else: 1 - 1/n };", []),
        ("param n in 0..4 = 2;", "x' ~ { 0: n/3, else: 1 - n/3 };", ["P0313"]),
        ("", "x' = min(x + 1, 3);", []),
        ("", "x' = x + 1;", []),
        ("", "x' = x + 2;", ["P0307"]),
        ("", "x' = match x { 0 => 1, 1 => 2, 2 => 3 };", ["P0308"]),
        ("", "x' ~ uniform { x, x, 3 };", []),
    ],
)
def test_laws(param: str, law: str, expected: list[str]) -> None:
    assert codes(GAME.format(param=param, law=law)) == expected


def test_the_core_form_gives_the_same_tables() -> None:
    text = (FOLDER / "dectiger.posg").read_text(encoding="utf-8")
    core = """
    sharing one_step {
      memory last[i] in observation[i];
      xi last[i]' = observation[i]';
      chi last[i], action[i];
    }
    """
    first = compiled(text, sharing="delayed(d = 1)", horizon=5).information
    second = compiled(text + core, sharing="one_step", horizon=5).information
    assert first.private_counts == second.private_counts
    for one, two in zip(first.updates, second.updates, strict=True):
        assert all((a == b).all() for a, b in zip(one.private, two.private, strict=True))
        assert all((a == b).all() for a, b in zip(one.common, two.common, strict=True))


def test_only_reachable_states_are_kept() -> None:
    text = GAME.format(param="", law="x' = if act[a] then 1 else x;")
    assert compiled(text).game.labels.states == ("x=0", "x=1")
    assert len(compiled(text, all_states=True).game.labels.states) == 4


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("share observation[i] after 0; share action[i] after 0;", ["P0409"]),
        ("share see[a] to b after 1; share action[i] after 1;", []),
        ("share see[a] to a after 1;", ["P0419"]),
        ("share see[a] == see[b] after 1;", ["P0407"]),
        ("share see[i] after 2; forget see[i];", ["P0411"]),
        ("memory m[i] in bool; xi m[a]' = see[b]'; xi m[b]' = see[b]';", ["P0412"]),
        ("memory m[i] in bool;", ["P0413", "P0413"]),
    ],
)
def test_sharing_rules(rule: str, expected: list[str]) -> None:
    text = GAME.format(param="", law="x' = x;") + f"sharing s {{ {rule} }}"
    found = codes(text, sharing="s")
    assert found[: len(expected)] == expected or sorted(set(found)) == sorted(set(expected))
    assert bool(found) == bool(expected)
