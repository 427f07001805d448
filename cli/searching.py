"""``posg solve --compression auto``: the strongest compression whose certificate is good enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from posg.api.wording import number_text
from posg.compiler.compressions import DEFAULT, Compression
from posg.compiler.pipeline import Compiled
from posg.runtime import Certificate, LimitError, Policy

AUTO = "auto"
WINDOWS = 200_000
"""Windows of a step beyond which belief distances are tried instead."""
FINEST = Fraction(1, 64)
"""Belief distance below which nothing but equal beliefs is tried."""

Result = tuple[Policy, Certificate, dict[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A compression that was tried; without a result where a limit stopped it."""

    compression: Compression
    result: Result | None

    @property
    def finished(self) -> Result:
        """The result of an attempt that came to an end."""
        if self.result is None:
            raise AssertionError("a limit stopped this attempt")
        return self.result

    def within(self, gap: float) -> bool:
        """Whether the certificate promises at most this gap."""
        if self.result is None or (found := self.result[1].gap) is None:
            return False
        return found <= gap + self.result[1].tolerance

    @property
    def json(self) -> dict[str, object]:
        """As data."""
        if self.result is None:
            return {"compression": str(self.compression), "gap": None, "method": "none"}
        _, certificate, model = self.result
        return {
            "compression": str(self.compression),
            "nodes": model["nodes"],
            "value": dict(certificate.value),
            "gap": certificate.gap,
            "method": certificate.method,
        }

    @property
    def text(self) -> str:
        """For people."""
        if self.result is None:
            return f"{self.compression} too large"
        certificate = self.result[1]
        if certificate.gap is None:
            return f"{self.compression} gap not known"
        gap = "0" if certificate.gap <= certificate.tolerance else number_text(certificate.gap)
        return f"{self.compression} gap {'at most ' if certificate.method == 'bound' else ''}{gap}"


def find_compression(
    compiled: Compiled, gap: float, solve: Callable[[Compression], Result]
) -> tuple[Attempt, list[Attempt]]:
    """Try compressions from the strongest on until a certificate promises the gap.

    The lengths of windows double, and once one is long enough the shortest such is found by
    bisection; it is the shortest if longer windows are better, which is not always so. Where there
    would be too many windows, belief distances are halved, down to lossless merging.

    Returns
    -------
    The attempt that is good enough, or the best one; and all attempts in order.

    Raises
    ------
    LimitError
        When no attempt came to an end.
    """
    tried: list[Attempt] = []
    stopped: LimitError | None = None

    def attempt(compression: Compression) -> Attempt:
        nonlocal stopped
        try:
            found = Attempt(compression=compression, result=solve(compression))
        except LimitError as error:
            stopped = error
            found = Attempt(compression=compression, result=None)
        tried.append(found)
        return found

    short: int | None = None
    for length in _lengths(compiled):
        found = attempt(Compression.window(length))
        if found.within(gap):
            low = -1 if short is None else short
            while length - low > 1 and short is not None:
                middle = (low + length) // 2
                between = attempt(Compression.window(middle))
                if between.within(gap):
                    found, length = between, middle
                else:
                    low = middle
            return found, tried
        if found.result is None:
            break
        short = length
    eps = Fraction(1)
    while eps >= FINEST:
        found = attempt(Compression.net(eps))
        if found.within(gap):
            return found, tried
        eps /= 2
    found = attempt(DEFAULT)
    if found.within(gap):
        return found, tried
    finished = [entry for entry in tried if entry.result is not None]
    if not finished:
        raise stopped if stopped is not None else AssertionError("nothing was tried")
    return min(finished, key=_gap_of), tried


def _gap_of(attempt: Attempt) -> float:
    gap = None if attempt.result is None else attempt.result[1].gap
    return float("inf") if gap is None else gap


def _lengths(compiled: Compiled) -> Iterator[int]:
    """Window lengths to try, each twice the one before, while there are not too many windows."""
    horizon = compiled.game.horizon
    timestamps = compiled.timestamps
    length = 0 if timestamps.need_increments(0) else timestamps.shortest_window()
    while length < horizon:
        if max(_count(compiled, length, step) for step in range(1, horizon + 1)) > WINDOWS:
            return
        yield length
        length = max(1, 2 * length)


def _count(compiled: Compiled, length: int, step: int) -> int:
    """At most how many windows a step has."""
    if compiled.timestamps.need_increments(length):
        updates = compiled.information.updates
        return prod(updates[at].increment_count for at in range(max(0, step - length), step))
    atoms = compiled.timestamps.increments
    starts = range(max(1, step - length), step)
    return prod(atoms[at].count(length - step + at + 1) for at in starts)
