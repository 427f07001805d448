"""The packages in docs/ are installed, and posg finds what they register."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).parents[2]
DECTIGER = TOP / "specs" / "dectiger.posg"


def installed(name: str, scratch: Path, *words: str) -> Any:  # Any: a JSON object
    """Install a package of docs/how-to, and solve a game with it."""
    source, target = scratch / "source", scratch / "target"
    source.mkdir()
    for file in (TOP / "docs" / "how-to" / name).glob("*.[pt]*"):
        (source / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--target", str(target))
    pip = [sys.executable, "-m", "pip", "install", "-q", *offline, str(source)]
    subprocess.run(pip, check=True, timeout=120)
    path = os.pathsep.join(filter(None, (str(target), os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", "posg", "solve", str(DECTIGER), *words, "--format", "json"]
    done = subprocess.run(
        command,
        check=True,
        timeout=120,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    return json.loads(done.stdout)


@pytest.mark.slow
def test_a_compressor(tmp_path: Path) -> None:
    words = ("--sharing", "full", "--horizon", "4", "--compression", "hints")
    found = installed("example-compressor", tmp_path, *words)
    assert found["compression"] == "hints(3)"
    assert found["model"]["nodes"] == [1, 3, 5, 7]
    assert found["certificate"]["method"] == "exact"
    assert found["certificate"]["gap"] < 1e-9


@pytest.mark.slow
def test_a_sharing_structure(tmp_path: Path) -> None:
    found = installed("example-sharing", tmp_path, "--sharing", "bell(2)", "--horizon", "4")
    assert found["sharing"] == "bell(2)"
    assert found["certificate"]["method"] == "exact"
    assert found["certificate"]["gap"] < 1e-9
