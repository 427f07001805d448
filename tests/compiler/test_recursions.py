"""Automata and last increments as models: their beliefs by listing plays, and their bounds."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

import numpy as np
import pytest

from posg.runtime import (
    Automaton,
    CommonInformation,
    Game,
    Increment,
    InformationStructure,
    bound_gap,
    certify_policy,
    evaluate_policy,
    expand_automaton,
    expand_common_information,
    expand_increments,
    expand_windows,
    plan,
)
from posg.runtime.errors import LimitError

from ..runtime.games import random_game
from ..runtime.reference import Codes, Reference
from .random_specs import random_spec
from .slow import compile_bag, compiled
from .test_gap_bound import randomly_played
from .test_windows import SHELL, belief_of, follow, structure

REGISTERS = {
    "tally": """
      memory odd[i] in bool;
      xi odd[i]' = if odd[i] == nothing then o[i]' else odd[i] != o[i]';
      chi o[i]';
    """,
    "late": """
      memory last[i] in observation[i];
      memory most[i] in 0..2;
      xi last[i]' = o[i]';
      xi most[i]' = if most[i] == nothing then (if o[i]' then 1 else 0)
        else if o[i]' then min(most[i] + 1, 2) else most[i];
      chi last[i];
    """,
}


def some_of(count: int, few: int) -> list[object]:
    """Seeds, of which the default run tries a few."""
    return [*range(few), *(pytest.param(k, marks=pytest.mark.slow) for k in range(few, count))]


def registers(name: str, horizon: int, more: str = "") -> InformationStructure:
    text = SHELL.format(agents="a, b", horizon=horizon)
    made = compiled(f"{text}\nsharing {name} {{ {REGISTERS[name]} {more} }}", sharing=name)
    assert made.timestamps.need_increments(1)
    return made.information


def laws(
    plays: Reference, statistic: Callable[[tuple[int, ...]], Hashable], step: int
) -> Mapping[Hashable, Mapping[tuple[int, Codes], float]]:
    """P(s_h, p_h | statistic of c_h) under uniform play, from one history after another."""
    layer = {}
    for chance, state, z, p in plays.opening():
        layer[state, p, (z,)] = layer.get((state, p, (z,)), 0.0) + chance
    share = 1 / len(list(plays.joint_actions()))
    for at in range(1, step):
        pushed: dict[tuple[int, Codes, tuple[int, ...]], float] = {}
        for (state, p, c), weight in layer.items():
            for a in plays.joint_actions():
                for chance, following, o, _ in plays.outcomes(at, state, a):
                    z, q = plays.update(at, p, a, o)
                    key = (following, q, (*c, z))
                    pushed[key] = pushed.get(key, 0.0) + weight * share * chance
        layer = pushed
    found: dict[Hashable, dict[tuple[int, Codes], float]] = {}
    for (state, p, c), weight in layer.items():
        cell = found.setdefault(statistic(c), {})
        cell[state, p] = cell.get((state, p), 0.0) + weight
    return {
        value: {key: weight / sum(cell.values()) for key, weight in cell.items()}
        for value, cell in found.items()
    }


def nodes_of(nodes: CommonInformation, step: int) -> Mapping[tuple[int, ...], int]:
    """The node of every c_h."""
    layer = {
        (int(z),): int(c) for z, c in zip(nodes.roots.increment, nodes.roots.child, strict=True)
    }
    for at in range(1, step):
        edges = nodes.steps[at - 1].edges
        assert edges is not None
        layer = {
            (*c, int(z)): follow(edges, node, int(z))
            for c, node in layer.items()
            for z in edges.increment[edges.offsets[node] : edges.offsets[node + 1]]
        }
    return layer


def check_beliefs(
    game: Game, nodes: CommonInformation, statistic: Callable[[tuple[int, ...]], Hashable]
) -> None:
    """Nodes are the values of a statistic, with the beliefs of uniform play."""
    plays = Reference(game, nodes.information)
    for step in range(1, game.horizon + 1):
        expected = laws(plays, statistic, step)
        node_of: dict[Hashable, int] = {}
        histories = nodes_of(nodes, step)
        for c, node in histories.items():
            if statistic(c) in expected:
                assert node_of.setdefault(statistic(c), node) == node
        assert sorted(node_of.values()) == list(range(nodes.node_counts[step - 1]))
        for value, node in node_of.items():
            found = belief_of(nodes, step, node)
            assert found.keys() == expected[value].keys()
            for key, chance in found.items():
                assert chance == pytest.approx(expected[value][key], abs=1e-12)


@pytest.mark.parametrize("seed", some_of(40, 2))
def test_last_increments_of_any_structure(seed: int) -> None:
    text, sharing = random_spec(seed)
    made, _ = compile_bag(text, sharing=sharing)
    if made is None or np.prod(made.game.action_counts) > 8:
        return
    exact = expand_common_information(made.game, made.information, merge=False, refuse=False)
    if sum(exact.node_counts) > 300:
        return
    for length in range(made.game.horizon + 1):
        nodes = expand_increments(made.game, made.information, length)
        check_beliefs(made.game, nodes, lambda c, length=length: c[max(0, len(c) - length) :])
    assert nodes.node_counts == exact.node_counts


def random_automaton(seed: int, states: int) -> Callable[[Hashable, Increment], Hashable]:
    def follow(state: Hashable, increment: Increment) -> Hashable:
        words = [ord(letter) for letter in increment.label]
        return int(np.random.default_rng([seed, int(str(state)), *words]).integers(states))

    return follow


@pytest.mark.parametrize("seed", some_of(4, 1))
@pytest.mark.parametrize("sharing", ["full", "delayed(d = 1)", "delayed(d = 2)"])
def test_states_of_an_automaton_have_the_beliefs_of_uniform_play(sharing: str, seed: int) -> None:
    information, _ = structure(sharing, 3)
    game = random_game(seed, states=2, horizon=3, stationary=seed % 2 == 0)
    step = random_automaton(seed, 3)
    nodes = expand_automaton(game, information, Automaton(initial=0, follow=step))

    def state_after(c: tuple[int, ...]) -> Hashable:
        state: Hashable = 0
        for at, z in enumerate(c):
            state = step(state, Increment(at + 1, information.increment_labels[at][z]))
        return state

    check_beliefs(game, nodes, state_after)


def test_margin_is_about_other_play() -> None:
    information, _ = structure("full", 4)
    game = random_game(3, horizon=4)
    assert expand_increments(game, information, 4).margin < 1e-12
    forgetful = Automaton(initial=0, follow=lambda state, increment: 0)
    assert expand_automaton(game, information, forgetful).margin > 1e-3


def test_values_of_increments_by_name() -> None:
    read = Increment(3, "hear[alice]@3=left, at[bob]@2=(1, 2), hear[alice]@2=right, odd=true")
    assert read.values == {"hear[alice]": "right", "at[bob]": "(1, 2)", "odd": "true"}
    assert Increment(1, "nothing").values == {}


@pytest.mark.parametrize("seed", some_of(4, 1))
@pytest.mark.parametrize("name", REGISTERS)
def test_last_increments_where_registers_count(name: str, seed: int) -> None:
    horizon = 4
    information = registers(name, horizon)
    kind, concept = (("team", "team"), ("zero-sum", "nash"))[seed % 2]
    game = random_game(
        seed, states=2, horizon=horizon, kind=kind, stationary=seed < 2, uncontrolled=True
    )
    best = plan(game, expand_common_information(game, information), concept=concept).value
    for length in range(horizon + 1):
        nodes = expand_increments(game, information, length)
        found = plan(game, nodes, concept=concept)
        assert evaluate_policy(game, information, found.policy).missing == 0
        for policy in (found.policy, randomly_played(found.policy, seed)):
            exact = certify_policy(game, information, policy, concept=concept)
            bound = bound_gap(game, nodes, policy, concept=concept)
            assert exact.gap is not None and bound.gap is not None
            for agent, gap in exact.agent_gaps.items():
                assert bound.agent_gaps[agent] >= gap - 1e-9
                if length == horizon:
                    assert bound.agent_gaps[agent] == pytest.approx(gap, abs=1e-9)
        if length == horizon:
            np.testing.assert_allclose(found.value, best, atol=1e-9)
            assert nodes.margin < 1e-12


def test_actions_that_betray_what_registers_hold_leave_no_bound() -> None:
    """With the whole of c_h an action says nothing new; with a window it depends on the strategy."""
    information = registers("tally", 4, more="chi action[i];")
    game = random_game(0, states=2, horizon=4)
    whole = expand_common_information(game, information)
    for length, known in ((1, False), (4, True)):
        nodes = expand_increments(game, information, length)
        found = plan(game, nodes, concept="team")
        exact = certify_policy(game, information, found.policy, concept="team")
        bound = bound_gap(game, nodes, found.policy, concept="team")
        assert exact.method == "exact"
        assert (bound.gap is not None) == known
    np.testing.assert_allclose(found.value, plan(game, whole, concept="team").value, atol=1e-9)


@pytest.mark.parametrize("seed", some_of(10, 1))
@pytest.mark.parametrize("sharing", ["full", "delayed(d = 1)", "one_directional(a, b)"])
def test_bounds_of_automata_are_never_below_the_gap(sharing: str, seed: int) -> None:
    information, _ = structure(sharing, 4)
    game = random_game(50 + seed, horizon=4, kind="zero-sum" if seed % 2 else "team")
    concept = "nash" if seed % 2 else "team"
    automaton = Automaton(initial=0, follow=random_automaton(seed, 4))
    nodes = expand_automaton(game, information, automaton)
    best = plan(game, nodes, concept=concept).policy
    for policy in (best, randomly_played(best, seed)):
        exact = certify_policy(game, information, policy, concept=concept)
        bound = bound_gap(game, nodes, policy, concept=concept)
        assert exact.gap is not None and bound.gap is not None
        assert bound.gap >= exact.gap - 1e-9


def test_what_hardly_happens_does_not_vanish() -> None:
    """300 steps: some play is less likely under uniform play than any float64."""
    information, _ = structure("full", 300)
    game = random_game(5, states=2, horizon=300, stationary=True)

    def stays(state: Hashable, increment: Increment) -> Hashable:
        return state and set(increment.values.values()) <= {"true"}

    nodes = expand_automaton(game, information, Automaton(initial=True, follow=stays))
    assert nodes.node_counts == (1, *(2 for _ in range(299)))
    assert all((at.beliefs.probability > 0).all() for at in nodes.steps)
    assert all(len(at.edges.increment) in (16, 32) for at in nodes.steps if at.edges is not None)


def test_limits() -> None:
    information, _ = structure("full", 4)
    game = random_game(0, horizon=4)
    with pytest.raises(LimitError) as raised:
        expand_increments(game, information, 3, max_nodes=100)
    assert raised.value.code == "P0601"
    with pytest.raises(LimitError) as raised:
        expand_increments(game, information, 3, memory_bytes=10_000)
    assert raised.value.code == "P0602"


@pytest.mark.slow
def test_last_h_is_exact_whatever_the_structure() -> None:
    """The same nodes for the same c_h, with the same beliefs."""
    checked = 0
    for seed in range(150):
        text, sharing = random_spec(seed)
        made, _ = compile_bag(text, sharing=sharing)
        if made is None or np.prod(made.game.action_counts) > 8:
            continue
        game, information, horizon = made.game, made.information, made.game.horizon
        exact = expand_common_information(game, information, merge=False, refuse=False)
        if sum(exact.node_counts) > 400:
            continue
        for nodes in (
            expand_increments(game, information, horizon),
            expand_windows(game, information, made.timestamps, horizon),
        ):
            assert nodes.node_counts == exact.node_counts
            for step in range(1, horizon + 1):
                found, expected = nodes_of(nodes, step), nodes_of(exact, step)
                assert found.keys() == expected.keys()
                for c, node in found.items():
                    belief = belief_of(nodes, step, node)
                    true = belief_of(exact, step, expected[c])
                    assert belief == pytest.approx(true, abs=1e-12)
        checked += 1
    assert checked > 60
