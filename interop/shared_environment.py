"""An environment of somebody else's in which observations and actions become common."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from posg.compiler.model import Role

from .sharing_schedule import Item, SharingSchedule

AgentId = Hashable
ByAgent = dict[AgentId, Any]


class SharedEnvironment:
    """The methods of a wrapper around a ``ParallelEnv``; ``posg.interop.pettingzoo`` adds the base.

    Parameters
    ----------
    env
        A ``ParallelEnv`` with ``possible_agents``.
    spaces
        The module ``gymnasium.spaces``.
    """

    env: Any

    def __init__(self, env: Any, schedule: SharingSchedule, spaces: Any) -> None:
        super().__init__(env)  # type: ignore[call-arg]
        self._schedule = schedule
        self._step = 0
        self._waiting: dict[Item, Any] = {}
        self._numbers = {agent: number for number, agent in enumerate(env.possible_agents)}
        self._spaces: ByAgent = {}
        self._fillers = {
            (agent, role): _filler(space, spaces)
            for agent in self._numbers
            for role, space in _roles(env, agent)
        }
        for agent in self._numbers:
            shared: ByAgent = {}
            for other in self._numbers:
                if other != agent:
                    (_, observation), (_, action) = _roles(env, other)
                    shared[other] = spaces.Dict(
                        observation=deepcopy(observation),
                        observation_valid=spaces.Discrete(2),
                        action=deepcopy(action),
                        action_valid=spaces.Discrete(2),
                    )
            own = env.observation_space(agent)
            self._spaces[agent] = spaces.Dict(own=own, shared=spaces.Dict(shared))

    def observation_space(self, agent: AgentId) -> Any:
        """The agent's own observation, and what it is told of each other agent."""
        return self._spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ByAgent, ByAgent]:
        """Begin an episode."""
        observations, infos = self.env.reset(seed=seed, options=options)
        self._step = 1
        self._waiting.clear()
        return self._share(observations), infos

    def step(self, actions: Mapping[AgentId, Any]) -> tuple[ByAgent, ...]:
        """Take one action of each living agent."""
        if self.env.agents:
            for agent, action in actions.items():
                self._remember(agent, Role.ACTION, action)
            self._step += 1
        observations, *rest = self.env.step(actions)
        return (self._share(observations) if observations else {}, *rest)

    def _remember(self, agent: AgentId, role: Role, value: Any) -> None:
        """Keep what an agent saw or did; environments may write into their arrays again."""
        self._waiting[Item(self._numbers[agent], role, self._step)] = deepcopy(value)

    def _share(self, observations: ByAgent) -> ByAgent:
        """Put what has just become common beside each agent's own observation."""
        for agent in self._numbers.keys() & observations.keys():
            self._remember(agent, Role.OBSERVATION, observations[agent])
        new = {
            (item.agent, item.role): self._waiting.pop(item)
            for item in self._schedule.new_items(self._step)
            if item in self._waiting
        }
        told: ByAgent = {}
        for agent, number in self._numbers.items():
            told[agent] = {}
            for role in (Role.OBSERVATION, Role.ACTION):
                valid = (number, role) in new
                value = new[number, role] if valid else self._fillers[agent, role]
                told[agent][role.value] = value
                told[agent][f"{role.value}_valid"] = np.int64(valid)
        return {
            agent: own
            if agent not in self._numbers
            else {
                "own": own,
                "shared": {other: deepcopy(news) for other, news in told.items() if other != agent},
            }
            for agent, own in observations.items()
        }


def _roles(env: Any, agent: AgentId) -> tuple[tuple[Role, Any], tuple[Role, Any]]:
    """What an agent sees and does, with the spaces of both."""
    return (
        (Role.OBSERVATION, env.observation_space(agent)),
        (Role.ACTION, env.action_space(agent)),
    )


def _filler(space: Any, spaces: Any) -> Any:
    """Find an element of a space to stand where there is none: near 0 where that means something."""
    if isinstance(space, spaces.Box):
        return np.clip(np.zeros(space.shape), space.low, space.high).astype(space.dtype)
    if isinstance(space, spaces.Discrete):
        return np.int64(space.start)
    if isinstance(space, spaces.Dict):
        return {key: _filler(part, spaces) for key, part in space.spaces.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(_filler(part, spaces) for part in space.spaces)
    chosen = deepcopy(space)
    chosen.seed(0)
    return chosen.sample()
