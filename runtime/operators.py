"""One step of the game as sparse rows over (s, p): where chi and xi take it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from .arrays import KEY_LIMIT, blocks, digits, expand_ranges, offsets_of, sum_at, sum_by_key
from .errors import LimitError
from .game import Dynamics, Floats, Game, Ints, Rewards, RewardScope
from .information import InformationStructure, Update

BLOCK = 1 << 19
"""Outcomes handled at once; bounds the memory of temporaries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """Every (a, s', o) that can follow a state, state after state.

    Attributes
    ----------
    offsets : (S + 1,) int64
    action, successor, observation : (N,) int64
    probability : (N,) float64, P(s', o | s, a)
    """

    offsets: Ints
    action: Ints
    successor: Ints
    observation: Ints
    probability: Floats


def list_outcomes(dynamics: Dynamics, state_count: int, action_count: int) -> Outcomes:
    """Multiply out transitions and emissions."""
    emitted = np.diff(dynamics.emission_offsets)[dynamics.emission]
    transition = np.repeat(np.arange(len(emitted)), emitted)
    emission = expand_ranges(dynamics.emission_offsets[dynamics.emission], emitted)
    probability = dynamics.probability[transition] * dynamics.emission_probability[emission]
    kept = probability > 0
    transition, emission = transition[kept], emission[kept]
    row = np.repeat(np.arange(state_count * action_count), np.diff(dynamics.offsets))[transition]
    return Outcomes(
        offsets=np.searchsorted(row, np.arange(state_count + 1) * action_count),
        action=row % action_count,
        successor=dynamics.successor[transition],
        observation=dynamics.emission_observation[emission],
        probability=probability[kept],
    )


