"""Where each comment of a file belongs in its syntax tree.

A comment belongs to an element of a list: an item of the file, a statement, an arm, an entry, a
branch of an `if`, an operand, an argument, a clause of a rule. It stands before its element on lines
of its own, or behind it on the same line; one inside an element, where no list is, moves before it.
What belongs to no element stands behind an opening bracket or before a closing one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator

from . import syntax
from .levels import Level, chain_of, is_fraction, level_of
from .node import Record
from .source import Source, Span

Key = tuple[int, int]
"""The `id` of the node whose list it is, and the place in the list."""

_UP_TO_CLOSING = re.compile(r"(?:\s|,|//.*|/\*(?s:.*?)\*/)*\)")


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
    """Elements one behind the other, in brackets or not; ``owner`` is the key of their comments."""

    owner: int
    start: int
    end: int
    elements: tuple[_Element, ...]
    braced: bool


def if_clauses(node: syntax.If) -> tuple[tuple[syntax.If, ...], syntax.Expr]:
    """Return the ``if ... else if ...`` that are printed as one chain, and the last value."""
    clauses = [node]
    while isinstance(clauses[-1].otherwise, syntax.If):
        clauses.append(clauses[-1].otherwise)
    return tuple(clauses), clauses[-1].otherwise


def share_clauses(node: syntax.Share) -> tuple[syntax.Expr, ...]:
    """Return the first value that is shared, the recipient, the delay and the condition."""
    clauses = (node.values[0], node.recipient, node.delay, node.condition)
    return tuple(clause for clause in clauses if clause is not None)


def place_comments(spec: syntax.Spec) -> CommentPlaces:
    """Decide where the comments of a file belong."""
    placer = _Placer(spec)
    for comment in spec.comments:
        placer.place(comment)
    return placer.places


class _Placer:
    def __init__(self, spec: syntax.Spec) -> None:
        self.source: Source = spec.source
        (self.root,) = _lists_of(spec)
        self.places = no_comments()
        self.inner: dict[Key, tuple[_List, ...]] = {}

    def place(self, comment: syntax.Comment) -> None:
        offset = comment.span.start
        here = self.root
        home: Key | None = None  # where a comment inside an element goes
        while True:
            ends = [element.end for element in here.elements]
            place = bisect_right(ends, offset)
            if place == len(ends) or offset < here.elements[place].start:
                break
            if here.braced or place > 0:  # there is no line of its own before an `if`
                home = (here.owner, place)
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
        owner, offset = here.owner, comment.span.start
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
        earlier = self.places.opening[here.owner]
        ended = any(comment.text.startswith("//") for comment in earlier)
        return not ended and here is not self.root

    def _add(self, comments: list[syntax.Comment], owner: int, comment: syntax.Comment) -> None:
        comments.append(comment)
        self.places.owners.add(owner)

    def _same_line(self, start: int, end: int) -> bool:
        return "\n" not in self.source.text[start:end]

    def _lists_in(self, here: _List, place: int) -> tuple[_List, ...]:
        """Lists directly within an element."""
        key = (here.owner, place)
        if key not in self.inner:
            parts = here.elements[place].parts
            self.inner[key] = tuple(below for part in parts for below in _lists_below(part))
        return self.inner[key]


def _holds(inner: _List, offset: int) -> bool:
    return inner.start <= offset < inner.end


def _lists_below(node: syntax.Node) -> Iterator[_List]:
    lists = tuple(_lists_of(node))
    yield from lists
    for child in children(node):
        place = child.span.start
        if not any(found.start <= place < found.end for found in lists):
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


def _lists_of(node: syntax.Node) -> Iterator[_List]:
    """Lists that a node has itself."""
    match node:
        case syntax.Spec():
            yield _braced(node, 0, node.items)
        case syntax.Game():
            yield _braced(node, node.name_span.end, node.items)
        case syntax.Sharing():
            start = node.name_span.end
            if node.parameters:
                end = _closing(node.parameters[-1].span)
                yield _List(
                    owner=id(node.parameters),
                    start=start,
                    end=end,
                    elements=tuple(map(_element, node.parameters)),
                    braced=True,
                )
                start = end
            yield _braced(node, start, node.items)
        case syntax.Match():
            yield _braced(node, node.subject.span.end, node.arms)
        case syntax.Distribution():
            rest = () if node.otherwise is None else (node.otherwise,)
            yield _braced(node, node.span.start + 1, (*node.entries, *rest))
        case syntax.SetDomain():
            yield _braced(node, node.span.start + 1, node.values)
        case syntax.Uniform() if node.values is not None:
            yield _braced(node, node.span.start + 1, node.values)
        case syntax.Call():
            yield _braced(node, node.name_span.end, node.arguments)
        case syntax.TupleExpr():
            yield _braced(node, node.span.start + 1, node.items)
        case syntax.AgentsDecl():
            yield _bare(node, map(_element, node.groups))
        case syntax.Expect() if node.settings:
            yield _bare(node, map(_element, node.settings))
        case syntax.Keep() | syntax.Forget() | syntax.Chi():
            yield _bare(node, map(_element, node.values))
        case syntax.Share():
            yield _bare(node, _share_elements(node))
        case syntax.If():
            yield _bare(node, _if_elements(node))
        case syntax.Binary() if level_of(node) is not Level.COMPARISON and not is_fraction(node):
            yield _bare(node, map(_element, chain_of(node)[1]))
        case _:
            pass


def _share_elements(node: syntax.Share) -> Iterator[_Element]:
    start, end = node.values[0].span.start, node.values[-1].span.end
    yield _Element(start=start, end=end, parts=node.values)
    yield from map(_element, share_clauses(node)[1:])


def _if_elements(node: syntax.If) -> Iterator[_Element]:
    clauses, last = if_clauses(node)
    for clause in clauses:
        parts = (clause.condition, clause.then)
        yield _Element(start=clause.span.start, end=clause.then.span.end, parts=parts)
    yield _element(last)


def _braced(node: syntax.Node, start: int, elements: tuple[syntax.Node, ...]) -> _List:
    return _List(
        owner=id(node),
        start=start,
        end=node.span.end,
        elements=tuple(map(_element, elements)),
        braced=True,
    )


def _bare(node: syntax.Node, elements: Iterable[_Element]) -> _List:
    """Return a list without brackets, which begins and ends with an element."""
    found = tuple(elements)
    start, end = found[0].start, found[-1].end
    return _List(owner=id(node), start=start, end=end, elements=found, braced=False)


def _element(node: syntax.Node) -> _Element:
    return _Element(start=node.span.start, end=node.span.end, parts=(node,))


def _closing(last: Span) -> int:
    """Offset of the parenthesis that closes a list, behind its last element and comments."""
    found = _UP_TO_CLOSING.match(last.source.text, last.end)
    return last.end if found is None else found.end() - 1
