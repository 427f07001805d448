"""Sharing structures written in Python, against the same ones written in the language."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Hashable, Mapping
from fractions import Fraction
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import posg
from posg.cli import main
from posg.interop.sharing_schedule import SharingSchedule
from posg.runtime import (
    Automaton,
    AutomatonCompressor,
    Game,
    History,
    HistorySharing,
    UpdateSharing,
    expand_common_information,
    plugins,
)

SPECS = Path(__file__).parents[2] / "specs"
DECTIGER = SPECS / "dectiger.posg"
Seen = Mapping[str, str | None]

MODULE = '''
"""Delays, and what may go wrong."""
from posg.runtime import UpdateSharing

def build(game, options):
    if options["d"] != 1:
        raise ValueError("d is 1")
    def chi(h, p, a, o):
        return None if h == 1 else (tuple(p.values()), tuple(a.values()))
    def xi(h, agent, p, a, o):
        return o
    return chi, xi

delay = UpdateSharing(build=build, parameters={"d": 1})
needs = UpdateSharing(build=build, parameters={"d": None})

def tell(game, options):
    def chi(h, p, a, o):
        return None if h == 1 else (o[options["who"]], tuple(a.values()))
    return chi, lambda h, agent, p, a, o: None

one = UpdateSharing(build=tell, parameters={"who": None})

def signal(game, options):
    return (lambda h, p, a, o: tuple(a.values())), (lambda h, agent, p, a, o: (p, a, o))

actions = UpdateSharing(build=signal)

class Broken:
    parameters = {}
    def __init__(self, made):
        self.made = made
    def inform(self, game, options):
        return self.made(game)

fails = Broken(lambda game: {}["nothing"])
other = Broken(lambda game: 7)
number = 3

def draw(game, options):
    answers = iter(range(10**9))
    return (lambda h, p, a, o: next(answers)), (lambda h, agent, p, a, o: None)

random = UpdateSharing(build=draw)
'''
NAMES = ("delay", "needs", "one", "fails", "other", "number", "random", "full", "actions", "Broken")


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made_up_rules.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "made_up_rules", raising=False)
    found = {
        name: EntryPoint(name, f"made_up_rules:{name}", "posg.sharing")
        for name in (*NAMES, "absent")
    }
    monkeypatch.setattr(plugins, "registered", lambda group: found if "sharing" in group else {})


def one_step(
    _: Game, __: Mapping[str, Fraction | str]
) -> tuple[
    Callable[[int, Mapping[str, Hashable], Seen, Seen], Hashable],
    Callable[[int, str, Hashable, str | None, str | None], Hashable],
]:
    """One-step delay by χ and ξ."""

    def chi(h: int, p: Mapping[str, Hashable], a: Seen, o: Seen) -> Hashable:
        return None if h == 1 else (tuple(p.values()), tuple(a.values()))

    def xi(h: int, agent: str, p: Hashable, a: str | None, o: str | None) -> Hashable:
        return o

    return chi, xi


def known_after(
    _: Game, __: Mapping[str, Fraction | str]
) -> tuple[Callable[[History], frozenset[Hashable]], Callable[[str, History], Hashable]]:
    """One-step delay by histories."""

    def common(history: History) -> frozenset[Hashable]:
        acts = enumerate(history.actions)
        sights = enumerate((history.initial, *history.observations[:-1])) if history.actions else ()
        return frozenset(
            (what, step, agent, value)
            for what, values in (("a", acts), ("o", sights))
            for step, seen in values
            for agent, value in seen.items()
        )

    def private(agent: str, history: History) -> Hashable:
        return (history.observations or (history.initial,))[-1][agent]

    return common, private


@pytest.mark.parametrize("file", ["dectiger.posg", "commons.posg", "patrol.posg", "quantised.posg"])
def test_chi_and_xi_are_the_rules(file: str) -> None:
    words = posg.compile(SPECS / file, "delayed(d = 1)", horizon=3)
    for made in (
        UpdateSharing(name="mine", build=one_step),
        HistorySharing(name="mine", build=known_after),
    ):
        found = posg.compile(SPECS / file, made, horizon=3)
        assert found.rules is None and found.information.name == "mine"
        sizes = [
            expand_common_information(each.game, each.information).node_counts
            for each in (words, found)
        ]
        assert sizes[0] == sizes[1]
        wanted, result = posg.solve(words), posg.solve(found)
        assert result.gap is not None and result.gap < 1e-6
        if wanted.concept in ("nash", "team"):
            assert list(result.value.values()) == pytest.approx(
                list(wanted.value.values()), abs=1e-6
            )


def test_histories_show_where_assumption_1_fails() -> None:
    def build(
        game: Game, _: Mapping[str, Fraction | str]
    ) -> tuple[Callable[[History], frozenset[Hashable]], Callable[[str, History], Hashable]]:
        common = known_after(game, {})[0]
        return common, lambda agent, history: len(history.actions)  # what was seen is forgotten

    with pytest.raises(posg.SpecError) as caught:
        posg.compile(DECTIGER, HistorySharing(build=build), horizon=3)
    assert [d.code for d in caught.value.bag.diagnostics] == ["P0433"]


def test_windows_are_windows_of_increments() -> None:
    made = posg.compile(DECTIGER, UpdateSharing(build=one_step), horizon=4)
    assert made.timestamps.need_increments(1)
    exact = posg.solve(made, compression="exact")
    values = [
        posg.solve(made, compression=f"last({length})").value["alice"] for length in (1, 2, 3)
    ]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(exact.value["alice"], abs=1e-9)


def test_a_structure_in_python_is_learnt() -> None:
    made = posg.compile(DECTIGER, UpdateSharing(build=one_step), horizon=3)
    learnt = posg.learn(made, 40_000, seed=1)
    best = posg.solve(made).value["alice"]
    assert best - 1 < learnt.value["alice"] <= best + 1e-9


def test_a_compressor_may_be_an_object() -> None:
    steps = AutomatonCompressor(
        build=lambda *_: Automaton(initial=0, follow=lambda state, _: state + 1)  # type: ignore[operator]
    )
    result = posg.solve(DECTIGER, "full", horizon=4, compression=steps)
    assert result.gap is not None and result.gap > 1
    with pytest.raises(posg.ProblemError, match="P0826"):
        posg.solve(
            DECTIGER,
            compression=AutomatonCompressor(build=lambda *_: 0, parameters={"n": None}),  # type: ignore[arg-type,return-value]
        )
    with pytest.raises(posg.ProblemError, match="P0436"):
        posg.compile(DECTIGER, UpdateSharing(build=one_step, parameters={"n": None}))


@pytest.mark.usefixtures("_installed")
def test_commands_take_installed_structures(capsys: pytest.CaptureFixture[str]) -> None:
    def said(*words: str) -> dict[str, object]:
        assert main([*words, "--format", "json"]) == 0
        found: dict[str, object] = json.loads(capsys.readouterr().out)
        return found

    short = ("--horizon", "3")
    for command in ("check", "info"):
        mine = said(command, str(DECTIGER), "--sharing", "delay(d = 1)", *short)
        language = said(command, str(DECTIGER), "--sharing", "delayed(d = 1)", *short)
        assert mine["sharing"] == "delay(d = 1)"
        assert mine.get("private") == language.get("private")
    mine, language = (
        said("check", str(DECTIGER), "--sharing", name, *short) for name in ("delay", "delayed(1)")
    )
    for key in ("assumption_1", "assumption_2", "perfect_recall", "nested_information", "class"):
        assert mine[key] == language[key]
    sizes = mine["sizes"]
    assert isinstance(sizes, dict) and sizes["length"] is None
    independent = mine["assumption_3"]
    assert isinstance(independent, dict)
    assert independent["holds"] is True and independent["method"] == "numeric"
    for command in ("check", "info"):
        assert main([command, str(DECTIGER), "--sharing", "delay", *short]) == 0
        assert "delay" in capsys.readouterr().out
    told = said("solve", str(DECTIGER), "--sharing", "one(who = alice)", *short)
    assert told["sharing"] == "one(who = alice)"
    # A name of the library's stays the library's.
    assert said("info", str(DECTIGER), "--sharing", "full", *short)["core"] is not None


@pytest.mark.usefixtures("_installed")
def test_dependence_on_strategies_has_a_witness_and_no_repair(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["check", str(SPECS / "kuhn.posg"), "--sharing", "actions"]
    assert main([*command, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["assumption_3"]
    assert found["holds"] is False and found["method"] == "numeric"
    assert found["witness"]["distance"] > 0
    assert "cause" not in found and "repair" not in found
    assert main(command) == 0
    text = capsys.readouterr().out
    assert "Assumption 3 (strategy independence): fails" in text
    assert "the belief moves by" in text and "repair" not in text


@pytest.mark.usefixtures("_installed")
def test_expectations_and_sweeps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = DECTIGER.read_text(encoding="utf-8")
    lines = """
    expect assumption_1 with sharing delay(1), horizon 3;
    expect not assumption_1 with sharing random, horizon 2;
    expect gap <= 1e-9 with sharing delay, horizon 3;
    """
    file = tmp_path / "used.posg"
    file.write_text(f"{text[: text.rindex('}')]} {lines} }}", encoding="utf-8")
    assert main(["test", str(file), "--format", "json"]) == 0
    outcomes = json.loads(capsys.readouterr().out)["outcomes"]
    assert [outcome["passed"] for outcome in outcomes[-3:]] == [True] * 3
    sweep = ["sweep", str(DECTIGER), "--vary", "sharing = delay, one(alice), delayed(1)"]
    assert main([*sweep, "--horizon", "3", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert rows[0]["value"] == pytest.approx(rows[2]["value"])


@pytest.mark.usefixtures("_installed")
def test_mistakes_are_shown_where_the_structure_is_called(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for call, code, words in (
        ("delay(2)", "P0436", "d is 1"),
        ("needs", "P0404", "`d`"),
        ("delay(1, 2)", "P0402", "2 instead of 1"),
        ("delay(e = 1)", "P0403", "`e`"),
        ("delay(near)", "P0106", "`d` of `delay` must be a constant"),
        ("fails", "P0437", "KeyError"),
        ("other", "P0437", "it made a int and no InformationStructure"),
        ("number", "P0437", "has no `parameters` or no `inform`"),
        ("Broken", "P0437", "is a class, not an object"),
        ("absent", "P0437", "has no attribute 'absent'"),
        ("random", "P0430", "two answers"),
        ("delai", "P0401", "`delay`"),
    ):
        assert main(["check", str(DECTIGER), "--sharing", call, "--horizon", "2"]) == 1
        text = capsys.readouterr().err
        assert f"[{code}]" in text and words in text, (call, text)
        assert "Traceback" not in text


@pytest.mark.usefixtures("_installed")
def test_what_reads_rules_refuses_structures_without(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    image = str(tmp_path / "timeline.svg")
    command = ["info", str(DECTIGER), "--sharing", "delay", "--horizon", "3"]
    assert main([*command, "-o", image]) == 1
    code = "P0438"
    assert f"error[{code}]: sharing structure `delay` is written in" in capsys.readouterr().err
    assert main(["check", str(SPECS / "jury.posg"), "--sharing", "actions", "--lift"]) == 1
    assert f"error[{code}]" in capsys.readouterr().err
    with pytest.raises(posg.SpecError) as caught:
        SharingSchedule(("a", "b"), "delay", None)
    assert [d.code for d in caught.value.bag.diagnostics] == [code]
