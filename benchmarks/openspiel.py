"""Games handed to OpenSpiel as extensive forms, to time its solvers beside ours."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from posg.runtime import Game, InformationStructure
from posg.runtime.arrays import digits


class ExtensiveForm:
    """Writes a two-agent game whose rewards depend on state and actions as Gambit's ``.efg``."""

    def __init__(self, game: Game, information: InformationStructure) -> None:
        self.game = game
        self.information = information
        self.sets: list[dict[tuple[object, ...], int]] = [{}, {}]
        self.draws = self.outcomes = 0
        (self.dynamics,) = game.dynamics
        (self.rewards,) = game.rewards

    def text(self) -> str:
        agents = " ".join(f'"{agent}"' for agent in self.game.agents)
        lines = [f'EFG 2 R "{self.game.name}" {{ {agents} }}']
        branches = [
            (chance, self.opening(state, seen))
            for state, seen, chance in zip(
                self.game.initial_state.tolist(),
                self.game.initial_observation.tolist(),
                self.game.initial_probability.tolist(),
                strict=True,
            )
        ]
        lines.append(self.chance([chance for chance, _ in branches]))
        for _, place in branches:
            lines.extend(self.decide(1, *place, np.zeros(2)))
        return "\n".join(lines)

    def opening(self, state: int, seen: list[int]) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
        z, private = self.update(0, (0, 0), (0, 0), tuple(seen))
        return state, (z,), private

    def update(
        self, number: int, private: tuple[int, ...], actions: tuple[int, ...], seen: tuple[int, ...]
    ) -> tuple[int, tuple[int, ...]]:
        update = self.information.updates[number]
        own = list(zip(private, actions, seen, strict=True))
        z = 0
        for size, table, place in zip(update.common_sizes, update.common, own, strict=True):
            z = z * size + int(table[place])
        if update.joint is not None:
            z = int(update.joint[z])
        return z, tuple(int(table[place]) for table, place in zip(update.private, own, strict=True))

    def chance(self, chances: list[float]) -> str:
        self.draws += 1
        branches = " ".join(f'"{k}" {chance:.15g}' for k, chance in enumerate(chances))
        return f'c "" {self.draws} "" {{ {branches} }} 0'

    def decide(
        self,
        step: int,
        state: int,
        common: tuple[int, ...],
        private: tuple[int, ...],
        earned: np.ndarray,
    ) -> Iterator[str]:
        first, second = (
            self.sets[agent].setdefault((common, private[agent]), len(self.sets[agent]) + 1)
            for agent in range(2)
        )
        counts = self.game.action_counts
        moves = [" ".join(f'"{action}"' for action in range(count)) for count in counts]
        yield f'p "" 1 {first} "" {{ {moves[0]} }} 0'
        for actions in product(*(range(count) for count in counts)):
            if not actions[1]:
                yield f'p "" 2 {second} "" {{ {moves[1]} }} 0'
            row = state * int(np.prod(counts)) + actions[0] * counts[1] + actions[1]
            total = earned + self.rewards.values[:, row]
            if step == self.game.horizon:
                self.outcomes += 1
                yield f't "" {self.outcomes} "" {{ {total[0]:.15g}, {total[1]:.15g} }}'
                continue
            following = list(self.follow(row))
            yield self.chance([chance for chance, _, _ in following])
            for _, successor, seen in following:
                z, kept = self.update(step, private, actions, seen)
                yield from self.decide(step + 1, successor, (*common, z), kept, total)

    def follow(self, row: int) -> Iterator[tuple[float, int, tuple[int, ...]]]:
        dynamics = self.dynamics
        for transition in range(dynamics.offsets[row], dynamics.offsets[row + 1]):
            emission = dynamics.emission[transition]
            for place in range(
                dynamics.emission_offsets[emission], dynamics.emission_offsets[emission + 1]
            ):
                seen = digits(
                    np.array([dynamics.emission_observation[place]]), self.game.observation_counts
                )
                chance = dynamics.probability[transition] * dynamics.emission_probability[place]
                yield (
                    float(chance),
                    int(dynamics.successor[transition]),
                    tuple(int(code) for code in seen[:, 0]),
                )
