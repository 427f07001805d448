"""The checked game: agents, parameters, domains, variables and rules with everything resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from functools import cached_property
from itertools import product
from math import prod

from posg.grammar.diagnostics import SpecError
from posg.grammar.node import Record
from posg.grammar.source import Span
from posg.grammar.syntax import Define, Expr, Sharing, VariableKind


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent as a value; ``number`` is its place in the order of declaration, from 0."""

    number: int
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Symbol:
    """A value of an enumeration; two enumerations share the values that have the same name."""

    name: str

    def __str__(self) -> str:
        return self.name


Value = bool | int | Symbol | Agent


def value_text(value: Value) -> str:
    """The value as it is written in a spec."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class DomainKind(Enum):
    """Kinds of finite sets."""

    BOOL = "bool"
    INTEGER = "integer"
    SYMBOL = "symbol"
    TUPLE = "tuple"


@dataclass(frozen=True)
class Domain:
    """A finite set of values of one kind, in order; a value's code is its place.

    The tuples of a ``TUPLE`` domain (only registers have one) are not listed: ``parts`` are the
    domains of their items, any of which may be ``nothing``. The code of a tuple has one digit for
    each item, 0 for ``nothing`` and else one more than the item's code, the last digit fastest.
    """

    kind: DomainKind
    values: tuple[Value, ...] = ()
    parts: tuple[Domain, ...] = ()

    def __len__(self) -> int:
        return prod(self.radices) if self.kind is DomainKind.TUPLE else len(self.values)

    @property
    def radices(self) -> tuple[int, ...]:
        """How many values each digit of a tuple's code has."""
        return tuple(len(part) + 1 for part in self.parts)

    def text(self, code: int) -> str:
        """Write the value of a code; -1 is ``nothing``."""
        if code < 0:
            return "nothing"
        if self.kind is not DomainKind.TUPLE:
            return value_text(self.values[code])
        texts: list[str] = []
        for part in reversed(self.parts):
            code, digit = divmod(code, len(part) + 1)
            texts.append(part.text(digit - 1))
        return f"({', '.join(reversed(texts))})"

    @cached_property
    def codes(self) -> Mapping[Value, int]:
        """Code of each value."""
        return {value: code for code, value in enumerate(self.values)}

    def __str__(self) -> str:
        if self.kind is DomainKind.BOOL:
            return "bool"
        if self.kind is DomainKind.TUPLE:
            return f"({', '.join(map(str, self.parts))})"
        if self.kind is DomainKind.INTEGER:
            integers = [
                int(value) for value in self.values if not isinstance(value, Symbol | Agent)
            ]
            if integers == list(range(integers[0], integers[0] + len(integers))):
                return f"{integers[0]}..{integers[-1]}"
        return "{ " + ", ".join(value_text(value) for value in self.values) + " }"


BOOLEAN = Domain(DomainKind.BOOL, (False, True))


def tuple_domain(parts: Sequence[Domain]) -> Domain:
    """All tuples of values of the given domains."""
    return Domain(DomainKind.TUPLE, parts=tuple(parts))


class Role(Enum):
    """Where a variable lives."""

    STATE = "state"
    ACTION = "action"
    OBSERVATION = "observation"
    REGISTER = "register"

    @classmethod
    def of(cls, kind: VariableKind) -> Role:
        """The role that a declaration's keyword gives."""
        return cls(kind.value)


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """One variable: a family's member if the family has indices. Compared by identity.

    ``agent`` owns it (None for state variables). A register may hold ``nothing``, coded -1.
    """

    role: Role
    family: str
    key: tuple[Value, ...]
    domain: Domain
    agent: Agent | None
    span: Span = field(repr=False)

    @property
    def label(self) -> str:
        """``tiger``, ``hear[alice]``."""
        if not self.key:
            return self.family
        return f"{self.family}[{', '.join(value_text(value) for value in self.key)}]"


