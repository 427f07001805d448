"""The two products of planning as compiled loops over nodes: beliefs pushed on, and payoffs.

They do what ``pushing`` and ``payoffs`` do in numpy, without its temporaries.
"""

from __future__ import annotations

from .beliefs import NEGLIGIBLE
from .game import Floats, Ints
from .solvers.kernels.compiling import compile_kernel


@compile_kernel
def push_rows(
    offsets: Ints,
    position: Ints,
    weight: Floats,
    row_offsets: Ints,
    column: Ints,
    uniform: Floats,
    other: Floats,
    target_count: int,
    sums: Floats,
    source: Ints,
    increment: Ints,
    mass: Floats,
    distance: Floats,
    lengths: Ints,
    index: Ints,
    probability: Floats,
) -> tuple[int, int]:
    """Multiply beliefs with F_h and normalise what follows each increment.

    Parameters
    ----------
    offsets : (G + 1,), position, weight : (E,)
        Beliefs, with the rows of F_h that their entries stand for.
    row_offsets, column, uniform, other
        F_h; a column is z * target_count + s'p'.
    sums : (2, Z * target_count)
        Zeros, for one node's products; left as zeros.
    source, increment, mass, distance, lengths : (>= edges,), written
        Node, z, P(z | c), the L1 distance of the two beliefs and the entries of the first.
    index, probability : (>= entries,), written

    Returns
    -------
    How many edges and entries were written.
    """
    edges = entries = 0
    width = sums.shape[1]
    for node in range(len(offsets) - 1):
        for entry in range(offsets[node], offsets[node + 1]):
            row = position[entry]
            for place in range(row_offsets[row], row_offsets[row + 1]):
                sums[0, column[place]] += weight[entry] * uniform[place]
                sums[1, column[place]] += weight[entry] * other[place]
        for first in range(0, width, target_count):
            total = 0.0
            total_other = 0.0
            for place in range(first, first + target_count):
                total += sums[0, place]
                total_other += sums[1, place]
            if total == 0.0:
                continue
            begin = entries
            apart = 0.0
            kept = 0.0
            dropped = False
            for place in range(first, first + target_count):
                if sums[0, place] == 0.0:
                    continue
                share = sums[0, place] / total
                apart += abs(share - sums[1, place] / total_other)
                if share >= NEGLIGIBLE:
                    index[entries] = place - first
                    probability[entries] = share
                    kept += share
                    entries += 1
                else:
                    dropped = True
            if dropped:
                for entry in range(begin, entries):
                    probability[entry] /= kept
            source[edges] = node
            increment[edges] = first // target_count
            mass[edges] = total
            distance[edges] = apart
            lengths[edges] = entries - begin
            edges += 1
        for place in range(width):
            sums[0, place] = 0.0
            sums[1, place] = 0.0
    return edges, entries


@compile_kernel
def add_payoffs(
    nodes: Ints,
    offsets: Ints,
    index: Ints,
    weight: Floats,
    ranks: Ints,
    strides: Ints,
    action_place: Ints,
    rewards: Floats,
    private_count: int,
    values: Floats,
) -> None:
    """Add P(s, p | c) E[r | s, a] to the payoffs of nodes.

    Parameters
    ----------
    nodes : (G,)
        Rows of the beliefs.
    offsets, index, weight
        Beliefs.
    ranks : (n, E)
        Where each entry's p_i stands among those of its node.
    strides : (n,), action_place : (A,)
        Where a private value and a joint action stand in a node's payoffs.
    rewards : (K, S, A)
    values : (K, G, size), added to
    """
    for place in range(len(nodes)):
        for entry in range(offsets[nodes[place]], offsets[nodes[place] + 1]):
            first = 0
            for agent in range(len(strides)):
                first += strides[agent] * ranks[agent, entry]
            state = index[entry] // private_count
            for kind in range(len(rewards)):
                for action in range(len(action_place)):
                    values[kind, place, first + action_place[action]] += (
                        weight[entry] * rewards[kind, state, action]
                    )


@compile_kernel
def add_continuation(
    nodes: Ints,
    offsets: Ints,
    position: Ints,
    weight: Floats,
    ranks: Ints,
    strides: Ints,
    action_place: Ints,
    row_offsets: Ints,
    row_action: Ints,
    row_increment: Ints,
    row_mass: Floats,
    edge_offsets: Ints,
    edge_increment: Ints,
    edge_child: Ints,
    first_node: int,
    children: Ints,
    continuation: Floats,
    values: Floats,
) -> None:
    """Add P(s, p | c) P(z | s, p, a) V(child of c and z) to the payoffs of nodes.

    Parameters
    ----------
    nodes, offsets, weight, ranks, strides, action_place, values
        As for ``add_payoffs``; row 0 of the beliefs is node ``first_node``.
    position : (E,)
        The row of N_h that each entry stands for.
    row_offsets, row_action, row_increment, row_mass
        N_h.
    edge_offsets, edge_increment, edge_child
        Edges of all nodes.
    children : (Z,)
        Room for the children of one node.
    continuation : (K, C')
    """
    for place in range(len(nodes)):
        node = first_node + nodes[place]
        for edge in range(edge_offsets[node], edge_offsets[node + 1]):
            children[edge_increment[edge]] = edge_child[edge]
        for entry in range(offsets[nodes[place]], offsets[nodes[place] + 1]):
            first = 0
            for agent in range(len(strides)):
                first += strides[agent] * ranks[agent, entry]
            row = position[entry]
            for item in range(row_offsets[row], row_offsets[row + 1]):
                share = weight[entry] * row_mass[item]
                child = children[row_increment[item]]
                where = first + action_place[row_action[item]]
                for kind in range(len(continuation)):
                    values[kind, place, where] += share * continuation[kind, child]
