"""Slow and obvious learning: dictionaries of counts and recursion."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import lru_cache
from itertools import product
from math import exp, log

import numpy as np

from posg.runtime import Game, InformationStructure
from posg.runtime.learning.samples import StepSamples

from ..reference import split

Window = tuple[int, ...]
Codes = tuple[int, ...]


class CountedModel:
    """Relative frequencies given the last L increments, and the best plan for a team."""

    def __init__(
        self,
        game: Game,
        information: InformationStructure,
        samples: list[StepSamples],
        length: int,
    ) -> None:
        self.game, self.information, self.length = game, information, length
        self.seen: dict[tuple[int, int], set[Window]] = defaultdict(set)
        self.private: dict[tuple[int, Window], Counter[Codes]] = defaultdict(Counter)
        self.rows: dict[tuple[object, ...], Counter[tuple[Codes, float]]] = defaultdict(Counter)
        self.rewards: dict[int, list[float]] = defaultdict(list)
        for part in samples:
            counts = information.private_counts[part.step - 1]
            for k in range(len(part.actions)):
                past = tuple(part.increments[k].tolist())
                p = split(int(part.private[k]), counts)
                a = split(int(part.actions[k]), game.action_counts)
                o = split(int(part.observations[k]), game.observation_counts)
                outcome = (o, float(part.rewards[k, 0]))
                self.rewards[part.step].append(outcome[1])
                for size in range(min(length, part.step) + 1):
                    window = past[len(past) - size :]
                    self.seen[part.step, size].add(window)
                    self.private[part.step, window][p] += 1
                    self.rows[part.step, window, p, a][outcome] += 1
                    self.rows[part.step, window, a][outcome] += 1
                self.rows[part.step, a][outcome] += 1
        self.openings = Counter(samples[0].increments[:, 0].tolist())
        self.value_of = lru_cache(None)(self._value_of)

    def row(
        self, step: int, window: Window, p: Codes, a: Codes
    ) -> dict[tuple[Codes, float], float]:
        """P(o', r | window, p, a), or what takes its place."""
        found = self.rows.get((step, window, p, a))
        if found is None and window:
            found = self.rows.get((step, window, a))
            if found is None:
                return self.row(step, window[1:], p, a)
        if found is None:
            found = self.rows.get((step, a))
        if found is None:
            everything = list(product(*map(range, self.game.observation_counts)))
            mean = float(np.mean(self.rewards[step]))
            return {(o, mean): 1 / len(everything) for o in everything}
        return {outcome: count / found.total() for outcome, count in found.items()}

    def known(self, step: int, past: Window) -> Window:
        """The longest end of a past that occurred."""
        for size in range(min(self.length, step, len(past)), -1, -1):
            window = past[len(past) - size :]
            if window in self.seen[step, size]:
                return window
        raise AssertionError("the empty window always occurs")

    def value(self) -> float:
        return sum(
            count / self.openings.total() * self.value_of(1, self.known(1, (z,)))
            for z, count in self.openings.items()
        )

    def _value_of(self, step: int, window: Window) -> float:
        counts = self.private[step, window]
        agents = range(len(self.game.agents))
        own = [sorted({p[i] for p in counts}) for i in agents]
        payoff = {
            (p, a): count / counts.total() * self._payoff(step, window, p, a)
            for p, count in counts.items()
            for a in product(*map(range, self.game.action_counts))
        }
        choices = [
            [
                dict(zip(own[i], moves, strict=True))
                for moves in product(range(self.game.action_counts[i]), repeat=len(own[i]))
            ]
            for i in agents
        ]
        return max(
            sum(payoff[p, tuple(play[i][p[i]] for i in agents)] for p in counts)
            for play in product(*choices)
        )

    def _payoff(self, step: int, window: Window, p: Codes, a: Codes) -> float:
        total = 0.0
        for (o, reward), chance in self.row(step, window, p, a).items():
            total += chance * reward
            if step < self.game.horizon:
                later = self.known(step + 1, (*window, self._increment(step, p, a, o)))
                total += chance * self.game.discount * self.value_of(step + 1, later)
        return total

    def _increment(self, step: int, p: Codes, a: Codes, o: Codes) -> int:
        update = self.information.updates[step]
        z = 0
        for i in range(len(p)):
            z = z * update.common_sizes[i] + int(update.common[i][p[i], a[i], o[i]])
        return z if update.joint is None else int(update.joint[z])


Triple = tuple[Window, int, int, object]
"""Window of the greatest length, private value, action and outcome of a sample."""


class WeighedWindows:
    """How likely windows are to have distributions of their own, one sample after the other."""

    def __init__(self, samples: list[Triple], length: int, concentration: float) -> None:
        self.samples, self.length, self.weight = samples, length, concentration

    def occurred(self, window: Window) -> list[Triple]:
        size = len(window)
        return [s for s in self.samples if s[0][len(s[0]) - size :] == window]

    def mean(
        self, window: Window | None, kind: str, given: tuple[int, ...], symbol: object
    ) -> float:
        """Posterior mean of a symbol; with no window, its share among all with that action."""

        def of(sample: Triple) -> tuple[tuple[int, ...], object]:
            _, p, a, outcome = sample
            return ((), p) if kind == "private" else ((p, a), outcome)

        if window is None:
            if kind == "private":
                return sum(s[1] == symbol for s in self.samples) / len(self.samples)
            taken = [s for s in self.samples if s[2] == given[1]]
            return sum(s[3] == symbol for s in taken) / len(taken)
        rows = [of(s)[1] for s in self.occurred(window) if of(s)[0] == given]
        prior = self.mean(window[1:] if window else None, kind, given, symbol)
        return (rows.count(symbol) + self.weight * prior) / (len(rows) + self.weight)

    def evidence(self, window: Window) -> tuple[float, float]:
        """Log probability of the samples with own distributions, and with those of the shorter."""
        above = window[1:] if window else None
        own = shared = 0.0
        before: Counter[object] = Counter()
        totals: Counter[object] = Counter()
        for _, p, a, outcome in self.occurred(window):
            for kind, given, symbol in (("private", (), p), ("outcome", (p, a), outcome)):
                prior = self.mean(above, kind, given, symbol)
                seen = before[kind, given, symbol]
                chance = (seen + self.weight * prior) / (totals[kind, given] + self.weight)
                own += log(chance)
                shared += log(prior)
                before[kind, given, symbol] += 1
                totals[kind, given] += 1
        return own, shared

    def odds(self, window: Window) -> float:
        own, shared = self.evidence(window)
        below = 0.0
        if len(window) < self.length:
            longer = {s[0][len(s[0]) - len(window) - 1 :] for s in self.occurred(window)}
            below = sum(log((1 + exp(self.odds(child))) / 2) for child in longer)
        return own - shared + below

    def total(self) -> float:
        return self.odds(()) + self.evidence(())[1]
