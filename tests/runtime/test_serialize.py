"""Compiled games as archives."""

from __future__ import annotations

import numpy as np
import pytest

from posg.runtime import (
    ProblemError,
    RewardScope,
    expand_common_information,
    load_game,
    plan,
    save_game,
)

from .games import dectiger, full, one_directional, one_step_delay, random_game


@pytest.mark.parametrize("structure", [one_step_delay, full, one_directional])
@pytest.mark.parametrize("scope", list(RewardScope))
def test_round_trip(tmp_path, structure, scope):
    game = random_game(4, scope=scope, initial_observations=True, agents=3, horizon=2)
    information = structure(game)
    path = tmp_path / "game.npz"
    save_game(path, game, information)
    loaded_game, loaded_information = load_game(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["game.npz"]
    assert loaded_game.labels == game.labels
    assert loaded_information.private_labels == information.private_labels
    assert loaded_information.increment_labels == information.increment_labels
    value = plan(game, expand_common_information(game, information), concept="team").value
    nodes = expand_common_information(loaded_game, loaded_information)
    assert np.array_equal(plan(loaded_game, nodes, concept="team").value, value)
    again = tmp_path / "again.npz"
    save_game(again, loaded_game, loaded_information)
    with np.load(path) as first, np.load(again) as second:
        assert first.files == second.files
        for name in first.files:
            assert np.array_equal(first[name], second[name])


def test_common_tables_are_written_once(tmp_path):
    game = dectiger(5)
    information = one_step_delay(game)
    save_game(tmp_path / "game.npz", game, information)
    loaded, _ = load_game(tmp_path / "game.npz")
    assert len(loaded.dynamics) == 1
    assert not loaded.dynamics[0].probability.flags.writeable


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("metadata", None),
        ("metadata", np.array("{}")),
        ("metadata", np.array("oops")),
        ("dynamics/0/successor", None),
        ("dynamics/0/successor", np.zeros(3)),
        ("dynamics/0/probability", np.zeros(3, dtype=np.int64)),
        ("dynamics_of_step", np.array([0, 0, 7])),
        ("update/1/private/0", None),
    ],
)
def test_damaged(tmp_path, name, array):
    game = dectiger(3)
    path = tmp_path / "game.npz"
    save_game(path, game, one_step_delay(game))
    with np.load(path) as archive:
        arrays = dict(archive)
    if array is None:
        del arrays[name]
    else:
        arrays[name] = array
    np.savez(path, **arrays)
    with pytest.raises(ProblemError) as caught:
        load_game(path)
    assert caught.value.code == "P0707"


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04"])
def test_not_an_archive(tmp_path, content):
    path = tmp_path / "game.npz"
    path.write_bytes(content)
    with pytest.raises(ProblemError) as caught:
        load_game(path)
    assert caught.value.code == "P0707"
