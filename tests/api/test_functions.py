"""What ``import posg`` offers, against the commands that do the same."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import posg
from posg.api import keywords
from posg.api.sequences import SEQUENCE_FORM
from posg.api.solving import DYNAMIC_PROGRAMMING, PERSON_BY_PERSON
from posg.cli import main
from posg.runtime import UpdateSharing

SPECS = Path(__file__).parents[2] / "specs"
DECTIGER = SPECS / "dectiger.posg"


def said(capsys: pytest.CaptureFixture[str], *words: str | Path) -> Any:
    assert main([*map(str, words), "--format", "json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_importing_is_cheap() -> None:
    code = "import posg, sys; sys.exit('numpy' in sys.modules or 'lark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_name_is_there() -> None:
    assert dir(posg) == posg.__all__
    for name in posg.__all__:
        assert getattr(posg, name) is not None
    with pytest.raises(AttributeError, match="nonesuch"):
        posg.nonesuch  # noqa: B018


@pytest.mark.parametrize(
    ("file", "arguments", "words"),
    [
        ("dectiger", {"sharing": "full", "horizon": 2}, ["--sharing", "full", "--horizon", "2"]),
        (
            "dectiger",
            {"horizon": 4, "compression": "last(1)"},
            ["--horizon", "4", "--compression", "last(1)"],
        ),
        ("kuhn", {"method": "sequence-form"}, ["--method", "sequence-form"]),
        (
            "commons",
            {"concept": "ce", "select": "welfare"},
            ["--concept", "ce", "--select", "welfare"],
        ),
    ],
)
def test_solve_is_the_command(
    file: str, arguments: dict[str, Any], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    expected = said(capsys, "solve", SPECS / f"{file}.posg", *words)
    result = posg.solve(posg.load(SPECS / f"{file}.posg"), **arguments)
    assert dict(result.value) == pytest.approx(expected["value"])
    assert result.gap == pytest.approx(expected["certificate"]["gap"], abs=1e-9)
    assert result.concept == expected["concept"]


@pytest.mark.parametrize("accuracy", ["9/10", 0.9, Fraction(9, 10)])
def test_parameters(accuracy: Any, capsys: pytest.CaptureFixture[str]) -> None:
    expected = said(capsys, "solve", DECTIGER, "--set", "accuracy=0.9")
    result = posg.solve(DECTIGER, parameters={"accuracy": accuracy})
    assert dict(result.value) == pytest.approx(expected["value"])


def test_saved_policies(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compiled = posg.compile(DECTIGER, "full", horizon=3)
    assert posg.compile(compiled) is compiled
    result = posg.solve(compiled)
    result.save(tmp_path / "plan.json")
    policy = posg.load_policy(tmp_path / "plan.json")
    again = posg.certify(compiled, policy)
    assert dict(again.value) == pytest.approx(dict(result.value))
    words = [DECTIGER, tmp_path / "plan.json", "--sharing", "full", "--concept", "nash"]
    expected = said(capsys, "evaluate", *words)
    assert posg.certify(DECTIGER, policy, "full", concept="nash").gap == pytest.approx(
        expected["certificate"]["gap"], abs=1e-9
    )


def test_learn_is_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "--sharing",
        "full",
        "--steps",
        "3000",
        "--rounds",
        "2",
        "--seed",
        "5",
        "--window",
        "1",
    ]
    expected = said(capsys, "learn", DECTIGER, *words)
    result = posg.learn(DECTIGER, 3000, "full", rounds=2, seed=5, window=1)
    assert dict(result.value) == pytest.approx(expected["value"])
    assert result.gap == pytest.approx(expected["certificate"]["gap"])


@pytest.mark.parametrize(
    ("file", "sharing"),
    [("dectiger", "delayed(d = 1)"), ("kuhn", "none"), ("signal", "delayed(d = 2)")],
)
def test_check_is_the_command(file: str, sharing: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = SPECS / f"{file}.posg"
    expected = said(capsys, "check", path, "--sharing", sharing)
    found = posg.check(path, sharing)
    expected["diagnostics"] = []  # those of the file, as a whole, are the command's alone
    assert json.loads(json.dumps(found.data)) | {"diagnostics": []} == expected
    assert found.strategy_independence.holds == expected["assumption_3"]["holds"]
    assert found.observability.holds == expected["assumption_2"]["holds"]
    assert found.perfect_recall.holds == expected["perfect_recall"]["holds"]
    assert found.sizes["states"] == found.compiled.game.state_count
    assert [theorem.applies for theorem in found.theorems] == [
        theorem["applies"] for theorem in expected["theory"]
    ]
    assert main(["check", str(path), "--sharing", sharing]) == 0
    assert f"{found}\n" == capsys.readouterr().out


def test_simulate_is_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = tmp_path / "plan.json"
    posg.solve(DECTIGER, "full").save(plan)
    words = [str(DECTIGER), str(plan), "--sharing", "full", "--episodes", "3", "--seed", "7"]
    assert main(["simulate", *words, "--format", "json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = posg.simulate(DECTIGER, posg.load_policy(plan), "full", episodes=3, seed=7)
    assert [line["return"]["alice"] for line in lines] == pytest.approx(found.returns[:, 0])
    with pytest.raises(ValueError, match="episodes is at least 1, not 0"):
        posg.simulate(DECTIGER, episodes=0)


def test_specs() -> None:
    text = DECTIGER.read_text(encoding="utf-8")
    spec = posg.loads(text)
    assert spec.games == ("dectiger",)
    assert {"full", "delayed", "none"} <= set(spec.sharings)
    assert dict(posg.solve(spec).value) == dict(posg.solve(DECTIGER).value)
    two = posg.loads(text + text.replace("game dectiger", "game other"))
    assert posg.compile(two, name="other").game.name == "other"


def test_shown_in_notebooks() -> None:
    spec = posg.loads(DECTIGER.read_text(encoding="utf-8"), "<b>")
    assert spec._repr_html_() == "<b>&lt;b&gt;</b><ul><li>dectiger</li></ul>"
    shown = posg.solve(spec)._repr_html_()
    assert "dectiger under delayed(d = 1), horizon 3: team, gap 0" in shown
    assert "<td>alice</td><td>8.815" in shown
    compiled = posg.compile(spec)
    title = "dectiger under delayed(d = 1), horizon 3"
    assert repr(compiled) == f"<Compiled {title}>"
    assert f"<caption>{title}, 2 states</caption>" in compiled._repr_html_()
    assert "<td>alice</td><td>3</td><td>2</td><td>1, 2, 2</td>" in compiled._repr_html_()
    verdicts = posg.check(compiled)._repr_html_()
    assert "<td>Assumption 2 (observability)</td><td>fails</td>" in verdicts
    assert "Theorem 1 (exact planning" in verdicts


def test_mistakes_are_explained(tmp_path: Path) -> None:
    with pytest.raises(posg.SpecError, match="P0801"):
        posg.load(tmp_path / "none.posg")
    with pytest.raises(posg.SpecError, match="P0401") as caught:
        posg.solve(DECTIGER, "nonesuch")
    assert "there is no sharing structure called `nonesuch`" in caught.value.__notes__[0]
    assert len(caught.value.__notes__) == 1
    with pytest.raises(posg.ProblemError, match="P0501"):
        posg.solve(SPECS / "kuhn.posg", concept="nash")
    with pytest.raises(posg.LimitError) as limit:
        posg.solve(DECTIGER, "full", horizon=4, memory=1000)
    assert limit.value.__notes__
    with pytest.raises(ValueError, match="compiled"):
        posg.solve(posg.compile(DECTIGER), "full")


def test_warnings() -> None:
    with pytest.warns(posg.SpecWarning, match="P0713") as caught:
        posg.learn(SPECS / "kuhn.posg", 2000, rounds=1, concept="nash")
    assert caught[0].filename == __file__
    text = (Path(__file__).parents[1] / "bad" / "P0302_rounded.posg").read_text(encoding="utf-8")
    with pytest.warns(posg.SpecWarning, match="P0302"):
        posg.compile(posg.loads(text))


Given = dict[str, Any]


@pytest.mark.parametrize(
    ("function", "arguments", "kind", "words"),
    [
        ("compile", {"horizon": -1}, ValueError, "horizon is at least 1, not -1"),
        ("compile", {"horizon": 2.5}, TypeError, "horizon is a whole number, not 2.5"),
        ("compile", {"memory": "1GiB"}, TypeError, "memory is a whole number"),
        ("compile", {"game": None}, TypeError, "game is a path, .* not None"),
        ("compile", {"sharing": UpdateSharing}, TypeError, "not the class UpdateSharing"),
        ("compile", {"sharing": 3}, TypeError, "not an object of int"),
        ("check", {"seconds": -1}, ValueError, "seconds is a number of at least 0, not -1"),
        ("solve", {"concept": "correlated"}, ValueError, "concept is one of 'nash', 'ce'"),
        ("solve", {"method": "cfr"}, ValueError, "method is one of 'dynamic-programming'"),
        ("solve", {"select": "max"}, ValueError, "select is one of 'welfare'"),
        ("solve", {"compression": 3}, TypeError, "not an object of int"),
        ("solve", {"tolerance": 0}, ValueError, "tolerance is a positive number, not 0"),
        ("solve", {"tolerance": float("nan")}, ValueError, "tolerance is a positive number"),
        ("solve", {"seconds": "1"}, TypeError, "seconds is a number"),
        ("learn", {"steps": "a"}, TypeError, "steps is a whole number"),
        ("learn", {"steps": 100, "rounds": 0}, ValueError, "rounds is at least 1"),
        ("learn", {"steps": 100, "window": -1}, ValueError, "window is at least 0"),
        ("learn", {"steps": 100, "exploration": "eps"}, ValueError, "exploration is one of"),
        ("learn", {"steps": 100, "estimator": "eps"}, ValueError, "estimator is one of"),
        ("certify", {"policy": "plan.json"}, TypeError, "posg.load_policy reads one"),
        ("simulate", {"seed": -1}, ValueError, "seed is at least 0"),
        ("simulate", {"episodes": True}, TypeError, "episodes is a whole number"),
    ],
)
def test_arguments_are_checked(
    function: str, arguments: Given, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        getattr(posg, function)(**{"game": DECTIGER, **arguments})


def test_methods_are_those_of_the_command() -> None:
    assert set(keywords.METHODS) == {DYNAMIC_PROGRAMMING, PERSON_BY_PERSON, SEQUENCE_FORM}
