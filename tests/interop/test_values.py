"""Values of imported files: published ones, and those of the propositions about dummy agents."""

import gzip
import json
import shutil
from pathlib import Path

import pytest

from posg.cli import main

DATA = Path(__file__).parent / "data"
SPECS = Path(__file__).parents[2] / "specs"
ONE_STEP, FULL = "delayed(d = 1)", "full"
# Team optima, undiscounted; without sharing (a lower bound) MADP's database has -4, 5.190812 and
# 4.802755 for dectiger, 7 and 10.660125 for recycling, 2, 2.99, ... for broadcast.
TEAM = {
    ("dectiger", 2): (-4, 10.815),
    ("dectiger", 3): (8.815, 13.0154875),
    ("recycling", 2): (7, 7.29),
    ("recycling", 3): (10.775, 11.1225),
    ("broadcast", 2): (2, 2),
    ("broadcast", 3): (2.99, 2.99),
}
SLOW = {
    ("dectiger", 4): (11.01548792, 22.7011243),
    ("broadcast", 4): (3.89, 3.89),
    ("broadcast", 5): (4.79, 4.79),
}


def solve(
    path: Path, capsys: pytest.CaptureFixture[str], *options: str
) -> dict[str, dict[str, float]]:
    capsys.readouterr()
    assert main(["solve", str(path), *options, "--format", "json"]) == 0
    found: dict[str, dict[str, float]] = json.loads(capsys.readouterr().out)
    return found


def team_value(
    path: Path, capsys: pytest.CaptureFixture[str], sharing: str, horizon: int, *options: str
) -> float:
    found = solve(path, capsys, "--sharing", sharing, "--horizon", str(horizon), *options)
    (value,) = {round(value, 9) for value in found["value"].values()}
    return value


def check_values(
    name: str,
    horizon: int,
    values: tuple[float, float],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / f"{name}.posg"
    assert main(["import", str(DATA / f"{name}.dpomdp"), "-o", str(path)]) == 0
    options = ["--set", "gamma=1"] if name == "recycling" else []
    for sharing, value in zip((ONE_STEP, FULL), values, strict=True):
        assert team_value(path, capsys, sharing, horizon, *options) == pytest.approx(
            value, abs=1e-6
        )


@pytest.mark.parametrize(("name", "horizon"), TEAM)
def test_published_values(
    name: str, horizon: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check_values(name, horizon, TEAM[name, horizon], tmp_path, capsys)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "horizon"), SLOW)
def test_more_published_values(
    name: str, horizon: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check_values(name, horizon, SLOW[name, horizon], tmp_path, capsys)


@pytest.mark.slow
@pytest.mark.parametrize(("horizon", "values"), [(2, (17.6, 17.6)), (3, (66.081, 66.81))])
def test_box_pushing(
    horizon: int, values: tuple[float, float], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A hundred states, by way of a file: 7,000 entries."""
    middle, path = tmp_path / "boxes.dpomdp", tmp_path / "boxes.posg"
    box_pushing = str(SPECS / "box_pushing.posg")
    assert main(["export", box_pushing, "--to", "dpomdp", "-o", str(middle)]) == 0
    assert main(["import", str(middle), "-o", str(path)]) == 0
    for sharing, value in zip((ONE_STEP, FULL), values, strict=True):
        assert team_value(path, capsys, sharing, horizon) == pytest.approx(value, abs=1e-6)


def test_discount(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """5 at once and then 2, of which the second counts 0.9; 7 without discount."""
    path = tmp_path / "recycling.posg"
    assert main(["import", str(DATA / "recycling.dpomdp"), "-o", str(path)]) == 0
    assert team_value(path, capsys, ONE_STEP, 1) == pytest.approx(5)
    assert team_value(path, capsys, ONE_STEP, 2) == pytest.approx(6.8)
    assert team_value(path, capsys, ONE_STEP, 2, "--set", "gamma=1") == pytest.approx(7)


@pytest.mark.parametrize("sees", ["nothing", "state"])
@pytest.mark.parametrize("sharing", [FULL, "none"])
def test_a_dummy_gains_nothing(
    sees: str, sharing: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cooperative or zero-sum, the game is worth what the POMDP is, unless the dummy tells.

    Source: Propositions 7 and 8. A dummy that sees the state changes the value only by sharing it.
    """
    source = str(DATA / "tiger.pomdp")
    alone = tmp_path / "alone.posg"
    assert main(["import", source, "-o", str(alone)]) == 0
    value = solve(alone, capsys, "--sharing", FULL)["value"]["player"]
    assert value > 0
    for kind, sign in (("cooperative", 1), ("zero-sum", -1)):
        path = tmp_path / f"{kind}.posg"
        options = ["--with-dummy", kind, "--dummy-sees", sees]
        assert main(["import", source, *options, "-o", str(path)]) == 0
        method = ["--method", "sequence-form"] if (kind, sharing) == ("zero-sum", "none") else []
        if sharing == "none" and not method:
            continue  # beliefs depend on strategies, and the sequence form is for zero-sum games
        found = solve(path, capsys, "--sharing", sharing, *method)["value"]
        told = sees == "state" and sharing != "none"
        assert found["player"] == pytest.approx(value) if not told else found["player"] > value
        assert found["dummy"] == pytest.approx(sign * found["player"])


def test_packed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed = tmp_path / "dectiger.dpomdp.gz"
    packed.write_bytes(gzip.compress((DATA / "dectiger.dpomdp").read_bytes()))
    shutil.copy(DATA / "dectiger.dpomdp", tmp_path)
    assert main(["import", str(packed)]) == 0
    unpacked = capsys.readouterr().out
    assert main(["import", str(tmp_path / "dectiger.dpomdp")]) == 0
    assert capsys.readouterr().out == unpacked.replace("dectiger.dpomdp.gz", "dectiger.dpomdp")
    packed.write_bytes(b"not packed")
    assert main(["import", str(packed)]) == 1
    assert "P0801" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "gone.pomdp")]) == 1
    assert main(["import", str(tmp_path / "dectiger.txt")]) == 2


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = str(DATA / "dectiger.dpomdp"), str(tmp_path / "d.posg")
    assert main(["import", source, "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["schema"] == "posg.import/1" and "game dectiger {" in shown["text"]
    assert main(["import", source, "-o", out, "--horizon", "7", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["file"] == out
    assert "horizon 7;" in Path(out).read_text(encoding="utf-8")
    assert main(["export", out, "--to", "dpomdp", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "posg.export/1"
    assert main(["export", out, "--to", "pomdp", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["diagnostics"][0]["code"] == "P0924"


def test_latin_comments(tmp_path: Path) -> None:
    path = tmp_path / "old.pomdp"
    path.write_bytes("# Ångström's tiger\n".encode("latin-1") + (DATA / "tiger.pomdp").read_bytes())
    assert main(["import", str(path), "-o", str(tmp_path / "old.posg")]) == 0
    assert "Ångström" in (tmp_path / "old.posg").read_text(encoding="utf-8")


def test_as_many_errors_as_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "many.dpomdp"
    text = (DATA / "dectiger.dpomdp").read_text(encoding="utf-8")
    path.write_text(text + "R: 0 : nowhere : * : * : 1\n" * 100, encoding="utf-8")
    assert main(["import", str(path)]) == 1
    assert capsys.readouterr().err.count("error[P0904]") == 20
