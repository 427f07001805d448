"""Whether agents' observations are independent given what the joint observation depends on."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .tabular import Ids, TabularGame, ValueList, scaled_probabilities

_INT64 = 2**62
Table = tuple[Ids, tuple[Fraction, ...]]
"""Places in a list of values, and the list."""


def marginals(game: TabularGame) -> list[Table] | None:
    """Law of each agent's own observation, (A, S, O_i); None if they are not independent.

    Exact: every joint probability is the product of the agents'.
    """
    table, counts = game.observation, game.observation_counts
    agents = len(counts)
    if agents == 1:
        return [(table, game.values)]
    rows, inverse = distinct_rows(table.reshape(-1, table.shape[-1]))
    integers, one = scaled_probabilities(game.values, table.shape[-1])
    if (2 * one) ** agents >= _INT64:
        integers = integers.astype(object)
    joint = integers[rows].reshape(len(rows), *counts)
    axes = range(1, agents + 1)
    total = joint.sum(axis=tuple(axes))
    product_of = np.ones_like(joint)
    owns: list[NDArray[Any]] = []
    for agent in axes:
        own = joint.sum(axis=tuple(axis for axis in axes if axis != agent))
        owns.append(own)
        shape = [len(rows)] + [counts[agent - 1] if axis == agent else 1 for axis in axes]
        product_of = product_of * own.reshape(shape)
    scale = total ** (agents - 1)
    if not (joint * scale.reshape(-1, *(1 for _ in axes)) == product_of).all():
        return None
    return [_table(own, total, inverse, table.shape[:2]) for own in owns]


def _table(own: NDArray[Any], total: NDArray[Any], places: Ids, shape: tuple[int, ...]) -> Table:
    """Rows of integers, each divided by its total, as a table."""
    values = ValueList()
    ids = [
        [values.number(Fraction(weight, whole)) for weight in law]
        for law, whole in zip(own.tolist(), total.tolist(), strict=True)
    ]
    return np.array(ids, dtype=np.int32)[places].reshape(*shape, -1), values.values


def distinct_rows(rows: Ids) -> tuple[Ids, Ids]:
    """The distinct rows in the order in which they occur, and the place of each row among them."""
    numbers: dict[bytes, int] = {}
    first: list[int] = []
    places = np.empty(len(rows), dtype=np.int32)
    for place, row in enumerate(rows):
        number = numbers.setdefault(row.tobytes(), len(first))
        if number == len(first):
            first.append(place)
        places[place] = number
    return rows[first], places


def joint_names(groups: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Names of joint values, as tuples of a spec."""
    return tuple(f"({', '.join(names)})" for names in product(*groups))
