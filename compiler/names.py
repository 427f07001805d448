"""Names: declarations become symbols, families become variables, statements become rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import TypeVar

from posg.grammar import syntax
from posg.grammar.diagnostics import Bag, SpecError
from posg.grammar.source import Span
from posg.grammar.suggest import nearest
from posg.runtime.errors import LimitError

from .domains import constant, domain_of, integer
from .model import (
    BOOLEAN,
    Agent,
    Domain,
    DomainKind,
    Family,
    GameModel,
    Parameter,
    RewardRule,
    Role,
    Rule,
    Scope,
    Symbol,
    Value,
    Variable,
)
from .program import Program

MAX_MEMBERS = 100_000
MAX_AGENTS = 100
MAX_HORIZON = 10_000

Item = TypeVar("Item", bound=syntax.Node)


@dataclass(frozen=True, kw_only=True)
class Overrides:
    """What the command line sets: parameters by name, and the horizon."""

    parameters: Mapping[str, Fraction] = field(default_factory=dict)
    horizon: int | None = None


def resolve(
    program: Program, game: syntax.Game, overrides: Overrides, bag: Bag
) -> GameModel | None:
    """Resolve one game of a program; None if errors were reported.

    Raises
    ------
    LimitError
        P0608, for a horizon that is too long.
    """
    errors_before = _errors(bag)
    resolver = _Resolver(program, game, overrides, bag)
    model = resolver.run()
    return model if _errors(bag) == errors_before else None


def _bounded(horizon: int) -> int:
    """Refuse a horizon with more steps than are worth listing."""
    if horizon > MAX_HORIZON:
        raise LimitError("P0608", horizon=horizon, limit=MAX_HORIZON)
    return horizon


def _errors(bag: Bag) -> int:
    return sum(d.severity.value == "error" for d in bag.diagnostics)


class _Resolver:
    """The tables that grow while the statements of a game are read, in order of dependence."""

    def __init__(self, program: Program, game: syntax.Game, overrides: Overrides, bag: Bag) -> None:
        self.program = program
        self.game = game
        self.overrides = overrides
        self.bag = bag
        self.declared: dict[str, Span] = {}
        self.parameters: dict[str, Parameter] = {}
        self.values: dict[str, Fraction] = {}
        self.domains: dict[str, Domain] = {}
        self.symbols: dict[str, Span] = {}
        self.agents: list[Agent] = []
        self.unknown_agents = False  # after an error in their declaration
        self.agent_families: dict[str, dict[int, Agent]] = {}
        self.families: dict[str, Family] = {}
        self.defines: dict[str, syntax.Define] = {}
        # Names with an error of their own; what would only follow from it is not reported.
        self.excused: set[str] = set()

    # Each stage needs the ones before it.
    def run(self) -> GameModel | None:
        for item in (*self.program.types, *self.game.items):
            match item:
                case syntax.ParamDecl():
                    self.attempt(self.parameter, item)
                case syntax.TypeDecl():
                    self.attempt(self.type, item)
                case syntax.AgentsDecl():
                    self.attempt(self.declare_agents, item)
                case _:
                    pass
        for name in self.overrides.parameters.keys() - self.parameters.keys():
            suggestion = nearest(name, self.parameters)
            self.bag.report("P0118", None, name=name, suggestion=suggestion)
        if not self.agents and not self.unknown_agents:
            self.bag.report("P0117", self.game.name_span, game=self.game.name)
        if not self.agents or self.unknown_agents:
            return None
        for item in self.game.items:
            if isinstance(item, syntax.VariableDecl):
                self.attempt(self.variable, item)
        for item in (*self.program.defines, *self.game.items):
            if isinstance(item, syntax.Define):
                self.claim(item.name, item.name_span)
                self.defines[item.name] = item
                self.define_parameters(item)
        self.clashes()
        scope = Scope(
            agents=tuple(self.agents),
            agent_families=self.agent_families,
            parameters=self.parameters,
            domains=self.domains,
            symbols=self.symbols,
            families=self.families,
            defines=self.defines,
        )
        horizon = self.horizon()
        discount = self.discount()
        initial = [r for item in self.items(syntax.Init) for r in self.rules(item, scope)]
        laws = [r for item in self.items(syntax.Equation) for r in self.rules(item, scope)]
        rewards = [r for item in self.items(syntax.Reward) for r in self.rewards(item, scope)]
        self.complete(initial, laws, rewards)
        if horizon is None:
            return None
        variables = [v for family in self.families.values() for v in family.members.values()]

        def owned(role: Role) -> tuple[tuple[Variable, ...], ...]:
            return tuple(
                tuple(v for v in variables if v.role is role and v.agent == agent)
                for agent in self.agents
            )

        return GameModel(
            name=self.game.name,
            scope=scope,
            horizon=horizon,
            discount=discount,
            states=tuple(v for v in variables if v.role is Role.STATE),
            actions=owned(Role.ACTION),
            observations=owned(Role.OBSERVATION),
            initial=tuple(initial),
            transitions=tuple(r for r in laws if r.targets[0].role is Role.STATE),
            emissions=tuple(r for r in laws if r.targets[0].role is Role.OBSERVATION),
            rewards=tuple(sorted(rewards, key=lambda rule: rule.agent.number)),
            sharings=self.program.sharings,
            span=self.game.name_span,
        )

    def items(self, kind: type[Item]) -> Iterator[Item]:
        return (item for item in self.game.items if isinstance(item, kind))

    def attempt(self, action: Callable[[Item], None], item: Item) -> None:
        try:
            action(item)
        except SpecError as error:
            self.bag.extend(error.bag.diagnostics)
            if isinstance(item, syntax.AgentsDecl):
                self.unknown_agents = True
            if isinstance(item, syntax.TypeDecl):
                self.domains[item.name] = BOOLEAN
            if isinstance(item, syntax.VariableDecl):
                self.excused.add(item.name)

    def claim(self, name: str, span: Span) -> bool:
        if name in self.declared:
            self.bag.report("P0101", span, name=name, others=[self.declared[name]])
            return False
        self.declared[name] = span
        return True

    def parameter(self, item: syntax.ParamDecl) -> None:
        if not self.claim(item.name, item.name_span):
            return
        value = constant(item.value, self.values, what="the value of a parameter")
        place: Span | None = item.value.span
        if item.name in self.overrides.parameters:
            value, place = self.overrides.parameters[item.name], None
        interval: tuple[Fraction, Fraction] | None = None
        choices: tuple[int, ...] | None = None
        match item.range:
            case None:
                pass
            case syntax.Interval():
                low = constant(item.range.low, self.values, what="the low end of a range")
                high = constant(item.range.high, self.values, what="the high end of a range")
                if low > high:
                    raise SpecError.single("P0108", item.range.span, range=f"[{low}, {high}]")
                interval = (low, high)
            case _:
                domain = domain_of(item.range, self.domains, self.values)
                if domain.kind is not DomainKind.INTEGER:
                    raise SpecError.single("P0119", item.range.span, name=item.name)
                choices = tuple(int(str(v)) for v in domain.values)
        parameter = Parameter(
            name=item.name,
            value=value,
            choices=choices,
            interval=interval,
            span=item.name_span,
            range=None if item.range is None else item.range.span,
        )
        self.values[item.name] = value
        self.parameters[item.name] = parameter
        parameter.require(value, place)

    def type(self, item: syntax.TypeDecl) -> None:
        if self.claim(item.name, item.name_span):
            self.domains[item.name] = self.enumerate(item.domain)

    def enumerate(self, domain: syntax.Domain) -> Domain:
        """The domain; its symbols are entered."""
        result = domain_of(domain, self.domains, self.values)
        if isinstance(domain, syntax.SetDomain):
            for item, value in zip(domain.values, result.values, strict=True):
                if isinstance(value, Symbol):
                    self.symbols.setdefault(value.name, item.span)
        return result

    def declare_agents(self, item: syntax.AgentsDecl) -> None:
        for group in item.groups:
            if not self.claim(group.name, group.span):
                continue
            low = high = 1
            if group.low is not None and group.high is not None:
                low = integer(group.low, self.values, what="the first agent's number")
                high = integer(group.high, self.values, what="the last agent's number")
            if low > high:
                raise SpecError.single("P0108", group.span, range=f"{low}..{high}")
            count = len(self.agents) + high - low + 1
            if count > MAX_AGENTS:
                raise SpecError.single("P0130", group.span, count=count, limit=MAX_AGENTS)
            if group.low is None:
                self.agents.append(Agent(len(self.agents), group.name))
                continue
            members = {
                k: Agent(len(self.agents) + k - low, f"{group.name}[{k}]")
                for k in range(low, high + 1)
            }
            self.agent_families[group.name] = members
            self.agents.extend(members.values())

    def variable(self, item: syntax.VariableDecl) -> None:
        role = Role.of(item.kind)
        if role is not Role.STATE and not item.indices:
            raise SpecError.single("P0120", item.name_span, name=item.name, kind=item.kind.value)
        domain = self.enumerate(item.domain)
        axes = [
            self.axis(index, item, first=place == 0) for place, index in enumerate(item.indices)
        ]
        keys = list(product(*axes))
        if len(keys) > MAX_MEMBERS:
            raise SpecError.single("P0610", item.span, size=len(keys), limit=MAX_MEMBERS)
        members: dict[tuple[Value, ...], Variable] = {}
        for key in keys:
            agent = key[0] if role is not Role.STATE else None
            assert agent is None or isinstance(agent, Agent)
            members[key] = Variable(role, item.name, key, domain, agent, item.name_span)
        old = self.families.get(item.name)
        if old is None:
            if self.claim(item.name, item.name_span):
                self.families[item.name] = Family(role, item.name, members, item.name_span)
            return
        if old.role is not role or old.arity != len(axes) or old.members.keys() & members.keys():
            raise SpecError.single("P0101", item.name_span, name=item.name, others=[old.span])
        merged = {**old.members, **members}
        self.families[item.name] = Family(role, item.name, merged, old.span)

    def axis(
        self, index: syntax.Index, item: syntax.VariableDecl, *, first: bool
    ) -> Sequence[Value]:
        """Values of one index of a declaration."""
        owner = first and item.kind is not syntax.VariableKind.STATE
        if isinstance(index, syntax.IndexBinder):
            if owner:
                raise SpecError.single("P0120", index.span, name=item.name, kind=item.kind.value)
            return self.enumerate(index.domain).values
        value = index.value
        if self.is_free(value):
            if not owner and any(
                isinstance(other, syntax.IndexValue) and other is not index
                for other in item.indices[:1]
            ):
                raise SpecError.single("P0115", index.span, name=item.name, index=index.span.text)
            return self.agents
        found = self.index_value(value)
        if owner and not isinstance(found, Agent):
            raise SpecError.single("P0120", index.span, name=item.name, kind=item.kind.value)
        return (found,)

    def is_free(self, expression: syntax.Expr) -> bool:
        """Whether an index on the left is a name without a meaning of its own."""
        return (
            isinstance(expression, syntax.Name)
            and not expression.indices
            and not expression.primed
            and expression.name not in self.declared
            and expression.name not in self.symbols
        )

    def index_value(self, expression: syntax.Expr) -> Value:
        """A constant index."""
        match expression:
            case syntax.Boolean():
                return expression.value
            case syntax.Name() if expression.name in self.agent_families and expression.indices:
                number = integer(expression.indices[0], self.values, what="an agent's number")
                members = self.agent_families[expression.name]
                if number not in members:
                    raise SpecError.single("P0105", expression.span, name=expression.span.text)
                return members[number]
            case syntax.Name() if not expression.indices:
                for agent in self.agents:
                    if agent.name == expression.name:
                        return agent
                if expression.name in self.symbols:
                    return Symbol(expression.name)
            case _:
                pass
        return integer(expression, self.values, what="an index")

    def define_parameters(self, item: syntax.Define) -> None:
        names = item.parameters or ()
        for name in {name for name in names if names.count(name) > 1}:
            self.bag.report("P0101", item.name_span, name=name)

    def clashes(self) -> None:
        """A value of an enumeration must not have the name of something else."""
        for name, span in self.symbols.items():
            if name in self.declared:
                self.bag.report("P0111", span, name=name, others=[self.declared[name]])

    def horizon(self) -> int | None:
        items = list(self.items(syntax.HorizonDecl))
        for extra in items[1:]:
            self.bag.report("P0101", extra.span, name="horizon", others=[items[0].span])
        if self.overrides.horizon is not None:
            return _bounded(self.overrides.horizon)
        if not items:
            self.bag.report("P0116", self.game.name_span, game=self.game.name)
            return None
        try:
            value = integer(items[0].value, self.values, what="the horizon")
        except SpecError as error:
            self.bag.extend(error.bag.diagnostics)
            return None
        if value < 1:
            self.bag.report("P0121", items[0].value.span, value=value)
            return None
        return _bounded(value)

    def discount(self) -> Fraction:
        items = list(self.items(syntax.DiscountDecl))
        for extra in items[1:]:
            self.bag.report("P0101", extra.span, name="discount", others=[items[0].span])
        if not items:
            return Fraction(1)
        try:
            value = constant(items[0].value, self.values, what="the discount")
        except SpecError as error:
            self.bag.extend(error.bag.diagnostics)
            return Fraction(1)
        if not 0 < value <= 1:
            self.bag.report("P0122", items[0].value.span, value=value)
        return value

    def rules(self, item: syntax.Init | syntax.Equation, scope: Scope) -> list[Rule]:
        """Instances of a statement, one for each value of its free indices."""
        found = self.instances(item, scope)
        if found is None:
            self.excused.update(target.name for target in item.targets)
        return found or []

    def instances(self, item: syntax.Init | syntax.Equation, scope: Scope) -> list[Rule] | None:
        initial = isinstance(item, syntax.Init)
        try:
            matches: list[tuple[tuple[Variable, ...], dict[str, Value]]] = [((), {})]
            for target in item.targets:
                matches = [
                    ((*chosen, variable), {**bindings, **more})
                    for chosen, bindings in matches
                    for variable, more in self.members(target, bindings, scope)
                ]
        except SpecError as error:
            self.bag.extend(error.bag.diagnostics)
            return None
        result: list[Rule] = []
        for targets, bindings in matches:
            roles = {target.role for target in targets}
            if Role.ACTION in roles:
                self.bag.report("P0123", item.span, name=targets[0].label)
                return None
            if len(roles) > 1 and not initial:
                self.bag.report("P0124", item.span)
                return None
            if len(set(targets)) < len(targets):
                self.bag.report("P0101", item.span, name=targets[0].label)
                return None
            result.append(
                Rule(
                    targets=targets,
                    value=item.value,
                    random=item.random,
                    bindings=bindings,
                    span=item.span,
                )
            )
        return result

    def members(
        self, target: syntax.Name, bindings: Mapping[str, Value], scope: Scope
    ) -> list[tuple[Variable, dict[str, Value]]]:
        family = self.families.get(target.name)
        if family is None and target.name in self.excused:
            return []
        if family is None:
            declared = self.declared.get(target.name)
            code = "P0102" if declared is None else "P0125"
            raise SpecError.single(
                code,
                target.name_span,
                name=target.name,
                suggestion=nearest(target.name, self.families),
                others=[] if declared is None else [declared],
            )
        if family.arity != len(target.indices):
            raise SpecError.single(
                "P0112",
                target.span,
                name=target.name,
                expected=family.arity,
                found=len(target.indices),
                others=[family.span],
            )
        found: list[tuple[Variable, dict[str, Value]]] = []
        for key, variable in family.members.items():
            more: dict[str, Value] = {}
            for index, value in zip(target.indices, key, strict=True):
                if self.is_free(index):
                    assert isinstance(index, syntax.Name)
                    known = {**bindings, **more}.get(index.name, value)
                    more[index.name] = value
                else:
                    known = self.index_value(index)
                if known != value or type(known) is not type(value):
                    break
            else:
                found.append((variable, more))
        if not found and not bindings:
            raise SpecError.single("P0105", target.span, name=target.span.text)
        return found

    def rewards(self, item: syntax.Reward, scope: Scope) -> list[RewardRule]:
        try:
            if item.index is None:
                chosen: list[tuple[Agent, dict[str, Value]]] = [(a, {}) for a in self.agents]
            elif self.is_free(item.index):
                assert isinstance(item.index, syntax.Name)
                chosen = [(a, {item.index.name: a}) for a in self.agents]
            else:
                value = self.index_value(item.index)
                if not isinstance(value, Agent):
                    raise SpecError.single("P0105", item.index.span, name=item.index.span.text)
                chosen = [(value, {})]
        except SpecError as error:
            self.bag.extend(error.bag.diagnostics)
            return []
        return [
            RewardRule(agent=agent, value=item.value, bindings=bindings, span=item.span)
            for agent, bindings in chosen
        ]

    def complete(
        self, initial: Sequence[Rule], laws: Sequence[Rule], rewards: Sequence[RewardRule]
    ) -> None:
        """Every variable has its laws, and each of them once."""
        for rules, what in ((initial, "initial"), (laws, "next")):
            seen: dict[Variable, Rule] = {}
            for rule in rules:
                for target in rule.targets:
                    if target in seen:
                        others = [seen[target].span]
                        self.bag.report(
                            "P0113", rule.span, name=target.label, what=what, others=others
                        )
                    seen[target] = rule
            for family in self.families.values():
                for variable in family.members.values():
                    needed = variable.role is Role.STATE or (
                        variable.role is Role.OBSERVATION and what == "next"
                    )
                    if needed and variable not in seen and family.name not in self.excused:
                        code = "P0114" if what == "next" else "P0126"
                        self.bag.report(code, variable.span, name=variable.label)
        paid: dict[Agent, RewardRule] = {}
        for reward in rewards:
            if reward.agent in paid:
                others = [paid[reward.agent].span]
                self.bag.report("P0127", reward.span, agent=reward.agent, others=others)
            paid[reward.agent] = reward
        missing = [agent.name for agent in self.agents if agent not in paid]
        if missing and not any(True for _ in self.items(syntax.Reward)):
            self.bag.report("P0128", self.game.name_span, agents=", ".join(missing))
        elif missing:
            self.bag.report("P0129", self.game.name_span, agents=", ".join(missing))
