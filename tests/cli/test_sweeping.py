"""``posg sweep``: values to go through, and the table."""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from posg.cli import main
from posg.cli.axes import axis
from posg.cli.plots import sweep_svg

DECTIGER = str(Path(__file__).parents[2] / "specs" / "dectiger.posg")


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("horizon = 3..5", "horizon", ("3", "4", "5")),
        ("accuracy=0.6:0.75:0.05", "accuracy", ("0.6", "0.65", "0.7", "0.75")),
        ("compression = merge, last(1..2)", "compression", ("merge", "last(1)", "last(2)")),
        (
            "sharing = asymmetric(a, b, d = 1..2), full",
            "sharing",
            ("asymmetric(a, b, d = 1)", "asymmetric(a, b, d = 2)", "full"),
        ),
        ("sharing . d = -1..0", "sharing.d", ("-1", "0")),
    ],
)
def test_values_are_listed(text: str, name: str, values: tuple[str, ...]) -> None:
    found = axis(text)
    assert (found.name, found.values) == (name, values)


@pytest.mark.parametrize("text", ["horizon", "horizon =", "x = 1,,2", "x = 0:1:0", "x = 0..99999"])
def test_what_lists_nothing_is_wrong_usage(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        axis(text)
    assert main(["sweep", DECTIGER, "--vary", text]) == 2


def swept(capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, str]]:
    assert main(["sweep", DECTIGER, *options]) == 0
    return list(csv.DictReader(capsys.readouterr().out.splitlines()))


def test_rows_are_what_solve_finds(capsys: pytest.CaptureFixture[str]) -> None:
    rows = swept(
        capsys,
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
    for row in rows:
        options = ["--sharing", "full", "--horizon", row["horizon"]]
        options += ["--compression", row["compression"], "--format", "json"]
        assert main(["solve", DECTIGER, *options]) == 0
        found = json.loads(capsys.readouterr().out)
        assert float(row["value[alice]"]) == pytest.approx(found["value"]["alice"])
        assert float(row["gap"]) == pytest.approx(found["certificate"]["gap"], abs=1e-6)
        assert float(row["bound"]) >= float(row["gap"])
        assert int(row["nodes"]) == sum(found["model"]["nodes"])


def test_arguments_and_parameters_vary(capsys: pytest.CaptureFixture[str]) -> None:
    rows = swept(capsys, "--vary", "sharing.d = 0..1", "--vary", "accuracy = 0.8:0.9:0.1")
    values = {(row["sharing.d"], row["accuracy"]): float(row["value[bob]"]) for row in rows}
    assert values["1", "0.8"] == pytest.approx(6.16)
    assert values["0", "0.9"] == pytest.approx(14.6718)
    options = ("--compression", "last(1)", "--vary", "compression.L = 1..2")
    assert [row["gap"] for row in swept(capsys, *options)] == ["14.815", "0"]


def test_a_row_says_what_is_wrong_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.csv"
    options = ["--vary", "sharing.d = 1..2", "-o", str(file), "--format", "json"]
    assert main(["sweep", DECTIGER, *options]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [row["varied"]["sharing.d"] for row in found["rows"]] == ["1", "2"]
    assert found["rows"][1]["problem"][0]["code"] == "P0501"
    table = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    assert [row["problem"] for row in table] == ["", "P0501"]
    assert table[1]["value[alice]"] == ""


def test_nothing_varies_twice(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["sweep", DECTIGER, "--vary", "horizon = 1", "--vary", "horizon = 2"])
    assert raised.value.code == 2
    assert "horizon is varied twice" in capsys.readouterr().err


def test_a_sweep_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rows.svg"
    options = ("--sharing", "full", "--vary", "compression = last(0..2), net(<1>)")
    assert main(["sweep", DECTIGER, *options, "-o", str(file)]) == 1
    assert len(capsys.readouterr().out.splitlines()) == 5
    drawing = ElementTree.parse(file).getroot()
    texts = [entry.text for entry in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert {"last(0)", "last(2)", "net(<1>)", "value", "gap", "bound"} <= set(texts)
    lines = list(drawing.iter("{http://www.w3.org/2000/svg}polyline"))
    assert [len(line.attrib["points"].split()) for line in lines] == [3, 3, 3]


def test_plots_of_nothing_and_of_one_value() -> None:
    ElementTree.fromstring(sweep_svg("x", [], {}, {}))
    ElementTree.fromstring(sweep_svg("x", ["a"], {"value": [2.0]}, {"gap": [None]}))
