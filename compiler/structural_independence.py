"""Assumption 3, proved from the structure: what strategies influence is d-separated from beliefs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from posg.grammar.node import Record
from posg.runtime.errors import LimitError
from posg.runtime.progress import Progress, silent
from posg.runtime.strategy_independence import StrategyIndependence, check_strategy_independence

from .core import Core
from .influence import (
    Choice,
    Draw,
    Influence,
    Mechanism,
    Node,
    build_influence,
    node_of,
    state_nodes,
)
from .model import GameModel, Role
from .pipeline import Compiled
from .provenance import Origin, Provenance
from .separation import find_connected
from .slices import Slice, Slices


class StructuralProof(Record):
    """An attempt to prove Assumption 3.

    Attributes
    ----------
    holds
        Whether it is proved. False says nothing: the assumption may hold all the same.
    step
        The first step h at which s_h and p_h are not separated from the strategies.
    graph, slices
        The graph of the last attempt, and the tables that it consulted.
    """

    holds: bool
    step: int | None
    graph: Influence
    slices: Slices | None

    def known(self, step: int) -> frozenset[Node]:
        """All that c_h fixes, for h = ``step``."""
        closure = Closure(self.graph, self.slices)
        for before in range(1, step):
            closure.extend(self.graph.common[before - 1], before)
        return frozenset(closure.extend(self.graph.common[step - 1], step))


def prove_strategy_independence(compiled: Compiled) -> StructuralProof:
    """Try to prove that P(s_h, p_h | c_h) is the same under all strategies.

    In the unrolled game every action has a parent of its own, the mechanism: how the agent chooses
    at that step. If s_h and p_h are d-separated from all mechanisms of earlier steps given c_h, for
    every h, then no strategy changes the belief. To c_h is added whatever it fixes, which changes
    no conditional law and closes more trails.

    The first attempt takes the laws at their word: a variable depends on all that its rule reads.
    If that does not prove it, the second one consults the tables, on states that can be reached at
    each step: it drops reads without influence, splits joint laws into independent ones, and
    finds values that follow from others.

    Not proved, though true, are cases in which the numbers matter: influences that cancel exactly,
    values that follow only from several steps together, and parts of values that are worth as much
    as the values.

    Raises
    ------
    SpecError
        P0438, for a structure without rules.

    Notes
    -----
    Source: Liu and Zhang (2023), Assumption 3. Mechanism nodes are those of J. Pearl, "Causality",
    2nd ed. 2009, Section 3.2.2; values that are fixed follow D. Geiger, T. Verma and J. Pearl,
    "Identifying independence in Bayesian networks", Networks 20, 1990.
    """
    rules = compiled.require_rules()
    return prove_for(compiled, rules.core, rules.provenance)


def prove_for(compiled: Compiled, core: Core, provenance: Provenance) -> StructuralProof:
    """Do the same for a compiled game under another structure, which need not be tabulated."""

    def attempt(consulted: Slices | None) -> StructuralProof:
        checked = compiled.checked
        graph = build_influence(checked.model, checked.dynamics, core, provenance, consulted)
        return _attempt(checked.model, graph, consulted)

    proof = attempt(None)
    if proof.holds:
        return proof
    try:
        return attempt(Slices(compiled.ground))
    except LimitError:
        return proof


def decide_strategy_independence(
    compiled: Compiled,
    *,
    max_nodes: int = 200_000,
    memory_bytes: int = 1 << 30,
    progress: Progress = silent,
) -> tuple[StrategyIndependence, StructuralProof | None]:
    """Decide Assumption 3: by proof if there is one, else numerically.

    Returns
    -------
    tuple
        The verdict, whose method is ``structure``, ``numeric`` or ``undecided``, and the attempt to
        prove it, which takes rules.
    """
    proof = None if compiled.rules is None else prove_strategy_independence(compiled)
    if proof is not None and proof.holds:
        return StrategyIndependence(holds=True, method="structure"), proof
    found = check_strategy_independence(
        compiled.game,
        compiled.information,
        max_nodes=max_nodes,
        memory_bytes=memory_bytes,
        progress=progress,
    )
    return found, proof


def _attempt(model: GameModel, graph: Influence, slices: Slices | None) -> StructuralProof:
    closure = Closure(graph, slices)
    updates = _updates(graph)
    for step in range(1, model.horizon + 1):
        known = closure.extend(graph.common[step - 1], step)
        if _passes_on(model, graph, updates.get(step, {}), known, step):
            continue
        if connected_mechanisms(model, graph, known, step):
            return StructuralProof(holds=False, step=step, graph=graph, slices=slices)
    return StructuralProof(holds=True, step=None, graph=graph, slices=slices)


def _updates(graph: Influence) -> dict[int, dict[Node, frozenset[Node]]]:
    """The nodes with their parents, by the step h whose update makes them, choices included."""
    found: dict[int, dict[Node, frozenset[Node]]] = {}
    for node, before in graph.parents.items():
        chosen = isinstance(node, Choice) or (
            isinstance(node, Origin) and node.variable.role is Role.ACTION
        )
        found.setdefault(node.step + chosen, {})[node] = before
    return found


def _passes_on(
    model: GameModel,
    graph: Influence,
    made: Mapping[Node, frozenset[Node]],
    known: AbstractSet[Node],
    step: int,
) -> bool:
    """Whether the last choices leave the belief alone, whatever the belief before them was.

    By Assumption 1 the update from h - 1 to h reads s_{h-1} and p_{h-1} only, so it is enough to
    look at its nodes, with a common cause of all of those. If beliefs at h - 1 do not depend on
    strategies, and (s_h, p_h) is separated from the choices of step h - 1, those at h do not
    either. The work does not grow with h. The whole graph may show more, as it knows what is
    independent at h - 1.
    """
    if step == 1:
        return True
    before = Draw((), step - 1)
    prior = belief_nodes(model, graph, step - 1)
    parents = {**made, **dict.fromkeys(prior - made.keys(), frozenset({before}))}
    given = {node for node in parents if node in known}
    targets = belief_nodes(model, graph, step) - given
    found = find_connected(parents, targets, given)
    return not any(isinstance(node, Mechanism) for node in found)


def connected_mechanisms(
    model: GameModel, graph: Influence, known: AbstractSet[Node], step: int
) -> tuple[Mechanism, ...]:
    """Find the earlier choices that (s_h, p_h) is not separated from; ``known`` is given."""
    targets = belief_nodes(model, graph, step) - known
    if not targets:
        return ()
    found = find_connected(graph.parents, targets, known)
    earlier = [node for node in found if isinstance(node, Mechanism) and node.step < step]
    return tuple(sorted(earlier, key=lambda node: (node.step, node.agent)))


def belief_nodes(model: GameModel, graph: Influence, step: int) -> frozenset[Node]:
    """s_h and p_h."""
    return state_nodes(model, step).union(*graph.private[step - 1])


class Closure:
    """Everything that is a function of c_h, for growing h."""

    def __init__(self, graph: Influence, slices: Slices | None) -> None:
        self._slices = slices
        self._known: set[Node] = set()
        self._missing: list[int] = [len(inputs) for inputs, _ in graph.functions]
        self._outputs = [output for _, output in graph.functions]
        self._readers: dict[Node, list[int]] = {}
        for number, (inputs, _) in enumerate(graph.functions):
            for node in inputs:
                self._readers.setdefault(node, []).append(number)
        self._changed: set[int] = set()
        self._tried: dict[int, int] = {}
        self._add(output for inputs, output in graph.functions if not inputs)

    def extend(self, nodes: Iterable[Node], step: int) -> AbstractSet[Node]:
        """Add nodes that are given from now on, and what they fix up to a step.

        Returns
        -------
        set
            All that is known; it grows with the next call.
        """
        self._add(nodes)
        if self._slices is not None:
            # A slice may have something to say at first, and when what is known of it has changed.
            self._changed.add(step - 1)
            while ready := {place for place in self._changed if place < step}:
                self._changed -= ready
                for place in sorted(ready):
                    self._look(self._slices.at(place), place)
        return self._known

    def _add(self, nodes: Iterable[Node]) -> None:
        pending = list(nodes)
        while pending:
            node = pending.pop()
            if node in self._known:
                continue
            self._known.add(node)
            self._changed.update((node.step - 1, node.step))
            for number in self._readers.get(node, ()):
                self._missing[number] -= 1
                if not self._missing[number]:
                    pending.append(self._outputs[number])

    def _look(self, within: Slice, place: int) -> None:
        """Look into the slice that starts at a step for values that follow from known ones."""
        known = tuple(read for read in within.reads if node_of(read, place) in self._known)
        if self._tried.get(place) != len(known):
            self._tried[place] = len(known)
            self._add(node_of(read, place) for read in within.determined(known))
