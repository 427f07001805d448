"""``posg learn``: what is printed, kept and gone on from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from posg.cli import main
from posg.runtime import load_policy

DECTIGER = str(Path(__file__).parents[2] / "specs" / "dectiger.posg")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main(["learn", DECTIGER, "--sharing", "full", "--format", "json", *arguments]) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    del found["seconds"]
    return found


def test_value_and_gap_are_those_of_the_true_game(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "policy.json"
    found = run(capsys, "--steps", "20000", "--rounds", "3", "-o", str(path))
    assert found["schema"] == "posg.learn/1"
    assert found["concept"] == "team"
    assert main(["evaluate", DECTIGER, str(path), "--sharing", "full", "--format", "json"]) == 0
    evaluated = json.loads(capsys.readouterr().out)
    assert evaluated["value"] == found["value"]
    assert evaluated["certificate"] == found["certificate"]
    assert load_policy(path).concept == "team"
    steps = found["steps"]
    assert isinstance(steps, dict)
    assert sum(steps.values()) <= 20_000


def test_a_checkpoint_is_gone_on_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.npz"
    options = ("--steps", "20000", "--rounds", "4", "--seed", "3", "--checkpoint", str(path))
    whole = run(capsys, *options[:-2])
    assert run(capsys, *options) == whole
    kept = path.stat().st_mtime_ns
    assert run(capsys, *options) == whole
    assert path.stat().st_mtime_ns == kept
    assert main(["learn", DECTIGER, "--sharing", "full", *options[:-3], "4", *options[-2:]]) == 1
    assert "error[P0712]" in capsys.readouterr().err


def test_text_says_where_steps_went(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["learn", DECTIGER, "--sharing", "full", "--steps", "9000", "--rounds", "2"]
    assert main([*arguments, "--exploration", "cover", "--horizon", "2"]) == 0
    said = capsys.readouterr().out
    assert "to explore" in said
    assert "to learn" in said
    assert main([*arguments, "--rounds", "1"]) == 0
    assert "policy of round 1 of 1" in capsys.readouterr().out
