"""Games in OpenSpiel: information states, exploitability, and policies both ways."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from posg.interop.openspiel import OpenSpielGame, load
from posg.runtime import (
    ProblemError,
    certify_policy,
    evaluate_policy,
    expand_common_information,
    plan,
    solve_sequence_form,
)

from ..runtime.games import full, one_step_delay, random_game

SPECS = Path(__file__).parents[2] / "specs"


def test_without_openspiel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspiel", None)
    with pytest.raises(ProblemError, match="P0825") as caught:
        load(SPECS / "kuhn.posg")
    assert "pip install 'posg[openspiel]'" in caught.value.__notes__[0]


def gains(loaded: OpenSpielGame, tabular: object) -> list[float]:
    from open_spiel.python.algorithms.exploitability import nash_conv

    found = nash_conv(loaded.game, tabular, return_only_nash_conv=False)
    return list(found.player_improvements)


@pytest.mark.ecosystem
@pytest.mark.parametrize("sharing", [full, one_step_delay])
@pytest.mark.parametrize("seed", range(4))
def test_exploitability_agrees(sharing, seed: int) -> None:
    from open_spiel.python.policy import TabularPolicy

    game = random_game(seed, horizon=2, states=2, kind=("zero-sum", "team", "general")[seed % 3])
    information = sharing(game)
    loaded = load((game, information))
    tabular = TabularPolicy(loaded.game)
    random = np.random.default_rng(seed)
    for row, mask in zip(tabular.action_probability_array, tabular.legal_actions_mask, strict=True):
        row[mask > 0] = random.dirichlet(np.ones(int(mask.sum())))
    policy = loaded.from_tabular(tabular)
    certificate = certify_policy(game, information, policy, concept="nash")
    found = gains(loaded, tabular)
    np.testing.assert_allclose(found, list(certificate.agent_gaps.values()), atol=1e-9)
    assert max(found) > 1e-3
    again = loaded.to_tabular(policy)
    np.testing.assert_allclose(
        again.action_probability_array, tabular.action_probability_array, atol=1e-12
    )


@pytest.mark.ecosystem
def test_kuhn_poker_as_it_is_known() -> None:
    from open_spiel.python.algorithms.exploitability import exploitability
    from open_spiel.python.policy import UniformRandomPolicy
    from pyspiel import load_game

    loaded = load(SPECS / "kuhn.posg")
    form = loaded.form
    solution = solve_sequence_form(form.game, form.information)
    tabular = loaded.to_tabular(solution.policy)
    assert exploitability(loaded.game, tabular) == pytest.approx(0, abs=1e-9)
    known = load_game("kuhn_poker")
    expected = exploitability(known, UniformRandomPolicy(known))
    assert exploitability(loaded.game, UniformRandomPolicy(loaded.game)) == pytest.approx(expected)
    uniform = loaded.from_tabular(UniformRandomPolicy(loaded.game))
    certificate = certify_policy(form.game, form.information, uniform, concept="nash")
    assert sum(certificate.agent_gaps.values()) / 2 == pytest.approx(expected, abs=1e-9)
    labels = {key.split("-", 3)[3] for key in tabular.state_lookup}
    assert "step 1; common: nothing; private: hand[first]@1=1" in labels
    assert len(labels) == len(tabular.state_lookup)


@pytest.mark.ecosystem
def test_what_openspiel_learns_is_a_policy_here() -> None:
    from open_spiel.python.algorithms.cfr import CFRPlusSolver

    loaded = load(SPECS / "kuhn.posg")
    solver = CFRPlusSolver(loaded.game)
    for _ in range(300):
        solver.evaluate_and_update_policy()
    policy = loaded.from_tabular(solver.average_policy())
    form = loaded.form
    assert policy.value["first"] == pytest.approx(-1 / 18, abs=1e-3)
    assert certify_policy(form.game, form.information, policy, concept="nash").gap < 5e-3


@pytest.mark.ecosystem
def test_a_plan_keeps_its_worth() -> None:
    loaded = load(SPECS / "dectiger.posg", "full", horizon=2, parameters={"accuracy": 0.8})
    form = loaded.form
    nodes = expand_common_information(form.game, form.information)
    solution = plan(form.game, nodes, concept="team")
    back = loaded.from_tabular(loaded.to_tabular(solution.policy), concept="team")
    worth = evaluate_policy(form.game, form.information, back).value
    np.testing.assert_allclose(worth, solution.value, atol=1e-9)


@pytest.mark.ecosystem
def test_public_lots_are_refused() -> None:
    game = random_game(0, horizon=2, states=2, actions=3, kind="general")
    information = full(game)
    nodes = expand_common_information(game, information)
    solution = plan(game, nodes, concept="cce", select="egalitarian")
    assert max(len(step.signal_node) - step.node_count for step in solution.policy.steps) > 0
    with pytest.raises(ProblemError) as caught:
        load((game, information)).to_tabular(solution.policy)
    assert caught.value.code == "P0930"
