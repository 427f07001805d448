"""From Lark's parse tree to the syntax tree.

Every rule of ``posg.lark`` that keeps a node has a method of the same name here. The tree is
walked without recursion, children first, so that no input can exhaust the stack.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from lark import Token, Tree
from lark.tree import Meta

from . import syntax
from .diagnostics import Bag
from .source import Source, Span

MAX_DEPTH = 200
"""How deeply expressions may be nested: what comes after may use a recursive function."""

MAX_DIGITS = 400
MAX_EXPONENT = 300

_LEVELS = frozenset(
    {"binary", "unary", "if_expr", "match", "quantified", "uniform", "distribution"}
    | {"call", "name", "tuple_expr", "membership"}
)

# What a rule's children are, the grammar says: tokens, built nodes, tuples of nodes and None.
Children = Sequence[Any]


def read_number(text: str) -> Fraction | None:
    """Exact value of a number as written; None if it is too long or too far from 1."""
    if sum(map(str.isdigit, text)) > MAX_DIGITS:
        return None
    exponent = text.lower().partition("e")[2]
    if exponent and abs(int(exponent)) > MAX_EXPONENT:
        return None
    value = Fraction(text)
    limit = Fraction(10) ** MAX_EXPONENT
    return value if value == 0 or 1 / limit <= value <= limit else None


def build_tree(
    tree: Tree[Token], comments: tuple[syntax.Comment, ...], source: Source, bag: Bag
) -> Any:  # the rule decides the type
    """Build the node of a parse tree."""
    builder = _Builder(source, comments, bag)
    built: dict[int, Any] = {}  # the same values as in Children
    depth: dict[int, int] = {}
    for part in tree.iter_subtrees():
        below = max((depth[id(c)] for c in part.children if isinstance(c, Tree)), default=0)
        level = below + (part.data in _LEVELS)
        if level > MAX_DEPTH:
            span = builder.span(part.meta)
            bag.report("P0021", span, limit=MAX_DEPTH)
            built[id(part)] = syntax.Nothing(span=span)
            level = 0
        else:
            children = [built[id(c)] if isinstance(c, Tree) else c for c in part.children]
            built[id(part)] = getattr(builder, part.data)(part.meta, children)
        depth[id(part)] = level
    return built[id(tree)]


class _Builder:
    """One method a rule; ``meta`` holds the place, ``children`` what the rule kept."""

    def __init__(self, source: Source, comments: tuple[syntax.Comment, ...], bag: Bag) -> None:
        self.source = source
        self.comments = comments
        self.bag = bag

    def span(self, place: Meta | Token) -> Span:
        if isinstance(place, Meta) and place.empty:
            return Span(self.source, 0, 0)
        assert place.start_pos is not None and place.end_pos is not None
        return Span(self.source, place.start_pos, place.end_pos)

    # --- files -----------------------------------------------------------------------------------

    def file(self, meta: Meta, children: Children) -> syntax.Spec:
        whole = Span(self.source, 0, len(self.source.text))
        return syntax.Spec(
            span=whole, items=tuple(children), source=self.source, comments=self.comments
        )

    def import_file(self, meta: Meta, children: Children) -> syntax.Import:
        return syntax.Import(span=self.span(meta), path=str(children[0][1:-1]))

    def type_decl(self, meta: Meta, children: Children) -> syntax.TypeDecl:
        name, domain = children
        return syntax.TypeDecl(
            span=self.span(meta), name=str(name), name_span=self.span(name), domain=domain
        )

    def define(self, meta: Meta, children: Children) -> syntax.Define:
        name, parameters, body = children
        return syntax.Define(
            span=self.span(meta),
            name=str(name),
            name_span=self.span(name),
            parameters=parameters,
            body=body,
        )

    def parameter_names(self, meta: Meta, children: Children) -> tuple[str, ...]:
        return tuple(str(name) for name in children)

    # --- games -----------------------------------------------------------------------------------

    def game(self, meta: Meta, children: Children) -> syntax.Game:
        name, *items = children
        return syntax.Game(
            span=self.span(meta), name=str(name), name_span=self.span(name), items=tuple(items)
        )

    def agents(self, meta: Meta, children: Children) -> syntax.AgentsDecl:
        return syntax.AgentsDecl(span=self.span(meta), groups=tuple(children))

    def agent_group(self, meta: Meta, children: Children) -> syntax.AgentGroup:
        name, low, high = children
        return syntax.AgentGroup(span=self.span(meta), name=str(name), low=low, high=high)

    def horizon(self, meta: Meta, children: Children) -> syntax.HorizonDecl:
        return syntax.HorizonDecl(span=self.span(meta), value=children[0])

    def discount(self, meta: Meta, children: Children) -> syntax.DiscountDecl:
        return syntax.DiscountDecl(span=self.span(meta), value=children[0])

    def param(self, meta: Meta, children: Children) -> syntax.ParamDecl:
        name, range_, value = children
        return syntax.ParamDecl(
            span=self.span(meta),
            name=str(name),
            name_span=self.span(name),
            range=range_,
            value=value,
        )

    def interval(self, meta: Meta, children: Children) -> syntax.Interval:
        low, high = children
        return syntax.Interval(span=self.span(meta), low=low, high=high)

    def variable(self, meta: Meta, children: Children) -> syntax.VariableDecl:
        kind, name, indices, domain = children
        return syntax.VariableDecl(
            span=self.span(meta),
            kind=syntax.VariableKind(str(kind)),
            name=str(name),
            name_span=self.span(name),
            indices=indices or (),
            domain=domain,
        )

    def declared_indices(self, meta: Meta, children: Children) -> tuple[syntax.Index, ...]:
        return tuple(children)

    def index_binder(self, meta: Meta, children: Children) -> syntax.IndexBinder:
        name, domain = children
        return syntax.IndexBinder(span=self.span(meta), name=str(name), domain=domain)

    def index_value(self, meta: Meta, children: Children) -> syntax.IndexValue:
        return syntax.IndexValue(span=self.span(meta), value=children[0])

    def init(self, meta: Meta, children: Children) -> syntax.Init:
        targets, sign, value = children
        return syntax.Init(
            span=self.span(meta), targets=targets, value=value, random=sign.type == "TILDE"
        )

    def init_targets(self, meta: Meta, children: Children) -> tuple[syntax.Name, ...]:
        return tuple(children)

    def equation(self, meta: Meta, children: Children) -> syntax.Equation:
        targets, sign, value = children
        return syntax.Equation(
            span=self.span(meta), targets=targets, value=value, random=sign.type == "TILDE"
        )

    def equation_targets(self, meta: Meta, children: Children) -> tuple[syntax.Name, ...]:
        return tuple(children)

    def reward(self, meta: Meta, children: Children) -> syntax.Reward:
        index, value = children
        return syntax.Reward(span=self.span(meta), index=index, value=value)

    def use(self, meta: Meta, children: Children) -> syntax.Use:
        kind, structure = children
        return syntax.Use(span=self.span(meta), kind=syntax.UseKind(str(kind)), structure=structure)

    def structure(self, meta: Meta, children: Children) -> syntax.StructureCall:
        name, *arguments = children
        named = tuple(a for a in arguments if isinstance(a, tuple))
        positional = tuple(a for a in arguments if a is not None and not isinstance(a, tuple))
        return syntax.StructureCall(
            span=self.span(meta),
            name=str(name),
            name_span=self.span(name),
            positional=positional,
            named=named,
        )

    def named_argument(self, meta: Meta, children: Children) -> tuple[str, syntax.Expr]:
        name, value = children
        return str(name), value

    def expect(self, meta: Meta, children: Children) -> syntax.Expect:
        negation, subject, index, expected, settings = children
        op, value, tolerance = expected or (None, None, None)
        return syntax.Expect(
            span=self.span(meta),
            negated=negation is not None,
            subject=str(subject),
            index=index,
            op=op,
            value=value,
            tolerance=tolerance,
            settings=settings or (),
        )

    def expected_value(self, meta: Meta, children: Children) -> tuple[object, ...]:
        op, value, *tolerance = (c for c in children if c is not None)
        return syntax.BinaryOp(str(op)), value, tolerance[1] if tolerance else None

    def settings(self, meta: Meta, children: Children) -> tuple[syntax.Setting, ...]:
        return tuple(children)

    def setting(self, meta: Meta, children: Children) -> syntax.Setting:
        key, *rest = children
        return syntax.Setting(
            span=self.span(meta),
            key=str(key),
            structure=next((r for r in rest if isinstance(r, syntax.StructureCall)), None),
            name=str(rest[0]) if isinstance(rest[0], Token) else None,
            value=rest[-1] if key.type in ("HORIZON", "SET") else None,
        )

    # --- sharing structures ----------------------------------------------------------------------

    def sharing(self, meta: Meta, children: Children) -> syntax.Sharing:
        name, parameters, *items = children
        return syntax.Sharing(
            span=self.span(meta),
            name=str(name),
            name_span=self.span(name),
            parameters=parameters or (),
            items=tuple(items),
        )

    def parameters(self, meta: Meta, children: Children) -> tuple[syntax.SharingParameter, ...]:
        return tuple(child for child in children if child is not None)

    def parameter(self, meta: Meta, children: Children) -> syntax.SharingParameter:
        name, kind_token, default = children
        kind = syntax.ParameterKind.NUMBER
        if kind_token is not None:
            try:
                kind = syntax.ParameterKind(str(kind_token))
            except ValueError:
                self.bag.report(
                    "P0001",
                    self.span(kind_token),
                    expected="`number`, `agent` or `define`",
                    found=f"`{kind_token}`",
                )
        return syntax.SharingParameter(
            span=self.span(meta), name=str(name), kind=kind, default=default
        )

    def share(self, meta: Meta, children: Children) -> syntax.Share:
        values, recipient, delay, condition = children
        return syntax.Share(
            span=self.span(meta),
            values=values,
            recipient=recipient,
            delay=delay,
            condition=condition,
        )

    def keep(self, meta: Meta, children: Children) -> syntax.Keep:
        values, steps = children
        return syntax.Keep(span=self.span(meta), values=values, steps=steps)

    def forget(self, meta: Meta, children: Children) -> syntax.Forget:
        return syntax.Forget(span=self.span(meta), values=children[0])

    def memory(self, meta: Meta, children: Children) -> syntax.Memory:
        name, indices, domain = children
        return syntax.Memory(
            span=self.span(meta),
            name=str(name),
            name_span=self.span(name),
            indices=indices or (),
            domain=domain,
        )

    def xi(self, meta: Meta, children: Children) -> syntax.Xi:
        target, value = children
        return syntax.Xi(span=self.span(meta), target=target, value=value)

    def chi(self, meta: Meta, children: Children) -> syntax.Chi:
        return syntax.Chi(span=self.span(meta), values=children[0])

    # --- domains ---------------------------------------------------------------------------------

    def set_domain(self, meta: Meta, children: Children) -> syntax.SetDomain:
        return syntax.SetDomain(span=self.span(meta), values=tuple(children))

    def range_domain(self, meta: Meta, children: Children) -> syntax.RangeDomain:
        low, high = children
        return syntax.RangeDomain(span=self.span(meta), low=low, high=high)

    def named_domain(self, meta: Meta, children: Children) -> syntax.NamedDomain:
        name, indices = children
        return syntax.NamedDomain(span=self.span(meta), name=str(name), indices=indices or ())

    # --- expressions -----------------------------------------------------------------------------

    def number(self, meta: Meta, children: Children) -> syntax.Number:
        text = str(children[0]) or "0"  # a repair makes up numbers without text
        value = read_number(text)
        if value is None:
            self.bag.report("P0022", self.span(meta), digits=MAX_DIGITS, exponent=MAX_EXPONENT)
        return syntax.Number(span=self.span(meta), text=text, value=value or Fraction(0))

    def boolean(self, meta: Meta, children: Children) -> syntax.Boolean:
        return syntax.Boolean(span=self.span(meta), value=children[0].type == "TRUE")

    def nothing(self, meta: Meta, children: Children) -> syntax.Nothing:
        return syntax.Nothing(span=self.span(meta))

    def step(self, meta: Meta, children: Children) -> syntax.Step:
        return syntax.Step(span=self.span(meta))

    def name(self, meta: Meta, children: Children) -> syntax.Name:
        name, indices, *prime = children
        return syntax.Name(
            span=self.span(meta),
            name=str(name),
            name_span=self.span(name),
            indices=indices or (),
            primed=any(prime),
        )

    plain_name = primed_name = name

    def indices(self, meta: Meta, children: Children) -> tuple[syntax.Expr, ...]:
        return tuple(children)

    exprs = indices

    def call(self, meta: Meta, children: Children) -> syntax.Call:
        function, *arguments = children
        return syntax.Call(
            span=self.span(meta),
            function=str(function),
            name_span=self.span(function),
            arguments=tuple(arguments),
        )

    def tuple_expr(self, meta: Meta, children: Children) -> syntax.TupleExpr:
        return syntax.TupleExpr(span=self.span(meta), items=tuple(children))

    def binary(self, meta: Meta, children: Children) -> syntax.Binary:
        left, op, right = children
        return syntax.Binary(
            span=self.span(meta),
            op=syntax.BinaryOp(str(op)),
            op_span=self.span(op),
            left=left,
            right=right,
        )

    def unary(self, meta: Meta, children: Children) -> syntax.Unary:
        op, operand = children
        return syntax.Unary(span=self.span(meta), op=syntax.UnaryOp(str(op)), operand=operand)

    def membership(self, meta: Meta, children: Children) -> syntax.Membership:
        value, domain = children
        return syntax.Membership(span=self.span(meta), value=value, domain=domain)

    def if_expr(self, meta: Meta, children: Children) -> syntax.If:
        condition, then, otherwise = children
        return syntax.If(span=self.span(meta), condition=condition, then=then, otherwise=otherwise)

    def match(self, meta: Meta, children: Children) -> syntax.Match:
        subject, *arms = children
        return syntax.Match(span=self.span(meta), subject=subject, arms=tuple(arms))

    def quantified(self, meta: Meta, children: Children) -> syntax.Quantified:
        quantifier, name, domain, body = children
        return syntax.Quantified(
            span=self.span(meta),
            quantifier=syntax.Quantifier(str(quantifier)),
            name=str(name),
            name_span=self.span(name),
            domain=domain,
            body=body,
        )

    def uniform(self, meta: Meta, children: Children) -> syntax.Uniform:
        values = tuple(child for child in children if child is not None)
        return syntax.Uniform(span=self.span(meta), values=values or None)

    def distribution(self, meta: Meta, children: Children) -> syntax.Distribution:
        entries = tuple(c for c in children if isinstance(c, syntax.Entry))
        rest = [(place, value) for place, value in self._else_entries(children)]
        if rest and rest[0][0] != len(children) - 1:
            self.bag.report("P0018", rest[0][1].span)
        return syntax.Distribution(
            span=self.span(meta), entries=entries, otherwise=rest[0][1] if rest else None
        )

    def _else_entries(self, children: Children) -> list[tuple[int, syntax.Expr]]:
        return [
            (place, child)
            for place, child in enumerate(children)
            if not isinstance(child, syntax.Entry)
        ]

    def entry(self, meta: Meta, children: Children) -> syntax.Entry:
        value, probability = children
        return syntax.Entry(span=self.span(meta), value=value, probability=probability)

    def else_entry(self, meta: Meta, children: Children) -> syntax.Expr:
        probability: syntax.Expr = children[0]
        return probability

    # --- patterns --------------------------------------------------------------------------------

    def arm(self, meta: Meta, children: Children) -> syntax.Arm:
        pattern, value = children
        return syntax.Arm(span=self.span(meta), pattern=pattern, value=value)

    def alternatives(self, meta: Meta, children: Children) -> syntax.AlternativePattern:
        return syntax.AlternativePattern(span=self.span(meta), options=tuple(children))

    def wildcard(self, meta: Meta, children: Children) -> syntax.WildcardPattern:
        return syntax.WildcardPattern(span=self.span(meta))

    def tuple_pattern(self, meta: Meta, children: Children) -> syntax.TuplePattern:
        return syntax.TuplePattern(span=self.span(meta), items=tuple(children))

    def value_pattern(self, meta: Meta, children: Children) -> syntax.ValuePattern:
        return syntax.ValuePattern(span=self.span(meta), value=children[0])

    def negative_number(self, meta: Meta, children: Children) -> syntax.Unary:
        return syntax.Unary(span=self.span(meta), op=syntax.UnaryOp.NEGATE, operand=children[0])
