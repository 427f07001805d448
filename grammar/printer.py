"""Canonical layout of syntax trees: `posg fmt`, and the text of trees that the compiler builds."""

from __future__ import annotations

from collections.abc import Sequence

from . import syntax
from .source import Span

WIDTH = 100
_STEP = "  "

_LOOSE, _OR, _AND, _NOT, _COMPARE, _ADD, _MULTIPLY, _NEGATE, _ATOM = range(9)
_LEVELS = {
    syntax.BinaryOp.OR: _OR,
    syntax.BinaryOp.AND: _AND,
    syntax.BinaryOp.EQ: _COMPARE,
    syntax.BinaryOp.NE: _COMPARE,
    syntax.BinaryOp.LT: _COMPARE,
    syntax.BinaryOp.LE: _COMPARE,
    syntax.BinaryOp.GT: _COMPARE,
    syntax.BinaryOp.GE: _COMPARE,
    syntax.BinaryOp.ADD: _ADD,
    syntax.BinaryOp.SUB: _ADD,
    syntax.BinaryOp.MUL: _MULTIPLY,
    syntax.BinaryOp.DIV: _MULTIPLY,
    syntax.BinaryOp.MOD: _MULTIPLY,
}


def print_spec(spec: syntax.Spec) -> str:
    """Print a file; comments are kept, the result parses to the same tree."""
    return _Printer(spec.comments).file(spec)


def print_expression(expression: syntax.Expr) -> str:
    """Print an expression on one line, with no more brackets than it needs."""
    return _flat(expression, _LOOSE)


def print_item(item: syntax.GameItem | syntax.SharingItem) -> str:
    """Print one statement."""
    return _Printer(()).statement(item, "")


