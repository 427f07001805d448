"""Files for Gambit: what policies earn in them, and what Gambit finds."""

from __future__ import annotations

import io
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from posg.api.specs import compile_playable
from posg.interop.gambit import exact_law, number_sets, write_efg, write_nfg
from posg.interop.openspiel import policy_step
from posg.runtime import (
    Game,
    InformationStructure,
    LimitError,
    evaluate_policy,
    expand_common_information,
    plan,
    solve_sequence_form,
)
from posg.runtime.extensive_form import ExtensiveForm, build_extensive_form
from posg.runtime.policies import Policy

from ..runtime.games import full, one_directional, one_step_delay, random_game
from .efg_text import all_nodes, expect, read_efg

SPECS = Path(__file__).parents[2] / "specs"


def form_of(name: str, sharing: str | None = None, horizon: int | None = None) -> ExtensiveForm:
    return build_extensive_form(*compile_playable(SPECS / name, sharing, horizon, {}))


def lotteries(form: ExtensiveForm, seed: int) -> list[list[np.ndarray]]:
    """Distributions over the actions of each agent at each information set, drawn at random."""
    random = np.random.default_rng(seed)
    return [
        [
            random.dirichlet(np.ones(own.kept.shape[1]), size=len(own.common))
            for own in (step.sets[agent] for step in form.steps)
        ]
        for agent in range(len(form.game.agents))
    ]


def policy_of(form: ExtensiveForm, chosen: list[list[np.ndarray]]) -> Policy:
    """The policy that does this."""
    return Policy(
        game=form.game.name,
        sharing=form.information.name,
        concept="nash",
        value={},
        actions=dict(zip(form.game.agents, form.game.labels.actions, strict=True)),
        steps=tuple(
            policy_step(form, number, step, [own[number - 1] for own in chosen])
            for number, step in enumerate(form.steps, start=1)
        ),
    )


def chooser(form: ExtensiveForm, chosen: list[list[np.ndarray]]) -> Any:
    """The same for nodes of the file: what is left out is added to what comes to the same."""
    table: dict[tuple[int, int], tuple[str, dict[str, float]]] = {}
    for agent, names in enumerate(number_sets(form)):
        for number, (own, step) in enumerate(zip(names, form.steps, strict=True), start=1):
            sets, labels = step.sets[agent], form.set_labels(number, agent)
            for place, name in enumerate(own.tolist()):
                actions = form.game.labels.actions[agent]
                row = dict.fromkeys(
                    (actions[k] for k in np.flatnonzero(sets.kept[place]).tolist()), 0.0
                )
                for action, first in enumerate(sets.original[place].tolist()):
                    row[actions[first]] += chosen[agent][number - 1][place, action]
                if name:
                    assert (agent + 1, name) not in table
                    table[agent + 1, name] = (labels[place], row)

    def choose(player: int, number: int, label: str) -> dict[str, float]:
        known, row = table[player, number]
        assert label == known
        return row

    return choose


@pytest.mark.parametrize("sharing", [full, one_step_delay, one_directional])
@pytest.mark.parametrize("seed", range(4))
def test_policies_earn_the_same(sharing, seed: int) -> None:
    game = random_game(
        seed,
        horizon=3 if sharing is one_step_delay else 2,
        states=2 + seed % 2,
        initial_observations=bool(seed % 2),
        kind="general",
        discount=0.9,
    )
    form = build_extensive_form(game, sharing(game))
    players, root = read_efg(write_efg(form))
    assert tuple(players) == game.agents
    nodes = list(all_nodes(root))
    assert len(nodes) <= form.node_count
    for node in nodes:
        if node.kind == "c":
            assert sum(weight or 0 for weight in node.moves.values()) == 1
    chosen = lotteries(form, seed)
    found = expect(root, chooser(form, chosen))
    worth = evaluate_policy(game, form.information, policy_of(form, chosen))
    assert worth.missing == 0
    np.testing.assert_allclose(found, worth.value, atol=1e-12)


def test_actions_that_come_to_the_same_are_left_out() -> None:
    """Kuhn poker has one card each, and two or three turns: its tree is known."""
    form = form_of("kuhn.posg")
    _, root = read_efg(write_efg(form))
    kinds = [node.kind for node in all_nodes(root)]
    assert [kinds.count(kind) for kind in "cpt"] == [1, 24, 30]
    assert root.moves and set(root.moves.values()) == {Fraction(1, 6)}
    sets = {(node.player, node.number) for node in all_nodes(root) if node.kind == "p"}
    assert sets == set(product((1, 2), range(1, 7)))
    chosen = lotteries(form, 0)
    worth = evaluate_policy(form.game, form.information, policy_of(form, chosen)).value
    np.testing.assert_allclose(expect(root, chooser(form, chosen)), worth, atol=1e-12)


def read_nfg(text: str) -> tuple[list[list[str]], np.ndarray]:
    """Names of strategies, and payoffs as an (n, K_1, ..., K_n) array."""
    lines = text.splitlines()
    groups = [line.strip("{} ").strip('"').split('" "') for line in lines[2 : lines.index("}")]]
    rows = np.array(
        [[float(word) for word in line.split()] for line in lines[lines.index("}") + 3 :]]
    )
    return groups, rows.T.reshape(rows.shape[1], *map(len, groups), order="F")


