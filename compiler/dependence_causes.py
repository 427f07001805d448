"""Why beliefs depend on strategies: the choice that shows, and by which way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from posg.runtime.dependence import BeliefWitness

from .influence import Choice, Influence, Mechanism, Node
from .model import GameModel, Role
from .pipeline import Compiled
from .provenance import Grade, Origin
from .structural_independence import (
    Closure,
    StructuralProof,
    connected_mechanisms,
    prove_strategy_independence,
)


class CauseKind(Enum):
    """Ways in which a choice influences the belief P(s_h, p_h | c_h)."""

    SIGNALS = "signals"
    """the action is common, and tells what its agent knew in private"""
    OWN_ACTION_PRIVATE = "own action private"
    """the action, or something computed from it, is part of what its agent knows in private"""
    HIDDEN_CONTROL = "hidden control"
    """the action is not common, and moves the state or an observation"""
    SILENCE = "silence is informative"
    """what became common depends on what happened, and would not matter if it always did"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a belief depends on strategies.

    Attributes
    ----------
    kind
    step
        h of the belief.
    agent, time
        Whose choice it is, and when.
    actions
        Labels of its action variables.
    through
        What the influence goes through: private values that the action signals, private values that
        hold the action, variables that it moves, or values that are shared now and then.
    """

    kind: CauseKind
    step: int
    agent: str
    time: int
    actions: tuple[str, ...]
    through: tuple[str, ...]


def explain_dependence(
    compiled: Compiled, witness: BeliefWitness, proof: StructuralProof | None = None
) -> Cause:
    """Name the cause of a refutation.

    Looks at the first step h at which beliefs differ and at the choice of step h - 1 that makes the
    difference, as earlier beliefs do not depend on strategies. Several causes may apply; the first
    that does is named, in the order: silence, own action, hidden control, signals.

    Parameters
    ----------
    proof
        The attempt to prove the opposite, if there was one.
    """
    proof = proof or prove_strategy_independence(compiled)
    model, graph, step = compiled.checked.model, proof.graph, witness.step
    known = proof.known(step)
    blamed = {difference.agent for difference in witness.differences}
    found = connected_mechanisms(model, graph, known, step)
    choice = min(
        found,
        key=lambda node: (node.step != step - 1, model.agents[node.agent].name not in blamed),
    )
    return _explain(model, graph, known, step, choice)


def _explain(
    model: GameModel, graph: Influence, known: frozenset[Node], step: int, choice: Mechanism
) -> Cause:
    group = model.actions[choice.agent]
    actions = {Origin(variable, choice.step) for variable in group}

    def cause(kind: CauseKind, through: set[Origin]) -> Cause:
        return Cause(
            kind=kind,
            step=step,
            agent=model.agents[choice.agent].name,
            time=choice.step,
            actions=tuple(variable.label for variable in group),
            through=_labels(through),
        )

    sometimes = _shared_sometimes(graph, step)
    if sometimes - known:
        closure = Closure(graph, None)
        closure.extend(known, step)
        told = closure.extend(sometimes, step)
        if choice not in connected_mechanisms(model, graph, told, step):
            agent = model.agents[choice.agent]
            before = {
                origin
                for origin in sometimes - known
                if origin.variable.agent == agent and origin.step <= choice.step
            }
            return cause(CauseKind.SILENCE, before)
    held = {
        node
        for node in frozenset[Node]().union(*graph.private[step - 1]) - known
        if isinstance(node, Origin) and actions & _computed_from(graph, node)
    }
    if held:
        return cause(CauseKind.OWN_ACTION_PRIVATE, held)
    moved = {
        node
        for node, before in graph.parents.items()
        if isinstance(node, Origin)
        and node.variable.role in (Role.STATE, Role.OBSERVATION)
        and any(actions & _drawn_from(graph, parent) for parent in before)
    }
    if actions - known and moved:
        return cause(CauseKind.HIDDEN_CONTROL, moved)
    chooser: Node = Choice(choice.agent, choice.step)
    if chooser not in graph.parents:
        chooser = next(iter(node for node in actions if node in graph.parents))
    signalled = {node for node in graph.parents[chooser] - known if isinstance(node, Origin)}
    return cause(CauseKind.SIGNALS, signalled)


def _shared_sometimes(graph: Influence, step: int) -> set[Origin]:
    """Values that c_h holds or does not hold, depending on what happened."""
    return {
        origin
        for node, content in graph.contents.items()
        if any(node in common for common in graph.common[:step])
        for origin, grade in content.items()
        if grade is Grade.MAYBE and origin.variable.role is not Role.REGISTER
    }


def _computed_from(graph: Influence, node: Origin) -> set[Node]:
    """A value in a register and, if it was computed, all that it was computed from."""
    if node.variable.role is not Role.REGISTER:
        return {node}
    found: set[Node] = {node}
    for parent in graph.parents[node]:
        if isinstance(parent, Origin):
            found |= _computed_from(graph, parent)
    return found


def _drawn_from(graph: Influence, node: Node) -> set[Node]:
    """A parent of a variable, or the parents of the joint draw that it is part of."""
    return {node} if isinstance(node, Origin) else set(graph.parents.get(node, ()))


def _labels(origins: set[Origin]) -> tuple[str, ...]:
    found = {(o.step, o.variable.label) for o in origins if o.variable.role is not Role.REGISTER}
    found |= {
        (origin.step, origin.variable.label)
        for origin in origins
        if origin.variable.role is Role.REGISTER
    }
    return tuple(f"{label}@{step}" for step, label in sorted(found))
