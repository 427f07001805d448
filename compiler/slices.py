"""What the tables of a game say about two consecutive steps: true parents, and what fixes what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray

from posg.grammar.node import Record
from posg.runtime.arrays import distinct_values
from posg.runtime.errors import LimitError
from posg.runtime.game import Dynamics, Game
from posg.runtime.operators import Outcomes, list_outcomes

from .columns import Rows
from .ground import GroundGame
from .laws import Read
from .model import Role, Variable
from .radix import digit, distinct

MAX_ROWS = 1_000_000
"""Most outcomes (s, a, s', o') of one step that are looked through."""
_MAX_CELLS = 4_000_000
_TOLERANCE = 1e-11
"""Probabilities that differ by less are equal: they were added up from rounded products."""


class Factor(Record):
    """The law of some variables given some others; independent of the other factors of the slice."""

    targets: tuple[Variable, ...]
    reads: tuple[Read, ...]


class Slice:
    """All that can happen from one step to the next, row by row.

    A read is a variable with True for the later of the two steps. In the slice that opens the
    episode there is only the state and the initial observations of step 1, which are unprimed.
    """

    def __init__(self, ground: GroundGame, rows: Outcomes | None, states: Rows) -> None:
        self._ground = ground
        self._rows = rows
        self._states = states
        self._columns: dict[Read, Rows] = {}
        self._factors: dict[tuple[Variable, ...], tuple[Factor, ...]] = {}

    @property
    def weights(self) -> NDArray[np.float64]:
        """Probability of each row given the state and the joint action, or of the opening."""
        if self._rows is None:
            game = self._ground.game
            return game.initial_probability[game.initial_probability > 0]
        return self._rows.probability

    @property
    def successors(self) -> Rows:
        """The state after each row."""
        assert self._rows is not None
        return self._rows.successor

    @cached_property
    def reads(self) -> tuple[Read, ...]:
        """Every variable of the slice."""
        model = self._ground.model
        observed = [v for group in model.observations for v in group]
        if self._rows is None:
            early = [v for v in observed if v in model.initially_observed]
            return tuple((v, False) for v in (*model.states, *early))
        done = [v for group in model.actions for v in group]
        before = [(v, False) for v in (*model.states, *done)]
        return (*before, *((v, True) for v in (*model.states, *observed)))

    def column(self, read: Read) -> Rows:
        """Codes of a variable on every row."""
        if read not in self._columns:
            self._columns[read] = self._column(read)
        return self._columns[read]

    def _column(self, read: Read) -> Rows:
        variable, primed = read
        model, codes = self._ground.model, self._ground.state_codes
        if self._rows is None:
            game = self._ground.game
            positive = game.initial_probability > 0
            if variable.role is Role.STATE:
                at = game.initial_state[positive]
                return np.asarray(codes[at, model.states.index(variable)])
            assert variable.agent is not None
            group = model.observations[variable.agent.number]
            early = tuple(v for v in group if v in model.initially_observed)
            seen = game.initial_observation[positive, variable.agent.number]
            return digit(seen, tuple(len(v.domain) for v in early), early.index(variable))
        if variable.role is Role.STATE:
            at = self._rows.successor if primed else self._states
            return np.asarray(codes[at, model.states.index(variable)])
        if variable.role is Role.ACTION:
            groups, numbers = model.actions, self._rows.action
        else:
            groups, numbers = model.observations, self._rows.observation
        joint = tuple(v for group in groups for v in group)
        return digit(numbers, tuple(len(v.domain) for v in joint), joint.index(variable))

    def _group(self, reads: Iterable[Read]) -> tuple[Rows, Rows]:
        """First row of each combination of values, and the combination of each row."""
        reads = tuple(reads)
        sizes = [len(variable.domain) for variable, _ in reads]
        return distinct([self.column(read) for read in reads], sizes, len(self.weights))

    def determined(self, known: Collection[Read]) -> tuple[Read, ...]:
        """Find the variables whose values follow from those of known ones, on every row."""
        first, group = self._group(known)
        found: list[Read] = []
        for read in self.reads:
            if read not in known:
                column = self.column(read)
                if np.array_equal(column, column[first][group]):
                    found.append(read)
        return tuple(found)

    def factors(self, targets: tuple[Variable, ...], reads: Sequence[Read]) -> tuple[Factor, ...]:
        """Split a law into independent ones where possible, and drop reads without influence."""
        if targets not in self._factors:
            self._factors[targets] = self._split(targets, tuple(reads))
        return self._factors[targets]

    def _split(self, targets: tuple[Variable, ...], reads: tuple[Read, ...]) -> tuple[Factor, ...]:
        first, group = self._group(reads)
        sizes = tuple(len(v.domain) for v in targets)
        if len(first) * prod(sizes) > _MAX_CELLS:
            return (Factor(targets=targets, reads=reads),)
        code = np.zeros(len(self.weights), dtype=np.int64)
        for target in targets:
            code = code * len(target.domain) + self.column((target, self._rows is not None))
        cells = np.bincount(
            group * prod(sizes) + code, self.weights, minlength=len(first) * prod(sizes)
        ).reshape(len(first), *sizes)
        table = cells / cells.sum(axis=tuple(range(1, cells.ndim)), keepdims=True)
        columns = [self.column(read)[first] for read in reads]
        if len(targets) == 1:
            return (_prune(targets, table, reads, columns),)
        marginals: list[NDArray[np.float64]] = []
        product = np.ones((len(first),) + (1,) * len(sizes))
        for place in range(len(sizes)):
            others = tuple(k + 1 for k in range(len(sizes)) if k != place)
            marginals.append(table.sum(axis=others))
            shape = [len(first)] + [1] * len(sizes)
            shape[place + 1] = sizes[place]
            product = product * marginals[-1].reshape(shape)
        if np.abs(product - table).max() > _TOLERANCE:
            return (_prune(targets, table, reads, columns),)
        return tuple(
            _prune((target,), marginal, reads, columns)
            for target, marginal in zip(targets, marginals, strict=True)
        )


def _prune(
    targets: tuple[Variable, ...],
    table: NDArray[np.float64],
    reads: tuple[Read, ...],
    columns: Sequence[Rows],
) -> Factor:
    """Drop, one after the other, reads on which no row of the table depends: actions first."""
    table = table.reshape(len(table), -1)
    kept = list(range(len(reads)))
    for place in sorted(kept, key=lambda k: (reads[k][0].role is not Role.ACTION, reads[k][1])):
        rest = [k for k in kept if k != place]
        sizes = [len(reads[k][0].domain) for k in rest]
        first, group = distinct([columns[k] for k in rest], sizes, len(table))
        if np.abs(table - table[first][group]).max() <= _TOLERANCE:
            kept = rest
    return Factor(targets=targets, reads=tuple(reads[k] for k in kept))


class Slices:
    """The slices of a game on states that can be reached at each step.

    Raises
    ------
    LimitError
        P0611, from ``at``: a step has too many outcomes.
    """

    def __init__(self, ground: GroundGame) -> None:
        self._ground = ground
        game = ground.game
        self._outcomes: dict[int, Outcomes] = {}
        self._made: dict[tuple[int, bytes], Slice] = {}
        opening = Slice(ground, None, np.zeros(0, np.int64))
        self._slices = [opening]
        self._reached = distinct_values(game.initial_state[game.initial_probability > 0])

    def at(self, step: int) -> Slice:
        """The slice from a step to the next one; 0 opens the episode. Equal ones are one object."""
        while len(self._slices) <= step:
            self._slices.append(self._next(len(self._slices)))
        return self._slices[step]

    def _next(self, step: int) -> Slice:
        game: Game = self._ground.game
        table = int(game.dynamics_of_step[step - 1])
        key = (table, self._reached.tobytes())
        if key not in self._made:
            outcomes = self._list(table, game.dynamics[table])
            lengths = np.diff(outcomes.offsets)
            states = np.repeat(np.arange(game.state_count), lengths)
            kept = np.isin(states, self._reached)
            rows = Outcomes(
                offsets=outcomes.offsets,
                action=outcomes.action[kept],
                successor=outcomes.successor[kept],
                observation=outcomes.observation[kept],
                probability=outcomes.probability[kept],
            )
            self._made[key] = Slice(self._ground, rows, states[kept])
        found = self._made[key]
        self._reached = distinct_values(found.successors)
        return found

    def _list(self, table: int, dynamics: Dynamics) -> Outcomes:
        if table not in self._outcomes:
            game = self._ground.game
            count = int(np.diff(dynamics.emission_offsets)[dynamics.emission].sum())
            if count > MAX_ROWS:
                raise LimitError("P0611", size=count, limit=MAX_ROWS)
            self._outcomes[table] = list_outcomes(
                dynamics, game.state_count, prod(game.action_counts)
            )
        return self._outcomes[table]
