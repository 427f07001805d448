"""Exact gaps where beliefs depend on strategies, against tree search."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from posg.runtime import (
    Game,
    InformationStructure,
    Policy,
    certify_policy,
    check_perfect_recall,
    evaluate_policy,
    expand_common_information,
)
from posg.runtime.policies import PolicyStep, PrescriptionRows

from .games import assemble, build_information, delayed, none, random_game
from .reference import Reference


def random_policy(
    game: Game, information: InformationStructure, seed: int, *, signals: int = 1
) -> Policy:
    """Random prescriptions for every c_h and private value, some of them pure."""
    random = np.random.default_rng(seed)
    nodes = expand_common_information(game, information, merge=False, explain=False)
    steps = []
    for number, step in enumerate(nodes.steps):
        edges = nodes.roots if number == 0 else nodes.steps[number - 1].edges
        assert edges is not None
        labels = information.increment_labels[number]
        prescriptions = []
        for names, actions in zip(
            information.private_labels[number], game.action_counts, strict=True
        ):
            rows = step.beliefs.count * signals * len(names)
            chances = random.dirichlet(np.full(actions, 0.6), size=rows)
            pure = random.random(rows) < 0.3
            chances[pure] = np.eye(actions)[chances[pure].argmax(axis=1)]
            signal, value = np.divmod(np.arange(rows), len(names))
            prescriptions.append(
                PrescriptionRows(private=names, signal=signal, value=value, probability=chances)
            )
        steps.append(
            PolicyStep(
                node_count=step.beliefs.count,
                increments=tuple(
                    labels[z] for z in range(information.updates[number].increment_count)
                ),
                source=edges.source,
                increment=edges.increment,
                target=edges.child,
                signal_node=np.repeat(np.arange(step.beliefs.count), signals),
                signal_weight=random.dirichlet(np.ones(signals), size=step.beliefs.count).ravel(),
                prescriptions=tuple(prescriptions),
            )
        )
    return Policy(
        game=game.name,
        sharing=information.name,
        concept="nash",
        value=dict.fromkeys(game.agents, 0.0),
        actions=dict(zip(game.agents, game.labels.actions, strict=True)),
        steps=tuple(steps),
    )


CASES = [
    (none, {"horizon": 3, "discount": 0.9}),
    (none, {"horizon": 2, "initial_observations": True, "actions": 3}),
    (none, {"horizon": 2, "agents": 3}),
    (lambda game: delayed(game, 2), {"horizon": 3}),
    (lambda game: delayed(game, 2), {"horizon": 3, "agents": 3, "observations": 1}),
    (lambda game: build_information(game, [2, 0], [1, 1]), {"horizon": 3}),
]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("structure", "options"), CASES)
def test_random_policies(structure, options, seed):
    game = random_game(seed, kind="general", states=2, **options)
    information = structure(game)
    policy = random_policy(game, information, seed)
    reference = Reference(game, information)
    chances = reference.lookup(policy)
    value = evaluate_policy(game, information, policy).value
    assert value == pytest.approx(reference.evaluate(chances))
    for concept in ("nash", "cce", "ce"):
        certificate = certify_policy(game, information, policy, concept=concept)
        assert certificate.method == "exact"
        for agent, name in enumerate(game.agents):
            best = reference.remember_best(agent, chances)
            assert certificate.agent_gaps[name] == pytest.approx(best - value[agent], abs=1e-9)


def test_deviators_do_not_see_lotteries():
    """The draw of a step is common to the others, and past draws say what they did together."""
    game = random_game(4, kind="general", agents=3, states=2, horizon=2, observations=1)
    information = none(game)
    policy = random_policy(game, information, 4, signals=2)
    certificate = certify_policy(game, information, policy, concept="cce")
    assert certificate.method == "exact"
    reference, steps = Reference(game, information), policy.steps
    for agent, name in enumerate(game.agents):
        best = -np.inf
        for plan in product(range(2), repeat=3):  # at step 1, and at step 2 after each own action

            def value_of(draws, plan=plan, agent=agent):
                def chances(i, step, c, p):
                    if i == agent:
                        return {plan[0] if step == 1 else plan[1 + p]: 1.0}
                    rows = steps[step - 1].prescriptions[i]
                    width = len(rows.private)
                    return dict(enumerate(rows.probability[draws[step - 1] * width + p].tolist()))

                return reference.evaluate(chances)[agent]

            total = sum(
                float(steps[0].signal_weight[first] * steps[1].signal_weight[second])
                * value_of((first, second))
                for first, second in product(range(2), repeat=2)
            )
            best = max(best, total)
        value = certificate.value[name]
        assert certificate.agent_gaps[name] == pytest.approx(max(best - value, 0), abs=1e-9)
    informed = certify_policy(game, information, policy, concept="ce")
    assert (informed.gap, informed.method) == (None, "none")


def best_pure_response(game, information, chances, agent):
    """Try all functions of (h, c_h, p_i), for two steps with nothing common and two actions."""
    reference = Reference(game, information)
    sizes = [counts[agent] for counts in information.private_counts]
    best = -np.inf
    for choices in product(range(2), repeat=sum(sizes)):
        plan = np.split(np.array(choices), np.cumsum(sizes)[:-1])

        def deviate(i, step, c, p, plan=plan):
            return {int(plan[step - 1][p]): 1.0} if i == agent else chances(i, step, c, p)

        best = max(best, reference.evaluate(deviate)[agent])
    return best


def test_forgetful_deviators_have_a_bound():
    game = random_game(7, kind="general", states=2, horizon=2, initial_observations=True)
    information = assemble(game, lambda agent, step, p, a, o: (o, ()), "forgetful")
    assert check_perfect_recall(game, information).holds is False
    policy = random_policy(game, information, 7)
    chances = Reference(game, information).lookup(policy)
    certificate = certify_policy(game, information, policy, concept="nash")
    assert certificate.method == "bound"
    assert certificate.reason is not None and "agent1" in certificate.reason
    slack = []
    for agent, name in enumerate(game.agents):
        best = best_pure_response(game, information, chances, agent)
        slack.append(certificate.agent_gaps[name] - (best - certificate.value[name]))
    assert min(slack) > -1e-9
    assert max(slack) > 1e-3


def test_forgetting_what_tells_nothing_costs_nothing():
    """The second agent forgets its actions, which are paid for and move nothing."""
    game = random_game(3, kind="general", states=2, horizon=2, uncontrolled=True)
    information = build_information(game, [2, 2], [2, None])
    assert check_perfect_recall(game, information).agents["agent1"] is False
    policy = random_policy(game, information, 3)
    chances = Reference(game, information).lookup(policy)
    certificate = certify_policy(game, information, policy, concept="nash")
    assert certificate.method == "exact"
    for agent, name in enumerate(game.agents):
        best = best_pure_response(game, information, chances, agent)
        gap = best - certificate.value[name]
        assert certificate.agent_gaps[name] == pytest.approx(gap, abs=1e-9)


def test_too_large_has_a_reason():
    game = random_game(1, kind="general", states=2, horizon=3)
    information = none(game)
    policy = random_policy(game, information, 1)
    certificate = certify_policy(game, information, policy, concept="nash", max_pairs=20)
    assert certificate.gap is None
    assert certificate.reason is not None and "limit 20" in certificate.reason
