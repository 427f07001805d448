"""Grounding: reachable states and sparse kernels from the checked laws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from posg.grammar.diagnostics import Bag, SpecError
from posg.grammar.node import Record
from posg.runtime.arrays import distinct_values
from posg.runtime.errors import LimitError
from posg.runtime.game import Dynamics, Game, Labels, Rewards, RewardScope
from posg.runtime.limits import DEFAULT_MEMORY, bytes_text

from .columns import Rows
from .distributions import MAX_ENTRIES
from .dynamics import CheckedDynamics
from .evaluate import Fault, World, evaluate, table_frame
from .laws import Columns, Law, Problem, Read, make_world, row_text, sum_by_key, sum_facts, tabulate
from .model import GameModel, Role, Variable, joint_label, joint_values, value_text
from .radix import MAX_KEY, digit, digits, distinct, number

BLOCK_ROWS = 500_000
_ENTRY_BYTES = 160
"""Peak memory of a transition entry, its copies while it is sorted included (measured)."""
_CELL_BYTES = 48
"""Peak memory of one variable's code in a row that is being expanded (measured)."""


class GroundGame(Record):
    """A numeric game and what leads back to the variables.

    ``state_codes`` (S, number of state variables) holds the codes of each kept state.
    """

    game: Game
    model: GameModel
    state_codes: Rows


def ground(
    model: GameModel,
    checked: CheckedDynamics,
    bag: Bag,
    *,
    all_states: bool = False,
    memory_bytes: int = DEFAULT_MEMORY,
) -> GroundGame | None:
    """Build the numeric game; None if an error shows up on a reachable row.

    Only states that are reachable within the horizon are kept, unless ``all_states``.

    Raises
    ------
    LimitError
        P0613, before the tables would need more than ``memory_bytes``.
    """
    try:
        return _Grounder(model, checked, bag, all_states, memory_bytes).run()
    except SpecError as error:
        bag.extend(error.bag.diagnostics)
        return None


@dataclass(slots=True)
class _Entries:
    """Transition entries of some rows: source state key, joint action, next state key, ..."""

    source: Rows
    action: Rows
    successor: Rows
    probability: NDArray[np.float64]
    emission: Rows


@dataclass(slots=True)
class _EmissionTable:
    offsets: list[Rows]
    observation: list[Rows]
    probability: list[NDArray[np.float64]]
    rows: int = 0
    entries: int = 0


class _TooManyOutcomesError(Exception):
    """A block of rows has too many outcomes to be listed at once."""

    def __init__(self, law: Law, count: int) -> None:
        self.law = law
        self.count = count
        super().__init__()

    def as_diagnostic(self) -> SpecError:
        """What to say where the rows cannot be split any further."""
        span = self.law.rule.value.span
        return SpecError.single("P0611", span, size=self.count, limit=MAX_ENTRIES)


