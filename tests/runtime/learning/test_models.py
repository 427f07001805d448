"""Learned models against dictionaries of counts, and what is planned on them."""

from __future__ import annotations

import numpy as np
import pytest

from posg.runtime import (
    Game,
    InformationStructure,
    evaluate_policy,
    expand_common_information,
    plan,
)
from posg.runtime.learning.contexts import WindowCodes, grow_contexts
from posg.runtime.learning.estimates import Observed, weigh_windows
from posg.runtime.learning.models import Estimator, estimate_model
from posg.runtime.learning.outcomes import read_symbols
from posg.runtime.learning.samples import StepSamples, replay_samples
from posg.runtime.learning.simulator import Simulator
from posg.runtime.policy_play import PolicyPlay

from ..games import dectiger, full, one_directional, one_step_delay, random_game, uncontrolled
from .counted import CountedModel, WeighedWindows

ESTIMATORS = [
    pytest.param(each, marks=pytest.mark.ecosystem if each is Estimator.NETWORK else ())
    for each in Estimator
]


def draw(game: Game, information: InformationStructure, count: int, seed: int) -> list[StepSamples]:
    play = PolicyPlay(game, information, None)
    return list(replay_samples(game, information, Simulator(game, seed).episodes(play, count, 0)))


@pytest.mark.parametrize("sharing", [full, one_step_delay, one_directional])
@pytest.mark.parametrize("length", [0, 1, 2, 3])
@pytest.mark.parametrize("episodes", [12, 400])
def test_frequencies_make_the_model_of_the_dictionaries(sharing, length, episodes) -> None:
    for seed in range(3):
        game = random_game(seed, horizon=3, states=2, discount=0.9)
        information = sharing(game)
        samples = draw(game, information, episodes, seed)
        model = estimate_model(
            game, information, None, samples, length=length, estimator=Estimator.COUNTS
        )
        reference = CountedModel(game, information, samples, length)
        value = plan(model.game, model.nodes, concept="team").value[0]
        assert value == pytest.approx(reference.value(), abs=1e-9)


def test_frequencies_of_initial_observations() -> None:
    game = random_game(5, horizon=3, initial_observations=True)
    information = full(game)
    samples = draw(game, information, 100, 1)
    model = estimate_model(game, information, None, samples, length=2, estimator=Estimator.COUNTS)
    value = plan(model.game, model.nodes, concept="team").value[0]
    assert value == pytest.approx(CountedModel(game, information, samples, 2).value(), abs=1e-9)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("stationary", [False, True])
@pytest.mark.parametrize("sharing", [full, one_step_delay, uncontrolled])
def test_models_consist_of_distributions(estimator, stationary, sharing) -> None:
    game = random_game(3, horizon=4, uncontrolled=True)
    information = sharing(game)
    nodes = estimate_model(
        game,
        information,
        None,
        draw(game, information, 60, 2),
        length=2,
        estimator=estimator,
        stationary=stationary,
    ).nodes
    assert nodes.roots.probability.sum() == pytest.approx(1)
    for number, step in enumerate(nodes.steps):
        sums = np.add.reduceat(step.beliefs.probability, step.beliefs.offsets[:-1])
        assert sums == pytest.approx(np.ones(len(sums)))
        dynamics = nodes.game.dynamics[number]
        sums = np.add.reduceat(dynamics.emission_probability, dynamics.emission_offsets[:-1])
        assert sums == pytest.approx(np.ones(len(sums)))
        if step.edges is not None:
            sums = np.add.reduceat(step.edges.probability, step.edges.offsets[:-1])
            assert sums == pytest.approx(np.ones(len(sums)))
            source, increment = step.edges.source, step.edges.increment
            same = np.diff(source) == 0
            assert (np.diff(increment)[same] > 0).all()


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_many_samples_give_the_optimum(estimator: Estimator) -> None:
    game = dectiger(2)
    information = full(game)
    model = estimate_model(
        game, information, None, draw(game, information, 20_000, 0), length=2, estimator=estimator
    )
    found = plan(model.game, model.nodes, concept="team").policy
    evaluation = evaluate_policy(game, information, found)
    assert evaluation.value[0] == pytest.approx(10.815)
    assert evaluation.missing == 0


