"""The unrolled game as a graph: what influences what, what is common, and what is private."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from posg.grammar.node import Record

from .computed import Decoder
from .core import Component, Core, Register
from .dynamics import CheckedDynamics
from .laws import Read
from .model import GameModel, Role, Variable
from .provenance import Content, Grade, Lineage, Origin, Provenance, trace_lineage
from .slices import Factor, Slices


@dataclass(frozen=True, slots=True)
class Mechanism:
    """How an agent chooses at a step: its prescription, which strategies differ in."""

    agent: int
    step: int


@dataclass(frozen=True, slots=True)
class Choice:
    """The joint value of an agent's several action variables."""

    agent: int
    step: int


@dataclass(frozen=True, slots=True)
class Draw:
    """The joint value of variables that are drawn together."""

    targets: tuple[Variable, ...]
    step: int


@dataclass(frozen=True, slots=True)
class Part:
    """A component of the increment that makes c_h, h = ``step``, and is no whole value."""

    component: int
    step: int


Node = Origin | Mechanism | Choice | Draw | Part


class Influence(Record):
    """A Bayesian network of the game under any strategies.

    The parents of an action should include all of c_t. They are left out: where c_h, h >= t, is
    given, no trail leads through a node of c_t to its child a_t, as such a node is given and not
    the middle of a collider there; nor is another collider open on account of such an arrow, as
    the node of c_t itself is given.

    Attributes
    ----------
    parents
        Of each node that has any. Registers with content that is computed are ``Origin``s, too.
    functions
        Nodes that are a function of some others on every path of the game, with those others.
    common
        ``common[h - 1]`` are the values and parts of the increment that makes c_h.
    private
        ``private[h - 1][i]`` are the values that p_{i,h} consists of.
    contents
        What each ``Part`` is computed from.
    """

    parents: Mapping[Node, frozenset[Node]]
    functions: tuple[tuple[frozenset[Node], Node], ...]
    common: tuple[frozenset[Node], ...]
    private: tuple[tuple[frozenset[Node], ...], ...]
    contents: Mapping[Node, Content]


def build_influence(
    model: GameModel,
    dynamics: CheckedDynamics,
    core: Core,
    provenance: Provenance,
    slices: Slices | None,
) -> Influence:
    """Unroll a game; with ``slices``, arrows that the tables show to be idle are left out."""
    builder = _Builder(model, dynamics, slices)
    lineage = _lineage(model, core, provenance)
    for step in range(model.horizon):
        builder.laws(step)
        if step:
            builder.actions(step, lineage.provenance.registers[step - 1])
    decoder = None if slices is None else Decoder(model, core)
    computed = {register.variable: register for group in core.registers for register in group}

    def compute(content: Content, node: Node, by: Register | Component, step: int) -> None:
        """Add a value that is computed in the update that leads to a step."""
        builder.function(content, node)
        if decoder is not None:
            held = lineage.provenance.registers[step - 2] if step > 1 else {}
            for others, origin in decoder.functions(by, step - 1, held):
                builder.functions.append((frozenset({node, *others}), origin))

    for origin, content in lineage.made.items():
        compute(content, origin, computed[origin.variable], origin.step)
    common: list[frozenset[Node]] = []
    contents: dict[Node, Content] = {}
    for step, released in enumerate(lineage.provenance.released, start=1):
        found: set[Node] = set()
        for number, content in enumerate(released):
            found.update(origin for origin, grade in content.items() if grade is Grade.WHOLE)
            if any(grade is not Grade.WHOLE for grade in content.values()):
                part = Part(number, step)
                compute(content, part, core.components[number], step)
                contents[part] = content
                found.add(part)
        common.append(frozenset(found))
    private = tuple(
        tuple(
            frozenset(
                origin
                for register, content in registers.items()
                if register.agent == agent
                for origin in content
            )
            for agent in model.agents
        )
        for registers in lineage.provenance.registers
    )
    return Influence(
        parents=builder.parents,
        functions=tuple(builder.functions),
        common=tuple(common),
        private=private,
        contents=contents,
    )


def _lineage(model: GameModel, core: Core, provenance: Provenance) -> Lineage:
    whole = all(
        grade is Grade.WHOLE
        for registers in provenance.registers
        for content in registers.values()
        for grade in content.values()
    )
    if whole:
        return Lineage(provenance=provenance, made={})
    return trace_lineage(model, core)


class _Builder:
    def __init__(self, model: GameModel, dynamics: CheckedDynamics, slices: Slices | None) -> None:
        self.model = model
        self.dynamics = dynamics
        self.slices = slices
        self.parents: dict[Node, frozenset[Node]] = {}
        self.functions: list[tuple[frozenset[Node], Node]] = []

    def function(self, of: Iterable[Node], node: Node) -> None:
        """Add a node that is a function of its parents."""
        self.parents[node] = frozenset(of)
        self.functions.append((self.parents[node], node))

    def laws(self, step: int) -> None:
        """Everything that is drawn between a step and the next one; 0 opens the episode."""
        for factor, random in self.factors(step):
            before = frozenset(node_of(read, step) for read in factor.reads)
            targets = [node_of((target, step > 0), step) for target in factor.targets]
            if len(targets) == 1:
                self.parents[targets[0]] = before
                drawn: Node = targets[0]
            else:
                drawn = Draw(factor.targets, step + 1)
                self.parents[drawn] = before
                for target in targets:
                    self.function([drawn], target)
                self.functions.append((frozenset(targets), drawn))
            if not random:
                self.functions.append((before, drawn))

    def factors(self, step: int) -> Iterator[tuple[Factor, bool]]:
        """Laws with what they read, and whether they are random."""
        laws = (*self.dynamics.transitions, *self.dynamics.emissions)
        for law in laws if step else self.dynamics.initial:
            targets, reads = law.rule.targets, law.footprint.variables
            if self.slices is None:
                yield Factor(targets=targets, reads=reads), law.rule.random
                continue
            for factor in self.slices.at(step).factors(targets, reads):
                yield factor, True

    def actions(self, step: int, registers: Mapping[Variable, Content]) -> None:
        """What every agent chooses at a step."""
        for agent in self.model.agents:
            group = [v for v in self.model.actions[agent.number] if len(v.domain) > 1]
            known = {
                origin
                for register, content in registers.items()
                if register.agent == agent
                for origin in content
            }
            before: frozenset[Node] = frozenset({*known, Mechanism(agent.number, step)})
            if len(group) == 1:
                self.parents[Origin(group[0], step)] = before
            elif group:
                choice = Choice(agent.number, step)
                self.parents[choice] = before
                for variable in group:
                    self.function([choice], Origin(variable, step))
                self.functions.append((frozenset(Origin(v, step) for v in group), choice))


def node_of(read: Read, step: int) -> Origin:
    """The node of a variable in the slice that starts at ``step``; 0 opens the episode."""
    variable, primed = read
    return Origin(variable, step + 1 if primed or step == 0 else step)


def state_nodes(model: GameModel, step: int) -> frozenset[Node]:
    """The state of a step."""
    assert all(variable.role is Role.STATE for variable in model.states)
    return frozenset(Origin(variable, step) for variable in model.states)
