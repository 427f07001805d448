"""Perfect recall, against a list of all histories."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posg.runtime import Game, InformationStructure, check_perfect_recall
from posg.runtime.information import IncrementLabels, Update

from .games import (
    assemble,
    build_information,
    delayed,
    dense_dynamics,
    full,
    none,
    one_directional,
    random_game,
    uncontrolled,
)
from .reference import Codes, Reference

Past = tuple[int, ...]
"""An agent's initial observation, then its actions and observations in turn."""
Pasts = dict[tuple[Codes, int], set[Past]]


def list_pasts(game: Game, information: InformationStructure, agent: int) -> list[Pasts]:
    """(c_h, p_i) -> all pasts of an agent that can end there, for each h."""
    reference = Reference(game, information)
    plays: set[tuple[int, Codes, Codes, Past]] = {
        (state, (z,), p, (int(seen[agent]),))
        for (chance, state, z, p), seen in zip(
            reference.opening(), game.initial_observation, strict=True
        )
        if chance > 0
    }
    found: list[Pasts] = []
    for step in range(1, game.horizon + 1):
        table: Pasts = {}
        for _, c, p, past in plays:
            table.setdefault((c, p[agent]), set()).add(past)
        found.append(table)
        if step < game.horizon:
            plays = {
                (following, (*c, z), p_next, (*past, a[agent], o[agent]))
                for state, c, p, past in plays
                for a in reference.joint_actions()
                for _, following, o, _ in reference.outcomes(step, state, a)
                for z, p_next in [reference.update(step, p, a, o)]
            }
    return found


def compare(game: Game, information: InformationStructure) -> bool:
    """Check verdicts and witness against the list of pasts."""
    found = check_perfect_recall(game, information)
    first: tuple[int, int] | None = None
    pasts = [list_pasts(game, information, agent) for agent in range(len(game.agents))]
    for agent, name in enumerate(game.agents):
        failing = [
            step
            for step, table in enumerate(pasts[agent], start=1)
            if any(len(several) > 1 for several in table.values())
        ]
        assert found.agents[name] is (not failing)
        if failing:
            first = min(first or (failing[0], agent), (failing[0], agent))
    assert found.size is None
    assert found.holds is (first is None)
    if first is None:
        assert found.witness is None
        return True
    witness = found.witness
    assert witness is not None
    assert (witness.step, witness.agent) == (first[0], game.agents[first[1]])
    step, agent = first
    c = tuple(
        [
            information.increment_labels[at][z]
            for z in range(information.updates[at].increment_count)
        ].index(label)
        for at, label in enumerate(witness.common)
    )
    p = information.private_labels[step - 1][agent].index(witness.private)
    coded = {code_past(game, agent, history) for history in witness.histories}
    assert len(coded) == 2
    assert coded <= pasts[agent][step - 1][c, p]
    assert witness.forgotten
    return False


