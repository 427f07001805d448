"""What ``check`` says about Assumption 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import posg.specs
from posg.api.observability import assumption_2, observability_text
from posg.cli import main
from posg.runtime import Bracket, Observability

SPECS = Path(next(iter(posg.specs.__path__)))


def check(name: str, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["check", str(SPECS / f"{name}.posg"), *options]) == 0
    return capsys.readouterr().out


def test_dectiger_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(check("dectiger", capsys, "--format", "json"))["assumption_2"]
    assert (found["holds"], found["gamma"], found["exact"]) == (False, 0, True)
    assert found["witness"] == {
        "step": 2,
        "action": {"alice": "listen", "bob": "open_left"},
        "b": {"tiger=left": 1},
        "b_prime": {"tiger=right": 1},
    }
    assert found["individual"]["alice"] == {"gamma": 0, "exact": True}
    listening = found["per_step"][0]
    assert listening["steps"] == [2, 3]
    assert listening["actions"] == [{"alice": "listen", "bob": "listen"}]
    assert listening["gamma"] == pytest.approx(0.7)


def test_dectiger_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        "Assumption 2 (observability): fails, gamma = 0\n"
        "  hardest to tell apart at step 2 after alice: listen, bob: open_left: tiger=left from "
        "tiger=right\n"
        "  the joint observation says nothing about the state there\n"
    ) in check("dectiger", capsys)


def test_box_pushing_has_too_few_observations(capsys: pytest.CaptureFixture[str]) -> None:
    out = check("box_pushing", capsys)
    assert "gamma > 0 needs at least as many joint observations as states: S = " in out
    assert "at[right]=3 from at[right]=4, all else equal" in out


def test_a_bracket() -> None:
    """A verdict needs the lower bound only; long mixtures are cut."""
    states = {f"x={place}": 0.2 for place in range(1, 6)}
    found = Observability(
        bounds=Bracket(lower=0.03125, upper=0.05),
        step=2,
        first={"x=0": 1.0},
        second=states,
        reason="gamma is between 0.03125 and 0.05",
        individual={"a": Bracket(lower=0.0, upper=0.04), "b": Bracket(lower=0.0, upper=0.0)},
    )
    verdict = assumption_2(found)
    assert (verdict["holds"], verdict["gamma"], verdict["exact"]) == (True, None, False)
    assert (verdict["lower"], verdict["upper"]) == (0.03125, 0.05)
    assert observability_text(verdict) == [
        "Assumption 2 (observability): holds, gamma between 0.03125 and 0.05",
        (
            "  hardest to tell apart at step 2: x=0 from 0.2 [x=1] + 0.2 [x=2] + 0.2 [x=3] + "
            "0.2 [x=4] + 1 more"
        ),
        "  from its own observation alone: a between 0 and 0.04, b 0",
    ]
    undecided = assumption_2(Observability(bounds=Bracket(lower=0.0, upper=0.05)))
    assert undecided["holds"] is None
    assert observability_text(undecided) == [
        "Assumption 2 (observability): not decided, gamma between 0 and 0.05"
    ]


def test_nothing_to_tell_apart() -> None:
    found = Observability(bounds=Bracket(lower=1.0, upper=1.0))
    assert observability_text(assumption_2(found)) == [
        "Assumption 2 (observability): holds, gamma = 1"
    ]
