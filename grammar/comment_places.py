"""Where each comment of a file belongs in its syntax tree.

A comment belongs to an element of a list: an item of the file, a statement, an arm, an entry, a
branch of an `if`. It stands before its element on lines of its own, or behind it on the same line;
one inside an element, where no list is, moves before it. What belongs to no element stands behind
an opening brace or before a closing one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator

from . import syntax
from .node import Record
from .source import Source

Key = tuple[int, int]
"""The `id` of the node whose list it is, and the place in the list."""


class CommentPlaces(Record):
    """Comments by the place to which they belong."""

    leading: dict[Key, list[syntax.Comment]]
    trailing: dict[Key, list[syntax.Comment]]
    opening: dict[int, list[syntax.Comment]]
    closing: dict[int, list[syntax.Comment]]
    owners: set[int]
    """Nodes with a comment in their list."""


def no_comments() -> CommentPlaces:
    """Return the places of a tree without comments."""
    return CommentPlaces(
        leading=defaultdict(list),
        trailing=defaultdict(list),
        opening=defaultdict(list),
        closing=defaultdict(list),
        owners=set(),
    )


class _Element(Record):
    """A place in a list; ``parts`` are the nodes in which further lists may be."""

    start: int
    end: int
    parts: tuple[syntax.Node, ...]


class _List(Record):
    """A node with a list of elements; ``start`` is where the list begins."""

    node: syntax.Node
    start: int
    elements: tuple[_Element, ...]
    braced: bool


def if_clauses(node: syntax.If) -> tuple[tuple[syntax.If, ...], syntax.Expr]:
    """Return the ``if ... else if ...`` that are printed as one chain, and the last value."""
    clauses = [node]
    while isinstance(clauses[-1].otherwise, syntax.If):
        clauses.append(clauses[-1].otherwise)
    return tuple(clauses), clauses[-1].otherwise


def place_comments(spec: syntax.Spec) -> CommentPlaces:
    """Decide where the comments of a file belong."""
    placer = _Placer(spec)
    for comment in spec.comments:
        placer.place(comment)
    return placer.places


class _Placer:
    def __init__(self, spec: syntax.Spec) -> None:
        self.source: Source = spec.source
        self.root = _list_of(spec)
        self.places = no_comments()
        self.inner: dict[Key, tuple[_List, ...]] = {}

    def place(self, comment: syntax.Comment) -> None:
        offset = comment.span.start
        here = self.root
        assert here is not None
        home: Key | None = None  # where a comment inside an element goes
        while True:
            ends = [element.end for element in here.elements]
            place = bisect_right(ends, offset)
            if place == len(ends) or offset < here.elements[place].start:
                break
            if here.braced or place > 0:  # there is no line of its own before an `if`
                home = (id(here.node), place)
            lists = self._lists_in(here, place)
            below = next((inner for inner in lists if _holds(inner, offset)), None)
            if below is None:
                assert home is not None
                self._add(self.places.leading[home], home[0], comment)
                return
            here = below
        self._place_between(comment, here)

    def _place_between(self, comment: syntax.Comment, here: _List) -> None:
        """Place a comment that is in a list but in none of its elements."""
        owner, offset = id(here.node), comment.span.start
        before = sum(element.end <= offset for element in here.elements)
        behind = before > 0 and self._same_line(here.elements[before - 1].end, offset)
        if behind and not comment.own_line:
            self._add(self.places.trailing[owner, before - 1], owner, comment)
        elif not before and not comment.own_line and self._is_open(here):
            self._add(self.places.opening[owner], owner, comment)
        elif before < len(here.elements):
            self._add(self.places.leading[owner, before], owner, comment)
        else:
            self._add(self.places.closing[owner], owner, comment)

    def _is_open(self, here: _List) -> bool:
        """Whether a comment may stand behind the brace that opens a list."""
        earlier = self.places.opening[id(here.node)]
        ended = any(comment.text.startswith("//") for comment in earlier)
        return not ended and not isinstance(here.node, syntax.Spec)

    def _add(self, comments: list[syntax.Comment], owner: int, comment: syntax.Comment) -> None:
        comments.append(comment)
        self.places.owners.add(owner)

    def _same_line(self, start: int, end: int) -> bool:
        return "\n" not in self.source.text[start:end]

    def _lists_in(self, here: _List, place: int) -> tuple[_List, ...]:
        """Lists directly within an element."""
        key = (id(here.node), place)
        if key not in self.inner:
            parts = here.elements[place].parts
            self.inner[key] = tuple(below for part in parts for below in _lists_below(part))
        return self.inner[key]


def _holds(inner: _List, offset: int) -> bool:
    return inner.start <= offset < inner.node.span.end


def _lists_below(node: syntax.Node) -> Iterator[_List]:
    found = _list_of(node)
    if found is not None:
        yield found
    else:
        for child in children(node):
            yield from _lists_below(child)


def children(node: syntax.Node) -> Iterator[syntax.Node]:
    """Nodes directly below a node."""
    for name in type(node).compared:
        value = getattr(node, name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, syntax.Node):
                yield part
            elif isinstance(part, tuple):  # a named argument
                yield from (inner for inner in part if isinstance(inner, syntax.Node))


def _list_of(node: syntax.Node) -> _List | None:
    """Return the list of a node that has one."""
    match node:
        case syntax.Spec():
            return _braced(node, 0, node.items)
        case syntax.Game():
            return _braced(node, node.name_span.end, node.items)
        case syntax.Sharing():
            header = node.parameters[-1].span if node.parameters else node.name_span
            return _braced(node, header.end, node.items)
        case syntax.Match():
            return _braced(node, node.subject.span.end, node.arms)
        case syntax.Distribution():
            rest = () if node.otherwise is None else (node.otherwise,)
            return _braced(node, node.span.start + 1, (*node.entries, *rest))
        case syntax.SetDomain():
            return _braced(node, node.span.start + 1, node.values)
        case syntax.Uniform() if node.values is not None:
            return _braced(node, node.span.start + 1, node.values)
        case syntax.If():
            clauses, last = if_clauses(node)
            elements = [
                _Element(start=c.span.start, end=c.then.span.end, parts=(c.condition, c.then))
                for c in clauses
            ]
            elements.append(_element(last))
            return _List(node=node, start=node.span.start, elements=tuple(elements), braced=False)
        case _:
            return None


def _braced(node: syntax.Node, start: int, elements: tuple[syntax.Node, ...]) -> _List:
    return _List(node=node, start=start, elements=tuple(map(_element, elements)), braced=True)


def _element(node: syntax.Node) -> _Element:
    return _Element(start=node.span.start, end=node.span.end, parts=(node,))
