"""Probabilities given windows of common information, estimated from samples (Algorithm 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln

from ..arrays import run_starts, sum_at, sum_by_key
from ..errors import LimitError
from ..game import Floats, Ints
from ..limits import bytes_text
from .contexts import ContextLevel
from .outcomes import Alphabet

_CONCENTRATIONS = 2.0 ** np.arange(-2, 6)
"""How many samples a prior may weigh; the evidence chooses."""
_NEUTRAL = 0.5 + 1e-9
"""Windows that the evidence does not tell apart from shorter ones are left out."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelEstimate:
    """Estimates given the windows of one length.

    Attributes
    ----------
    private : (C, P) float64
        P(p | ĉ).
    outcome : (P, C, W) float64
        P(o', r | ĉ, p, a) for each outcome of an action a; sums to 1 over the outcomes of each.
    """

    private: Floats
    outcome: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimates:
    """What samples say about some steps.

    Attributes
    ----------
    levels, estimates
        Windows of length 0, ..., L and the estimates given them.
    alphabet
        What the axes P and W of the estimates stand for.
    concentration
        Weight of the priors in samples; 0 without priors.
    missing
        How many joint actions never followed a window with a private value that occurred with it,
        over all windows of the greatest length: estimated from something coarser.
    """

    levels: tuple[ContextLevel, ...]
    estimates: tuple[LevelEstimate, ...]
    alphabet: Alphabet
    concentration: float
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observed:
    """The samples of some steps, numbered.

    Attributes
    ----------
    levels
        Windows of length 0, ..., L.
    members : L + 1 arrays (N,)
        The window of each sample.
    alphabet
        What the next two number.
    private, outcome : (N,) int64
    """

    levels: list[ContextLevel]
    members: list[Ints]
    alphabet: Alphabet
    private: Ints
    outcome: Ints


def count_outcomes(samples: Observed, *, memory_bytes: int) -> Estimates:
    """Estimate by relative frequencies.

    Where (ĉ, p, a) did not occur the estimate is that given (ĉ, a), or else that given the next
    shorter window; where (p, a) did not occur at all, that given a; without that, all observations
    are equally likely.

    Raises
    ------
    LimitError
        P0619, when the estimates would take too much memory.

    Notes
    -----
    Source: Liu and Zhang (2023), Algorithm 5; what to do about rows without samples is ours.
    """
    tables = EstimateTables(
        samples, [np.arange(level.count) for level in samples.levels], memory_bytes
    )
    alphabet = samples.alphabet
    missing = 0
    for private in range(alphabet.private_count):
        coarse = tables.opening[None]
        for number, level in enumerate(samples.levels):
            coarse = coarse[level.parent]
            if number:
                share, occurs = tables.shares(tables.pooled(number))
                coarse = np.where(occurs, share, coarse)
            share, occurs = tables.shares(tables.rows(number, private))
            coarse = np.where(occurs, share, coarse)
            tables.outcome[number][private] = coarse
        missing += tables.missing(private)
    private_shares = [pairs / pairs.sum(axis=1, keepdims=True) for pairs in tables.pairs]
    return tables.finish(private_shares, concentration=0.0, missing=missing)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weights:
    """Which windows tell more than the shorter ones in them, going by samples.

    Attributes
    ----------
    concentration
        Weight of the priors, in samples.
    apart : for each level, (C,) float64
        How likely it is that what follows a window differs from what follows the next shorter one.
    """

    concentration: float
    apart: tuple[Floats, ...]


def weigh_windows(samples: Observed) -> Weights:
    """Weigh each window by what occurred with it, against the next shorter one in it.

    Either what follows a window has the distributions that follow the shorter one, or it has its
    own, with Dirichlet priors around those. Both are equally likely beforehand. A window also counts
    as having its own if longer ones in which it is part do. The weight of the priors is the one with
    most evidence.

    Notes
    -----
    Source: after context-tree weighting (Willems, Shtarkov and Tjalkens, 1995), where a symbol is the
    private value and, given it and the action, the observation with the rewards. There a window is
    told apart by all longer ones or by none; here each of them is decided about by itself, since few
    of very many may matter.
    """
    counts = [_Counts.of(samples, number) for number in range(len(samples.levels))]
    weighed = [_weigh(samples, counts, float(weight)) for weight in _CONCENTRATIONS]
    best = int(np.argmax([evidence for evidence, _ in weighed]))
    return Weights(concentration=float(_CONCENTRATIONS[best]), apart=tuple(weighed[best][1]))


