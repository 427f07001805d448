"""d-separation in directed acyclic graphs.

Written out because it is short: networkx, which has it too, takes 0.1 CPU-seconds to import, a
quarter of what ``posg check`` may use. The tests compare the two.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import TypeVar

NodeT = TypeVar("NodeT", bound=Hashable)


def ancestors(parents: Mapping[NodeT, Iterable[NodeT]], nodes: Iterable[NodeT]) -> set[NodeT]:
    """The nodes and everything that leads to them."""
    found: set[NodeT] = set()
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if node not in found:
            found.add(node)
            pending.extend(parents.get(node, ()))
    return found


def find_connected(
    parents: Mapping[NodeT, Collection[NodeT]],
    sources: Iterable[NodeT],
    given: Collection[NodeT],
) -> set[NodeT]:
    """Find what the sources are not d-separated from, given some nodes.

    A ball is passed from node to node. It goes through a node that is not given from a parent to
    children, and from a child to parents and children; it comes back to the parents of a node that
    is given, or leads to one that is, if it came from a parent.

    Parameters
    ----------
    parents
        The parents of each node; nodes without any may be left out.
    sources
        Where balls start; none of them is given.

    Notes
    -----
    Source: R. D. Shachter, "Bayes-ball: the rational pastime", UAI 1998, in the form of D. Koller
    and N. Friedman, "Probabilistic graphical models", 2009, Algorithm 3.1.
    """
    children: dict[NodeT, list[NodeT]] = {}
    for node, before in parents.items():
        for parent in before:
            children.setdefault(parent, []).append(node)
    given = frozenset(given)
    opening = ancestors(parents, given)
    connected: set[NodeT] = set()
    pending = [(source, True) for source in sources]
    seen: set[tuple[NodeT, bool]] = set()
    while pending:
        node, upward = ball = pending.pop()
        if ball in seen:
            continue
        seen.add(ball)
        if node not in given:
            connected.add(node)
            pending.extend((child, False) for child in children.get(node, ()))
        if (node not in given) if upward else (node in opening):
            pending.extend((parent, True) for parent in parents.get(node, ()))
    return connected
