"""Sizes by counting: how much common information there is, before any of it is built."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from .arrays import Counts, add_counts, distinct_values
from .beliefs import normalise_beliefs
from .errors import LimitError
from .game import Game
from .information import InformationStructure
from .limits import bytes_text
from .nodes import open_episode
from .operators import StepCatalogue
from .progress import Progress, silent
from .supports import DEFAULT_SUPPORTS, SupportPusher, iterate_supports


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
    """

    histories: int
    entries: int
    supports: int
    products: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonSizes:
    """Sizes of the common information of a game under a sharing structure.

    Attributes
    ----------
    steps
        One entry for each step that was counted: all H, unless there were too many supports.
    bounds
        |C_h| for steps that were counted and a bound from above for the others; H numbers.
    """

    steps: tuple[StepSize, ...]
    bounds: tuple[int, ...]

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
            16 * step.entries + (16 + (_EDGE_BYTES if place else 0)) * step.histories
            for place, step in enumerate(self.steps[:horizon])
        )

    def exact_products(self, horizon: int) -> int:
        """Multiplications of the forward pass over the first ``horizon`` counted steps."""
        return sum(step.products for step in self.steps[: horizon - 1])

    def fitting_horizon(self, memory_bytes: int) -> int:
        """Find the most steps of exact common information that fit in so much memory."""
        fitting = 0
        for horizon in range(1, len(self.steps) + 1):
            if self.exact_bytes(horizon) <= memory_bytes:
                fitting = horizon
        return fitting


_EDGE_BYTES = 64
"""An edge and its copies while a step is put together."""


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
            )
        )
        if pushed is not None:
            counts = add_counts(counts[pushed.source], pushed.child, pushed.supports.count)
    bounds = [step.histories for step in steps]
    for step in range(len(steps), game.horizon):
        bounds.append(bounds[-1] * information.updates[step].increment_count)
    return CommonSizes(steps=tuple(steps), bounds=tuple(bounds))


def require_exact(game: Game, information: InformationStructure, memory_bytes: int) -> None:
    """Refuse to build exact common information that would not fit, by counting it.

    Raises
    ------
    LimitError
        P0614, with the longest horizon that fits.
    """
    sizes = count_common_information(game, information)
    need = sizes.exact_bytes(game.horizon)
    # Where counting stopped early this is a bound from below, and building stops by itself.
    if need > memory_bytes:
        fits = sizes.fitting_horizon(memory_bytes)
        raise LimitError(
            "P0614",
            need=bytes_text(need),
            limit=bytes_text(memory_bytes),
            nodes=f"{sizes.bounds[-1]:,}",
            step=game.horizon,
            fits=fits or None,
        )


def count_windows(
    game: Game,
    information: InformationStructure,
    length: int,
    *,
    max_supports: int = DEFAULT_SUPPORTS,
) -> tuple[int | None, ...]:
    """Count the windows of the last ``length`` increments that can occur at each step.

    A window at step h consists of the increments z_{h-L+1}, ..., z_h, or of all of c_h where
    h - L <= 1. It can occur if it can follow some (s, p) that is reachable at step h - L, so the
    count is that of the paths of the automaton above from the set of all those.

    Returns
    -------
    tuple of length H
        None at steps with more than ``max_supports`` supports on the way.

    Notes
    -----
    Source: Liu and Zhang (2023), Appendix E.4 (finite-memory compression).
    """
    pusher = SupportPusher(StepCatalogue(game, information))
    full = count_common_information(game, information, max_supports=max_supports)
    _, beliefs = open_episode(game, information, merge=False)
    reachable = [distinct_values(beliefs.index)]
    for step in range(1, game.horizon - length):
        reachable.append(pusher.reach(reachable[-1], step))
    found: list[int | None] = []
    for step in range(1, game.horizon + 1):
        if step - length <= 1:
            found.append(full.steps[step - 1].histories if step <= len(full.steps) else None)
            continue
        start = reachable[step - length - 1]
        supports = normalise_beliefs(np.zeros(1, dtype=np.int64), start, np.ones(len(start)))
        counts = np.ones(1, dtype=object)
        for at in range(step - length, step):
            pushed = pusher.push(supports, at, max_supports)
            if pushed is None:
                break
            counts = add_counts(counts[pushed.source], pushed.child, pushed.supports.count)
            supports = pushed.supports
        else:
            found.append(int(counts.sum()))
            continue
        found.append(None)
    return tuple(found)


def lower_bound(game: Game, step: int) -> int:
    """(OA)^(h-1), which Lemma 1 puts below C_h P_h under perfect recall.

    The count of joint observations and actions is the one that the lemma takes; it presumes that
    every sequence of them can occur.
    """
    sequences: int = (prod(game.observation_counts) * prod(game.action_counts)) ** (step - 1)
    return sequences