def expect_rewards(
    dynamics: Dynamics, rewards: Rewards, state_count: int, action_count: int
) -> Floats:
    """E[r_i | s, a] as an (n, S, A) array."""
    shape = (len(rewards.values), state_count, action_count)
    if rewards.scope is RewardScope.ACTION:
        return rewards.values.reshape(shape)
    weight = dynamics.probability
    row = np.repeat(np.arange(state_count * action_count), np.diff(dynamics.offsets))
    if rewards.scope is RewardScope.OUTCOME:
        emitted = np.diff(dynamics.emission_offsets)[dynamics.emission]
        emission = expand_ranges(dynamics.emission_offsets[dynamics.emission], emitted)
        weight = np.repeat(weight, emitted) * dynamics.emission_probability[emission]
        row = np.repeat(row, emitted)
    count = state_count * action_count
    sums = [sum_at(row, weight * values, count) for values in rewards.values]
    return np.array(sums).reshape(shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """Outcomes of a block of (s, p) rows after chi and xi.

    Attributes
    ----------
    row : (N,) int64, position of the row in the list that was asked for
    action, observation, increment : (N,) int64, joint action, joint observation and z
    target : (N,) int64, sp of the next step
    probability : (N,) float64, P(s', o | s, a)
    """

    row: Ints
    action: Ints
    observation: Ints
    increment: Ints
    target: Ints
    probability: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTables:
    """What happens between step h and step h + 1.

    Attributes
    ----------
    private_counts, next_private_counts : n ints each
    action_digits : (n, A) int64, agent i's part of each joint action
    observation_digits : (n, O) int64
    """

    outcomes: Outcomes
    update: Update
    private_counts: tuple[int, ...]
    next_private_counts: tuple[int, ...]
    state_count: int
    action_digits: Ints
    observation_digits: Ints

    @property
    def action_count(self) -> int:
        """A."""
        return int(self.action_digits.shape[1])

    @property
    def target_count(self) -> int:
        """S * P of the next step."""
        return self.state_count * prod(self.next_private_counts)

    def route(self, rows: Ints) -> Iterator[Routed]:
        """Apply chi and xi to all that can follow the given rows sp, in blocks of whole rows."""
        private_count = prod(self.private_counts)
        state = rows // private_count
        starts = self.outcomes.offsets[state]
        lengths = self.outcomes.offsets[state + 1] - starts
        private = digits(rows % private_count, self.private_counts)
        for begin, end in blocks(lengths, BLOCK):
            row = np.repeat(np.arange(begin, end), lengths[begin:end])
            taken = expand_ranges(starts[begin:end], lengths[begin:end])
            action = self.outcomes.action[taken]
            observation = self.outcomes.observation[taken]
            increment = np.zeros(len(row), dtype=np.int64)
            target = self.outcomes.successor[taken]
            for agent, count in enumerate(self.next_private_counts):
                own = (
                    private[agent][row],
                    self.action_digits[agent][action],
                    self.observation_digits[agent][observation],
                )
                part = self.update.common[agent][own]
                increment = increment * self.update.common_sizes[agent] + part
                target = target * count + self.update.private[agent][own]
            if self.update.joint is not None:
                increment = self.update.joint[increment]
            yield Routed(
                row=row,
                action=action,
                observation=observation,
                increment=increment,
                target=target,
                probability=self.outcomes.probability[taken],
            )


class StepCatalogue:
    """The tables of each step, with what the steps have in common made once.

    Attributes
    ----------
    action_digits : (n, A) int64
        Agent i's part of each joint action.
    """

    def __init__(self, game: Game, information: InformationStructure) -> None:
        self._game = game
        self._information = information
        self.action_digits = _all_digits(game.action_counts)
        self._observation_digits = _all_digits(game.observation_counts)
        self._outcomes: dict[int, Outcomes] = {}
        self._rewards: dict[tuple[int, int], Floats] = {}

    def tables(self, step: int) -> StepTables:
        """Tables from ``step`` (1..H-1) to the next."""
        which = int(self._game.dynamics_of_step[step - 1])
        if which not in self._outcomes:
            self._outcomes[which] = list_outcomes(
                self._game.dynamics[which],
                self._game.state_count,
                self.action_digits.shape[1],
            )
        return StepTables(
            outcomes=self._outcomes[which],
            update=self._information.updates[step],
            private_counts=self._information.private_counts[step - 1],
            next_private_counts=self._information.private_counts[step],
            state_count=self._game.state_count,
            action_digits=self.action_digits,
            observation_digits=self._observation_digits,
        )

    def rewards(self, step: int) -> Floats:
        """E[r_i | s, a] at ``step`` (1..H), shape (n, S, A)."""
        which = (
            int(self._game.dynamics_of_step[step - 1]),
            int(self._game.rewards_of_step[step - 1]),
        )
        if which not in self._rewards:
            self._rewards[which] = expect_rewards(
                self._game.dynamics[which[0]],
                self._game.rewards[which[1]],
                self._game.state_count,
                self.action_digits.shape[1],
            )
        return self._rewards[which]


def _all_digits(radices: tuple[int, ...]) -> Ints:
    return digits(np.arange(prod(radices), dtype=np.int64), radices)


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseRows:
    """A sparse matrix with rows sp and several values an entry.

    Attributes
    ----------
    rows : (R,) int64, the sp that have a row, ascending
    offsets : (R + 1,) int64
    column : (N,) int64, ascending within a row
    values : k arrays (N,) float64
    """

    rows: Ints
    offsets: Ints
    column: Ints
    values: tuple[Floats, ...]

    def position(self, rows: Ints) -> Ints:
        """Where the given rows sp are."""
        return np.searchsorted(self.rows, rows)


def build_push(
    tables: StepTables,
    rows: Ints,
    prescriptions: tuple[Floats, ...],
    report: Callable[[int], None] | None = None,
) -> SparseRows:
    """Build F_h for the given rows sp, with columns z * S'P' + s'p'.

    The first value of an entry is P(z, s', p' | s, p) under uniform prescriptions, the second the
    same under ``prescriptions[i][p_i, a_i]``. ``report`` is told after each block how many bytes
    there are, and may raise.
    """
    width = tables.update.increment_count * tables.target_count
    private_count = prod(tables.private_counts)
    private = digits(rows % private_count, tables.private_counts)

    def weights(block: Routed) -> tuple[Floats, Floats]:
        other = block.probability
        for agent, prescription in enumerate(prescriptions):
            own_action = tables.action_digits[agent][block.action]
            other = other * prescription[private[agent][block.row], own_action]
        return block.probability / tables.action_count, other

    collected: list[tuple[Ints, Ints, list[Floats]]] = []
    stored = 0
    for block in tables.route(rows):
        column = block.increment * tables.target_count + block.target
        collected.append(_sum_rows(block, column, width, weights(block)))
        row, column, values = collected[-1]
        stored += row.nbytes + column.nbytes + sum(value.nbytes for value in values)
        if report is not None:
            report(stored)
    return _stack_rows(rows, collected)


def build_increments(tables: StepTables, rows: Ints) -> SparseRows:
    """Build N_h for the given rows sp: P(z | s, p, a) in columns a * Z + z."""
    count = tables.update.increment_count
    collected = [
        _sum_rows(
            block,
            block.action * count + block.increment,
            tables.action_count * count,
            (block.probability,),
        )
        for block in tables.route(rows)
    ]
    return _stack_rows(rows, collected)


def _sum_rows(
    block: Routed, column: Ints, width: int, weights: tuple[Floats, ...]
) -> tuple[Ints, Ints, list[Floats]]:
    """Add up the entries of a block that share row and column."""
    first = int(block.row[0])
    if (int(block.row[-1]) - first + 1) * width >= KEY_LIMIT:
        raise LimitError("P0603", columns=width)
    keys, sums = sum_by_key((block.row - first) * width + column, *weights)
    return first + keys // width, keys % width, sums


def _stack_rows(rows: Ints, collected: list[tuple[Ints, Ints, list[Floats]]]) -> SparseRows:
    row = np.concatenate([part[0] for part in collected])
    return SparseRows(
        rows=rows,
        offsets=offsets_of(np.bincount(row, minlength=len(rows))),
        column=np.concatenate([part[1] for part in collected]),
        values=tuple(
            np.concatenate(columns)
            for columns in zip(*(part[2] for part in collected), strict=True)
        ),
    )