@pytest.mark.parametrize("name", ["kuhn.posg", "random"])
def test_the_normal_form_is_that_of_the_tree(name: str) -> None:
    if name == "random":
        game = random_game(3, horizon=2, states=2, kind="general")
        form = build_extensive_form(game, one_step_delay(game))
    else:
        form = form_of(name)
    groups, payoffs = read_nfg(write_nfg(form))
    _, root = read_efg(write_efg(form))
    assert all(len(set(group)) == len(group) for group in groups)
    # What full pure strategies earn, some profile of the file earns; in Kuhn poker, the other way round too.
    sets = [
        sorted({(n.number, tuple(n.moves)) for n in all_nodes(root) if n.player == player})
        for player in (1, 2)
    ]
    assert [len(group) for group in groups] <= [2 ** len(own) for own in sets]
    random, known = (
        np.random.default_rng(0),
        set(map(tuple, payoffs.reshape(2, -1).T.round(9).tolist())),
    )
    for _ in range(50):
        pure = {
            (player, number): str(random.choice(moves))
            for player, own in enumerate(sets, start=1)
            for number, moves in own
        }

        def choose(player: int, number: int, label: str, pure=pure) -> dict[str, float]:
            moves = dict(sets[player - 1])[number]
            return {move: float(move == pure[player, number]) for move in moves}

        assert tuple(np.round(expect(root, choose), 9).tolist()) in known
    if name == "kuhn.posg":
        reference = pure_matrix(root, sets)
        assert {tuple(row) for row in reference.reshape(2, -1).T.round(9).tolist()} == known


def pure_matrix(root: Any, sets: list[list[tuple[int, tuple[str, ...]]]]) -> np.ndarray:
    """Payoffs of all full pure strategies."""
    plans = [
        [
            dict(zip((number for number, _ in own), picked, strict=True))
            for picked in product(*(moves for _, moves in own))
        ]
        for own in sets
    ]
    cells = [
        [
            expect(
                root,
                lambda player, number, label, both=(first, second): {
                    move: float(move == both[player - 1][number])
                    for move in dict(sets[player - 1])[number]
                },
            )
            for second in plans[1]
        ]
        for first in plans[0]
    ]
    return np.moveaxis(np.array(cells), 2, 0)


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=30))
def test_laws_sum_to_one(weights: list[int]) -> None:
    law = np.array(weights) / sum(weights)
    written = [Fraction(text) for text in exact_law(law)]
    assert sum(written) == 1
    assert min(written) > 0
    np.testing.assert_allclose([float(part) for part in written], law, atol=1e-14)
    for text in exact_law(law):
        assert "/" not in text or int(text.partition("/")[2]) <= 10**6


def test_forgetting() -> None:
    assert form_of("dectiger.posg", horizon=2).forgotten is None
    found = form_of("patrol.posg", horizon=2)
    assert found.forgotten is not None
    assert found.game.agents[found.forgotten.agent] == "raider"


def test_too_large() -> None:
    form = form_of("dectiger.posg", horizon=3)
    with pytest.raises(LimitError, match="P0928"):
        write_nfg(form)
    with pytest.raises(LimitError, match="P0927"):
        build_extensive_form(form.game, form.information, max_nodes=100)


def gambit_value(text: str, kind: str) -> float:
    import pygambit

    game = getattr(pygambit, f"read_{kind}")(io.BytesIO(text.encode()))
    found = pygambit.nash.lp_solve(game, rational=False).equilibria[0]
    return float(found.payoff(next(iter(game.players))))


def planned(game: Game, information: InformationStructure) -> float:
    return float(plan(game, expand_common_information(game, information), concept="nash").value[0])


@pytest.mark.ecosystem
@pytest.mark.parametrize("sharing", [full, one_step_delay])
@pytest.mark.parametrize("seed", range(4))
def test_gambit_finds_our_values(sharing, seed: int) -> None:
    game = random_game(seed, horizon=2, states=2, kind="zero-sum")
    information = sharing(game)
    text = write_efg(build_extensive_form(game, information))
    assert gambit_value(text, "efg") == pytest.approx(planned(game, information), abs=1e-9)


@pytest.mark.ecosystem
def test_gambit_reads_what_the_specs_become() -> None:
    kuhn = form_of("kuhn.posg")
    value = solve_sequence_form(kuhn.game, kuhn.information).value[0]
    assert value == pytest.approx(-1 / 18)
    assert gambit_value(write_efg(kuhn), "efg") == pytest.approx(value, abs=1e-9)
    assert gambit_value(write_nfg(kuhn), "nfg") == pytest.approx(value, abs=1e-9)
    patrol = form_of("patrol.posg", "full", 2)
    value = planned(patrol.game, patrol.information)
    assert gambit_value(write_efg(patrol), "efg") == pytest.approx(value, abs=1e-9)
    for name in ("commons.posg", "jury.posg", "chsh.posg", "dectiger.posg"):
        import pygambit

        form = form_of(
            name, horizon=min(2, compile_playable(SPECS / name, None, None, {})[0].horizon)
        )
        game = pygambit.read_efg(io.BytesIO(write_efg(form).encode()))
        assert [player.label for player in game.players] == list(form.game.agents)
