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
from .domains import domain_of, integer
from .evaluate import evaluate, table_frame
from .laws import all_rows, footprint_of, make_world, zero_columns
from .model import Agent, Domain, Family, GameModel, Role, Value, Variable
from .rewrite import (
    agent_node,
    free_names,
    inline,
    name_node,
    number_node,
    occurrences,
    rewrite,
    substitute,
    value_node,
)
from .types import BOOL, NUMBER, Base, Context, Place, Type, expect, infer


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
        sharing = _structure(model, call)
        translator = _Translator(model, sharing, _arguments(model, sharing, call, bag), bag)
        core = translator.run()
    except SpecError as error:
        bag.extend(error.bag.diagnostics)
        return None
    return None if bag.has_errors else Applied(label=label, core=core)


@dataclass(frozen=True, slots=True, kw_only=True)
class Directed:
    """A value that a rule sends to one agent only: that of step t arrives at step t + ``delay``.

    ``variable`` is the variable that is sent as it is, None for an expression; ``domain`` the
    values. ``reads`` and ``conditions`` are what the value and the condition read, all of it
    ``owner``'s. ``action`` says that the value is about actions alone, and so generated with them.
    """

    rule: syntax.Share
    receiver: Agent
    owner: Agent
    value: syntax.Expr
    variable: Variable | None
    domain: Domain
    reads: tuple[Variable, ...]
    condition: syntax.Expr | None
    conditions: tuple[Variable, ...]
    delay: int
    action: bool

    @property
    def lag(self) -> int:
        """For how many updates the value waits after the one that generates it."""
        return self.delay - 1 if self.action else self.delay


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRules:
    """A structure's rules with its arguments in place: the directed ones, and the rest.

    ``common`` says after how many steps the rest makes a variable common, whatever happens.
    """

    sharing: syntax.Sharing
    directed: tuple[Directed, ...]
    rest: Mapping[int, syntax.SharingItem]
    common: Mapping[Variable, int]


def split_rules(model: GameModel, call: syntax.StructureCall, bag: Bag) -> SplitRules | None:
    """Take the directed rules out of a structure; None if there is something wrong with it."""
    try:
        sharing = _structure(model, call)
        translator = _Translator(model, sharing, _arguments(model, sharing, call, bag), bag)
        return translator.split()
    except SpecError as error:
        bag.extend(error.bag.diagnostics)
        return None


def _structure(model: GameModel, call: syntax.StructureCall) -> syntax.Sharing:
    sharing = model.sharings.get(call.name)
    if sharing is None:
        suggestion = nearest(call.name, model.sharings)
        raise SpecError.single("P0401", call.name_span, name=call.name, suggestion=suggestion)
    return sharing