def likely_windows(levels: Sequence[ContextLevel], weights: Weights) -> list[Ints]:
    """Find the windows that the evidence tells apart, and all that are part of one."""
    needed = [apart > _NEUTRAL for apart in weights.apart]
    for number in range(len(levels) - 1, 0, -1):
        needed[number - 1][levels[number].parent[needed[number]]] = True
    needed[0][:] = True
    return [np.flatnonzero(which) for which in needed]


def mix_windows(
    samples: Observed, weights: Weights, kept: Sequence[Ints], *, memory_bytes: int
) -> Estimates:
    """Estimate by mixing windows of different lengths, each with its weight.

    The estimate given a window is the prior of those given the windows that it is part of, and is
    mixed with them by how likely it is that they differ from it.

    Parameters
    ----------
    kept
        For each level, the windows that get an estimate, ascending, with all that they contain.

    Raises
    ------
    LimitError
        P0619, when the estimates would take too much memory.
    """
    tables = EstimateTables(samples, kept, memory_bytes)
    told = [apart[which] for apart, which in zip(weights.apart, kept, strict=True)]
    concentration = weights.concentration
    missing = 0
    for private in range(samples.alphabet.private_count):
        prior = tables.opening[None]
        for number, level in enumerate(tables.levels):
            rows = tables.rows(number, private)
            prior = _shrink(
                rows, tables.totals(rows), prior[level.parent], concentration, told[number][:, None]
            )
            tables.outcome[number][private] = prior
        missing += tables.missing(private)
    shares: list[Floats] = []
    prior = tables.pairs[0] / tables.pairs[0].sum()
    for pairs, level, apart in zip(tables.pairs, tables.levels, told, strict=False):
        totals = pairs.sum(axis=1, keepdims=True)
        prior = _shrink(pairs, totals, prior[level.parent], concentration, apart[:, None])
        shares.append(prior)
    return tables.finish(shares, concentration=concentration, missing=missing)


def _shrink(
    counts: Floats, totals: Floats, prior: Floats, concentration: float, told: Floats
) -> Floats:
    """Mix a prior with what counts make of it, in shares 1 - told and told."""
    apart = (counts + concentration * prior) / (totals + concentration)
    mixed: Floats = prior + told * (apart - prior)
    return mixed


