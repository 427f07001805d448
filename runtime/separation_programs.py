"""gamma of one matrix by linear programs: a search from above, and branch and bound from below.

A lower bound is never taken from a solver's word: multipliers are clipped and multiplied out. So
bounds hold up to rounding of 1e-13, whatever the solver's tolerances are.

Splitting the states in all ways takes 2^(S-1) - 1 programs: with S = 8, O = 12 that is 0.4 s, where
listing vertices takes 0.03 s. A mixed-integer program with one binary a state is slow, as its
relaxation is 0 until most states are decided: on random rows with S = 16, O = 24 HiGHS takes 15 s,
where this takes 0.8 s; with S = 20, O = 40 its lower bound is 0 after 20 s, where this has 0.0607 of
0.0628; and its tolerances of 1e-6 leave no exact answer. The tests use both as references.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from time import monotonic

import numpy as np

from .game import Floats
from .separation import (
    EXACT,
    Separation,
    distance_of,
    merge_columns,
)

LIFTED_ENTRIES = 1_000_000
"""Largest S * S * O of a lifted program; its matrix has some four times as many entries."""
_SEARCH_SHARE = 0.4
"""How much of the time may go into the search from above."""


def separate(rows: Floats, start: Separation, *, seconds: float) -> Separation:
    """Narrow bounds on gamma until they agree, or for some seconds.

    What is found is true whenever the clock stops it; with ``exact`` bounds it does not depend on
    the clock.
    """
    if start.exact:
        return start
    begin = monotonic()
    bounds = _Bounds(rows, start, begin + seconds)
    bounds.search(begin + _SEARCH_SHARE * seconds)
    if not bounds.closed:
        bounds.branch()
    return bounds.result()


class _Bounds:
    """The best bounds so far on gamma of one matrix."""

    def __init__(self, rows: Floats, start: Separation, deadline: float) -> None:
        self._rows = rows
        self._merged = merge_columns(rows)
        self._deadline = deadline
        self._lower, self._upper = start.lower, start.upper
        self._difference = start.difference
        self._reach = np.zeros(len(rows))

    @property
    def closed(self) -> bool:
        """Whether the bounds agree."""
        return self._upper - self._lower <= EXACT

    def result(self) -> Separation:
        return Separation(
            lower=min(self._lower, self._upper), upper=self._upper, difference=self._difference
        )

    def search(self, deadline: float) -> None:
        """Search from above: maximise each d_s, then alternate between d and its signs.

        An alternation never gets worse, and ends at signs that were seen before.
        """
        count = len(self._rows)
        candidates: list[Floats] = [self._difference]
        for state in range(count):
            if monotonic() > deadline:
                break
            found = solve_for_signs(self._merged, np.eye(count)[state])
            if found is None:
                break
            self._reach[state] = 1 / found.value
            candidates.append(found.difference)
        seen: set[bytes] = set()
        for candidate in candidates:
            while self._offer(candidate) and monotonic() < deadline:
                signs = np.where(candidate > 0, 1.0, -1.0)
                signs *= signs[0]
                if signs.tobytes() in seen:
                    break
                seen.add(signs.tobytes())
                found = solve_for_signs(self._merged, signs)
                if found is None:
                    break
                candidate = found.difference

    def branch(self) -> None:
        """Decide the signs of d one by one, the node with the least bound first."""
        signs = np.zeros(len(self._rows))
        # d and -d are the same pair.
        signs[int(self._reach.argmax())] = 1
        open_nodes: list[tuple[float, int, Floats]] = []
        stopped: float | None = None
        serial = 0
        heappush(open_nodes, (self._lower, serial, signs))
        while open_nodes and stopped is None:
            least, _, signs = heappop(open_nodes)
            if least >= self._upper - EXACT / 2:
                break
            node = self._solve_node(signs)
            if node is None:
                stopped = least
                break
            bound = max(least, node.bound)
            for row in node.differences:
                self._offer(row - row.mean())
            if bound >= self._upper - EXACT / 2:
                continue
            if node.branching is None:
                # All signs are decided: what keeps the bounds apart is rounding.
                stopped = bound
                break
            for sign in (1, -1):
                child = signs.copy()
                child[node.branching] = sign
                if (child == 0).any() or len(set(child.tolist())) == 2:
                    serial += 1
                    heappush(open_nodes, (bound, serial, child))
        remaining = [least for least, _, _ in open_nodes]
        if stopped is not None:
            remaining.append(stopped)
        floor = min([self._upper - EXACT / 2, *remaining])
        self._lower = max(self._lower, floor)

    def _offer(self, difference: Floats) -> bool:
        """Keep d if it is the best so far; whether it is one at all."""
        if not difference.max() > 1e-12 or not difference.min() < -1e-12:
            return False
        upper, scaled = distance_of(self._rows, difference)
        if upper < self._upper:
            self._upper, self._difference = upper, scaled
        return True

    def _solve_node(self, signs: Floats) -> _Node | None:
        left = self._deadline - monotonic()
        if left <= 0 or len(signs) * self._merged.size > LIFTED_ENTRIES:
            return None
        return solve_lifted(self._merged, signs, seconds=left)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steepest:
    """The d with target . d = 1 and the least ``|R^T d|_1``, the value."""

    value: float
    difference: Floats


def solve_for_signs(merged: Floats, target: Floats) -> _Steepest | None:
    """Minimise ``|R^T d|_1`` over the d with sum 0 and target . d = 1, by the dual.

    The dual is the smaller program: the largest v for which some g with entries in [-1, 1] and
    some w have R g + w = v target. Its multipliers are d.
    """
    from scipy.optimize import linprog

    count, columns = merged.shape
    found = linprog(
        np.concatenate([np.zeros(columns + 1), [-1.0]]),
        A_eq=np.column_stack([merged, np.ones(count), -target]),
        b_eq=np.zeros(count),
        bounds=[(-1, 1)] * columns + [(None, None), (0, None)],
        method="highs-ds",
    )
    if found.status != 0 or not found.x[-1] > 0:
        return None
    difference = np.asarray(found.eqlin.marginals)
    if target @ difference < 0:
        difference = -difference
    difference = difference - difference.mean()
    return _Steepest(value=float(found.x[-1]), difference=difference)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    bound: float
    differences: Floats
    branching: int | None


def solve_lifted(merged: Floats, signs: Floats, *, seconds: float) -> _Node | None:
    """Bound ``|R^T d|_1 / 2`` from below over the d of L1 norm 2 with some given signs.

    Let s be the signs of d. The program has the vector d and, for each state f without a given
    sign, a vector X_f that stands for s_f d, and it has m_j for ``|u_j|``, where u = R^T d:

    - minimise sum_j m_j / 2, where ``|(R^T d)_j| <= m_j`` and ``|(R^T X_f)_j| <= m_j``;
    - d and the X_f sum to 0;
    - the absolute values of d sum to 2, where ``|d_f|`` is X_ff if f has no sign;
    - ``|X_fg| <= |d_g|`` and ``|d_f| <= X_ff``;
    - no ``|d_g|`` is above 1, as the positive entries of d sum to 1, and no m_j above the largest
      entry of column j.

    Each d satisfies them with X_f = s_f d, so the optimum is a lower bound; if all signs are given
    it is the least distance under that split. Without signs it is the best bound of
    ``bound_by_inverse`` over all G, with a centre in place of pairs.
    """
    from scipy.optimize import linprog
    from scipy.sparse import coo_array, csr_array, hstack, kron, vstack

    count, columns = merged.shape
    given, free = np.flatnonzero(signs), np.flatnonzero(signs == 0)
    vectors = 1 + len(free)
    size = vectors * count + columns
    # Each of the constraints of the form |value| <= limit is two rows.
    values = [kron(np.eye(vectors), merged.T)]
    limits = [kron(np.ones((vectors, 1)), np.eye(columns))]
    diagonal = np.arange(1, vectors) * count + free
    own = np.zeros(size)
    own[given], own[diagonal] = signs[given], 1
    place = [*range(1, vectors)]
    inner = np.array([v * count + g for v in place for g in given], dtype=np.int64)
    outer = np.array([g for _ in place for g in given], dtype=np.int64)
    value_at = np.concatenate([inner, free])
    limit_at = np.concatenate([outer, diagonal])
    line = np.arange(len(value_at))
    shape = (len(line), size)
    couplings = coo_array((np.ones(len(line)), (line, value_at)), shape=shape)
    ceilings = coo_array((own[limit_at], (line, limit_at)), shape=shape)
    dense = hstack([values[0], csr_array((vectors * columns, columns))])
    over = hstack([csr_array((vectors * columns, vectors * count)), limits[0]])
    upper_rows = csr_array(
        vstack([dense - over, -dense - over, couplings - ceilings, -couplings - ceilings])
    )
    sums = hstack([kron(np.eye(vectors), np.ones((1, count))), csr_array((vectors, columns))])
    equal_rows = csr_array(vstack([sums, csr_array(own[None])]))
    equal_to = np.concatenate([np.zeros(vectors), [2.0]])
    low, high = np.full(size, -1.0), np.ones(size)
    low[given[signs[given] > 0]], high[given[signs[given] < 0]] = 0, 0
    low[diagonal] = 0
    low[vectors * count :], high[vectors * count :] = 0, merged.max(axis=0)
    cost = np.concatenate([np.zeros(vectors * count), np.full(columns, 0.5)])
    found = linprog(
        cost,
        A_ub=upper_rows,
        b_ub=np.zeros(2 * (vectors * columns + len(line))),
        A_eq=equal_rows,
        b_eq=equal_to,
        bounds=np.column_stack([low, high]),
        method="highs-ds",
        options={"time_limit": seconds},
    )
    if found.status != 0:
        return None
    # Weak duality over the box, with multipliers of the right sign, needs no exact multipliers.
    over_multipliers = np.minimum(np.asarray(found.ineqlin.marginals), 0)
    equal_multipliers = np.asarray(found.eqlin.marginals)
    rest = cost - upper_rows.T @ over_multipliers - equal_rows.T @ equal_multipliers
    bound = float(equal_multipliers @ equal_to + np.minimum(rest * low, rest * high).sum())
    differences = np.asarray(found.x[: vectors * count]).reshape(vectors, count)
    branching = None
    if len(free):
        gaps = differences[np.arange(1, vectors), free] - np.abs(differences[0, free])
        branching = int(free[gaps.argmax()])
    return _Node(bound=bound - 1e-13, differences=differences, branching=branching)
