"""Long games: sizes beyond what floats hold, and horizons that are refused."""

import json
from pathlib import Path

import pytest

import posg.specs
from posg.api.size_report import _listed, _seconds, _seconds_of
from posg.cli import main
from posg.cli.output import show_json
from posg.runtime.limits import bytes_text, count_text

DECTIGER = str(Path(next(iter(posg.specs.__path__))) / "dectiger.posg")


def test_horizons_that_are_too_long(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("check", "solve", "info"):
        assert main([command, DECTIGER, "--horizon", "1000000"]) == 3
        assert "P0608" in capsys.readouterr().err


def test_large_counts_in_words() -> None:
    assert count_text(12_345) == "12,345"
    assert count_text(10**18) == "1.0e+18"
    assert count_text(12_345 * 10**5000) == "1.2e+5004"
    assert bytes_text(12_345 * 10**5000) == "1.1e+4992 TiB"
    assert _seconds(_seconds_of(10**400)) == "about 4.6e+389 h"
    assert _seconds(_seconds_of(6_000_000 * 7200)) == "about 2 h"
    assert _listed([7, 10**400]) == "7, 1.0e+400"


def test_large_counts_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"count": 10**5000})
    assert json.loads(capsys.readouterr().out) == {"count": 10**5000}


def test_expectations_of_long_games_are_not_decided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "g.posg"
    path.write_text(
        "game g { agents a, b; horizon 1; reward = 1; use sharing full;\n"
        f"expect value == 1 with horizon {10**20}; expect value == 1; }}",
        encoding="utf-8",
    )
    assert main(["check", str(path)]) == 0
    assert main(["test", str(path)]) == 0
    out = capsys.readouterr().out
    assert "1 expectations hold, 0 fail, 1 not decided" in out
