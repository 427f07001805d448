"""Rules of sharing structures, read: which values of whom, when, under which condition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from posg.grammar import syntax
from posg.grammar.diagnostics import Bag, SpecError
from posg.grammar.node import Record

from .evaluate import evaluate, table_frame
from .laws import footprint_of, make_world, zero_columns
from .model import Agent, Family, GameModel, Role, Value, Variable
from .rewrite import (
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


class Shared(Record):
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


class RuleReader:
    """Finds the instances of rules for each value of their free indices, and checks them."""

    def __init__(self, model: GameModel, bag: Bag) -> None:
        self.model = model
        self.bag = bag

    def context(self, local: Mapping[str, Type]) -> Context:
        """What the type checker knows in a rule."""
        return Context(
            scope=self.model.scope,
            place=Place.SHARE,
            bag=self.bag,
            local=local,
            observations=self.model.observations,
            actions=self.model.actions,
        )

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
                else plain_text(part_index)
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
        """Check the type of a rule's condition."""
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
    ) -> Shared | None:
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
        return Shared(
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


def plain_text(node: syntax.Name | syntax.Number | syntax.Boolean) -> str:
    """A constant index, or a name with such indices, as labels write it."""
    match node:
        case syntax.Number():
            return node.text
        case syntax.Boolean():
            return str(node.value).lower()
        case syntax.Name():
            inner = ", ".join(
                plain_text(i) for i in node.indices if isinstance(i, syntax.Name | syntax.Number)
            )
            return f"{node.name}[{inner}]" if inner else node.name
