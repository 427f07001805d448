"""Environments of others with declared sharing."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posg.grammar.diagnostics import SpecError
from posg.interop.pettingzoo import aec_env, parallel_env, share

DECTIGER = str(Path(__file__).parents[2] / "specs" / "dectiger.posg")

pytestmark = pytest.mark.ecosystem


def make_walk(length: int = 9) -> Any:
    """An environment of three agents with all kinds of spaces, of whom `b-2` dies at step 4."""
    from gymnasium import spaces
    from pettingzoo import ParallelEnv

    class Walk(ParallelEnv):
        metadata = {"name": "walk", "is_parallelizable": True}  # noqa: RUF012
        render_mode = None
        possible_agents = ["a_1", "b-2", 3]  # noqa: RUF012

        def __init__(self) -> None:
            self.seen = {
                "a_1": spaces.Box(1, np.inf, (2,)),
                "b-2": spaces.Tuple((spaces.Discrete(50, start=1), spaces.Text(4))),
                3: spaces.Dict(at=spaces.MultiDiscrete([50, 2]), on=spaces.Box(-2, -1, (1, 1))),
            }
            self.done = {
                "a_1": spaces.Discrete(4, start=-1),
                "b-2": spaces.Box(0, 1, (1,)),
                3: spaces.MultiBinary(2),
            }
            self.where = np.zeros(2, dtype=np.float32)

        def observation_space(self, agent: Any) -> Any:
            return self.seen[agent]

        def action_space(self, agent: Any) -> Any:
            return self.done[agent]

        def look(self) -> dict[Any, Any]:
            self.where[:] = self.now
            all_see = {
                "a_1": self.where,  # the same array at all steps
                "b-2": (self.now, f"s{self.now}"),
                3: {
                    "at": np.array([self.now, 1]),
                    "on": np.full((1, 1), -1.5, dtype=np.float32),
                },
            }
            return {agent: all_see[agent] for agent in self.agents}

        def reset(self, seed: int | None = None, options: Any = None) -> Any:
            self.now, self.agents = 1, list(self.possible_agents)
            return self.look(), {agent: {} for agent in self.agents}

        def step(self, actions: dict[Any, Any]) -> Any:
            if not self.agents:
                return {}, {}, {}, {}, {}
            assert actions.keys() == set(self.agents)
            self.now += 1
            seen = self.look()
            dead = {agent: agent == "b-2" and self.now == 4 for agent in self.agents}
            over = dict.fromkeys(self.agents, self.now > length)
            found = seen, dict.fromkeys(self.agents, 0.0), dead, over
            infos = {agent: {"step": self.now} for agent in self.agents}
            self.agents = [agent for agent in self.agents if not dead[agent] and not over[agent]]
            return *found, infos

        def state(self) -> Any:
            return self.where

    return Walk()


@pytest.mark.parametrize("delay", [0, 1, 3])
def test_what_is_told(delay: int) -> None:
    plain, env = make_walk(), share(make_walk(), f"delayed(d = {delay})")
    for agent, space in plain.done.items():
        space.seed(0)
        env.action_space(agent).seed(1)
    later = max(delay, 1)
    observed, _ = plain.reset()
    got, infos = env.reset(seed=0)
    assert infos == {agent: {} for agent in plain.agents}
    seen, done = [pickle.loads(pickle.dumps(observed))], []
    while True:
        assert got.keys() == observed.keys()
        for agent, told in got.items():
            assert env.observation_space(agent).contains(told)
            np.testing.assert_equal(told["own"], observed[agent])
            assert told["shared"].keys() == set(plain.possible_agents) - {agent}
            for other, news in told["shared"].items():
                for what, past, age in (("observation", seen, delay), ("action", done, later)):
                    # seen[h - 1] and done[h - 1] belong to step h, and it is step len(seen).
                    place = len(seen) - 1 - age
                    there = place >= 0 and other in past[place]
                    assert news[f"{what}_valid"] == there
                    if there:
                        np.testing.assert_equal(news[what], past[place][other])
        if not plain.agents:
            break
        actions = {agent: plain.action_space(agent).sample() for agent in plain.agents}
        done.append(actions)
        observed, *rest = plain.step(actions)
        got, *mine = env.step(actions)
        assert mine == rest
        seen.append(pickle.loads(pickle.dumps(observed)))
    assert len(seen) == 10
    assert env.step({}) == ({}, {}, {}, {}, {})


def test_episodes_do_not_mix() -> None:
    env = share(make_walk(), "delayed(d = 2)")
    for _ in range(2):
        told, _ = env.reset()
        for _ in range(2):
            assert not told["a_1"]["shared"][3]["observation_valid"]
            told, *_ = env.step({agent: env.action_space(agent).sample() for agent in env.agents})
        assert told["a_1"]["shared"][3]["observation"]["at"].tolist() == [1, 1]


def make_shared() -> Any:
    return share(parallel_env(DECTIGER, "none", horizon=6), "delayed(d = 2)")


@pytest.mark.filterwarnings("ignore:.*([Oo]bservation|We recommend).*")
def test_official_tests() -> None:
    from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test, seed_test
    from pettingzoo.utils import parallel_to_aec

    for make in (make_walk, make_shared):
        parallel_api_test(make(), num_cycles=50)
    parallel_api_test(share(make_walk(), "full"), num_cycles=50)
    parallel_seed_test(make_shared, num_cycles=50)
    seed_test(lambda: parallel_to_aec(make_shared()), num_cycles=50)
    api_test(parallel_to_aec(make_shared()), num_cycles=50)


def test_copies() -> None:
    env = make_shared()
    env.reset(seed=3)
    env.step({"alice": 0, "bob": 1})
    copy = pickle.loads(pickle.dumps(env))
    assert copy.step({"alice": 1, "bob": 0}) == env.step({"alice": 1, "bob": 0})
    assert copy.state() == env.state() == env.unwrapped.state()


def test_refusals() -> None:
    from pettingzoo.test.example_envs import generated_agents_parallel_v0

    with pytest.raises(TypeError, match="possible_agents"):
        share(generated_agents_parallel_v0.parallel_env(), "full")
    with pytest.raises(TypeError, match="aec_to_parallel"):
        share(aec_env(DECTIGER), "full")
    with pytest.raises(SpecError, match="P0401") as caught:
        share(make_walk(), "nonesuch")
    assert "there is no sharing structure called `nonesuch`" in caught.value.__notes__[0]
