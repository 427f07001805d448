"""The core form, resolved: each agent's registers with their updates, and what χ releases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product

from posg.grammar import syntax
from posg.grammar.diagnostics import Bag, SpecError
from posg.grammar.source import Span
from posg.grammar.suggest import nearest

from .domains import domain_of
from .evaluate import evaluate, table_frame
from .laws import Footprint, footprint_of, make_world, zero_columns
from .model import (
    Agent,
    Domain,
    Family,
    GameModel,
    Role,
    Scope,
    Symbol,
    Value,
    Variable,
    tuple_domain,
)
from .rewrite import agent_node, free_names, index_names, rewrite, substitute
from .sharing import Applied
from .types import Context, Place, check_assignment, infer, value_type


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A register and its update ξ."""

    variable: Variable
    update: syntax.Expr
    bindings: Mapping[str, Value]
    footprint: Footprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One part of the increment: an instance of an expression of ``chi``.

    ``agents`` are the numbers of the agents whose values it reads.
    """

    value: syntax.Expr
    bindings: Mapping[str, Value]
    footprint: Footprint
    agents: tuple[int, ...]

    @property
    def text(self) -> str:
        """The expression with its indices filled in."""
        from posg.grammar.printer import print_expression

        nodes = {
            name: agent_node(agent, self.value.span)
            for name, agent in self.bindings.items()
            if isinstance(agent, Agent)
        }
        return print_expression(substitute(self.value, nodes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """An information structure before tabulation.

    ``scope`` is the game's with the registers added; ``registers[i]`` are agent i's.
    """

    applied: Applied
    scope: Scope
    registers: tuple[tuple[Register, ...], ...]
    components: tuple[Component, ...]

    @property
    def reads_step(self) -> bool:
        """Whether χ or ξ depends on the step."""
        prints = [register.footprint for group in self.registers for register in group]
        prints += [component.footprint for component in self.components]
        return any(footprint.reads_step for footprint in prints)


def resolve_core(model: GameModel, applied: Applied, bag: Bag) -> Core | None:
    """Resolve registers, type-check χ and ξ, and check Assumption 1; None if errors were found."""
    errors = sum(1 for d in bag.diagnostics if d.severity.value == "error")
    try:
        core = _Resolver(model, applied, bag).run()
    except SpecError as error:
        bag.extend(error.bag.diagnostics)
        return None
    after = sum(1 for d in bag.diagnostics if d.severity.value == "error")
    return core if after == errors else None


class _Resolver:
    def __init__(self, model: GameModel, applied: Applied, bag: Bag) -> None:
        self.model = model
        self.applied = applied
        self.bag = bag
        self.families: dict[str, Family] = {}

    def run(self) -> Core | None:
        items = self.applied.core.items
        for item in items:
            if isinstance(item, syntax.Memory):
                self.declare(item)
        base = self.model.scope
        scope = replace(base, families={**base.families, **self.families})
        extended = replace(self.model, scope=scope)
        written: dict[Variable, tuple[syntax.Xi, Mapping[str, Value]]] = {}
        for item in items:
            if isinstance(item, syntax.Xi):
                self.xi(item, written)
        registers: list[list[Register]] = [[] for _ in self.model.agents]
        for family in self.families.values():
            for variable in family.members.values():
                if variable not in written:
                    self.bag.report("P0413", variable.span, name=variable.label)
                    continue
                item, bindings = written[variable]
                if not self.typed(item.value, scope, bindings, Place.XI, (variable,)):
                    continue
                footprint = self.explore(extended, item.value, bindings)
                assert variable.agent is not None
                self.own_values(variable.agent, footprint, item)
                registers[variable.agent.number].append(
                    Register(
                        variable=variable,
                        update=item.value,
                        bindings=bindings,
                        footprint=footprint,
                    )
                )
        components: list[Component] = []
        for item in items:
            if isinstance(item, syntax.Chi):
                for value in item.values:
                    components.extend(self.chi(value, scope, extended))
        return Core(
            applied=self.applied,
            scope=scope,
            registers=tuple(tuple(group) for group in registers),
            components=tuple(components),
        )

    def declare(self, item: syntax.Memory) -> None:
        """Registers of one ``memory`` statement."""
        if not item.indices:
            raise SpecError.single("P0423", item.name_span, name=item.name)
        scope = self.model.scope
        values = {name: parameter.value for name, parameter in scope.parameters.items()}
        axes: list[tuple[Value, ...]] = []
        names: list[str | None] = []
        for place, index in enumerate(item.indices):
            if isinstance(index, syntax.IndexBinder):
                if place == 0:
                    raise SpecError.single("P0423", index.span, name=item.name)
                axes.append(domain_of(index.domain, scope.domains, values).values)
                names.append(index.name)
            elif self.is_free(index.value):
                axes.append(tuple(self.model.agents))
                assert isinstance(index.value, syntax.Name)
                names.append(index.value.name)
            else:
                axes.append((self.constant(index.value),))
                names.append(None)
        members: dict[tuple[Value, ...], Variable] = {}
        for key in product(*axes):
            agent = key[0]
            if not isinstance(agent, Agent):
                raise SpecError.single("P0423", item.name_span, name=item.name)
            bound = {n: v for n, v in zip(names, key, strict=True) if n is not None}
            domain = self.domain(item.domain, agent, bound)
            members[key] = Variable(Role.REGISTER, item.name, key, domain, agent, item.name_span)
        known = {**scope.families, **self.families}
        old = known.get(item.name)
        if old is not None and (
            old.role is not Role.REGISTER or old.members.keys() & members.keys()
        ):
            raise SpecError.single("P0101", item.name_span, name=item.name, others=[old.span])
        merged = {**(old.members if old is not None else {}), **members}
        self.families[item.name] = Family(Role.REGISTER, item.name, merged, item.name_span)

    def domain(self, domain: syntax.Domain, agent: Agent, bound: Mapping[str, Value]) -> Domain:
        """A register's domain; ``observation[i]`` and variables stand for their own domains."""
        scope = self.model.scope
        values = {name: parameter.value for name, parameter in scope.parameters.items()}
        if not isinstance(domain, syntax.NamedDomain) or not domain.indices:
            return domain_of(domain, scope.domains, values)
        if domain.name in ("observation", "action"):
            groups = self.model.observations if domain.name == "observation" else self.model.actions
            group = groups[agent.number]
            return group[0].domain if len(group) == 1 else tuple_domain([v.domain for v in group])
        family = scope.families.get(domain.name)
        if family is None:
            suggestion = nearest(domain.name, scope.families)
            raise SpecError.single("P0102", domain.span, name=domain.name, suggestion=suggestion)
        key = tuple(
            bound[index.name]
            if isinstance(index, syntax.Name) and index.name in bound
            else self.constant(index)
            for index in domain.indices
        )
        if key not in family.members:
            raise SpecError.single("P0105", domain.span, name=domain.span.text)
        return family.members[key].domain

    def is_free(self, expression: syntax.Expr) -> bool:
        scope = self.model.scope
        return (
            isinstance(expression, syntax.Name)
            and not expression.indices
            and expression.name not in scope.agent_names
            and expression.name not in scope.symbols
            and expression.name not in scope.parameters
        )

    def constant(self, expression: syntax.Expr) -> Value:
        """A constant index: an agent, a number, a name or a truth value."""
        scope = self.model.scope
        match expression:
            case syntax.Boolean():
                return expression.value
            case syntax.Number() if expression.value.denominator == 1:
                return int(expression.value)
            case syntax.Name() if expression.name in scope.agent_names:
                return scope.agent_names[expression.name]
            case syntax.Name() if expression.name in scope.agent_families and expression.indices:
                number = self.constant(expression.indices[0])
                members = scope.agent_families[expression.name]
                if isinstance(number, int) and number in members:
                    return members[number]
            case syntax.Name() if expression.name in scope.symbols:
                return Symbol(expression.name)
            case syntax.Name() if expression.name in scope.parameters:
                value = scope.parameters[expression.name].value
                if value.denominator == 1:
                    return int(value)
            case _:
                pass
        raise SpecError.single("P0105", expression.span, name=expression.span.text)

    def xi(
        self,
        item: syntax.Xi,
        written: dict[Variable, tuple[syntax.Xi, Mapping[str, Value]]],
    ) -> None:
        family = self.families.get(item.target.name)
        if family is None or len(item.target.indices) != family.arity:
            raise SpecError.single(
                "P0422",
                item.target.span,
                name=item.target.name,
                suggestion=nearest(item.target.name, self.families),
            )
        found = False
        for key, variable in family.members.items():
            bindings: dict[str, Value] = {}
            for index, value in zip(item.target.indices, key, strict=True):
                if self.is_free(index):
                    assert isinstance(index, syntax.Name)
                    if bindings.setdefault(index.name, value) != value:
                        break
                elif self.constant(index) != value:
                    break
            else:
                found = True
                if variable in written:
                    others = [written[variable][0].span]
                    self.bag.report("P0414", item.span, name=variable.label, others=others)
                written[variable] = (item, bindings)
        if not found:
            raise SpecError.single("P0105", item.target.span, name=item.target.span.text)

    def typed(
        self,
        value: syntax.Expr,
        scope: Scope,
        bindings: Mapping[str, Value],
        place: Place,
        targets: tuple[Variable, ...],
    ) -> bool:
        """Type-check an expression of χ or ξ."""
        # A bag of its own: the same mistake for another agent is no news, but still a mistake.
        bag = Bag()
        agents = {n: v for n, v in bindings.items() if isinstance(v, Agent)}
        value = substitute(value, {n: agent_node(a, value.span) for n, a in agents.items()})
        context = Context(
            scope=scope,
            place=place,
            bag=bag,
            local={n: value_type(v) for n, v in bindings.items() if n not in agents},
            observations=self.model.observations,
            actions=self.model.actions,
        )
        if targets:
            check_assignment(value, targets, context, random=False, optional=True)
        elif infer(value, context).random:
            bag.report("P0206", value.span)
        self.bag.extend(bag.diagnostics)
        return not bag.has_errors

    def explore(
        self, model: GameModel, value: syntax.Expr, bindings: Mapping[str, Value]
    ) -> Footprint:
        world = make_world(model, explore=True)
        evaluate(value, table_frame(world, 1, zero_columns(), bindings))
        return footprint_of(world)

    def own_values(self, agent: Agent, footprint: Footprint, item: syntax.Xi) -> None:
        """Equation (2.2): ξ_i reads only agent i's register, action and observation."""
        for variable, _ in footprint.variables:
            if variable.agent != agent:
                self.bag.report(
                    "P0412",
                    _place_of(item.value, variable) or item.value.span,
                    agent=agent,
                    other=variable.agent,
                    read=variable.label,
                )

    def chi(self, value: syntax.Expr, scope: Scope, extended: GameModel) -> list[Component]:
        """Instances of one expression of ``chi`` over its free indices."""
        known = {*scope.families, *scope.parameters, *scope.defines, *scope.symbols}
        known |= {*scope.agent_names, *scope.agent_families, "observation", "action", "reward"}
        free = sorted((free_names(value) & index_names(value)) - known)
        found: list[Component] = []
        for choice in product(*([self.model.agents] * len(free))):
            bindings: dict[str, Value] = dict(zip(free, choice, strict=True))
            if free and not self.exists(value, scope, bindings):
                continue
            if not self.typed(value, scope, bindings, Place.CHI, ()):
                return found
            footprint = self.explore(extended, value, bindings)
            agents = sorted({v.agent.number for v, _ in footprint.variables if v.agent})
            if agents:
                found.append(
                    Component(
                        value=value,
                        bindings=bindings,
                        footprint=footprint,
                        agents=tuple(agents),
                    )
                )
        return found

    def exists(self, value: syntax.Expr, scope: Scope, bindings: Mapping[str, Value]) -> bool:
        """Whether the members that an instance reads exist for these agents."""
        if isinstance(value, syntax.Name) and value.name in scope.families and value.indices:
            first = value.indices[0]
            if isinstance(first, syntax.Name) and first.name in bindings:
                keys = scope.families[value.name].members
                return any(key[0] == bindings[first.name] for key in keys)
        return True


def _place_of(value: syntax.Expr, variable: Variable) -> Span | None:
    """Where an expression reads a variable."""
    found: list[Span] = []

    def look(part: syntax.Node) -> syntax.Node | None:
        kinds = (variable.family, variable.role.value)
        if isinstance(part, syntax.Name) and part.name in kinds:
            agent = part.indices[0] if part.indices else None
            text = agent.span.text.replace(" ", "") if agent is not None else ""
            if variable.agent is not None and text == variable.agent.name:
                found.insert(0, part.span)
            else:
                found.append(part.span)
        return None

    rewrite(value, look)
    return found[0] if found else None
