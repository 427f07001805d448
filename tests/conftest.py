"""Options of the test suite, and fixtures that several folders use."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from posg.cli import main

HEADER = re.compile(r"(?://|#) args: (.*)")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def complaints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[Path], str]:
    """What the program says on standard error about a file.

    The file's first line may say how it is run: ``// args: solve --memory 1MiB``. Without it, a spec
    is checked and a file of another format imported.
    """

    def run(path: Path) -> str:
        monkeypatch.chdir(path.parent)
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        header = HEADER.match(first)
        words = ["check" if path.suffix == ".posg" else "import"]
        words = shlex.split(header[1]) if header else words
        main([words[0], path.name, *words[1:]])
        return capsys.readouterr().err

    return run
