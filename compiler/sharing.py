"""Sharing structures: applying one to a game, and translating its rules into registers, χ and ξ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from posg.grammar import syntax
from posg.grammar.diagnostics import Bag, SpecError
from posg.grammar.source import Span
from posg.grammar.suggest import nearest

from .columns import Kind, describe
from .domains import integer
from .evaluate import World, evaluate, table_frame
from .laws import all_rows, footprint_of, make_world, zero_columns
from .model import Agent, Family, GameModel, Role, Value, Variable
from .rewrite import (
    agent_node,
    free_names,
    inline,
    name_node,
    number_node,
    rewrite,
    substitute,
    value_node,
)
from .types import BOOL, Base, Context, Place, Type, expect, infer


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A sharing structure with its arguments in place, every rule in the core form.

    ``core`` holds only ``memory``, ``xi`` and ``chi`` and can be printed; ``label`` is the call.
    """

    label: str
    core: syntax.Sharing


def apply_sharing(
    model: GameModel, call: syntax.StructureCall, label: str, bag: Bag
) -> Applied | None:
    """Look up a structure, bind its arguments and translate its rules; None if refused."""
    try:
        sharing = model.sharings.get(call.name)
        if sharing is None:
            raise SpecError.single(
                "P0401",
                call.name_span,
                name=call.name,
                suggestion=nearest(call.name, model.sharings),
            )
        arguments = _arguments(model, sharing, call)
        translator = _Translator(model, sharing, arguments, bag)
        core = translator.run()
    except SpecError as error:
        bag.extend(error.bag.diagnostics)
        return None
    return None if bag.has_errors else Applied(label=label, core=core)


def _arguments(
    model: GameModel, sharing: syntax.Sharing, call: syntax.StructureCall
) -> dict[str, syntax.Expr]:
    """Argument of each parameter, positional ones first, then by name, then defaults."""
    names = [parameter.name for parameter in sharing.parameters]
    given: dict[str, syntax.Expr] = {}
    if len(call.positional) > len(names):
        raise SpecError.single(
            "P0402",
            call.span,
            name=sharing.name,
            expected=len(names),
            found=len(call.positional),
            others=[sharing.name_span],
        )
    given.update(zip(names, call.positional, strict=False))
    for name, argument in call.named:
        if name not in names:
            raise SpecError.single(
                "P0403",
                argument.span,
                name=name,
                structure=sharing.name,
                suggestion=nearest(name, names),
                others=[sharing.name_span],
            )
        if name in given:
            raise SpecError.single("P0101", argument.span, name=name)
        given[name] = argument
    values = {name: parameter.value for name, parameter in model.scope.parameters.items()}
    for parameter in sharing.parameters:
        found = given.get(parameter.name)
        value: syntax.Expr | None = parameter.default if found is None else found
        if value is None:
            raise SpecError.single(
                "P0404",
                call.span,
                name=parameter.name,
                structure=sharing.name,
                others=[parameter.span],
            )
        match parameter.kind:
            case syntax.ParameterKind.NUMBER:
                number = integer(value, values, what=f"`{parameter.name}`")
                given[parameter.name] = number_node(number, value.span)
            case syntax.ParameterKind.AGENT:
                given[parameter.name] = agent_node(_agent(model, value), value.span)
            case syntax.ParameterKind.DEFINE:
                if not isinstance(value, syntax.Name) or value.name not in model.scope.defines:
                    text = value.span.text
                    raise SpecError.single(
                        "P0405",
                        value.span,
                        name=parameter.name,
                        value=text,
                        suggestion=nearest(text, model.scope.defines),
                    )
                given[parameter.name] = value
    return given


def _agent(model: GameModel, value: syntax.Expr) -> Agent:
    text = value.span.text.replace(" ", "")
    for agent in model.agents:
        if agent.name == text:
            return agent
    names = [agent.name for agent in model.agents]
    raise SpecError.single("P0818", value.span, name=text, suggestion=nearest(text, names))


@dataclass(slots=True, kw_only=True)
class _Release:
    """One way in which a value becomes common.

    ``lag`` is the register that is released: 0 the fresh value, k the one kept in register k.
    """

    lag: int
    condition: syntax.Expr | None
    span: Span


@dataclass(slots=True, kw_only=True)
class _Stream:
    """The values that one variable produces over time, and what the rules say about them."""

    variable: Variable
    releases: list[_Release] = field(default_factory=list)
    memory: int | None = None
    memory_span: Span | None = None


