"""Standard output that cannot be written."""

import subprocess
import sys
from pathlib import Path

import pytest

import posg.specs

DECTIGER = str(Path(next(iter(posg.specs.__path__))) / "dectiger.posg")
POSG = [sys.executable, "-m", "posg"]


@pytest.mark.parametrize(
    "words",
    [
        ["check", DECTIGER, "--format", "json"],
        ["info", DECTIGER],
        ["check", "no_such_file.posg", "--format", "json"],
    ],
)
def test_closed_pipe_is_silent(words: list[str]) -> None:
    with subprocess.Popen([*POSG, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        said = child.stderr.read().decode()
    assert child.returncode == 141
    assert said.strip() in (
        "",
        "error[P0801]: cannot read `no_such_file.posg`: No such file or directory",
    )


def test_closed_standard_error() -> None:
    words = [*POSG, "check", "no_such_file.posg"]
    with subprocess.Popen(words, stderr=subprocess.PIPE) as child:
        assert child.stderr is not None
        child.stderr.close()
    assert child.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("layout", ["text", "json"])
def test_full_disk(layout: str) -> None:
    with open("/dev/full", "w") as full:
        words = [*POSG, "check", DECTIGER, "--format", layout]
        child = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert child.returncode == 1
    assert child.stderr == "posg: cannot write standard output: No space left on device\n"
