"""Layout of expressions, patterns and domains, with as few parentheses as read well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import assert_never

from . import syntax
from .comment_places import CommentPlaces, if_clauses
from .layout import HARD, LINE, SOFT, Doc, IfBroken, align, group, join, nest, sequence
from .source import Span

INDENT = 2


class Level(IntEnum):
    """How tightly an expression binds."""

    LOOSE = 0
    OR = 1
    AND = 2
    NOT = 3
    COMPARISON = 4
    SUM = 5
    PRODUCT = 6
    NEGATION = 7
    PRIMARY = 8


_LEVELS = {
    syntax.BinaryOp.OR: Level.OR,
    syntax.BinaryOp.AND: Level.AND,
    syntax.BinaryOp.ADD: Level.SUM,
    syntax.BinaryOp.SUB: Level.SUM,
    syntax.BinaryOp.MUL: Level.PRODUCT,
    syntax.BinaryOp.DIV: Level.PRODUCT,
    syntax.BinaryOp.MOD: Level.PRODUCT,
}


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
                return self.bracketed(node.function + "(", self.several(node.arguments), ")")
            case syntax.Unary():
                return self._unary(node)
            case syntax.Binary():
                return self._binary(node)
            case syntax.Membership():
                value = self.expression(node.value, Level.SUM)
                return group(align(value, LINE, "in ", self.domain(node.domain)))
            case syntax.TupleExpr():
                return self.bracketed("(", self.several(node.items), ")")
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
        parts: list[Doc] = []
        first: syntax.Expr = node
        while (
            isinstance(first, syntax.Binary) and level_of(first) is level and not is_fraction(first)
        ):
            operand = self.expression(first.right, Level(level + 1))
            parts[:0] = (LINE, f"{first.op.value} ", operand)
            first = first.left
        return group(align(self.expression(first, level), *parts))

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
        line = HARD if opened or id(node) in self.comments.owners else LINE
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
        owner = id(node)
        elements = (*clauses, last)
        docs = [
            sequence(self._leading(owner, place, node), part, self._trailing(owner, place))
            for place, (node, part) in enumerate(zip(elements, parts, strict=True))
        ]
        return group(align(join(line, docs)))

    def _match(self, node: syntax.Match) -> Doc:
        subject = self.expression(node.subject, Level.OR)
        opened = "\n" in _between(node.subject.span, node.arms[0].span)
        return sequence(
            "match ", subject, " ", self._block(node, node.arms, map(self.arm, node.arms), opened)
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
        return self._block(node, elements, docs, opened)

    def _filled(self, node: syntax.Node, values: tuple[syntax.Expr, ...]) -> Doc:
        """Lay out a set: as many values on a line as fit."""
        docs = self.several(values)
        if id(node) in self.comments.owners:
            return self._block(node, values, docs, opened=True)
        first, *others = docs
        return sequence("{ ", align(first, *(sequence(",", group(LINE, d)) for d in others)), " }")

    def _block(
        self, node: syntax.Node, elements: Sequence[syntax.Node], docs: Iterable[Doc], opened: bool
    ) -> Doc:
        """Lay out elements in braces: all on one line, or one a line with a comma behind each.

        What is open keeps its blank lines, one at most in a place.
        """
        owner = id(node)
        is_open = (opened and self.keeps_open) or owner in self.comments.owners
        parts: list[Doc] = []
        for place, (element, doc) in enumerate(zip(elements, docs, strict=True)):
            comma = "," if place < len(elements) - 1 else IfBroken(",")
            blank = is_open and place > 0 and self._blanks(owner, place, element)[0]
            parts += (HARD if blank else "", HARD if is_open else LINE)
            parts += (self._leading(owner, place, element), doc, comma)
            parts.append(self._trailing(owner, place))
        for comment in self.comments.closing[owner]:
            blank = bool(parts) and _stands_apart(comment.span)
            parts += (HARD if blank else "", HARD, comment.text)
        opening = behind(self.comments.opening[owner])
        return group("{", opening, nest(INDENT, *parts), HARD if is_open else LINE, "}")

    def _leading(self, owner: int, place: int, element: syntax.Node) -> Doc:
        """Lay out the comments before an element, each with the blank line behind it."""
        comments = self.comments.leading[owner, place]
        blanks = self._blanks(owner, place, element)[1:]
        return sequence(
            *(
                sequence(comment.text, HARD, HARD if blank else "")
                for comment, blank in zip(comments, blanks, strict=True)
            )
        )

    def _blanks(self, owner: int, place: int, element: syntax.Node) -> list[bool]:
        """Whether a blank line is above each comment before an element, and above the element.

        A comment inside the element moves before it: what was above the element is above it now.
        """
        start = element.span.start
        spans = [element.span, *(comment.span for comment in self.comments.leading[owner, place])]
        spans.sort(key=lambda span: span.start)
        return [span.start <= start and _stands_apart(span) for span in spans]

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


def level_of(node: syntax.Expr) -> Level:
    """Return how tightly an expression binds."""
    match node:
        case syntax.Binary():
            return _LEVELS.get(node.op, Level.COMPARISON)
        case syntax.Membership():
            return Level.COMPARISON
        case syntax.Unary():
            return Level.NOT if node.op is syntax.UnaryOp.NOT else Level.NEGATION
        case (
            syntax.If()
            | syntax.Match()
            | syntax.Quantified()
            | syntax.Uniform()
            | syntax.Distribution()
        ):
            return Level.LOOSE
        case _:
            return Level.PRIMARY


def has_braces(node: syntax.Expr) -> bool:
    """Whether an expression ends in braces, so that what is in them may be indented alone."""
    return isinstance(node, syntax.Match | syntax.Distribution | syntax.Uniform)


def is_fraction(node: syntax.Binary) -> bool:
    """Whether an expression is a rational number such as `17/20`."""
    numbers = isinstance(node.left, syntax.Number) and isinstance(node.right, syntax.Number)
    return node.op is syntax.BinaryOp.DIV and numbers


def behind(comments: Iterable[syntax.Comment]) -> Doc:
    """Lay out comments behind something on its line."""
    return sequence(*(f"  {comment.text}" for comment in comments))


def _stands_apart(span: Span) -> bool:
    """Whether a place is the first of its line and a blank line is above it."""
    line, column = span.source.position(span.start)
    above = span.source.line(line - 1) if line > 1 else "-"
    return not above.strip() and not span.source.line(line)[: column - 1].strip()


def _between(before: Span, after: Span) -> str:
    """Return the text between two places, if they are in this order in one text."""
    same = before.source is after.source and before.end <= after.start
    return before.source.text[before.end : after.start] if same else ""
