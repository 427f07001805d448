"""``--compression last(L)``: values in the true game, certificates and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from posg.api import expanding
from posg.api.limits import Limits
from posg.api.solving import solve_compiled
from posg.cli import main
from posg.cli.inputs import load_program
from posg.compiler.compressions import Compression
from posg.compiler.pipeline import Request, check_game, compile_checked
from posg.grammar.diagnostics import Bag
from posg.runtime import StrategyDependenceError

SPECS = Path(__file__).parents[2] / "specs"
DECTIGER = str(SPECS / "dectiger.posg")


def solved(capsys: pytest.CaptureFixture[str], file: str, *options: str) -> dict[str, Any]:
    assert main(["solve", file, *options, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def value(found: dict[str, Any]) -> float:
    (one,) = {round(number, 9) for number in found["value"].values()}
    return float(one)


@pytest.mark.parametrize(
    ("horizon", "short", "best"),
    [
        (3, 12.5928, 13.0155),
        (4, 22.5933, 22.7011),
        (5, 26.4680, 26.8103),
        (6, 34.9064, 35.0740),
        (7, 39.9448, 40.2426),
    ],
)
def test_dectiger_with_a_short_memory(
    horizon: int, short: float, best: float, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--sharing", "full", "--horizon", str(horizon))
    found = solved(capsys, DECTIGER, *options, "--compression", "last(1)")
    assert value(found) == pytest.approx(short, abs=5e-5)
    assert found["compression"] == "last(1)"
    certificate = found["certificate"]
    assert certificate["method"] == "exact"
    assert certificate["gap"] == pytest.approx(best - short, abs=1e-4)
    found = solved(capsys, DECTIGER, *options, "--compression", "last(L = 2)")
    assert value(found) == pytest.approx(best, abs=5e-5)


def test_where_the_exact_gap_is_too_much_work_there_is_a_bound(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--sharing", "full", "--compression", "last(1)")
    exact = solved(capsys, DECTIGER, *options)["certificate"]
    monkeypatch.setattr(expanding, "EXACT_PAIRS", 1)
    bound = solved(capsys, DECTIGER, *options)["certificate"]
    assert bound["method"] == "bound"
    assert bound["gap"] >= exact["gap"]
    least, most = bound["value_bounds"]["alice"]
    assert most - least == pytest.approx(bound["gap"])
    assert main(["solve", DECTIGER, *options]) == 0
    assert "gap at most 10.71781258 in the true game" in capsys.readouterr().out


def test_expectations_of_compressed_plans(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = Path(DECTIGER).read_text(encoding="utf-8")
    end = text.rindex("}")
    file = tmp_path / "short.posg"
    file.write_text(
        text[:end]
        + """
  use compression last(1);
  expect value == 12.5928 +- 0.0001 with sharing full, horizon 3;
  expect gap <= 0.43 with sharing full, horizon 3;
  expect gap <= 11 with sharing full, horizon 3;
  expect gap == 0 +- 1e-6 with sharing full, horizon 3, compression last(2);
}
""",
        encoding="utf-8",
    )

    def verdicts() -> list[bool | None]:
        main(["test", str(file), "--format", "json"])
        return [o["passed"] for o in json.loads(capsys.readouterr().out)["outcomes"]][-4:]

    assert verdicts() == [True, True, True, True]
    monkeypatch.setattr(expanding, "EXACT_PAIRS", 1)
    assert verdicts() == [True, None, True, None]


def test_policies_with_a_short_memory_are_kept_and_evaluated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = str(tmp_path / "policy.json")
    options = ("--sharing", "delayed(d = 1)", "--horizon", "5")
    found = solved(capsys, DECTIGER, *options, "--compression", "last(2)", "-o", policy)
    assert main(["evaluate", DECTIGER, policy, *options, "--format", "json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["missing"] == 0
    assert again["value"] == found["value"]
    assert again["certificate"]["gap"] == pytest.approx(found["certificate"]["gap"])


def test_strategy_dependence_is_refused_whatever_the_compression(
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ["--sharing", "delayed(d = 2)", "--compression", "last(2)"]
    assert main(["solve", DECTIGER, *options]) == 1
    assert "error[P0501]" in capsys.readouterr().err


def test_beliefs_up_to_a_distance(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--sharing", "full", "--horizon", "7")
    best = solved(capsys, DECTIGER, *options)
    near = solved(capsys, DECTIGER, *options, "--compression", "net(0.05)")
    far = solved(capsys, DECTIGER, *options, "--compression", "net(eps = 1/4)")
    assert near["compression"] == "net(0.05)"
    assert near["model"]["nodes"] == [1, 3, 5, 5, 5, 5, 5]
    assert value(near) == pytest.approx(value(best))
    assert value(far) + far["certificate"]["gap"] == pytest.approx(value(best))


@pytest.mark.slow
def test_box_pushing_with_a_short_memory(capsys: pytest.CaptureFixture[str]) -> None:
    file = str(SPECS / "box_pushing.posg")
    options = ("--sharing", "full", "--horizon", "7")
    found = solved(capsys, file, *options, "--compression", "last(2)")
    best = solved(capsys, file, *options)
    certificate = found["certificate"]
    assert certificate["method"] == "exact"
    assert value(found) + certificate["gap"] == pytest.approx(value(best), abs=1e-5)


@pytest.mark.slow
def test_windows_as_long_as_the_game_are_exact_in_every_example() -> None:
    solved = 0
    for path in sorted(SPECS.glob("*.posg")):
        bag = Bag()
        program = load_program(str(path), bag)
        for game in program.games:
            checked = check_game(program, Request(game=game.name, horizon=3), bag)
            assert checked is not None, path
            compiled = compile_checked(checked, Request(), bag)
            assert compiled is not None, path
            values = []
            for compression in (Compression(name="exact"), Compression.window(3)):
                try:
                    policy, certificate, _ = solve_compiled(
                        compiled,
                        concept=None,
                        compression=compression,
                        tolerance=1e-6,
                        limits=Limits(memory=1 << 32, seconds=None),
                    )
                except StrategyDependenceError:
                    break
                assert len(policy.steps) == 3
                values.append(certificate.value)
            if values:
                assert values[0] == pytest.approx(values[1], abs=1e-9), path
                solved += 1
    assert solved >= 15
