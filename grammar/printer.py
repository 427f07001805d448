"""The canonical layout of a file: what `posg fmt` writes.

Statements stand on one line if they fit; blank lines between them are kept, one at most. A match,
a distribution or an ``if`` that the author opened over several lines stays open.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import assert_never

from . import syntax
from .comment_places import no_comments, place_comments, share_clauses
from .expression_layout import INDENT, ExpressionLayout, behind
from .layout import HARD, LINE, Doc, align, group, join, lay_out, nest, sequence
from .levels import Level

WIDTH = 100

Item = syntax.SpecItem | syntax.GameItem | syntax.SharingItem


def print_spec(spec: syntax.Spec) -> str:
    """Text of a file, comments kept; parsing it gives an equal tree."""
    layout = _Layout(place_comments(spec), keeps_open=True)
    return lay_out(layout.spec(spec), WIDTH)


def print_item(item: Item) -> str:
    """Text of an item of a file, a statement or a sharing rule, without comments."""
    return lay_out(_Layout(no_comments(), keeps_open=True).item(item), WIDTH)


def print_expression(expression: syntax.Expr) -> str:
    """Text of an expression on one line, without comments."""
    layout = _Layout(no_comments(), keeps_open=False)
    return lay_out(layout.expression(expression), width=sys.maxsize)


class _Layout(ExpressionLayout):
    def spec(self, spec: syntax.Spec) -> Doc:
        lines = self._lines(spec, spec.items)
        return sequence(join(HARD, lines), HARD) if lines else ""

    def _lines(self, owner: syntax.Node, items: tuple[Item, ...]) -> list[Doc]:
        """Lay out the items of a block with their comments, "" for a blank line."""
        lines: list[Doc] = []
        reached = 0  # offset of the end of what was laid out last
        text = owner.span.source.text
        previous: Item | None = None

        def add(doc: Doc, start: int, end: int, apart: bool = False) -> None:
            nonlocal reached
            if lines and (apart or text.count("\n", reached, start) > 1):
                lines.append("")
            lines.append(doc)
            reached = max(reached, end)

        for place, item in enumerate(items):
            apart = previous is not None and (_is_block(previous) or _is_block(item))
            start, end = item.span.start, item.span.end
            for comment in self.comments.leading[id(owner), place]:
                span = comment.span
                inside = span.start > start
                add(comment.text, min(start, span.start), start if inside else span.end, apart)
                apart = False
            trailing = self.comments.trailing[id(owner), place]
            doc = sequence(self.item(item), behind(trailing))
            add(doc, start, max([end, *(comment.span.end for comment in trailing)]), apart)
            previous = item
        for comment in self.comments.closing[id(owner)]:
            add(comment.text, comment.span.start, comment.span.end)
        return lines

    def _body(self, owner: syntax.Node, items: tuple[Item, ...]) -> Doc:
        lines = self._lines(owner, items)
        opening = behind(self.comments.opening[id(owner)])
        if not lines:
            return sequence("{", opening, HARD, "}") if id(owner) in self.comments.owners else "{ }"
        return sequence("{", opening, nest(INDENT, HARD, join(HARD, lines)), HARD, "}")

    def item(self, item: Item) -> Doc:
        """Lay out an item of a file, a statement or a rule."""
        match item:
            case syntax.Game():
                return sequence(f"game {item.name} ", self._body(item, item.items))
            case syntax.Sharing():
                header = self._header(item.parameters)
                return sequence(f"sharing {item.name}", header, " ", self._body(item, item.items))
            case _:
                return sequence(self._statement(item), ";")

    def _statement(self, item: syntax.Import | syntax.GameItem | syntax.SharingItem) -> Doc:
        match item:
            case syntax.Import():
                return f'import "{item.path}"'
            case syntax.AgentsDecl():
                return sequence(
                    "agents ", self._row(item, item.groups, map(self._agents, item.groups))
                )
            case syntax.HorizonDecl():
                return self._assigned("horizon", item.value)
            case syntax.DiscountDecl():
                return self._assigned("discount", item.value)
            case syntax.ParamDecl():
                return self._assigned(
                    sequence(f"param {item.name}", self._range(item), " ="), item.value
                )
            case syntax.TypeDecl():
                return sequence(f"type {item.name} = ", self.domain(item.domain))
            case syntax.VariableDecl():
                return self._declaration(item.kind.value, item)
            case syntax.Define():
                parameters = "" if item.parameters is None else f"({', '.join(item.parameters)})"
                return self._assigned(f"define {item.name}{parameters} =", item.body)
            case syntax.Init():
                return sequence("init ", self._equation(item))
            case syntax.Equation():
                return self._equation(item)
            case syntax.Reward():
                index = () if item.index is None else (item.index,)
                return self._assigned(sequence("reward", self.indices(index), " ="), item.value)
            case syntax.Use():
                return sequence(f"use {item.kind.value} ", self._call(item.structure))
            case syntax.Expect():
                return self._expect(item)
            case syntax.Share():
                return self._share(item)
            case syntax.Keep():
                return group(
                    "keep ",
                    self._row(item, item.values, self.several(item.values)),
                    " for ",
                    self.expression(item.steps),
                )
            case syntax.Forget():
                return sequence("forget ", self._row(item, item.values, self.several(item.values)))
            case syntax.Memory():
                return self._declaration("memory", item)
            case syntax.Xi():
                return self._assigned(
                    sequence("xi ", self.expression(item.target), " ="), item.value
                )
            case syntax.Chi():
                return sequence("chi ", self._row(item, item.values, self.several(item.values)))
            case _:
                assert_never(item)

    def _row(self, owner: syntax.Node, elements: Sequence[syntax.Node], docs: Iterable[Doc]) -> Doc:
        """Lay out a list without brackets: as much on a line as fits, or one element a line."""
        if id(owner) in self.comments.owners:
            return align(self.lines(id(owner), elements, tuple(docs), ","))
        first, *others = docs
        return align(first, *(sequence(",", group(LINE, doc)) for doc in others))

    def _assigned(self, head: Doc, value: syntax.Expr) -> Doc:
        return sequence(head, " ", self.value(value))

    def _agents(self, item: syntax.AgentGroup) -> Doc:
        if item.low is None or item.high is None:
            return item.name
        low, high = (self.expression(end, Level.SUM) for end in (item.low, item.high))
        return sequence(f"{item.name}[", low, "..", high, "]")

    def _range(self, item: syntax.ParamDecl) -> Doc:
        match item.range:
            case None:
                return ""
            case syntax.Interval():
                low, high = self.several((item.range.low, item.range.high))
                return sequence(" in [", low, ", ", high, "]")
            case _:
                return sequence(" in ", self.domain(item.range))

    def _declaration(self, word: str, item: syntax.VariableDecl | syntax.Memory) -> Doc:
        indices = self.bracketed("[", map(self._index, item.indices), "]") if item.indices else ""
        return sequence(f"{word} {item.name}", indices, " in ", self.domain(item.domain))

    def _index(self, item: syntax.Index) -> Doc:
        match item:
            case syntax.IndexBinder():
                return sequence(f"{item.name} in ", self.domain(item.domain))
            case syntax.IndexValue():
                return self.expression(item.value)
            case _:
                assert_never(item)

    def _equation(self, item: syntax.Init | syntax.Equation) -> Doc:
        targets = self.several(item.targets)
        left = targets[0] if len(targets) == 1 else self.bracketed("(", targets, ")")
        return self._assigned(sequence(left, " ~" if item.random else " ="), item.value)

    def _call(self, item: syntax.StructureCall) -> Doc:
        named = (sequence(f"{name} = ", self.value(value)) for name, value in item.named)
        arguments = [*self.several(item.positional), *named]
        return self.bracketed(f"{item.name}(", arguments, ")") if arguments else item.name

    def _expect(self, item: syntax.Expect) -> Doc:
        index = () if item.index is None else (item.index,)
        head: list[Doc] = ["expect not " if item.negated else "expect ", item.subject]
        head.append(self.indices(index))
        if item.op is not None and item.value is not None:
            head += (f" {item.op.value} ", self.expression(item.value, Level.SUM))
        if item.tolerance is not None:
            head += (" +- ", self.expression(item.tolerance, Level.SUM))
        if not item.settings:
            return sequence(*head)
        settings = self._row(item, item.settings, map(self._setting, item.settings))
        return group(*head, nest(INDENT, LINE, "with ", settings))

    def _setting(self, item: syntax.Setting) -> Doc:
        if item.structure is not None:
            return sequence(f"{item.key} ", self._call(item.structure))
        value = "" if item.value is None else self.expression(item.value)
        if item.name is None:
            return sequence(f"{item.key} ", value)
        return sequence(f"{item.key} {item.name}", " = " if item.value else "", value)

    def _header(self, parameters: tuple[syntax.SharingParameter, ...]) -> Doc:
        if not parameters:
            return ""
        return self.commented(
            "(", id(parameters), parameters, list(map(self._parameter, parameters))
        )

    def _parameter(self, item: syntax.SharingParameter) -> Doc:
        kind = "" if item.kind is syntax.ParameterKind.NUMBER else f": {item.kind.value}"
        if item.default is None:
            return f"{item.name}{kind}"
        return sequence(f"{item.name}{kind} = ", self.expression(item.default))

    def _share(self, item: syntax.Share) -> Doc:
        values = self.several(item.values)
        first, *others = values
        row = align(first, *(sequence(",", group(LINE, doc)) for doc in others))
        parts: list[Doc] = [sequence("share ", row)]
        if item.recipient is not None:
            parts.append(sequence("to ", self.expression(item.recipient)))
        parts.append(sequence("after ", self.expression(item.delay)))
        if item.condition is not None:
            parts.append(sequence("when ", self.value(item.condition)))
        return group(nest(INDENT, self.lines(id(item), share_clauses(item), parts)))


def _is_block(item: Item) -> bool:
    return isinstance(item, syntax.Game | syntax.Sharing)
