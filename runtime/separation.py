"""How far apart the rows of one matrix are: its gamma, and what decides it without a linear program.

For a matrix R of shape (S, O) whose rows are distributions, gamma is the least of
``|R^T d|_1 / |d|_1`` over the d != 0 whose entries sum to 0. With d = b - b' scaled to
``|d|_1 = 2``, b and b' are distributions with disjoint supports.

Everything here needs numpy only; ``separation_programs`` goes on with linear programs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb

import numpy as np

from .game import Floats, Ints

EXACT = 1e-9
"""Bounds that differ by at most this much are one number."""
ZERO = 1e-12
"""Rows that some d combines to less than this are dependent: a game's tables are rounded too."""
MERGED_DIGITS = 12
"""Columns whose shares agree to so many digits are one observation."""
TIE = 1e-12
"""Numbers that differ by less than this, relative to their size, are equal but for rounding."""
_CANDIDATE = 1e-7
"""A row this close to the span of others, relative to its length, may depend on them."""
_SINGULAR = 1e-13
_REGULAR = 1e-6
"""A vertex whose equations have a least singular value between these two is not relied upon."""
VERTEX_WORK = 400_000
"""Most vertices, times the square of their number of equations, that are listed (about 0.3 s)."""
DENSE_WORK = 10**9
"""Largest S * S * O for which matrices are decomposed (about a second)."""
REWEIGHTINGS = 40
_PAIR_WORK = 10**8
_BLOCK = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """Bounds on gamma of one matrix: ``lower`` is proved, ``upper`` is attained by ``difference``.

    Attributes
    ----------
    difference : (S,) array
        d with entries that sum to 0 and ``|d|_1 = 2``; 0 if there is one row only.
    """

    lower: float
    upper: float
    difference: Floats

    @property
    def exact(self) -> bool:
        """Whether the bounds agree."""
        return self.upper - self.lower <= EXACT


def separate_quickly(rows: Floats) -> Separation:
    """Bound gamma by what numpy can do; exact for small and for square matrices.

    In this order: one row; rows without a common observation; dependent rows; an inverse; vertices,
    if there are few; more inverses.
    """
    count = len(rows)
    if count == 1:
        return Separation(lower=1.0, upper=1.0, difference=np.zeros(1))
    merged = merge_columns(rows)
    first_two = np.zeros(count)
    first_two[:2] = 1.0, -1.0
    pair = distance_of(rows, first_two)
    if (np.count_nonzero(merged, axis=0) == 1).all():
        return Separation(lower=1.0, upper=1.0, difference=pair[1])
    if count <= merged.shape[1] and count * merged.size > DENSE_WORK:
        return Separation(lower=0.0, upper=pair[0], difference=pair[1])
    dependent = find_dependence(rows, merged)
    if dependent is not None:
        return Separation(lower=0.0, upper=0.0, difference=dependent)
    lower, candidate = bound_by_inverse(merged, left_inverse(merged))
    upper, difference = distance_of(rows, candidate)
    if upper - lower > EXACT:
        found = search_vertices(rows, merged) if vertex_work(merged) <= VERTEX_WORK else None
        if found is not None:
            return found
        if count * merged.size <= DENSE_WORK / REWEIGHTINGS:
            lower = max(lower, bound_by_reweighting(merged))
    return Separation(lower=min(lower, upper), upper=upper, difference=difference)


def merge_columns(rows: Floats) -> Floats:
    """Add up columns that are multiples of each other, and leave out columns of 0.

    ``|R^T d|_1`` stays the same, and for columns that are merged wrongly it can only fall, so that
    a lower bound on gamma of the result is one for ``rows``.
    """
    sums = rows.sum(axis=0)
    kept = rows[:, sums > 0]
    shares = np.round(kept / kept.sum(axis=0), MERGED_DIGITS)
    _, first, where = np.unique(shares, axis=1, return_index=True, return_inverse=True)
    merged = np.zeros((len(rows), len(first)))
    np.add.at(merged.T, where.ravel(), kept.T)
    return np.ascontiguousarray(merged[:, np.argsort(first)])


