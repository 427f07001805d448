"""The compiled products of planning, against the same in numpy."""

from __future__ import annotations

import numpy as np
import pytest

from posg.runtime import expand_common_information, nodes, payoffs, plan, pushing
from posg.runtime.beliefs import NEGLIGIBLE

from .games import random_game
from .test_planning import CASES

CASES = [(structure, options) for structure, options, _ in CASES]


def pass_forward(monkeypatch, game, information, *, compiled, merge=False):
    monkeypatch.setattr(nodes, "COMPILED", 0 if compiled else np.inf)
    return expand_common_information(game, information, merge=merge)


@pytest.mark.parametrize(("structure", "options"), CASES)
def test_beliefs_are_pushed_alike(structure, options, monkeypatch):
    game = random_game(5, **options)
    information = structure(game)
    used = []
    kernel = pushing._push_compiled
    monkeypatch.setattr(
        pushing, "_push_compiled", lambda *arguments: used.append(1) or kernel(*arguments)
    )
    plain = pass_forward(monkeypatch, game, information, compiled=False)
    assert not used
    made = pass_forward(monkeypatch, game, information, compiled=True)
    assert used or structure.__name__ != "one_step_delay" or game.horizon == 1
    assert made.node_counts == plain.node_counts
    assert made.margin < 1e-12
    for one, other in zip(made.steps, plain.steps, strict=True):
        assert (one.beliefs.offsets == other.beliefs.offsets).all()
        assert (one.beliefs.index == other.beliefs.index).all()
        assert np.allclose(one.beliefs.probability, other.beliefs.probability, atol=1e-15)
        if one.edges is not None:
            for name in ("offsets", "increment", "child"):
                assert (getattr(one.edges, name) == getattr(other.edges, name)).all()
            assert np.allclose(one.edges.probability, other.edges.probability, atol=1e-15)


@pytest.mark.parametrize(("structure", "options"), CASES)
@pytest.mark.parametrize("merge", [True, False])
def test_payoffs_are_added_alike(structure, options, merge, monkeypatch):
    game = random_game(6, **options, kind="team")
    common = expand_common_information(game, structure(game), merge=merge)
    used = []
    kernel = payoffs._Batch.payoffs_compiled
    monkeypatch.setattr(
        payoffs._Batch,
        "payoffs_compiled",
        lambda *arguments: used.append(1) or kernel(*arguments),
    )
    plain = plan(game, common, concept="team", compiled=False)
    assert not used
    made = plan(game, common, concept="team", compiled=True)
    assert len(used) >= game.horizon
    for one, other in zip(made.node_values, plain.node_values, strict=True):
        assert np.allclose(one, other, atol=1e-12)


def test_negligible_entries_are_dropped():
    from posg.runtime.product_kernels import push_rows

    tiny = NEGLIGIBLE / 10
    whole = np.array([0, 1, 2, 3])
    kernel = (np.array([0, 4]), np.array([0, 1, 3, 2]), np.array([0.5, tiny, 0.25, 0.25]))
    out = [np.zeros(4, dtype=np.int64) for _ in range(2)]
    mass, distance, lengths, index = np.zeros(4), np.zeros(4), out[0], out[1]
    source, increment, probability = whole.copy(), whole.copy(), np.zeros(4)
    edges, entries = push_rows(
        np.array([0, 1]),
        np.array([0]),
        np.ones(1),
        *kernel,
        kernel[2],
        2,
        np.zeros((2, 4)),
        source,
        increment,
        mass,
        distance,
        lengths,
        index,
        probability,
    )
    assert (edges, entries) == (2, 3)
    assert increment[:edges].tolist() == [0, 1]
    assert lengths[:edges].tolist() == [1, 2]
    assert index[:entries].tolist() == [0, 0, 1]
    assert probability[:entries].tolist() == [1.0, 0.5, 0.5]
    assert np.abs(distance[:edges]).max() < 1e-12
