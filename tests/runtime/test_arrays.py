"""Array idioms, against dictionaries and numpy's own, for keys near each other and far apart."""

from __future__ import annotations

import numpy as np
import pytest

from posg.runtime.arrays import Columns, distinct_values, locate_values, sum_by_key

SPREADS = [1, 7, 200, 10**6, 2**61]


@pytest.fixture(params=SPREADS)
def keys(request):
    random = np.random.default_rng(request.param)
    return random.integers(0, request.param, size=300)


def test_sums_by_key(keys):
    weights = np.random.default_rng(1).normal(size=(2, len(keys)))
    expected = {}
    for key, *pair in zip(keys.tolist(), *weights.tolist(), strict=True):
        expected[key] = expected.get(key, 0) + np.array(pair)
    found, sums = sum_by_key(keys, *weights)
    assert found.tolist() == sorted(expected)
    assert np.allclose(np.stack(sums, axis=1), [expected[key] for key in found.tolist()])


def test_distinct_values_and_their_places(keys):
    found, place = locate_values(keys)
    assert found.tolist() == sorted(set(keys.tolist()))
    assert (found[place] == keys).all()
    assert (distinct_values(keys) == found).all()


def test_values_need_not_be_keys():
    assert distinct_values(np.array([3, -1, 3, 0])).tolist() == [-1, 0, 3]
    assert distinct_values(np.array([0.5, 0.25, 0.5])).tolist() == [0.25, 0.5]


def test_nothing():
    nothing = np.zeros(0, dtype=np.int64)
    assert not len(distinct_values(nothing))
    assert not len(sum_by_key(nothing, np.zeros(0))[0])
    assert [len(part) for part in locate_values(nothing)] == [0, 0]


def test_columns_join_what_was_added():
    columns = Columns()
    pieces = [np.arange(size) for size in (3, 5, 0, 9, 1, 2)]
    for piece in pieces:
        columns.add(piece, np.stack([piece, piece / 2], axis=1), piece[:1])
    first, pairs, short = columns.join()
    assert first.tolist() == np.concatenate(pieces).tolist()
    assert (pairs == np.stack([first, first / 2], axis=1)).all()
    assert short.tolist() == [0] * 5
