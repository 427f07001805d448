"""Values of options: wrong ones are wrong usage, and nothing is written or solved."""

import json
from pathlib import Path

import pytest

import posg.specs
from posg.cli import main

DECTIGER = str(Path(next(iter(posg.specs.__path__))) / "dectiger.posg")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("simulate FILE --seed -1", "not a whole number of at least 0"),
        ("simulate FILE --seed 1.5", "not a whole number of at least 0"),
        ("simulate FILE --episodes 0", "not a whole number of at least 1"),
        ("check FILE --horizon 0", "not a whole number of at least 1"),
        (f"check FILE --horizon {10**20}", "too large"),
        (f"check FILE --horizon 1{'0' * 5000}", "too large"),
        ("solve FILE --tolerance nan", "not a positive number"),
        ("solve FILE --tolerance -1", "not a positive number"),
        ("solve FILE --tolerance inf", "not a positive number"),
        ("solve FILE --time nan", "not a number of seconds"),
        ("solve FILE --time -5", "not a number of seconds"),
        ("test FILE --time soon", "not a number of seconds"),
        ("check FILE --memory nanGiB", "not a size"),
        ("check FILE --memory infGiB", "not a size"),
        ("check FILE --memory 4parsec", "not a size"),
        ("check FILE --memory 0", "must be positive"),
        ("check FILE --set accuracy", "not of the form NAME=VALUE"),
        ("check FILE --set accuracy=", "not of the form NAME=VALUE"),
        ("check FILE --set =1", "not of the form NAME=VALUE"),
        ("check FILE --set accuracy=1 --set accuracy=0.9", "set twice"),
        ("info FILE -o t.png", "must end in .svg"),
        ("solve FILE -o x.txt", "must end in .json or .npz"),
        ("solve FILE -o -", "must end in .json or .npz"),
        ("compile FILE -o game", "must end in .npz"),
        ("sweep FILE --vary x=1 -o rows.txt", "must end in .csv or .parquet"),
        ("sweep FILE --vary x=1 --plot rows.pdf", "must end in .svg or .png"),
        ("sweep FILE --vary x=1 --jobs 0", "not a whole number of at least 1"),
        ("info FILE --seed 3", "posg info: error: unrecognized arguments: --seed 3"),
    ],
)
def test_wrong_usage(
    words: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    command, *rest = [DECTIGER if word == "FILE" else word for word in words.split()]
    assert main([command, *rest]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.startswith(f"usage: posg {command} ")
    assert not list(tmp_path.iterdir())


def test_settings_do_not_stay(capsys: pytest.CaptureFixture[str]) -> None:
    for accuracy in ("1/2", "0.9"):
        assert main(["check", DECTIGER, "--set", f"accuracy={accuracy}"]) == 0
    capsys.readouterr()


@pytest.mark.parametrize(
    "words", ["solve FILE -o no/x.json", "compile FILE -o no/x.npz", "info FILE -o no/x.svg"]
)
def test_paths_are_tried_before_the_work(
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([DECTIGER if word == "FILE" else word for word in words.split()]) == 1
    captured = capsys.readouterr()
    assert f"P0815]: cannot write `{words.split()[-1]}`: No such file" in captured.err
    assert not captured.out


def test_policy_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("evaluate", "simulate"):
        assert main([command, DECTIGER, "nofile.json", "--format", "json"]) == 1
        captured = capsys.readouterr()
        assert "P0801]: cannot read `nofile.json`" in captured.err
        assert json.loads(captured.out)["diagnostics"][0]["code"] == "P0801"


def test_check_looks_at_the_compression(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", DECTIGER, "--compression", "last(2)"]) == 0
    capsys.readouterr()
    assert main(["check", DECTIGER, "--compression", "zip"]) == 1
    assert "P0808" in capsys.readouterr().err
