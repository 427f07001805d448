"""Agents of a group, chosen by a number that a rule works out."""

from __future__ import annotations

import numpy as np

from posg.runtime import RewardScope, measure_observability

from .slow import compile_bag, compiled

GAME = """
game g {{
  agents robot[1..3];
  horizon 2;
  state at[k in 1..3] in 0..1;
  state turn in 1..3;
  action go[i] in 0..1;
  observation see[i] in 0..1;
  init at[k] = 0;
  init turn = 3;
  at[k]' = if go[robot[k]] == 1 then 1 - at[k] else at[k];
  turn' = 1 + turn % 3;
  see[i]' = at[1]';
  reward = {reward};
  use sharing full;
}}
"""


def test_numbers_name_agents() -> None:
    reward = "(sum k in 1..3: go[robot[k]] * k) + 10 * go[robot[turn]]"
    game = compiled(GAME.format(reward=reward)).game
    start = int(game.initial_state[0])
    assert game.rewards[0].scope is RewardScope.ACTION
    values = game.rewards[0].values[0].reshape(game.state_count, 2, 2, 2)[start]
    a, b, c = np.indices((2, 2, 2))
    assert np.array_equal(values, a + 2 * b + 3 * c + 10 * c)
    for joint in range(8):
        row = start * 8 + joint
        (entry,) = range(game.dynamics[0].offsets[row], game.dynamics[0].offsets[row + 1])
        label = game.labels.states[int(game.dynamics[0].successor[entry])]
        moved = [joint >> 2 & 1, joint >> 1 & 1, joint & 1]
        assert label.startswith(", ".join(f"at[{k}]={moved[k - 1]}" for k in (1, 2, 3)))


def test_a_number_without_agent_is_reported_where_it_is_reached() -> None:
    _, bag = compile_bag(GAME.format(reward="go[robot[turn + 1]]"))
    (found,) = bag.diagnostics
    assert found.code == "P0309"
    assert found.facts["name"] == "robot[4]"
    _, bag = compile_bag(GAME.format(reward="go[robot[4]]"))
    assert {d.code for d in bag.diagnostics} == {"P0105"}
    _, bag = compile_bag(GAME.format(reward="go[robot[turn == 1]]"))
    assert {d.code for d in bag.diagnostics} == {"P0201"}


def test_what_an_action_leads_to_does_not_make_states_easier_to_tell_apart() -> None:
    """Each joint action leads to one state, but the observation's law does not depend on it."""
    found = measure_observability(compiled(GAME.format(reward="0")).game)
    assert found.gamma == 0
    assert found.action is None