@dataclass(frozen=True, slots=True)
class Family:
    """All variables declared under one name."""

    role: Role
    name: str
    members: Mapping[tuple[Value, ...], Variable]
    span: Span = field(repr=False)

    @property
    def arity(self) -> int:
        """Number of indices."""
        return len(next(iter(self.members), ()))


class Parameter(Record):
    """A named constant.

    ``choices`` lists the values of an integer parameter with a range; ``interval`` is the range of
    a real one, and ``range`` is where they are written. All are None for a constant without one.
    """

    name: str
    value: Fraction
    choices: tuple[int, ...] | None
    interval: tuple[Fraction, Fraction] | None
    span: Span
    range: Span | None

    def require(self, value: Fraction, place: Span | None) -> None:
        """Refuse a value, written at ``place``, outside the range.

        Raises
        ------
        SpecError
            P0104.
        """
        inside = self.interval is None or self.interval[0] <= value <= self.interval[1]
        if self.range is None or (inside and (self.choices is None or value in self.choices)):
            return
        raise SpecError.single(
            "P0104", place, name=self.name, value=value, range=self.range.text, others=[self.range]
        )


class Rule(Record):
    """A law of one or several variables: an instance of ``init``, a transition or an observation.

    ``bindings`` gives the free indices of the statement their values.
    """

    targets: tuple[Variable, ...]
    value: Expr
    random: bool
    bindings: Mapping[str, Value]
    span: Span

    @property
    def label(self) -> str:
        """The targets, as they are named in messages."""
        names = [target.label for target in self.targets]
        return names[0] if len(names) == 1 else "(" + ", ".join(names) + ")"


class RewardRule(Record):
    """The reward of one agent."""

    agent: Agent
    value: Expr
    bindings: Mapping[str, Value]
    span: Span


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Everything a name in an expression may mean, besides bound indices."""

    agents: tuple[Agent, ...]
    agent_families: Mapping[str, Mapping[int, Agent]]
    parameters: Mapping[str, Parameter]
    domains: Mapping[str, Domain]
    symbols: Mapping[str, Span]
    families: Mapping[str, Family]
    defines: Mapping[str, Define]

    @cached_property
    def agent_names(self) -> Mapping[str, Agent]:
        """Agents that are named by one word."""
        return {agent.name: agent for agent in self.agents if "[" not in agent.name}


@dataclass(frozen=True, kw_only=True)
class GameModel:
    """A game whose names are resolved and whose families are instantiated.

    ``rules`` maps each state and observation variable to its law after a decision; ``initial``
    each state variable, and the observation variables that have one, to its law at step 1.
    """

    name: str
    scope: Scope
    horizon: int
    discount: Fraction
    states: tuple[Variable, ...]
    actions: tuple[tuple[Variable, ...], ...]
    observations: tuple[tuple[Variable, ...], ...]
    initial: tuple[Rule, ...]
    transitions: tuple[Rule, ...]
    emissions: tuple[Rule, ...]
    rewards: tuple[RewardRule, ...]
    sharings: Mapping[str, Sharing]
    span: Span = field(repr=False)

    @property
    def agents(self) -> tuple[Agent, ...]:
        """The agents in order."""
        return self.scope.agents

    @cached_property
    def initially_observed(self) -> frozenset[Variable]:
        """Observation variables that have a value before the first decision."""
        return frozenset(
            target
            for rule in self.initial
            for target in rule.targets
            if target.role is Role.OBSERVATION
        )


def joint_values(variables: tuple[Variable, ...]) -> tuple[tuple[Value, ...], ...]:
    """All joint values of some variables, the last variable fastest; one empty one for none."""
    return tuple(product(*(variable.domain.values for variable in variables)))


def joint_label(variables: tuple[Variable, ...], values: tuple[Value, ...]) -> str:
    """``listen`` for one variable, ``x=1, y=2`` for several, ``nothing`` for none."""
    if not variables:
        return "nothing"
    if len(variables) == 1:
        return value_text(values[0])
    return ", ".join(
        f"{variable.label}={value_text(value)}"
        for variable, value in zip(variables, values, strict=True)
    )
