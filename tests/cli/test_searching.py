"""``--compression auto``: what is tried, in which order, and what is chosen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from posg.cli import main
from posg.cli.searching import Result, find_compression
from posg.compiler.compressions import Compression
from posg.compiler.pipeline import Compiled, Request, compile_game
from posg.compiler.program import load
from posg.grammar.diagnostics import Bag
from posg.grammar.source import Source
from posg.runtime import Certificate, LimitError, Policy

DECTIGER = str(Path(__file__).parents[2] / "specs" / "dectiger.posg")


def game(horizon: int, sharing: str = "delayed(d = 1)") -> Compiled:
    text = Path(DECTIGER).read_text(encoding="utf-8")
    program = load(Source("dectiger", text), lambda path: path, Bag())
    assert program is not None
    made = compile_game(program, Request(sharing=sharing, horizon=horizon), Bag())
    assert made is not None
    return made


def names(
    compiled: Compiled, gap: float, gaps: Mapping[str, float | None], rest: float | None = 9.0
) -> tuple[str, list[str]]:
    """What is chosen and tried when compressions have these gaps; None is too large."""

    def solve(compression: Compression) -> Result:
        found = gaps.get(str(compression), rest)
        if found is None:
            raise LimitError("P0601", step=1, nodes=1, limit=1, fits=0)
        policy = Policy(game="", sharing="", concept="team", value={}, actions={}, steps=())
        certificate = Certificate(
            concept="team", gap=found, method="exact", tolerance=0.0, value={}, agent_gaps={}
        )
        return policy, certificate, {"nodes": []}

    chosen, tried = find_compression(compiled, gap, solve)
    return str(chosen.compression), [str(entry.compression) for entry in tried]


def test_windows_double_and_are_bisected() -> None:
    compiled = game(40, "observations_delayed(d = 1)")
    gaps = {f"last({length})": 1 / length for length in range(1, 41)}
    assert names(compiled, 1.0, gaps) == ("last(1)", ["last(1)"])
    chosen, tried = names(compiled, 1 / 6, gaps)
    assert chosen == "last(6)"
    assert tried == ["last(1)", "last(2)", "last(4)", "last(8)", "last(6)", "last(5)"]


def test_distances_are_halved_where_windows_are_too_many_or_too_large() -> None:
    compiled = game(40)
    gaps = {"net(0.25)": 0.05}
    assert names(compiled, 0.1, gaps) == (
        "net(0.25)",
        ["last(1)", "last(2)", "net(1)", "net(0.5)", "net(0.25)"],
    )
    gaps = {"last(2)": None, "net(1)": 0.05}
    assert names(compiled, 0.1, gaps)[1] == ["last(1)", "last(2)", "net(1)"]


def test_the_best_is_returned_where_nothing_is_good_enough() -> None:
    chosen, tried = names(game(4), 0.1, {"net(0.5)": 1.0, "merge": None})
    assert chosen == "net(0.5)"
    assert tried[-1] == "merge"
    with pytest.raises(LimitError):
        names(game(4), 0.1, {}, None)


def test_the_shortest_window_of_dectiger(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--sharing", "full", "--horizon", "5", "--compression", "auto"]
    assert main(["solve", DECTIGER, *options, "--gap", "0.1", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["compression"] == "last(2)"
    assert found["certificate"]["gap"] <= 0.1
    tried = found["model"]["tried"]
    assert [entry["compression"] for entry in tried] == ["last(0)", "last(1)", "last(2)"]
    assert tried[1]["gap"] == pytest.approx(0.3423671916)
    assert main(["solve", DECTIGER, *options, "--gap", "0.5"]) == 0
    assert "tried: last(0) gap " in capsys.readouterr().out


def test_auto_and_gap_go_together(capsys: pytest.CaptureFixture[str]) -> None:
    for options in (["--compression", "auto"], ["--gap", "0.1"]):
        with pytest.raises(SystemExit) as raised:
            main(["solve", DECTIGER, *options])
        assert raised.value.code == 2
        assert "go together" in capsys.readouterr().err
