"""Q-learning over windows: prescriptions are tried in a model in place of planned backward."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from ..arrays import digits, distinct_values, locate_values
from ..consequences import apply_update
from ..episodes import Distributions
from ..errors import LimitError, ProblemError
from ..game import Floats, Ints
from ..game_class import GameClass, classify_game
from ..limits import DEFAULT_MEMORY, bytes_text
from ..nodes import CommonInformation
from ..operators import StepCatalogue
from ..planning import build_policy
from ..play import StepPlay
from ..policies import Policy, PrescriptionRows
from ..progress import Progress, silent


def learn_values(
    nodes: CommonInformation,
    *,
    seed: int,
    batches: int = 400,
    batch: int = 500,
    memory_bytes: int = DEFAULT_MEMORY,
    progress: Progress = silent,
) -> Policy:
    """Learn what joint prescriptions are worth at the nodes of a team's game, from simulated play.

    Episodes draw a state and private values from the belief of each node that they come to. At
    first prescriptions are chosen uniformly, less and less often so, and never in the last batch; otherwise the best so far
    is. A value moves towards what followed by 1 over the square root of how often it was tried.

    Parameters
    ----------
    nodes
        The forward pass of a game, such as ``LearnedModel.nodes``.
    batches, batch
        So many times so many episodes.

    Raises
    ------
    ProblemError
        P0701, if agents' rewards differ.
    LimitError
        P0621, if a step has too many joint prescriptions to try each.

    Notes
    -----
    Source: C. Watkins and P. Dayan, "Q-learning", Machine Learning 8, 1992, for the nodes as states
    and joint prescriptions as actions; what Liu and Zhang (2023), appendix F, plan with.
    """
    kind = classify_game(nodes.game)
    if kind is not GameClass.TEAM:
        raise ProblemError("P0701", kind=kind.value)
    need = 0
    for number in range(1, nodes.game.horizon + 1):
        need += 16 * nodes.steps[number - 1].beliefs.count * _count_prescriptions(nodes, number)
        if need > memory_bytes:
            raise LimitError(
                "P0621",
                step=number,
                prescriptions=_count_prescriptions(nodes, number),
                nodes=nodes.steps[number - 1].beliefs.count,
                limit=bytes_text(memory_bytes),
            )
    catalogue = StepCatalogue(nodes.game, nodes.information)
    steps = [_Step(nodes, catalogue, number) for number in range(1, nodes.game.horizon + 1)]
    random = np.random.default_rng(seed)
    roots = Distributions(np.array([0, len(nodes.roots.child)]), nodes.roots.probability)
    for number in range(batches):
        progress("Q-learning", number, batches)
        curious = 1 - number / max(1, batches - 1)
        start = nodes.roots.child[roots.draw(np.zeros(batch, dtype=np.int64), random.random(batch))]
        _play_batch(steps, start, curious, nodes.game.discount, random)
    value = np.sum(steps[0].values.max(axis=1)[nodes.roots.child] * nodes.roots.probability)
    return build_policy(
        nodes.game,
        nodes,
        "team",
        np.full(len(nodes.game.agents), value),
        [step.greedy_play() for step in steps],
    )


def _play_batch(
    steps: list[_Step], start: Ints, curious: float, discount: float, random: np.random.Generator
) -> None:
    """Play some episodes at once, and update from the last step back."""
    visits: list[tuple[Ints, Ints, Floats]] = []
    node = start
    for step in steps:
        anything = random.random(len(node)) < curious
        best = step.values[node].argmax(axis=1)
        chosen = np.where(anything, random.integers(0, step.values.shape[1], len(node)), best)
        reward, following = step.follow(node, chosen, random)
        visits.append((node, chosen, reward))
        node = following
    later = np.zeros(len(start))
    for step, (node, chosen, reward) in zip(reversed(steps), reversed(visits), strict=True):
        step.update(node, chosen, reward + discount * later)
        later = step.values.max(axis=1)[node]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prescriptions:
    """All joint prescriptions of a step, for the private values that occur in it.

    Attributes
    ----------
    values : n arrays (m_i,)
        Private values of each agent.
    actions : n arrays (G, m_i)
        What each joint prescription tells it to do.
    """

    values: tuple[Ints, ...]
    actions: tuple[Ints, ...]


def _occurring(nodes: CommonInformation, number: int) -> list[Ints]:
    """Private values of each agent that occur at a step."""
    counts = nodes.information.private_counts[number - 1]
    joint = distinct_values(nodes.steps[number - 1].beliefs.index % prod(counts))
    return [distinct_values(own) for own in digits(joint, counts)]


def _count_prescriptions(nodes: CommonInformation, number: int) -> int:
    pairs = zip(nodes.game.action_counts, _occurring(nodes, number), strict=True)
    return prod(actions ** len(values) for actions, values in pairs)


def _list_prescriptions(nodes: CommonInformation, number: int) -> _Prescriptions:
    values = _occurring(nodes, number)
    radices = [
        actions
        for actions, own in zip(nodes.game.action_counts, values, strict=True)
        for _ in range(len(own))
    ]
    cells = digits(np.arange(prod(radices)), tuple(radices))
    parts = np.split(np.asarray(cells), np.cumsum([len(own) for own in values])[:-1])
    return _Prescriptions(values=tuple(values), actions=tuple(part.T for part in parts))


class _Step:
    """One step of the model, with the values learned for it.

    Attributes
    ----------
    values : (C, G) float64
        What each joint prescription is worth at each node.
    """

    def __init__(self, nodes: CommonInformation, catalogue: StepCatalogue, number: int) -> None:
        self._nodes = nodes
        self._number = number
        self._known = nodes.steps[number - 1]
        self._prescriptions = _list_prescriptions(nodes, number)
        self._dynamics = nodes.game.dynamics[int(nodes.game.dynamics_of_step[number - 1])]
        self._rewards = catalogue.rewards(number)[0]
        self._beliefs = Distributions(self._known.beliefs.offsets, self._known.beliefs.probability)
        dynamics = self._dynamics
        self._transitions = Distributions(dynamics.offsets, dynamics.probability)
        self._emissions = Distributions(dynamics.emission_offsets, dynamics.emission_probability)
        self._radix = 0
        if self._known.edges is not None:
            edges = self._known.edges
            self._radix = 1 + int(edges.increment.max())
            self._keys = edges.source * self._radix + edges.increment
        count = len(self._prescriptions.actions[0])
        self.values = np.zeros((self._known.beliefs.count, count))
        self._tries = np.zeros_like(self.values)

    def follow(self, node: Ints, chosen: Ints, random: np.random.Generator) -> tuple[Floats, Ints]:
        """Draw what follows: reward and next node (N,), no matter which at the last step."""
        game, information = self._nodes.game, self._nodes.information
        luck = random.random((3, len(node)))
        counts = information.private_counts[self._number - 1]
        index = self._known.beliefs.index[self._beliefs.draw(node, luck[0])]
        state, joint = np.divmod(index, prod(counts))
        private = digits(joint, counts)
        own = [
            actions[chosen, np.searchsorted(values, mine)]
            for values, actions, mine in zip(
                self._prescriptions.values, self._prescriptions.actions, private, strict=True
            )
        ]
        action = np.ravel_multi_index(tuple(own), game.action_counts)
        reward = self._rewards[state, action]
        if self._known.edges is None:
            return reward, node
        place = self._transitions.draw(state * prod(game.action_counts) + action, luck[1])
        emission = self._emissions.draw(self._dynamics.emission[place], luck[2])
        observed = digits(self._dynamics.emission_observation[emission], game.observation_counts)
        triples = list(zip(private, own, observed, strict=True))
        increment, _ = apply_update(information, self._number, triples)
        edge = np.searchsorted(self._keys, node * self._radix + increment)
        return reward, self._known.edges.child[edge]

    def update(self, node: Ints, chosen: Ints, target: Floats) -> None:
        """Move values towards targets; those of the same prescription at a node count as one mean."""
        width = self.values.shape[1]
        cell, place = locate_values(node * width + chosen)
        times = np.bincount(place)
        mean = np.bincount(place, weights=target) / times
        tries, values = self._tries.reshape(-1), self.values.reshape(-1)
        tries[cell] += times
        share = np.minimum(1.0, times / np.sqrt(tries[cell]))
        values[cell] += share * (mean - values[cell])

    def greedy_play(self) -> StepPlay:
        """Play the best prescription of each node."""
        best = self.values.argmax(axis=1)
        count = len(best)
        labels = self._nodes.information.private_labels[self._number - 1]
        rows: list[PrescriptionRows] = []
        for names, values, actions, width in zip(
            labels,
            self._prescriptions.values,
            self._prescriptions.actions,
            self._nodes.game.action_counts,
            strict=True,
        ):
            rows.append(
                PrescriptionRows(
                    private=tuple(names[int(value)] for value in values),
                    signal=np.repeat(np.arange(count), len(values)),
                    value=np.tile(np.arange(len(values)), count),
                    probability=np.eye(width)[actions[best].ravel()],
                )
            )
        return StepPlay(
            signal_node=np.arange(count), signal_weight=np.ones(count), prescriptions=tuple(rows)
        )
