"""What is proved of the laws of a game, for all values of its parameters."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from posg.grammar.diagnostics import Diagnostic

from .slow import compile_bag, compiled
from .test_ground import check

GAME = """
game g {{
  agents a, b;
  horizon 3;
  {head}
  state x in 0..3;
  state y in 0..3;
  action u[i] in bool;
  observation o[i] in bool;
  init x = 0;
  init y ~ uniform;
  {laws}
  o[i]' = x' > 1;
  reward = x;
  use sharing delayed(d = 1);
}}
"""


def problems(head: str, laws: str) -> list[Diagnostic]:
    if not re.search(r"y'\)? [~=]", laws):
        laws += " y' = y;"
    return list(compile_bag(GAME.format(head=head, laws=laws))[1].diagnostics)


def codes(head: str, laws: str) -> list[str]:
    return [d.code for d in problems(head, laws)]


P = "param p in [0, 1] = 0.3;"
PQ = "param p in [1, 2] = 1; param q in [1, 3] = 2;"


@pytest.mark.parametrize(
    ("head", "law", "expected"),
    [
        (P, "x' ~ { 0: p, 1: p, else: 1 - 2 * p };", ["P0303"]),
        (P, "x' ~ { 0: p * p, 1: 2 * p * (1 - p), else: (1 - p) * (1 - p) };", []),
        (P, "x' ~ { 0: p * p * p, else: 1 - p * p };", ["P0204"]),
        (P, "x' ~ { 0: (p - 1/2) * (p - 1/2), else: 1 - (p - 1/2) * (p - 1/2) };", []),
        (P, "x' ~ { 0: 4 * (p - 1/3) * (p - 1/2), else: 1 - 4 * (p - 1/3) * (p - 1/2) };", ["P0303"]),
        (P, "x' ~ if p > 1/2 then { 0: 2 * p - 1, else: 2 - 2 * p } else { 0: 1 - 2 * p, else: 2 * p };", []),
        (P, "x' ~ if p >= 1/2 then { 0: 2 * p - 1, else: 2 - 2 * p } else uniform;", []),
        (P, "x' ~ if p > 1/4 then { 0: 2 * p - 1, else: 2 - 2 * p } else uniform;", ["P0303"]),
        (P, "x' ~ if p == 1/2 then { 0: 2, 1: -1 } else uniform;", ["P0303"]),
        (P, "x' ~ if p == 1/2 then { 0: 1/2, 1: 1/4 } else uniform;", ["P0204"]),
        (P, "x' ~ if p * p > 1/4 then { 0: 2 * p - 1, else: 2 - 2 * p } else uniform;", []),
        (P, "x' ~ if p > 1/2 then { y: 2 * p - 1, else: 2 - 2 * p } else { x: p, else: 1 - p };", []),
        (P, "x' ~ { 0: max(p, 1/2), else: 1 - max(p, 1/2) };", []),
        (P, "x' ~ { 0: min(2 * p, 1), else: 1 - min(2 * p, 1) };", []),
        (P, "x' ~ { 0: abs(2 * p - 1), else: 1 - abs(2 * p - 1) };", []),
        (P, "x' ~ { 0: p, else: 1.5 - p };", ["P0204"]),
        (P, "x' ~ { 0: 1 / (1 + p), else: p / (1 + p) };", []),
        (P, "x' ~ { 0: 1 / p, else: 1 - 1 / p };", ["P0310"]),
        (PQ, "x' ~ { 0: p / (p + q), else: q / (p + q) };", []),
        (PQ, "x' ~ { 0: p / (p + q), else: p / (p + q) };", ["P0204"]),
        (PQ, "x' ~ { 0: p * q / 6, else: 1 - p * q / 6 };", []),
        (PQ, "x' ~ { 0: p * q / 5, else: 1 - p * q / 5 };", ["P0303"]),
        (PQ, "x' ~ { 0: (q - p) / 4, else: 1 - (q - p) / 4 };", ["P0303"]),
    ],
)  # fmt: skip
def test_proofs_over_real_parameters(head: str, law: str, expected: list[str]) -> None:
    assert list(dict.fromkeys(codes(head, law))) == expected


def test_a_negative_entry_comes_with_a_witness() -> None:
    (problem,) = problems(P, "x' ~ { x: 1/2 - p, else: 1/2 + p };")
    assert problem.code == "P0303"
    name, _, value = str(problem.facts["parameters"]).partition(" = ")
    assert name == "p"
    assert Fraction(1, 2) < Fraction(value) <= 1
    assert Fraction(str(problem.facts["value"])) == Fraction(1, 2) - Fraction(value)
    assert "x=" in str(problem.facts["where"])


def test_a_wrong_sum_comes_with_the_values_and_the_row() -> None:
    (problem,) = problems(P, "x' ~ if y == 2 then { 0: p, 1: p } else uniform;")
    assert problem.code == "P0204"
    assert problem.facts["sum"] != "1"
    assert problem.facts["where"] == "y=2"


@pytest.mark.parametrize(
    ("off", "expected"),
    [
        ("0", []),
        ("1e-9", []),
        ("-1e-9", []),
        ("2e-9", ["P0302"]),
        ("-1e-6", ["P0302"]),
        ("1e-6", ["P0302"]),
        ("2e-6", ["P0204"]),
        ("-0.1", ["P0204"]),
    ],
)
def test_rounded_decimals(off: str, expected: list[str]) -> None:
    law = f"x' ~ {{ 0: 0.25, 1: 0.25, 2: 0.5 + ({off}) }};"
    assert codes("", law) == expected
    if expected != ["P0204"]:
        text = GAME.format(head="", laws=law + " y' = y;")
        game = compiled(text).game
        sums = game.dynamics[0].probability.reshape(-1, 3).sum(axis=1)
        assert abs(sums - 1).max() < 1e-14


def test_repeated_values_add_up_and_else_takes_the_rest() -> None:
    laws = "x' ~ { x: 1/4, y: 1/4, 3: 1/6, else: 1/3 }; y' ~ uniform { x, y, y };"
    result = compiled(GAME.format(head="", laws=laws))
    check(result)


def test_else_with_nothing_left() -> None:
    every = "0: 1/4, 1: 1/4, 2: 1/4"
    assert codes("", f"x' ~ {{ {every}, 3: 1/4, else: 0 }};") == []
    assert codes("", f"x' ~ {{ {every}, 3: 1/8, else: 1/8 }};") == ["P0306"]
    assert codes(P, f"x' ~ {{ {every}, 3: 1/4, else: p - p }};") == []


@pytest.mark.parametrize(
    ("head", "law", "expected"),
    [
        ("param n in 1..4 = 2;", "x' ~ { 0: 1 / n, else: 1 - 1 / n };", []),
        ("param n in 0..4 = 2;", "x' ~ { 0: 1 / n, else: 1 - 1 / n };", ["P0313"]),
        ("param n in 1..4 = 2;", "x' = match n { 1 => 0, 2 => 1, 3 => 2 };", ["P0313"]),
        ("param n in 1..3 = 2; param p in [0, 1] = 0;", "x' ~ { 0: p / n, else: 1 - p / n };", []),
        ("param n in 1..3 = 3; param p in [0, 3] = 0;", "x' ~ { 0: p / n, else: 1 - p / n };", ["P0313"]),
    ],
)  # fmt: skip
def test_whole_parameters(head: str, law: str, expected: list[str]) -> None:
    if "min(x, n)" in law:
        head, law = (
            head + " type T = 0..n;",
            "x' = x; define d = match n { 1 => 0, 2 => 1, 3 => 2 };",
        )
        law += " y' = d;"
    assert codes(head, law) == expected


@pytest.mark.parametrize(
    ("laws", "expected"),
    [
        ("x' = y'; y' = x';", ["P0301"]),
        ("x' = x';", ["P0301"]),
        ("x' = if step == 2 then y' else 0; y' = if step == 1 then x' else 0;", ["P0301"]),
        ("x' = y'; y' = x;", []),
        ("(x', y') ~ uniform { (x, y), (y, x) };", []),
    ],
)
def test_order_among_next_values(laws: str, expected: list[str]) -> None:
    assert codes("", laws) == expected


def test_a_domain_may_be_left_only_where_nothing_gets() -> None:
    assert codes("", "x' = x + 1;") == []  # 0, 1, 2, 3 at the end of three decisions
    assert codes("", "x' = if y == 0 then x else x + 1;") == []
    (problem,) = problems("", "x' = if u[a] then 2 * x + 1 else x;")
    assert problem.code == "P0307"
    assert "x=3" in str(problem.facts["where"])


@pytest.mark.parametrize(
    "laws",
    [
        "x' = if step == 2 then y else if u[a] then x else 0;",
        "x' ~ match step { 1 => uniform, 2 => { y: 1/2, x: 1/2 }, _ => if u[b] then y else 3 };",
        "x' ~ if step > 1 and u[a] then { y: 1/3, else: 2/3 } else x; y' = if step != 1 then x' else y;",
        "x' = if any i: step == 3 and u[i] then y else x;",
        "x' = if step in 2..3 then min(x + y, 3) else x;",
    ],
)  # fmt: skip
def test_branches_on_the_step_are_all_followed(laws: str) -> None:
    if not re.search(r"y'\)? [~=]", laws):
        laws += " y' = y;"
    check(compiled(GAME.format(head="", laws=laws)))


@pytest.mark.parametrize("p", ["0", "1/2", "1"])
def test_branches_on_a_parameter_are_all_followed(p: str) -> None:
    laws = "x' = if p > 1/2 then y else if p < 1/2 then x else (if u[a] then 0 else 1); y' = y;"
    check(compiled(GAME.format(head=P, laws=laws), settings={"p": p}))