class _Printer:
    """Prints items in order and hands out comments as their places come by."""

    def __init__(self, comments: Sequence[syntax.Comment]) -> None:
        self.pending = sorted(comments, key=lambda comment: comment.span.start)

    def file(self, spec: syntax.Spec) -> str:
        lines: list[str] = []
        previous: syntax.Node | None = None
        for item in spec.items:
            if previous is not None:
                block = isinstance(item, syntax.Game | syntax.Sharing) or isinstance(
                    previous, syntax.Game | syntax.Sharing
                )
                if block or self.gap(previous.span, item.span):
                    lines.append("")
            lines.extend(self.with_comments(item, ""))
            previous = item
        rest = self.take(None)
        if rest and lines:
            lines.append("")
        lines.extend(comment.text for comment in rest)
        return "\n".join(line.rstrip() for line in lines) + "\n" if lines else ""

    def take(self, end: int | None) -> list[syntax.Comment]:
        """Comments that start before an offset, or all that are left."""
        count = 0
        while count < len(self.pending) and (end is None or self.pending[count].span.start < end):
            count += 1
        taken, self.pending = self.pending[:count], self.pending[count:]
        return taken

    def trailing(self, span: Span) -> str:
        """The comment on the line on which a node ends."""
        if not self.pending or self.pending[0].own_line or "\n" in self.pending[0].text:
            return ""
        comment = self.pending[0]
        source = comment.span.source
        if source is not span.source:
            return ""
        if source.position(comment.span.start)[0] != source.position(span.end)[0]:
            return ""
        self.pending = self.pending[1:]
        return "  " + comment.text

    def gap(self, before: Span, after: Span) -> bool:
        """Whether the text had a blank line between two nodes."""
        if before.source is not after.source or before.end >= after.start:
            return False
        between = before.source.text[before.end : after.start]
        return any(not line.strip() for line in between.split("\n")[1:-1])

    def with_comments(
        self, item: syntax.SpecItem | syntax.GameItem | syntax.SharingItem, indent: str
    ) -> list[str]:
        """An item with the comments before it, inside it and after it on its line."""
        lines = [indent + comment.text for comment in self.take(item.span.start)]
        if isinstance(item, syntax.Game | syntax.Sharing):
            return lines + self.block(item, indent)
        inner = [indent + comment.text for comment in self.take(item.span.end)]
        text = indent + self.statement(item, indent)
        return [*lines, *inner, *(text + self.trailing(item.span)).split("\n")]

    def block(self, item: syntax.Game | syntax.Sharing, indent: str) -> list[str]:
        head = f"game {item.name}"
        if isinstance(item, syntax.Sharing):
            head = f"sharing {item.name}"
            if item.parameters:
                head += f"({', '.join(_parameter(p) for p in item.parameters)})"
        opening = "" if not self.pending else self.trailing(item.name_span)
        lines = [f"{indent}{head} {{{opening}"]
        previous: syntax.Node | None = None
        inner = indent + _STEP
        for part in item.items:
            if previous is not None and self.gap(previous.span, part.span):
                lines.append("")
            lines.extend(self.with_comments(part, inner))
            previous = part
        rest = [inner + comment.text for comment in self.take(item.span.end)]
        if not item.items and not rest and not opening:
            return [f"{indent}{head} {{ }}" + self.trailing(item.span)]
        return [*lines, *rest, f"{indent}}}" + self.trailing(item.span)]

    def statement(
        self,
        item: syntax.SpecItem | syntax.GameItem | syntax.SharingItem,
        indent: str,
    ) -> str:
        """One statement without its comments."""
        match item:
            case syntax.Game() | syntax.Sharing():
                return "\n".join(self.block(item, indent))[len(indent) :]
            case syntax.Import():
                return f'import "{item.path}";'
            case syntax.TypeDecl():
                return f"type {item.name} = {_domain(item.domain)};"
            case syntax.Define():
                parameters = ""
                if item.parameters is not None:
                    parameters = f"({', '.join(item.parameters)})"
                return _assign(f"define {item.name}{parameters} = ", item.body, indent)
            case syntax.AgentsDecl():
                return f"agents {', '.join(_group(group) for group in item.groups)};"
            case syntax.HorizonDecl():
                return f"horizon {print_expression(item.value)};"
            case syntax.DiscountDecl():
                return f"discount {print_expression(item.value)};"
            case syntax.ParamDecl():
                return f"param {item.name}{_range(item.range)} = {print_expression(item.value)};"
            case syntax.VariableDecl():
                name = item.name + _indices(item.indices)
                return f"{item.kind.value} {name} in {_domain(item.domain)};"
            case syntax.Init():
                sign = "~" if item.random else "="
                return _assign(f"init {_targets(item.targets)} {sign} ", item.value, indent)
            case syntax.Equation():
                sign = "~" if item.random else "="
                return _assign(f"{_targets(item.targets)} {sign} ", item.value, indent)
            case syntax.Reward():
                index = "" if item.index is None else f"[{print_expression(item.index)}]"
                return _assign(f"reward{index} = ", item.value, indent)
            case syntax.Use():
                return f"use {item.kind.value} {_call(item.structure)};"
            case syntax.Expect():
                return _expect(item)
            case syntax.Share():
                text = f"share {_list(item.values)}"
                if item.recipient is not None:
                    text += f" to {print_expression(item.recipient)}"
                text += f" after {print_expression(item.delay)}"
                if item.condition is not None:
                    text += f" when {print_expression(item.condition)}"
                return text + ";"
            case syntax.Keep():
                return f"keep {_list(item.values)} for {print_expression(item.steps)};"
            case syntax.Forget():
                return f"forget {_list(item.values)};"
            case syntax.Memory():
                return f"memory {item.name}{_indices(item.indices)} in {_domain(item.domain)};"
            case syntax.Xi():
                return _assign(f"xi {_flat(item.target, _ATOM)} = ", item.value, indent)
            case syntax.Chi():
                return f"chi {_list(item.values)};"


