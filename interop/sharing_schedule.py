"""When observations and actions become common under a sharing structure, whatever the game."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from posg.compiler.core import Core, Register, resolve_core
from posg.compiler.model import GameModel, Role, Variable
from posg.compiler.pipeline import Request, check_game, choose_sharing
from posg.compiler.program import load
from posg.compiler.provenance import Content, Grade, Origin, trace
from posg.compiler.sharing import apply_sharing
from posg.grammar.diagnostics import Bag, SpecError
from posg.grammar.source import Source

from .posg_names import distinct_names

_GAME = """game environment {{
  agents {agents};
  horizon {horizon};
  state state_of_environment in bool;
  action action_of[i] in bool;
  observation observation_of[i] in bool;
  init state_of_environment ~ uniform;
  init observation_of[i] ~ uniform;
  state_of_environment' ~ uniform;
  observation_of[i]' ~ uniform;
  reward = 0;
}}
"""
_TAKEN = ("i", "environment", "state_of_environment", "action_of", "observation_of")
_FIRST_HORIZON = 64


@dataclass(frozen=True, slots=True)
class Item:
    """Something an agent saw or did: o_{i,h} or a_{i,h}.

    ``agent`` is i, counted from 0; ``role`` is ``ACTION`` or ``OBSERVATION``; ``step`` is h.
    """

    agent: int
    role: Role
    step: int


class SharingSchedule:
    """What becomes common at each step, for structures that go by the step alone.

    The structure is compiled for a game of which nothing matters but its agents, and the contents of
    its increments are read off. What becomes common until step h depends on no delay of h steps or
    more, so a game of a horizon of at least h says it.

    Parameters
    ----------
    agents
        Their names; those that the language does not have are changed (``agent-1`` to ``agent_1``).
    sharing
        Such as ``"delayed(d = 2)"``.
    file
        A spec file that declares the structure, unless it is of the library.

    Raises
    ------
    SpecError
        When the structure is wrong; P0829, when what becomes common depends on values.
    """

    def __init__(self, agents: tuple[str, ...], sharing: str, file: Path | None) -> None:
        self._structure = (agents, sharing, file)
        self._steps = _new_items(*self._structure, _FIRST_HORIZON)

    def new_items(self, step: int) -> tuple[Item, ...]:
        """What becomes common at step h = 1, 2, ..., at most one item of each agent and role.

        Raises
        ------
        LimitError
            P0608, for a step beyond the longest horizon that a game may have.
        SpecError
            P0829, when values matter from some step on.
        """
        while step > len(self._steps):
            self._steps = _new_items(*self._structure, 2 * len(self._steps))
        return self._steps[step - 1]


@cache
def _new_items(
    agents: tuple[str, ...], sharing: str, file: Path | None, horizon: int
) -> tuple[tuple[Item, ...], ...]:
    """What becomes common at the steps 1..H."""
    model, core = _compile(agents, sharing, file, horizon)
    seen: set[Origin] = set()
    found: list[tuple[Item, ...]] = []
    for step, released in enumerate(trace(model, _without_idle_registers(core)).released, start=1):
        new: dict[tuple[int, Role], Item] = {}
        for content in released:
            _require_whole_values(content, agents, sharing)
            for origin in content:
                if origin in seen:
                    continue
                seen.add(origin)
                number, what = _describe(origin, agents)
                key = (number, origin.variable.role)
                if key in new:
                    raise SpecError.single("P0829", None, many=what, step=step, sharing=sharing)
                new[key] = Item(*key, origin.step)
        found.append(tuple(new.values()))
    return tuple(found)


def _require_whole_values(content: Content, agents: tuple[str, ...], sharing: str) -> None:
    """Refuse what is only sometimes common, or not as it is."""
    for grade, fact in ((Grade.MAYBE, "maybe"), (Grade.PART, "part")):
        for origin, held in content.items():
            if held is grade:
                what = _describe(origin, agents)[1]
                raise SpecError.single("P0829", None, {fact: what}, sharing=sharing)


def _describe(origin: Origin, agents: tuple[str, ...]) -> tuple[int, str]:
    """The agent that a value belongs to, and what it is in words."""
    agent = origin.variable.agent
    assert agent is not None
    return agent.number, f"{agents[agent.number]}'s {origin.variable.role.value}s"


def _compile(
    agents: tuple[str, ...], sharing: str, file: Path | None, horizon: int
) -> tuple[GameModel, Core]:
    names = distinct_names(agents, _TAKEN)
    text = _GAME.format(agents=", ".join(names), horizon=horizon)
    if file is not None:
        text = f'import "{file.as_posix()}";\n{text}'
    bag = Bag()
    request = Request(sharing=sharing)
    program = load(
        Source("environment", text), lambda path: Path(path).read_text(encoding="utf-8"), bag
    )
    checked = None if program is None else check_game(program, request, bag)
    chosen = None if checked is None else choose_sharing(checked, request, bag)
    if checked is None or chosen is None:
        raise SpecError(bag)
    applied = apply_sharing(checked.model, *chosen, bag)
    core = None if applied is None else resolve_core(checked.model, applied, bag)
    if core is None or bag.has_errors:
        raise SpecError(bag)
    return checked.model, core


def _without_idle_registers(core: Core) -> Core:
    """Leave out what is remembered and never shared: it may be the whole past."""
    registers = {register.variable: register for group in core.registers for register in group}
    kept: dict[Variable, Register] = {}
    footprints = [component.footprint for component in core.components]
    while footprints:
        for variable, _ in footprints.pop().variables:
            if variable in registers and variable not in kept:
                kept[variable] = registers[variable]
                footprints.append(kept[variable].footprint)
    return replace(
        core,
        registers=tuple(
            tuple(register for register in group if register.variable in kept)
            for group in core.registers
        ),
    )
