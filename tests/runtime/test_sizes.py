"""Counts without building against enumeration."""

from __future__ import annotations

import numpy as np
import pytest

from posg.runtime import (
    count_common_information,
    expand_common_information,
    require_exact,
)
from posg.runtime.arrays import add_counts
from posg.runtime.errors import LimitError
from posg.runtime.sizes import lower_bound

from .games import (
    dectiger,
    delayed,
    full,
    none,
    one_directional,
    one_step_delay,
    random_game,
)
from .reference import Reference


def reachable(game, information):
    """For each step, every c_h with the (s, p) that can hold after it: dictionaries of sets."""
    reference = Reference(game, information)
    step_sets: dict[tuple[int, ...], set] = {}
    for chance, state, z, p in reference.opening():
        if chance > 0:
            step_sets.setdefault((z,), set()).add((state, p))
    found = [step_sets]
    for step in range(1, game.horizon):
        following: dict[tuple[int, ...], set] = {}
        for common, cell in step_sets.items():
            for state, p in cell:
                for action in reference.joint_actions():
                    for chance, successor, o, _ in reference.outcomes(step, state, action):
                        if chance > 0:
                            z, q = reference.update(step, p, action, o)
                            following.setdefault((*common, z), set()).add((successor, q))
        step_sets = following
        found.append(step_sets)
    return found


STRUCTURES = {
    "one step": one_step_delay,
    "full": full,
    "one direction": one_directional,
    "none": none,
    "two steps": lambda game: delayed(game, 2),
}


@pytest.mark.parametrize("structure", STRUCTURES.values(), ids=STRUCTURES.keys())
@pytest.mark.parametrize("seed", range(4))
def test_counts_are_those_of_enumeration(structure, seed):
    game = random_game(
        seed,
        agents=2 + seed % 2,
        states=2 + seed // 2,
        horizon=4 - seed % 2,
        initial_observations=seed == 1,
        stationary=seed == 2,
    )
    information = structure(game)
    sizes = count_common_information(game, information)
    enumerated = reachable(game, information)
    assert sizes.complete
    assert sizes.histories == tuple(map(len, enumerated)) == sizes.bounds
    for step, cells in zip(sizes.steps, enumerated, strict=True):
        assert step.entries == sum(map(len, cells.values()))
        possible = {p for cell in cells.values() for _, p in cell}
        assert step.private == tuple(len(set(own)) for own in zip(*possible, strict=True))
        distinct = {frozenset(cell) for cell in cells.values()}
        assert step.supports == len(distinct)
        assert step.support_entries == sum(map(len, distinct))


def test_counting_is_not_building():
    game = dectiger(100)
    sizes = count_common_information(game, one_step_delay(game))
    assert sizes.histories is not None
    assert sizes.histories[-1] == 9 * 36**98


def test_too_many_supports_leave_a_bound():
    game = random_game(5, states=3, horizon=4)
    information = one_step_delay(game)
    whole = count_common_information(game, information)
    part = count_common_information(game, information, max_supports=1)
    assert not part.complete
    assert part.histories is None
    assert part.private[-1] == information.private_counts[-1]
    assert part.bounds[: len(part.steps)] == whole.bounds[: len(part.steps)]
    assert all(bound >= count for bound, count in zip(part.bounds, whole.bounds, strict=True))


def test_memory_estimates_cover_what_is_built():
    game = dectiger(5)
    information = one_step_delay(game)
    sizes = count_common_information(game, information)
    for horizon in range(1, 6):
        short = dectiger(horizon)
        nodes = expand_common_information(short, one_step_delay(short), merge=False)
        used = sum(
            step.beliefs.nbytes + (0 if step.edges is None else step.edges.nbytes)
            for step in nodes.steps
        )
        assert used <= sizes.exact_bytes(horizon) <= 4 * used + 1000
        assert sizes.fitting_horizon(sizes.exact_bytes(horizon)) == horizon
    merged = expand_common_information(game, information)
    used = sum(step.beliefs.nbytes for step in merged.steps)
    assert sizes.merged_bytes() <= sizes.exact_bytes(5)
    assert sizes.merged_products() <= sizes.exact_products(5)
    assert sum(step.support_entries for step in sizes.steps) <= used / 16


def test_lower_bound_of_lemma_1():
    game = dectiger(4)
    information = none(game)
    sizes = count_common_information(game, information)
    for step in range(1, 5):
        private = 1
        for count in information.private_counts[step - 1]:
            private *= count
        assert sizes.bounds[step - 1] * private >= lower_bound(game, step) == 36 ** (step - 1)


def test_exact_common_information_that_does_not_fit_is_refused():
    game = dectiger(7)
    information = one_step_delay(game)
    with pytest.raises(LimitError) as caught:
        require_exact(game, information, 1 << 30)
    assert caught.value.code == "P0614"
    assert caught.value.facts["nodes"] == f"{9 * 36**5:,}"
    assert caught.value.facts["fits"] == "5"
    short = dectiger(5)
    require_exact(short, one_step_delay(short), 1 << 30)


@pytest.mark.parametrize("least", [1, 2**40, 2**62, 2**70])
def test_counts_are_exact(least):
    random = np.random.default_rng(4)
    counts = np.array([least + int(k) for k in random.integers(9, size=50)], dtype=object)
    places = random.integers(7, size=50)
    expected = [sum(counts[places == place]) for place in range(8)]
    assert add_counts(counts, places, 8).tolist() == expected
    if least < 2**63:
        assert add_counts(counts.astype(np.int64), places, 8).tolist() == expected