def distance_of(rows: Floats, difference: Floats) -> tuple[float, Floats]:
    """Scale d, and compute half of ``|R^T d|_1`` anew: an upper bound on gamma.

    Of d and -d it is the one whose first entry that matters is positive, so that the sign does not
    depend on rounding.
    """
    size = np.abs(difference)
    if difference[int(np.argmax(size > _CANDIDATE * size.max()))] < 0:
        difference = -difference
    positive, negative = np.maximum(difference, 0), np.maximum(-difference, 0)
    scaled = positive / positive.sum() - negative / negative.sum()
    return float(np.abs(scaled @ rows).sum()) / 2, scaled


def find_dependence(rows: Floats, merged: Floats) -> Floats | None:
    """Find d that combines the rows to 0; the fewest leading rows that are dependent, or two rows.

    What is found is multiplied out: d counts if the distance is at most ``ZERO``, however small
    the singular values are. More rows than (merged) columns are always dependent.
    """
    count = len(rows)
    # As rows sum to 1, coefficients that combine them to 0 sum to 0.
    for coefficients in _dependences(merged):
        for candidate in (np.where(np.abs(coefficients) < 1e-10, 0, coefficients), coefficients):
            if candidate.max() > 0 > candidate.min():
                distance, difference = distance_of(rows, candidate)
                if distance <= ZERO:
                    return difference
    leading = merged.shape[1] + 1
    if count >= leading:
        coefficients = np.zeros(count)
        coefficients[:leading] = np.linalg.svd(merged[:leading].T)[2][-1]
        return distance_of(rows, coefficients)[1]
    return None


def _dependences(merged: Floats) -> Iterator[Floats]:
    """List combinations of rows that may be 0, scaled to a largest coefficient of 1."""
    count, columns = merged.shape
    coefficients = np.zeros(count)
    rounded, where = np.unique(np.round(merged, MERGED_DIGITS), axis=0, return_inverse=True)
    if len(rounded) < count:
        repeated = np.flatnonzero(where.ravel() == np.argmax(np.bincount(where.ravel()) > 1))
        coefficients[repeated[0]], coefficients[repeated[1]] = 1.0, -1.0
        yield coefficients
    basis, rank = np.zeros((columns, columns)), 0
    for last, row in enumerate(merged[: columns + 1]):
        known = basis[:rank]
        rest = row - known.T @ (known @ row)
        rest = rest - known.T @ (known @ rest)
        size = float(np.linalg.norm(rest))
        if size <= _CANDIDATE * float(np.linalg.norm(row)):
            coefficients = np.zeros(count)
            coefficients[:last] = -np.linalg.lstsq(merged[:last].T, row, rcond=None)[0]
            coefficients[last] = 1.0
            yield coefficients / np.abs(coefficients).max()
        if rank < columns and size > 0:
            basis[rank] = rest / size
            rank += 1


def vertex_work(merged: Floats) -> int:
    """Estimate how much ``search_vertices`` has to do."""
    count, columns = merged.shape
    size = min(count, columns - count + 2)
    return comb(columns, count - 2) * size * size if columns >= count else 0


def search_vertices(rows: Floats, merged: Floats) -> Separation | None:
    """Find gamma among the vertices of ``{d: sum d = 0, |R^T d|_1 <= 1}``.

    The largest ``|d|_1`` of that polytope is 1 / gamma, and a convex function is largest at a
    vertex. A vertex makes R^T d zero at S - 2 observations that, with sum d = 0, determine d up to
    a factor; u = R^T d then has O - S + 2 other entries, which orthogonality to the complement of
    the range determines as well. The smaller of the two systems is solved for all choices.

    None if some system is neither regular nor singular to rounding.
    """
    count, columns = merged.shape
    zeros = count - 2
    basis = _sum_zero_basis(count)
    outer, scales, inner = np.linalg.svd(merged.T @ basis)
    if scales[-1] < _REGULAR * scales[0] / 100:
        return None
    back = basis @ (inner.T / scales) @ outer[:, : count - 1].T
    complement = outer[:, count - 1 :]
    lengths = np.linalg.norm(merged, axis=0)
    best, candidate = 0.0, np.zeros(count)
    by_zeros = zeros <= columns - count + 1
    chosen = combinations(range(columns), zeros if by_zeros else columns - zeros)
    while block := list(islice(chosen, _BLOCK)):
        places: Ints = np.array(block, dtype=np.int64).reshape(len(block), -1)
        if by_zeros:
            equations = np.empty((len(block), zeros + 1, count))
            equations[:, :zeros] = (merged / lengths).T[places]
            equations[:, zeros] = 1 / np.sqrt(count)
        else:
            equations = np.swapaxes(complement[places], 1, 2)
        _, sizes, vectors = np.linalg.svd(equations)
        smallest = sizes[:, -1]
        if ((smallest > _SINGULAR) & (smallest < _REGULAR)).any():
            return None
        nulls = vectors[smallest >= _REGULAR, -1, :]
        if not len(nulls):
            continue
        if by_zeros:
            values, differences = np.abs(nulls @ merged).sum(axis=1), nulls
        else:
            values = np.abs(nulls).sum(axis=1)
            differences = np.einsum("sjk,jk->js", back[:, places[smallest >= _REGULAR]], nulls)
        ratios = np.abs(differences).sum(axis=1) / values
        if ratios.max() > best * (1 + TIE):
            place = first_of_largest(ratios)
            best, candidate = float(ratios[place]), differences[place]
    upper, difference = distance_of(rows, candidate)
    return Separation(lower=upper, upper=upper, difference=difference)


