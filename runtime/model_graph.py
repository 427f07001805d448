"""A model of compressed common information as a graph, paired with the nodes of a policy."""

from __future__ import annotations

import numpy as np

from .arrays import expand_ranges, locate_values
from .belief_graph import GraphStep
from .errors import LimitError
from .game import Ints
from .nodes import CommonInformation
from .policies import BoundPolicy


def pair_up(
    nodes: CommonInformation, bound: BoundPolicy, max_pairs: int
) -> tuple[Ints, list[GraphStep], list[Ints]]:
    """Pairs of a node of the policy and one of the model, as far as increments lead to them.

    Returns
    -------
    The pair that each root leads to; the pairs of each step as a graph; their nodes of the model.
    """
    roots = nodes.roots
    follow = bound.follow(1, np.zeros(len(roots.child), dtype=np.int64), roots.increment)
    start, policy_node, model_node = _distinct_pairs(follow, roots.child, nodes.node_counts[0])
    steps: list[GraphStep] = []
    members: list[Ints] = []
    for step, at in enumerate(nodes.steps, start=1):
        if len(model_node) > max_pairs:
            raise LimitError("P0601", step=step, nodes=len(model_node), limit=max_pairs)
        members.append(model_node)
        beliefs = at.beliefs.take(model_node)
        edge_key = child = np.zeros(0, dtype=np.int64)
        count = 1
        here = policy_node
        if at.edges is not None:
            count = nodes.information.updates[step].increment_count
            lengths = np.diff(at.edges.offsets)[model_node]
            taken = expand_ranges(at.edges.offsets[model_node], lengths)
            increment = at.edges.increment[taken]
            edge_key = np.repeat(np.arange(len(model_node)), lengths) * count + increment
            follow = bound.follow(step + 1, np.repeat(policy_node, lengths), increment)
            child, policy_node, model_node = _distinct_pairs(
                follow, at.edges.child[taken], nodes.node_counts[step]
            )
        steps.append(
            GraphStep(
                policy_node=here,
                offsets=beliefs.offsets,
                index=beliefs.index,
                weight=beliefs.probability,
                edge_key=edge_key,
                child=child,
                increment_count=count,
            )
        )
    return start, steps, members


def _distinct_pairs(policy_node: Ints, model_node: Ints, count: int) -> tuple[Ints, Ints, Ints]:
    """Number pairs of nodes: the place of each, and the two nodes of each place."""
    keys, place = locate_values(policy_node * count + model_node)
    return place, keys // count, keys % count
