"""Layout of expressions, patterns and domains, with as few parentheses as read well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import assert_never

from . import syntax
from .comment_places import CommentPlaces, if_clauses
from .layout import HARD, LINE, SOFT, Doc, IfBroken, align, group, join, nest, sequence
from .levels import Level, chain_of, is_fraction, level_of
from .source import Span

INDENT = 2
_BLANK = re.compile(r",?[ \t\r]*\n[ \t\r]*\n")


class ExpressionLayout:
    """Makes documents of expressions.

    Parameters
    ----------
    comments
        Where the comments of the file belong.
    keeps_open
        Whether what the author opened over several lines stays open.
    """

    def __init__(self, comments: CommentPlaces, *, keeps_open: bool) -> None:
        self.comments = comments
        self.keeps_open = keeps_open

    def expression(self, node: syntax.Expr, level: Level = Level.LOOSE) -> Doc:
        """Lay out an expression, in parentheses if it binds less than ``level``."""
        doc = self._bare(node)
        return doc if level_of(node) >= level else sequence("(", align(doc), ")")

    def _bare(self, node: syntax.Expr) -> Doc:
        match node:
            case syntax.Number():
                return node.text
            case syntax.Boolean():
                return "true" if node.value else "false"
            case syntax.Nothing():
                return "nothing"
            case syntax.Step():
                return "step"
            case syntax.Name():
                prime = "'" if node.primed else ""
                return sequence(node.name, self.indices(node.indices), prime)
            case syntax.Call():
                return self.listed(node.function + "(", id(node), node.arguments)
            case syntax.Unary():
                return self._unary(node)
            case syntax.Binary():
                return self._binary(node)
            case syntax.Membership():
                value = self.expression(node.value, Level.SUM)
                return group(align(value, LINE, "in ", self.domain(node.domain)))
            case syntax.TupleExpr():
                return self.listed("(", id(node), node.items)
            case syntax.If():
                return self._if(node)
            case syntax.Match():
                return self._match(node)
            case syntax.Quantified():
                domain = () if node.domain is None else (" in ", self.domain(node.domain))
                head = sequence(f"{node.quantifier.value} {node.name}", *domain, ":")
                return group(head, self._shifted(node.body))
            case syntax.Uniform():
                if node.values is None:
                    return "uniform"
                return sequence("uniform ", self._filled(node, node.values))
            case syntax.Distribution():
                return self._distribution(node)
            case _:
                assert_never(node)

    def indices(self, nodes: tuple[syntax.Expr, ...]) -> Doc:
        """Lay out indices in brackets, or nothing."""
        return self.bracketed("[", self.several(nodes), "]") if nodes else ""

    def several(self, nodes: Iterable[syntax.Expr]) -> list[Doc]:
        """Lay out each of several expressions."""
        return [self.expression(node) for node in nodes]

    def bracketed(self, opening: str, docs: Iterable[Doc], closing: str) -> Doc:
        """Lay out a list between brackets, on one line or one element a line."""
        inner = join(sequence(",", LINE), docs)
        return group(opening, nest(INDENT, SOFT, inner), SOFT, closing)

    def listed(self, opening: str, owner: int, elements: Sequence[syntax.Expr]) -> Doc:
        """Lay out a list in parentheses with its comments."""
        return self.commented(opening, owner, elements, self.several(elements))

    def commented(
        self, opening: str, owner: int, elements: Sequence[syntax.Node], docs: Sequence[Doc]
    ) -> Doc:
        """Lay out the elements of a list in parentheses with their comments."""
        if owner in self.comments.owners:
            return self._block(owner, elements, docs, opened=True, brackets=(opening, ")"))
        return self.bracketed(opening, docs, ")")

    def _unary(self, node: syntax.Unary) -> Doc:
        if node.op is syntax.UnaryOp.NOT:
            return sequence("not ", align(self.expression(node.operand, Level.NOT)))
        return sequence("-", align(self.expression(node.operand, Level.NEGATION)))

    def _binary(self, node: syntax.Binary) -> Doc:
        """Lay out a chain of operators that bind alike, broken before each."""
        level = level_of(node)
        if is_fraction(node):
            return sequence(self.expression(node.left), "/", self.expression(node.right))
        if level is Level.COMPARISON:
            left, right = (self.expression(side, Level.SUM) for side in (node.left, node.right))
            return group(align(left, LINE, f"{node.op.value} ", right))
        operators, operands = chain_of(node)
        docs = [self.expression(operands[0], level)]
        for operator, operand in zip(operators, operands[1:], strict=True):
            docs.append(sequence(f"{operator.value} ", self.expression(operand, Level(level + 1))))
        return group(align(self.lines(id(node), operands, docs)))

    def lines(
        self,
        owner: int,
        elements: Sequence[syntax.Node],
        docs: Sequence[Doc],
        comma: str = "",
        *,
        opened: bool = False,
    ) -> Doc:
        """Lay out a list without brackets: all on one line, or one element a line."""
        line = HARD if opened or owner in self.comments.owners else LINE
        parts: list[Doc] = []
        for place, doc in enumerate(docs):
            blank, leading = self._leading(owner, place, elements)
            is_apart = blank and self.comments.leading[owner, place]
            parts += (HARD if is_apart else "", line) if place else ()
            parts += (leading, doc, comma if place < len(elements) - 1 else "")
            parts.append(self._trailing(owner, place))
        return sequence(*parts)

    def value(self, node: syntax.Expr) -> Doc:
        """Lay out a value that begins on the line of what it is given to."""
        doc = self.expression(node)
        return doc if has_braces(node) else align(doc)

    def _shifted(self, node: syntax.Expr) -> Doc:
        """Lay out a value behind a space, on the next line if only that lets it fit."""
        if has_braces(node) or isinstance(node, syntax.If):
            return sequence(" ", self.value(node))
        return group(nest(INDENT, LINE, self.expression(node)))

    def _if(self, node: syntax.If) -> Doc:
        clauses, last = if_clauses(node)
        breaks = [_between(c.then.span, c.otherwise.span) for c in clauses]
        opened = self.keeps_open and "\n" in "".join(breaks)
        parts: list[Doc] = []
        for place, clause in enumerate(clauses):
            condition = align(self.expression(clause.condition))
            then = self._shifted(clause.then)
            if isinstance(clause.then, syntax.If):  # an `else` could be read as the outer one's
                inner = align(self._bare(clause.then))
                then = group(nest(INDENT, LINE, "(", inner, ")"))
            word = "else if " if place else "if "
            parts.append(sequence(word, condition, " then", then))
        parts.append(sequence("else ", self.value(last)))
        return group(align(self.lines(id(node), (*clauses, last), parts, opened=opened)))

    def _match(self, node: syntax.Match) -> Doc:
        subject = self.expression(node.subject, Level.OR)
        opened = "\n" in _between(node.subject.span, node.arms[0].span)
        return sequence(
            "match ",
            subject,
            " ",
            self._block(id(node), node.arms, map(self.arm, node.arms), opened),
        )

    def arm(self, node: syntax.Arm) -> Doc:
        """Lay out an arm, without its comma."""
        return sequence(self.pattern(node.pattern), " =>", self._shifted(node.value))

    def _distribution(self, node: syntax.Distribution) -> Doc:
        docs: list[Doc] = [
            sequence(self.expression(e.value, Level.OR), ": ", self.value(e.probability))
            for e in node.entries
        ]
        elements: tuple[syntax.Node, ...] = node.entries
        if node.otherwise is not None:
            elements += (node.otherwise,)
            docs.append(sequence("else: ", self.value(node.otherwise)))
        first = node.entries[0].span if node.entries else node.span
        opened = "\n" in node.span.source.text[node.span.start : first.start]
        return self._block(id(node), elements, docs, opened)

    def _filled(self, node: syntax.Node, values: tuple[syntax.Expr, ...]) -> Doc:
        """Lay out a set: as many values on a line as fit."""
        docs = self.several(values)
        if id(node) in self.comments.owners:
            return self._block(id(node), values, docs, opened=True)
        first, *others = docs
        return sequence("{ ", align(first, *(sequence(",", group(LINE, d)) for d in others)), " }")

    def _block(
        self,
        owner: int,
        elements: Sequence[syntax.Node],
        docs: Iterable[Doc],
        opened: bool,
        brackets: tuple[str, str] = ("{", "}"),
    ) -> Doc:
        """Lay out elements in brackets: all on one line, or one a line with a comma behind each.

        What is open keeps its blank lines, one at most in a place.
        """
        opening, closing = brackets
        last_comma = IfBroken(",") if closing == "}" else ""
        is_open = (opened and self.keeps_open) or owner in self.comments.owners
        parts: list[Doc] = []
        for place, doc in enumerate(docs):
            comma = "," if place < len(elements) - 1 else last_comma
            blank, leading = self._leading(owner, place, elements)
            parts += (HARD if blank and is_open else "", HARD if is_open else LINE)
            parts += (leading, doc, comma, self._trailing(owner, place))
        before = self._last_span(owner, len(elements), elements)
        for comment in self.comments.closing[owner]:
            parts += (HARD if _has_blank_behind(before) else "", HARD, comment.text)
            before = comment.span
        behind_opening = behind(self.comments.opening[owner])
        line = HARD if is_open else LINE
        return group(opening, behind_opening, nest(INDENT, *parts), line, closing)

    def _leading(self, owner: int, place: int, elements: Sequence[syntax.Node]) -> tuple[bool, Doc]:
        """Lay out the comments before an element; say whether a blank line comes first.

        A comment inside the element moves before it, without blank lines of its own.
        """
        comments = self.comments.leading[owner, place]
        start = elements[place].span.start
        outside = [comment.span for comment in comments if comment.span.start < start]
        spans = [self._last_span(owner, place, elements), *outside]
        blanks = [*map(_has_blank_behind, spans), *(False for _ in comments)]
        docs = (
            sequence(comment.text, HARD, HARD if blank else "")
            for comment, blank in zip(comments, blanks[1:], strict=False)
        )
        return blanks[0], sequence(*docs)

    def _last_span(self, owner: int, place: int, elements: Sequence[syntax.Node]) -> Span | None:
        """Return what stands last before the comments of an element: another or its comment."""
        if place == 0:
            return None
        trailing = self.comments.trailing[owner, place - 1]
        return trailing[-1].span if trailing else elements[place - 1].span

    def _trailing(self, owner: int, place: int) -> Doc:
        return behind(self.comments.trailing[owner, place])

    def pattern(self, node: syntax.Pattern) -> Doc:
        """Lay out a pattern."""
        match node:
            case syntax.WildcardPattern():
                return "_"
            case syntax.ValuePattern():
                return self.expression(node.value)
            case syntax.TuplePattern():
                return self.bracketed("(", map(self.pattern, node.items), ")")
            case syntax.AlternativePattern():
                options = (
                    sequence("(", self.pattern(option), ")")
                    if isinstance(option, syntax.AlternativePattern)
                    else self.pattern(option)
                    for option in node.options
                )
                return group(align(join(sequence(LINE, "| "), options)))
            case _:
                assert_never(node)

    def domain(self, node: syntax.Domain) -> Doc:
        """Lay out a domain."""
        match node:
            case syntax.SetDomain():
                return self._filled(node, node.values)
            case syntax.RangeDomain():
                low, high = (self.expression(end, Level.SUM) for end in (node.low, node.high))
                return sequence(low, "..", high)
            case syntax.NamedDomain():
                return sequence(node.name, self.indices(node.indices))
            case _:
                assert_never(node)


def has_braces(node: syntax.Expr) -> bool:
    """Whether an expression ends in braces, so that what is in them may be indented alone."""
    return isinstance(node, syntax.Match | syntax.Distribution | syntax.Uniform)


def behind(comments: Iterable[syntax.Comment]) -> Doc:
    """Lay out comments behind something on its line."""
    return sequence(*(f"  {comment.text}" for comment in comments))


def _has_blank_behind(span: Span | None) -> bool:
    """Whether a blank line follows a place, behind a comma at most."""
    return span is not None and _BLANK.match(span.source.text, span.end) is not None


def _between(before: Span, after: Span) -> str:
    """Return the text between two places, if they are in this order in one text."""
    same = before.source is after.source and before.end <= after.start
    return before.source.text[before.end : after.start] if same else ""
