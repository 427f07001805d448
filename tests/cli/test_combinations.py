"""What can be varied: names that exist, once each, and not set otherwise."""

from pathlib import Path

import pytest

from posg.cli import main

DECTIGER = str(Path(__file__).parents[2] / "specs" / "dectiger.posg")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["horizon = 1", "--vary", "horizon = 2"], "horizon is varied twice"),
        (["horizon = 1", "--horizon", "2"], "horizon is varied and set"),
        (["sharing = full", "--sharing", "none"], "sharing is varied and set"),
        (["compression = merge", "--compression", "exact"], "compression is varied and set"),
        (["accuracy = 0.6", "--set", "accuracy=0.7"], "accuracy is varied and set"),
        (["horizon = 0..2"], "'0' is not a whole number of at least 1"),
        (["horizon = 0.5"], "'0.5' is not a whole number of at least 1"),
        (["act.left = 1"], "only sharing and compression have arguments, not act"),
        (["a = 1..999", "--vary", "b = 1..999"], "more than 10000 combinations"),
        (
            ["compression.L = 1", "--method", "sequence-form"],
            "--method sequence-form does not compress anything",
        ),
    ],
)
def test_wrong_usage(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        main(["sweep", DECTIGER, "--vary", *words])
    assert raised.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "code", "place", "said"),
    [
        ("acuracy = 0.6", "P0118", "1:1", "did you mean `accuracy`?"),
        (" compresion = merge", "P0118", "1:2", "did you mean `compression`?"),
        ("sharing.e = 1", "P0403", "1:1", "`delayed` has no parameter `e`"),
        ("compression.L = 1", "P0403", "1:1", "`merge` has no parameter `L`"),
        ("accuracy = 0.6 0.7", "P0001", "1:5", "not expected here"),
        ("sharing.d = 1 +", "P0001", "1:4", "expected"),
        ("sharing = delayed(", "P0014", "1:9", "`(` is never closed"),
    ],
)
def test_wrong_names_and_values(
    text: str, code: str, place: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", DECTIGER, "--vary", text]) == 1
    captured = capsys.readouterr()
    assert f"error[{code}]" in captured.err
    assert f"--> --vary:{place}\n" in captured.err
    assert said in captured.err
    assert not captured.out


def test_no_structure_to_vary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "g.posg"
    file.write_text("game g { agents a, b; horizon 1; reward = 1; }", encoding="utf-8")
    assert main(["sweep", str(file), "--vary", "sharing.d = 0..1"]) == 1
    assert "error[P0807]" in capsys.readouterr().err
    assert main(["sweep", str(file), "--vary", "sharing = full, delayed(1..2)"]) == 0
