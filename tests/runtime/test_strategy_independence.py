"""The guard: which structures have beliefs that depend on strategies."""

from __future__ import annotations

import pytest

from posg.runtime import check_strategy_independence

from .games import (
    build_information,
    dectiger,
    delayed,
    full,
    none,
    one_directional,
    one_step_delay,
    random_game,
    uncontrolled,
)


@pytest.mark.parametrize("structure", [one_step_delay, full, one_directional])
@pytest.mark.parametrize("agents", [2, 3])
def test_holds_for_every_game(structure, agents):
    game = random_game(agents, agents=agents, initial_observations=agents == 2)
    found = check_strategy_independence(game, structure(game))
    assert (found.holds, found.method) == (True, "numeric")
    assert found.margin is not None and found.margin < 1e-12
    assert found.nodes is not None


@pytest.mark.parametrize(
    ("delay", "action_delay"),
    [((0, 2), (1, None)), ((1, 2), (1, None))],
    ids=["case A", "case B"],
)
def test_asymmetric_delay_needs_a_single_controller(delay, action_delay):
    for controller, expected in ((0, True), (1, False), (None, False)):
        game = random_game(3, controller=controller)
        information = build_information(game, delay, action_delay)
        assert check_strategy_independence(game, information).holds is expected


def test_uncontrolled_structure_needs_an_uncontrolled_game():
    game = random_game(3, uncontrolled=True)
    assert check_strategy_independence(game, uncontrolled(game)).holds
    game = random_game(3)
    assert check_strategy_independence(game, uncontrolled(game)).holds is False


def test_shared_actions_signal_private_observations():
    """Actions shared at once, observations after two steps: fails though nobody controls."""
    game = random_game(3, uncontrolled=True)
    information = build_information(game, (2, 2), (1, 1))
    found = check_strategy_independence(game, information)
    assert found.holds is False
    assert found.witness is not None and found.witness.step == 3


@pytest.mark.parametrize("structure", [none, lambda game: delayed(game, 2)])
def test_witness(structure):
    game = dectiger(3)
    found = check_strategy_independence(game, structure(game))
    assert found.holds is False
    witness = found.witness
    assert witness is not None
    assert len(witness.common) == witness.step
    first, second = witness.beliefs
    assert first.keys() == second.keys()
    assert sum(first.values()) == pytest.approx(1)
    assert sum(second.values()) == pytest.approx(1)
    distance = sum(abs(first[label] - second[label]) for label in first)
    assert witness.distance == pytest.approx(distance)
    assert witness.distance > 0.01
    assert any(label.startswith("tiger=left; alice: ") for label in first)


def test_one_step_games_are_always_independent():
    game = random_game(0, horizon=1, initial_observations=True)
    assert check_strategy_independence(game, none(game)).holds


def test_too_large_is_undecided():
    game = random_game(0)
    found = check_strategy_independence(game, full(game), max_nodes=5)
    assert (found.holds, found.method) == (None, "undecided")
    assert found.limit is not None and found.limit.facts["limit"] == "5"


def test_an_update_is_watched_while_it_is_made(monkeypatch):
    """Whoever stops the work need not wait until F_h is complete."""
    game = random_game(3, agents=2, horizon=2)
    information = none(game)
    seen = []

    def watch(*event):
        seen.append(event)

    assert check_strategy_independence(game, information, progress=watch).holds is False
    whole = len(seen)
    monkeypatch.setattr("posg.runtime.operators.BLOCK", 1)
    seen.clear()
    assert check_strategy_independence(game, information, progress=watch).holds is False
    assert len(seen) > whole
    stopped = check_strategy_independence(game, information, memory_bytes=200)
    assert stopped.holds is None
    assert stopped.limit is not None
    assert (stopped.limit.code, stopped.limit.facts["fits"]) == ("P0602", "1")
