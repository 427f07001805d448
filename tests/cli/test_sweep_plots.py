"""Pictures of sweeps: one line for each combination of what is not across."""

import re
from pathlib import Path

import pytest

from posg.cli import main
from posg.cli.axes import axis
from posg.cli.sweep_plots import draw_rows
from posg.cli.sweep_rows import Row

DECTIGER = str(Path(__file__).parents[2] / "specs" / "dectiger.posg")


def row(horizon: int, sharing: str, first: float, second: float) -> Row:
    return Row(
        varied={"horizon": str(horizon), "sharing": sharing},
        nodes=(1, 2),
        value={"ann": first, "ben": second},
        gap=0.5,
        bound=1.0,
        certificate="exact",
        seconds=0.1,
    )


def drawn(path: Path, rows: list[Row]) -> str:
    axes = [axis("horizon = 1..2"), axis("sharing = full, none")]
    draw_rows(path, axes, rows, "coins")
    return path.read_text(encoding="utf-8")


def test_lines_and_agents(tmp_path: Path) -> None:
    rows = [row(horizon, text, 1.0, -1.0) for horizon in (1, 2) for text in ("full", "none")]
    text = drawn(tmp_path / "x.svg", rows)
    for label in ("coins", "sharing = full", "sharing = none", "ann", "ben", "exact", "bound"):
        assert text.count(f">{label}<") == 1
    for label in ("value", "gap", "nodes", "seconds"):
        assert text.count(f">{label}<") == 1
    assert text.count(">horizon<") == 4
    assert text == drawn(tmp_path / "y.svg", rows)


def test_agents_who_get_the_same_are_one_line(tmp_path: Path) -> None:
    text = drawn(tmp_path / "x.svg", [row(1, "full", 1.0, 1.0)])
    assert ">ann<" not in text


def test_nothing_to_draw(tmp_path: Path) -> None:
    failed = Row(varied={"horizon": "1", "sharing": "full"}, problem="P0501", reason="no")
    assert ">value<" in drawn(tmp_path / "x.svg", [failed])


@pytest.mark.parametrize(("name", "start"), [("x.svg", b"<?xml"), ("x.png", b"\x89PNG")])
def test_plots_of_sweeps(
    name: str, start: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    vary = ["--vary", "compression = last(0..2)"]
    options = ["--sharing", "full", "--horizon", "2", "--plot", str(path)]
    assert main(["sweep", DECTIGER, *vary, *options]) == 0
    assert path.read_bytes().startswith(start)
    assert capsys.readouterr().out.endswith(f"drawn in {path}\n")
    if name == "x.svg":
        shown = re.findall(r">(last\(\d\))<", path.read_text(encoding="utf-8"))
        assert set(shown) == {"last(0)", "last(1)", "last(2)"}


def test_paths_are_tried_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for option in ("--plot no/x.svg", "-o no/x.csv"):
        assert main(["sweep", DECTIGER, "--vary", "horizon = 1", *option.split()]) == 1
        captured = capsys.readouterr()
        assert "P0815]: cannot write `no/x" in captured.err
        assert not captured.out
