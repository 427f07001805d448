"""Slow and obvious versions of what the numeric layer computes: dictionaries and recursion."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product

import numpy as np
from scipy.optimize import linprog

from posg.runtime import Game, InformationStructure, Policy, RewardScope

Codes = tuple[int, ...]
Belief = Mapping[tuple[int, Codes], float]
Outcome = tuple[float, int, Codes, list[float]]
"""(probability, s', o, rewards)"""
Chances = Callable[[int, int, Codes, int], Mapping[int, float]]
"""(agent, step, c_h, p_i) -> distribution over actions."""


def split(code: int, radices: tuple[int, ...]) -> Codes:
    found = []
    for radix in reversed(radices):
        code, digit = divmod(code, radix)
        found.append(digit)
    return tuple(reversed(found))


class Reference:
    def __init__(self, game: Game, information: InformationStructure) -> None:
        self.game = game
        self.information = information
        self.agents = range(len(game.agents))
        self.known: dict[tuple[int, int, Codes], list[Outcome]] = {}

    def joint_actions(self) -> Iterator[Codes]:
        return product(*(range(count) for count in self.game.action_counts))

    def update(self, number: int, p: Codes, a: Codes, o: Codes) -> tuple[int, Codes]:
        """z and the next p."""
        update = self.information.updates[number]
        z = 0
        for i in self.agents:
            z = z * update.common_sizes[i] + int(update.common[i][p[i], a[i], o[i]])
        if update.joint is not None:
            z = int(update.joint[z])
        return z, tuple(int(update.private[i][p[i], a[i], o[i]]) for i in self.agents)

    def opening(self) -> Iterator[tuple[float, int, int, Codes]]:
        """(probability, s, z_1, p_1)."""
        zeros = (0,) * len(self.agents)
        for state, seen, chance in zip(
            self.game.initial_state.tolist(),
            self.game.initial_observation.tolist(),
            self.game.initial_probability.tolist(),
            strict=True,
        ):
            z, p = self.update(0, zeros, zeros, tuple(seen))
            yield chance, state, z, p

    def outcomes(self, step: int, state: int, a: Codes) -> list[Outcome]:
        if (step, state, a) not in self.known:
            self.known[step, state, a] = list(self._outcomes(step, state, a))
        return self.known[step, state, a]

    def _outcomes(self, step: int, state: int, a: Codes) -> Iterator[Outcome]:
        game = self.game
        tables = game.dynamics[game.dynamics_of_step[step - 1]]
        rewards = game.rewards[game.rewards_of_step[step - 1]]
        row = state * int(np.prod(game.action_counts))
        row += int(np.ravel_multi_index(a, game.action_counts))
        for entry in range(tables.offsets[row], tables.offsets[row + 1]):
            emission = tables.emission[entry]
            start, stop = tables.emission_offsets[emission : emission + 2]
            for draw in range(start, stop):
                before = sum(
                    tables.emission_offsets[e + 1] - tables.emission_offsets[e]
                    for e in tables.emission[:entry]
                )
                place = {
                    RewardScope.ACTION: row,
                    RewardScope.TRANSITION: entry,
                    RewardScope.OUTCOME: before + draw - start,
                }[rewards.scope]
                chance = tables.probability[entry] * tables.emission_probability[draw]
                if chance > 0:
                    observed = split(
                        int(tables.emission_observation[draw]), game.observation_counts
                    )
                    yield (
                        float(chance),
                        int(tables.successor[entry]),
                        observed,
                        rewards.values[:, place].tolist(),
                    )

    def roots(self) -> dict[Codes, tuple[float, Belief]]:
        """c_1 -> its probability and belief."""
        mass: dict[Codes, dict[tuple[int, Codes], float]] = {}
        for chance, state, z, p in self.opening():
            cell = mass.setdefault((z,), {})
            cell[state, p] = cell.get((state, p), 0.0) + chance
        return {c: normalised(cell) for c, cell in mass.items() if sum(cell.values()) > 0}

    def children(self, step: int, belief: Belief) -> dict[int, tuple[float, Belief]]:
        """z -> its probability and the next belief, under uniform prescriptions."""
        mass: dict[int, dict[tuple[int, Codes], float]] = {}
        count = np.prod(self.game.action_counts)
        for (state, p), weight in belief.items():
            for a in self.joint_actions():
                for chance, following, o, _ in self.outcomes(step, state, a):
                    z, p_next = self.update(step, p, a, o)
                    cell = mass.setdefault(z, {})
                    key = (following, p_next)
                    cell[key] = cell.get(key, 0.0) + weight * chance / count
        return {z: normalised(cell) for z, cell in mass.items()}

    def payoffs(
        self, step: int, belief: Belief, values: Mapping[int, np.ndarray]
    ) -> dict[tuple[Codes, Codes], np.ndarray]:
        """(p, a) -> expected payoffs of all agents, weighted by P(p | c)."""
        table: dict[tuple[Codes, Codes], np.ndarray] = {}
        for (state, p), weight in belief.items():
            for a in self.joint_actions():
                total = np.zeros(len(self.agents))
                for chance, _, o, rewards in self.outcomes(step, state, a):
                    total += chance * np.array(rewards)
                    if step < self.game.horizon:
                        z, _ = self.update(step, p, a, o)
                        total += chance * self.game.discount * values[z]
                table[p, a] = table.get((p, a), np.zeros(len(self.agents))) + weight * total
        return table

    def solve(self, kind: str) -> np.ndarray:
        """Values of Algorithm 1 by recursion over all common histories."""
        total = np.zeros(len(self.agents))
        for c, (chance, belief) in self.roots().items():
            total += chance * self._solve_node(kind, 1, c, belief)
        return total

    def _solve_node(self, kind: str, step: int, c: Codes, belief: Belief) -> np.ndarray:
        values: dict[int, np.ndarray] = {}
        if step < self.game.horizon:
            for z, (_, child) in self.children(step, belief).items():
                values[z] = self._solve_node(kind, step + 1, (*c, z), child)
        table = self.payoffs(step, belief, values)
        pure = [
            [
                dict(zip(types, choice, strict=True))
                for choice in product(range(self.game.action_counts[i]), repeat=len(types))
            ]
            for i in self.agents
            for types in [sorted({p[i] for _, p in belief})]
        ]
        totals = np.array(
            [
                sum(
                    value[0]
                    for (p, a), value in table.items()
                    if all(rows[i][p[i]] == a[i] for i in self.agents)
                )
                for rows in product(*pure)
            ]
        ).reshape([len(rows) for rows in pure])
        if kind == "team":
            return np.full(len(self.agents), totals.max())
        value = matrix_game_value(totals)
        return np.array([value, -value])

    def best_response(self, agent: int, chances: Chances) -> float:
        """What one agent gets at best against a policy of the others."""
        return sum(
            chance * self._respond(agent, chances, 1, c, belief)
            for c, (chance, belief) in self.roots().items()
        )

    def _respond(self, agent: int, chances: Chances, step: int, c: Codes, belief: Belief) -> float:
        values: dict[int, np.ndarray] = {}
        if step < self.game.horizon:
            for z, (_, child) in self.children(step, belief).items():
                later = self._respond(agent, chances, step + 1, (*c, z), child)
                values[z] = np.full(len(self.agents), later)
        gain: dict[tuple[int, int], float] = {}
        for (p, a), value in self.payoffs(step, belief, values).items():
            weight = 1.0
            for j in self.agents:
                if j != agent:
                    weight *= chances(j, step, c, p[j]).get(a[j], 0.0)
            key = p[agent], a[agent]
            gain[key] = gain.get(key, 0.0) + weight * float(value[agent])
        types = {p for p, _ in gain}
        return sum(max(value for (p, _), value in gain.items() if p == own) for own in types)

    def remember_best(self, agent: int, chances: Chances) -> float:
        """What an agent who remembers all it did and knew gets at best; others mix independently.

        No beliefs: histories that look the same to the agent are carried along with the chances
        of nature and of the others.
        """
        groups: dict[tuple[Codes, int], list[tuple[float, int, Codes]]] = {}
        for chance, state, z, p in self.opening():
            groups.setdefault(((z,), p[agent]), []).append((chance, state, p))
        return sum(
            self._remember(agent, chances, 1, c, histories) for (c, _), histories in groups.items()
        )

    def _remember(
        self,
        agent: int,
        chances: Chances,
        step: int,
        c: Codes,
        histories: list[tuple[float, int, Codes]],
    ) -> float:
        best = -np.inf
        for own in range(self.game.action_counts[agent]):
            total = 0.0
            groups: dict[tuple[Codes, int], list[tuple[float, int, Codes]]] = {}
            for weight, state, p in histories:
                for a in self.joint_actions():
                    if a[agent] != own:
                        continue
                    played = weight * float(
                        np.prod(
                            [
                                chances(i, step, c, p[i]).get(a[i], 0.0)
                                for i in self.agents
                                if i != agent
                            ]
                        )
                    )
                    for chance, following, o, rewards in self.outcomes(step, state, a):
                        total += played * chance * rewards[agent]
                        if step < self.game.horizon and played > 0:
                            z, after = self.update(step, p, a, o)
                            group = groups.setdefault(((*c, z), after[agent]), [])
                            group.append((played * chance, following, after))
            for (later, _), members in groups.items():
                total += self.game.discount * self._remember(
                    agent, chances, step + 1, later, members
                )
            best = max(best, total)
        return best

    def evaluate(self, chances: Chances) -> np.ndarray:
        """Expected returns, by enumerating all plays."""
        total = np.zeros(len(self.agents))
        for chance, state, z, p in self.opening():
            total += chance * self._play(chances, 1, state, (z,), p)
        return total

    def _play(self, chances: Chances, step: int, state: int, c: Codes, p: Codes) -> np.ndarray:
        total = np.zeros(len(self.agents))
        for a in self.joint_actions():
            weight = float(np.prod([chances(i, step, c, p[i]).get(a[i], 0.0) for i in self.agents]))
            if weight == 0:
                continue
            for chance, following, o, rewards in self.outcomes(step, state, a):
                later = np.zeros(len(self.agents))
                if step < self.game.horizon:
                    z, p_next = self.update(step, p, a, o)
                    later = self._play(chances, step + 1, following, (*c, z), p_next)
                total += weight * chance * (np.array(rewards) + self.game.discount * later)
        return total

    def lookup(self, policy: Policy) -> Chances:
        """Read a policy as anybody would: by labels."""
        machine = PolicyReader(policy)

        def chances(agent: int, step: int, c: Codes, p: int) -> Mapping[int, float]:
            labels = [self.information.increment_labels[at][z] for at, z in enumerate(c)]
            known = self.information.private_labels[step - 1][agent][p]
            row = machine.row(labels, agent, known)
            return {
                action: row[name] for action, name in enumerate(self.game.labels.actions[agent])
            }

        return chances


class PolicyReader:
    def __init__(self, policy: Policy) -> None:
        self.transitions = [
            {
                (s, step.increments[z]): t
                for s, z, t in zip(
                    step.source.tolist(), step.increment.tolist(), step.target.tolist(), strict=True
                )
            }
            for step in policy.steps
        ]
        self.rows = [
            [
                {
                    (signal, rows.private[value]): dict(zip(actions, chances, strict=True))
                    for signal, value, chances in zip(
                        rows.signal.tolist(),
                        rows.value.tolist(),
                        rows.probability.tolist(),
                        strict=True,
                    )
                }
                for rows, actions in zip(step.prescriptions, policy.actions.values(), strict=True)
            ]
            for step in policy.steps
        ]

    def row(self, increments: list[str], agent: int, private: str) -> Mapping[str, float]:
        node = 0
        for step, label in enumerate(increments):
            node = self.transitions[step][node, label]
        return self.rows[len(increments) - 1][agent][node, private]


def normalised(cell: dict[tuple[int, Codes], float]) -> tuple[float, Belief]:
    mass = sum(cell.values())
    return mass, {key: value / mass for key, value in cell.items() if value > 0}


def matrix_game_value(table: np.ndarray) -> float:
    """Value of a matrix game for the row player."""
    rows, columns = table.shape
    found = linprog(
        np.append(np.zeros(rows), -1.0),
        A_ub=np.hstack([-table.T, np.ones((columns, 1))]),
        b_ub=np.zeros(columns),
        A_eq=np.append(np.ones(rows), 0.0)[None],
        b_eq=[1.0],
        bounds=[(0, None)] * rows + [(None, None)],
    )
    return float(found.x[-1])