class EstimateTables:
    """Counts given the chosen windows of each level, and room for estimates."""

    def __init__(self, samples: Observed, kept: Sequence[Ints], memory_bytes: int) -> None:
        alphabet = samples.alphabet
        self.levels = _choose(samples.levels, kept)
        kinds, width = alphabet.private_count, alphabet.outcome_count
        _require_memory(self.levels, kinds * width, memory_bytes)
        self.opening = opening_of(samples)
        self.outcome = [np.empty((kinds, level.count, width)) for level in self.levels]
        self.pairs: list[Floats] = []
        self._alphabet = alphabet
        self._lengths = np.diff(np.append(alphabet.starts, width))
        # Samples in order of their private value, each level's window of them, and where to find
        # those of one private value.
        order = np.argsort(samples.private, kind="stable")
        self._bounds = np.searchsorted(samples.private[order], np.arange(kinds + 1))
        self._outcome = samples.outcome[order]
        self._window: list[Ints] = []
        for number, level in enumerate(self.levels):
            place = np.full(samples.levels[number].count, -1, dtype=np.int64)
            place[kept[number]] = np.arange(level.count)
            window = place[samples.members[number]]
            here = window >= 0
            pair = window[here] * kinds + samples.private[here]
            pairs = np.bincount(pair, minlength=level.count * kinds)
            self.pairs.append(pairs.reshape(level.count, kinds).astype(np.float64))
            self._window.append(window[order])

    def rows(self, number: int, private: int) -> Floats:
        """Count outcomes of one private value: (C, W)."""
        part = slice(int(self._bounds[private]), int(self._bounds[private + 1]))
        return self._count(number, part)

    def pooled(self, number: int) -> Floats:
        """Count outcomes of all private values: (C, W)."""
        return self._count(number, slice(None))

    def _count(self, number: int, part: slice) -> Floats:
        window, width = self._window[number][part], self._alphabet.outcome_count
        here = window >= 0
        key = window[here] * width + self._outcome[part][here]
        count = self.levels[number].count
        rows = np.bincount(key, minlength=count * width).reshape(count, width)
        return rows.astype(np.float64)

    def totals(self, rows: Floats) -> Floats:
        """For each outcome how often its action occurred, (C, W) of (C, W)."""
        sums = np.add.reduceat(rows, self._alphabet.starts, axis=1)
        return np.repeat(sums, self._lengths, axis=1)

    def shares(self, rows: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Divide by the totals; and say where these are positive."""
        totals = self.totals(rows)
        known = totals > 0
        return rows / np.where(known, totals, 1), known

    def missing(self, private: int) -> int:
        """Count actions that did not occur with a window of the greatest length that did."""
        last = len(self.levels) - 1
        taken = np.add.reduceat(self.rows(last, private), self._alphabet.starts, axis=1) > 0
        return int((~taken[self.pairs[last][:, private] > 0]).sum())

    def finish(self, private: list[Floats], *, concentration: float, missing: int) -> Estimates:
        """Put the estimates together."""
        return Estimates(
            levels=tuple(self.levels),
            estimates=tuple(
                LevelEstimate(private=shares, outcome=outcome)
                for shares, outcome in zip(private, self.outcome, strict=True)
            ),
            alphabet=self._alphabet,
            concentration=concentration,
            missing=missing,
        )


def opening_of(samples: Observed) -> Floats:
    """Estimates (W,) from actions alone, which all others go back to."""
    alphabet = samples.alphabet
    counts = np.bincount(samples.outcome, minlength=alphabet.outcome_count)
    counts = np.where(alphabet.untried, 1, counts)
    lengths = np.diff(np.append(alphabet.starts, alphabet.outcome_count))
    shares: Floats = counts / np.repeat(np.add.reduceat(counts, alphabet.starts), lengths)
    return shares


def _require_memory(levels: Sequence[ContextLevel], row: int, memory_bytes: int) -> None:
    """Refuse estimates that do not fit."""
    need = 8 * sum(level.count for level in levels) * row
    if need > memory_bytes:
        raise LimitError(
            "P0619",
            windows=levels[-1].count,
            length=len(levels) - 1,
            need=bytes_text(need),
            limit=bytes_text(memory_bytes),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Cells:
    """How often symbols occurred in rows of a level, where they did.

    Attributes
    ----------
    context : (E,) int64
        The window of each cell.
    count : (E,) float64
    above : (E,) int64
        The cell of the level before; of the first level, the symbol.
    row : (E,) int64, ascending
        Cells of a row share what their symbols are distributed given.
    row_context : (R,), row_count : (R,)
    """

    context: Ints
    count: Floats
    above: Ints
    row: Ints
    row_context: Ints
    row_count: Floats

    def means(self, prior: Floats, concentration: float) -> Floats:
        """Posterior mean of each cell, given the prior's."""
        found: Floats = (self.count + concentration * prior) / (
            self.row_count[self.row] + concentration
        )
        return found

    def own(self, prior: Floats, concentration: float, size: int) -> Floats:
        """Log probability of what occurred with each window if it has distributions of its own."""
        found = sum_at(self.context, _rising(concentration * prior, self.count), size)
        return found - sum_at(self.row_context, _rising(concentration, self.row_count), size)

    def shared(self, prior: Floats, size: int) -> Floats:
        """The same if it has those of the prior."""
        return sum_at(self.context, self.count * np.log(prior), size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Counts:
    """What occurred with the windows of a level: private values, and outcomes given those."""

    private: _Cells
    outcome: _Cells

    @staticmethod
    def of(samples: Observed, number: int) -> _Counts:
        """Count for one level."""
        kinds, width = samples.alphabet.private_count, samples.alphabet.outcome_count
        member = samples.members[number]
        pairs, keys = member * kinds + samples.private, samples.private * width + samples.outcome
        size = kinds * width
        lengths = np.diff(np.append(samples.alphabet.starts, width))
        action = np.repeat(np.arange(len(lengths)), lengths)
        symbol, count = _occurring(pairs)
        private = _cells(symbol // kinds, count, symbol // kinds)
        triple, times = _occurring(member * size + keys)
        context = triple // size
        row = (triple // width) * len(lengths) + action[triple % width]
        outcome = _cells(context, times, row)
        if number:
            parent = samples.levels[number].parent
            before = samples.members[number - 1]
            upper, _ = _occurring(before * kinds + samples.private)
            above = np.searchsorted(upper, parent[symbol // kinds] * kinds + symbol % kinds)
            private = replace(private, above=above)
            upper, _ = _occurring(before * size + keys)
            above = np.searchsorted(upper, parent[context] * size + triple % size)
            outcome = replace(outcome, above=above)
        else:
            private = replace(private, above=symbol % kinds)
            outcome = replace(outcome, above=triple % width)
        return _Counts(private=private, outcome=outcome)


def _occurring(keys: Ints) -> tuple[Ints, Floats]:
    """Distinct keys and how often each occurs."""
    found, (count,) = sum_by_key(keys, np.ones(len(keys)))
    return found, count


def _cells(context: Ints, count: Floats, row: Ints) -> _Cells:
    starts = run_starts(row)
    return _Cells(
        context=context,
        count=count,
        above=np.zeros(0, dtype=np.int64),
        row=np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(row)))),
        row_context=context[starts],
        row_count=np.add.reduceat(count, starts),
    )


def _rising(start: Floats | float, count: Floats) -> Floats:
    """log(start (start + 1) ... (start + count - 1))."""
    difference: Floats = gammaln(start + count) - gammaln(start)
    return difference


def _weigh(
    samples: Observed, counts: list[_Counts], concentration: float
) -> tuple[float, list[Floats]]:
    """Weigh all windows for one weight of the priors.

    Returns
    -------
    The logarithm of the evidence, and for each level how likely each window is to differ.
    """
    share = np.bincount(samples.private, minlength=samples.alphabet.private_count)
    private: Floats = share / len(samples.private)
    outcome = opening_of(samples)
    own: list[Floats] = []
    shared: list[Floats] = []
    for level, count in zip(samples.levels, counts, strict=True):
        size = level.count
        prior, prior_outcome = private[count.private.above], outcome[count.outcome.above]
        own.append(
            count.private.own(prior, concentration, size)
            + count.outcome.own(prior_outcome, concentration, size)
        )
        shared.append(count.private.shared(prior, size) + count.outcome.shared(prior_outcome, size))
        private = count.private.means(prior, concentration)
        outcome = count.outcome.means(prior_outcome, concentration)
    odds = own[-1] - shared[-1]
    apart = [expit(odds)]
    for number in range(len(counts) - 2, -1, -1):
        gained = np.logaddexp(odds, 0) - np.log(2)
        below = sum_at(samples.levels[number + 1].parent, gained, samples.levels[number].count)
        odds = own[number] - shared[number] + below
        apart.append(expit(odds))
    apart[-1] = np.ones(1)
    return float(odds[0] + shared[0][0]), apart[::-1]


def _choose(levels: Sequence[ContextLevel], kept: Sequence[Ints]) -> list[ContextLevel]:
    """Take the given windows of each level, with all that they contain."""
    chosen = [levels[0]]
    for number in range(1, len(levels)):
        if not len(kept[number]):
            break
        parent = np.searchsorted(kept[number - 1], levels[number].parent[kept[number]])
        chosen.append(levels[number].choose(kept[number], parent))
    return chosen
