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

    Attributes
    ----------
    steps
        None if they never do within the horizon.
    remembered
        Whether the owner keeps them until then.
    beyond
        The least delay with which none of them would become common within the horizon.
    """

    steps: int | None
    remembered: bool
    beyond: int

    def may_be(self, steps: int) -> bool:
        """Whether this is what such a delay looks like up to the horizon."""
        late = self.steps is None and steps >= self.beyond
        return self.remembered and (self.steps == steps or late)

    @property
    def is_forgotten(self) -> bool:
        """Whether nobody knows the values afterwards; for actions, known from the next step on."""
        return self.steps is None and (not self.remembered or self.beyond <= 1)


class Recognised(Record):
    """An example and its d: how long the slowest observation takes, where the example has one."""

    example: Example
    delay: int


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
    return Delay(steps=steps, remembered=remembered, beyond=horizon + 1 - first)


def recognise(model: GameModel, provenance: Provenance) -> Recognised | None:
    """Find which example of the paper a structure is, up to the names of its registers.

    The examples also restrict who controls the state; strategy independence, which is checked
    separately, is what those restrictions are for. Those for two agents, "for convenience", are
    recognised for more: any number of agents in each of the two parts of Example 4, and one
    controller and others with the same delay in Example 2.
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
            own = [delays[variable] for variable in group]
            if len({(delay.steps, delay.remembered) for delay in own}) > 1:
                return None
            found.append(max(own, key=lambda delay: delay.beyond) if own else None)
    return _match(seen, done)


def _match(seen: Sequence[Delay | None], done: Sequence[Delay | None]) -> Recognised | None:
    """Compare delays with the examples; None stands for an agent without such a variable."""
    observed = [delay for delay in seen if delay is not None]
    if all(delay is None or delay.may_be(1) for delay in done):
        for example, possible in (
            (Example.SYMMETRIC, (0,)),
            (Example.ONE_STEP, (1,)),
            (Example.ONE_DIRECTIONAL, (0, 1)),
        ):
            if all(any(map(delay.may_be, possible)) for delay in observed):
                return Recognised(example=example, delay=0)
        return None
    controllers = [
        agent for agent, delay in enumerate(done) if delay is not None and not delay.is_forgotten
    ]
    late = [delay for agent, delay in enumerate(seen) if agent not in controllers]
    common = _common_delay([delay for delay in late if delay is not None])
    if common is None or len(controllers) > 1:
        return None
    if not controllers:
        return Recognised(example=Example.UNCONTROLLED, delay=common)
    own, action = seen[controllers[0]], done[controllers[0]]
    assert action is not None
    if action.may_be(1) and (own is None or own.may_be(0) or own.may_be(1)):
        return Recognised(example=Example.ASYMMETRIC, delay=common)
    return None


def _common_delay(delays: Sequence[Delay]) -> int | None:
    """The least delay that all of these may be."""
    given = [delay.beyond if delay.steps is None else delay.steps for delay in delays]
    longest = max(given, default=0)
    return longest if all(delay.may_be(longest) for delay in delays) else None


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
