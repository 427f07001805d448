"""Every code has a page whose example shows it, and a way to be reached."""

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import numpy as np
import pytest

from posg.cli import main
from posg.grammar import messages
from posg.grammar.explain import explain
from posg.grammar.messages import MESSAGES
from posg.runtime.errors import LimitError
from posg.runtime.solvers.team_program import solve_team_program

TESTS = Path(__file__).parent
CODES = sorted(MESSAGES)

# Codes that need more than a file to be reached, and the test that does.
AT_RUN_TIME = {
    "P0428": "compiler/test_lift.py",
    "P0430": "runtime/test_evolution.py",
    "P0431": "runtime/test_evolution.py",
    "P0432": "runtime/test_evolution.py",
    "P0433": "runtime/test_evolution.py",
    "P0434": "runtime/test_evolution.py",
    "P0435": "runtime/test_evolution.py",
    "P0436": "api/test_structures.py",
    "P0437": "api/test_structures.py",
    "P0438": "api/test_structures.py",
    "P0601": "runtime/test_planning.py",
    "P0603": "test_explain.py",
    "P0604": "runtime/test_planning.py",
    "P0605": "test_explain.py",
    "P0617": "cli/test_processes.py",
    "P0630": "runtime/learning/test_exploration_policy.py",
    "P0703": "runtime/test_policy_files.py",
    "P0704": "runtime/test_policy_files.py",
    "P0705": "runtime/test_policy_files.py",
    "P0706": "runtime/test_policy_files.py",
    "P0707": "runtime/test_serialize.py",
    "P0712": "runtime/learning/test_checkpoints.py",
    "P0815": "test_explain.py",
    "P0820": "test_explain.py",
    "P0824": "cli/test_sweep_files.py",
    "P0825": "cli/test_sweep_files.py",
    "P0826": "cli/test_compressors.py",
    "P0827": "cli/test_compressors.py",
    "P0828": "cli/test_compressors.py",
    "P0829": "interop/test_sharing_schedule.py",
    "P0930": "interop/test_openspiel.py",
}

# Examples are kept short: on the pages of other codes their variables need have no effect.
IDLE = {"P0321", "P0322", "P0323"}


def page_of(code: str) -> str:
    page = explain(code)
    assert page is not None
    assert page.startswith(f"# {code}: ")
    assert re.findall(r"^## (.*)$", page, flags=re.MULTILINE) == ["What it means", "Example", "Fix"]
    return page


def codes_of(text: str) -> set[str]:
    return set(re.findall(r"^(?:error|warning)\[(P\d{4})\]", text, flags=re.MULTILINE))


def blocks(code: str) -> list[tuple[str, str]]:
    """Language and text of the blocks of a page."""
    pattern = r"^```(posg|dpomdp|pomdp)\n(.*?)^```$"
    return re.findall(pattern, page_of(code), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("code", CODES)
def test_is_reached(code: str) -> None:
    reached = [path for path in TESTS.glob(f"bad/{code}_*") if path.suffix != ".txt"]
    assert bool(reached) != (code in AT_RUN_TIME)
    if not reached:
        assert f'"{code}"' in (TESTS / AT_RUN_TIME[code]).read_text(encoding="utf-8")


# The pages of the syntax codes show parts of games; tests/grammar runs them through the parser.
@pytest.mark.parametrize("code", [code for code in CODES if not code.startswith("P00")])
def test_page(code: str, tmp_path: Path, complaints: Callable[[Path], str]) -> None:
    if code in AT_RUN_TIME:
        assert "```sh\nposg " in page_of(code) or "```sh\npython " in page_of(code)
        return
    (language, example), (_, fix) = blocks(code)
    path = tmp_path / f"{code}_cycle.{language}"  # The name that the page of P0803 imports.
    path.write_text(example, encoding="utf-8")
    assert codes_of(complaints(path)) - (IDLE - {code}) == {code}
    path.write_text(fix, encoding="utf-8")
    assert codes_of(complaints(path)) <= IDLE - {code}


def test_numbers_that_do_not_fit(
    monkeypatch: pytest.MonkeyPatch, complaints: Callable[[Path], str], tmp_path: Path
) -> None:
    monkeypatch.setattr("posg.runtime.pushing.KEY_LIMIT", 1)
    path = tmp_path / "good.posg"
    path.write_text(blocks("P0606")[1][1], encoding="utf-8")
    assert codes_of(complaints(path)) == {"P0603"}


def test_team_program_out_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posg.runtime.solvers.team_program.SECONDS", 0.0)
    table = np.random.default_rng(0).random((9, 5, 9, 5))
    with pytest.raises(LimitError) as caught:
        solve_team_program(table)
    assert caught.value.code == "P0605"


def test_commands_without_a_game(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["new", "treasure"]) == 0
    assert main(["new", "treasure"]) == 1
    assert codes_of(capsys.readouterr().err) == {"P0815"}
    assert main(["explain", "P9999"]) == 1
    assert codes_of(capsys.readouterr().err) == {"P0820"}


def test_no_code_is_given_twice() -> None:
    stages = [
        import_module(f"posg.grammar.messages.{name}")
        for _, name, _ in iter_modules(messages.__path__)
    ]
    codes = [code for stage in stages for code in getattr(stage, "MESSAGES", {})]
    assert sorted(codes) == CODES
