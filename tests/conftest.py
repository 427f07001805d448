"""Options of the test suite, and fixtures that several folders use."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from posg.cli import main

HEADER = "// args: "


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

    The file's first line may say how it is run: ``// args: solve --memory 1MiB``. Without it, it is
    checked.
    """

    def run(path: Path) -> str:
        monkeypatch.chdir(path.parent)
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        words = shlex.split(first.removeprefix(HEADER)) if first.startswith(HEADER) else ["check"]
        main([words[0], path.name, *words[1:]])
        return capsys.readouterr().err

    return run
