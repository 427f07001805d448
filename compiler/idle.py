"""Variables without effect: usually a slip, so ``posg check`` warns of them."""

from __future__ import annotations

from collections.abc import Iterable

from posg.grammar.diagnostics import Bag

from .dynamics import CheckedDynamics
from .laws import Read
from .model import GameModel, Role, Variable
from .provenance import Provenance


def report_idle(
    model: GameModel, dynamics: CheckedDynamics, provenance: Provenance | None, bag: Bag
) -> None:
    """Warn of state variables, actions and observations that nothing depends on.

    A variable has an effect if a reward or an observation reads it, or the law of a variable that
    has an effect does; an action also if another agent gets to know it (it may be a message). An
    observation is idle if its law reads nothing and no other observation's law reads it: it says
    nothing about anything. Variables with a single value are never reported, nor are actions where
    there is no provenance.
    """
    effective = _effective(dynamics)
    for variable in _first_of_families(model, model.states):
        members = _family(model, variable)
        if not effective.intersection(members):
            bag.report("P0321", variable.span, name=variable.family)
    if provenance is not None:
        used = effective | _learnt(provenance)
        for variable in (variable for group in model.actions for variable in group):
            if len(variable.domain) > 1 and variable not in used:
                bag.report("P0322", variable.span, name=variable.label, agent=variable.agent)
    read = {
        variable
        for law in dynamics.emissions
        for variable, _ in law.footprint.variables
        if variable.role is Role.OBSERVATION
    }
    rewarded = {variable for print_ in dynamics.rewards for variable, _ in print_.variables}
    for law in dynamics.emissions:
        for variable in law.rule.targets:
            if (
                len(variable.domain) > 1
                and len(law.rule.targets) == 1
                and not law.footprint.variables
                and variable not in read | rewarded
                and variable not in model.initially_observed
            ):
                bag.report("P0323", variable.span, name=variable.label, agent=variable.agent)


def _learnt(provenance: Provenance) -> frozenset[Variable]:
    """Variables that something common tells of."""
    return frozenset(
        origin.variable for released in provenance.released for part in released for origin in part
    )


def _effective(dynamics: CheckedDynamics) -> frozenset[Variable]:
    """Variables that rewards or observations depend on, at once or by way of other variables."""
    found = {read for footprint in dynamics.rewards for read in footprint.variables}
    found.update(read for law in dynamics.emissions for read in law.footprint.variables)
    effective = _variables(found)
    while True:
        more = {
            read
            for law in (*dynamics.transitions, *dynamics.initial)
            if effective.intersection(law.rule.targets)
            for read in law.footprint.variables
        }
        larger = effective | _variables(more)
        if larger == effective:
            return effective
        effective = larger


def _variables(reads: Iterable[Read]) -> frozenset[Variable]:
    return frozenset(variable for variable, _ in reads)


def _family(model: GameModel, variable: Variable) -> tuple[Variable, ...]:
    return tuple(model.scope.families[variable.family].members.values())


def _first_of_families(model: GameModel, variables: tuple[Variable, ...]) -> list[Variable]:
    seen: dict[str, Variable] = {}
    for variable in variables:
        if len(variable.domain) > 1:
            seen.setdefault(variable.family, variable)
    return list(seen.values())
