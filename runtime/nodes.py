"""The forward pass: every reachable common information with its belief."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from .arrays import (
    Columns,
    Counts,
    add_counts,
    blocks,
    distinct_values,
    offsets_of,
    sum_at,
)
from .beliefs import Beliefs, merge_beliefs
from .dependence import BeliefWitness, StrategyDependenceError
from .errors import LimitError
from .game import Floats, Game
from .information import InformationStructure
from .limits import DEFAULT_MEMORY, DEFAULT_NODES, bytes_text
from .nets import cover_beliefs
from .openings import Edges, open_episode
from .operators import BLOCK, SparseRows, StepCatalogue, StepTables, build_push
from .progress import Progress, silent
from .pushing import COMPILED, draw_prescriptions, push_beliefs

THRESHOLD = 1e-9
"""Beliefs further apart than this (L1) refute strategy independence."""
_SEED = 20230723
_CANDIDATES = 64
"""How many c_h at most are searched for a good witness."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonStep:
    """The nodes of one step h.

    Attributes
    ----------
    beliefs
        P(s_h, p_h | c_h), one row a node.
    histories : (C,) int64, or Python integers where they are too large
        How many c_h each node stands for.
    edges
        Where z_{h+1} leads; None at the last step.
    """

    beliefs: Beliefs
    histories: Counts
    edges: Edges | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonInformation:
    """All common information of a game that any strategies can reach, step by step.

    Attributes
    ----------
    roots
        Edges from before the episode (one source) to the nodes of step 1.
    steps
        One entry for each h = 1..H.
    merged
        Whether nodes with equal beliefs are one node.
    margin
        The largest L1 distance between beliefs under two strategies.
    witness
        Evidence that beliefs depend on strategies; None when they do not, or none was asked for.
    """

    game: Game
    information: InformationStructure
    roots: Edges
    steps: tuple[CommonStep, ...]
    merged: bool
    margin: float
    witness: BeliefWitness | None

    @property
    def node_counts(self) -> tuple[int, ...]:
        """Nodes of each step."""
        return tuple(step.beliefs.count for step in self.steps)

    @property
    def history_counts(self) -> tuple[int, ...]:
        """|C_h| of each step: distinct common histories with positive probability."""
        return tuple(int(step.histories.sum()) for step in self.steps)


def expand_common_information(
    game: Game,
    information: InformationStructure,
    *,
    merge: bool = True,
    radius: float = 0.0,
    refuse: bool = True,
    explain: bool = True,
    max_nodes: int = DEFAULT_NODES,
    memory_bytes: int = DEFAULT_MEMORY,
    progress: Progress = silent,
) -> CommonInformation:
    """Enumerate common information under uniform prescriptions, refusing dependent beliefs.

    Uniform prescriptions reach whatever some strategy reaches. Each one-step update is done twice,
    under uniform prescriptions and under one random full-support prescription per agent and step
    (the same at each node), and the two beliefs of each child are compared.

    That decides Assumption 3. Suppose the beliefs of all c_h do not depend on strategies. Then the
    belief of (c_h, z) depends on strategies only through the prescriptions used at c_h, and for
    fixed (c_h, z) the difference of the two unnormalised beliefs, cross-multiplied by the other's
    mass, is a polynomial in them: it vanishes identically or, with probability 1, nowhere that was
    drawn at random. The same draw can serve all (c_h, z), of which there are finitely many. Nodes
    with equal beliefs pass or fail together, so merging them is harmless.

    Parameters
    ----------
    merge
        Make nodes with equal beliefs one node. Children and payoffs depend on c_h only through
        its belief and h, so this loses nothing.
    radius
        Then make nodes with the same support and almost the same belief one, ``net(eps)``: Bayes'
        rule leads at most so far, in L1, from the belief of the node that an increment leads to.
        This loses something, and Assumption 3 should be decided without it.
    refuse
        Raise when beliefs depend on strategies. Otherwise the result says so in ``witness``, its
        beliefs are those under uniform play, and its counts are still right: under a fixed policy
        nodes with equal beliefs have equal futures.
    explain
        Look for a witness if beliefs depend on strategies, which takes longer than noticing that
        they do. Without it nothing is refused, and ``margin`` alone tells.
    max_nodes
        Limit on the nodes of one step.
    memory_bytes
        Limit on the memory of the result.

    Raises
    ------
    StrategyDependenceError
        P0501, with a witness; only if ``refuse``.
    LimitError
        P0601 or P0602.

    Notes
    -----
    Source: Liu and Zhang (2023), Assumption 3 and Section 4; merging by belief is an addition.
    """
    instead = "merge"
    if merge:
        instead = "auto --gap 0.1" if radius <= 0 else f"'net({2 * radius:g})'"
    limits = NodeLimits(nodes=max_nodes, memory=memory_bytes, instead=instead)
    catalogue = StepCatalogue(game, information)
    random = np.random.default_rng(_SEED)
    roots, beliefs = open_episode(game, information, merge=merge)
    reached = sum_at(roots.child, roots.probability, beliefs.count)
    roots, beliefs, reached = _thin(roots, beliefs, reached, radius)
    histories = add_counts(np.ones_like(roots.child), roots.child, beliefs.count)
    steps: list[CommonStep] = []
    margin = 0.0
    witness: BeliefWitness | None = None
    used = beliefs.nbytes
    kept: tuple[tuple[int, int], SparseRows] | None = None
    for step in range(1, game.horizon):
        report = partial(progress, "common information", step, game.horizon)
        tables = catalogue.tables(step)
        # The same tables and rows give the same operator, so it is kept from step to step.
        same = (id(tables.outcomes), id(tables.update))
        rows = distinct_values(beliefs.index)
        if kept is None or kept[0] != same or not np.isin(rows, kept[1].rows).all():
            prescriptions = draw_prescriptions(random, tables.private_counts, game.action_counts)
            watch = partial(_watch, report, limits, step, beliefs.count, used)
            kept = (same, build_push(tables, rows, prescriptions, watch))
        push = _push(
            tables,
            beliefs,
            kept[1],
            merge=merge,
            limits=limits,
            used=used,
            step=step,
            report=report,
        )
        worst = int(np.argmax(push.distance))
        if explain and witness is None and push.distance[worst] > THRESHOLD:
            from .refutation import find_witness

            # The sort is stable, and distances that are equal but for rounding count as equal.
            order = np.argsort(-np.round(push.distance, 9), kind="stable")[:_CANDIDATES]
            failing = order[push.distance[order] > THRESHOLD].tolist()
            paths = [_trace(roots, steps, push.edges, edge) for edge in failing]
            witness = find_witness(game, information, paths)
            if refuse:
                raise StrategyDependenceError(witness)
        margin = max(margin, float(push.distance[worst]))
        edges, children = push.edges, push.children
        reached = sum_at(edges.child, reached[edges.source] * edges.probability, children.count)
        edges, children, reached = _thin(edges, children, reached, radius)
        steps.append(CommonStep(beliefs=beliefs, histories=histories, edges=edges))
        histories = add_counts(histories[edges.source], edges.child, children.count)
        beliefs = children
        used += beliefs.nbytes + edges.nbytes
    steps.append(CommonStep(beliefs=beliefs, histories=histories, edges=None))
    return CommonInformation(
        game=game,
        information=information,
        roots=roots,
        steps=tuple(steps),
        merged=merge,
        margin=margin,
        witness=witness,
    )