def test_untried_actions_are_told_and_taken_for_average() -> None:
    game = random_game(2, horizon=2)
    information = full(game)
    samples = [
        StepSamples(
            step=part.step,
            increments=part.increments[part.actions == 0],
            private=part.private[part.actions == 0],
            actions=part.actions[part.actions == 0],
            observations=part.observations[part.actions == 0],
            rewards=part.rewards[part.actions == 0],
        )
        for part in draw(game, information, 300, 0)
    ]
    model = estimate_model(game, information, None, samples, length=0, estimator=Estimator.COUNTS)
    assert model.missing == (3, 3)
    value = plan(model.game, model.nodes, concept="team").value[0]
    assert value == pytest.approx(CountedModel(game, information, samples, 0).value(), abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sharing", [full, one_step_delay])
def test_weights_are_those_of_one_sample_after_the_other(seed, sharing) -> None:
    game = random_game(seed, horizon=2, states=2)
    information = sharing(game)
    part = draw(game, information, 14, seed)[1]
    levels, members = grow_contexts(WindowCodes(information, None), [part], 2)
    alphabet, private, outcome = read_symbols(game, information, [part])
    weights = weigh_windows(
        Observed(
            levels=levels, members=members, alphabet=alphabet, private=private, outcome=outcome
        )
    )
    triples = [
        (
            tuple(part.increments[k].tolist()),
            int(part.private[k]),
            int(part.actions[k]),
            (int(part.observations[k]), *part.rewards[k].tolist()),
        )
        for k in range(len(part.actions))
    ]
    by_weight = {c: WeighedWindows(triples, 2, c) for c in 2.0 ** np.arange(-2, 6)}
    best = max(by_weight.values(), key=lambda found: found.total())
    assert weights.concentration == best.weight
    for size in (1, 2):
        for k, triple in enumerate(triples):
            window = triple[0][2 - size :]
            likely = weights.apart[size][members[size][k]]
            assert likely == pytest.approx(1 / (1 + np.exp(-best.odds(window))), abs=1e-9)


@pytest.mark.slow
def test_more_memory_costs_frequencies_a_lot_and_a_mixture_nothing() -> None:
    game = dectiger(4)
    information = full(game)
    samples = draw(game, information, 20_000, 0)
    worth = {}
    for estimator in (Estimator.COUNTS, Estimator.MIXTURE):
        for length in (1, 4):
            model = estimate_model(
                game, information, None, samples, length=length, estimator=estimator
            )
            policy = plan(model.game, model.nodes, concept="team").policy
            worth[estimator, length] = evaluate_policy(game, information, policy).value[0]
    assert worth[Estimator.COUNTS, 4] < worth[Estimator.COUNTS, 1] - 20
    assert worth[Estimator.MIXTURE, 4] > worth[Estimator.MIXTURE, 1] - 0.5


@pytest.mark.slow
def test_with_all_memory_and_many_samples_the_gap_goes_to_nothing() -> None:
    for sharing in (full, one_step_delay):
        game = random_game(1, horizon=3, states=2)
        information = sharing(game)
        best = plan(game, expand_common_information(game, information), concept="team").value[0]
        losses = []
        for episodes in (300, 3000, 100_000):
            samples = draw(game, information, episodes, 3)
            model = estimate_model(game, information, None, samples, length=3)
            policy = plan(model.game, model.nodes, concept="team").policy
            losses.append(best - evaluate_policy(game, information, policy).value[0])
        assert losses[0] >= losses[2] - 1e-9
        assert losses[2] < 0.01
