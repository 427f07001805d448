"""The reachable pairs of a policy's node and a belief, for certificates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .arrays import (
    KEY_LIMIT,
    Columns,
    blocks,
    distinct_values,
    expand_ranges,
    offsets_of,
    run_starts,
    sum_by_key,
)
from .consequences import apply_update
from .errors import LimitError
from .game import Floats, Game, Ints
from .information import InformationStructure
from .laws import LawBook
from .progress import Progress

_SEED = 9173
_BLOCK = 1 << 18
_TINY = 1e-14
"""Beliefs are cut here, ..."""
_EQUAL = 1e-10
"""... are the same when no entry differs by more than this, ..."""
_DEPENDENT = 1e-9
"""... and depend on strategies when they differ by more than this in L1."""


Follow = Callable[[int, Ints, Ints], Ints]
"""(h, nodes at h - 1, z_h) -> nodes at h, of the policy; see ``BoundPolicy.follow``."""


class DependentBeliefs(Exception):
    """Beliefs depend on strategies, so dynamic programming over them proves nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphStep:
    """The pairs of one step.

    Attributes
    ----------
    policy_node : (X,) int64
    offsets : (X + 1,) int64
    index : (K,) int64, s * P + p, ascending in each pair
    weight : (K,) float64, P(s, p | c)
    edge_key : (E,) int64, ascending
        x * Z + z for each increment z that can follow pair x.
    child : (E,) int64
    increment_count : Z
    """

    policy_node: Ints
    offsets: Ints
    index: Ints
    weight: Floats
    edge_key: Ints
    child: Ints
    increment_count: int

    @property
    def pairs(self) -> Ints:
        """The pair of each entry."""
        return np.repeat(np.arange(len(self.policy_node)), np.diff(self.offsets))