def left_inverse(merged: Floats) -> Floats:
    """Find the (S, O) matrix G of least squares with G R^T d = d for all d that sum to 0."""
    basis = _sum_zero_basis(len(merged))
    return np.asarray(basis @ np.linalg.pinv(merged.T @ basis))


def bound_by_inverse(merged: Floats, inverse: Floats) -> tuple[float, Floats]:
    """Bound gamma from below by any left inverse G, and give the d that the bound points to.

    Let G R^T = I + w 1^T + E and u = R^T d, where d and so u sums to 0. Then d = G u - E d. As u is
    ``|u|_1 / 2`` times a mean of differences of two unit vectors, ``|G u|_1 <= t |u|_1`` with t the
    largest of ``|G_j - G_k|_1 / 2`` over columns, and ``|E d|_1 <= e |d|_1`` with e the largest
    ``|E_s|_1`` over columns. So gamma >= (1 - e) / t. A square R has one G, and the bound is
    attained.
    """
    count, columns = inverse.shape
    error = inverse @ merged.T - np.eye(count)
    error -= error.mean(axis=1, keepdims=True)
    slack = float(np.abs(error).sum(axis=0).max()) + 1e-15 * count
    if columns * columns * count <= _PAIR_WORK:
        widths = np.array(
            [np.abs(inverse - inverse[:, [place]]).sum(axis=0) for place in range(columns)]
        )
    else:
        # Any point can stand between two columns.
        centre = np.median(inverse, axis=1, keepdims=True)
        reach = np.abs(inverse - centre).sum(axis=0)
        widths = reach[:, None] + reach
        np.fill_diagonal(widths, 0)
    one, other = np.unravel_index(first_of_largest(widths.ravel()), widths.shape)
    candidate = inverse[:, one] - inverse[:, other]
    return max(0.0, 1 - slack) * 2 / float(widths.max()), candidate - candidate.mean()


def bound_by_reweighting(merged: Floats) -> float:
    """Improve the bound of an inverse: give columns of G that are long less weight.

    With C = B^T R, where the columns of B span the vectors that sum to 0, and any positive weights
    W of the observations, B (C W C^T)^-1 C W is a left inverse. What rounding makes of it does
    not matter, since the bound accounts for the rest E.
    """
    basis = _sum_zero_basis(len(merged))
    reduced = basis.T @ merged
    weights = np.ones(merged.shape[1])
    best, shortest = None, np.inf
    for _ in range(REWEIGHTINGS):
        weighted = reduced * weights
        try:
            inverse = basis @ np.linalg.solve(weighted @ reduced.T, weighted)
        except np.linalg.LinAlgError:
            break
        inverse -= np.median(inverse, axis=1, keepdims=True)
        lengths = np.abs(inverse).sum(axis=0)
        if not np.isfinite(lengths).all() or not lengths.min() > 0:
            break
        if lengths.max() < shortest:
            best, shortest = inverse, float(lengths.max())
        weights *= lengths.mean() / lengths
        weights /= weights.mean()
    return 0.0 if best is None else bound_by_inverse(merged, best)[0]


def first_of_largest(numbers: Floats) -> int:
    """Place of the largest number, the first where several are: on all machines the same one."""
    return int(np.argmax(numbers >= numbers.max() * (1 - TIE)))


def _sum_zero_basis(count: int) -> Floats:
    """Build an orthonormal basis of the vectors that sum to 0: (count, count - 1)."""
    return np.linalg.qr(np.eye(count)[:, 1:] - 1 / count)[0]
