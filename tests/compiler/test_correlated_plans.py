"""Plans with a common lottery: equilibria in the true game, executed as they were meant."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from posg.runtime import (
    ProblemError,
    certify_policy,
    evaluate_policy,
    expand_common_information,
    load_policy,
    plan,
    save_policy,
    simulate_episodes,
)

from ..runtime.games import full, one_directional, one_step_delay, random_game
from .slow import compiled

CHICKEN = """
game chicken {
  agents a, b;
  horizon HORIZON;
  action go[i] in { swerve, dare };
  reward[a] = match (go[a], go[b]) {
    (swerve, swerve) => 6, (swerve, dare) => 2, (dare, swerve) => 7, (dare, dare) => 0,
  };
  reward[b] = match (go[b], go[a]) {
    (swerve, swerve) => 6, (swerve, dare) => 2, (dare, swerve) => 7, (dare, dare) => 0,
  };
  use sharing full;
}
"""


@pytest.mark.parametrize("structure", [one_step_delay, full])
@pytest.mark.parametrize("concept", ["ce", "cce"])
@pytest.mark.parametrize("seed", range(2))
def test_three_agents(structure, concept, seed, tmp_path):
    game = random_game(seed, kind="general", agents=3, states=2, horizon=2)
    information = structure(game)
    nodes = expand_common_information(game, information)
    solution = plan(game, nodes, concept=concept)
    assert solution.stage_gap < 1e-8
    evaluation = evaluate_policy(game, information, solution.policy)
    assert solution.value == pytest.approx(evaluation.value, abs=1e-9)
    assert evaluation.missing == 0
    certificate = certify_policy(game, information, solution.policy, concept=concept)
    assert certificate.method == "exact"
    assert certificate.gap <= 1e-7
    for name in ("policy.json", "policy.npz"):
        save_policy(solution.policy, tmp_path / name)
        again = evaluate_policy(game, information, load_policy(tmp_path / name))
        assert again.value == pytest.approx(evaluation.value, abs=1e-12)


def test_looser_tolerances_are_met():
    game = random_game(4, kind="general", agents=3, states=2, horizon=2)
    information = one_directional(game)
    nodes = expand_common_information(game, information)
    for tolerance in (1e-6, 1e-1):
        policy = plan(game, nodes, concept="cce", tolerance=tolerance).policy
        gap = certify_policy(game, information, policy, concept="cce").gap
        assert gap is not None
        assert gap <= tolerance


def chicken(horizon: int = 1):
    return compiled(CHICKEN.replace("HORIZON", str(horizon)))


def test_selections_of_chicken():
    """Aumann (1974): a correlated equilibrium is worth 10.5 in all, more than any of Nash."""
    result = chicken()
    nodes = expand_common_information(result.game, result.information)
    best = plan(result.game, nodes, concept="ce", select="welfare")
    assert best.value.sum() == pytest.approx(10.5)
    fair = plan(result.game, nodes, concept="ce", select="egalitarian")
    assert fair.value == pytest.approx([5.25, 5.25])
    coarse = plan(result.game, nodes, concept="cce", select="welfare")
    assert coarse.value.sum() >= best.value.sum() - 1e-9
    for solution, concept in ((best, "ce"), (fair, "ce"), (coarse, "cce")):
        certificate = certify_policy(
            result.game, result.information, solution.policy, concept=concept
        )
        assert certificate.gap == pytest.approx(0, abs=1e-9)
    with pytest.raises(ProblemError) as caught:
        plan(result.game, nodes, concept="nash", select="welfare")
    assert caught.value.code == "P0708"


def test_the_draw_is_common_fresh_and_not_to_be_replaced_by_its_marginals():
    result = chicken(horizon=2)
    game, information = result.game, result.information
    nodes = expand_common_information(game, information)
    policy = plan(game, nodes, concept="ce", select="egalitarian").policy
    value = evaluate_policy(game, information, policy).value
    episodes = simulate_episodes(game, information, policy, episodes=40_000, seed=1)
    error = episodes.returns.std(axis=0) / 200
    assert (np.abs(episodes.returns.mean(axis=0) - value) < 5 * error).all()
    # Common: never do both dare. Fresh: what was played at step 1 says nothing about step 2.
    joint = episodes.actions @ np.array([2, 1])
    assert joint.max() < 3
    table = np.zeros((3, 3))
    np.add.at(table, (joint[:, 0], joint[:, 1]), 1 / len(joint))
    assert np.abs(table - np.outer(table.sum(axis=1), table.sum(axis=0))).max() < 0.01
    # The marginals of the same play, drawn by each alone, are another policy.
    steps = []
    for step in policy.steps:
        rows = [
            replace(
                own,
                signal=np.zeros(1, dtype=np.int64),
                value=own.value[:1],
                probability=(step.signal_weight @ own.probability)[None],
            )
            for own in step.prescriptions
        ]
        steps.append(
            replace(
                step,
                signal_node=step.signal_node[:1],
                signal_weight=np.ones(1),
                prescriptions=tuple(rows),
            )
        )
    alone = replace(policy, steps=tuple(steps))
    assert np.abs(evaluate_policy(game, information, alone).value - value).min() > 0.1