def build_graph(
    game: Game,
    information: InformationStructure,
    follow: Follow,
    *,
    max_pairs: int,
    progress: Progress,
) -> tuple[tuple[Ints, Floats], list[GraphStep]]:
    """Enumerate the pairs that any deviation can reach, step by step.

    Returns
    -------
    The pairs of step 1 with their probabilities, and the steps.

    Raises
    ------
    DependentBeliefs
        When a belief differs between two strategies.
    LimitError
        P0601.
    """
    book = LawBook(game, information)
    layer, probability = open_layer(game, information)
    nodes = follow(1, np.zeros(len(layer.branch), dtype=np.int64), layer.branch)
    layer, nodes, child = merge_layer(layer, nodes)
    start = (child, probability)
    steps: list[GraphStep] = []
    for step in range(1, game.horizon + 1):
        progress("certificate: beliefs", step, game.horizon)
        current = GraphStep(
            policy_node=nodes,
            offsets=layer.offsets,
            index=layer.target,
            weight=layer.weight,
            edge_key=nodes[:0],
            child=nodes[:0],
            increment_count=1,
        )
        if step == game.horizon:
            steps.append(current)
            break
        layer = push_layer(book, step, current, max_pairs)
        count = information.updates[step].increment_count
        keys = layer.branch
        nodes = follow(step + 1, nodes[keys // count], keys % count)
        layer, nodes, child = merge_layer(layer, nodes)
        steps.append(replace(current, edge_key=keys, child=child, increment_count=count))
    return start, steps


def open_layer(game: Game, information: InformationStructure) -> tuple[Layer, Floats]:
    """Beliefs of every c_1, which is a branch, and its probability."""
    kept = game.initial_probability > 0
    zeros = np.zeros(int(kept.sum()), dtype=np.int64)
    own = [(zeros, zeros, observed) for observed in game.initial_observation[kept].T]
    increment, private = apply_update(information, 0, own)
    width = int(np.prod(information.private_counts[0]))
    targets = game.state_count * width
    weight = game.initial_probability[kept]
    return collect_layer(
        increment * targets + game.initial_state[kept] * width + private, weight, weight, targets
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Beliefs of a step as sparse rows; ``branch`` says where each row comes from."""

    branch: Ints
    offsets: Ints
    target: Ints
    weight: Floats


def push_layer(book: LawBook, step: int, current: GraphStep, max_pairs: int) -> Layer:
    """Apply Bayes' rule for each pair and increment, under two strategies that must agree."""
    law = book.at(step, distinct_values(current.index))
    width = law.increment_count * law.target_count
    outcomes = np.diff(law.offsets)
    rows = np.diff(current.offsets)
    columns = Columns()
    count = 0
    for begin, end in blocks(rows * int(outcomes.max()), _BLOCK):
        if (end - begin) * width >= KEY_LIMIT:
            raise LimitError("P0603", columns=width)
        entries = slice(int(current.offsets[begin]), int(current.offsets[end]))
        position = law.position(current.index[entries])
        lengths = outcomes[position]
        taken = expand_ranges(law.offsets[position], lengths)
        pair = np.repeat(np.arange(end - begin), rows[begin:end])
        weight = np.repeat(current.weight[entries], lengths)
        layer, _ = collect_layer(
            np.repeat(pair * width, lengths) + law.key[taken],
            weight * law.weight[0][taken],
            weight * law.weight[1][taken],
            law.target_count,
        )
        columns.add(
            layer.branch + begin * law.increment_count,
            np.diff(layer.offsets),
            layer.target,
            layer.weight,
        )
        count += len(layer.branch)
        if count > max_pairs:
            raise LimitError("P0601", step=step + 1, nodes=count, limit=max_pairs)
    branch, lengths, target, weight = columns.join()
    return Layer(branch=branch, offsets=offsets_of(lengths), target=target, weight=weight)


def collect_layer(keys: Ints, weight: Floats, other: Floats, targets: int) -> tuple[Layer, Floats]:
    """Group by keys branch * targets + target and normalise; compare the two weights.

    Returns
    -------
    The layer, and the weight of each branch before it was normalised.

    Raises
    ------
    DependentBeliefs
        When the two weights of a branch differ by more than a factor.
    """
    keys, (first, second) = sum_by_key(keys, weight, other)
    positive = first > 0
    keys, first, second = keys[positive], first[positive], second[positive]
    starts = run_starts(keys // targets)
    lengths = np.diff(np.append(starts, len(keys)))
    mass = np.add.reduceat(first, starts)
    first = first / np.repeat(mass, lengths)
    second = second / np.repeat(np.add.reduceat(second, starts), lengths)
    if np.add.reduceat(np.abs(first - second), starts).max() > _DEPENDENT:
        raise DependentBeliefs
    branch, target = (keys // targets)[starts], keys % targets
    large = first > _TINY
    if not large.all():
        lengths = np.add.reduceat(large.astype(np.int64), starts)
        target, first = target[large], first[large]
        first /= np.repeat(np.add.reduceat(first, offsets_of(lengths)[:-1]), lengths)
    return Layer(branch=branch, offsets=offsets_of(lengths), target=target, weight=first), mass


def merge_layer(layer: Layer, nodes: Ints) -> tuple[Layer, Ints, Ints]:
    """Make equal pairs of policy node and belief one, by sorting random projections.

    Returns
    -------
    The distinct beliefs, their policy nodes, and the pair of each old row.
    """
    lengths = np.diff(layer.offsets)
    if np.bincount(nodes).max() == 1:
        return layer, nodes, np.arange(len(nodes))
    # Equal beliefs project to almost the same number, which makes them neighbours in this order.
    projection = _project(layer, lengths)
    order = np.lexsort((projection, nodes))
    previous, following = order[:-1], order[1:]
    same = (nodes[previous] == nodes[following]) & (lengths[previous] == lengths[following])
    same &= np.abs(projection[previous] - projection[following]) < _EQUAL
    candidates = np.flatnonzero(same)
    counts = lengths[previous[candidates]]
    left = expand_ranges(layer.offsets[previous[candidates]], counts)
    right = expand_ranges(layer.offsets[following[candidates]], counts)
    differs = (layer.target[left] != layer.target[right]) | (
        np.abs(layer.weight[left] - layer.weight[right]) > _EQUAL
    )
    owner = np.repeat(candidates, counts)
    same[owner[differs]] = False
    if not same.any():
        return layer, nodes, np.arange(len(nodes))
    fresh = np.concatenate([[True], ~same])
    child = np.empty(len(order), dtype=np.int64)
    child[order] = np.cumsum(fresh) - 1
    chosen = order[fresh]
    taken = expand_ranges(layer.offsets[chosen], lengths[chosen])
    merged = Layer(
        branch=layer.branch[chosen],
        offsets=offsets_of(lengths[chosen]),
        target=layer.target[taken],
        weight=layer.weight[taken],
    )
    return merged, nodes[chosen], child


def _project(layer: Layer, lengths: Ints) -> Floats:
    """Multiply each row with one random vector."""
    random = np.random.default_rng(_SEED)
    size = int(layer.target.max()) + 1
    found = distinct_values(layer.target) if size > 4 * len(layer.target) else None
    direction = random.uniform(size=size if found is None else len(found))
    projection = np.empty(len(lengths))
    for begin, end in blocks(lengths, _BLOCK):
        entries = slice(int(layer.offsets[begin]), int(layer.offsets[end]))
        place = layer.target[entries]
        if found is not None:
            place = np.searchsorted(found, place)
        projection[begin:end] = np.add.reduceat(
            layer.weight[entries] * direction[place], layer.offsets[begin:end] - entries.start
        )
    return projection
