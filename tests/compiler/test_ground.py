"""Grounded games against a slow reading of their rules."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import posg.specs
from posg.compiler.model import Variable
from posg.compiler.pipeline import Compiled
from posg.runtime import RewardScope
from posg.runtime.errors import LimitError

from .slow import Slow, Values, compiled, plain

FOLDER = Path(next(iter(posg.specs.__path__)))
SMALL = sorted(path.stem for path in FOLDER.glob("*.posg") if path.stem != "box_pushing")


def codes_of(variables: tuple[Variable, ...], seen: Values, primed: bool) -> tuple[int, ...]:
    found = []
    for variable in variables:
        texts = [plain(value) for value in variable.domain.values]
        found.append(texts.index(seen[variable, primed]))
    return tuple(found)


def slow_rows(result: Compiled, step: int, state: int) -> dict[Any, Any]:
    """(action, next state's codes, joint observation) -> probability, rewards."""
    model = result.checked.model
    slow = Slow(model, step)
    actions = tuple(v for group in model.actions for v in group)
    observations = tuple(v for group in model.observations for v in group)
    here: Values = {
        (v, False): plain(v.domain.values[code])
        for v, code in zip(model.states, result.ground.state_codes[state].tolist(), strict=True)
    }
    table: dict[Any, Any] = {}
    for number, joint in enumerate(product(*(v.domain.values for v in actions))):
        seen = {**here, **{(v, False): plain(a) for v, a in zip(actions, joint, strict=True)}}
        for moved, chance in slow.outcomes(model.transitions, seen, True):
            for observed, more in slow.outcomes(model.emissions, moved, True):
                key = (
                    number,
                    codes_of(model.states, observed, True),
                    codes_of(observations, observed, True),
                )
                rewards = tuple(slow.reward(agent, observed) for agent in model.agents)
                before = table.get(key, (Fraction(0), rewards))
                assert before[1] == rewards
                table[key] = (before[0] + chance * more, rewards)
    return table


def fast_rows(result: Compiled, step: int, state: int) -> dict[Any, Any]:
    game = result.game
    model = result.checked.model
    tables = game.dynamics[game.dynamics_of_step[step - 1]]
    rewards = game.rewards[game.rewards_of_step[step - 1]]
    sizes = [len(v.domain) for group in model.observations for v in group]
    count = int(np.prod(game.action_counts))
    lengths = np.diff(tables.emission_offsets)[tables.emission]
    starts = np.concatenate([[0], np.cumsum(lengths)])
    table: dict[Any, Any] = {}
    for action in range(count):
        row = state * count + action
        for entry in range(tables.offsets[row], tables.offsets[row + 1]):
            first = tables.emission_offsets[tables.emission[entry]]
            for place in range(lengths[entry]):
                code = int(tables.emission_observation[first + place])
                observed = tuple(int(k) for k in np.unravel_index(code, sizes)) if sizes else ()
                following = tuple(result.ground.state_codes[tables.successor[entry]].tolist())
                chance = tables.probability[entry] * tables.emission_probability[first + place]
                column = {
                    RewardScope.ACTION: row,
                    RewardScope.TRANSITION: entry,
                    RewardScope.OUTCOME: starts[entry] + place,
                }[rewards.scope]
                key = (action, following, observed)
                assert key not in table
                table[key] = (chance, tuple(rewards.values[:, column].tolist()))
    return table


def check(result: Compiled, states: list[int] | None = None) -> None:
    game = result.game
    reached = {int(state) for state in game.initial_state}
    for step in range(1, game.horizon + 1):
        tables = game.dynamics[game.dynamics_of_step[step - 1]]
        count = int(np.prod(game.action_counts))
        now = sorted(reached)
        reached = set()
        for state in now:
            part = slice(tables.offsets[state * count], tables.offsets[(state + 1) * count])
            reached |= set(tables.successor[part].tolist())
            if states is not None and state not in states:
                continue
            slow, fast = slow_rows(result, step, state), fast_rows(result, step, state)
            assert slow.keys() == fast.keys()
            for key, (chance, rewards) in slow.items():
                assert fast[key][0] == pytest.approx(float(chance), abs=1e-12)
                assert fast[key][1] == pytest.approx([float(r) for r in rewards], abs=1e-12)
    check_sums(result)


def check_sums(result: Compiled) -> None:
    game = result.game
    assert game.initial_probability.sum() == pytest.approx(1, abs=1e-12)
    for tables in game.dynamics:
        for offsets, chances in (
            (tables.offsets, tables.probability),
            (tables.emission_offsets, tables.emission_probability),
        ):
            assert np.all(chances > 0)
            ends = np.concatenate([[0], np.cumsum(chances)])
            sums = ends[offsets[1:]] - ends[offsets[:-1]]
            assert np.allclose(sums[np.diff(offsets) > 0], 1, atol=1e-9)


@pytest.mark.parametrize("name", SMALL)
def test_specs(name: str) -> None:
    check(compiled((FOLDER / f"{name}.posg").read_text(encoding="utf-8"), horizon=2))


def test_some_states_of_box_pushing() -> None:
    result = compiled((FOLDER / "box_pushing.posg").read_text(encoding="utf-8"), horizon=6)
    random = np.random.default_rng(0)
    check(result, random.choice(result.game.state_count, 12, replace=False).tolist())


def fractions(random: np.random.Generator, size: int) -> list[Fraction]:
    weights = random.integers(0, 4, size)
    weights[random.integers(size)] += 1
    return [Fraction(int(w), int(weights.sum())) for w in weights]


def listed(law: list[Fraction]) -> str:
    return "{ " + ", ".join(f"{value}: {chance}" for value, chance in enumerate(law)) + " }"


def cases(variables: list[str], sizes: list[int], value: Any) -> str:
    """A match with one arm for each combination."""
    arms = []
    for choice in product(*map(range, sizes)):
        arms.append(f"({', '.join(map(str, choice))}) => {value(choice)}")
    return f"match ({', '.join(variables)}) {{ {', '.join(arms)} }}"


@pytest.mark.parametrize("scope", list(RewardScope))
@pytest.mark.parametrize("stepped", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_random_tables(seed: int, stepped: bool, scope: RewardScope) -> None:
    random = np.random.default_rng(seed)
    horizon, states, actions, observations = 3, 3, 2, 2
    steps = range(1, horizon + 1) if stepped else [1]
    moves: dict[Any, list[Fraction]] = {}
    emits: dict[Any, list[Fraction]] = {}
    pays: dict[Any, int] = {}
    head, sizes = (["step"], [horizon]) if stepped else ([], [])

    def move(choice: tuple[int, ...]) -> str:
        moves[choice] = fractions(random, states)
        return listed(moves[choice])

    def emit(choice: tuple[int, ...]) -> str:
        emits[choice] = fractions(random, observations**2)
        pairs = product(range(observations), repeat=2)
        inside = ", ".join(
            f"({a}, {b}): {p}" for (a, b), p in zip(pairs, emits[choice], strict=True)
        )
        return f"{{ {inside} }}"

    def pay(choice: tuple[int, ...]) -> str:
        pays[choice] = int(random.integers(-9, 9))
        return str(pays[choice])

    def shifted(variables: list[str], base: list[int], value: Any) -> str:
        return cases([*(["step - 1"] if head else []), *variables], [*sizes, *base], value)

    more = {
        RewardScope.ACTION: ([], []),
        RewardScope.TRANSITION: (["s'"], [states]),
        RewardScope.OUTCOME: (["s'", "o[a]'", "o[b]'"], [states, observations, observations]),
    }[scope]
    text = f"""
    game g {{
      agents a, b;
      horizon {horizon};
      state s in 0..{states - 1};
      action u[i] in 0..{actions - 1};
      observation o[i] in 0..{observations - 1};
      init s ~ {listed(fractions(random, states))};
      s' ~ {shifted(["s", "u[a]", "u[b]"], [states, actions, actions], move)};
      (o[a]', o[b]') ~ {shifted(["s'", "u[a]"], [states, actions], emit)};
      reward = {shifted(["s", "u[a]", "u[b]", *more[0]], [states, actions, actions, *more[1]], pay)};
      use sharing full;
    }}
    """
    result = compiled(text, all_states=True)
    game = result.game
    assert game.rewards[0].scope is scope
    assert len(game.dynamics) == len(steps)
    for step in range(1, horizon + 1):
        prefix = (step - 1,) if stepped else ()
        for state in range(states):
            for (action, (following,), seen), (chance, rewards) in fast_rows(
                result, step, state
            ).items():
                u = divmod(action, actions)
                emission = emits[*prefix, following, u[0]][seen[0] * observations + seen[1]]
                expected = moves[*prefix, state, *u][following] * emission
                assert chance == pytest.approx(float(expected), abs=1e-12)
                extra = {
                    RewardScope.ACTION: (),
                    RewardScope.TRANSITION: (following,),
                    RewardScope.OUTCOME: (following, *seen),
                }[scope]
                assert rewards == (pays[*prefix, state, *u, *extra],) * 2
    check(compiled(text))


WALK = """
game walk {
  agents a, b;
  horizon 4;
  state x in 0..20;
  state y in { idle, busy, never };
  action go[i] in bool;
  observation see[i] in bool;
  init x = 3;
  init y = idle;
  x' = x + (count i: go[i]) * (if step == 2 then 1 else 0);
  y' = if go[a] then busy else idle;
  see[i]' = x' > 3;
  reward = x / (x - 2);
  use sharing full;
}
"""


def test_steps_reach_their_own_states() -> None:
    result = compiled(WALK)
    assert sorted({int(code) for code in result.ground.state_codes[:, 0]}) == [3, 4, 5]
    assert all("never" not in label for label in result.game.labels.states)
    first, second, third, _ = result.game.dynamics
    filled = [int((np.diff(d.offsets) > 0).sum()) // 4 for d in (first, second, third)]
    assert filled == [1, 2, 4]
    check(result)


def test_all_states_keeps_every_state() -> None:
    bounded = WALK.replace("x + (count i: go[i])", "if x > 18 then x else x + (count i: go[i])")
    result = compiled(bounded.replace("x / (x - 2)", "x"), all_states=True)
    assert result.game.state_count == 63
    check_sums(result)


def test_dynamics_of_steps_that_read_no_step_are_one_table() -> None:
    result = compiled(WALK.replace("(if step == 2 then 1 else 0)", "1"))
    assert len(result.game.dynamics) == 1
    assert result.game.dynamics_of_step.tolist() == [0] * 4
    assert result.game.dynamics[0].offsets[-1] > 0
    check(result)


def test_initial_observations_follow_the_joint_law() -> None:
    result = compiled("""
    game g {
      agents a, b;
      horizon 1;
      state x in 0..2;
      action u[i] in bool;
      observation o[i] in 0..2;
      observation noise[a] in bool;
      init x ~ { 0: 1/2, 1: 1/3, 2: 1/6 };
      init o[a] ~ { x: 3/4, else: 1/4 };
      init o[b] = 2 - x;
      x' = x;
      o[i]' = x';
      noise[a]' ~ uniform;
      reward = 0;
      use sharing full;
    }
    """)
    game = result.game
    found = {
        (int(s), *map(int, seen)): chance
        for s, seen, chance in zip(
            game.initial_state, game.initial_observation, game.initial_probability, strict=True
        )
    }
    start = [Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)]
    expected = {
        (x, o, 2 - x): start[x] * (Fraction(3, 4) if o == x else Fraction(1, 8))
        for x, o in product(range(3), repeat=2)
    }
    assert found == pytest.approx({key: float(value) for key, value in expected.items()})
    assert game.labels.initial_observations[0] == ("0", "1", "2")
    assert len(game.labels.observations[0]) == 6


def test_blocks_with_many_outcomes_are_split(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (FOLDER / "firefighting.posg").read_text(encoding="utf-8")
    whole = compiled(text).game.dynamics[0]
    monkeypatch.setattr("posg.compiler.ground.MAX_ENTRIES", 400)
    split = compiled(text).game.dynamics[0]
    assert np.array_equal(split.offsets, whole.offsets)
    assert np.array_equal(split.successor, whole.successor)
    assert np.array_equal(split.probability, whole.probability)
    for entry in range(len(whole.emission)):
        for arrays in ("emission_observation", "emission_probability"):
            rows = [
                getattr(table, arrays)[
                    table.emission_offsets[table.emission[entry]] : table.emission_offsets[
                        table.emission[entry] + 1
                    ]
                ]
                for table in (split, whole)
            ]
            assert np.array_equal(*rows)


def test_tables_that_do_not_fit_are_refused() -> None:
    text = (FOLDER / "firefighting.posg").read_text(encoding="utf-8")
    with pytest.raises(LimitError, match="P0613"):
        compiled(text, memory_bytes=1 << 16)
    with pytest.raises(LimitError, match="P0613"):
        compiled(text, memory_bytes=1 << 16, all_states=True)
