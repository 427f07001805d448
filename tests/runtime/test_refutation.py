"""Witnesses against Assumption 3, against enumeration of all plays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from posg.compiler.pipeline import Request, compile_game
from posg.compiler.program import load
from posg.grammar.diagnostics import Bag
from posg.grammar.source import Source
from posg.runtime import (
    BeliefWitness,
    Game,
    InformationStructure,
    build_pure_policy,
    check_strategy_independence,
    evaluate_policy,
)
from posg.runtime.information import IncrementLabels

from .games import (
    NEVER,
    build_information,
    delayed,
    dense_dynamics,
    none,
    random_game,
    uncontrolled,
)
from .reference import Chances, Codes, Reference

SPECS = Path(__file__).parents[2] / "specs"


def beliefs_at(
    reference: Reference, chances: Chances, horizon: int
) -> dict[Codes, dict[tuple[int, Codes], float]]:
    """P(s_h, p_h, c_h) for all c_h by enumerating all plays of a policy."""
    found: dict[Codes, dict[tuple[int, Codes], float]] = {}

    def visit(step: int, weight: float, state: int, c: Codes, p: Codes) -> None:
        if step == horizon:
            cell = found.setdefault(c, {})
            cell[state, p] = cell.get((state, p), 0.0) + weight
            return
        rows = [chances(i, step, c, p[i]) for i in reference.agents]
        for a in reference.joint_actions():
            chance = float(np.prod([row.get(a[i], 0.0) for i, row in enumerate(rows)]))
            if chance > 0:
                for likely, following, o, _ in reference.outcomes(step, state, a):
                    z, p_next = reference.update(step, p, a, o)
                    visit(step + 1, weight * chance * likely, following, (*c, z), p_next)

    for likely, state, z, p in reference.opening():
        if likely > 0:
            visit(1, likely, state, (z,), p)
    return found


def name_of(game: Game, information: InformationStructure, step: int, event) -> str:
    state, p = event
    parts = [game.labels.states[state]]
    for agent, names, value in zip(
        game.agents, information.private_labels[step - 1], p, strict=True
    ):
        if len(names) > 1:
            parts.append(f"{agent}: {names[value]}")
    return "; ".join(parts)


def confirm(game: Game, information: InformationStructure) -> BeliefWitness:
    """Recompute everything that a witness says."""
    found = check_strategy_independence(game, information)
    assert found.holds is False
    witness = found.witness
    assert witness is not None
    reference = Reference(game, information)
    for choices, reported in zip(witness.policies, witness.beliefs, strict=True):
        policy = build_pure_policy(game, information, choices)
        at = beliefs_at(reference, reference.lookup(policy), witness.step)
        labels = {
            tuple(information.increment_labels[k][z] for k, z in enumerate(c)): cell
            for c, cell in at.items()
        }
        cell = labels[witness.common]
        mass = sum(cell.values())
        assert mass > 0
        named = {
            name_of(game, information, witness.step, event): value / mass
            for event, value in cell.items()
        }
        assert named.keys() <= reported.keys()
        for label, chance in reported.items():
            assert chance == pytest.approx(named.get(label, 0.0), abs=1e-12)
        assert evaluate_policy(game, information, policy).missing == 0
    first, second = witness.beliefs
    assert witness.distance == pytest.approx(sum(abs(first[k] - second[k]) for k in first))
    assert witness.distance > 1e-6
    assert witness.differences
    assert {d.step for d in witness.differences} == {witness.step - 1}
    assert all(d.actions[0] != d.actions[1] for d in witness.differences)
    keys = [(c.step, c.agent, c.private) for c in witness.policies[0]]
    assert len(set(keys)) == len(keys)
    return witness


def independent_before(game: Game, information: InformationStructure, step: int) -> bool:
    """Whether beliefs at a step agree under two ways of playing everything."""
    reference = Reference(game, information)
    random = np.random.default_rng(step)
    rows: dict[tuple[int, int, Codes, int], dict[int, float]] = {}

    def uniform(agent: int, step: int, c: Codes, p: int) -> dict[int, float]:
        count = game.action_counts[agent]
        return dict.fromkeys(range(count), 1 / count)

    def mixed(agent: int, step: int, c: Codes, p: int) -> dict[int, float]:
        drawn = random.dirichlet(np.ones(game.action_counts[agent]))
        return rows.setdefault((agent, step, c, p), dict(enumerate(drawn.tolist())))

    one, two = (beliefs_at(reference, chances, step) for chances in (uniform, mixed))
    return all(
        abs(one[c][event] / sum(one[c].values()) - two[c][event] / sum(two[c].values())) < 1e-9
        for c in one
        for event in one[c]
    )


def signals(game: Game) -> InformationStructure:
    n = len(game.agents)
    return build_information(game, [2] * n, [1] * n)


STRUCTURES = {
    "none": none,
    "delayed": lambda game: delayed(game, 2),
    "signals": signals,
    "uncontrolled": uncontrolled,
}


@pytest.mark.parametrize("agents", [2, 3])
@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("initial", [False, True])
def test_random_games(agents, structure, initial):
    for seed in range(4 if agents == 2 else 1):
        game = random_game(
            seed, agents=agents, states=2, horizon=3, initial_observations=initial and agents == 2
        )
        information = STRUCTURES[structure](game)
        witness = confirm(game, information)
        assert all(independent_before(game, information, t) for t in range(1, witness.step))
        assert not independent_before(game, information, witness.step)


def test_one_choice_is_enough_where_it_can_be():
    game = random_game(0, states=2, horizon=3)
    for structure in STRUCTURES.values():
        assert len(confirm(game, structure(game)).differences) == 1


def test_deterministic():
    game = random_game(5, horizon=3)
    first, second = (
        check_strategy_independence(game, none(game)).witness,
        check_strategy_independence(game, none(game)).witness,
    )
    assert first == second


@pytest.mark.parametrize("structure", STRUCTURES)
def test_constructed_pairs(structure, monkeypatch):
    """Where there are too many prescriptions to look at all of them."""
    monkeypatch.setattr("posg.runtime.refutation._MAX_PROFILES", 0)
    for seed in range(3):
        game = random_game(seed, states=2, horizon=3, actions=3)
        assert len(confirm(game, STRUCTURES[structure](game)).differences) == 1


@pytest.mark.parametrize("limit", [0, 4096])
def test_two_choices_where_one_is_not_enough(limit, monkeypatch):
    """All learn whether both did the same; the state is what the first did."""
    monkeypatch.setattr("posg.runtime.refutation._MAX_PROFILES", limit)
    game = random_game(0, states=2, horizon=2, stationary=True)
    transition = np.zeros((2, 4, 2))
    transition[:, :2, 0] = transition[:, 2:, 1] = 1
    game = replace(game, dynamics=(dense_dynamics(transition, np.full((4, 2, 4), 0.25)),))
    information = build_information(game, [NEVER] * 2, [1] * 2)
    opening, update = information.updates
    forgetful = replace(
        update,
        private=tuple(np.zeros_like(table) for table in update.private),
        joint=np.array([0, 1, 1, 0]),
        increment_count=2,
    )
    information = replace(
        information,
        updates=(opening, forgetful),
        private_labels=(information.private_labels[0], (("",), ("",))),
        increment_labels=(
            information.increment_labels[0],
            IncrementLabels(parts=((), ()), joint=("same", "different")),
        ),
    )
    witness = confirm(game, information)
    assert len(witness.differences) == 2
    assert witness.distance == pytest.approx(2)


@pytest.mark.parametrize(
    ("name", "sharing", "horizon"),
    [
        ("kuhn", None, 3),
        ("patrol", "asymmetric(raider, guard, d = 1)", 2),
        ("patrol", "none", 2),
        ("signal", None, 3),
        ("dectiger", "delayed(d = 2)", 3),
        ("dectiger", "none", 3),
        ("channel", "delayed(d = 2)", 3),
        ("broadcast", "none", 3),
        ("chsh", "none", 2),
        ("jury", "none", 2),
    ],
)
def test_specs(name, sharing, horizon):
    path = SPECS / f"{name}.posg"
    bag = Bag()
    program = load(Source(str(path), path.read_text()), lambda p: Path(p).read_text(), bag)
    assert program is not None
    compiled = compile_game(program, Request(sharing=sharing, horizon=horizon), bag)
    assert compiled is not None
    witness = confirm(compiled.game, compiled.information)
    assert len(witness.differences) == 1
