"""Delay structures: after how many steps values become common, and which named example that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from posg.grammar.node import Record

from .model import GameModel, Role, Variable
from .provenance import Grade, Origin, Provenance


class Example(Enum):
    """Structures for which Liu and Zhang (2023), Section 3, bound the cost of short windows."""

    ONE_STEP = "one-step delay"
    """Example 1"""
    ASYMMETRIC = "asymmetric delay with one controller"
    """Example 2"""
    SYMMETRIC = "symmetric information"
    """Example 3"""
    ONE_DIRECTIONAL = "one-directional one-step delay"
    """Example 4"""
    UNCONTROLLED = "delayed sharing of an uncontrolled state"
    """Example 5"""


class Delay(Record):
    """When a variable's values become common.

    ``steps`` is None if they never do within the horizon; ``remembered`` tells whether the owner
    keeps them until then.
    """

    steps: int | None
    remembered: bool


def find_delays(model: GameModel, provenance: Provenance) -> Mapping[Variable, Delay] | None:
    """Read off the delay of every action and observation.

    Returns
    -------
    mapping or None
        None when the structure is not a delay structure: it shares a value in part, depending on
        what happened, or after a time that varies.
    """
    released: dict[Origin, int] = {}
    for step, contents in enumerate(provenance.released, start=1):
        for content in contents:
            for origin, grade in content.items():
                if grade is not Grade.WHOLE:
                    return None
                released.setdefault(origin, step)
    delays: dict[Variable, Delay] = {}
    for groups, start in ((model.observations, 2), (model.actions, 1)):
        for group in groups:
            for variable in group:
                first = 1 if variable in model.initially_observed else start
                delay = _delay_of(variable, first, released, provenance)
                if delay is None:
                    return None
                delays[variable] = delay
    return delays


def _delay_of(
    variable: Variable, first: int, released: Mapping[Origin, int], provenance: Provenance
) -> Delay | None:
    """Compare the values of one variable over all steps at which it has one."""
    horizon = len(provenance.released)
    times = range(first, horizon + 1)
    delays = {
        released[origin] - origin.step
        for origin in (Origin(variable, time) for time in times)
        if origin in released
    }
    if len(delays) > 1:
        return None
    steps = min(delays, default=None)
    if steps is not None and any(
        Origin(variable, time) not in released for time in times if time + steps <= horizon
    ):
        return None
    # An action is part of what its agent knows from the next step on.
    known = 1 if first == 1 and variable.role is Role.ACTION else 0
    remembered = all(
        any(Origin(variable, time) in content for content in registers.values())
        for time in times
        for step, registers in enumerate(provenance.registers, start=1)
        if time + known <= step and (steps is None or step < time + steps)
    )
    return Delay(steps=steps, remembered=remembered)


def recognise(model: GameModel, provenance: Provenance) -> Example | None:
    """Find which example of the paper a structure is, up to the names of its registers.

    The examples also restrict who controls the state; strategy independence, which is checked
    separately, is what those restrictions are for.
    """
    delays = find_delays(model, provenance)
    if delays is None:
        return None
    seen: list[Delay | None] = []
    done: list[Delay | None] = []
    for agent in model.agents:
        for group, found in (
            (model.observations[agent.number], seen),
            (model.actions[agent.number], done),
        ):
            kinds = {delays[variable] for variable in group}
            if len(kinds) > 1:
                return None
            found.append(kinds.pop() if kinds else None)
    return _match(seen, done)


def _match(seen: Sequence[Delay | None], done: Sequence[Delay | None]) -> Example | None:
    """Compare delays with the examples; None stands for an agent without such a variable."""
    observed = [delay.steps for delay in seen if delay is not None]
    if not all(delay is None or delay.remembered for delay in seen):
        return None
    if all(delay is None or delay.steps == 1 for delay in done):
        if set(observed) <= {0}:
            return Example.SYMMETRIC
        if set(observed) == {1}:
            return Example.ONE_STEP
        return Example.ONE_DIRECTIONAL if set(observed) == {0, 1} and len(seen) == 2 else None
    dropped = [delay is None or not (delay.remembered or delay.steps) for delay in done]
    if all(dropped):
        return Example.UNCONTROLLED if len({*observed, None}) == 2 else None
    if len(seen) == 2 and dropped.count(True) == 1:
        other = dropped.index(True)
        own, late, action = seen[1 - other], seen[other], done[1 - other]
        if (
            (own is None or own.steps in (0, 1))
            and (late is None or late.steps is not None)
            and action is not None
            and action.steps == 1
        ):
            return Example.ASYMMETRIC
    return None


def information_length(provenance: Provenance) -> int:
    """L̂ of Definition 7 for all of c_h: how many last actions and observations determine it.

    c_h, for h up to H, is a function of a_{h-L̂}, ..., a_{h-1} and o_{h-L̂+1}, ..., o_h: L̂ is h minus
    the earliest step of an action that c_h holds something of, and one more than that for an
    observation. It is the smallest such number unless values that c_h holds are determined by
    later ones.
    """
    length = 0
    oldest: int | None = None
    for step, contents in enumerate(provenance.released, start=1):
        for content in contents:
            for origin in content:
                back = origin.step if origin.variable.role is Role.ACTION else origin.step - 1
                oldest = back if oldest is None else min(oldest, back)
        if oldest is not None:
            length = max(length, step - max(oldest, 1))
    return length
