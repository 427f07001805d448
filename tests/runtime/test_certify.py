"""Evaluation and certificates of arbitrary policies, against recursion over histories."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from posg.runtime import (
    Policy,
    ProblemError,
    RewardScope,
    certify_policy,
    evaluate_policy,
    expand_common_information,
    plan,
)
from posg.runtime.policies import PolicyStep

from .games import delayed, full, none, one_directional, one_step_delay, random_game
from .reference import Reference


def randomised(policy: Policy, seed: int, *, pure: bool = False) -> Policy:
    """Replace all prescriptions by random ones."""
    random = np.random.default_rng(seed)

    def redraw(step: PolicyStep) -> PolicyStep:
        prescriptions = []
        for rows in step.prescriptions:
            count, actions = rows.probability.shape
            chances = random.dirichlet(np.ones(actions), size=count)
            if pure:
                chances = np.eye(actions)[chances.argmax(axis=1)]
            prescriptions.append(replace(rows, probability=chances))
        return replace(step, prescriptions=tuple(prescriptions))

    return replace(policy, steps=tuple(redraw(step) for step in policy.steps))


def with_lottery(policy: Policy, other: Policy, weight: float) -> Policy:
    """At each node, draw commonly between the prescriptions of two policies."""
    steps = []
    for one, two in zip(policy.steps, other.steps, strict=True):
        prescriptions = []
        for first, second in zip(one.prescriptions, two.prescriptions, strict=True):
            signal = np.concatenate([2 * first.signal, 2 * second.signal + 1])
            value = np.concatenate([first.value, second.value])
            order = np.lexsort((value, signal))
            prescriptions.append(
                replace(
                    first,
                    signal=signal[order],
                    value=value[order],
                    probability=np.concatenate([first.probability, second.probability])[order],
                )
            )
        steps.append(
            replace(
                one,
                signal_node=np.repeat(one.signal_node, 2),
                signal_weight=np.tile([weight, 1 - weight], len(one.signal_node)),
                prescriptions=tuple(prescriptions),
            )
        )
    return replace(policy, steps=tuple(steps))


@pytest.mark.parametrize("merge", [True, False])
@pytest.mark.parametrize(
    ("structure", "options"),
    [
        (
            one_step_delay,
            {"horizon": 3, "states": 2, "scope": RewardScope.OUTCOME, "discount": 0.9},
        ),
        (full, {"horizon": 2, "initial_observations": True, "scope": RewardScope.TRANSITION}),
        (one_directional, {"horizon": 2, "initial_observations": True}),
        (one_step_delay, {"horizon": 2, "agents": 3, "states": 2}),
        (one_directional, {"horizon": 2, "agents": 3, "states": 2, "discount": 0.5}),
    ],
)
def test_random_policies(structure, merge, options):
    # A team plan gives the machine, general-sum rewards what is evaluated.
    game = random_game(4, kind="general", **options)
    team = random_game(4, kind="team", **options)
    information = structure(game)
    nodes = expand_common_information(team, information, merge=merge)
    policy = randomised(plan(team, nodes, concept="team").policy, 7)
    reference = Reference(game, information)
    chances = reference.lookup(policy)
    evaluation = evaluate_policy(game, information, policy)
    assert evaluation.value == pytest.approx(reference.evaluate(chances), abs=1e-9)
    assert evaluation.missing == 0
    assert evaluation.step_rewards.sum(axis=0) == pytest.approx(evaluation.value)
    for reached in evaluation.node_probability:
        assert reached.sum() == pytest.approx(1)
    certificate = certify_policy(game, information, policy, concept="nash")
    for agent, name in enumerate(game.agents):
        best = reference.best_response(agent, chances)
        gap = best - evaluation.value[agent]
        assert certificate.agent_gaps[name] == pytest.approx(gap, abs=1e-9)
    assert certificate.gap is not None and certificate.gap > 0.01
    # Seeing one's own recommendation helps, and only if it is random.
    informed = certify_policy(game, information, policy, concept="ce")
    assert informed.gap is not None and informed.gap >= certificate.gap - 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_team_gap_is_distance_to_the_optimum(seed):
    game = random_game(seed, states=2, agents=2 + seed % 2, horizon=2)
    information = one_step_delay(game)
    solution = plan(game, expand_common_information(game, information), concept="team")
    policy = randomised(solution.policy, seed, pure=True)
    value = evaluate_policy(game, information, policy).value
    certificate = certify_policy(game, information, policy, concept="team")
    assert certificate.gap == pytest.approx(float(solution.value[0] - value[0]), abs=1e-9)
    nash = certify_policy(game, information, policy, concept="nash")
    assert nash.gap is not None and certificate.gap is not None
    assert nash.gap <= certificate.gap + 1e-9


def test_lotteries():
    """A lottery's value is that of its mixture; who does not see the draw gains less."""
    game = random_game(2, kind="general", horizon=1, initial_observations=True)
    team = random_game(2, kind="team", horizon=1, initial_observations=True)
    information = none(game)
    base = plan(team, expand_common_information(team, information), concept="team").policy
    first, second = randomised(base, 1, pure=True), randomised(base, 2, pure=True)
    mixed = with_lottery(first, second, 0.25)
    value = evaluate_policy(game, information, mixed).value
    parts = [evaluate_policy(game, information, part).value for part in (first, second)]
    assert value == pytest.approx(0.25 * parts[0] + 0.75 * parts[1])
    coarse = certify_policy(game, information, mixed, concept="cce")
    fine = certify_policy(game, information, mixed, concept="ce")
    assert coarse.gap is not None and fine.gap is not None
    assert coarse.gap <= fine.gap + 1e-12
    gaps = [certify_policy(game, information, part, concept="nash") for part in (first, second)]
    for agent in game.agents:
        bound = 0.25 * gaps[0].agent_gaps[agent] + 0.75 * gaps[1].agent_gaps[agent]
        assert fine.agent_gaps[agent] <= bound + 1e-12


