"""Policies: finite-state machines over common information, keyed by labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .arrays import expand_ranges, locate_values, offsets_of, sum_at
from .checked_json import MalformedError
from .errors import ProblemError
from .game import Floats, Game, Ints
from .information import InformationStructure

_BLOCK = 1 << 20
SUM_TOLERANCE = 1e-9
"""How far from 1 the probabilities of a prescription may sum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrescriptionRows:
    """What one agent does at one step.

    Attributes
    ----------
    private
        Labels of private values.
    signal, value : (R,) int64
        Row r is for that signal and ``private[value[r]]``; sorted by both, no pair twice.
    probability : (R, A_i) float64
        Distribution over the agent's actions.
    """

    private: tuple[str, ...]
    signal: Ints
    value: Ints
    probability: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyStep:
    """The machine's nodes at one step h and the transitions into them.

    Attributes
    ----------
    node_count
        C.
    increments
        Labels of z_h.
    source, increment, target : (E,) int64
        Node ``source[e]`` of step h - 1 goes to ``target[e]`` when z_h is
        ``increments[increment[e]]``; before step 1 there is one node, 0. Sorted by source and
        increment, no pair twice.
    signal_node : (T,) int64, ascending
        The node that each signal belongs to. A node with several signals draws one, afresh at each
        visit and commonly known to the agents (the seed omega_h); most nodes have one.
    signal_weight : (T,) float64
        Probability of the signal at its node.
    prescriptions
        One entry an agent.
    """

    node_count: int
    increments: tuple[str, ...]
    source: Ints
    increment: Ints
    target: Ints
    signal_node: Ints
    signal_weight: Floats
    prescriptions: tuple[PrescriptionRows, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A joint policy pi_{i,h}(a_i | omega_h, c_h, p_{i,h}) whose c_h is kept as a machine's node.

    Attributes
    ----------
    game, sharing, concept
        What it was computed for.
    value
        The expected return of each agent when it was computed.
    actions
        Names of each agent's actions.
    steps
        One entry for each h = 1..H.
    """

    game: str
    sharing: str
    concept: str
    value: Mapping[str, float]
    actions: Mapping[str, tuple[str, ...]]
    steps: tuple[PolicyStep, ...]

    @property
    def horizon(self) -> int:
        """H."""
        return len(self.steps)

    @property
    def agents(self) -> tuple[str, ...]:
        """The agents, in order."""
        return tuple(self.actions)

    @property
    def node_counts(self) -> tuple[int, ...]:
        """Nodes of each step."""
        return tuple(step.node_count for step in self.steps)


class BoundPolicy:
    """A policy that answers for the codes of one game and information structure.

    What the policy does not know is answered by a uniform choice and counted in ``missing``: an
    increment that has no transition leads to an extra node ``node_count`` where everything is
    uniform.

    Parameters
    ----------
    policy, game, information
        They are matched by labels.

    Raises
    ------
    ProblemError
        P0704 when agents, actions or horizon differ, P0705 when no private value is known.
    """

    def __init__(self, policy: Policy, game: Game, information: InformationStructure) -> None:
        _match(policy, game)
        self.policy = policy
        self.missing = 0
        self._increment_labels = information.increment_labels
        self._increment_numbers = [
            {label: number for number, label in enumerate(step.increments)} for step in policy.steps
        ]
        self._increment_codes: list[dict[int, int]] = [{} for _ in policy.steps]
        self._transition_keys = [
            step.source * max(1, len(step.increments)) + step.increment for step in policy.steps
        ]
        self._signal_offsets = [
            offsets_of(np.append(np.bincount(step.signal_node, minlength=step.node_count), 1))
            for step in policy.steps
        ]
        self._lotteries = [bool((np.diff(o) != 1).any()) for o in self._signal_offsets]
        self._signal_weights = [np.append(step.signal_weight, 1.0) for step in policy.steps]
        self._row_keys: tuple[int, list[Ints]] = (0, [])
        # An action's code in the game -> its column in the policy.
        self._columns = [
            np.array([policy.actions[agent].index(name) for name in names])
            for agent, names in zip(game.agents, game.labels.actions, strict=True)
        ]
        self._values = [
            [
                _match_private(rows.private, labels, number, agent)
                for rows, labels, agent in zip(
                    step.prescriptions,
                    information.private_labels[number - 1],
                    game.agents,
                    strict=True,
                )
            ]
            for number, step in enumerate(policy.steps, start=1)
        ]

    def follow(self, step: int, nodes: Ints, increments: Ints) -> Ints:
        """Find the nodes of ``step`` after its increments z, from nodes of the step before."""
        found = np.empty(len(nodes), dtype=np.int64)
        for begin in range(0, len(nodes), _BLOCK):
            part = slice(begin, begin + _BLOCK)
            found[part] = self._follow(step, nodes[part], increments[part])
        return found

    def _follow(self, step: int, nodes: Ints, increments: Ints) -> Ints:
        table = self.policy.steps[step - 1]
        numbers = self._number_increments(step, increments)
        keys = self._transition_keys[step - 1]
        wanted = nodes * max(1, len(table.increments)) + numbers
        place = np.searchsorted(keys, wanted)
        place = np.minimum(place, max(0, len(keys) - 1))
        known = numbers >= 0
        if step > 1:
            known &= nodes < self.policy.steps[step - 2].node_count
        if not len(keys):
            known[:] = False
        else:
            known &= keys[place] == wanted
        found = np.full(len(nodes), table.node_count, dtype=np.int64)
        found[known] = table.target[place[known]]
        return found

    def draw_of(self, step: int, nodes: Ints) -> tuple[Ints, Ints, Floats]:
        """List the signals of nodes: position in ``nodes``, signal and its probability."""
        offsets, weights = self._signal_offsets[step - 1], self._signal_weights[step - 1]
        signals = offsets[nodes]
        if not self._lotteries[step - 1]:
            return np.arange(len(nodes)), signals, weights[signals]
        lengths = offsets[nodes + 1] - signals
        signals = expand_ranges(signals, lengths)
        return np.repeat(np.arange(len(nodes)), lengths), signals, weights[signals]

    def respond(self, step: int, agent: int, signals: Ints, private: Ints) -> Floats:
        """Give agent i's distribution over its actions, (N, A_i), for signals and p_i."""
        rows = self.policy.steps[step - 1].prescriptions[agent]
        value = self._values[step - 1][agent][private]
        columns = self._columns[agent]
        answer = np.full((len(signals), len(columns)), 1.0 / len(columns))
        keys = self._keys_of(step)[agent]
        if len(keys):
            wanted = signals * max(1, len(rows.private)) + value
            place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            known = (keys[place] == wanted) & (value >= 0)
            answer[known] = rows.probability[place[known]][:, columns]
            self.missing += int(len(known) - known.sum())
        else:
            self.missing += len(signals)
        return answer

    def _keys_of(self, step: int) -> list[Ints]:
        """Give a number to each row of a step's prescriptions; those of the last step asked stay."""
        if self._row_keys[0] != step:
            prescriptions = self.policy.steps[step - 1].prescriptions
            keys = [row.signal * max(1, len(row.private)) + row.value for row in prescriptions]
            self._row_keys = (step, keys)
        return self._row_keys[1]

    def _number_increments(self, step: int, increments: Ints) -> Ints:
        """Turn codes of the game into positions in the policy's labels, -1 where unknown."""
        codes, where = locate_values(increments)
        memory = self._increment_codes[step - 1]
        numbers = np.empty(len(codes), dtype=np.int64)
        for place, code in enumerate(codes.tolist()):
            if code not in memory:
                label = self._increment_labels[step - 1][code]
                memory[code] = self._increment_numbers[step - 1].get(label, -1)
            numbers[place] = memory[code]
        return numbers[where]


def _match(policy: Policy, game: Game) -> None:
    """Make sure that the policy can be played in the game."""
    actions = dict(zip(game.agents, game.labels.actions, strict=True))
    if policy.agents != game.agents:
        raise ProblemError(
            "P0704",
            what="agents",
            found=", ".join(policy.agents),
            expected=", ".join(game.agents),
        )
    for agent, names in actions.items():
        if set(policy.actions[agent]) != set(names):
            raise ProblemError(
                "P0704",
                what=f"actions of {agent}",
                found=", ".join(policy.actions[agent]),
                expected=", ".join(names),
            )
    if policy.horizon != game.horizon:
        raise ProblemError("P0704", what="horizon", found=policy.horizon, expected=game.horizon)


def _match_private(known: tuple[str, ...], labels: tuple[str, ...], step: int, agent: str) -> Ints:
    """Match private codes of the game with the policy's; unknown ones become -1."""
    numbers = {label: number for number, label in enumerate(known)}
    values = np.array([numbers.get(label, -1) for label in labels], dtype=np.int64)
    if known and (values < 0).all():
        raise ProblemError("P0705", agent=agent, step=step, found=known[0], expected=labels[0])
    return values


def check_policy_step(
    number: int, step: PolicyStep, actions: Mapping[str, tuple[str, ...]], sources: int
) -> None:
    """Refuse a step from a file that is inconsistent.

    Parameters
    ----------
    number
        h.
    sources
        Nodes of the step before.

    Raises
    ------
    MalformedError
        When codes are out of range, or rows out of order.
    ProblemError
        P0706 when probabilities are not a distribution.
    """
    _check_codes(f"transitions into step {number}", step.source, sources)
    _check_codes(f"transitions into step {number}", step.increment, len(step.increments))
    _check_codes(f"transitions into step {number}", step.target, step.node_count)
    _check_order(f"transitions into step {number}", step.source, step.increment, step.target)
    _check_codes(f"lotteries of step {number}", step.signal_node, step.node_count)
    if len(step.signal_node) != len(step.signal_weight) or (np.diff(step.signal_node) < 0).any():
        raise MalformedError(f"its lotteries of step {number} are inconsistent")
    found = _first_wrong(step.signal_weight, step.signal_node, step.node_count)
    if found is not None:
        raise ProblemError("P0706", step=number, node=found[0], sum=f"{found[1]:.9g}")
    for (agent, names), rows in zip(actions.items(), step.prescriptions, strict=True):
        what = f"prescriptions of {agent} at step {number}"
        _check_codes(what, rows.signal, len(step.signal_node))
        _check_codes(what, rows.value, len(rows.private))
        _check_order(what, rows.signal, rows.value, rows.probability)
        if rows.probability.shape[1] != len(names):
            raise MalformedError(f"its {what} are inconsistent")
        place = np.repeat(np.arange(len(rows.signal)), len(names))
        found = _first_wrong(rows.probability.ravel(), place, len(rows.signal))
        if found is not None:
            raise ProblemError(
                "P0706",
                step=number,
                node=int(step.signal_node[rows.signal[found[0]]]),
                sum=f"{found[1]:.9g}",
                agent=agent,
                private=rows.private[int(rows.value[found[0]])] or "nothing",
            )


def _check_codes(what: str, codes: Ints, count: int) -> None:
    if len(codes) and not 0 <= int(codes.min()) <= int(codes.max()) < count:
        raise MalformedError(f"its {what} name something that does not exist")


def _check_order(what: str, first: Ints, second: Ints, rest: Ints | Floats) -> None:
    if not len(first) == len(second) == len(rest):
        raise MalformedError(f"its {what} are incomplete")
    same = np.diff(first) == 0
    if (np.diff(first) < 0).any() or (np.diff(second)[same] <= 0).any():
        raise MalformedError(f"its {what} are not in order")


def _first_wrong(chances: Floats, place: Ints, count: int) -> tuple[int, float] | None:
    """Find the first place where the chances are no distribution, and what they sum to."""
    sums = sum_at(place, chances, count)
    wrong = ~(np.abs(sums - 1) <= SUM_TOLERANCE)
    wrong[place[~(chances >= 0)]] = True
    first = int(np.argmax(wrong)) if count else 0
    return (first, float(sums[first])) if wrong.any() else None
