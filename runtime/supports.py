"""Supports of beliefs: what c_h makes possible, as the states of a deterministic automaton."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .arrays import KEY_LIMIT, distinct_values, expand_ranges, run_starts
from .beliefs import Beliefs, merge_beliefs, normalise_beliefs
from .errors import LimitError
from .game import Game, Ints
from .information import InformationStructure
from .openings import open_episode
from .operators import SparseRows, StepCatalogue, StepTables, build_push
from .timestamps import Atoms

DEFAULT_SUPPORTS = 20_000
"""Distinct supports of one step beyond which this is as much work as building all beliefs."""
_CELLS = 1_000
"""Entries that may be handled at once for each support that is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportStep:
    """The distinct supports of one step.

    Attributes
    ----------
    supports
        Uniform beliefs on them, U rows.
    opening : (E,) int64
        Only at step 1: the support of each c_1.
    pushed
        Where increments lead from here; None at the last step, and where there are too many.
    """

    supports: Beliefs
    opening: Ints
    pushed: PushedSupports | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedSupports:
    """Supports of the next step, the edges to them, and the work at each source.

    Attributes
    ----------
    supports
        U' rows.
    source, increment, child : (E,) int64
        A row here, an increment that can follow it and a row there; sorted by the first two.
    products : (U,) int64
        Multiplications that take a belief with this support to the next step.
    """

    supports: Beliefs
    source: Ints
    increment: Ints
    child: Ints
    products: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept of an increment: its atoms of an age below ``limit``."""

    atoms: Atoms
    limit: int


class SupportPusher:
    """Pushes supports through the steps; keeps the operator while steps share their tables."""

    def __init__(self, catalogue: StepCatalogue) -> None:
        self._catalogue = catalogue
        self._kept: tuple[tuple[int, int], StepTables, SparseRows] | None = None

    def operator(self, rows: Ints, step: int) -> tuple[StepTables, SparseRows]:
        """F_h for at least the given rows sp."""
        tables = self._catalogue.tables(step)
        same = (id(tables.outcomes), id(tables.update))
        if (
            self._kept is None
            or self._kept[0] != same
            or not np.isin(rows, self._kept[2].rows).all()
        ):
            self._kept = (same, tables, build_push(tables, rows, ()))
        return tables, self._kept[2]

    def outcome_count(self, rows: Ints, step: int) -> int:
        """How many outcomes the given rows sp have, which is the work of building F_h."""
        tables = self._catalogue.tables(step)
        state = rows // int(np.prod(tables.private_counts))
        return int(np.diff(tables.outcomes.offsets)[state].sum())

    def reach(self, rows: Ints, step: int) -> Ints:
        """Find every (s, p) that can follow one of the given ones."""
        tables, operator = self.operator(rows, step)
        position = operator.position(rows)
        lengths = np.diff(operator.offsets)[position]
        taken = expand_ranges(operator.offsets[position], lengths)
        return distinct_values(operator.column[taken] % tables.target_count)

    def push(
        self, supports: Beliefs, step: int, max_supports: int, kept: Kept | None = None
    ) -> PushedSupports | None:
        """Apply every increment to every support; None if that becomes too much.

        With ``kept``, increments that keep the same are one, and named by what is kept.
        """
        limit = _CELLS * max_supports
        rows = distinct_values(supports.index)
        if self.outcome_count(rows, step) > limit:
            return None
        tables, operator = self.operator(rows, step)
        position = operator.position(supports.index)
        lengths = np.diff(operator.offsets)[position]
        products = np.add.reduceat(lengths, supports.offsets[:-1])
        count, column = tables.update.increment_count, operator.column
        if kept is not None:
            count = kept.atoms.count(kept.limit)
            told = kept.atoms.keep(column // tables.target_count, kept.limit)
            column = told * tables.target_count + column % tables.target_count
        width = count * tables.target_count
        if supports.count * width >= KEY_LIMIT:
            raise LimitError("P0603", columns=width)
        if int(products.sum()) > limit:
            return None
        node = np.repeat(np.repeat(np.arange(supports.count), supports.lengths), lengths)
        taken = expand_ranges(operator.offsets[position], lengths)
        keys = distinct_values(node * width + column[taken])
        branch = keys // tables.target_count
        starts = run_starts(branch)
        children = normalise_beliefs(starts, keys % tables.target_count, np.ones(len(keys)))
        merged, child = merge_beliefs(children)
        if merged.count > max_supports:
            return None
        return PushedSupports(
            supports=merged,
            source=branch[starts] // count,
            increment=branch[starts] % count,
            child=child,
            products=products,
        )


def iterate_supports(
    game: Game, information: InformationStructure, *, max_supports: int = DEFAULT_SUPPORTS
) -> Iterator[SupportStep]:
    """List the distinct supports of the beliefs P(s_h, p_h | c_h), step by step.

    Which increments can follow c_h, and what can hold after them, depends on c_h only through the
    support of its belief under full-support play. So the supports are the states of a
    deterministic automaton that reads increments; there may be few of them where there are
    astronomically many c_h. Stops after a step that leads to more than ``max_supports``.
    """
    pusher = SupportPusher(StepCatalogue(game, information))
    _, beliefs = open_episode(game, information, merge=False)
    flat = normalise_beliefs(beliefs.offsets[:-1], beliefs.index, np.ones(len(beliefs.index)))
    supports, opening = merge_beliefs(flat)
    for step in range(1, game.horizon + 1):
        pushed = pusher.push(supports, step, max_supports) if step < game.horizon else None
        yield SupportStep(supports=supports, opening=opening, pushed=pushed)
        if pushed is None:
            return
        supports = pushed.supports