def test_matching_pennies_with_a_public_coin():
    """Known gaps: in a game of coordination a public coin is a correlated equilibrium."""
    game = random_game(0, kind="team", horizon=1, states=1)
    values = np.tile(np.array([1.0, 0.0, 0.0, 1.0]), (2, 1))
    game = replace(game, rewards=(replace(game.rewards[0], values=values),))
    information = none(game)
    base = plan(game, expand_common_information(game, information), concept="team").policy

    def always(action: int) -> Policy:
        step = base.steps[0]
        rows = tuple(replace(r, probability=np.eye(2)[[action]]) for r in step.prescriptions)
        return replace(base, steps=(replace(step, prescriptions=rows),))

    coin = with_lottery(always(0), always(1), 0.5)
    assert evaluate_policy(game, information, coin).value == pytest.approx([1, 1])
    for concept in ("cce", "ce", "team"):
        assert certify_policy(game, information, coin, concept=concept).gap == 0
    uniform = replace(
        always(0),
        steps=(
            replace(
                base.steps[0],
                prescriptions=tuple(
                    replace(r, probability=np.full((1, 2), 0.5))
                    for r in base.steps[0].prescriptions
                ),
            ),
        ),
    )
    assert certify_policy(game, information, uniform, concept="nash").gap == pytest.approx(0)
    assert certify_policy(game, information, uniform, concept="team").gap == pytest.approx(0.5)


@pytest.mark.parametrize("structure", [none, lambda game: delayed(game, 2)])
def test_dependent_beliefs(structure):
    """A policy that never heard of the structure's labels is uniform, and its value exact.

    What one agent can gain is exact, too; what the team could gain is not known.
    """
    game = random_game(1, kind="team", states=2, horizon=3)
    known = one_step_delay(game)
    policy = plan(game, expand_common_information(game, known), concept="team").policy
    information = structure(game)
    stripped = replace(
        policy,
        steps=tuple(
            replace(
                step,
                prescriptions=tuple(
                    replace(
                        rows,
                        private=(),
                        signal=rows.signal[:0],
                        value=rows.value[:0],
                        probability=rows.probability[:0],
                    )
                    for rows in step.prescriptions
                ),
            )
            for step in policy.steps
        ),
    )
    evaluation = evaluate_policy(game, information, stripped)
    assert evaluation.missing > 0
    reference = Reference(game, information)
    expected = reference.evaluate(lambda *_: {0: 0.5, 1: 0.5})
    assert evaluation.value == pytest.approx(expected)
    certificate = certify_policy(game, information, stripped, concept="nash")
    assert certificate.method == "exact"
    for agent, name in enumerate(game.agents):
        best = reference.remember_best(agent, lambda *_: {0: 0.5, 1: 0.5})
        assert certificate.agent_gaps[name] == pytest.approx(best - expected[agent])
    certificate = certify_policy(game, information, stripped, concept="team")
    assert (certificate.gap, certificate.method) == (None, "none")
    assert certificate.reason is not None and "strategies" in certificate.reason


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_accuracy_is_relative_to_what_is_at_stake(scale):
    """Matching pennies, worth 0: a good policy is recognised in any unit, and so is a bad one."""
    game = random_game(0, kind="zero-sum", states=2, horizon=3)
    pennies = np.tile([1.0, -1.0, -1.0, 1.0], 2) * np.array([[1.0], [-1.0]])
    game = replace(
        game,
        rewards=tuple(
            replace(table, values=scale * (0.1 + 0.3 * step) * pennies)
            for step, table in enumerate(game.rewards)
        ),
    )
    information = one_step_delay(game)
    good = plan(game, expand_common_information(game, information), concept="nash").policy
    certificate = certify_policy(game, information, good, concept="nash")
    assert certificate.gap is not None and certificate.gap <= certificate.tolerance
    assert certificate.tolerance < 1e-4 * scale
    bad = randomised(good, 1, pure=True)
    certificate = certify_policy(game, information, bad, concept="nash")
    assert certificate.gap is not None and certificate.gap > 0.1 * scale


def test_too_large_has_a_reason():
    game = random_game(1)
    information = full(game)
    policy = plan(game, expand_common_information(game, information), concept="team").policy
    certificate = certify_policy(game, information, policy, concept="team", max_pairs=3)
    assert certificate.gap is None
    assert certificate.reason is not None and "limit 3" in certificate.reason


def test_concepts_that_do_not_fit():
    game = random_game(1, kind="zero-sum")
    information = full(game)
    policy = plan(game, expand_common_information(game, information), concept="nash").policy
    with pytest.raises(ProblemError) as caught:
        certify_policy(game, information, policy, concept="team")
    assert caught.value.code == "P0701"
    with pytest.raises(ProblemError) as caught:
        certify_policy(game, information, policy, concept="stackelberg")
    assert caught.value.code == "P0702"
