"""``posg solve --method sequence-form``, and expectations about games that need it."""

import json
from pathlib import Path

import pytest

from posg.cli import main

SPECS = Path(__file__).parents[2] / "specs"
KUHN = str(SPECS / "kuhn.posg")
SOLVE = ["solve", KUHN, "--method", "sequence-form"]


def test_says_how_and_how_large(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SOLVE, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["method"] == "sequence-form"
    assert found["compression"] == "exact"
    assert found["value"]["first"] == pytest.approx(-1 / 18)
    assert found["certificate"]["method"] == "exact"
    assert found["model"]["nodes"] == [1, 2, 4]
    assert found["model"]["sequences"] == {"first": 43, "second": 43}


def test_the_policy_is_evaluated_and_simulated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = str(tmp_path / "kuhn.json")
    assert main([*SOLVE, "-o", policy]) == 0
    capsys.readouterr()
    assert main(["evaluate", KUHN, policy, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["missing"] == 0
    assert found["certificate"]["gap"] == pytest.approx(0, abs=1e-9)
    assert main(["simulate", KUHN, policy, "--episodes", "3"]) == 0


@pytest.mark.parametrize("option", [["--compression", "merge"], ["--select", "welfare"]])
def test_options_of_the_other_method_are_wrong_usage(
    option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        main([*SOLVE, *option])
    assert raised.value.code == 2
    assert "--method sequence-form" in capsys.readouterr().err


def test_expectations_find_the_method(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", KUHN]) == 0
    text = Path(KUHN).read_text(encoding="utf-8").replace("== -1 / 18", "== -1 / 17")
    wrong = tmp_path / "kuhn.posg"
    wrong.write_text(text, encoding="utf-8")
    capsys.readouterr()
    assert main(["test", str(wrong)]) == 1
    assert "found -0.05555555556" in capsys.readouterr().out


def test_a_refusal_names_it_only_where_it_suits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["solve", KUHN]) == 1
    assert "`--method sequence-form`" in capsys.readouterr().err
    assert main(["solve", str(SPECS / "signal.posg")]) == 1
    assert "sequence-form" not in capsys.readouterr().err