class _Translator:
    """Rules become shift registers: register k holds the value received k - 1 steps ago."""

    def __init__(
        self,
        model: GameModel,
        sharing: syntax.Sharing,
        arguments: Mapping[str, syntax.Expr],
        bag: Bag,
    ) -> None:
        self.model = model
        self.sharing = sharing
        self.arguments = arguments
        self.bag = bag
        self.parameters = {name: p.value for name, p in model.scope.parameters.items()}
        self.streams = {
            variable: _Stream(variable=variable)
            for group in (*model.observations, *model.actions)
            for variable in group
        }
        self.taken = {*model.scope.families, *model.scope.parameters, *model.scope.defines}
        self.taken |= {*model.scope.symbols, *model.scope.agent_names, *model.scope.agent_families}
        self.items: list[syntax.SharingItem] = []
        self.derived = 0

    def run(self) -> syntax.Sharing:
        core = [
            substitute(item, self.arguments)
            for item in self.sharing.items
            if isinstance(item, syntax.Memory | syntax.Xi | syntax.Chi)
        ]
        rules = [
            item
            for item in self.sharing.items
            if not isinstance(item, syntax.Memory | syntax.Xi | syntax.Chi)
        ]
        self.taken |= {item.name for item in core if isinstance(item, syntax.Memory)}
        for rule in rules:
            self.rule(substitute(rule, self.arguments))
        if not core or rules:
            for stream in self.streams.values():
                self.translate(stream)
        return syntax.Sharing(
            span=self.sharing.span,
            name=self.sharing.name,
            parameters=(),
            items=(*core, *self.items),
            name_span=self.sharing.name_span,
        )

    def context(self, local: Mapping[str, Type]) -> Context:
        return Context(
            scope=self.model.scope,
            place=Place.SHARE,
            bag=self.bag,
            local=local,
            observations=self.model.observations,
            actions=self.model.actions,
        )

    def rule(self, rule: syntax.Share | syntax.Keep | syntax.Forget) -> None:
        """Enter one rule, for each value of its free indices."""
        if isinstance(rule, syntax.Share) and rule.recipient is not None:
            self.recipient(rule)
        for value in rule.values:
            for instance, bindings in self.instances(value):
                match rule:
                    case syntax.Share():
                        condition = rule.condition
                        if condition is not None:
                            condition = substitute(condition, bindings)
                            self.condition(condition)
                        if not self.bag.has_errors:
                            self.share(instance, rule, condition)
                    case syntax.Keep():
                        steps = integer(rule.steps, self.parameters, what="a number of steps")
                        if steps < 0:
                            raise SpecError.single("P0416", rule.steps.span, value=steps)
                        self.remember(instance, steps, rule.span)
                    case syntax.Forget():
                        self.remember(instance, 0, rule.span)

    def recipient(self, rule: syntax.Share) -> None:
        """With two agents a directed rule makes the value common; with more it is refused."""
        assert rule.recipient is not None
        receiver = _agent(self.model, rule.recipient)
        if len(self.model.agents) > 2:
            raise SpecError.single(
                "P0406", rule.recipient.span, agent=receiver, count=len(self.model.agents)
            )
        for value in rule.values:
            for instance, _ in self.instances(value):
                owners = {variable.agent for variable in self.variables(instance)}
                if receiver in owners:
                    raise SpecError.single("P0419", rule.recipient.span, agent=receiver)

    def instances(
        self, value: syntax.Expr
    ) -> Iterator[tuple[syntax.Expr, Mapping[str, syntax.Expr]]]:
        """The expression with its free indices replaced by each of their values."""
        ranges = self.free_indices(value)
        for choice in product(*ranges.values()):
            bindings = {
                name: value_node(v, value.span) for name, v in zip(ranges, choice, strict=True)
            }
            instance = substitute(value, bindings)
            if ranges and not self.exists(instance):
                continue
            before = len(self.bag.diagnostics)
            found = infer(instance, self.context({}))
            if found.random:
                self.bag.report("P0206", value.span)
            if found.base is not Base.ERROR and len(self.bag.diagnostics) == before:
                yield instance, bindings

    def free_indices(self, value: syntax.Expr) -> dict[str, Sequence[Value]]:
        """Names used as indices that mean nothing else, and the values they run through."""
        scope = self.model.scope
        known = {*scope.families, *scope.parameters, *scope.defines, *scope.symbols}
        known |= {*scope.agent_names, *scope.agent_families, "observation", "action", "reward"}
        ranges: dict[str, Sequence[Value]] = {}
        for name in sorted(free_names(value) - known):
            places = [
                (part, place)
                for part in _names(value)
                for place, index in enumerate(part.indices)
                if isinstance(index, syntax.Name) and index.name == name
            ]
            calls = any(
                isinstance(argument, syntax.Name) and argument.name == name
                for call in _calls(value)
                for argument in call.arguments
            )
            if not places and not calls:
                continue
            family = scope.families.get(places[0][0].name) if places else None
            if family is None or places[0][1] == 0:
                ranges[name] = self.model.agents
            elif places[0][1] < family.arity:
                ranges[name] = tuple(dict.fromkeys(key[places[0][1]] for key in family.members))
        return ranges

    def exists(self, value: syntax.Expr) -> bool:
        """Whether the members that an instance names were declared."""
        scope = self.model.scope
        for part in _names(value):
            family: Family | None = scope.families.get(part.name)
            if family is None or len(part.indices) != family.arity:
                continue
            texts = [
                part_index.span.text
                if not isinstance(part_index, syntax.Name | syntax.Number | syntax.Boolean)
                else _plain_text(part_index)
                for part_index in part.indices
            ]
            labels = {variable.label for variable in family.members.values()}
            if f"{part.name}[{', '.join(texts)}]" not in labels:
                return False
        return True

    def variables(self, value: syntax.Expr) -> tuple[Variable, ...]:
        """What an expression of a rule reads."""
        world = make_world(self.model, explore=True)
        evaluate(value, table_frame(world, 1, zero_columns(), {}))
        return tuple(variable for variable, _ in footprint_of(world).variables)

    def condition(self, condition: syntax.Expr) -> None:
        expect(condition, BOOL, self.context({}))

    def is_whole(self, value: syntax.Expr) -> tuple[Variable, ...] | None:
        """The variables that an item shares as they are; None for an expression over them."""
        if not isinstance(value, syntax.Name) or value.primed:
            return None
        if value.name in ("observation", "action") or value.name in self.model.scope.families:
            return self.variables(value)
        return None

    def share(self, value: syntax.Expr, rule: syntax.Share, condition: syntax.Expr | None) -> None:
        delay = integer(rule.delay, self.parameters, what="a delay")
        whole = self.is_whole(value)
        reads = self.variables(value)
        owners = {variable.agent for variable in reads}
        if len(owners) > 1:
            names = ", ".join(sorted(str(owner) for owner in owners))
            raise SpecError.single("P0407", value.span, agents=names)
        if not owners:
            if whole is not None:
                return
            raise SpecError.single("P0408", value.span)
        if condition is not None:
            conditions = self.variables(condition)
            outside = {v.agent for v in conditions} - owners
            if outside:
                owner = next(iter(owners))
                raise SpecError.single(
                    "P0410",
                    condition.span,
                    agent=owner,
                    other=", ".join(sorted(str(agent) for agent in outside)),
                )
            if all(v.role is Role.ACTION for v in reads) and any(
                v.role is Role.OBSERVATION for v in conditions
            ):
                raise SpecError.single("P0420", condition.span)
        action = all(variable.role is Role.ACTION for variable in reads)
        if delay < 0 or (action and delay < 1):
            least = 1 if action else 0
            raise SpecError.single("P0409", rule.delay.span, value=delay, least=least)
        lag = delay - 1 if action else delay
        closed: syntax.Expr | None = None
        if condition is not None:
            closed = self.closed(condition, action=action)
            for variable in self.variables(condition):
                there = _compared(
                    syntax.BinaryOp.NE, self.value(variable, condition.span), condition.span
                )
                closed = _both(there, closed, condition.span)
        if whole is not None:
            for variable in whole:
                self.streams[variable].releases.append(
                    _Release(lag=lag, condition=closed, span=rule.span)
                )
        else:
            self.share_expression(value, lag, closed, action, reads)

    def closed(self, value: syntax.Expr, *, action: bool) -> syntax.Expr:
        """A rule's expression as χ and ξ read it: observations primed, ``step`` of the value.

        At the update from step h to h + 1 an observation is the one of step h + 1.
        """

        def change(node: syntax.Node) -> syntax.Node | None:
            if isinstance(node, syntax.Step) and not action:
                return syntax.Binary(
                    span=node.span,
                    op=syntax.BinaryOp.ADD,
                    left=node,
                    right=number_node(1, node.span),
                    op_span=node.span,
                )
            if isinstance(node, syntax.Name):
                family = self.model.scope.families.get(node.name)
                observed = node.name == "observation" or (
                    family is not None and family.role is Role.OBSERVATION
                )
                if observed:
                    indices = tuple(rewrite(index, change) for index in node.indices)
                    return name_node(node.name, node.span, indices, primed=True)
            return None

        return rewrite(inline(value, self.model.scope.defines), change)

    def remember(self, value: syntax.Expr, steps: int, span: Span) -> None:
        whole = self.is_whole(value)
        if whole is None:
            raise SpecError.single("P0415", value.span)
        for variable in whole:
            stream = self.streams[variable]
            if stream.memory_span is not None:
                raise SpecError.single(
                    "P0418", span, name=variable.label, others=[stream.memory_span]
                )
            stream.memory, stream.memory_span = steps, span

    def fresh(self, stem: str) -> str:
        name = stem
        while name in self.taken:
            name += "_"
        return name

    def translate(self, stream: _Stream) -> None:
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
        span = stream.memory_span or (releases[0].span if releases else self.sharing.name_span)
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
        releases: Sequence[_Release],
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
        declared = tuple(syntax.IndexValue(span=span, value=index) for index in indices)
        self.items.append(
            syntax.Memory(span=span, name=name, indices=declared, domain=domain, name_span=span)
        )
        target = name_node(name, span, indices, primed=True)
        self.items.append(syntax.Xi(span=span, target=target, value=value))

    def share_expression(
        self,
        value: syntax.Expr,
        lag: int,
        condition: syntax.Expr | None,
        action: bool,
        reads: tuple[Variable, ...],
    ) -> None:
        """Release f(X): the value of f waits in registers of its own, X stays private."""
        span = value.span
        fresh = self.closed(value, action=action)
        for variable in reads:
            missing = _compared(syntax.BinaryOp.EQ, self.value(variable, span), span)
            fresh = _if(missing, syntax.Nothing(span=span), fresh, span)
        if condition is not None:
            fresh = _if(condition, fresh, syntax.Nothing(span=span), span)
        self.derived += 1
        stem = self.fresh(f"shared{self.derived}")
        owner = reads[0].agent
        assert owner is not None
        indices = (agent_node(owner, span),)
        held: list[syntax.Expr] = [fresh]
        domain = self.image(value, reads) if lag else None
        for k in range(1, lag + 1):
            name = self.fresh(f"{stem}_{k}")
            assert domain is not None
            self.register(name, indices, domain, held[-1], span)
            held.append(name_node(name, span, indices))
        self.items.append(syntax.Chi(span=span, values=(held[lag],)))

    def image(self, value: syntax.Expr, reads: tuple[Variable, ...]) -> syntax.Domain:
        """The set of values that an expression takes, for the registers that hold it."""
        columns, count = all_rows(tuple((variable, False) for variable in reads))
        world: World = make_world(self.model)
        column = evaluate(value, table_frame(world, count, columns, {}))
        if column.kind is Kind.BOOL:
            return syntax.NamedDomain(span=value.span, name="bool")
        texts = dict.fromkeys(
            describe(column.spread(count), row, world.symbols, self.model.agents)
            for row in range(count)
        )
        if column.kind is Kind.TUPLE or any("/" in text for text in texts):
            raise SpecError.single("P0421", value.span)
        items = [
            number_node(int(text), value.span)
            if column.kind is Kind.NUMBER
            else name_node(text, value.span)
            for text in texts
        ]
        return syntax.SetDomain(span=value.span, values=tuple(items))


