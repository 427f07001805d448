"""The bound on the gap: never below the exact gap, and equal to it where nothing is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from posg.runtime import (
    CommonInformation,
    Game,
    Policy,
    RewardScope,
    bound_gap,
    certify_policy,
    evaluate_policy,
    expand_common_information,
    expand_windows,
    plan,
)

from ..runtime.games import random_game
from ..runtime.reference import Codes, Reference
from .test_windows import belief_of, structure

STRUCTURES: Mapping[str, dict[str, object]] = {
    "full": {},
    "delayed(d = 1)": {},
    "one_directional(a, b)": {},
    "asymmetric(a, b, d = 2)": {"controller": 0},
    "asymmetric_delayed(a, b, d = 1)": {"controller": 0},
    "observations_delayed(d = 2)": {"uncontrolled": True},
}
KINDS = {"team": "team", "nash": "zero-sum", "cce": "general-sum", "ce": "general-sum"}


def randomly_played(policy: Policy, seed: int) -> Policy:
    """The same nodes with other prescriptions, and with lotteries over two signals at each."""
    random = np.random.default_rng(seed)
    steps = []
    for step in policy.steps:
        count = step.node_count
        weight = random.uniform(0.1, 0.9, size=count)
        rows = []
        for own in step.prescriptions:
            signal = np.concatenate([2 * own.signal, 2 * own.signal + 1])
            value = np.concatenate([own.value, own.value])
            order = np.lexsort((value, signal))
            chances = random.dirichlet(np.full(own.probability.shape[1], 0.5), size=len(signal))
            rows.append(replace(own, signal=signal[order], value=value[order], probability=chances))
        steps.append(
            replace(
                step,
                signal_node=np.repeat(np.arange(count), 2),
                signal_weight=np.stack([weight, 1 - weight], axis=1).ravel(),
                prescriptions=tuple(rows),
            )
        )
    return replace(policy, steps=tuple(steps))


def made(sharing: str, seed: int, kind: str) -> Game:
    return random_game(
        seed,
        horizon=4,
        kind=kind,
        scope=list(RewardScope)[seed % 3],
        stationary=seed % 2 == 0,
        discount=1.0 if seed % 4 else 0.8,
        **STRUCTURES[sharing],
    )


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 30))]
)
@pytest.mark.parametrize("concept", KINDS)
@pytest.mark.parametrize("sharing", STRUCTURES)
def test_the_bound_is_never_below_the_gap(sharing: str, concept: str, seed: int) -> None:
    game = made(sharing, 10 * seed, KINDS[concept])
    information, timestamps = structure(sharing, 4)
    planned = "team" if concept == "team" else "nash"
    for length in range(timestamps.shortest_window(), 4):
        nodes = expand_windows(game, information, timestamps, length)
        if KINDS[concept] == "general-sum":
            any_team = random_game(seed, horizon=4, **STRUCTURES[sharing])
            base = plan(any_team, nodes, concept="team").policy
            policies = [randomly_played(base, seed)]
        else:
            best = plan(game, nodes, concept=planned).policy
            policies = [best, randomly_played(best, seed)]
        for policy in policies:
            exact = certify_policy(game, information, policy, concept=concept)
            bound = bound_gap(game, nodes, policy, concept=concept)
            assert bound.method == "bound"
            assert exact.gap is not None and bound.gap is not None
            assert bound.value == exact.value
            for agent, gap in exact.agent_gaps.items():
                least, most = bound.value_bounds[agent]
                assert least == exact.value[agent]
                assert most == pytest.approx(least + bound.agent_gaps[agent])
                assert bound.agent_gaps[agent] >= gap - 1e-9
                if length >= 3:
                    assert bound.agent_gaps[agent] == pytest.approx(gap, abs=1e-9)


def test_a_finer_model_than_the_policy_gives_a_tighter_bound() -> None:
    information, timestamps = structure("full", 4)
    for seed in range(5):
        game = made("full", seed, "zero-sum")
        policy = plan(game, expand_windows(game, information, timestamps, 1), concept="nash").policy
        bounds = [
            bound_gap(
                game, expand_windows(game, information, timestamps, length), policy, concept="nash"
            ).gap
            for length in (1, 2, 3)
        ]
        exact = certify_policy(game, information, policy, concept="nash").gap
        assert bounds[0] > bounds[1] > bounds[2]
        assert bounds[2] == pytest.approx(exact, abs=1e-9)


def optimistic(game: Game, nodes: CommonInformation, policy: Policy, agent: int) -> float:
    """U_i at the root, one belief, prescription and outcome at a time."""
    plays = Reference(game, nodes.information)
    n = len(game.agents)
    lows, highs = spans(game, plays, agent)

    def chance(step: int, node: int, other: int, p: int, action: int) -> float:
        rows = policy.steps[step - 1].prescriptions[other]
        label = nodes.information.private_labels[step - 1][other][p]
        place = (rows.signal == node) & (rows.value == rows.private.index(label))
        return float(rows.probability[place][0][action])

    known: dict[tuple[int, int], float] = {}

    def value(step: int, node: int) -> float:
        if (step, node) not in known:
            known[step, node] = compute(step, node)
        return known[step, node]

    def compute(step: int, node: int) -> float:
        belief = belief_of(nodes, step, node)
        gains: dict[tuple[int, int], float] = {}
        bayes: dict[int, dict[tuple[int, Codes], float]] = {}
        for (state, p), weight in belief.items():
            for a in plays.joint_actions():
                others = [chance(step, node, j, p[j], a[j]) for j in range(n) if j != agent]
                for mass, following, o, rewards in plays.outcomes(step, state, a):
                    key = (p[agent], a[agent])
                    paid = weight * float(np.prod(others)) * mass
                    gains[key] = gains.get(key, 0.0) + paid * rewards[agent]
                    if step == game.horizon:
                        continue
                    z, q = plays.update(step, p, a, o)
                    cell = bayes.setdefault(z, {})
                    cell[following, q] = cell.get((following, q), 0.0) + weight * mass
        if step < game.horizon:
            after = {z: bonus(step, node, z, law) for z, law in bayes.items()}
            for (state, p), weight in belief.items():
                for a in plays.joint_actions():
                    others = [chance(step, node, j, p[j], a[j]) for j in range(n) if j != agent]
                    for mass, _, o, _ in plays.outcomes(step, state, a):
                        z, _ = plays.update(step, p, a, o)
                        paid = weight * float(np.prod(others)) * mass
                        gains[p[agent], a[agent]] += paid * game.discount * after[z]
        return sum(
            max(gain for (p, _), gain in gains.items() if p == own) for own in {p for p, _ in gains}
        )

    def bonus(step: int, node: int, z: int, law: Mapping[tuple[int, Codes], float]) -> float:
        edges = nodes.steps[step - 1].edges
        part = slice(edges.offsets[node], edges.offsets[node + 1])
        child = int(edges.child[part][edges.increment[part] == z][0])
        total = sum(law.values())
        model = belief_of(nodes, step + 1, child)
        found = value(step + 1, child)
        for state, p in {*law, *model}:
            error = law.get((state, p), 0.0) / total - model.get((state, p), 0.0)
            found += max(error * highs[step + 1][state], error * lows[step + 1][state])
        return found

    roots = zip(nodes.roots.child.tolist(), nodes.roots.probability.tolist(), strict=True)
    return sum(weight * value(1, child) for child, weight in roots)


def spans(game: Game, plays: Reference, agent: int):
    """By step and state, the least and the most that an agent can get if states are seen."""
    ends = []
    for choose in (min, max):
        found = {game.horizon + 1: [0.0] * game.state_count}
        for step in range(game.horizon, 0, -1):
            found[step] = [
                choose(
                    sum(
                        chance * (rewards[agent] + game.discount * found[step + 1][following])
                        for chance, following, _, rewards in plays.outcomes(step, state, a)
                    )
                    for a in plays.joint_actions()
                )
                for state in range(game.state_count)
            ]
        ends.append(found)
    return ends


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sharing", ["full", "delayed(d = 1)", "asymmetric(a, b, d = 2)"])
def test_the_bound_by_the_book(sharing: str, seed: int) -> None:
    game = made(sharing, seed, "zero-sum")
    information, timestamps = structure(sharing, 4)
    nodes = expand_windows(game, information, timestamps, timestamps.shortest_window())
    policy = plan(game, nodes, concept="nash").policy
    bound = bound_gap(game, nodes, policy, concept="nash")
    for place, agent in enumerate(game.agents):
        assert bound.value_bounds[agent][1] == pytest.approx(
            optimistic(game, nodes, policy, place), abs=1e-9
        )


def test_beliefs_that_depend_on_prescriptions_are_no_ground_for_a_bound() -> None:
    information, timestamps = structure("delayed(d = 2)", 4)
    game = random_game(0, horizon=4)
    nodes = expand_windows(game, information, timestamps, 2)
    assert nodes.margin > 1e-3
    policy = plan(game, nodes, concept="team").policy
    bound = bound_gap(game, nodes, policy, concept="team")
    assert bound.gap is None and bound.method == "none"


def test_three_agents() -> None:
    information, timestamps = structure("delayed(d = 1)", 3, agents="a, b, c")
    game = random_game(4, agents=3, states=2, horizon=3)
    best = plan(game, expand_common_information(game, information), concept="team").value[0]
    nodes = expand_windows(game, information, timestamps, 1)
    policy = plan(game, nodes, concept="team").policy
    truth = evaluate_policy(game, information, policy).value[0]
    bound = bound_gap(game, nodes, policy, concept="team")
    assert truth <= best + 1e-9
    assert bound.gap >= best - truth - 1e-9
    assert all(
        bound_gap(game, nodes, randomly_played(policy, seed), concept="ce").gap
        >= certify_policy(game, information, randomly_played(policy, seed), concept="ce").gap - 1e-9
        for seed in range(5)
    )
