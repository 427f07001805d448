"""When observations and actions become common, whatever the game."""

from __future__ import annotations

from pathlib import Path

import pytest

from posg.compiler.model import Role
from posg.grammar.diagnostics import SpecError
from posg.interop.sharing_schedule import Item, SharingSchedule
from posg.runtime import LimitError

AGENTS = ("agent-1", "i", "bob")
OWN = """
sharing odd {
  share observation[i] after 1 when step == 2 or step == 3;
  share action[agent_1] after 4;
}
sharing one {
  share observation[i] after 0 when not action[i];
}
sharing equal {
  chi observation_of[agent_1]' == observation_of[bob]';
}
sharing both {
  memory last[i] in bool;
  xi last[i]' = observation_of[i]';
  chi if step == 2 then (last[bob], observation_of[bob]') else nothing;
}
sharing again {
  memory last[i] in bool;
  xi last[i]' = observation_of[i]';
  chi last[bob], observation_of[bob]';
}
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "structures.posg"
    path.write_text(OWN, encoding="utf-8")
    return path


def steps(schedule: SharingSchedule, role: Role, agent: int, last: int) -> dict[int, int]:
    """When things of an agent become common: the step that they belong to, by that step."""
    return {
        step: item.step
        for step in range(1, last + 1)
        for item in schedule.new_items(step)
        if (item.role, item.agent) == (role, agent)
    }


@pytest.mark.parametrize("delay", [0, 1, 2, 5, 70])
def test_delays(delay: int) -> None:
    schedule = SharingSchedule(AGENTS, f"delayed(d = {delay})", None)
    for agent in range(3):
        seen = steps(schedule, Role.OBSERVATION, agent, 80)
        assert seen == {step: step - delay for step in range(delay + 1, 81)}
        later = max(delay, 1)
        done = steps(schedule, Role.ACTION, agent, 80)
        assert done == {step: step - later for step in range(later + 1, 81)}


def test_who_learns_more() -> None:
    schedule = SharingSchedule(AGENTS, "one_directional(agent_1, bob)", None)
    every = range(2, 7)
    assert steps(schedule, Role.OBSERVATION, 0, 6) == {1: 1, **{step: step for step in every}}
    assert steps(schedule, Role.OBSERVATION, 1, 6) == {}
    assert steps(schedule, Role.OBSERVATION, 2, 6) == {step: step - 1 for step in every}
    assert steps(schedule, Role.ACTION, 2, 6) == {step: step - 1 for step in every}


def test_nothing_is_shared() -> None:
    schedule = SharingSchedule(AGENTS, "none", None)
    assert not any(schedule.new_items(step) for step in range(1, 200))


def test_own_structures(own: Path) -> None:
    odd = SharingSchedule(AGENTS, "odd", own)
    assert steps(odd, Role.OBSERVATION, 1, 9) == {3: 2, 4: 3}
    assert steps(odd, Role.ACTION, 0, 9) == {step: step - 4 for step in range(5, 10)}
    again = SharingSchedule(AGENTS, "again", own)
    assert again.new_items(3) == (Item(2, Role.OBSERVATION, 3),)


@pytest.mark.parametrize(
    ("sharing", "fact", "what"),
    [
        ("one", "maybe", "agent-1's observations"),
        ("equal", "part", "agent-1's observations"),
        ("both", "many", "bob's observations"),
    ],
)
def test_values_matter(sharing: str, fact: str, what: str, own: Path) -> None:
    with pytest.raises(SpecError) as caught:
        SharingSchedule(AGENTS, sharing, own)
    (diagnostic,) = caught.value.bag.diagnostics
    assert diagnostic.code == "P0829"
    assert diagnostic.facts[fact] == what


@pytest.mark.parametrize(
    ("sharing", "code"),
    [("nonesuch", "P0401"), ("event_triggered(heard)", "P0405"), ("delayed(", "P00")],
)
def test_wrong_structures(sharing: str, code: str) -> None:
    with pytest.raises(SpecError, match=code):
        SharingSchedule(AGENTS, sharing, None)


def test_too_many_steps() -> None:
    with pytest.raises(LimitError, match="P0608"):
        SharingSchedule(AGENTS, "full", None).new_items(20_000)