def _if(
    condition: syntax.Expr, then: syntax.Expr, otherwise: syntax.Expr, span: Span
) -> syntax.Expr:
    return syntax.If(span=span, condition=condition, then=then, otherwise=otherwise)


def _compared(op: syntax.BinaryOp, value: syntax.Expr, span: Span) -> syntax.Expr:
    """Whether a value is, or is not, ``nothing``: there is none before the first decision."""
    return syntax.Binary(
        span=span, op=op, left=value, right=syntax.Nothing(span=span), op_span=span
    )


def _both(left: syntax.Expr, right: syntax.Expr, span: Span) -> syntax.Expr:
    return syntax.Binary(span=span, op=syntax.BinaryOp.AND, left=left, right=right, op_span=span)


def _is_true(value: syntax.Expr, span: Span) -> syntax.Expr:
    return syntax.Binary(
        span=span,
        op=syntax.BinaryOp.EQ,
        left=value,
        right=syntax.Boolean(span=span, value=True),
        op_span=span,
    )


def _plain_text(node: syntax.Name | syntax.Number | syntax.Boolean) -> str:
    match node:
        case syntax.Number():
            return node.text
        case syntax.Boolean():
            return str(node.value).lower()
        case syntax.Name():
            inner = ", ".join(
                _plain_text(i) for i in node.indices if isinstance(i, syntax.Name | syntax.Number)
            )
            return f"{node.name}[{inner}]" if inner else node.name


def _names(node: syntax.Node) -> list[syntax.Name]:
    found: list[syntax.Name] = []

    def look(part: syntax.Node) -> syntax.Node | None:
        if isinstance(part, syntax.Name):
            found.append(part)
        return None

    rewrite(node, look)
    return found


def _calls(node: syntax.Node) -> list[syntax.Call]:
    found: list[syntax.Call] = []

    def look(part: syntax.Node) -> syntax.Node | None:
        if isinstance(part, syntax.Call):
            found.append(part)
        return None

    rewrite(node, look)
    return found
