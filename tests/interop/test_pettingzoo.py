"""Games as PettingZoo environments."""

from __future__ import annotations

import pickle
import re
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from posg.compiler.pipeline import Compiled, Request, compile_game
from posg.compiler.program import load
from posg.grammar.diagnostics import Bag, SpecError
from posg.grammar.source import Source
from posg.interop.game_steps import GameSteps
from posg.interop.pettingzoo import aec_env, parallel_env
from posg.runtime import (
    BoundPolicy,
    ProblemError,
    evaluate_policy,
    expand_common_information,
    plan,
)
from posg.runtime.consequences import Consequences
from posg.runtime.episodes import JointEpisodes
from posg.runtime.policy_play import replay_information

SPECS = Path(__file__).parents[2] / "specs"
DECTIGER = str(SPECS / "dectiger.posg")


@cache
def compiled(name: str, sharing: str | None = None, horizon: int | None = None) -> Compiled:
    path = SPECS / name
    bag = Bag()
    program = load(Source(str(path), path.read_text()), lambda p: Path(p).read_text(), bag)
    assert program is not None
    found = compile_game(program, Request(sharing=sharing, horizon=horizon), bag)
    assert found is not None
    return found


def test_without_pettingzoo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pettingzoo", None)
    monkeypatch.delitem(vars(sys.modules[parallel_env.__module__]), "GameParallelEnv", False)
    with pytest.raises(ProblemError) as caught:
        parallel_env(DECTIGER)
    assert caught.value.code == "P0825"
    (note,) = caught.value.__notes__
    assert "a PettingZoo environment needs pettingzoo, which is not installed" in note
    assert "pip install 'posg[pettingzoo]'" in note


@pytest.mark.parametrize("name", ["dectiger.posg", "box_pushing.posg"])
def test_steps_have_the_laws_of_the_game(name: str) -> None:
    found = compiled(name, "full", 2)
    game, luck, draws = found.game, np.random.default_rng(0), 4000
    steps = GameSteps(game, found.information)
    actions = [count - 1 for count in game.action_counts]
    joint = int(np.ravel_multi_index(actions, game.action_counts))
    states, increments = np.zeros(game.state_count), {}
    paid = []
    for _ in range(draws):
        steps.open(luck)
        paid.append(steps.advance(actions, luck))
        states[steps.state] += 1
        increments[steps.increment] = increments.get(steps.increment, 0) + 1
    row = game.initial_state * int(np.prod(game.action_counts)) + joint
    exact = Consequences.of(game, 1, row, game.initial_probability)
    expected = np.bincount(exact.successor, exact.weight, game.state_count)
    spread = np.sqrt(expected * (1 - expected) / draws)
    assert (np.abs(states / draws - expected) <= 4 * spread).all()
    error = np.abs(np.mean(paid, axis=0) - exact.rewards.sum(axis=1))
    assert (error <= 4 * np.std(paid, axis=0) / draws**0.5 + 1e-9).all()
    # Everything is common, so that increments are joint observations.
    seen = np.bincount(exact.observation, exact.weight)
    frequencies = np.sort(np.array(list(increments.values()))) / draws
    np.testing.assert_allclose(frequencies, np.sort(seen[seen > 0]), atol=2 / draws**0.5)


@pytest.mark.ecosystem
@pytest.mark.parametrize(
    ("name", "sharing"),
    [
        ("dectiger.posg", None),
        ("dectiger.posg", "none"),
        ("box_pushing.posg", "full"),
        ("kuhn.posg", None),
    ],
)
@pytest.mark.filterwarnings("error:.*[Aa]gent")
def test_official_tests(name: str, sharing: str | None) -> None:
    from pettingzoo.test import parallel_api_test, parallel_seed_test, seed_test

    def make(kind=parallel_env):
        return kind(SPECS / name, sharing)

    parallel_api_test(make(), num_cycles=50)
    parallel_seed_test(make, num_cycles=50)
    seed_test(lambda: make(aec_env), num_cycles=50)


@pytest.mark.ecosystem
@pytest.mark.filterwarnings("ignore:.*(Observation|We recommend|State).*")
def test_official_tests_of_turns() -> None:
    from pettingzoo.test import api_test
    from pettingzoo.test.state_test import state_test

    api_test(aec_env(DECTIGER), num_cycles=50)
    state_test(aec_env(DECTIGER), parallel_env(DECTIGER))


