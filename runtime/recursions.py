"""Models whose nodes follow one from another by a rule (5.1), with beliefs under uniform play."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

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
    sum_at,
    sum_by_key,
)
from .beliefs import Beliefs
from .errors import LimitError
from .game import Floats, Game, Ints
from .information import InformationStructure
from .limits import DEFAULT_MEMORY, DEFAULT_NODES
from .nodes import (
    CommonInformation,
    CommonStep,
    NodeLimits,
)
from .openings import Edges, open_episode
from .operators import BLOCK, SparseRows, StepCatalogue, build_push
from .progress import Progress, silent
from .pushing import draw_prescriptions

_SEED = 52163
_RARE = 1e-250
"""What is less likely counts as likely as this, so that it does not vanish."""


class Recursion(Protocol):
    """The transformation φ̂: a node of step h and an increment make a node of step h + 1."""

    def follow(self, step: int, node: Ints, increment: Ints) -> Ints:
        """Number the nodes of a step.

        It is called once for each step, in order.

        Parameters
        ----------
        step
            The step h whose nodes are made.
        node : (E,) int64
            Nodes of step h - 1, as they were numbered; before step 1 there is one, 0.
        increment : (E,) int64
            z_h. All (node, z_h) that can occur are listed, sorted and each once.

        Returns
        -------
        (E,) int64
            Numbers from 0 on, without gaps.
        """
        ...


def expand_recursion(
    game: Game,
    information: InformationStructure,
    recursion: Recursion,
    *,
    max_nodes: int = DEFAULT_NODES,
    memory_bytes: int = DEFAULT_MEMORY,
    progress: Progress = silent,
) -> CommonInformation:
    """Compress c_h to a node that is found from increment to increment.

    The belief of a node is the law of (s_h, p_h) given the node under uniform play, found by a
    forward pass over (node, s, p). It lists no c_h.

    Parameters
    ----------
    max_nodes, memory_bytes
        Limits on the nodes of a step and on the memory of the result.

    Returns
    -------
    CommonInformation
        ``margin`` is the largest L1 distance of a node's belief from the one that it would have
        under other play. Where a node stands for several c_h it is seldom 0: how likely each of
        them is depends on what agents do.

    Raises
    ------
    LimitError
        P0601, P0602 or P0603.

    Notes
    -----
    Source: Liu and Zhang (2023), (5.1) and Definition 13; the belief is that of Definition 6 for
    uniform policies.
    """
    limits = NodeLimits(nodes=max_nodes, memory=memory_bytes)
    catalogue = StepCatalogue(game, information)
    random = np.random.default_rng(_SEED)
    roots, opened = open_episode(game, information, merge=False)
    child = recursion.follow(1, np.zeros_like(roots.increment), roots.increment)
    roots = replace(roots, child=child)
    width = game.state_count * int(np.prod(information.private_counts[0]))
    chance = opened.probability * np.repeat(roots.probability, opened.lengths)
    keys = np.repeat(child, opened.lengths) * width + opened.index
    law = _Law.of(keys, (chance, chance), width)
    histories = add_counts(np.ones_like(child), child, law.count)
    steps: list[CommonStep] = []
    used, margin = law.nbytes, law.distance()
    kept: tuple[tuple[int, int], SparseRows] | None = None
    for step in range(1, game.horizon):
        tables = catalogue.tables(step)
        same = (id(tables.outcomes), id(tables.update))
        rows = distinct_values(law.index)
        if kept is None or kept[0] != same or not np.isin(rows, kept[1].rows).all():
            mixed = draw_prescriptions(random, tables.private_counts, game.action_counts)
            kept = (same, build_push(tables, rows, mixed))
        count, targets = tables.update.increment_count, tables.target_count
        watch = partial(_watch, progress, limits, step, game.horizon, used)
        keys, chances = _push(law, kept[1], count * targets, watch)
        branch = keys // targets
        starts = run_starts(branch)
        lengths = np.diff(np.append(starts, len(keys)))
        source, increment = branch[starts] // count, branch[starts] % count
        child = recursion.follow(step + 1, source, increment)
        mass = np.add.reduceat(chances[0], starts)
        edges = Edges(
            offsets=offsets_of(np.bincount(source, minlength=law.count)),
            increment=increment,
            child=child,
            probability=mass / sum_at(source, mass, law.count)[source],
        )
        steps.append(CommonStep(beliefs=law.beliefs, histories=histories, edges=edges))
        law = _Law.of(np.repeat(child, lengths) * targets + keys % targets, chances, targets)
        histories = add_counts(histories[source], child, law.count)
        margin = max(margin, law.distance())
        used += law.nbytes + edges.nbytes
        limits.check(step + 1, law.count, used)
    steps.append(CommonStep(beliefs=law.beliefs, histories=histories, edges=None))
    return CommonInformation(
        game=game,
        information=information,
        roots=roots,
        steps=tuple(steps),
        merged=False,
        margin=margin,
        witness=None,
    )


class _Law:
    """The law of (node, s, p) at a step, under uniform play and under another strategy.

    Attributes
    ----------
    count : C, the number of nodes
    offsets : (C + 1,) int64
    index : (K,) int64, sp
    chances : two arrays (K,) float64
    """

    def __init__(self, offsets: Ints, index: Ints, chances: tuple[Floats, Floats]) -> None:
        self.count = len(offsets) - 1
        self.offsets = offsets
        self.index = index
        self.chances = chances

    @classmethod
    def of(cls, keys: Ints, chances: tuple[Floats, Floats], width: int) -> _Law:
        """Add up entries of equal keys node * width + sp."""
        keys, (first, second) = sum_by_key(keys, *chances)
        starts = run_starts(keys // width)
        found = (np.maximum(first, _RARE), np.maximum(second, _RARE))
        return cls(np.append(starts, len(keys)), keys % width, found)

    @property
    def beliefs(self) -> Beliefs:
        """P(s, p | node) under uniform play."""
        return Beliefs(offsets=self.offsets, index=self.index, probability=self._given(0))

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        return sum(a.nbytes for a in (self.offsets, self.index, *self.chances))

    def distance(self) -> float:
        """The largest L1 distance between the two beliefs of a node."""
        apart = np.abs(self._given(0) - self._given(1))
        return float(np.add.reduceat(apart, self.offsets[:-1]).max())

    def _given(self, strategy: int) -> Floats:
        chance = self.chances[strategy]
        mass = np.add.reduceat(chance, self.offsets[:-1])
        given: Floats = chance / np.repeat(mass, np.diff(self.offsets))
        return given


def _watch(
    progress: Progress, limits: NodeLimits, step: int, horizon: int, used: int, stored: int
) -> None:
    """Report progress, and stop before a step takes too much memory."""
    progress("common information", step, horizon)
    limits.check(step + 1, 0, used + stored)


def _push(
    law: _Law, operator: SparseRows, width: int, watch: Callable[[int], None]
) -> tuple[Ints, tuple[Floats, Floats]]:
    """Multiply the law with F_h: keys (node * Z + z) * S'P' + s'p', ascending, and two laws."""
    if law.count * width >= KEY_LIMIT:
        raise LimitError("P0603", columns=width)
    position = operator.position(law.index)
    lengths = np.diff(operator.offsets)[position]
    columns = Columns()
    stored = 0
    for begin, end in blocks(np.add.reduceat(lengths, law.offsets[:-1]), BLOCK):
        watch(stored)
        part = slice(int(law.offsets[begin]), int(law.offsets[end]))
        node = np.repeat(np.arange(begin, end), np.diff(law.offsets[begin : end + 1]))
        size = lengths[part]
        taken = expand_ranges(operator.offsets[position[part]], size)
        keys, sums = sum_by_key(
            np.repeat(node, size) * width + operator.column[taken],
            *(
                np.repeat(chance[part], size) * value[taken]
                for chance, value in zip(law.chances, operator.values, strict=True)
            ),
        )
        columns.add(keys, *sums)
        stored += keys.nbytes + sum(values.nbytes for values in sums)
    watch(stored)
    keys, first, second = columns.join()
    return keys, (first, second)