def _assign(head: str, value: syntax.Expr, indent: str) -> str:
    return head + _laid_out(value, indent + _STEP, len(indent) + len(head) + 1) + ";"


def _laid_out(value: syntax.Expr, indent: str, used: int) -> str:
    """An expression over as many lines as it needs; continuation lines start with ``indent``."""
    flat = print_expression(value)
    if used + len(flat) <= WIDTH:
        return flat
    deeper = indent + _STEP
    outer = indent[: -len(_STEP)]
    match value:
        case syntax.If():
            condition = print_expression(value.condition)
            then = _laid_out(value.then, deeper, len(indent) + len(condition) + 9)
            chained = isinstance(value.otherwise, syntax.If)
            otherwise = _laid_out(value.otherwise, indent if chained else deeper, len(indent) + 5)
            return f"if {condition} then {then}\n{indent}else {otherwise}"
        case syntax.Match():
            lines = [f"match {_flat(value.subject, _OR)} {{"]
            for arm in value.arms:
                head = f"{indent}{_pattern(arm.pattern)} => "
                lines.append(head + _laid_out(arm.value, deeper, len(head) + 1) + ",")
            return "\n".join([*lines, outer + "}"])
        case syntax.Distribution():
            lines = ["{"]
            for entry in value.entries:
                text = f"{print_expression(entry.value)}: {print_expression(entry.probability)},"
                lines.append(indent + text)
            if value.otherwise is not None:
                lines.append(f"{indent}else: {print_expression(value.otherwise)},")
            return "\n".join([*lines, outer + "}"])
        case syntax.Binary() if value.op in (syntax.BinaryOp.AND, syntax.BinaryOp.OR):
            level = _LEVELS[value.op]
            left = _flat(value.left, level)
            right = _flat(value.right, level + 1)
            return f"{left}\n{indent}{value.op.value} {right}"
        case _:
            return flat


def _flat(value: syntax.Expr, level: int) -> str:
    """One line; brackets if the expression binds more loosely than ``level``."""
    text, own = _text(value)
    return f"({text})" if own < level else text


def _text(value: syntax.Expr) -> tuple[str, int]:
    """Text and how tightly it binds."""
    match value:
        case syntax.Number():
            return value.text, _ATOM
        case syntax.Boolean():
            return str(value.value).lower(), _ATOM
        case syntax.Nothing():
            return "nothing", _ATOM
        case syntax.Step():
            return "step", _ATOM
        case syntax.Name():
            indices = f"[{_list(value.indices)}]" if value.indices else ""
            return value.name + indices + ("'" if value.primed else ""), _ATOM
        case syntax.Call():
            return f"{value.function}({_list(value.arguments)})", _ATOM
        case syntax.Unary():
            if value.op is syntax.UnaryOp.NOT:
                return f"not {_flat(value.operand, _NOT)}", _NOT
            return f"-{_flat(value.operand, _NEGATE)}", _NEGATE
        case syntax.Binary():
            level = _LEVELS[value.op]
            left = _flat(value.left, level + 1 if level == _COMPARE else level)
            return f"{left} {value.op.value} {_flat(value.right, level + 1)}", level
        case syntax.Membership():
            return f"{_flat(value.value, _ADD)} in {_domain(value.domain)}", _COMPARE
        case syntax.TupleExpr():
            return f"({_list(value.items)})", _ATOM
        case syntax.If():
            return (
                (
                    f"if {print_expression(value.condition)} then {print_expression(value.then)} "
                    f"else {print_expression(value.otherwise)}"
                ),
                _LOOSE,
            )
        case syntax.Match():
            arms = ", ".join(
                f"{_pattern(a.pattern)} => {_flat(a.value, _LOOSE)}" for a in value.arms
            )
            return f"match {_flat(value.subject, _OR)} {{ {arms} }}", _LOOSE
        case syntax.Quantified():
            domain = "" if value.domain is None else f" in {_domain(value.domain)}"
            body = print_expression(value.body)
            return f"{value.quantifier.value} {value.name}{domain}: {body}", _LOOSE
        case syntax.Uniform():
            if value.values is None:
                return "uniform", _LOOSE
            return f"uniform {{ {_list(value.values)} }}", _LOOSE
        case syntax.Distribution():
            entries = [
                f"{print_expression(e.value)}: {print_expression(e.probability)}"
                for e in value.entries
            ]
            if value.otherwise is not None:
                entries.append(f"else: {print_expression(value.otherwise)}")
            return f"{{ {', '.join(entries)} }}", _LOOSE