@pytest.mark.ecosystem
@pytest.mark.parametrize(
    "sharing", ["delayed(d = 1)", "delayed(d = 2)", "none", "one_directional(alice, bob)"]
)
def test_codes_and_labels_are_those_of_the_compiled_game(sharing: str) -> None:
    found = compiled("dectiger.posg", sharing, 4)
    game, information = found.game, found.information
    env = parallel_env(DECTIGER, sharing, horizon=4, reveal_state=True)
    watched = parallel_env(DECTIGER, "full", horizon=4, reveal_state=True)
    luck = np.random.default_rng(1)
    for seed in range(20):
        seen, told = env.reset(seed=seed)
        watched.reset(seed=seed)
        actions, observations, privates, increments = [], [], [], []
        while env.agents:
            step = len(actions)
            assert env.observation_space("bob").contains(seen["bob"])
            assert int(seen["bob"]["step"]) == step + 1
            common = int(seen["alice"]["common"])
            assert common == int(seen["bob"]["common"])
            own = [int(seen[agent]["private"]) for agent in game.agents]
            for agent, code, labels in zip(
                game.agents, own, information.private_labels[step], strict=True
            ):
                assert told[agent]["private"] == labels[code]
                assert told[agent]["common"] == information.increment_labels[step][common]
            privates.append(np.ravel_multi_index(own, information.private_counts[step]))
            increments.append(common)
            chosen = luck.integers(game.action_counts)
            actions.append(np.ravel_multi_index(chosen, game.action_counts))
            action = dict(zip(game.agents, chosen.tolist(), strict=True))
            seen, _, _, _, told = env.step(action)
            _, _, _, _, all_told = watched.step(action)
            assert env.state() == watched.state()
            assert told["bob"]["state"] == game.labels.states[env.state()]
            if env.agents:
                heard = re.findall(r"hear\[\w+\]@\d=(\w+)", all_told["bob"]["common"])
                codes = [
                    names.index(name)
                    for names, name in zip(game.labels.observations, heard, strict=True)
                ]
                observations.append(np.ravel_multi_index(codes, game.observation_counts))
        assert told["alice"].keys() == {"state"}
        assert env.observation_space("bob").contains(seen["bob"])
        replayed = replay_information(
            game,
            information,
            JointEpisodes(
                initial_observations=np.zeros(1, dtype=np.int64),
                actions=np.array([actions]),
                observations=np.array([[*observations, 0]]),
                rewards=np.zeros((1, 4, 2)),
                states=None,
            ),
        )
        assert replayed[0].tolist() == [increments]
        assert replayed[1].tolist() == [privates]


@pytest.mark.ecosystem
@pytest.mark.parametrize("sharing", ["full", "delayed(d = 1)"])
def test_a_plan_is_worth_what_it_says(sharing: str) -> None:
    found = compiled("dectiger.posg", sharing, 3)
    game, information = found.game, found.information
    solution = plan(game, expand_common_information(game, information), concept="team")
    exact = float(evaluate_policy(game, information, solution.policy).value[0])
    bound = BoundPolicy(solution.policy, game, information)
    env = parallel_env((game, information), seed=0)
    returns = []
    for _ in range(3000):
        seen, _ = env.reset()
        node, total = np.zeros(1, dtype=np.int64), 0.0
        while env.agents:
            step = int(seen["alice"]["step"])
            node = bound.follow(step, node, np.array([seen["alice"]["common"]]))
            _, signal, _ = bound.draw_of(step, node)
            chosen = {
                agent: int(
                    bound.respond(step, i, signal, np.array([seen[agent]["private"]])).argmax()
                )
                for i, agent in enumerate(game.agents)
            }
            seen, rewards, _, _, _ = env.step(chosen)
            total += rewards["alice"]
        returns.append(total)
    assert abs(np.mean(returns) - exact) < 3 * np.std(returns) / len(returns) ** 0.5


@pytest.mark.ecosystem
def test_parameters_and_horizon() -> None:
    env = parallel_env(DECTIGER, "full", horizon=2, parameters={"accuracy": 1.0})
    for seed in range(20):
        env.reset(seed=seed)
        _, _, _, _, told = env.step({"alice": 0, "bob": 0})
        side = env.game.labels.states[env.state()].partition("=")[2]
        assert told["bob"]["common"].count(f"={side}") == 2
    with pytest.raises(SpecError, match="P0"):
        parallel_env(DECTIGER, parameters={"accuracy": "2"})
    with pytest.raises(SpecError, match="P0801"):
        parallel_env("no_such_file.posg")
    with pytest.raises(ValueError, match="a compiled game"):
        parallel_env(compiled("dectiger.posg"), "full")


@pytest.mark.ecosystem
def test_wrong_actions_and_modes() -> None:
    env = parallel_env(DECTIGER)
    env.reset(seed=0)
    with pytest.raises(ValueError, match="bob has no action"):
        env.step({"alice": 0})
    with pytest.raises(ValueError, match="bob has no action 3; there are 0 to 2"):
        env.step({"alice": 0, "bob": 3})
    with pytest.raises(ValueError, match="render_mode"):
        parallel_env(DECTIGER, render_mode="rgb_array")


@pytest.mark.ecosystem
def test_text_and_copies(capsys: pytest.CaptureFixture[str]) -> None:
    env = parallel_env(DECTIGER, horizon=2, render_mode="ansi")
    env.reset(seed=2)
    start = env.render()
    side = env.game.labels.states[env.state()]
    shown = ["step 1", f"state: {side}", "common: nothing", *["private to %s: nothing"] * 2]
    assert start == "\n  ".join(shown) % ("alice", "bob")
    copy = pickle.loads(pickle.dumps(env))
    listen = {"alice": 0, "bob": 0}
    assert copy.step(listen) == env.step(listen)
    assert copy.render() == env.render() != start
    env.step(listen)
    assert env.render().startswith("end\n  state: ")
    assert env.step({}) == ({}, {}, {}, {}, {})
    told = parallel_env(DECTIGER, horizon=2, render_mode="human")
    told.reset(seed=2)
    assert capsys.readouterr().out == start + "\n"
