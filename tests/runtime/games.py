"""Games and information structures built by hand, for tests of the numeric layer."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import product

import numpy as np

from posg.runtime.game import Dynamics, Game, Labels, Rewards, RewardScope
from posg.runtime.information import IncrementLabels, InformationStructure, Update


def dense_dynamics(transition: np.ndarray, emission: np.ndarray) -> Dynamics:
    """Tables from T[s, a, s'] and O[a, s', o]."""
    states, actions, _ = transition.shape
    offsets, successor, probability, emitted = [0], [], [], []
    for state, action in product(range(states), range(actions)):
        for following in np.flatnonzero(transition[state, action]).tolist():
            successor.append(following)
            probability.append(transition[state, action, following])
            emitted.append(action * states + following)
        offsets.append(len(successor))
    emission_offsets, observations, chances = [0], [], []
    for row in emission.reshape(-1, emission.shape[-1]):
        seen = np.flatnonzero(row)
        observations += seen.tolist()
        chances += row[seen].tolist()
        emission_offsets.append(len(observations))
    return Dynamics(
        offsets=np.array(offsets),
        successor=np.array(successor),
        probability=np.array(probability),
        emission=np.array(emitted),
        emission_offsets=np.array(emission_offsets),
        emission_observation=np.array(observations),
        emission_probability=np.array(chances),
    )


def names(prefix: str, count: int) -> tuple[str, ...]:
    return tuple(f"{prefix}{k}" for k in range(count))


def random_game(
    seed: int,
    *,
    agents: int = 2,
    states: int = 3,
    actions: int = 2,
    observations: int = 2,
    horizon: int = 3,
    kind: str = "team",
    scope: RewardScope = RewardScope.ACTION,
    initial_observations: bool = False,
    stationary: bool = False,
    uncontrolled: bool = False,
    controller: int | None = None,
    discount: float = 1.0,
) -> Game:
    random = np.random.default_rng(seed)
    joint_actions, joint_observations = actions**agents, observations**agents
    kernels = 1 if stationary else horizon
    dynamics, rewards = [], []
    for _ in range(kernels):
        transition = random.dirichlet(np.ones(states) * 0.7, size=(states, joint_actions))
        emission = random.dirichlet(np.ones(joint_observations) * 0.7, size=(joint_actions, states))
        transition[transition < 0.05] = 0
        transition /= transition.sum(axis=-1, keepdims=True)
        if uncontrolled:
            transition[:] = transition[:, :1]
            emission[:] = emission[:1]
        if controller is not None:
            own = np.arange(joint_actions) // actions ** (agents - 1 - controller) % actions
            transition = transition[:, own]
            emission = emission[own]
        tables = dense_dynamics(transition, emission)
        dynamics.append(tables)
        if scope is RewardScope.ACTION:
            length = states * joint_actions
        elif scope is RewardScope.TRANSITION:
            length = len(tables.successor)
        else:
            length = int(np.diff(tables.emission_offsets)[tables.emission].sum())
        values = random.uniform(-1, 1, size=(agents, length))
        if kind == "team":
            values[:] = values[:1]
        elif kind == "zero-sum":
            values[1] = -values[0]
        rewards.append(Rewards(scope=scope, values=values))
    if initial_observations:
        cells = list(product(range(states), *[range(observations)] * agents))
    else:
        cells = [(state, *[0] * agents) for state in range(states)]
    initial = np.array(cells)
    steps = np.zeros(horizon, dtype=np.int64) if stationary else np.arange(horizon)
    return Game(
        name=f"random{seed}",
        agents=names("agent", agents),
        horizon=horizon,
        discount=discount,
        labels=Labels(
            states=names("s", states),
            actions=tuple(names("a", actions) for _ in range(agents)),
            observations=tuple(names("o", observations) for _ in range(agents)),
            initial_observations=tuple(
                names("o", observations) if initial_observations else ("nothing",)
                for _ in range(agents)
            ),
        ),
        initial_state=initial[:, 0],
        initial_observation=initial[:, 1:],
        initial_probability=random.dirichlet(np.ones(len(initial))),
        dynamics=tuple(dynamics),
        dynamics_of_step=steps,
        rewards=tuple(rewards),
        rewards_of_step=steps,
    )


Atom = tuple[str, int, int]  # kind, time, value
Private = tuple[Atom, ...]
NEVER = 10**6


def build_information(
    game: Game, observation_delay: Sequence[int], action_delay: Sequence[int | None]
) -> InformationStructure:
    """Share o_{i,t} at t + d^o_i and a_{i,t} at t + d^a_i; a delay of None drops the action.

    The private value is the tuple of atoms that the agent remembers and has not shared. An initial
    observation is o_{i,1}.
    """

    def advance(
        agent: int, step: int, private: Private, action: int | None, observation: int | None
    ) -> tuple[Private, Private]:
        """Private atoms at ``step`` (after the update into it) and atoms that become common."""
        atoms = list(private)
        if action is not None and action_delay[agent] is not None:
            atoms.append(("a", step - 1, action))
        if observation is not None:
            atoms.append(("o", step, observation))
        delay = {"o": observation_delay[agent], "a": action_delay[agent]}
        out = tuple(atom for atom in atoms if atom[1] + (delay[atom[0]] or 0) <= step)
        return tuple(atom for atom in atoms if atom not in out), out

    return assemble(game, advance, "delays")


Advance = Callable[[int, int, Hashable, int | None, int | None], tuple[Hashable, Hashable]]


def assemble(game: Game, advance: Advance, name: str) -> InformationStructure:
    """Tabulate ``advance(agent, step, p, a, o) -> (p', common part)``, over reachable p."""
    count = len(game.agents)
    has_initial = [len(labels) > 1 for labels in game.labels.initial_observations]
    private: list[list[Hashable]] = [[()] for _ in range(count)]
    updates, private_labels, increment_labels = [], [], []
    for step in range(1, game.horizon + 1):
        tables, commons, sizes, new_private, parts = [], [], [], [], []
        for agent in range(count):
            if step == 1:
                shape = (1, 1, len(game.labels.initial_observations[agent]))
            else:
                shape = (
                    len(private[agent]),
                    game.action_counts[agent],
                    game.observation_counts[agent],
                )
            table = np.zeros(shape, dtype=np.int64)
            common = np.zeros(shape, dtype=np.int64)
            values: dict[Hashable, int] = {}
            shared: dict[Hashable, int] = {}
            for p, a, o in product(*map(range, shape)):
                if step == 1:
                    own, out = advance(agent, 1, (), None, o if has_initial[agent] else None)
                else:
                    own, out = advance(agent, step, private[agent][p], a, o)
                table[p, a, o] = values.setdefault(own, len(values))
                common[p, a, o] = shared.setdefault(out, len(shared))
            tables.append(table)
            commons.append(common)
            sizes.append(len(shared))
            new_private.append(list(values))
            parts.append(tuple(f"{agent}:{out}" if out != () else "" for out in shared))
        updates.append(
            Update(
                private=tuple(tables),
                common=tuple(commons),
                common_sizes=tuple(sizes),
                joint=None,
                increment_count=int(np.prod(sizes)),
            )
        )
        private = new_private
        private_labels.append(tuple(tuple(str(value) for value in column) for column in private))
        increment_labels.append(IncrementLabels(parts=tuple(parts), joint=None))
    return InformationStructure(
        name=name,
        updates=tuple(updates),
        private_labels=tuple(private_labels),
        increment_labels=tuple(increment_labels),
    )


def one_step_delay(game: Game) -> InformationStructure:
    n = len(game.agents)
    return build_information(game, [1] * n, [1] * n)


def full(game: Game) -> InformationStructure:
    n = len(game.agents)
    return build_information(game, [0] * n, [1] * n)


def one_directional(game: Game) -> InformationStructure:
    """Agent 1 shares at once, the others after one step."""
    n = len(game.agents)
    return build_information(game, [0] + [1] * (n - 1), [1] * n)


def uncontrolled(game: Game, delay: int = 2) -> InformationStructure:
    n = len(game.agents)
    return build_information(game, [delay] * n, [None] * n)


def none(game: Game) -> InformationStructure:
    n = len(game.agents)
    return build_information(game, [NEVER] * n, [NEVER] * n)


def delayed(game: Game, delay: int) -> InformationStructure:
    n = len(game.agents)
    return build_information(game, [delay] * n, [delay] * n)


def dectiger(horizon: int) -> Game:
    """Nair et al. 2003: states left, right; listen, open left, open right."""
    listen, left, right = range(3)
    transition = np.full((2, 9, 2), 0.5)
    emission = np.full((9, 2, 4), 0.25)
    transition[:, 0] = np.eye(2)
    heard = np.array([[0.85, 0.15], [0.15, 0.85]])
    for tiger in range(2):
        emission[0, tiger] = np.outer(heard[tiger], heard[tiger]).ravel()
    reward = np.full((2, 9), -100.0)
    for tiger in range(2):
        bad, good = (left, right) if tiger == 0 else (right, left)
        for a, b in product(range(3), repeat=2):
            pair = {a, b}
            if a == b == listen:
                value = -2.0
            elif a == b:
                value = -50.0 if a == bad else 20.0
            elif listen in pair:
                value = -101.0 if bad in pair else 9.0
            else:
                value = -100.0
            reward[tiger, a * 3 + b] = value
        assert good != bad
    zeros = np.zeros(horizon, dtype=np.int64)
    return Game(
        name="dectiger",
        agents=("alice", "bob"),
        horizon=horizon,
        discount=1.0,
        labels=Labels(
            states=("tiger=left", "tiger=right"),
            actions=(("listen", "open_left", "open_right"),) * 2,
            observations=(("left", "right"),) * 2,
            initial_observations=(("nothing",),) * 2,
        ),
        initial_state=np.arange(2),
        initial_observation=np.zeros((2, 2), dtype=np.int64),
        initial_probability=np.full(2, 0.5),
        dynamics=(dense_dynamics(transition, emission),),
        dynamics_of_step=zeros,
        rewards=(Rewards(scope=RewardScope.ACTION, values=np.tile(reward.ravel(), (2, 1))),),
        rewards_of_step=zeros,
    )
