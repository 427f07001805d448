"""d-separation against networkx."""

from __future__ import annotations

from random import Random

import networkx as nx

from posg.compiler.separation import ancestors, find_connected


def test_agrees_with_networkx() -> None:
    random = Random(1)
    for _ in range(1500):
        count = random.randint(3, 9)
        density = random.choice((0.2, 0.35, 0.5))
        parents = {v: [u for u in range(v) if random.random() < density] for v in range(count)}
        graph = nx.DiGraph()
        graph.add_nodes_from(parents)
        graph.add_edges_from((u, v) for v, before in parents.items() for u in before)
        sources = random.sample(range(count), random.randint(1, 2))
        rest = [v for v in range(count) if v not in sources]
        given = [v for v in rest if random.random() < 0.4]
        connected = find_connected(parents, sources, given)
        assert set(sources) <= connected
        for node in set(rest) - set(given):
            separated = nx.is_d_separator(graph, set(sources), {node}, set(given))
            assert (node in connected) is not separated
        assert not connected & set(given)


def test_a_collider_opens_below() -> None:
    parents = {"effect": ["left", "right"], "trace": ["effect"]}
    assert "right" not in find_connected(parents, ["left"], [])
    assert "right" in find_connected(parents, ["left"], ["trace"])
    assert ancestors(parents, ["trace"]) == {"trace", "effect", "left", "right"}
