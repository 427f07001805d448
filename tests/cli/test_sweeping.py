"""``posg sweep``: the rows, and what is said about them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from posg.cli import main, sweeping

DECTIGER = str(Path(__file__).parents[2] / "specs" / "dectiger.posg")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rows.csv"


def kept(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))


def swept(file: Path, *options: str) -> list[dict[str, str]]:
    file.unlink(missing_ok=True)
    assert main(["sweep", DECTIGER, "-o", str(file), *options]) == 0
    return kept(file)


def without_seconds(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{**row, "seconds": ""} for row in rows]


def test_rows_are_what_solve_finds(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = swept(
        file,
        "--sharing",
        "full",
        "--vary",
        "compression = merge, last(1)",
        "--vary",
        "horizon=3..4",
    )
    assert [(row["compression"], row["horizon"]) for row in rows] == [
        ("merge", "3"),
        ("merge", "4"),
        ("last(1)", "3"),
        ("last(1)", "4"),
    ]
    capsys.readouterr()
    for row in rows:
        options = ["--sharing", "full", "--horizon", row["horizon"]]
        options += ["--compression", row["compression"], "--format", "json"]
        assert main(["solve", DECTIGER, *options]) == 0
        found = json.loads(capsys.readouterr().out)
        assert float(row["value[alice]"]) == pytest.approx(found["value"]["alice"])
        assert float(row["gap"]) == pytest.approx(found["certificate"]["gap"], abs=1e-6)
        assert float(row["bound"]) >= float(row["gap"])
        assert int(row["nodes"]) == sum(found["model"]["nodes"])
        assert row["certificate"] == found["certificate"]["method"]
        assert row["sharing"] == "full"
        assert row["concept"] == "team"


def test_arguments_and_parameters_vary(file: Path) -> None:
    rows = swept(file, "--vary", "sharing.d = 0..1", "--vary", "accuracy = 0.8:0.9:0.1")
    values = {(row["sharing.d"], row["accuracy"]): float(row["value[bob]"]) for row in rows}
    assert values["1", "0.8"] == pytest.approx(6.16)
    assert values["0", "0.9"] == pytest.approx(14.6718)
    options = ("--compression", "last(1)", "--vary", "compression.L = 1..2")
    assert [row["gap"] for row in swept(file, *options)] == ["14.815", "0"]


def test_arguments_belong_to_the_structure_of_the_row(capsys: pytest.CaptureFixture[str]) -> None:
    patrol = str(Path(DECTIGER).with_name("patrol.posg"))
    varied = ["--vary", "sharing = asymmetric_delayed(guard, raider), delayed(0)"]
    assert main(["sweep", patrol, *varied, "--vary", "sharing.d = 1", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["sharing"] for row in rows] == [
        "asymmetric_delayed(controller = guard, other = raider, d = 1)",
        "delayed(d = 1)",
    ]
    assert rows[1]["value"]["raider"] == pytest.approx(2.907175)


def test_a_row_says_what_is_wrong_with_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--vary", "sharing.d = 1..2", "-o", str(file), "--format", "json"]
    assert main(["sweep", DECTIGER, *options]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "posg.sweep/1"
    assert [row["varied"]["sharing.d"] for row in found["rows"]] == ["1", "2"]
    assert found["rows"][0]["problem"] is None
    assert found["rows"][1]["problem"]["code"] == "P0501"
    assert "depend on the agents' strategies" in found["rows"][1]["problem"]["message"]
    table = kept(file)
    assert [row["problem"] for row in table] == ["", "P0501"]
    assert table[1]["value[alice]"] == ""


@pytest.mark.parametrize(
    ("vary", "options", "problems", "status"),
    [
        ("accuracy = 0.4, 0.9", "", ["P0104", ""], 1),
        ("compression = zip, merge", "", ["P0808", ""], 1),
        ("compression = last(0..1)", "", ["P0823", ""], 1),
        ("sharing = full, nowhere", "", ["", "P0401"], 1),
        ("sharing = full, none", "", ["", "P0501"], 1),
        ("horizon = 2, 20000", "", ["", "P0608"], 3),
        ("compression = merge, last(2)", "--horizon 4 --memory 100KiB", ["", "P0616"], 3),
    ],
)
def test_other_rows_go_on(
    vary: str, options: str, problems: list[str], status: int, file: Path
) -> None:
    arguments = ["--vary", vary, *options.split(), "-o", str(file)]
    assert main(["sweep", DECTIGER, *arguments]) == status
    assert [row["problem"] for row in kept(file)] == problems
    assert [bool(row["reason"]) for row in kept(file)] == [bool(code) for code in problems]


def test_what_is_wrong_everywhere_is_said_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", DECTIGER, "--vary", "accuracy = 0.1:0.3:0.1"]) == 1
    assert capsys.readouterr().err.count("error[P0104]") == 1


def test_table_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--vary", "accuracy = 0.3, 0.9", "--show", "nodes,value,gap,certificate"]
    assert main(["sweep", DECTIGER, *options]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "accuracy  nodes  value   gap  certificate",
        "0.3       P0104: parameter `accuracy` is 3/10, outside its range [0.5, 1]",
        "0.9       7      11.475  0    exact",
    ]


def test_results_do_not_depend_on_the_number_of_processes(file: Path) -> None:
    options = ("--vary", "sharing.d = 0..1", "--vary", "horizon = 2..3")
    rows = [swept(file, *options, "--jobs", jobs) for jobs in ("1", "2", "9")]
    assert len(rows[0]) == 4
    assert without_seconds(rows[0]) == without_seconds(rows[1]) == without_seconds(rows[2])


def test_the_sequence_form_solves_rows(capsys: pytest.CaptureFixture[str]) -> None:
    kuhn = str(Path(DECTIGER).with_name("kuhn.posg"))
    options = ["--vary", "horizon = 3..4", "--method", "sequence-form", "--format", "json"]
    assert main(["sweep", kuhn, *options]) == 0
    for row in json.loads(capsys.readouterr().out)["rows"]:
        assert row["value"]["first"] == pytest.approx(-1 / 18)


def test_interrupted_sweeps_keep_their_rows(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = sweeping.compile_program

    def interrupted(program: Any, request: Any, bag: Any) -> Any:
        if request.horizon == 3:
            raise KeyboardInterrupt
        return real(program, request, bag)

    arguments = ["sweep", DECTIGER, "--vary", "horizon = 1..3", "-o", str(file)]
    with monkeypatch.context() as patched:
        patched.setattr(sweeping, "compile_program", interrupted)
        assert main(arguments) == 130
    before = kept(file)
    assert [row["horizon"] for row in before] == ["1", "2"]
    capsys.readouterr()
    assert main(arguments) == 0
    assert kept(file)[:2] == before
    assert "3 rows in" in (out := capsys.readouterr().out)
    assert "2 of them from before" in out


def test_programs_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(Path(DECTIGER).read_text(encoding="utf-8")))
    assert main(["sweep", "-", "--vary", "horizon = 1..2", "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["rows"]) == 2
