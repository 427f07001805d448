"""Information structures written in Python, and what is wrong with some of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from posg.compiler.pipeline import Request, compile_game
from posg.compiler.program import load
from posg.grammar.diagnostics import Bag, Diagnostic
from posg.grammar.render import word
from posg.grammar.source import Source
from posg.runtime import (
    Game,
    History,
    InformationStructure,
    LimitError,
    ProblemError,
    certify_policy,
    check_perfect_recall,
    check_strategy_independence,
    check_tables,
    derive_information,
    expand_common_information,
    plan,
    tabulate_information,
)
from posg.runtime.information import IncrementLabels

from .games import dectiger, delayed, full, none, one_step_delay, random_game

SPECS = Path(__file__).parents[2] / "specs"


def one_step_chi(step, p, a, o):
    return None if step == 1 else tuple((agent, p[agent], a[agent]) for agent in p)


def one_step_xi(step, agent, p, a, o):
    return o


def same_structure(game: Game, one: InformationStructure, two: InformationStructure) -> None:
    """The two lead to equally many common histories and the same values."""
    first, second = (expand_common_information(game, i, refuse=False) for i in (one, two))
    assert first.history_counts == second.history_counts
    assert first.node_counts == second.node_counts
    assert first.margin == pytest.approx(second.margin, abs=1e-9)
    assert one.private_counts == two.private_counts
    recalls = [check_perfect_recall(game, i).agents for i in (one, two)]
    assert recalls[0] == recalls[1]
    if check_strategy_independence(game, one).holds:
        plans = [plan(game, nodes, concept="team").value for nodes in (first, second)]
        assert plans[0] == pytest.approx(plans[1], abs=1e-9)


@pytest.mark.parametrize("agents", [2, 3])
@pytest.mark.parametrize("initial", [False, True])
def test_one_step_delay(agents, initial):
    horizon = 3 if agents == 2 else 2
    game = random_game(3, agents=agents, states=2, horizon=horizon, initial_observations=initial)
    written = tabulate_information(game, name="mine", chi=one_step_chi, xi=one_step_xi)
    check_tables(game, written)
    same_structure(game, written, one_step_delay(game))


def test_one_step_delay_of_a_compiled_game():
    path = SPECS / "dectiger.posg"
    bag = Bag()
    program = load(Source(str(path), path.read_text()), lambda p: Path(p).read_text(), bag)
    assert program is not None
    compiled = compile_game(program, Request(horizon=3, sharing="delayed(d = 1)"), bag)
    assert compiled is not None
    game = compiled.game
    written = tabulate_information(game, name="mine", chi=one_step_chi, xi=one_step_xi)
    same_structure(game, written, compiled.information)
    solution = plan(game, expand_common_information(game, written), concept="team")
    assert solution.value[0] == pytest.approx(8.815, abs=1e-6)
    certificate = certify_policy(game, written, solution.policy, concept="team")
    assert certificate.gap == pytest.approx(0, abs=1e-6)


def tables(game: Game, structure: InformationStructure) -> InformationStructure:
    """Read χ and ξ of a structure through functions of labels."""

    def codes(step, agent, p, a, o):
        labels = game.labels
        if step == 1:
            return 0, 0, labels.initial_observations[agent].index(o) if o is not None else 0
        return p, labels.actions[agent].index(a), labels.observations[agent].index(o)

    def chi(step, p, a, o):
        update = structure.updates[step - 1]
        z = 0
        for place, agent in enumerate(game.agents):
            own = codes(step, place, p[agent], a[agent], o[agent])
            z = z * update.common_sizes[place] + int(update.common[place][own])
        return z if update.joint is None else int(update.joint[z])

    def xi(step, agent, p, a, o):
        place = game.agents.index(agent)
        table = structure.updates[step - 1].private[place]
        return int(table[codes(step, place, p, a, o)])

    return tabulate_information(game, name="read", chi=chi, xi=xi)


@pytest.mark.parametrize("structure", [full, none, lambda game: delayed(game, 2), one_step_delay])
@pytest.mark.parametrize("initial", [False, True])
def test_tables_survive_the_way_through_functions(structure, initial):
    game = random_game(1, states=2, horizon=3, initial_observations=initial)
    information = structure(game)
    again = tables(game, information)
    check_tables(game, information)
    check_tables(game, again)
    same_structure(game, again, information)


def common_after(history: History, delay: int) -> set[object]:
    """Everything at least ``delay`` steps old."""
    step = len(history.actions) + 1
    known: set[object] = set()
    for at, a in enumerate(history.actions, start=1):
        known |= {("a", at, *item) for item in a.items() if at + delay <= step}
    for at, o in enumerate([history.initial, *history.observations], start=1):
        known |= {
            ("o", at, *item) for item in o.items() if at + delay <= step and item[1] is not None
        }
    return known


def private_after(agent: str, history: History, delay: int) -> object:
    """What the agent did and saw less than ``delay`` steps ago."""
    step = len(history.actions) + 1
    observations = [history.initial, *history.observations]
    return tuple(
        [("a", at, a[agent]) for at, a in enumerate(history.actions, 1) if at + delay > step]
        + [("o", at, o[agent]) for at, o in enumerate(observations, 1) if at + delay > step]
    )


@pytest.mark.parametrize("delay", [1, 2])
@pytest.mark.parametrize("initial", [False, True])
def test_derived_from_histories(delay, initial):
    game = random_game(2, states=2, horizon=3, initial_observations=initial)
    found = derive_information(
        game,
        name="mine",
        common=lambda history: common_after(history, delay),
        private=lambda agent, history: private_after(agent, history, delay),
    )
    check_tables(game, found)
    same_structure(game, found, delayed(game, delay))


def test_knowing_nothing():
    game = dectiger(3)
    found = derive_information(
        game, name="mine", common=lambda history: set(), private=lambda agent, history: None
    )
    assert found.private_counts == ((1, 1),) * 3
    assert [update.increment_count for update in found.updates] == [1, 1, 1]
    assert found.private_labels[0][0] == ("nothing",)


def complaint(error: ProblemError) -> str:
    """All that is said about a problem."""
    wording = word(Diagnostic(error.code, None, error.facts))
    text = "\n".join((wording.text, *wording.notes, *wording.helps))
    assert "{" not in text.replace("frozenset({", "")
    return text


def test_two_answers():
    game = random_game(0, horizon=2)
    ticks = count()
    for name, chi, xi in (
        ("chi", lambda *_: next(ticks), one_step_xi),
        ("xi", one_step_chi, lambda *_: next(ticks)),
    ):
        with pytest.raises(ProblemError) as caught:
            tabulate_information(game, name="mine", chi=chi, xi=xi)
        assert caught.value.code == "P0430"
        assert f"`{name}` gives two answers to one question at step 1" in complaint(caught.value)


def test_not_hashable():
    game = random_game(0, horizon=2)
    with pytest.raises(ProblemError) as caught:
        tabulate_information(game, name="mine", chi=one_step_chi, xi=lambda *_: [1])
    assert caught.value.code == "P0431"
    assert "it returned [1]" in complaint(caught.value)
    with pytest.raises(ProblemError) as caught:
        derive_information(
            game, name="mine", common=lambda _: set(), private=lambda agent, _: {agent}
        )
    assert caught.value.code == "P0431"
    with pytest.raises(ProblemError) as caught:
        derive_information(game, name="mine", common=lambda _: [[]], private=lambda *_: None)
    assert caught.value.code == "P0431"


def actions_of(history: History, steps: slice) -> set[object]:
    listed = list(enumerate(history.actions, 1))[steps]
    return {(step, *item) for step, a in listed for item in a.items()}


def test_forgetting_common_information():
    game = dectiger(3)
    with pytest.raises(ProblemError) as caught:
        derive_information(
            game,
            name="mine",
            common=lambda history: actions_of(history, slice(-1, None)),
            private=lambda agent, history: None,
        )
    assert caught.value.code == "P0432"
    said = complaint(caught.value)
    assert "`1, alice, listen` was common information and is so no more at step 3" in said
    assert "after a[alice]@1=listen, a[bob]@1=listen, o[alice]@2=left" in said


def test_sharing_what_nobody_remembers():
    game = dectiger(3)
    with pytest.raises(ProblemError) as caught:
        derive_information(
            game,
            name="mine",
            common=lambda history: actions_of(history, slice(0, -1)),
            private=lambda agent, history: None,
        )
    assert caught.value.code == "P0433"
    said = complaint(caught.value)
    assert "at step 3 is no function of (p, a, o')" in said
    assert "with the same p, a and o'" in said


def test_private_information_from_nowhere():
    game = dectiger(3)
    cases = {
        "others": lambda agent, history: tuple(
            tuple(o.values()) for o in history.observations[-1:]
        ),
        "before": lambda agent, history: tuple(o[agent] for o in history.observations[:-1]),
    }
    for private in cases.values():
        with pytest.raises(ProblemError) as caught:
            derive_information(game, name="mine", common=lambda history: set(), private=private)
        assert caught.value.code == "P0434"
        assert "the private information of " in complaint(caught.value)


def test_too_many():
    game = dectiger(3)
    with pytest.raises(LimitError) as caught:
        tabulate_information(game, name="mine", chi=one_step_chi, xi=one_step_xi, max_cases=10)
    assert caught.value.code == "P0427"
    complaint(caught.value)
    with pytest.raises(LimitError) as caught:
        derive_information(
            game,
            name="mine",
            common=lambda history: set(),
            private=lambda agent, history: None,
            max_histories=10,
        )
    assert caught.value.code == "P0426"
    complaint(caught.value)


def test_tables_that_do_not_fit():
    game = random_game(0, horizon=3, initial_observations=True)
    good = one_step_delay(game)
    check_tables(game, good)
    first, second, third = good.updates

    def broken(**changes: object) -> InformationStructure:
        return replace(good, updates=(first, replace(second, **changes), third))

    private, common = second.private, second.common
    z = second.increment_count
    joint = np.arange(z)
    named = replace(good.increment_labels[1], joint=tuple(f"z{k}" for k in range(z)))
    wrong = {
        "number of updates": replace(good, updates=(first, second)),
        "number of private labels": replace(good, private_labels=good.private_labels[:2]),
        "number of increment labels": replace(good, increment_labels=good.increment_labels[:1]),
        "number of tables of ξ": broken(private=private[:1]),
        "number of tables of χ": broken(common=common[:1]),
        "number of sizes of χ": broken(common_sizes=second.common_sizes[:1]),
        "shape of ξ for agent1": broken(private=(private[0], private[1][:1])),
        "shape of χ for agent0": broken(common=(common[0][:, :1], common[1])),
        "range of ξ for agent0": broken(private=(private[0] + 1, private[1])),
        "range of χ for agent1": broken(common=(common[0], common[1] - 1)),
        "number of increments": broken(increment_count=z + 1),
        "length of the joint part of χ": broken(joint=joint[1:]),
        "range of the joint part of χ": broken(joint=joint + 1),
        "number of distinct labels of increments": broken(joint=joint),
        "number of distinct private labels of agent0": replace(
            good,
            private_labels=(
                good.private_labels[0],
                (("x",) * 2, good.private_labels[1][1]),
                good.private_labels[2],
            ),
        ),
        "number of distinct labels for the part of agent0 in the increment": replace(
            good,
            increment_labels=(
                good.increment_labels[0],
                IncrementLabels(parts=(("x",) * 4, good.increment_labels[1].parts[1]), joint=None),
                good.increment_labels[2],
            ),
        ),
    }
    for what, information in wrong.items():
        with pytest.raises(ProblemError) as caught:
            check_tables(game, information)
        assert caught.value.code == "P0435"
        assert caught.value.facts["what"] == what
        complaint(caught.value)
    labels = (good.increment_labels[0], named, good.increment_labels[2])
    check_tables(game, replace(broken(joint=joint), increment_labels=labels))
