"""Tables of sweeps: what is kept, what is solved again, and files that are something else."""

import csv
import sys
from pathlib import Path

import pytest

from posg.cli import main, sweep_files, sweeping
from posg.cli.sweep_files import Table, read_rows, write_rows
from posg.cli.sweep_rows import Row, cells_of
from posg.cli.sweeping import Found, solve_combination

DECTIGER = str(Path(__file__).parents[2] / "specs" / "dectiger.posg")
ROWS = [
    Row(
        varied={"p": "0.0000001", "nodes": "1/3", "sharing": "f(x, 1)"},
        sharing="f(x, 1)",
        compression="last(2)",
        horizon=3,
        concept="nash",
        nodes=(1, 36, 1296),
        value={"a": -1.25, "b": 1e-7},
        bound=0.1234567891,
        certificate="bound",
        reason="too many",
        seconds=0.125,
    ),
    Row(
        varied={"p": "1", "nodes": "-2", "sharing": "full"},
        sharing="full",
        problem="P0616",
        reason='as "they" say,\nno',
        limits="4 B, 1 s",
    ),
]
NAMES = ("p", "nodes", "sharing")
each_kind = pytest.mark.parametrize("name", ["rows.csv", "rows.parquet"])


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The combinations that were solved."""
    seen: list[dict[str, str]] = []

    def watched(task: sweeping.Task, varied: dict[str, str], tick: object) -> Found:
        seen.append(varied)
        return solve_combination(task, varied, lambda: None)

    monkeypatch.setattr(sweeping, "solve_combination", watched)
    return seen


@each_kind
def test_what_is_written_is_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    write_rows(path, NAMES, ROWS, "abc")
    assert read_rows(path, NAMES, "abc") == ROWS
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_columns_have_types(tmp_path: Path) -> None:
    from pyarrow.parquet import read_table

    write_rows(tmp_path / "rows.parquet", NAMES, ROWS, "abc")
    table = read_table(tmp_path / "rows.parquet")
    kinds = {column.name: str(column.type) for column in table.schema}
    assert kinds["p"] == kinds["gap"] == kinds["value[a]"] == "double"
    assert kinds["set[nodes]"] == kinds["sharing"] == "string"
    assert kinds["nodes"] == kinds["horizon"] == "int64"
    assert table.column("p").to_pylist() == [1e-7, 1.0]


def test_a_parameter_may_be_called_like_a_column() -> None:
    cells = cells_of(ROWS[0], ("a", "b"), "abc")
    assert (cells["nodes"], cells["set[nodes]"]) == (1333, "1/3")


@each_kind
def test_rows_are_kept(
    name: str,
    tmp_path: Path,
    solved: list[dict[str, str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = str(tmp_path / name)
    sweep = ["sweep", DECTIGER, "--set", "accuracy=0.9", "-o", path, "--show", "nodes,value"]
    assert main([*sweep, "--vary", "horizon = 2..3"]) == 0
    first = capsys.readouterr().out.splitlines()
    del solved[:]
    assert main([*sweep, "--vary", "horizon = 2..3"]) == 0
    assert not solved
    assert capsys.readouterr().out.splitlines()[:3] == first[:3]
    assert main([*sweep, "--vary", "horizon = 1..2"]) == 0
    assert solved == [{"horizon": "1"}]
    assert capsys.readouterr().out.splitlines()[2] == first[1]
    digest = sweep_files._read_csv if name.endswith("csv") else sweep_files._read_parquet
    assert [cells["horizon"] for cells in digest(Path(path))[1]] == ["1", "2", "3"]


def test_rows_that_a_limit_stopped_are_tried_with_another(
    tmp_path: Path, solved: list[dict[str, str]]
) -> None:
    sweep = ["sweep", DECTIGER, "--vary", "compression = merge, last(2)", "--horizon", "4"]
    sweep += ["-o", str(tmp_path / "rows.csv")]
    assert main([*sweep, "--memory", "100KiB"]) == 3
    assert main([*sweep, "--memory", "100KiB"]) == 3
    assert len(solved) == 2
    assert main([*sweep, "--memory", "1GiB"]) == 0
    assert solved[2:] == [{"compression": "last(2)"}]
    assert main([*sweep, "--memory", "100KiB"]) == 0
    assert len(solved) == 3


@pytest.mark.parametrize(
    "change", ["--sharing full", "--set accuracy=0.7", "--tolerance 1e-4", "--concept nash", "file"]
)
def test_rows_of_another_sweep_are_left_alone(
    change: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, path = tmp_path / "d.posg", tmp_path / "rows.csv"
    text = Path(DECTIGER).read_text(encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    sweep = ["sweep", str(file), "--vary", "horizon = 1", "-o", str(path)]
    assert main(sweep) == 0
    before = path.read_bytes()
    if change == "file":
        file.write_text(text.replace("=> -100", "=> -99"), encoding="utf-8")
    assert main([*sweep, *(change.split() if change != "file" else [])]) == 1
    code = "P0824"
    assert f"error[{code}]" in capsys.readouterr().err
    assert path.read_bytes() == before


def test_imported_files_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    game, types, path = (tmp_path / name for name in ("g.posg", "t.posg", "rows.csv"))
    game.write_text(
        'import "t.posg"; game g { agents a, b; horizon 1; state x in T; init x ~ uniform; x\' = x;'
        " action u[i] in T; reward = if u[a] == x then 1 else 0; use sharing full; }",
        encoding="utf-8",
    )
    sweep = ["sweep", str(game), "--vary", "horizon = 1", "-o", str(path)]
    types.write_text("type T = { l, r };", encoding="utf-8")
    assert main(sweep) == main(sweep) == 0
    types.write_text("type T = { l, m, r };", encoding="utf-8")
    assert main(sweep) == 1
    assert "error[P0824]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x.csv", "a,b\n1,2\n", "it has no column `horizon`"),
        ("x.csv", "a,b\n", "it has no column `horizon`"),
        ("x.csv", "a,b\n1\n", "shorter"),
        ("x.csv", "\xff", "codec"),
        ("x.parquet", "a,b\n1,2\n", "Parquet"),
    ],
)
def test_other_files_are_left_alone(
    name: str, text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode("latin-1"))
    assert main(["sweep", DECTIGER, "--vary", "horizon = 1", "-o", str(path)]) == 1
    err = capsys.readouterr().err
    assert "error[P0824]" in err
    assert said in err
    assert path.read_bytes() == text.encode("latin-1")


def test_numbers_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.csv"
    sweep = ["sweep", DECTIGER, "--vary", "horizon = 1", "-o", str(path)]
    assert main(sweep) == 0
    path.write_text(path.read_text(encoding="utf-8").replace(",exact,", ",exact,many"), "utf-8")
    assert main(sweep) == 1
    assert "could not convert" in capsys.readouterr().err


def test_an_empty_file_is_no_table_yet(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.touch()
    assert main(["sweep", DECTIGER, "--vary", "horizon = 1", "-o", str(path)]) == 0
    assert len(list(csv.reader(path.read_text(encoding="utf-8").splitlines()))) == 2


def test_tables_are_kept_during_long_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.csv"
    table = Table(path, [row.varied for row in ROWS], "abc")
    table.add(ROWS[1])
    assert not path.exists()
    monkeypatch.setattr(sweep_files, "SAVE_SECONDS", -1.0)
    table.keep_up()
    assert read_rows(path, NAMES, "abc") == ROWS[1:]
    table.add(ROWS[0])
    assert read_rows(path, NAMES, "abc") == table.rows == ROWS


@pytest.mark.parametrize(
    ("package", "words", "extra"),
    [
        ("matplotlib", "--plot x.svg", "posg[plot]"),
        ("pyarrow", "-o x.parquet", "posg[parquet]"),
    ],
)
def test_packages_that_are_not_installed(
    package: str,
    words: str,
    extra: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, package, None)
    assert main(["sweep", DECTIGER, "--vary", "horizon = 1", *words.split()]) == 1
    captured = capsys.readouterr()
    code = "P0825"
    assert f"error[{code}]: `{words.split()[1]}` needs {package}, which" in captured.err
    assert f"pip install '{extra}'" in captured.err
    assert not captured.out
    assert not list(tmp_path.iterdir())
