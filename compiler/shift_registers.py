"""Shift registers: how values wait until they become common, and how they are forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from posg.grammar import syntax
from posg.grammar.diagnostics import SpecError
from posg.grammar.source import Span

from .columns import Kind, describe
from .evaluate import evaluate, table_frame
from .laws import all_rows, make_world, zero_columns
from .model import Agent, GameModel, Role, Value, Variable
from .rewrite import agent_node, name_node, number_node, value_node


@dataclass(slots=True, kw_only=True)
class Release:
    """One way in which a value becomes common.

    ``lag`` is the register that is released: 0 the fresh value, k the one kept in register k.
    """

    lag: int
    condition: syntax.Expr | None
    span: Span


@dataclass(slots=True, kw_only=True)
class Stream:
    """The values that one variable produces over time, and what the rules say about them."""

    variable: Variable
    releases: list[Release] = field(default_factory=list)
    memory: int | None = None
    memory_span: Span | None = None


class RegisterWriter:
    """Writes the core form: register k holds the value received k - 1 steps ago.

    ``taken`` are names that registers must not have; ``items`` is what was written; ``span`` the
    place of what no rule speaks of.
    """

    def __init__(self, model: GameModel, taken: set[str], span: Span) -> None:
        self.model = model
        self.taken = taken
        self.span = span
        self.items: list[syntax.SharingItem] = []
        self.derived = 0

    def fresh(self, stem: str) -> str:
        """A name that is not taken."""
        name = stem
        while name in self.taken:
            name += "_"
        return name

    def translate(self, stream: Stream) -> None:
        """Registers and releases of one variable."""
        variable = stream.variable
        always = [r.lag for r in stream.releases if r.condition is None]
        count = self.model.horizon - 1
        if variable in self.model.initially_observed:
            count += 1
        length = min(always, default=count)
        releases = [
            r
            for r in stream.releases
            if r.lag < length or (r.condition is None and r.lag == length)
        ]
        memory = count if stream.memory is None else stream.memory
        for release in releases:
            if stream.memory is not None and memory < release.lag:
                raise SpecError.single(
                    "P0411",
                    release.span,
                    name=variable.label,
                    memory=memory,
                    others=[s for s in [stream.memory_span] if s is not None],
                )
        # A mark that a value is due is not worth keeping if it is due after the last decision.
        releases = [
            r for r in releases if r.lag < count or (r.condition is None and r.lag == count)
        ]
        length = min(length, memory, count)
        span = stream.memory_span or (releases[0].span if releases else self.span)
        fresh = self.value(variable, span)
        self.chain(
            variable.family, variable.key, variable.agent, fresh, length, releases, span, variable
        )

    def value(self, variable: Variable, span: Span) -> syntax.Name:
        """The fresh value of a variable in an update."""
        indices = tuple(value_node(v, span) for v in variable.key)
        primed = variable.role is Role.OBSERVATION
        return name_node(variable.family, span, indices, primed=primed)

    def chain(
        self,
        stem: str,
        key: Sequence[Value],
        agent: Agent | None,
        fresh: syntax.Expr,
        length: int,
        releases: Sequence[Release],
        span: Span,
        variable: Variable,
    ) -> None:
        """Shift registers 1..length after a fresh value, emptied as the value becomes common."""
        indices = tuple(value_node(v, span) for v in key)
        names = [self.fresh(f"{stem}_{k}") for k in range(1, length + 1)]
        held: list[syntax.Expr] = [fresh, *(name_node(name, span, indices) for name in names)]
        flags: dict[int, list[syntax.Expr]] = {}
        for number, release in enumerate(releases):
            if release.condition is None:
                continue
            marks = [self.fresh(f"{stem}_due{number + 1}_{k}") for k in range(1, release.lag + 1)]
            sources = [release.condition, *(name_node(mark, span, indices) for mark in marks)]
            boolean = syntax.NamedDomain(span=span, name="bool")
            for mark, source in zip(marks, sources, strict=False):
                self.register(mark, indices, boolean, source, span)
            flags[number] = sources
        chi: list[syntax.Expr] = []
        domain = syntax.NamedDomain(span=span, name=variable.family, indices=indices)
        for k in range(len(held)):
            value = held[k]
            for number, release in enumerate(releases):
                if release.lag != k:
                    continue
                if release.condition is None:
                    chi.append(held[k])
                    continue
                due = flags[number][k]
                test = due if k == 0 else _is_true(due, span)
                chi.append(_if(test, held[k], syntax.Nothing(span=span), span))
                value = _if(test, syntax.Nothing(span=span), value, span)
            if k < length:
                self.register(names[k], indices, domain, value, span)
        if chi:
            self.items.append(syntax.Chi(span=span, values=tuple(chi)))

    def register(
        self,
        name: str,
        indices: tuple[syntax.Expr, ...],
        domain: syntax.Domain,
        value: syntax.Expr,
        span: Span,
    ) -> None:
        """Write a register and its update."""
        declared = tuple(syntax.IndexValue(span=span, value=index) for index in indices)
        self.items.append(
            syntax.Memory(span=span, name=name, indices=declared, domain=domain, name_span=span)
        )
        target = name_node(name, span, indices, primed=True)
        self.items.append(syntax.Xi(span=span, target=target, value=value))

    def share_expression(
        self,
        value: syntax.Expr,
        fresh: syntax.Expr,
        lag: int,
        condition: syntax.Expr | None,
        reads: tuple[Variable, ...],
    ) -> None:
        """Release f(X): the value of f waits in registers of its own, X stays private.

        ``value`` is f(X) as the rule writes it, ``fresh`` as χ and ξ read it.
        """
        span = value.span
        for variable in reads:
            missing = compared(syntax.BinaryOp.EQ, self.value(variable, span), span)
            fresh = _if(missing, syntax.Nothing(span=span), fresh, span)
        if condition is not None:
            fresh = _if(condition, fresh, syntax.Nothing(span=span), span)
        self.derived += 1
        stem = self.fresh(f"shared{self.derived}")
        owner = reads[0].agent
        assert owner is not None
        indices = (agent_node(owner, span),)
        held: list[syntax.Expr] = [fresh]
        domain = image(self.model, value, reads) if lag else None
        for k in range(1, lag + 1):
            name = self.fresh(f"{stem}_{k}")
            assert domain is not None
            self.register(name, indices, domain, held[-1], span)
            held.append(name_node(name, span, indices))
        self.items.append(syntax.Chi(span=span, values=(held[lag],)))


def image(model: GameModel, value: syntax.Expr, reads: tuple[Variable, ...]) -> syntax.Domain:
    """The set of values that an expression takes, for the registers that hold it."""
    columns, count = all_rows(tuple((variable, False) for variable in reads))
    texts: dict[str, None] = {}
    kind = Kind.BOOL
    world = make_world(model, explore=True)
    evaluate(value, table_frame(world, 1, zero_columns(), {}))
    # A game draws observations after its last decision, too.
    for step in range(1, model.horizon + 2 if world.read_step else 2):
        world = make_world(model, step=step)
        column = evaluate(value, table_frame(world, count, columns, {}))
        kind = column.kind
        if kind is Kind.BOOL:
            return syntax.NamedDomain(span=value.span, name="bool")
        for row in range(count):
            text = describe(column.spread(count), row, world.symbols, model.agents)
            texts.setdefault(text)
    if kind is Kind.TUPLE or any("/" in text for text in texts):
        raise SpecError.single("P0421", value.span)
    items = [
        number_node(int(text), value.span) if kind is Kind.NUMBER else name_node(text, value.span)
        for text in texts
    ]
    return syntax.SetDomain(span=value.span, values=tuple(items))


def _if(
    condition: syntax.Expr, then: syntax.Expr, otherwise: syntax.Expr, span: Span
) -> syntax.Expr:
    return syntax.If(span=span, condition=condition, then=then, otherwise=otherwise)


def compared(op: syntax.BinaryOp, value: syntax.Expr, span: Span) -> syntax.Expr:
    """Whether a value is, or is not, ``nothing``: there is none before the first decision."""
    return syntax.Binary(
        span=span, op=op, left=value, right=syntax.Nothing(span=span), op_span=span
    )


def both(left: syntax.Expr, right: syntax.Expr, span: Span) -> syntax.Expr:
    """``left and right``."""
    return syntax.Binary(span=span, op=syntax.BinaryOp.AND, left=left, right=right, op_span=span)


def _is_true(value: syntax.Expr, span: Span) -> syntax.Expr:
    return syntax.Binary(
        span=span,
        op=syntax.BinaryOp.EQ,
        left=value,
        right=syntax.Boolean(span=span, value=True),
        op_span=span,
    )
