"""Sizes by counting: how much common information there is, before any of it is built."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log, prod

import numpy as np

from .arrays import Counts, add_counts, digits, distinct_values
from .errors import LimitError
from .game import Game, Ints
from .information import InformationStructure
from .limits import bytes_text, count_text
from .progress import Progress, silent
from .supports import DEFAULT_SUPPORTS, iterate_supports
from .timestamps import Timestamps


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSize:
    """One step h of the common information, counted.

    Attributes
    ----------
    histories
        |C_h|: the c_h that some strategies reach.
    entries
        How many (c_h, s_h, p_h) have positive probability: the entries of all beliefs.
    supports
        Distinct supports of the beliefs; merging equal beliefs leaves between so many nodes and
        |C_h|.
    products
        Multiplications that take all beliefs to the next step; 0 at the last one counted.
    private
        P_{i,h}: for each agent the private values that it has in some play.
    support_entries, support_products
        The same as ``entries`` and ``products`` if each support were that of one belief only.
    by_support
        For each support how many (s, p) it has, and how many c_h have it.
    """

    histories: int
    entries: int
    supports: int
    products: int
    private: tuple[int, ...]
    support_entries: int
    support_products: int
    by_support: tuple[tuple[int, int], ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonSizes:
    """Sizes of the common information of a game under a sharing structure.

    Attributes
    ----------
    steps
        One entry for each step that was counted: all H, unless there were too many supports.
    bounds
        |C_h| for steps that were counted and a bound from above for the others; H numbers.
    private
        The same of P_{i,h}, for each agent.
    """

    steps: tuple[StepSize, ...]
    bounds: tuple[int, ...]
    private: tuple[tuple[int, ...], ...]

    @property
    def complete(self) -> bool:
        """Whether every step was counted."""
        return len(self.steps) == len(self.bounds)

    @property
    def histories(self) -> tuple[int, ...] | None:
        """|C_h| of each step, or None when counting stopped early."""
        return tuple(step.histories for step in self.steps) if self.complete else None

    def exact_bytes(self, horizon: int) -> int:
        """Memory of all nodes, beliefs and edges of the first ``horizon`` counted steps."""
        return sum(
            stored_bytes(step.entries, step.histories, step.histories if place else 0)
            for place, step in enumerate(self.steps[:horizon])
        )

    def exact_products(self, horizon: int) -> int:
        """Multiplications of the forward pass over the first ``horizon`` counted steps."""
        return sum(step.products for step in self.steps[: horizon - 1])

    def merged_bytes(self) -> int:
        """Memory if equal beliefs were merged, at least."""
        return sum(
            stored_bytes(step.support_entries, step.supports, step.supports if place else 0)
            for place, step in enumerate(self.steps)
        )

    def merged_products(self) -> int:
        """Multiplications of the forward pass if equal beliefs were merged, at least."""
        return sum(step.support_products for step in self.steps)

    def net_nodes(self, eps: float) -> tuple[int, ...]:
        """How many nodes ``net(eps)`` leaves at most of the steps that were counted.

        Nodes with the same support of k entries have beliefs that are more than eps apart in L1.
        Balls of half that radius around them do not overlap and lie in one around the centre of
        the simplex, so there are no more than (1 + (4 - 4/k) / eps)^(k-1) of them.
        """
        return tuple(
            sum(_packed(size, eps, histories) for size, histories in step.by_support)
            for step in self.steps
        )

    def fitting_horizon(self, memory_bytes: int) -> int:
        """Find the most steps of exact common information that fit in so much memory."""
        fitting = 0
        for horizon in range(1, len(self.steps) + 1):
            if self.exact_bytes(horizon) <= memory_bytes:
                fitting = horizon
        return fitting


_ROUNDING = 1e-9
_EDGE_BYTES = 64
"""An edge and its copies while a step is put together."""


def stored_bytes(entries: int, nodes: int, edges: int) -> int:
    """Memory of so many entries of beliefs, nodes and edges."""
    return 16 * (entries + nodes) + _EDGE_BYTES * edges


def _packed(size: int, eps: float, histories: int) -> int:
    """How many beliefs with so many entries are more than eps apart, or all that there are."""
    base = 1 + (4 - 4 / size) / eps
    if (size - 1) * log(base) >= log(histories):
        return histories
    return min(histories, int(base ** (size - 1) * (1 + _ROUNDING)))


def count_common_information(
    game: Game,
    information: InformationStructure,
    *,
    max_supports: int = DEFAULT_SUPPORTS,
    progress: Progress = silent,
) -> CommonSizes:
    """Count C_h and the size of all beliefs by a subset construction.

    |C_h| is the number of paths of the automaton of ``iterate_supports``: the work is that of its
    states, whatever the number of paths.

    When a step has more than ``max_supports`` distinct supports, counting stops there and the
    later |C_h| are bounded by multiplying with the number of increments.

    Notes
    -----
    Source: the subset construction of automata theory; C_h is from Liu and Zhang (2023),
    Section 2.2.
    """
    steps: list[StepSize] = []
    counts: Counts | None = None
    for number, at in enumerate(iterate_supports(game, information, max_supports=max_supports)):
        progress("common information, counted", number + 1, game.horizon)
        supports, pushed = at.supports, at.pushed
        if counts is None:
            opening = at.opening
            counts = add_counts(np.ones(len(opening), dtype=object), opening, supports.count)
        steps.append(
            StepSize(
                histories=int(counts.sum()),
                entries=int((counts * supports.lengths).sum()),
                supports=supports.count,
                products=0 if pushed is None else int((counts * pushed.products).sum()),
                private=_count_values(supports.index, information.private_counts[number]),
                support_entries=len(supports.index),
                support_products=0 if pushed is None else int(pushed.products.sum()),
                by_support=tuple(zip(supports.lengths.tolist(), counts.tolist(), strict=True)),
            )
        )
        if pushed is not None:
            counts = add_counts(counts[pushed.source], pushed.child, pushed.supports.count)
    bounds = [step.histories for step in steps]
    for step in range(len(steps), game.horizon):
        bounds.append(bounds[-1] * information.updates[step].increment_count)
    private = (*(step.private for step in steps), *information.private_counts[len(steps) :])
    return CommonSizes(steps=tuple(steps), bounds=tuple(bounds), private=private)


def _count_values(rows: Ints, counts: tuple[int, ...]) -> tuple[int, ...]:
    """How many private values of each agent there are among some sp."""
    joint = distinct_values(rows % prod(counts))
    return tuple(len(distinct_values(own)) for own in digits(joint, counts))


def require_exact(
    game: Game,
    information: InformationStructure,
    memory_bytes: int,
    timestamps: Timestamps | None = None,
) -> None:
    """Refuse to build exact common information that would not fit, by counting it.

    Raises
    ------
    LimitError
        P0614, with the longest horizon that fits and, given ``timestamps``, the longest window.
    """
    sizes = count_common_information(game, information)
    need = sizes.exact_bytes(game.horizon)
    # Where counting stopped early this is a bound from below, and building stops by itself.
    if need > memory_bytes:
        fits, window = sizes.fitting_horizon(memory_bytes), None
        if timestamps is not None:
            from .window_sizes import longest_window

            window = longest_window(
                game, information, timestamps, memory_bytes, below=game.horizon - 1
            )
        raise LimitError(
            "P0614",
            need=bytes_text(need),
            limit=bytes_text(memory_bytes),
            nodes=count_text(sizes.bounds[-1]),
            step=game.horizon,
            fits=fits or None,
            window=window,
        )


def lower_bound(game: Game, step: int) -> int:
    """(OA)^(h-1), which Lemma 1 puts below C_h P_h under perfect recall.

    The count of joint observations and actions is the one that the lemma takes; it presumes that
    every sequence of them can occur.
    """
    sequences: int = (prod(game.observation_counts) * prod(game.action_counts)) ** (step - 1)
    return sequences
