"""The parts of ``posg check`` beyond the assumptions: sizes, nested information, theory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import posg.specs
from posg.cli import main

FOLDER = Path(next(iter(posg.specs.__path__)))


def check(capsys: pytest.CaptureFixture[str], name: str, *options: str) -> dict[str, Any]:
    assert main(["check", str(FOLDER / f"{name}.posg"), *options, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def text(capsys: pytest.CaptureFixture[str], name: str, *options: str) -> str:
    assert main(["check", str(FOLDER / f"{name}.posg"), *options]) == 0
    return capsys.readouterr().out


def test_sizes(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = check(capsys, "dectiger", "--horizon", "5")["sizes"]
    assert sizes["common"] == sizes["common_at_most"] == [1, 9, 324, 11664, 419904]
    assert sizes["length"] == 4
    assert sizes["compressions"]["exact"]["nodes"] == sizes["common"]
    windows = sizes["compressions"]["last(1)"]
    # What is common of the last step is a_{h-1}: o_h is still private, and o_{h-1} is older.
    assert windows["nodes_at_least"] == windows["nodes_at_most"] == [1, 9, 9, 9, 9]
    assert 0 < windows["bytes"] < sizes["compressions"]["merge"]["bytes_at_most"]
    assert windows["seconds"] > 0
    assert set(sizes["compressions"]) == {"exact", "merge", "last(1)", "last(2)"}
    asked = check(capsys, "dectiger", "--horizon", "7", "--compression", "last(4)")["sizes"]
    assert asked["compressions"]["last(4)"]["nodes_at_most"][-1] == 9 * 36**3
    assert sizes["compressions"]["merge"]["nodes_at_least"] == [1, 1, 1, 1, 1]
    options = ("dectiger", "--sharing", "full", "--horizon", "7", "--compression", "net(0.1)")
    net = check(capsys, *options)["sizes"]["compressions"]["net(0.1)"]
    assert net == {"nodes_at_least": [1] * 7, "nodes_at_most": [1, *[21] * 6]}
    assert "net(0.1) 1 to 21," in text(capsys, *options)
    assert "exact 419,904 (" in text(capsys, "dectiger", "--horizon", "5")


def test_sizes_are_not_built(capsys: pytest.CaptureFixture[str]) -> None:
    found = check(capsys, "dectiger", "--horizon", "60")
    assert found["sizes"]["common"][-1] == 9 * 36**58
    assert found["assumption_3"] == {"holds": True, "method": "structure"}
    shown = text(capsys, "dectiger", "--horizon", "60")
    assert "..." in shown
    assert "e+" in shown


def test_lemma_1_needs_perfect_recall(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(capsys, "dectiger")["lemma_1"] == {"step": 3, "bound": 1296, "found": 1296}
    assert check(capsys, "patrol")["lemma_1"] is None


@pytest.mark.parametrize(
    ("name", "sharing", "nested"),
    [
        ("dectiger", "full", {"alice": ["bob"], "bob": ["alice"]}),
        ("dectiger", "delayed(d = 1)", {"alice": [], "bob": []}),
        ("dectiger", "one_directional(alice, bob)", {"alice": ["bob"], "bob": []}),
    ],
)
def test_nested_information(
    capsys: pytest.CaptureFixture[str], name: str, sharing: str, nested: dict[str, list[str]]
) -> None:
    assert check(capsys, name, "--sharing", sharing)["nested_information"] == nested
    shown = text(capsys, name, "--sharing", sharing)
    if not any(nested.values()):
        assert "Nested" not in shown
    elif all(nested.values()):
        assert "all agents know the same" in shown
    else:
        assert "bob knows all that alice knows" in shown


@pytest.mark.parametrize(
    ("name", "applies"),
    [
        ("dectiger", [True, True, False, False]),
        ("paper_example_3", [True, True, True, True]),
        ("kuhn", [False, False, False, False]),
    ],
)
def test_theory(capsys: pytest.CaptureFixture[str], name: str, applies: list[bool]) -> None:
    theory = check(capsys, name)["theory"]
    assert [theorem["applies"] for theorem in theory] == applies
    assert [theorem["theorems"] for theorem in theory] == ["1", "2, 6", "3, 7", "5, 9"]
    shown = text(capsys, name).splitlines()
    assert shown[shown.index("Theory") + 1].startswith("  Theorem 1 ")
