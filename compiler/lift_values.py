"""How a lifted game carries values: observations drawn as states, shift registers, copies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from posg.grammar import syntax
from posg.grammar.printer import print_expression, print_item
from posg.grammar.source import Span

from .model import DomainKind, Role, Rule, Value, Variable, value_text
from .pipeline import CheckedGame
from .rewrite import free_names, inline, name_node, number_node, rewrite, substitute, value_node
from .sharing import Directed

_NONE = ("none", "unsent", "not_sent")
_NO, _YES = ("no", "is_false"), ("yes", "is_true")
Change = Callable[[syntax.Node], "syntax.Node | None"]


@dataclass(slots=True, kw_only=True)
class Channel:
    """What carries the values of one expression of one agent, to whoever gets them.

    ``filler`` stands where there is no value: before the first one arrives, or where the condition
    fails. ``at_first`` says that there is a value at step 1 already; ``derived`` that the newest one
    can be read off the observations that are drawn as states. ``lag`` is for how many updates
    values wait at most, and ``names`` the registers in which they do.
    """

    directed: Directed
    stem: str
    key: tuple[Value, ...]
    domain: syntax.Domain
    filler: syntax.Expr
    at_first: bool
    derived: bool
    lag: int
    names: dict[int, syntax.Name]


class Writer:
    """Statements that a lifted game adds or changes.

    First ``channel`` is asked for every value that is delivered, then ``store`` writes the states,
    and ``deliver`` the observations.
    """

    def __init__(self, checked: CheckedGame, taken: frozenset[str]) -> None:
        self.model = checked.model
        self.dynamics = checked.dynamics
        self.declared = {
            item.name_span: item.domain
            for item in checked.syntax.items
            if isinstance(item, syntax.VariableDecl)
        }
        self.span = checked.syntax.name_span
        self.taken = set(taken)
        self.members: dict[str, set[tuple[Value, ...]]] = {}
        self.statements: list[str] = []
        self.channels: dict[tuple[str, str], Channel] = {}
        self.delivered: dict[tuple[int, str, int], str] = {}
        self.state_families: dict[str, str] = {}
        self.stored: set[Variable] = set()
        self.none, self.no, self.yes = (self.new(names) for names in (_NONE, _NO, _YES))

    # --- names --------------------------------------------------------------------------------

    def new(self, names: Iterable[str]) -> str:
        """The first of some names that is not used, or the last with something added."""
        name = ""
        for name in names:
            if name not in self.taken:
                break
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def member(self, names: Iterable[str], key: tuple[Value, ...]) -> syntax.Name:
        """A new variable, in a new family or in one that was made here."""
        for name in names:
            known = self.members.get(name)
            if known is not None and key not in known and {len(key)} == {len(k) for k in known}:
                known.add(key)
                return self.node(name, key)
            if known is None and name not in self.taken:
                break
        else:
            name = ""
        name = name or self.new(names)
        self.taken.add(name)
        self.members[name] = {key}
        return self.node(name, key)

    def node(self, name: str, key: tuple[Value, ...]) -> syntax.Name:
        """A variable of the lifted game."""
        return name_node(name, self.span, tuple(value_node(v, self.span) for v in key))

    def state_family(self, family: str) -> str:
        """The states that hold the newest observations of a family, under the same indices."""
        if family not in self.state_families:
            self.state_families[family] = self.new((f"last_{family}", f"last_{family}_seen"))
        return self.state_families[family]

    # --- expressions --------------------------------------------------------------------------

    def inlined(self, value: syntax.Expr) -> syntax.Expr:
        """An expression without defines, and with variables for ``observation`` and ``action``."""

        def change(node: syntax.Node) -> syntax.Node | None:
            if not isinstance(node, syntax.Name) or node.name not in ("observation", "action"):
                return None
            groups = self.model.observations
            if node.name == "action":
                groups = self.model.actions
            text = print_expression(node.indices[0])
            found = [
                self.node(v.family, v.key)
                for agent, group in zip(self.model.agents, groups, strict=True)
                for v in group
                if agent.name == text
            ]
            return _one_or_tuple(found, node.span)

        return rewrite(inline(value, self.model.scope.defines), change)

    def observed(self, value: syntax.Expr, *, states: bool, primed: bool) -> syntax.Expr:
        """An expression with its observations primed or not, or read from the states."""

        def change(node: syntax.Node) -> syntax.Node | None:
            family = self.model.scope.families.get(getattr(node, "name", ""))
            if not isinstance(node, syntax.Name) or family is None:
                return None
            if family.role is not Role.OBSERVATION:
                return None
            name = self.state_family(node.name) if states else node.name
            indices = tuple(rewrite(index, change) for index in node.indices)
            return name_node(name, node.span, indices, primed=primed)

        return rewrite(value, change)

    def content(self, directed: Directed, channel: Channel, change: Change) -> syntax.Expr:
        """What a channel carries, with its expressions changed to suit the place."""
        value = rewrite(self.inlined(directed.value), change)
        if directed.condition is None:
            return value
        condition = rewrite(self.inlined(directed.condition), change)
        if directed.domain.kind is DomainKind.BOOL:
            yes, no = name_node(self.yes, self.span), name_node(self.no, self.span)
            value = syntax.If(span=self.span, condition=value, then=yes, otherwise=no)
        return syntax.If(span=self.span, condition=condition, then=value, otherwise=channel.filler)

    def fresh(self, channel: Channel, *, states: bool) -> syntax.Expr:
        """The content after a decision, of that step or the next one."""

        def steps(node: syntax.Node) -> syntax.Node | None:
            if isinstance(node, syntax.Step) and not channel.directed.action:
                one = number_node(1, self.span)
                plus = syntax.BinaryOp.ADD
                return syntax.Binary(
                    span=self.span, op=plus, left=node, right=one, op_span=self.span
                )
            return None

        value = self.content(channel.directed, channel, steps)
        return self.observed(value, states=states, primed=True)

    def first(self, channel: Channel, *, states: bool) -> syntax.Expr:
        """The content before the first decision."""

        def steps(node: syntax.Node) -> syntax.Node | None:
            return number_node(1, self.span) if isinstance(node, syntax.Step) else None

        value = self.content(channel.directed, channel, steps)
        return self.observed(value, states=states, primed=False)

    # --- channels -----------------------------------------------------------------------------

    def channel(self, directed: Directed) -> Channel:
        """The channel of a value, one for all agents that get it."""
        condition = "" if directed.condition is None else print_expression(directed.condition)
        key = (print_expression(directed.value), condition)
        if key not in self.channels:
            self.channels[key] = self.open(directed)
        channel = self.channels[key]
        channel.lag = max(channel.lag, directed.lag)
        return channel

    def open(self, directed: Directed) -> Channel:
        """A new channel, without its registers."""
        variable = directed.variable
        domain, filler = self.domain(directed)
        reads = {*directed.reads, *directed.conditions}
        at_first = not directed.action and reads <= self.model.initially_observed
        stem = _stem(directed)
        return Channel(
            directed=directed,
            stem=stem if directed.condition is None else f"sent_{stem}",
            key=(directed.owner,) if variable is None else variable.key,
            domain=domain,
            filler=filler,
            at_first=at_first,
            derived=(
                directed.condition is None
                and all(read.role is Role.OBSERVATION for read in reads)
                and (variable is not None or at_first)
            ),
            lag=directed.lag,
            names={},
        )

    def domain(self, directed: Directed) -> tuple[syntax.Domain, syntax.Expr]:
        """The values that a channel carries, and the one that stands for none."""
        values = directed.domain.values
        if directed.condition is None:
            filler = value_node(values[0], self.span)
            if directed.variable is not None:
                return self.declared[directed.variable.span], filler
            if directed.domain.kind is DomainKind.BOOL:
                return syntax.NamedDomain(span=self.span, name="bool"), filler
            return self.set_of(value_node(v, self.span) for v in values), filler
        if directed.domain.kind is DomainKind.INTEGER:
            numbers = sorted(int(str(value)) for value in values)
            absent = numbers[0] - 1
            filler = number_node(absent, self.span)
            if numbers == list(range(numbers[0], numbers[-1] + 1)):
                high = number_node(numbers[-1], self.span)
                return syntax.RangeDomain(span=self.span, low=filler, high=high), filler
            return self.set_of(number_node(n, self.span) for n in [absent, *numbers]), filler
        names = [str(value) for value in values]
        if directed.domain.kind is DomainKind.BOOL:
            names = [self.no, self.yes]
        filler = name_node(self.none, self.span)
        return self.set_of(name_node(n, self.span) for n in [self.none, *names]), filler

    def set_of(self, values: Iterable[syntax.Expr]) -> syntax.Domain:
        """A domain that lists its values."""
        return syntax.SetDomain(span=self.span, values=tuple(values))

    # --- statements ---------------------------------------------------------------------------

    def add(self, item: syntax.GameItem) -> None:
        """Add a statement to the game."""
        self.statements.append(print_item(item))

    def declare(
        self, kind: syntax.VariableKind, variable: syntax.Name, domain: syntax.Domain
    ) -> None:
        """Add the declaration of one variable."""
        indices: list[syntax.Index] = []
        for place, value in enumerate(variable.indices):
            if isinstance(value, syntax.Name):
                indices.append(syntax.IndexValue(span=self.span, value=value))
            else:  # only names stand by themselves between the brackets of a declaration
                one = self.set_of([value])
                indices.append(syntax.IndexBinder(span=self.span, name=f"k{place}", domain=one))
        self.add(
            syntax.VariableDecl(
                span=self.span,
                kind=kind,
                name=variable.name,
                indices=tuple(indices),
                domain=domain,
                name_span=self.span,
            )
        )

    def start(self, variable: syntax.Name, value: syntax.Expr) -> None:
        """Add an ``init``."""
        self.add(syntax.Init(span=self.span, targets=(variable,), value=value, random=False))

    def law(self, variable: syntax.Name, value: syntax.Expr) -> None:
        """Add the rule of a variable that follows from others."""
        target = _primed(variable)
        self.add(syntax.Equation(span=self.span, targets=(target,), value=value, random=False))

    def state(
        self, variable: syntax.Name, domain: syntax.Domain, init: syntax.Expr, law: syntax.Expr
    ) -> None:
        """Add a state variable that follows from others."""
        self.declare(syntax.VariableKind.STATE, variable, domain)
        self.start(variable, init)
        self.law(variable, law)

    def store(self) -> None:
        """Write the states: observations that have to wait, and the registers in which they do."""
        waiting = [channel for channel in self.channels.values() if channel.lag]
        self.stored = self.closure(
            variable
            for channel in waiting
            for variable in (*channel.directed.reads, *channel.directed.conditions)
            if variable.role is Role.OBSERVATION
        )
        for group in self.model.observations:
            for variable in group:
                if variable in self.stored:
                    self.store_observation(variable)
        for channel in waiting:
            self.registers(channel)

    def closure(self, variables: Iterable[Variable]) -> set[Variable]:
        """Observations with all that their laws read: a state cannot read an observation."""
        found = set(variables)
        while True:
            more = set(found)
            for law in (*self.dynamics.emissions, *self.dynamics.initial):
                if found.intersection(law.rule.targets):
                    read = (variable for variable, _ in law.footprint.variables)
                    more.update(v for v in (*law.rule.targets, *read) if v.role is Role.OBSERVATION)
            if more == found:
                return found
            found = more

    def store_observation(self, variable: Variable) -> None:
        """Write the state that an observation is drawn as, and the observation as its copy."""
        seen = self.node(variable.family, variable.key)
        state = self.node(self.state_family(variable.family), variable.key)
        self.declare(syntax.VariableKind.STATE, state, self.declared[variable.span])
        if variable in self.model.initially_observed:
            self.start(seen, state)
        else:
            self.start(state, value_node(variable.domain.values[0], self.span))
        self.law(seen, _primed(state))

    def registers(self, channel: Channel) -> None:
        """Shift registers: the k-th holds what was generated k - 1 updates ago."""
        for k in range(1, channel.lag + 1):
            if k == 1 and channel.derived:
                continue
            ago = k if channel.directed.action else k - 1
            name = f"{channel.stem}_{ago}_ago" if ago else f"{channel.stem}_now"
            names = (name, *(f"{name}_{number}" for number in range(2, 1000)))
            variable = self.member(names, channel.key)
            init, law = channel.filler, self.source(channel, k - 1, states=True)
            if k == 1 and channel.at_first:
                init = self.first(channel, states=True)
            self.state(variable, channel.domain, init, law)
            channel.names[k] = variable

    def source(self, channel: Channel, lag: int, *, states: bool) -> syntax.Expr:
        """What arrives after waiting for some updates."""
        if lag == 0:
            return self.fresh(channel, states=states)
        if lag == 1 and channel.derived:
            value = self.inlined(channel.directed.value)
            return self.observed(value, states=True, primed=False)
        return channel.names[lag]

    def deliver(self, directed: Directed, channel: Channel) -> str:
        """Write the observation of the receiver."""
        base = f"got_{_stem(directed)}"
        key = channel.key if directed.variable is not None else (directed.owner,)
        base = "_".join([base, *(re.sub(r"\W+", "_", value_text(v)).strip("_") for v in key)])
        late = f"{base}_after_{directed.delay}"
        names = (base, late, *(f"{late}_{number}" for number in range(2, 1000)))
        variable = self.member(names, (directed.receiver,))
        self.declare(syntax.VariableKind.OBSERVATION, variable, channel.domain)
        if directed.lag == 0 and channel.at_first:
            self.start(variable, self.first(channel, states=False))
        self.law(variable, self.source(channel, directed.lag, states=False))
        return print_expression(variable)

    # --- statements and rules that change -------------------------------------------------------

    def stored_rule(self, item: syntax.Equation | syntax.Init) -> str | None:
        """The instances of a rule about observations that became states; None if it is not."""
        initial = isinstance(item, syntax.Init)
        rules = self.model.initial if initial else self.model.emissions
        mine = [rule for rule in rules if rule.span is item.span]
        if not any(self.stored.intersection(rule.targets) for rule in mine):
            return None
        return "\n".join(print_item(self.instance(item, rule)) for rule in mine)

    def instance(
        self, item: syntax.Equation | syntax.Init, rule: Rule
    ) -> syntax.Equation | syntax.Init:
        """One instance of a rule, about the states where its targets became states."""
        primed = isinstance(item, syntax.Equation)
        bound = {name: value_node(value, self.span) for name, value in rule.bindings.items()}
        value = substitute(rule.value, bound)
        targets = tuple(self.node(v.family, v.key) for v in rule.targets)
        if self.stored.intersection(rule.targets):
            targets = tuple(
                self.node(self.state_family(v.family), v.key) if v in self.stored else node
                for v, node in zip(rule.targets, targets, strict=True)
            )
            value = self.observed(self.opened(value), states=True, primed=primed)
        if primed:
            targets = tuple(map(_primed, targets))
        return type(item)(span=item.span, targets=targets, value=value, random=item.random)

    def opened(self, value: syntax.Expr) -> syntax.Expr:
        """An expression without defines, if one of them reads observations."""
        inlined = inline(value, self.model.scope.defines)
        families = {v.family for group in self.model.observations for v in group}
        hidden = free_names(inlined) & families - free_names(value)
        return inlined if hidden else value

    def without_observation(
        self, rule: syntax.Share | syntax.Keep | syntax.Forget, receivers: Iterable[str]
    ) -> Iterator[syntax.Share | syntax.Keep | syntax.Forget]:
        """A rule about the observations that the game had before it was lifted."""
        condition = rule.condition if isinstance(rule, syntax.Share) else None
        if condition is not None:
            condition = self.spelled(condition)
        kept: list[syntax.Expr] = []
        for value in map(self.spelled, rule.values):
            about = [*_agents_observed(value)]
            about += [] if condition is None else [*_agents_observed(condition)]
            names = {agent.name for agent in self.model.agents}
            if all(name in names and name not in receivers for name in about):
                kept.append(value)
                continue
            alone = condition is None or not _agents_observed(condition)
            if alone and isinstance(value, syntax.Name) and self.is_regular:
                kept.extend(self.variables(value))
                continue
            # One rule for each agent: what stands for `observation[i]` depends on the agent.
            free = {name for name in about if name not in names}
            for agent in self.model.agents if free else self.model.agents[:1]:
                bound = dict.fromkeys(free, value_node(agent, value.span))
                part = substitute(value, bound)
                limit = None if condition is None else self.explicit(substitute(condition, bound))
                values = [self.explicit(part)]
                if isinstance(part, syntax.Name):
                    values = self.variables(part)
                if values:
                    yield _with_values(substitute(rule, bound), values, limit)
        if kept:
            yield _with_values(rule, kept, condition)

    def spelled(self, value: syntax.Expr) -> syntax.Expr:
        """An expression without defines, if one of them reads ``observation``."""
        inlined = inline(value, self.model.scope.defines)
        return inlined if "observation" in free_names(inlined) - free_names(value) else value

    def explicit(self, value: syntax.Expr) -> syntax.Expr:
        """Variables instead of ``observation`` of certain agents."""

        def change(node: syntax.Node) -> syntax.Node | None:
            if isinstance(node, syntax.Name) and node.name == "observation":
                return _one_or_tuple(self.variables(node), node.span)
            return None

        return rewrite(value, change)

    def variables(self, value: syntax.Name) -> list[syntax.Expr]:
        """What ``observation[i]`` stands for; with a free index, members of each family."""
        index = value.indices[0]
        text = print_expression(index)
        certain = [agent for agent in self.model.agents if agent.name == text]
        members = dict.fromkeys(
            (variable.family, variable.key[1:])
            for agent in certain or self.model.agents
            for variable in self.model.observations[agent.number]
        )
        return [
            name_node(family, value.span, (index, *(value_node(v, value.span) for v in rest)))
            for family, rest in members
        ]

    @property
    def is_regular(self) -> bool:
        """Whether a family of observations has the same members for each agent that is in it."""
        rests: dict[str, set[frozenset[tuple[Value, ...]]]] = {}
        for group in self.model.observations:
            for family in {variable.family for variable in group}:
                keys = frozenset(v.key[1:] for v in group if v.family == family)
                rests.setdefault(family, set()).add(keys)
        return all(len(found) == 1 for found in rests.values())


def carried_text(directed: Directed) -> str:
    """What a rule sends, for people."""
    value = print_expression(directed.value)
    if directed.condition is None:
        return value
    return f"{value} when {print_expression(directed.condition)}"


def _stem(directed: Directed) -> str:
    """A name for what is sent."""
    value = directed.value
    if directed.variable is not None:
        return directed.variable.family
    if isinstance(value, syntax.Call) and value.function not in ("min", "max", "abs", "clamp"):
        return value.function
    return f"{directed.reads[0].family}_part"


def _primed(variable: syntax.Name) -> syntax.Name:
    return name_node(variable.name, variable.span, variable.indices, primed=True)


def _one_or_tuple(items: Sequence[syntax.Expr], span: Span) -> syntax.Expr:
    return items[0] if len(items) == 1 else syntax.TupleExpr(span=span, items=tuple(items))


def _agents_observed(value: syntax.Expr) -> list[str]:
    """The agents whose ``observation`` an expression reads."""
    found: list[str] = []

    def look(node: syntax.Node) -> syntax.Node | None:
        if isinstance(node, syntax.Name) and node.name == "observation":
            found.append(print_expression(node.indices[0]))
        return None

    rewrite(value, look)
    return found


def _with_values(
    rule: syntax.Share | syntax.Keep | syntax.Forget,
    values: list[syntax.Expr],
    condition: syntax.Expr | None,
) -> syntax.Share | syntax.Keep | syntax.Forget:
    match rule:
        case syntax.Share():
            return syntax.Share(
                span=rule.span,
                values=tuple(values),
                recipient=None,
                delay=rule.delay,
                condition=condition,
            )
        case syntax.Keep():
            return syntax.Keep(span=rule.span, values=tuple(values), steps=rule.steps)
        case syntax.Forget():
            return syntax.Forget(span=rule.span, values=tuple(values))