def _arguments(
    model: GameModel, sharing: syntax.Sharing, call: syntax.StructureCall, bag: Bag
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
    agents: list[Agent] = []
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
                agent = _agent(model, value)
                if agent in agents:
                    bag.report("P0425", value.span, agent=agent, structure=sharing.name)
                agents.append(agent)
                given[parameter.name] = agent_node(agent, value.span)
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
    text = _plain_text(value) if isinstance(value, syntax.Name) else value.span.text
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """An instance of a ``share`` rule that was found to be sound.

    ``whole`` are the variables that it shares as they are; None for an expression over them.
    ``action`` says that it is about actions alone.
    """

    rule: syntax.Share
    owner: Agent
    value: syntax.Expr
    whole: tuple[Variable, ...] | None
    reads: tuple[Variable, ...]
    condition: syntax.Expr | None
    conditions: tuple[Variable, ...]
    delay: int
    action: bool

    @property
    def lag(self) -> int:
        """For how many updates the value waits."""
        return self.delay - 1 if self.action else self.delay


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
        # What rules send to one agent, if that is wanted rather than refused.
        self.directed: list[tuple[Agent, _Shared]] | None = None

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

    def split(self) -> SplitRules | None:
        """Enter the rules, and keep the directed ones apart."""
        collected = self.directed = list[tuple[Agent, _Shared]]()
        rest: dict[int, syntax.SharingItem] = {}
        for place, item in enumerate(self.sharing.items):
            rule = substitute(item, self.arguments)
            if isinstance(rule, syntax.Memory | syntax.Xi | syntax.Chi):
                rest[place] = rule
                continue
            self.rule(rule)
            if not isinstance(rule, syntax.Share) or rule.recipient is None:
                rest[place] = rule
        directed = [part for receiver, shared in collected for part in self.parts(receiver, shared)]
        for stream in self.streams.values():
            self.translate(stream)
        if self.bag.has_errors:
            return None
        common = {
            variable: min(lags) + (variable.role is Role.ACTION)
            for variable, stream in self.streams.items()
            if (lags := [r.lag for r in stream.releases if r.condition is None])
        }
        return SplitRules(sharing=self.sharing, directed=tuple(directed), rest=rest, common=common)

    def parts(self, receiver: Agent, shared: _Shared) -> Iterator[Directed]:
        """One value for each variable that a rule sends as it is, else the expression's."""
        for variable in shared.whole or (None,):
            value = shared.value
            if variable is None:
                domain = domain_of(self.image(value, shared.reads), {}, {})
            else:
                domain = variable.domain
                indices = tuple(value_node(v, value.span) for v in variable.key)
                value = name_node(variable.family, value.span, indices)
                memory, where = self.streams[variable].memory, self.streams[variable].memory_span
                if memory is not None and where is not None and memory < shared.lag:
                    self.bag.report(
                        "P0411",
                        shared.rule.span,
                        name=variable.label,
                        memory=memory,
                        others=[where],
                    )
            yield Directed(
                rule=shared.rule,
                receiver=receiver,
                owner=shared.owner,
                value=value,
                variable=variable,
                domain=domain,
                reads=shared.reads if variable is None else (variable,),
                condition=shared.condition,
                conditions=shared.conditions,
                delay=shared.delay,
                action=shared.action,
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
        receiver = self.receiver(rule) if isinstance(rule, syntax.Share) else None
        for value in rule.values:
            for instance, bindings in self.instances(value):
                match rule:
                    case syntax.Share():
                        condition = rule.condition
                        if condition is not None:
                            condition = substitute(condition, bindings)
                            self.condition(condition)
                        if not self.bag.has_errors:
                            delay = self.delay(substitute(rule.delay, bindings))
                            shared = self.shared(instance, rule, condition, delay)
                            if shared is None or self.is_own(shared, receiver, rule, bindings):
                                continue
                            if receiver is not None and self.directed is not None:
                                self.directed.append((receiver, shared))
                            else:
                                self.share(shared)
                    case syntax.Keep():
                        steps = integer(rule.steps, self.parameters, what="a number of steps")
                        if steps < 0:
                            raise SpecError.single("P0416", rule.steps.span, value=steps)
                        self.remember(instance, steps, rule.span)
                    case syntax.Forget():
                        self.remember(instance, 0, rule.span)

    def receiver(self, rule: syntax.Share) -> Agent | None:
        """With two agents a directed rule makes the value common; with more it is refused."""
        if rule.recipient is None:
            return None
        receiver = _agent(self.model, rule.recipient)
        if len(self.model.agents) > 2 and self.directed is None:
            raise SpecError.single(
                "P0406",
                rule.values[0].span,
                agent=receiver,
                count=len(self.model.agents),
                others=[rule.recipient.span],
            )
        return receiver

    def is_own(
        self,
        shared: _Shared,
        receiver: Agent | None,
        rule: syntax.Share,
        bindings: Mapping[str, syntax.Expr],
    ) -> bool:
        """Whether the receiver has the value already: a rule for all agents passes over that."""
        if receiver != shared.owner or rule.recipient is None:
            return False
        names = [b for b in bindings.values() if isinstance(b, syntax.Name)]
        if shared.owner.name not in map(_plain_text, names):
            raise SpecError.single("P0419", rule.recipient.span, agent=receiver)
        return True

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
                for part in occurrences(value, syntax.Name)
                for place, index in enumerate(part.indices)
                if isinstance(index, syntax.Name) and index.name == name
            ]
            calls = any(
                isinstance(argument, syntax.Name) and argument.name == name
                for call in occurrences(value, syntax.Call)
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
        for part in occurrences(value, syntax.Name):
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

    def delay(self, expression: syntax.Expr) -> int:
        """A number of steps; it may depend on the rule's agent, not on what happens or when."""
        before = len(self.bag.diagnostics)
        expect(expression, NUMBER, self.context({}))
        if len(self.bag.diagnostics) > before:
            return 0
        world = make_world(self.model, explore=True)
        evaluate(expression, table_frame(world, 1, zero_columns(), {}))
        if world.read_step:
            raise SpecError.single("P0429", world.read_step[0])
        if footprint_of(world).variables:
            raise SpecError.single("P0106", expression.span, what="a delay")
        world = make_world(self.model)
        column = evaluate(expression, table_frame(world, 1, {}, {}))
        for fault in world.faults:
            raise SpecError.single(fault.code, fault.span, dict(fault.facts))
        plain = column.value.plain
        assert plain is not None
        value = plain.fraction(0)
        if value.denominator != 1:
            raise SpecError.single("P0107", expression.span, what="a delay", value=value)
        return int(value)

    def condition(self, condition: syntax.Expr) -> None:
        expect(condition, BOOL, self.context({}))

    def is_whole(self, value: syntax.Expr) -> tuple[Variable, ...] | None:
        """The variables that an item shares as they are; None for an expression over them."""
        if not isinstance(value, syntax.Name) or value.primed:
            return None
        if value.name in ("observation", "action") or value.name in self.model.scope.families:
            return self.variables(value)
        return None

    def shared(
        self, value: syntax.Expr, rule: syntax.Share, condition: syntax.Expr | None, delay: int
    ) -> _Shared | None:
        """Check an instance of a rule; None if it is about an agent without such variables."""
        whole = self.is_whole(value)
        reads = self.variables(value)
        owners = {variable.agent for variable in reads}
        if len(owners) > 1:
            names = ", ".join(sorted(str(owner) for owner in owners))
            raise SpecError.single("P0407", value.span, agents=names)
        if not owners:
            if whole is not None:
                return None
            raise SpecError.single("P0408", value.span)
        owner = next(iter(owners))
        assert owner is not None
        conditions = () if condition is None else self.variables(condition)
        if condition is not None:
            outside = {v.agent for v in conditions} - owners
            if outside:
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
        return _Shared(
            rule=rule,
            owner=owner,
            value=value,
            whole=whole,
            reads=reads,
            condition=condition,
            conditions=conditions,
            delay=delay,
            action=action,
        )

    def share(self, shared: _Shared) -> None:
        """Release a value to everybody."""
        condition = shared.condition
        closed: syntax.Expr | None = None
        if condition is not None:
            closed = self.closed(condition, action=shared.action)
            for variable in shared.conditions:
                there = _compared(
                    syntax.BinaryOp.NE, self.value(variable, condition.span), condition.span
                )
                closed = _both(there, closed, condition.span)
        if shared.whole is not None:
            for variable in shared.whole:
                self.streams[variable].releases.append(
                    _Release(lag=shared.lag, condition=closed, span=shared.rule.span)
                )
        else:
            for part in self.items_of(inline(shared.value, self.model.scope.defines)):
                # Constant items say nothing; the others are `nothing` together.
                if self.variables(part):
                    self.share_expression(part, shared.lag, closed, shared.action, shared.reads)

    def items_of(self, value: syntax.Expr) -> Iterator[syntax.Expr]:
        """The items of a tuple, which wait in registers of their own; any other value itself."""
        if isinstance(value, syntax.TupleExpr):
            for item in value.items:
                yield from self.items_of(item)
        else:
            yield value

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
        texts: dict[str, None] = {}
        kind = Kind.BOOL
        world = make_world(self.model, explore=True)
        evaluate(value, table_frame(world, 1, zero_columns(), {}))
        # A game draws observations after its last decision, too.
        for step in range(1, self.model.horizon + 2 if world.read_step else 2):
            world = make_world(self.model, step=step)
            column = evaluate(value, table_frame(world, count, columns, {}))
            kind = column.kind
            if kind is Kind.BOOL:
                return syntax.NamedDomain(span=value.span, name="bool")
            for row in range(count):
                text = describe(column.spread(count), row, world.symbols, self.model.agents)
                texts.setdefault(text)
        if kind is Kind.TUPLE or any("/" in text for text in texts):
            raise SpecError.single("P0421", value.span)
        items = [
            number_node(int(text), value.span)
            if kind is Kind.NUMBER
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