def _thin(
    edges: Edges, beliefs: Beliefs, reached: Floats, radius: float
) -> tuple[Edges, Beliefs, Floats]:
    """Make nodes with almost the same belief one; ``reached`` has the probability of each node."""
    if radius <= 0:
        return edges, beliefs, reached
    centres, place = cover_beliefs(beliefs, reached, radius)
    thinned = replace(edges, child=place[edges.child])
    return thinned, centres, sum_at(place, reached, centres.count)


def _watch(
    report: Callable[[], None], limits: NodeLimits, step: int, nodes: int, used: int, stored: int
) -> None:
    """Report progress, and stop before F_h takes too much memory."""
    report()
    limits.check(step + 1, nodes, used + stored)


@dataclass(frozen=True, slots=True)
class NodeLimits:
    """Limits on the nodes of a step and on memory, in bytes.

    ``instead`` is the compression that is advised where there are too many nodes.
    """

    nodes: int
    memory: int
    instead: str | None = "merge"

    def check(self, step: int, nodes: int, memory: int) -> None:
        """Stop before too much is stored; ``step`` is the one whose nodes are being made."""
        if nodes > self.nodes:
            raise LimitError(
                "P0601",
                step=step,
                nodes=nodes,
                limit=self.nodes,
                fits=step - 1 or None,
                instead=self.instead,
            )
        if memory > self.memory:
            raise LimitError(
                "P0602",
                step=step,
                need=bytes_text(memory),
                limit=bytes_text(self.memory),
                fits=step - 1,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Push:
    """All children of a step; ``distance`` has one entry an edge."""

    edges: Edges
    children: Beliefs
    distance: Floats


def _push(
    tables: StepTables,
    beliefs: Beliefs,
    operator: SparseRows,
    *,
    merge: bool,
    limits: NodeLimits,
    used: int,
    step: int,
    report: Callable[[], None],
) -> _Push:
    """Multiply the beliefs with F_h, block by block, and normalise (and merge) the children."""
    cost = np.diff(operator.offsets)[operator.position(beliefs.index)]
    compiled = int(cost.sum()) >= COMPILED
    columns = Columns()
    made = stored = parts = 0
    for begin, end in blocks(np.add.reduceat(cost, beliefs.offsets[:-1]), BLOCK):
        report()
        children = push_beliefs(tables, beliefs, operator, begin, end, compiled=compiled)
        part, classes = children.beliefs, np.arange(children.beliefs.count)
        if merge:
            part, classes = merge_beliefs(part)
        columns.add(
            children.source,
            children.increment,
            classes + made,
            children.probability,
            children.distance,
            part.lengths,
            part.index,
            part.probability,
        )
        parts += 1
        made += part.count
        stored += part.nbytes + 5 * children.source.nbytes
        limits.check(step + 1, made, used + stored)
    source, increment, child, probability, distance, lengths, index, weight = columns.join()
    beliefs_next = Beliefs(offsets=offsets_of(lengths), index=index, probability=weight)
    if merge and parts > 1:
        beliefs_next, classes = merge_beliefs(beliefs_next)
        child = classes[child]
    edges = Edges(
        offsets=offsets_of(np.bincount(source, minlength=beliefs.count)),
        increment=increment,
        child=child,
        probability=probability,
    )
    return _Push(edges=edges, children=beliefs_next, distance=distance)


def _trace(roots: Edges, steps: list[CommonStep], last: Edges, edge: int) -> tuple[int, ...]:
    """Find increments z_1, ..., z_{h+1} of one common history that ends with the given edge."""
    path = [int(last.increment[edge])]
    node = int(last.source[edge])
    for edges in (*(step.edges for step in reversed(steps)), roots):
        if edges is None:
            raise AssertionError("only the last step has no edges")
        edge = int(np.argmax(edges.child == node))
        path.append(int(edges.increment[edge]))
        node = int(edges.source[edge])
    return tuple(reversed(path))
