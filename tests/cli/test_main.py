"""The program, as a user runs it."""

import json
from pathlib import Path

import pytest

import posg.specs
from posg.cli import main

FOLDER = Path(next(iter(posg.specs.__path__)))
DECTIGER = str(FOLDER / "dectiger.posg")


def test_solve_prints_the_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["solve", DECTIGER]) == 0
    assert "value 8.815 for every agent" in capsys.readouterr().out


def test_solve_evaluate_and_simulate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = str(tmp_path / "policy.json")
    assert main(["solve", DECTIGER, "-o", policy, "--format", "json"]) == 0
    solved = json.loads(capsys.readouterr().out)
    assert main(["evaluate", DECTIGER, policy, "--format", "json"]) == 0
    evaluated = json.loads(capsys.readouterr().out)
    assert evaluated["value"] == pytest.approx(solved["value"])
    assert main(["simulate", DECTIGER, policy, "--episodes", "2", "--format", "json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["episode"] for line in lines] == [1, 2]


def test_check_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", DECTIGER, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["sizes"]["common"] == [1, 9, 324]
    assert found["assumption_3"]["holds"] is True
    assert found["assumption_2"]["gamma"] == 0


def test_info_draws_the_timeline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "x.svg"
    assert main(["info", DECTIGER, "-o", str(picture)]) == 0
    assert "private to alice" in capsys.readouterr().out
    assert picture.read_text(encoding="utf-8").startswith("<svg")


def test_kuhn_poker_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["solve", str(FOLDER / "kuhn.posg")]) == 1
    assert "P0501" in capsys.readouterr().err


def test_new_file_solves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "treasure"]) == 0
    assert main(["solve", "treasure.posg"]) == 0
    assert main(["new", "treasure"]) == 1
    assert main(["test", "treasure.posg"]) == 0
    assert main(["compile", "treasure.posg", "-o", "game.npz"]) == 0
    assert main(["fmt", "treasure.posg"]) == 0
    assert main(["fmt", "--check", "treasure.posg"]) == 0
    assert main(["explain", "P0204"]) == 0
    capsys.readouterr()


def test_usage_and_limits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["solve"]) == 2
    assert main(["solve", "no_such_file.posg"]) == 1
    assert main(["solve", DECTIGER, "--time", "0"]) == 3
    capsys.readouterr()


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("x y", "x_y"),
        ("2024", "game_2024"),
        ("_", "game__"),
        ("é", "game__"),
        ("Side", "Side"),
        *((word, f"game_{word}") for word in ("game", "agents", "true", "else", "uniform", "xi")),
    ],
)
def test_new_file_has_a_name_that_parses(
    stem: str,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", stem]) == 0
    assert f"\ngame {name} {{" in Path(f"{stem}.posg").read_text(encoding="utf-8")
    assert main(["check", f"{stem}.posg"]) == 0
    capsys.readouterr()
