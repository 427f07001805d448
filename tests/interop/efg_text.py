"""A slow and obvious reader of ``.efg`` files, and what policies earn in them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

Chooser = Callable[[int, int, str], dict[str, float]]
"""Player, number and label of an information set to the probability of each action."""


@dataclass
class Node:
    kind: str
    player: int
    number: int
    label: str
    moves: dict[str, Fraction | None]
    payoffs: list[float]
    children: list[Node]


def read_efg(text: str) -> tuple[list[str], Node]:
    """The players and the root."""
    lines = text.splitlines()
    words = shlex.split(lines[0])
    assert words[:3] == ["EFG", "2", "R"]
    left = iter(lines[2:])
    root = _read(left)
    assert not list(left)
    return words[5:-1], root


def _read(lines: Iterator[str]) -> Node:
    words = shlex.split(next(lines))
    begin, end = words.index("{"), len(words) - words[::-1].index("}") - 1
    inside = words[begin + 1 : end]
    kind = words[0]
    node = Node(kind, 0, 0, "", {}, [], [])
    if kind == "t":
        node.payoffs = [float(word.rstrip(",")) for word in inside]
        return node
    if kind == "c":
        names = inside[::2]
        node.moves = dict(zip(names, map(Fraction, inside[1::2]), strict=True))
    else:
        names = inside
        node.player, node.number, node.label = int(words[2]), int(words[3]), words[4]
        node.moves = dict.fromkeys(names)
    assert len(node.moves) == len(names)
    node.children = [_read(lines) for _ in names]
    return node


def all_nodes(root: Node) -> Iterator[Node]:
    yield root
    for child in root.children:
        yield from all_nodes(child)


def expect(root: Node, choose: Chooser) -> list[float]:
    """Expected payoffs of each player."""
    if root.kind == "t":
        return root.payoffs
    if root.kind == "c":
        weights = {name: float(weight or 0) for name, weight in root.moves.items()}
    else:
        weights = choose(root.player, root.number, root.label)
    parts = [
        [weights[name] * payoff for payoff in expect(child, choose)]
        for name, child in zip(root.moves, root.children, strict=True)
    ]
    return [sum(column) for column in zip(*parts, strict=True)]
