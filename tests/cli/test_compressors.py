"""Compressors of other packages: found by their entry point, checked, and blamed if they fail."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from posg.cli import main
from posg.runtime import plugins
from posg.runtime.compressors import COMPRESSORS

TOP = Path(__file__).parents[2]
EXAMPLE = TOP / "docs" / "how-to" / "example-compressor"
DECTIGER = str(TOP / "specs" / "dectiger.posg")
SOLVE = ["solve", DECTIGER, "--sharing", "full", "--horizon", "4"]

MODULE = """
from dataclasses import dataclass, replace
from posg.runtime import Automaton, AutomatonCompressor, LimitError, expand_increments

def keep(game, information, options):
    if options["least"] < 0:
        raise ValueError("least is negative")
    return Automaton(initial=0, follow=lambda state, z: min(state + 1, int(options["most"])))

steps = AutomatonCompressor(build=keep, parameters={"most": None, "least": 0})
lists = AutomatonCompressor(build=lambda *_: Automaton(initial=0, follow=lambda state, z: [state]))
number = 3

@dataclass
class Changed:
    change: object
    parameters = {}

    def expand(self, game, information, options, *, limits, progress):
        nodes = expand_increments(game, information, 1, max_nodes=limits.nodes)
        return self.change(nodes)

def first(nodes, **changes):
    return replace(nodes, steps=(replace(nodes.steps[0], **changes), *nodes.steps[1:]))

other = Changed(lambda nodes: 7)
short = Changed(lambda nodes: replace(nodes, steps=nodes.steps[1:]))
sums = Changed(lambda nodes: first(nodes, beliefs=replace(
    nodes.steps[0].beliefs, probability=nodes.steps[0].beliefs.probability / 2)))
ends = Changed(lambda nodes: first(nodes, edges=None))
less = Changed(lambda nodes: first(nodes, edges=replace(
    nodes.steps[0].edges, increment=nodes.steps[0].edges.increment + 1)))
far = Changed(lambda nodes: first(nodes, edges=replace(
    nodes.steps[0].edges, child=nodes.steps[0].edges.child + 9)))
late = Changed(lambda nodes: replace(nodes, roots=replace(
    nodes.roots, increment=nodes.roots.increment + 1)))
nowhere = Changed(lambda nodes: replace(nodes, roots=replace(
    nodes.roots, child=nodes.roots.child - 1)))
same = Changed(lambda nodes: nodes)
"""
NAMES = (
    *("steps", "lists", "number", "absent"),
    *("other", "short", "sums", "ends", "less", "far", "late", "nowhere", "same"),
)


@pytest.fixture
def _registered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_up.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "made_up", raising=False)
    found = {name: EntryPoint(name, f"made_up:{name}", COMPRESSORS.group) for name in NAMES}
    found["gone"] = EntryPoint("gone", "made_up_too:gone", COMPRESSORS.group)
    monkeypatch.setattr(plugins, "registered", lambda _: found)


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[[str], str]:
    def run(compression: str) -> str:
        assert main([*SOLVE, "--compression", compression]) == 1
        return capsys.readouterr().err

    return run


@pytest.mark.usefixtures("_registered")
def test_refusals_and_failures(said: Callable[[str], str]) -> None:
    codes = {"refused": "P0826", "failed": "P0827", "unfit": "P0828"}
    assert f"error[{codes['refused']}]" in (text := said("steps(2, least = 0 - 1)"))
    assert "least is negative" in text
    for name, reason in {
        "lists": "unhashable type: 'list'",
        "number": "made_up:number has no `parameters` or no `expand`",
        "absent": "has no attribute 'absent'",
        "gone": "No module named 'made_up_too'",
    }.items():
        assert f"error[{codes['failed']}]" in (text := said(name))
        assert reason in text
    for name, reason in {
        "other": "it is a int and no CommonInformation",
        "short": "it has 3 steps for a horizon of 4",
        "sums": "beliefs of step 1 are no distributions",
        "ends": "step 1 of 4 must have edges",
        "less": "the edges from step 1 are not those",
        "far": "edges lead to nodes that step 2 does not have",
        "late": "the edges to step 1 are not those",
        "nowhere": "edges lead to nodes that step 1 does not have",
    }.items():
        assert f"error[{codes['unfit']}]" in (text := said(name))
        assert reason in text


@pytest.mark.usefixtures("_registered")
def test_names_and_arguments(
    said: Callable[[str], str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert "posg knows exact, merge, last, net, absent, ends, far" in said("nobody")
    assert "P0404" in said("steps")
    assert "P0403" in said("steps(2, more = 1)")
    assert "P0402" in said("steps(2, 0, 1)")
    assert main([*SOLVE, "--compression", "steps(most = 2)", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["compression"] == "steps(most = 2, least = 0)"
    assert found["model"]["nodes"] == [1, 1, 1, 1]
    assert 0 <= found["model"]["dependence"] < 1e-9
    assert main([*SOLVE, "--compression", "same", "--format", "json"]) == 0
    model = json.loads(capsys.readouterr().out)["model"]
    assert model["nodes"] == [1, 36, 36, 36] and model["dependence"] < 1e-9
    text = Path(DECTIGER).read_text(encoding="utf-8")
    file = tmp_path / "used.posg"
    more = "use compression steps(2); expect gap >= 1 with compression same; expect value == -6;"
    file.write_text(f"{text[: text.rindex('}')]} {more} }}", encoding="utf-8")
    main(["test", str(file), "--format", "json"])
    outcomes = json.loads(capsys.readouterr().out)["outcomes"]
    assert [outcome["passed"] for outcome in outcomes[-2:]] == [True, True]
    sweep = ["sweep", str(file), "--vary", "compression.most = 1..2", "--format", "json"]
    assert main(sweep) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["compression"] for row in rows] == [
        "steps(most = 1, least = 0)",
        "steps(most = 2, least = 0)",
    ]
