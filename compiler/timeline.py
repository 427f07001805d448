"""Who knows each value at each step, read off the provenance of registers and increments."""

from __future__ import annotations

from dataclasses import dataclass

from .core import Core
from .model import GameModel, Variable
from .provenance import Content, Grade, Origin, Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRow:
    """One value and what became of it.

    ``status[h - 1]`` is, at step h: ``""`` before the value exists, ``common``, ``private``,
    ``forgotten``, ``common or private`` (shared only when a condition held), ``private, coded``
    (a function of it is common), ``coded`` (only a function of it is known) or
    ``common or forgotten``.
    """

    label: str
    agent: str
    status: tuple[str, ...]


def timeline_of(model: GameModel, core: Core, provenance: Provenance) -> tuple[TimelineRow, ...]:
    """Rows for every observation and action of every agent, by time."""
    rows: list[TimelineRow] = []
    common: list[Content] = []
    known: dict[Origin, Grade] = {}
    for released in provenance.released:
        for content in released:
            for origin, grade in content.items():
                known[origin] = max(grade, known.get(origin, grade))
        common.append(dict(known))
    for time in range(1, model.horizon + 1):
        for agent in model.agents:
            observations = model.observations[agent.number]
            for variable in observations:
                if time > 1 or variable in model.initially_observed:
                    rows.append(_row(variable, time, time, common, provenance))
        for agent in model.agents:
            for variable in model.actions[agent.number]:
                if time < model.horizon:
                    rows.append(_row(variable, time, time + 1, common, provenance))
    return tuple(rows)


def _row(
    variable: Variable, time: int, start: int, common: list[Content], provenance: Provenance
) -> TimelineRow:
    origin = Origin(variable, time)
    status: list[str] = []
    for step, shared in enumerate(common, 1):
        if step < start:
            status.append("")
            continue
        held: Grade | None = None
        for register, content in provenance.registers[step - 1].items():
            if register.agent == variable.agent and origin in content:
                held = max(content[origin], held or content[origin])
        status.append(_word(shared.get(origin), held))
    return TimelineRow(
        label=f"{variable.label}@{time}", agent=str(variable.agent), status=tuple(status)
    )


def _word(shared: Grade | None, held: Grade | None) -> str:
    match shared, held:
        case Grade.WHOLE, _:
            return "common"
        case Grade.MAYBE, None:
            return "common or forgotten"
        case Grade.MAYBE, _:
            return "common or private"
        case _, Grade.WHOLE | Grade.MAYBE:
            return "private" if shared is None else "private, coded"
        case None, None:
            return "forgotten"
        case _:
            return "coded"
