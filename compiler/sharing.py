"""Sharing structures: applying one to a game, and translating its rules into registers, χ and ξ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from posg.grammar import syntax
from posg.grammar.diagnostics import Bag, SpecError
from posg.grammar.node import Record
from posg.grammar.source import Span
from posg.grammar.suggest import nearest

from .domains import domain_of, integer
from .model import Agent, Domain, GameModel, Role, Variable
from .rewrite import (
    agent_node,
    inline,
    name_node,
    number_node,
    substitute,
    value_node,
)
from .sharing_rules import RuleReader, Shared, plain_text
from .shift_registers import RegisterWriter, Release, Stream, both, compared, image


class Applied(Record):
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


class Directed(Record):
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


class SplitRules(Record):
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
        from posg.runtime.sharing_structures import STRUCTURES

        installed = STRUCTURES.names()
        if call.name in installed:
            raise SpecError.single("P0438", call.name_span, name=call.name)
        suggestion = nearest(call.name, (*model.sharings, *installed))
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
    text = plain_text(value) if isinstance(value, syntax.Name) else value.span.text
    for agent in model.agents:
        if agent.name == text:
            return agent
    names = [agent.name for agent in model.agents]
    raise SpecError.single("P0818", value.span, name=text, suggestion=nearest(text, names))


class _Translator:
    """Enters the rules of a structure, one after the other, and has their registers written."""

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
            variable: Stream(variable=variable)
            for group in (*model.observations, *model.actions)
            for variable in group
        }
        taken = {*model.scope.families, *model.scope.parameters, *model.scope.defines}
        taken |= {*model.scope.symbols, *model.scope.agent_names, *model.scope.agent_families}
        taken |= {item.name for item in sharing.items if isinstance(item, syntax.Memory)}
        self.reader = RuleReader(model, bag)
        self.writer = RegisterWriter(model, taken, sharing.name_span)
        # What rules send to one agent, if that is wanted rather than refused.
        self.directed: list[tuple[Agent, Shared]] | None = None

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
        for rule in rules:
            self.rule(substitute(rule, self.arguments))
        if not core or rules:
            for stream in self.streams.values():
                self.writer.translate(stream)
        return syntax.Sharing(
            span=self.sharing.span,
            name=self.sharing.name,
            parameters=(),
            items=(*core, *self.writer.items),
            name_span=self.sharing.name_span,
        )

    def split(self) -> SplitRules | None:
        """Enter the rules, and keep the directed ones apart."""
        collected = self.directed = list[tuple[Agent, Shared]]()
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
            self.writer.translate(stream)
        if self.bag.has_errors:
            return None
        common = {
            variable: min(lags) + (variable.role is Role.ACTION)
            for variable, stream in self.streams.items()
            if (lags := [r.lag for r in stream.releases if r.condition is None])
        }
        return SplitRules(sharing=self.sharing, directed=tuple(directed), rest=rest, common=common)

    def parts(self, receiver: Agent, shared: Shared) -> Iterator[Directed]:
        """One value for each variable that a rule sends as it is, else the expression's."""
        for variable in shared.whole or (None,):
            value = shared.value
            if variable is None:
                domain = domain_of(image(self.model, value, shared.reads), {}, {})
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

    def rule(self, rule: syntax.Share | syntax.Keep | syntax.Forget) -> None:
        """Enter one rule, for each value of its free indices."""
        receiver = self.receiver(rule) if isinstance(rule, syntax.Share) else None
        for value in rule.values:
            for instance, bindings in self.reader.instances(value):
                match rule:
                    case syntax.Share():
                        condition = rule.condition
                        if condition is not None:
                            condition = substitute(condition, bindings)
                            self.reader.condition(condition)
                        if not self.bag.has_errors:
                            delay = self.reader.delay(substitute(rule.delay, bindings))
                            shared = self.reader.shared(instance, rule, condition, delay)
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
        shared: Shared,
        receiver: Agent | None,
        rule: syntax.Share,
        bindings: Mapping[str, syntax.Expr],
    ) -> bool:
        """Whether the receiver has the value already: a rule for all agents passes over that."""
        if receiver != shared.owner or rule.recipient is None:
            return False
        names = [b for b in bindings.values() if isinstance(b, syntax.Name)]
        if shared.owner.name not in map(plain_text, names):
            raise SpecError.single("P0419", rule.recipient.span, agent=receiver)
        return True

    def share(self, shared: Shared) -> None:
        """Release a value to everybody."""
        condition = shared.condition
        closed: syntax.Expr | None = None
        if condition is not None:
            closed = self.reader.closed(condition, action=shared.action)
            for variable in shared.conditions:
                there = compared(
                    syntax.BinaryOp.NE, self.writer.value(variable, condition.span), condition.span
                )
                closed = both(there, closed, condition.span)
        if shared.whole is not None:
            for variable in shared.whole:
                self.streams[variable].releases.append(
                    Release(lag=shared.lag, condition=closed, span=shared.rule.span)
                )
        else:
            for part in self.reader.items_of(inline(shared.value, self.model.scope.defines)):
                # Constant items say nothing; the others are `nothing` together.
                if self.reader.variables(part):
                    self.writer.share_expression(
                        part,
                        self.reader.closed(part, action=shared.action),
                        shared.lag,
                        closed,
                        shared.reads,
                    )

    def remember(self, value: syntax.Expr, steps: int, span: Span) -> None:
        whole = self.reader.is_whole(value)
        if whole is None:
            raise SpecError.single("P0415", value.span)
        for variable in whole:
            stream = self.streams[variable]
            if stream.memory_span is not None:
                raise SpecError.single(
                    "P0418", span, name=variable.label, others=[stream.memory_span]
                )
            stream.memory, stream.memory_span = steps, span