def _list(values: Sequence[syntax.Expr]) -> str:
    return ", ".join(print_expression(value) for value in values)


def _pattern(pattern: syntax.Pattern) -> str:
    match pattern:
        case syntax.WildcardPattern():
            return "_"
        case syntax.ValuePattern():
            return _flat(pattern.value, _NEGATE)
        case syntax.TuplePattern():
            return f"({', '.join(_pattern(item) for item in pattern.items)})"
        case syntax.AlternativePattern():
            return " | ".join(_pattern(option) for option in pattern.options)


def _domain(domain: syntax.Domain) -> str:
    match domain:
        case syntax.SetDomain():
            return f"{{ {_list(domain.values)} }}"
        case syntax.RangeDomain():
            return f"{_flat(domain.low, _ADD)}..{_flat(domain.high, _ADD)}"
        case syntax.NamedDomain():
            return domain.name + (f"[{_list(domain.indices)}]" if domain.indices else "")


def _range(given: syntax.Interval | syntax.Domain | None) -> str:
    match given:
        case None:
            return ""
        case syntax.Interval():
            return f" in [{print_expression(given.low)}, {print_expression(given.high)}]"
        case _:
            return f" in {_domain(given)}"


def _indices(indices: Sequence[syntax.Index]) -> str:
    texts = [
        f"{index.name} in {_domain(index.domain)}"
        if isinstance(index, syntax.IndexBinder)
        else print_expression(index.value)
        for index in indices
    ]
    return f"[{', '.join(texts)}]" if texts else ""


def _targets(targets: Sequence[syntax.Name]) -> str:
    texts = [_flat(target, _ATOM) for target in targets]
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"


def _group(group: syntax.AgentGroup) -> str:
    if group.low is None or group.high is None:
        return group.name
    return f"{group.name}[{_flat(group.low, _ADD)}..{_flat(group.high, _ADD)}]"


def _call(call: syntax.StructureCall) -> str:
    texts = [print_expression(value) for value in call.positional]
    texts += [f"{name} = {print_expression(value)}" for name, value in call.named]
    return f"{call.name}({', '.join(texts)})" if texts else call.name


def _parameter(parameter: syntax.SharingParameter) -> str:
    kind = "" if parameter.kind is syntax.ParameterKind.NUMBER else f": {parameter.kind.value}"
    default = "" if parameter.default is None else f" = {print_expression(parameter.default)}"
    return parameter.name + kind + default


def _expect(item: syntax.Expect) -> str:
    text = "expect " + ("not " if item.negated else "") + item.subject
    if item.index is not None:
        text += f"[{print_expression(item.index)}]"
    if item.op is not None and item.value is not None:
        text += f" {item.op.value} {_flat(item.value, _ADD)}"
    if item.tolerance is not None:
        text += f" +- {_flat(item.tolerance, _ADD)}"
    if item.settings:
        text += " with " + ", ".join(_setting(setting) for setting in item.settings)
    return text + ";"


def _setting(setting: syntax.Setting) -> str:
    if setting.structure is not None:
        return f"{setting.key} {_call(setting.structure)}"
    parts = [setting.key]
    if setting.name is not None:
        parts.append(setting.name)
    if setting.value is not None:
        parts += (
            ["=", print_expression(setting.value)]
            if setting.name
            else [print_expression(setting.value)]
        )
    return " ".join(parts)
