"""``posg fmt`` on files, folders and standard input."""

import io
import json
from pathlib import Path

import pytest

import posg.specs
from posg.cli import main

MESSY = "game g{horizon 3;}"
TIDY = "game g {\n  horizon 3;\n}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two messy files, one of them deep down, a tidy one and two that are no business of ours."""
    monkeypatch.chdir(tmp_path)
    texts = {
        "games/messy.posg": MESSY,
        "games/tidy.posg": TIDY,
        "games/more/deep/messy.posg": MESSY,
        "games/.venv/messy.posg": MESSY,
        "games/notes.txt": MESSY,
        "alone.posg": MESSY,
        "broken.posg": "game g { horizon ; }",
    }
    for name, text in texts.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def test_specs_are_in_canonical_layout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "--check", next(iter(posg.specs.__path__))]) == 0
    assert capsys.readouterr().out == ""


def test_check_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "--check", "games/", "alone.posg"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"would change {Path('games/messy.posg')}",
        f"would change {Path('games/more/deep/messy.posg')}",
        "would change alone.posg",
    ]
    assert (folder / "games/messy.posg").read_text(encoding="utf-8") == MESSY


def test_folders_and_files_are_formatted_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["fmt", "alone.posg", "games", "games/more", "alone.posg"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    for name in ("alone.posg", "games/messy.posg", "games/tidy.posg", "games/more/deep/messy.posg"):
        assert (folder / name).read_text(encoding="utf-8") == TIDY
    for name in ("games/.venv/messy.posg", "games/notes.txt"):
        assert (folder / name).read_text(encoding="utf-8") == MESSY
    assert main(["fmt", "--check", "alone.posg", "games"]) == 0


def test_the_rest_is_formatted_beside_a_broken_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "empty").mkdir()
    assert main(["fmt", "broken.posg", "missing.posg", "empty", "alone.posg"]) == 1
    printed = capsys.readouterr()
    assert printed.out == "formatted alone.posg\n"
    assert "broken.posg:1:18" in printed.err
    assert "cannot read `missing.posg`: No such file" in printed.err
    assert "cannot read `empty`: there is no .posg file" in printed.err


def test_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "--check", "--format", "json", "broken.posg", "alone.posg"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["changed"] == ["alone.posg"]
    assert [diagnostic["code"] for diagnostic in found["diagnostics"]] == ["P0001"]


def test_a_link_stays_a_link(folder: Path) -> None:
    link = folder / "link.posg"
    link.symlink_to("alone.posg")
    assert main(["fmt", "link.posg"]) == 0
    assert link.is_symlink()
    assert (folder / "alone.posg").read_text(encoding="utf-8") == TIDY


@pytest.mark.parametrize(
    ("options", "status", "output"),
    [([], 0, TIDY), (["--check"], 1, "would change -\n")],
)
def test_standard_input(
    options: list[str],
    status: int,
    output: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(MESSY))
    assert main(["fmt", "-", *options]) == status
    assert capsys.readouterr().out == output
