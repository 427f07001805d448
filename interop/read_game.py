"""A compiled game as exact tables, where it has the form that Dec-POMDP files have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import prod

import numpy as np
from numpy.typing import NDArray

from posg.compiler.columns import Rows
from posg.compiler.distributions import outcomes
from posg.compiler.evaluate import World, evaluate, table_frame
from posg.compiler.ground import ground
from posg.compiler.laws import Law, Read, make_world
from posg.compiler.model import GameModel, Role, Symbol, Value, Variable, joint_values, value_text
from posg.compiler.names import MAX_HORIZON
from posg.compiler.pipeline import CheckedGame
from posg.compiler.radix import digit, distinct, number
from posg.compiler.rational import Rational
from posg.grammar.diagnostics import Bag
from posg.runtime.arrays import expand_ranges, run_starts
from posg.runtime.errors import LimitError
from posg.runtime.game import RewardScope
from posg.runtime.limits import DEFAULT_MEMORY, bytes_text

from .tabular import Ids, TabularGame, ValueList

_CELL_BYTES = 8
"""Of a cell: its place in the list of values, and room for a copy."""
_ENTRY_BYTES = 500
"""Of an entry of the exact kernels, numerators and denominators of any size included (measured)."""


def read_game(
    checked: CheckedGame, bag: Bag, *, memory_bytes: int = DEFAULT_MEMORY
) -> TabularGame | None:
    """Tabulate a game exactly; None after errors about what the tables cannot hold.

    States are those that can be reached in any number of steps; where the game goes wrong beyond
    its horizon, which a warning says, those within it.

    Raises
    ------
    LimitError
        P0613 or P0620, before the tables would need more than ``memory_bytes``.
    """
    _refuse(checked, bag)
    if bag.has_errors:
        return None
    model = checked.model
    long, errors = replace(model, horizon=MAX_HORIZON), Bag()
    grounded = ground(long, checked.dynamics, errors, memory_bytes=memory_bytes)
    if grounded is None or errors.has_errors:
        grounded = ground(model, checked.dynamics, bag, memory_bytes=memory_bytes)
        if grounded is None or bag.has_errors:
            return None
        bag.report("P0926", model.span, horizon=model.horizon)
    decided = np.diff(grounded.game.dynamics[0].offsets).reshape(len(grounded.state_codes), -1)
    reader = _Reader(checked, bag, grounded.state_codes, decided[:, 0] > 0, memory_bytes)
    return reader.read()


def _refuse(checked: CheckedGame, bag: Bag) -> None:
    """Report laws that differ between steps and observations before the first decision."""
    model, dynamics = checked.model, checked.dynamics
    for law in (*dynamics.transitions, *dynamics.emissions):
        if law.footprint.reads_step:
            bag.report("P0920", law.rule.span, what=f"the law of `{law.rule.label}`")
    for rule, footprint in zip(model.rewards, dynamics.rewards, strict=True):
        if footprint.reads_step:
            bag.report("P0920", rule.span, what="the reward")
    for law in dynamics.initial:
        if any(target.role is Role.OBSERVATION for target in law.rule.targets):
            bag.report("P0921", law.rule.span)


class _Kernel:
    """Entries of a kernel in the order of rows: row, code, exact weight."""

    def __init__(self, row: Rows, code: Rows, weight: Rational, size: int) -> None:
        keys = row * size + code
        order = np.argsort(keys, kind="stable")
        starts = run_starts(keys[order])
        offsets = np.append(starts, len(order))
        sums = weight.expand(len(keys)).take(order).sums(offsets) if len(keys) else weight
        kept = np.flatnonzero(np.broadcast_to(sums.numerator != 0, starts.shape))
        self.row = keys[order][starts][kept] // size
        self.code = keys[order][starts][kept] % size
        self.weight = sums.expand(len(starts)).take(kept)

    def offsets(self, rows: int) -> Rows:
        """Where the entries of each row begin, one more than rows."""
        return np.searchsorted(self.row, np.arange(rows + 1))


class _Reader:
    """Evaluates the laws on all states and joint actions, in exact numbers."""

    def __init__(
        self,
        checked: CheckedGame,
        bag: Bag,
        states: Rows,
        decided: NDArray[np.bool_],
        memory_bytes: int,
    ) -> None:
        self.checked = checked
        self.model: GameModel = checked.model
        self.bag = bag
        self.states = states
        self.decided = decided
        self.state_sizes = tuple(len(v.domain) for v in self.model.states)
        self.keys = np.broadcast_to(number(list(states.T), self.state_sizes), len(states))
        self.actions = tuple(v for group in self.model.actions for v in group)
        self.observations = tuple(v for group in self.model.observations for v in group)
        self.action_sizes = tuple(len(v.domain) for v in self.actions)
        self.observation_sizes = tuple(len(v.domain) for v in self.observations)
        self.action_count = prod(self.action_sizes)
        self.observation_count = prod(self.observation_sizes)
        self.values = ValueList()
        self.memory_bytes = memory_bytes

    @property
    def world(self) -> World:
        """Names and parameters, which all have values."""
        return make_world(self.model)

    def read(self) -> TabularGame | None:
        count = len(self.states)
        cells = self.action_count * count * (count + self.observation_count)
        cells += prod(self.reward_shape())
        self.require(cells * _CELL_BYTES)
        source = np.repeat(np.flatnonzero(self.decided), self.action_count)
        action = np.tile(np.arange(self.action_count), int(self.decided.sum()))
        transition = self.transitions(source, action)
        self.require(cells * _CELL_BYTES + len(transition.row) * _ENTRY_BYTES)
        columns = self.situation(source[transition.row], action[transition.row])
        self.add_states(columns, transition.code, primed=True)
        emission, row_of = self.emissions(columns, len(transition.row))
        t_table: Ids = np.zeros((self.action_count, count, count), dtype=np.int32)
        ids = self.number(transition.weight, len(transition.row))
        t_table[action[transition.row], source[transition.row], transition.code] = ids
        stays = np.flatnonzero(~self.decided)
        t_table[:, stays, stays] = self.values.number(Fraction(1))
        o_table = self.observation_table(action[transition.row], transition.code, emission, row_of)
        reward = self.rewards(source, action, transition, emission, row_of)
        if self.bag.has_errors or reward is None:
            return None
        model = self.model
        return TabularGame(
            name=model.name,
            discount=model.discount,
            agents=tuple(_word(agent.name) for agent in model.agents),
            states=tuple(
                _name(
                    model.states,
                    tuple(v.domain.values[c] for v, c in zip(model.states, row, strict=True)),
                )
                for row in self.states.tolist()
            ),
            actions=tuple(_names(group) for group in model.actions),
            observations=tuple(_names(group) for group in model.observations),
            start=self.start(),
            values=self.values.values,
            transition=t_table,
            observation=o_table,
            reward=reward,
        )

    def require(self, need: int) -> None:
        if need > self.memory_bytes:
            raise LimitError(
                "P0620",
                need=bytes_text(need),
                limit=bytes_text(self.memory_bytes),
                states=len(self.states),
                actions=self.action_count,
            )

    def number(self, weights: Rational, count: int) -> Ids:
        """Places of exact numbers in the list of values."""
        full = weights.expand(count)
        pairs = zip(full.numerator.tolist(), full.denominator.tolist(), strict=True)
        return np.array([self.values.number(Fraction(*pair)) for pair in pairs], dtype=np.int32)

    def situation(self, source: Rows, action: Rows) -> dict[Read, Rows]:
        """Codes of state and action variables on some rows."""
        columns: dict[Read, Rows] = {}
        self.add_states(columns, source, primed=False)
        for place, variable in enumerate(self.actions):
            columns[variable, False] = digit(action, self.action_sizes, place)
        return columns

    def add_states(self, columns: dict[Read, Rows], state: Rows, *, primed: bool) -> None:
        for place, variable in enumerate(self.model.states):
            columns[variable, primed] = self.states[state, place]

    def chain(
        self, laws: Sequence[Law], columns: Mapping[Read, Rows], count: int, *, primed: bool
    ) -> tuple[Rows, Mapping[Read, Rows], Rational]:
        """Outcomes of laws, one after the other: rows, codes of the targets, exact weights."""
        origin = np.arange(count)
        weight = Rational.constant(1)
        found: dict[Read, Rows] = {}
        for law in laws:
            reads = law.footprint.variables
            here = [found[read] if read in found else columns[read][origin] for read in reads]
            sizes = [len(variable.domain) for variable, _ in reads]
            first, inverse = distinct(here, sizes, len(origin))
            picked = {read: codes[first] for read, codes in zip(reads, here, strict=True)}
            frame = table_frame(self.world, len(first), picked, law.rule.bindings)
            listed = outcomes(law.rule.value, frame, law.rule.targets)
            plain = listed.probability.plain
            assert plain is not None, "every parameter has a value"
            sizes_out = tuple(len(target.domain) for target in law.rule.targets)
            table = _Kernel(listed.row, listed.code, plain, prod(sizes_out))
            offsets = table.offsets(len(first))
            lengths = np.diff(offsets)[inverse]
            place = expand_ranges(offsets[:-1][inverse], lengths)
            parent = np.repeat(np.arange(len(origin)), lengths)
            weight = weight.take(parent) * table.weight.take(place)
            origin = origin[parent]
            found = {read: codes[parent] for read, codes in found.items()}
            for index, target in enumerate(law.rule.targets):
                found[target, primed] = digit(table.code[place], sizes_out, index)
        return origin, found, weight

    def transitions(self, source: Rows, action: Rows) -> _Kernel:
        """Kernel from rows of ``source`` and ``action`` to states."""
        columns = self.situation(source, action)
        laws = self.checked.dynamics.transitions
        origin, found, weight = self.chain(laws, columns, len(source), primed=True)
        key = number([found[v, True] for v in self.model.states], self.state_sizes)
        state = np.searchsorted(self.keys, np.broadcast_to(key, origin.shape))
        return _Kernel(origin, state, weight, len(self.states))

    def start(self) -> tuple[Fraction, ...]:
        """Law of the first state."""
        _, found, weight = self.chain(self.checked.dynamics.initial, {}, 1, primed=False)
        key = np.atleast_1d(number([found[v, False] for v in self.model.states], self.state_sizes))
        law = [Fraction(0)] * len(self.states)
        for place, state in enumerate(np.searchsorted(self.keys, key).tolist()):
            law[state] += weight.fraction(place)
        return tuple(law)

    def emissions(self, columns: Mapping[Read, Rows], count: int) -> tuple[_Kernel, Rows]:
        """Kernel of distinct rows to joint observations, and the row of each transition entry."""
        laws = self.checked.dynamics.emissions
        reads = dict.fromkeys(
            read
            for law in laws
            for read in law.footprint.variables
            if read[0].role is not Role.OBSERVATION
        )
        sizes = [len(variable.domain) for variable, _ in reads]
        first, inverse = distinct([columns[read] for read in reads], sizes, count)
        picked = {read: columns[read][first] for read in reads}
        origin, found, weight = self.chain(laws, picked, len(first), primed=True)
        code = number([found[v, True] for v in self.observations], self.observation_sizes)
        code = np.broadcast_to(code, origin.shape)
        return _Kernel(origin, code, weight, self.observation_count), inverse

    def observation_table(
        self, action: Rows, successor: Rows, emission: _Kernel, row_of: Rows
    ) -> Ids:
        """Table of O; P0923 where two states before the same next one differ in it.

        Where no transition leads, it is the uniform law.
        """
        count = len(self.states)
        rows = int(row_of.max(initial=-1)) + 1
        dense = np.zeros((rows, self.observation_count), dtype=np.int32)
        dense[emission.row, emission.code] = self.number(emission.weight, len(emission.row))
        share = self.values.number(Fraction(1, self.observation_count))
        table: Ids = np.full((self.action_count, count, self.observation_count), share, np.int32)
        table[action, successor] = dense[row_of]
        differs = (table[action, successor] != dense[row_of]).any(axis=1)
        if differs.any():
            law, reads = self.state_reader()
            self.bag.report("P0923", law.rule.span, reads=", ".join(f"`{read}`" for read in reads))
        return table

    def state_reader(self) -> tuple[Law, list[str]]:
        """Return a law of an observation that reads state variables before the step, and those."""
        for law in self.checked.dynamics.emissions:
            reads = [
                variable.label
                for variable, primed in law.footprint.variables
                if variable.role is Role.STATE and not primed
            ]
            if reads:
                return law, reads
        raise AssertionError("without such a law, emissions depend on actions and next states")

    def reward_scope(self) -> RewardScope:
        """What the rewards read."""
        reads = [
            read for footprint in self.checked.dynamics.rewards for read in footprint.variables
        ]
        if any(variable.role is Role.OBSERVATION for variable, _ in reads):
            return RewardScope.OUTCOME
        primed = any(primed for _, primed in reads)
        return RewardScope.TRANSITION if primed else RewardScope.ACTION

    def reward_shape(self) -> tuple[int, ...]:
        """Axes of the table of rewards."""
        scope = self.reward_scope()
        successors = 1 if scope is RewardScope.ACTION else len(self.states)
        observed = self.observation_count if scope is RewardScope.OUTCOME else 1
        return self.action_count, len(self.states), successors, observed

    def rewards(
        self, source: Rows, action: Rows, transition: _Kernel, emission: _Kernel, row_of: Rows
    ) -> Ids | None:
        """Table of the common reward; None after P0922."""
        row = np.arange(len(source))
        scope = self.reward_scope()
        after = seen = np.zeros(len(row), dtype=np.int64)
        if scope is not RewardScope.ACTION:
            row, after = transition.row, transition.code
            seen = np.zeros(len(row), dtype=np.int64)
        if scope is RewardScope.OUTCOME:
            offsets = emission.offsets(int(row_of.max(initial=-1)) + 1)
            lengths = np.diff(offsets)[row_of]
            seen = emission.code[expand_ranges(offsets[:-1][row_of], lengths)]
            row, after = np.repeat(row, lengths), np.repeat(after, lengths)
        columns = self.situation(source[row], action[row])
        if scope is not RewardScope.ACTION:
            self.add_states(columns, after, primed=True)
        for place, variable in enumerate(self.observations if scope is RewardScope.OUTCOME else ()):
            columns[variable, True] = digit(seen, self.observation_sizes, place)
        first: Rational | None = None
        rules = self.model.rewards
        for rule, footprint in zip(rules, self.checked.dynamics.rewards, strict=True):
            picked = {read: columns[read] for read in footprint.variables}
            frame = table_frame(self.world, len(row), picked, rule.bindings)
            plain = evaluate(rule.value, frame).value.plain
            assert plain is not None, "every parameter has a value"
            if first is None:
                first = plain
            elif np.any((first - plain).sign() != 0):
                agents = {"first": rules[0].agent.name, "second": rule.agent.name}
                apart = [rules[0].span] if rules[0].span != rule.span else []
                self.bag.report("P0922", rule.span, agents, others=apart)
                return None
        assert first is not None, "a game has a reward for every agent"
        table: Ids = np.zeros(self.reward_shape(), dtype=np.int32)
        table[action[row], source[row], after, seen] = self.number(first, len(row))
        return table


def _names(group: tuple[Variable, ...]) -> tuple[str, ...]:
    return tuple(_name(group, values) for values in joint_values(group))


def _name(variables: Sequence[Variable], values: tuple[Value, ...]) -> str:
    """Name joint values: the values themselves, behind a variable's name unless all are words."""
    if not variables:
        return "nothing"
    text = "-".join(map(value_text, values))
    words = all(isinstance(value, Symbol) for value in values)
    return _word(text if words else f"{variables[0].family}-{text}")


def _word(text: str) -> str:
    """A name as the file format has them."""
    word = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")
    return word if word[:1].isalpha() else f"x{word}"
