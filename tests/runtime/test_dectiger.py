"""Published values of Dec-Tiger under three sharing structures."""

from __future__ import annotations

import pytest

from posg.runtime import (
    certify_policy,
    evaluate_policy,
    expand_common_information,
    plan,
)

from .games import dectiger, full, one_directional, one_step_delay

VALUES = [
    (
        one_step_delay,
        {2: -4, 3: 8.815, 4: 11.0154875, 5: 10.67606344, 6: 19.12457118, 7: 22.91830384},
    ),
    (
        full,
        {2: 10.815, 3: 13.0154875, 4: 22.70112431, 5: 26.81032489, 6: 35.07397046, 7: 40.24255451},
    ),
    (one_directional, {2: 7.5, 3: 11.7475, 4: 15.0, 5: 19.2475, 6: 23.495, 7: 27.1281}),
]


@pytest.mark.parametrize(
    ("structure", "horizon", "value"),
    [(make, horizon, value) for make, row in VALUES for horizon, value in row.items()],
)
def test_team_optimum(structure, horizon, value):
    game = dectiger(horizon)
    information = structure(game)
    solution = plan(game, expand_common_information(game, information), concept="team")
    evaluation = evaluate_policy(game, information, solution.policy)
    certificate = certify_policy(game, information, solution.policy, concept="team")
    assert certificate.gap == pytest.approx(0, abs=1e-9)
    assert evaluation.missing == 0
    assert evaluation.value == pytest.approx(solution.value, abs=1e-9)
    assert solution.value == pytest.approx([value, value], abs=1e-4 if horizon == 7 else 1e-7)


@pytest.mark.parametrize(
    ("structure", "counts"),
    [
        (one_step_delay, (1, 9, 324)),
        (full, (1, 36, 1296)),
        (one_directional, (1, 18, 648)),
    ],
)
def test_history_counts(structure, counts):
    game = dectiger(3)
    information = structure(game)
    merged = expand_common_information(game, information)
    histories = expand_common_information(game, information, merge=False)
    assert merged.history_counts == counts
    assert histories.node_counts == histories.history_counts == counts