def code_past(game: Game, agent: int, history) -> Past:
    labels = game.labels
    past: list[int] = []
    if len(labels.initial_observations[agent]) == 1:
        past.append(0)
    for event in history:
        if event.kind == "action":
            names = labels.actions[agent]
        elif event.step == 1:
            names = labels.initial_observations[agent]
        else:
            names = labels.observations[agent]
        past.append(names.index(event.value))
    expected = [
        (at // 2 + 1, "observation" if at % 2 == 0 else "action") for at in range(len(past))
    ]
    offset = 1 if len(labels.initial_observations[agent]) == 1 else 0
    assert [(event.step, event.kind) for event in history] == expected[offset:]
    return tuple(past)


@pytest.mark.parametrize("agents", [2, 3])
@pytest.mark.parametrize("initial", [False, True])
def test_remembering_and_forgetting(agents, initial):
    game = random_game(
        1, agents=agents, states=2, horizon=3 if agents == 2 else 2, initial_observations=initial
    )
    for structure in (none, full, one_directional, lambda game: delayed(game, 2)):
        assert compare(game, structure(game))
    assert not compare(game, uncontrolled(game))
    forgets = build_information(game, [1] * agents, [1, *[None] * (agents - 1)])
    assert not compare(game, forgets)
    assert check_perfect_recall(game, forgets).agents["agent0"]


def thin_game(seed: int, *, horizon: int = 3) -> Game:
    """Few things are possible: what is recalled depends on which."""
    random = np.random.default_rng(seed)
    game = random_game(
        seed, states=3, horizon=horizon, initial_observations=bool(seed % 2), stationary=True
    )
    transition = np.eye(3)[random.integers(0, 3, size=(3, 4))]
    transition += np.eye(3)[random.integers(0, 3, size=(3, 4))]
    emission = np.eye(4)[random.integers(0, 4, size=(4, 3))]
    emission += np.eye(4)[random.integers(0, 4, size=(4, 3))] * (random.random((4, 3, 1)) < 0.3)
    emission /= emission.sum(axis=-1, keepdims=True)
    chances = game.initial_probability * (random.random(len(game.initial_probability)) < 0.4)
    chances[0] += 0.1
    return replace(
        game,
        dynamics=(dense_dynamics(transition / 2, emission),),
        initial_probability=chances / chances.sum(),
    )


def random_information(game: Game, seed: int, *, joint: bool) -> InformationStructure:
    """Tables drawn at random: agents note a digit and announce another."""
    random = np.random.default_rng(seed)
    drawn: dict[Hashable, tuple[int, int]] = {}
    sizes = random.integers(1, 5, size=2)

    def advance(agent, step, private, action, observation):
        key = (agent, step, private, action, observation)
        noted = int(random.integers(sizes[0])), int(random.integers(sizes[1]))
        return drawn.setdefault(key, noted)

    information = assemble(game, advance, "random")
    if not joint:
        return information
    updates: list[Update] = []
    labels: list[IncrementLabels] = []
    for update in information.updates:
        count = int(np.prod(update.common_sizes))
        table = random.integers(0, max(1, count - 1), size=count)
        values, table = np.unique(table, return_inverse=True)
        updates.append(replace(update, joint=table, increment_count=len(values)))
        names = tuple(f"z{value}" for value in range(len(values)))
        labels.append(IncrementLabels(parts=((), ()), joint=names))
    return replace(information, updates=tuple(updates), increment_labels=tuple(labels))


@settings(max_examples=150, deadline=None)
@given(game=st.integers(0, 10**6), structure=st.integers(0, 10**6), joint=st.booleans())
def test_random_structures(game, structure, joint):
    drawn = thin_game(game)
    compare(drawn, random_information(drawn, structure, joint=joint))


def test_random_structures_of_both_kinds():
    """The property above is not about one verdict only."""
    verdicts = set()
    for seed in range(60):
        game = thin_game(seed, horizon=2)
        verdicts.add(compare(game, random_information(game, seed, joint=bool(seed % 3))))
    assert verdicts == {True, False}


def copying(game: Game) -> InformationStructure:
    """Nobody notes its action, but what is observed tells it."""
    return build_information(game, [10**6] * 2, [None] * 2)


def test_recall_through_observations():
    """Actions that are not noted are recalled where observations show them."""
    game = random_game(0, states=2, horizon=3, stationary=True)
    emission = np.zeros((4, 2, 4))
    for action in range(4):
        emission[action, :, action] = 1
    transition = np.full((2, 4, 2), 0.5)
    shown = replace(game, dynamics=(dense_dynamics(transition, emission),))
    assert compare(shown, copying(shown))
    assert not compare(game, copying(game))


def test_recall_that_depends_on_common_information():
    """In state 0 observations show the own action; in state 1 they do not, and c tells which."""
    game = random_game(0, states=2, horizon=3, stationary=True, initial_observations=True)
    transition = np.repeat(np.eye(2)[:, None], 4, axis=1)
    emission = np.zeros((4, 2, 4))
    for action in range(4):
        emission[action, 0, action] = 1
        emission[action, 1, 0] = 1
    chances = np.zeros((2, 2, 2))
    chances[0, 0, 0] = chances[1, 1, 1] = 0.5
    told = replace(
        game,
        dynamics=(dense_dynamics(transition, emission),),
        initial_probability=chances.ravel(),
    )

    def advance(agent, step, private, action, observation):
        return ((*private, observation), observation if step == 1 else ())

    assert not compare(told, assemble(told, advance, "told"))
    sure = replace(told, initial_probability=np.eye(8)[0])
    assert compare(sure, assemble(sure, advance, "told"))


def test_what_supports_decide():
    """Two private values that become the same are never possible at once."""
    game = random_game(0, states=2, horizon=3, stationary=True, initial_observations=True)
    chances = np.zeros((2, 2, 2))
    chances[0, 0, 0] = chances[1, 1, 1] = 0.5
    game = replace(game, initial_probability=chances.ravel())

    def advance(agent, step, private, action, observation):
        if step == 1:
            return (observation,), observation
        return (), (action, observation)

    information = assemble(game, advance, "told")
    assert compare(game, information)
    found = check_perfect_recall(game, information, max_supports=0)
    assert found.holds is True  # The supports of step 1 are known in any case.


def test_too_large_is_undecided():
    game = random_game(0, states=2, horizon=3)

    def advance(agent, step, private, action, observation):
        """Everything is told at once, but at the end a past is thrown together."""
        return (), (action, observation) if step < 3 else (action,)

    information = assemble(game, advance, "late")
    assert compare(game, information) is False
    for limits in ({"max_supports": 0}, {"max_outcomes": 3}):
        found = check_perfect_recall(game, information, **limits)
        assert found.holds is None
        assert set(found.agents.values()) == {None}
        assert found.witness is None
        assert found.size is not None and found.size.startswith("step ")


def test_one_step():
    game = random_game(0, horizon=1, initial_observations=True)
    assert compare(game, none(game))
    assert not compare(game, assemble(game, lambda *_: ((), ()), "nothing"))
