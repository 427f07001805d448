"""Learning from episodes to a selected policy."""

from __future__ import annotations

import numpy as np
import pytest

from posg.runtime import (
    LimitError,
    certify_policy,
    evaluate_policy,
    expand_common_information,
    plan,
)
from posg.runtime.learning.explorers import ExplorationKind
from posg.runtime.learning.laci import Learned, LearningOptions, learn_policy
from posg.runtime.learning.models import Estimator
from posg.runtime.learning.policy_selection import select_policy
from posg.runtime.learning.simulator import Simulator
from posg.runtime.policy_json import policy_to_json
from posg.runtime.pure_policies import build_pure_policy
from posg.runtime.responses import best_response, respond_in_model

from ..games import dectiger, full, one_step_delay, random_game


def learn(game, information, seed=0, **options) -> Learned:
    return learn_policy(Simulator(game, seed), information, None, LearningOptions(**options))


@pytest.mark.parametrize("exploration", list(ExplorationKind))
def test_steps_are_what_was_asked_for(exploration: ExplorationKind) -> None:
    game = dectiger(3)
    found = learn(game, full(game), steps=20_000, rounds=3, exploration=exploration)
    used = found.exploring + sum(r.steps for r in found.rounds)
    used += 0 if found.selection is None else found.selection.steps
    assert 14_000 < used <= 20_000
    assert found.exploring == 0 or exploration is ExplorationKind.COVER


def test_the_same_seed_learns_the_same() -> None:
    game = dectiger(2)
    first, again, other = (
        learn(game, full(game), seed=seed, steps=4000, rounds=2) for seed in (1, 1, 2)
    )
    assert policy_to_json(first.policy) == policy_to_json(again.policy)
    assert policy_to_json(first.policy) != policy_to_json(other.policy)


def test_too_few_steps_are_refused() -> None:
    game = dectiger(3)
    for exploration in ExplorationKind:
        with pytest.raises(LimitError) as caught:
            learn(game, full(game), steps=20, rounds=10, exploration=exploration)
        assert caught.value.code == "P0618"


def test_one_round_needs_no_selection() -> None:
    game = dectiger(2)
    found = learn(game, full(game), steps=8000, rounds=1)
    assert found.selection is None
    assert found.rounds[0].steps == 8000


def test_the_better_of_two_policies_of_a_team_is_selected() -> None:
    game = dectiger(3)
    information = full(game)
    good = plan(game, expand_common_information(game, information), concept="team").policy
    bad = build_pure_policy(game, information, ())
    for candidates, right in (([good, bad], 0), ([bad, good], 1)):
        found = select_policy(
            Simulator(game, 3), information, candidates, lambda _: [], episodes=500, stream=(0,)
        )
        assert found.chosen == right
        assert found.gaps[right] == 0
        assert found.returns[right, 0] == pytest.approx(13.0, abs=2.5)
        assert found.steps == 2 * 500 * 3


@pytest.mark.parametrize("seed", range(3))
def test_the_equilibrium_is_selected_by_deviations(seed: int) -> None:
    game = random_game(seed, horizon=3, kind="zero-sum")
    information = one_step_delay(game)
    nodes = expand_common_information(game, information)
    good = plan(game, nodes, concept="nash").policy
    bad = build_pure_policy(game, information, ())
    candidates = [bad, good]
    found = select_policy(
        Simulator(game, seed),
        information,
        candidates,
        lambda number: [
            (agent, respond_in_model(game, nodes, candidates[number], agent=agent))
            for agent in range(2)
        ],
        episodes=4000,
        stream=(1,),
    )
    exact = [certify_policy(game, information, p, concept="nash").gap for p in candidates]
    assert found.chosen == 1
    for empirical, error, gap in zip(found.gaps, found.errors, exact, strict=True):
        assert gap is not None
        assert empirical == pytest.approx(gap, abs=4 * error + 0.02)


def test_responses_in_the_true_model_are_best_responses() -> None:
    game = random_game(4, horizon=3, kind="general")
    information = one_step_delay(game)
    nodes = expand_common_information(game, information)
    policy = build_pure_policy(game, information, ())
    for agent in range(2):
        in_model = respond_in_model(game, nodes, policy, agent=agent)
        true = best_response(game, information, policy, agent=agent)
        worth = evaluate_policy(game, information, in_model).value[agent]
        assert worth == pytest.approx(list(true.value.values())[agent])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["team", "zero-sum"])
def test_gaps_fall_with_samples(kind: str) -> None:
    gaps = []
    for steps in (60, 3000, 240_000):
        total = 0.0
        for seed in range(4):
            game = random_game(seed, horizon=3, states=2, kind=kind)
            information = one_step_delay(game)
            found = learn(game, information, seed=seed, steps=steps, rounds=3, length=2)
            certificate = certify_policy(
                game, information, found.policy, concept=found.rounds[0].concept
            )
            assert certificate.gap is not None
            total += certificate.gap / 4
        gaps.append(total)
    assert gaps[0] > gaps[1] >= gaps[2] - 1e-9
    assert gaps[2] < 0.3 * gaps[0]


@pytest.mark.slow
@pytest.mark.parametrize("concept", ["cce", "ce"])
def test_a_correlated_equilibrium_of_three_agents_is_learned(concept: str) -> None:
    game = random_game(2, agents=3, horizon=2, states=2, kind="general")
    information = one_step_delay(game)
    found = learn(
        game,
        information,
        steps=300_000,
        rounds=2,
        concept=concept,
        exploration=ExplorationKind.UNIFORM,
    )
    assert {r.concept for r in found.rounds} == {concept}
    certificate = certify_policy(game, information, found.policy, concept=concept)
    assert certificate.gap is not None
    assert certificate.gap < 0.1
    if found.selection is not None:
        chosen = found.selection.chosen
        assert found.selection.gaps[chosen] == pytest.approx(
            certificate.gap, abs=5 * found.selection.errors[chosen] + 0.03
        )


@pytest.mark.slow
@pytest.mark.parametrize("horizon", [3, 5, 7])
def test_dectiger_from_80_000_steps(horizon: int) -> None:
    game = dectiger(horizon)
    information = full(game)
    optimum = {3: 13.015488, 5: 26.810315, 7: 40.242549}[horizon]
    worth = [
        evaluate_policy(
            game, information, learn(game, information, seed=seed, steps=80_000).policy
        ).value[0]
        for seed in range(4)
    ]
    assert np.mean(worth) >= 0.93 * optimum


@pytest.mark.slow
def test_exploration_by_frequencies_alone_is_learned_from_too() -> None:
    game = dectiger(2)
    found = learn(
        game,
        full(game),
        steps=200_000,
        rounds=2,
        estimator=Estimator.COUNTS,
        exploration=ExplorationKind.COVER,
        tail=1,
    )
    assert evaluate_policy(game, full(game), found.policy).value[0] == pytest.approx(10.815)