class _Grounder:
    """Breadth-first search over the states, a block of rows at a time."""

    def __init__(
        self,
        model: GameModel,
        checked: CheckedDynamics,
        bag: Bag,
        all_states: bool,
        memory_bytes: int,
    ) -> None:
        self.model = model
        self.checked = checked
        self.bag = bag
        self.all_states = all_states
        self.memory_bytes = memory_bytes
        self.entry_count = 0
        self.state_sizes = tuple(len(v.domain) for v in model.states)
        size = prod(self.state_sizes)
        if size > MAX_KEY:
            raise SpecError.single("P0612", model.span, size=f"{float(size):.1e}")
        self.actions = tuple(v for group in model.actions for v in group)
        self.observations = tuple(v for group in model.observations for v in group)
        self.action_sizes = tuple(len(v.domain) for v in self.actions)
        self.action_count = prod(self.action_sizes)
        laws = (*checked.transitions, *checked.emissions)
        self.steady = not any(law.footprint.reads_step for law in laws)

    def run(self) -> GroundGame | None:
        if self.all_states:
            self.require(prod(self.state_sizes))
        start_keys, start_observations, start_probability = self.initial()
        if self.bag.has_errors:
            return None
        frontier = (
            np.arange(prod(self.state_sizes)) if self.all_states else distinct_values(start_keys)
        )
        known = frontier
        tables: list[tuple[_Entries, _EmissionTable]] = []
        if self.steady:
            entries: list[_Entries] = []
            emissions = _EmissionTable([], [], [])
            for _ in range(self.model.horizon):
                if not len(frontier):
                    break
                entries.extend(self.expand(frontier, 1, emissions))
                if self.bag.has_errors:
                    return None
                reached = distinct_values(np.concatenate([e.successor for e in entries]))
                frontier = np.setdiff1d(reached, known, assume_unique=True)
                known = distinct_values(np.concatenate([known, frontier]))
            tables.append((_joined(entries), emissions))
        else:
            for step in range(1, self.model.horizon + 1):
                emissions = _EmissionTable([], [], [])
                entries = self.expand(frontier, step, emissions)
                if self.bag.has_errors:
                    return None
                joined = _joined(entries)
                tables.append((joined, emissions))
                reached = distinct_values(joined.successor)
                known = distinct_values(np.concatenate([known, reached]))
                frontier = known if self.all_states else reached
        dynamics = [self.dynamics(entries, emissions, known) for entries, emissions in tables]
        state_codes = self.decode(known)
        dynamics_of_step = (
            np.zeros(self.model.horizon, np.int64) if self.steady else np.arange(self.model.horizon)
        )
        rewards, rewards_of_step = self.rewards(dynamics, dynamics_of_step, state_codes)
        if self.bag.has_errors:
            return None
        game = Game(
            name=self.model.name,
            agents=tuple(agent.name for agent in self.model.agents),
            horizon=self.model.horizon,
            discount=float(self.model.discount),
            labels=self.labels(state_codes),
            initial_state=np.searchsorted(known, start_keys),
            initial_observation=start_observations,
            initial_probability=start_probability,
            dynamics=tuple(dynamics),
            dynamics_of_step=dynamics_of_step,
            rewards=tuple(rewards),
            rewards_of_step=rewards_of_step,
        )
        return GroundGame(game=game, model=self.model, state_codes=state_codes)

    def decode(self, keys: Rows) -> Rows:
        """Codes of the state variables, (rows, number of variables)."""
        return digits(keys, self.state_sizes)

    def labels(self, state_codes: Rows) -> Labels:
        states = tuple(
            ", ".join(
                f"{v.label}={value_text(v.domain.values[code])}"
                for v, code in zip(self.model.states, row, strict=True)
            )
            or "nothing"
            for row in state_codes.tolist()
        )

        def names(groups: Sequence[tuple[Variable, ...]]) -> tuple[tuple[str, ...], ...]:
            return tuple(
                tuple(joint_label(group, values) for values in joint_values(group))
                for group in groups
            )

        seen = self.model.initially_observed
        early = [tuple(v for v in group if v in seen) for group in self.model.observations]
        return Labels(
            states=states,
            actions=names(self.model.actions),
            observations=names(self.model.observations),
            initial_observations=names(early),
        )

    def initial(self) -> tuple[Rows, Rows, NDArray[np.float64]]:
        """Joint law of the first state and the observations before the first decision."""
        world = make_world(self.model, step=1)
        laws = self.checked.initial
        try:
            _, columns, probability = self.chain(laws, world, {}, np.zeros(1, np.int64), False)
        except _TooManyOutcomesError as error:
            raise error.as_diagnostic() from None
        state_key = number([columns[v, False] for v in self.model.states], self.state_sizes)
        codes: list[Rows] = []
        for group in self.model.observations:
            early = [v for v in group if v in self.model.initially_observed]
            sizes = tuple(len(v.domain) for v in early)
            codes.append(number([columns[v, False] for v in early], sizes))
        count = len(probability)
        state_key = np.broadcast_to(state_key, (count,))
        observation = np.stack([np.broadcast_to(c, (count,)) for c in codes], axis=1)
        return state_key.copy(), observation.astype(np.int64), probability

    def expand(self, frontier: Rows, step: int, emissions: _EmissionTable) -> list[_Entries]:
        """Transition entries of some states under every joint action."""
        world = make_world(self.model, step=step)
        per_block = max(1, BLOCK_ROWS // self.action_count)
        blocks = [frontier[k : k + per_block] for k in range(0, len(frontier), per_block)]
        blocks.reverse()
        entries: list[_Entries] = []
        while blocks:
            block = blocks.pop()
            self.require(len(block) + sum(map(len, blocks)))
            try:
                entries.append(self.expand_block(block, world, emissions))
            except _TooManyOutcomesError as error:
                if len(block) == 1:
                    raise error.as_diagnostic() from None
                blocks += [block[len(block) // 2 :], block[: len(block) // 2]]
                continue
            self.entry_count += len(entries[-1].source)
        return entries

    def require(self, states: int) -> None:
        """Refuse to expand so many states if the tables would outgrow the memory limit; P0613."""
        rows = states * self.action_count
        block = max(min(rows, BLOCK_ROWS), self.action_count)
        width = len(self.model.states) + len(self.actions) + len(self.observations)
        need = (self.entry_count + rows) * _ENTRY_BYTES + block * width * _CELL_BYTES
        if need > self.memory_bytes:
            raise LimitError(
                "P0613",
                states=states,
                actions=self.action_count,
                known=self.entry_count,
                need=bytes_text(need),
                limit=bytes_text(self.memory_bytes),
            )

    def expand_block(self, states: Rows, world: World, emissions: _EmissionTable) -> _Entries:
        count = self.action_count
        source = np.repeat(states, count)
        action = np.tile(np.arange(count), len(states))
        columns: dict[Read, Rows] = {}
        for place, variable in enumerate(self.model.states):
            codes = digit(states, self.state_sizes, place)
            columns[variable, False] = np.repeat(codes, count)
        for place, variable in enumerate(self.actions):
            columns[variable, False] = np.tile(
                digit(np.arange(count), self.action_sizes, place), len(states)
            )
        row = np.arange(len(source))
        origin, found, probability = self.chain(self.checked.transitions, world, columns, row, True)
        successor = number([found[v, True] for v in self.model.states], self.state_sizes)
        successor = np.broadcast_to(successor, origin.shape)
        space = prod(self.state_sizes)
        if space * len(source) < MAX_KEY:
            keys, probability = sum_by_key(origin * space + successor, probability)
            origin, successor = keys // space, keys % space
        else:
            names, code = np.unique(successor, return_inverse=True)
            keys, probability = sum_by_key(origin * len(names) + code, probability)
            origin, successor = keys // len(names), names[keys % len(names)]
        situation = {read: codes[origin] for read, codes in columns.items()}
        for place, variable in enumerate(self.model.states):
            situation[variable, True] = digit(successor, self.state_sizes, place)
        emission = self.emit(situation, len(origin), world, emissions)
        return _Entries(source[origin], action[origin], successor, probability, emission)

    def emit(self, columns: Columns, count: int, world: World, emissions: _EmissionTable) -> Rows:
        """Emission row of each transition entry; new rows are appended to the table."""
        laws = self.checked.emissions
        reads = dict.fromkeys(
            read
            for law in laws
            for read in law.footprint.variables
            if read[0].role is not Role.OBSERVATION
        )
        first, inverse = distinct(
            [columns[r] for r in reads], [len(r[0].domain) for r in reads], count
        )
        picked = {read: columns[read][first] for read in reads}
        origin, found, probability = self.chain(laws, world, picked, np.arange(len(first)), True)
        sizes = tuple(len(v.domain) for v in self.observations)
        code = np.broadcast_to(
            number([found[v, True] for v in self.observations], sizes), origin.shape
        )
        width = prod(sizes)
        keys, probability = sum_by_key(origin * width + code, probability)
        offsets = np.searchsorted(keys // width, np.arange(len(first)))
        emissions.offsets.append(offsets + emissions.entries)
        emissions.observation.append(keys % width)
        emissions.probability.append(probability)
        numbers = inverse + emissions.rows
        emissions.rows += len(first)
        emissions.entries += len(keys)
        return numbers

    def chain(
        self,
        laws: Sequence[Law],
        world: World,
        columns: Columns,
        row: Rows,
        primed: bool,
    ) -> tuple[Rows, Mapping[Read, Rows], NDArray[np.float64]]:
        """Outcomes of several laws, one after the other, from each of the given rows.

        Returns the row that each outcome comes from, the targets' codes and the probability.
        """
        origin = row
        weight = np.ones(len(row))
        found: dict[Read, Rows] = {}
        for law in laws:
            reads = law.footprint.variables
            values = [found[read] if read in found else columns[read][origin] for read in reads]
            sizes = [len(variable.domain) for variable, _ in reads]
            first, inverse = distinct(values, sizes, len(origin))
            picked = {read: value[first] for read, value in zip(reads, values, strict=True)}
            table, problems, faults = tabulate(law, world, picked, len(first))
            if problems or faults:
                self.report(law, problems, faults, picked, inverse, origin, columns)
            lengths = np.diff(table.offsets)[inverse]
            count = int(lengths.sum())
            if count > MAX_ENTRIES:
                raise _TooManyOutcomesError(law, count)
            parent = np.repeat(np.arange(len(origin)), lengths)
            ends = np.cumsum(lengths)
            place = np.arange(len(parent)) - np.repeat(ends - lengths, lengths)
            place = place + np.repeat(table.offsets[:-1][inverse], lengths)
            weight = weight[parent] * table.probability[place]
            origin = origin[parent]
            found = {read: codes[parent] for read, codes in found.items()}
            sizes_out = tuple(len(target.domain) for target in law.rule.targets)
            code = table.code[place]
            for place_out, target in enumerate(law.rule.targets):
                found[target, primed] = digit(code, sizes_out, place_out)
        return origin, found, weight

    def report(
        self,
        law: Law,
        problems: Sequence[Problem],
        faults: Sequence[Fault],
        picked: Columns,
        inverse: Rows,
        origin: Rows,
        columns: Columns,
    ) -> None:
        """Report what went wrong, with a reachable state and joint action at which it does."""
        for fault in faults:
            hit = np.flatnonzero(np.isin(inverse, fault.rows))
            where = self.place_text(columns, int(origin[hit[0]])) if len(hit) else None
            self.bag.report(
                fault.code,
                fault.span,
                fault.facts,
                where=where or row_text(picked, int(fault.rows[0])),
                target=law.rule.label,
            )
        for problem in problems:
            self.bag.report(
                problem.code,
                law.rule.value.span,
                {**sum_facts(law.rule), **problem.facts},
                target=law.rule.label,
                where=row_text(picked, problem.row),
            )

    def place_text(self, columns: Columns, row: int) -> str | None:
        """The state and joint action of a row."""
        known = {read: codes for read, codes in columns.items() if not read[1]}
        return row_text(known, row)

    def dynamics(self, entries: _Entries, emissions: _EmissionTable, known: Rows) -> Dynamics:
        """Sort the entries by state and action and renumber the states."""
        source = np.searchsorted(known, entries.source)
        successor = np.searchsorted(known, entries.successor)
        row = source * self.action_count + entries.action
        order = np.lexsort((successor, row)) if np.any(row[1:] < row[:-1]) else slice(None)
        row = row[order]
        offsets = np.searchsorted(row, np.arange(len(known) * self.action_count + 1))
        total = np.array([emissions.entries])
        return Dynamics(
            offsets=offsets.astype(np.int64),
            successor=successor[order],
            probability=entries.probability[order],
            emission=entries.emission[order],
            emission_offsets=np.concatenate([*emissions.offsets, total]).astype(np.int64),
            emission_observation=np.concatenate(emissions.observation),
            emission_probability=np.concatenate(emissions.probability),
        )

    def rewards(
        self, dynamics: Sequence[Dynamics], dynamics_of_step: Rows, state_codes: Rows
    ) -> tuple[list[Rewards], Rows]:
        """Reward tables at the coarsest scope that what the rewards read allows."""
        reads = {read for footprint in self.checked.rewards for read in footprint.variables}
        if any(variable.role is Role.OBSERVATION for variable, _ in reads):
            scope = RewardScope.OUTCOME
        elif any(primed for _, primed in reads):
            scope = RewardScope.TRANSITION
        else:
            scope = RewardScope.ACTION
        stepped = any(footprint.reads_step for footprint in self.checked.rewards)
        apart = stepped or (scope is not RewardScope.ACTION and not self.steady)
        steps = range(1, self.model.horizon + 1) if apart else (1,)
        tables = [
            self.reward_table(scope, dynamics[int(dynamics_of_step[step - 1])], step, state_codes)
            for step in steps
        ]
        of_step = np.arange(self.model.horizon) if apart else np.zeros(self.model.horizon, np.int64)
        return tables, of_step

    def reward_table(
        self, scope: RewardScope, dynamics: Dynamics, step: int, state_codes: Rows
    ) -> Rewards:
        rows = np.arange(len(state_codes) * self.action_count)
        reachable = np.diff(dynamics.offsets) > 0
        successor: Rows | None = None
        observation: Rows | None = None
        if scope is not RewardScope.ACTION:
            rows = np.repeat(rows, np.diff(dynamics.offsets))
            successor = dynamics.successor
        if scope is RewardScope.OUTCOME:
            assert successor is not None
            lengths = np.diff(dynamics.emission_offsets)[dynamics.emission]
            rows, successor = np.repeat(rows, lengths), np.repeat(successor, lengths)
            ends = np.cumsum(lengths)
            entry = np.arange(len(rows)) - np.repeat(ends - lengths, lengths)
            entry = entry + np.repeat(dynamics.emission_offsets[dynamics.emission], lengths)
            observation = dynamics.emission_observation[entry]
        columns: dict[Read, Rows] = {}
        for place, variable in enumerate(self.model.states):
            columns[variable, False] = state_codes[rows // self.action_count, place]
            if successor is not None:
                columns[variable, True] = state_codes[successor, place]
        for place, variable in enumerate(self.actions):
            columns[variable, False] = digit(rows % self.action_count, self.action_sizes, place)
        sizes = tuple(len(v.domain) for v in self.observations)
        if observation is not None:
            for place, variable in enumerate(self.observations):
                columns[variable, True] = digit(observation, sizes, place)
        world = make_world(self.model, step=step)
        values = np.zeros((len(self.model.agents), len(rows)))
        for rule, footprint in zip(self.model.rewards, self.checked.rewards, strict=True):
            reads = footprint.variables
            first, inverse = distinct(
                [columns[read] for read in reads], [len(v.domain) for v, _ in reads], len(rows)
            )
            picked = {read: columns[read][first] for read in reads}
            frame = table_frame(world, len(first), picked, rule.bindings)
            before = len(world.faults)
            plain = evaluate(rule.value, frame).value.plain
            assert plain is not None
            for fault in world.faults[before:]:
                hit = np.isin(inverse, fault.rows)
                if scope is RewardScope.ACTION:
                    hit &= reachable
                if hit.any():
                    where = row_text(picked, int(inverse[np.flatnonzero(hit)[0]]))
                    self.bag.report(
                        fault.code, fault.span, fault.facts, where=where, target="reward"
                    )
            values[rule.agent.number] = np.broadcast_to(plain.floats(), (len(first),))[inverse]
        return Rewards(scope=scope, values=values)


def _joined(entries: Sequence[_Entries]) -> _Entries:
    return _Entries(
        np.concatenate([e.source for e in entries]),
        np.concatenate([e.action for e in entries]),
        np.concatenate([e.successor for e in entries]),
        np.concatenate([e.probability for e in entries]),
        np.concatenate([e.emission for e in entries]),
    )
