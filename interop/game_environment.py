"""A compiled game under a sharing structure as a PettingZoo environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posg.runtime import Game, InformationStructure

from .game_steps import GameSteps

Observation = dict[str, np.int64]


class GameEnvironment:
    """The methods of a ``pettingzoo.ParallelEnv`` for a game; ``posg.interop.pettingzoo`` adds the base.

    Parameters
    ----------
    spaces
        The module ``gymnasium.spaces``.
    seed
        For episodes before ``reset`` is given a seed; None for an unpredictable one.
    render_mode
        ``ansi``, ``human`` or None.
    reveal_state
        Put the label of s_h into ``info``.

    Raises
    ------
    ValueError
        For another ``render_mode``.
    """

    def __init__(
        self,
        game: Game,
        information: InformationStructure,
        spaces: Any,
        *,
        seed: int | None,
        render_mode: str | None,
        reveal_state: bool,
    ) -> None:
        if render_mode not in (None, "ansi", "human"):
            raise ValueError(f"render_mode is `ansi`, `human` or None, not {render_mode!r}")
        self.game = game
        self.information = information
        self.metadata = {
            "name": game.name,
            "render_modes": ["ansi", "human"],
            "is_parallelizable": True,
        }
        self.render_mode = render_mode
        self.possible_agents = list(game.agents)
        self.agents: list[str] = []
        self.state_space = spaces.Discrete(game.state_count)
        increments = max(update.increment_count for update in information.updates)
        self._observation_spaces: dict[str, Any] = {}
        self._action_spaces: dict[str, Any] = {}
        for number, agent in enumerate(game.agents):
            private = max(counts[number] for counts in information.private_counts)
            self._observation_spaces[agent] = spaces.Dict(
                private=spaces.Discrete(private),
                common=spaces.Discrete(increments),
                step=spaces.Discrete(game.horizon + 1, start=1),
            )
            self._action_spaces[agent] = spaces.Discrete(game.action_counts[number])
        self._reveal_state = reveal_state
        self._luck = np.random.default_rng(seed)
        self._steps = GameSteps(game, information)

    def observation_space(self, agent: str) -> Any:
        """Codes of p_{i,h} and z_h, and h; the same object at each call."""
        return self._observation_spaces[agent]

    def action_space(self, agent: str) -> Any:
        """Numbers of actions; the same object at each call."""
        return self._action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: Mapping[str, object] | None = None
    ) -> tuple[dict[str, Observation], dict[str, dict[str, str]]]:
        """Begin an episode; there are no ``options``."""
        if seed is not None:
            self._luck = np.random.default_rng(seed)
        self._steps.open(self._luck)
        self.agents = list(self.possible_agents)
        if self.render_mode == "human":
            print(self._text())
        return self._observe(), self._inform()

    def step(
        self, actions: Mapping[str, int]
    ) -> tuple[
        dict[str, Observation],
        dict[str, float],
        dict[str, bool],
        dict[str, bool],
        dict[str, dict[str, str]],
    ]:
        """Take one action of each agent; rewards are not discounted.

        Raises
        ------
        ValueError
            For an action that is missing or does not exist.
        """
        if not self.agents:
            return {}, {}, {}, {}, {}
        paid = self._steps.advance([self._action(actions, a) for a in self.agents], self._luck)
        ended = self._steps.step > self.game.horizon
        found = (
            self._observe(),
            dict(zip(self.agents, paid.tolist(), strict=True)),
            dict.fromkeys(self.agents, False),
            dict.fromkeys(self.agents, ended),
            self._inform(),
        )
        if ended:
            self.agents = []
        if self.render_mode == "human":
            print(self._text())
        return found

    def state(self) -> NDArray[np.int64]:
        """Code of s_h, without an axis; no agent sees it."""
        return np.array(self._steps.state)

    def render(self) -> str | None:
        """Describe the step to those who may see everything; None unless the mode is ``ansi``."""
        return self._text() if self.render_mode == "ansi" else None

    def close(self) -> None:
        """Nothing is open."""

    def _action(self, actions: Mapping[str, int], agent: str) -> int:
        if agent not in actions:
            raise ValueError(f"{agent} has no action")
        action, space = actions[agent], self._action_spaces[agent]
        if not space.contains(action):
            raise ValueError(f"{agent} has no action {action!r}; there are 0 to {space.n - 1}")
        return int(action)

    def _observe(self) -> dict[str, Observation]:
        steps = self._steps
        private = steps.private or (0,) * len(self.agents)
        common, step = np.int64(steps.increment or 0), np.int64(steps.step)
        return {
            agent: {"private": np.int64(own), "common": common, "step": step}
            for agent, own in zip(self.agents, private, strict=True)
        }

    def _inform(self) -> dict[str, dict[str, str]]:
        steps = self._steps
        shown = {"state": self.game.labels.states[steps.state]} if self._reveal_state else {}
        if steps.increment is None or steps.private is None:
            return {agent: dict(shown) for agent in self.agents}
        shown["common"] = self.information.increment_labels[steps.step - 1][steps.increment]
        names = self.information.private_labels[steps.step - 1]
        return {
            agent: {**shown, "private": labels[own]}
            for agent, labels, own in zip(self.agents, names, steps.private, strict=True)
        }

    def _text(self) -> str:
        steps = self._steps
        state = self.game.labels.states[steps.state]
        if steps.increment is None or steps.private is None:
            return f"end\n  state: {state}"
        common = self.information.increment_labels[steps.step - 1][steps.increment]
        names = self.information.private_labels[steps.step - 1]
        own = [
            f"  private to {agent}: {labels[code]}"
            for agent, labels, code in zip(self.game.agents, names, steps.private, strict=True)
        ]
        return "\n".join([f"step {steps.step}", f"  state: {state}", f"  common: {common}", *own])
