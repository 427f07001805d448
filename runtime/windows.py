"""Finite memory: common information cut to a window of the last L steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from .arrays import (
    KEY_LIMIT,
    Columns,
    add_counts,
    blocks,
    distinct_values,
    expand_ranges,
    offsets_of,
    run_starts,
    sum_by_key,
)
from .beliefs import Beliefs, normalise_beliefs
from .errors import LimitError, ProblemError
from .game import Floats, Game, Ints
from .information import InformationStructure
from .limits import DEFAULT_MEMORY, DEFAULT_NODES
from .nodes import (
    CommonInformation,
    CommonStep,
    NodeLimits,
)
from .openings import Edges, open_episode
from .operators import BLOCK, SparseRows, StepCatalogue, StepTables, build_push
from .progress import Progress, silent
from .pushing import draw_prescriptions, push_beliefs
from .timestamps import Timestamps
from .viability import viable_states

_SEED = 20240317
_MIXED = 1e-6
"""Of the uniform law in a prior."""


def expand_windows(
    game: Game,
    information: InformationStructure,
    timestamps: Timestamps,
    length: int,
    *,
    prior: Floats | None = None,
    max_nodes: int = DEFAULT_NODES,
    memory_bytes: int = DEFAULT_MEMORY,
    progress: Progress = silent,
) -> CommonInformation:
    """Compress c_h to what it says of the last L steps, ``last(L)``.

    The window of c_h holds the o_{i,t} in c_h with t > h - L and the a_{i,t} in c_h with t >= h - L.
    Its belief is that of the game restarted at step h - L with a uniformly drawn state and nothing
    known of the past, after uniform play and conditioned on the window. Where the window reaches
    back to step 1 the game starts as it does, and beliefs are exact as long as nothing was dropped.

    Parameters
    ----------
    length
        L, at least 0.
    prior : (S,) float64
        Law of the state at step h - L; uniform by default. A millionth of the uniform law is mixed
        in, so that whatever can happen in the game can happen in the model.
    max_nodes, memory_bytes
        Limits on the windows of a step and on the memory of the result.

    Returns
    -------
    CommonInformation
        Its nodes are the windows that the model can reach, with every increment that can follow in
        the model, and so with every one that can follow in the game. ``margin`` says how much
        Bayes' rule at a window's belief depends on prescriptions.

    Raises
    ------
    ProblemError
        P0823 when a private value depends on what happened before the window.
    LimitError
        P0601, P0602 or P0603.

    Notes
    -----
    Source: Liu and Zhang (2023), Appendix E.4. Restarting the game gives the beliefs of all five
    instances there, with the joint likelihood in the asymmetric one.
    """
    _check_private(game, timestamps, length)
    limits = NodeLimits(nodes=max_nodes, memory=memory_bytes)
    maker = _Maker(game, information, timestamps, length, prior, limits, progress)
    random = np.random.default_rng(_SEED)
    windows = maker.windows(1)
    roots, chosen = _open(maker, windows)
    histories = add_counts(np.ones_like(roots.child), roots.child, len(chosen))
    steps: list[CommonStep] = []
    margin = 0.0
    kept: tuple[_Transition, Ints, Beliefs, Edges, Ints] | None = None
    used = windows.beliefs.nbytes
    for step in range(1, game.horizon):
        following = maker.windows(step + 1)
        tables = maker.catalogue.tables(step)
        now = _Transition(windows, following, id(tables.outcomes), id(tables.update))
        if kept is None or kept[0] != now or not np.array_equal(kept[1], chosen):
            mixed = draw_prescriptions(random, tables.private_counts, game.action_counts)
            beliefs, edges, distance = _link(maker, step, windows, following, chosen, mixed)
            reached = distinct_values(edges.child)
            edges = replace(edges, child=np.searchsorted(reached, edges.child))
            margin = max(margin, distance)
            used += beliefs.nbytes + edges.nbytes
            limits.check(step + 1, len(reached), used + following.beliefs.nbytes)
            kept = (now, chosen, beliefs, edges, reached)
        _, _, beliefs, edges, reached = kept
        steps.append(CommonStep(beliefs=beliefs, histories=histories, edges=edges))
        histories = add_counts(histories[edges.source], edges.child, len(reached))
        windows, chosen = following, reached
    last = windows.beliefs.take(chosen)
    steps.append(CommonStep(beliefs=last, histories=histories, edges=None))
    return CommonInformation(
        game=game,
        information=information,
        roots=roots,
        steps=tuple(steps),
        merged=False,
        margin=margin,
        witness=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Windows:
    """All windows that can occur at a step h after a restart.

    Attributes
    ----------
    backs
        Which increments the window has something of, oldest first, each as h - t.
    codes : (W, K) int64
        What is kept of each.
    radices : K ints
    levels : K arrays
        A trie: the keys ``parent * radix + code`` in ascending order, where a parent is the place
        of a key in the level before. Places in the last level number the windows.
    beliefs : W rows
    """

    backs: tuple[int, ...]
    codes: Ints
    radices: tuple[int, ...]
    levels: tuple[Ints, ...]
    beliefs: Beliefs

    def find(self, codes: Ints) -> Ints:
        """Number windows given by what is kept of each increment, (N, K)."""
        place = np.zeros(len(codes), dtype=np.int64)
        for column, radix, level in zip(codes.T, self.radices, self.levels, strict=True):
            keys = place * radix + column
            place = np.minimum(np.searchsorted(level, keys), len(level) - 1)
            if not np.array_equal(level[place], keys):
                raise AssertionError("a window that can follow is missing")
        return place


@dataclass(frozen=True, slots=True)
class _Transition:
    """What the edges between the windows of two steps depend on, compared by identity."""

    windows: _Windows
    following: _Windows
    outcomes: int
    update: int


class _Maker:
    """Makes the windows of one step after another, once where steps have the same tables."""

    def __init__(
        self,
        game: Game,
        information: InformationStructure,
        timestamps: Timestamps,
        length: int,
        prior: Floats | None,
        limits: NodeLimits,
        progress: Progress,
    ) -> None:
        self.game = game
        self.information = information
        self.atoms = timestamps.increments
        self.length = length
        self._prior = prior
        self.limits = limits
        self._progress = progress
        self._step = 1
        self.catalogue = StepCatalogue(game, information)
        self._viable = viable_states(game)
        self._operators: dict[tuple[int, int], SparseRows] = {}
        self._last: tuple[tuple[object, ...], _Windows] | None = None

    def report(self) -> None:
        """Report progress."""
        self._progress("windows", self._step, self.game.horizon)

    def windows(self, step: int) -> _Windows:
        """All windows of a step."""
        self._step = step
        start = max(1, step - self.length)
        tables = [self.catalogue.tables(at) for at in range(start, step)]
        key: tuple[object, ...] = (
            start == 1,
            step - start,
            self._viable[start - 1].tobytes(),
            *((id(at.outcomes), id(at.update)) for at in tables),
            *(id(self.atoms[at]) for at in range(start, step)),
        )
        if self._last is None or start == 1 or self._last[0] != key:
            self._last = (key, self._sweep(step, start, tables))
        return self._last[1]

    def _sweep(self, step: int, start: int, tables: list[StepTables]) -> _Windows:
        """Roll Bayes' rule forward from a restart, for all windows at once."""
        backs: list[int] = []
        radices: list[int] = []
        levels: list[Ints] = []
        codes = np.zeros((1, 0), dtype=np.int64)

        def enter(back: int, radix: int, keys: Ints) -> None:
            nonlocal codes
            if radix == 1:
                return
            backs.append(back)
            radices.append(radix)
            levels.append(keys)
            codes = np.column_stack([codes[keys // radix], keys % radix])

        if start == 1:
            back = step - 1
            radix = self.atoms[0].count(self.length - back)
            keys, beliefs = self._open(self.length - back)
            enter(back, radix, keys)
        else:
            states = np.flatnonzero(self._viable[start - 1])
            private = int(np.prod(self.information.private_counts[start - 1]))
            beliefs = Beliefs(
                offsets=np.array([0, len(states)]),
                index=states * private,
                probability=self._restart(states),
            )
        for at, table in enumerate(tables, start=start):
            back = step - at - 1
            radix = self.atoms[at].count(self.length - back)
            operator = self.operator(table, distinct_values(beliefs.index), step)
            keys, beliefs = self._extend(beliefs, operator, table, at, self.length - back, step)
            enter(back, radix, keys)
        return _Windows(
            backs=tuple(backs),
            codes=codes,
            radices=tuple(radices),
            levels=tuple(levels),
            beliefs=beliefs,
        )

    def _restart(self, states: Ints) -> Floats:
        """The law of the state at a restart, on the given states."""
        law = np.full(len(states), 1 / len(states))
        if self._prior is not None and (mass := self._prior[states].sum()) > 0:
            law = (1 - _MIXED) * self._prior[states] / mass + _MIXED * law
        return law

    def _open(self, limit: int) -> tuple[Ints, Beliefs]:
        """What is kept of z_1, with the law of s_1 and p_1 for each."""
        roots, beliefs = open_episode(self.game, self.information, merge=False)
        width = self.game.state_count * int(np.prod(self.information.private_counts[0]))
        kept = np.repeat(self.atoms[0].keep(roots.increment, limit), beliefs.lengths)
        weight = beliefs.probability * np.repeat(roots.probability, beliefs.lengths)
        keys, (mass,) = sum_by_key(kept * width + beliefs.index, weight)
        starts = run_starts(keys // width)
        return (keys // width)[starts], normalise_beliefs(starts, keys % width, mass, negligible=0)

    def operator(self, tables: StepTables, rows: Ints, step: int) -> SparseRows:
        """F_h for at least the given rows."""
        key = (id(tables.outcomes), id(tables.update))
        known = self._operators.get(key)
        if known is None or not np.isin(rows, known.rows).all():
            if known is not None:
                rows = distinct_values(np.concatenate([rows, known.rows]))
            known = build_push(tables, rows, (), partial(self.watch, step))
            self._operators = {**self._operators, key: known}
        return known

    def watch(self, step: int, stored: int) -> None:
        """Report progress, and stop before F_h takes too much memory."""
        self.report()
        self.limits.check(step, 0, stored)

    def _extend(
        self,
        beliefs: Beliefs,
        operator: SparseRows,
        tables: StepTables,
        at: int,
        limit: int,
        step: int,
    ) -> tuple[Ints, Beliefs]:
        """Push windows from step ``at`` to the next, by what is kept of the increment."""
        radix = self.atoms[at].count(limit)
        targets = tables.target_count
        kept = self.atoms[at].keep(operator.column // targets, limit)
        column = kept * targets + operator.column % targets
        width = radix * targets
        cost = np.diff(operator.offsets)[operator.position(beliefs.index)]
        columns = Columns()
        made = stored = 0
        for begin, end in blocks(np.add.reduceat(cost, beliefs.offsets[:-1]), BLOCK):
            self.report()
            if (end - begin) * width >= KEY_LIMIT:
                raise LimitError("P0603", columns=width)
            entries = slice(int(beliefs.offsets[begin]), int(beliefs.offsets[end]))
            node = np.repeat(np.arange(end - begin), beliefs.lengths[begin:end])
            position = operator.position(beliefs.index[entries])
            lengths = np.diff(operator.offsets)[position]
            taken = expand_ranges(operator.offsets[position], lengths)
            keys, (mass,) = sum_by_key(
                np.repeat(node, lengths) * width + column[taken],
                np.repeat(beliefs.probability[entries], lengths) * operator.values[0][taken],
            )
            starts = run_starts(keys // targets)
            part = normalise_beliefs(starts, keys % targets, mass, negligible=0)
            found = begin * radix + (keys // targets)[starts]
            columns.add(found, part.lengths, part.index, part.probability)
            made += len(starts)
            stored += part.nbytes
            self.limits.check(step, made, stored)
        found, lengths, index, probability = columns.join()
        return found, Beliefs(offsets=offsets_of(lengths), index=index, probability=probability)


def _check_private(game: Game, timestamps: Timestamps, length: int) -> None:
    """Refuse windows that do not determine private values."""
    for step, ages in enumerate(timestamps.private, start=1):
        for agent, age in zip(game.agents, ages, strict=True):
            if step >= length + 2 and age >= length:
                raise ProblemError(
                    "P0823",
                    length=length,
                    agent=agent,
                    step=step,
                    age=age,
                    fits=timestamps.shortest_window(),
                )


def _open(maker: _Maker, windows: _Windows) -> tuple[Edges, Ints]:
    """Edges to the windows of step 1, and which there are."""
    roots, _ = open_episode(maker.game, maker.information, merge=False)
    codes = np.zeros((len(roots.increment), 0), dtype=np.int64)
    if windows.backs:
        codes = maker.atoms[0].keep(roots.increment, maker.length)[:, None]
    child = windows.find(codes)
    chosen = distinct_values(child)
    edges = Edges(
        offsets=roots.offsets,
        increment=roots.increment,
        child=np.searchsorted(chosen, child),
        probability=roots.probability,
    )
    return edges, chosen


def _link(
    maker: _Maker,
    step: int,
    windows: _Windows,
    following: _Windows,
    chosen: Ints,
    mixed: tuple[Floats, ...],
) -> tuple[Beliefs, Edges, float]:
    """The transformation (5.1): where increments lead from the chosen windows of a step."""
    beliefs = windows.beliefs.take(chosen)
    tables = maker.catalogue.tables(step)
    watch = partial(maker.watch, step)
    operator = build_push(tables, distinct_values(beliefs.index), mixed, watch)
    cost = np.diff(operator.offsets)[operator.position(beliefs.index)]
    columns = Columns()
    distance = 0.0
    for begin, end in blocks(np.add.reduceat(cost, beliefs.offsets[:-1]), BLOCK):
        maker.report()
        children = push_beliefs(tables, beliefs, operator, begin, end)
        columns.add(children.source, children.increment, children.probability)
        distance = max(distance, float(children.distance.max()))
    source, increment, probability = columns.join()
    codes = np.empty((len(source), len(following.backs)), dtype=np.int64)
    for place, back in enumerate(following.backs):
        limit = maker.length - back
        if back == 0:
            codes[:, place] = maker.atoms[step].keep(increment, limit)
            continue
        old = windows.codes[chosen, windows.backs.index(back - 1)]
        codes[:, place] = maker.atoms[step - back].forget(old, limit + 1, limit)[source]
    edges = Edges(
        offsets=offsets_of(np.bincount(source, minlength=len(chosen))),
        increment=increment,
        child=following.find(codes),
        probability=probability,
    )
    return beliefs, edges, distance
