"""Comparisons of ``posg test``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from posg.cli import main
from posg.cli.testing import compare
from posg.grammar.syntax import BinaryOp

GAME = """game g {{
  agents alice, bob;
  horizon 1;
  action act[i] in 0..2;
  reward = if act[alice] == act[bob] then 3 else 1/3;
  use sharing full;
  expect {expectation};
}}
"""


@pytest.mark.parametrize(
    ("op", "verdicts"),
    [
        (BinaryOp.EQ, (False, True, True, True, False)),
        (BinaryOp.NE, (True, False, False, False, True)),
        (BinaryOp.LE, (True, True, True, True, False)),
        (BinaryOp.LT, (True, False, False, False, False)),
        (BinaryOp.GE, (False, True, True, True, True)),
        (BinaryOp.GT, (False, False, False, False, True)),
    ],
)
def test_rounding_makes_no_number_smaller(op: BinaryOp, verdicts: tuple[bool, ...]) -> None:
    found = (4.9, 5 - 1e-12, 5.0, 5 + 1e-12, 5.1)
    assert tuple(compare(value, op, 5.0, 0.0) for value in found) == verdicts


@pytest.mark.parametrize(
    ("expectation", "status"),
    [
        ("value == 3", 0),
        ("value < 3", 1),
        ("value <= 3", 0),
        ("value > 2.9", 0),
        ("value == 3.01 +- 0.02", 0),
        ("value == 3.01", 1),
        ("not value == 3", 1),
        ("common_size == 1", 0),
        ("perfect_recall", 0),
        ("not perfect_recall", 1),
        ("not perfect_recall with sharing observations_delayed(d = 1), horizon 2", 0),
        ("perfect_recall with sharing observations_delayed(d = 1), horizon 2", 1),
    ],
)
def test_expectations_of_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], expectation: str, status: int
) -> None:
    path = tmp_path / "g.posg"
    path.write_text(GAME.format(expectation=expectation), encoding="utf-8")
    assert main(["test", str(path)]) == status
    out = capsys.readouterr().out
    assert ("1 expectations hold" in out) == (status == 0)


def test_time_limit_leaves_expectations_undecided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "g.posg"
    path.write_text(GAME.format(expectation="value == 3"), encoding="utf-8")
    assert main(["test", str(path), "--time", "0"]) == 0
    assert "1 not decided" in capsys.readouterr().out


BAD = """game g {
  agents alice, bob;
  horizon 1;
  action act[i] in 0..2;
  reward = 1;
  use sharing full;
  expect valeu == 1;
  expect value == 1;
  expect value == 1 with sharing dleayed(d = 1);
  expect not assumption_1 with sharing dleayed(d = 1);
  expect value[carol] == 1;
}
"""
CODES = ["P0812", "P0401", "P0401", "P0818"]


def test_all_bad_expectations_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "g.posg"
    path.write_text(BAD, encoding="utf-8")
    assert main(["check", str(path), "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [d["code"] for d in found["diagnostics"]] == CODES
    assert main(["test", str(path), "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [d["code"] for d in found["diagnostics"]] == CODES
    assert found["broken"] == 1
    assert [(o["line"], o["passed"]) for o in found["outcomes"]] == [(8, True)]
