"""A game of two agents unrolled into information sets and sequences, for the sequence form."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from .arrays import KEY_LIMIT, digits, locate_values, sum_at, sum_by_key
from .errors import LimitError, ProblemError
from .game import Floats, Game, Ints
from .game_class import ROUNDING
from .information import InformationStructure
from .limits import DEFAULT_MEMORY, bytes_text
from .openings import open_episode
from .operators import StepCatalogue, StepTables
from .progress import Progress, silent

_SEED = 19961
_ENTRY_BYTES = 128
"""Memory for a joint action at a (c_h, p_h, s_h): unrolling it, and its share of the program."""
_OUTCOME_BYTES = 64
"""Memory for an outcome on the way to the next step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InformationSets:
    """The information sets (c_h, p_{i,h}) of one agent at one step h.

    Attributes
    ----------
    common : (I,) int64, position of c_h
    private : (I,) int64, p_{i,h}
    parent : (I,) int64
        The sequence that leads here: what the agent did before, all of it. 0 is the empty one.
    sequence : (I, A_i) int64
        The sequence that each action continues with.
    original : (I, A_i) int64
        The sequence of the first action that has the same future, whatever is possible here and
        whatever others do. Only these are parents: who plays a copy gets where they lead.
    """

    common: Ints
    private: Ints
    parent: Ints
    sequence: Ints
    original: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class UnrolledStep:
    """One step h.

    Attributes
    ----------
    source, increment : (C,) int64
        Each c_h as a position of c_{h-1} (0 at step 1) and z_h, sorted by both.
    sets
        Of both agents.
    """

    source: Ints
    increment: Ints
    sets: tuple[InformationSets, InformationSets]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnrolledGame:
    """The sequence form of a game of two agents.

    Attributes
    ----------
    steps
        One entry for each h = 1..H.
    sequence_counts
        Sequences of each agent, with the empty one.
    row, column : (N,) int64, a sequence of the first agent and one of the second
    payoff : (N,) float64
        What the first agent is paid in expectation when both sequences are played, discounted and
        weighted by the chances of nature; each pair occurs once.
    """

    steps: tuple[UnrolledStep, ...]
    sequence_counts: tuple[int, int]
    row: Ints
    column: Ints
    payoff: Floats


class ForgetfulError(ProblemError):
    """An agent does not remember what it did or knew, so the sequence form does not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frontier:
    """What is possible at one step.

    Attributes
    ----------
    source, increment
        As in ``UnrolledStep``.
    common, private, parent
        As in ``InformationSets``, for each agent.
    place : (2, N) int64, positions of information sets
    state : (N,) int64
    weight : (N,) float64, product of the chances of nature
    """

    source: Ints
    increment: Ints
    common: tuple[Ints, ...]
    private: tuple[Ints, ...]
    parent: tuple[Ints, ...]
    place: Ints
    state: Ints
    weight: Floats


def estimate_bytes(game: Game, entries: float, outcomes: float) -> float:
    """Estimate the memory of a game's first steps and of the linear program about them.

    Parameters
    ----------
    entries
        How many (c_h, p_h, s_h) are possible, over all these steps.
    outcomes
        How many outcomes a single step leads to, at most.
    """
    return _ENTRY_BYTES * prod(game.action_counts) * entries + _OUTCOME_BYTES * outcomes


def unroll_game(
    game: Game,
    information: InformationStructure,
    *,
    memory_bytes: int = DEFAULT_MEMORY,
    progress: Progress = silent,
) -> UnrolledGame:
    """Unroll a game of two agents step by step, all histories of a step at once.

    Histories that agree in (c_h, p_{1,h}, p_{2,h}, s_h) are one entry: neither agent tells them
    apart, and they have the same future.

    Raises
    ------
    ForgetfulError
        P0709 when two sequences of an agent lead to the same information set.
    LimitError
        P0603 when codes do not fit, P0615 when the memory does not suffice.

    Notes
    -----
    Source: Koller, Megiddo and von Stengel (1996), "Efficient computation of equilibria for
    extensive two-person games", who presume perfect recall. Here an agent may forget which of
    several actions with the same future it took, and an observation before it could use it.
    """
    catalogue = StepCatalogue(game, information)
    frontier = _open(game, information)
    counts = [1, 1]
    steps: list[UnrolledStep] = []
    payoffs: list[tuple[Ints, Ints, Floats]] = []
    entries = 0
    for step in range(1, game.horizon + 1):
        progress("sequence form", step, game.horizon)
        entries += len(frontier.state)
        tables = catalogue.tables(step) if step < game.horizon else None
        outcomes = (
            0 if tables is None else int(np.diff(tables.outcomes.offsets)[frontier.state].sum())
        )
        need = estimate_bytes(game, entries, outcomes)
        if need > memory_bytes:
            raise LimitError(
                "P0615",
                need=bytes_text(need),
                limit=bytes_text(memory_bytes),
                fits=(step if estimate_bytes(game, entries, 0) <= memory_bytes else step - 1)
                or None,
            )
        moves = None if tables is None else _Moves(tables, frontier)
        sets: list[InformationSets] = []
        for agent, actions in enumerate(game.action_counts):
            size = len(frontier.common[agent])
            first = np.broadcast_to(np.arange(actions), (size, actions))
            if moves is not None and moves.find_collision(agent) is not None:
                first = moves.find_originals(agent)
            begin = counts[agent] + np.arange(size)[:, None] * actions
            sets.append(
                InformationSets(
                    common=frontier.common[agent],
                    private=frontier.private[agent],
                    parent=frontier.parent[agent],
                    sequence=begin + np.arange(actions),
                    original=begin + first,
                )
            )
            counts[agent] += size * actions
        steps.append(
            UnrolledStep(
                source=frontier.source, increment=frontier.increment, sets=(sets[0], sets[1])
            )
        )
        rewards = catalogue.rewards(step)[0] * game.discount ** (step - 1)
        sequences = [
            own.sequence[:, digit] for own, digit in zip(sets, catalogue.action_digits, strict=True)
        ]
        payoffs.append(_collect_payoffs(frontier, sequences, rewards, counts[1]))
        if moves is not None:
            moves.restrict(sets)
            for agent in range(2):
                collision = moves.find_collision(agent)
                if collision is not None:
                    raise _forgetful(game, information, step, agent, sets[agent], collision)
            frontier = moves.advance(sets)
    return UnrolledGame(
        steps=tuple(steps),
        sequence_counts=(counts[0], counts[1]),
        row=np.concatenate([part[0] for part in payoffs]),
        column=np.concatenate([part[1] for part in payoffs]),
        payoff=np.concatenate([part[2] for part in payoffs]),
    )


def _open(game: Game, information: InformationStructure) -> _Frontier:
    """Make the frontier of step 1."""
    roots, beliefs = open_episode(game, information, merge=False)
    counts = information.private_counts[0]
    private = digits(beliefs.index % prod(counts), counts)
    node = np.repeat(np.arange(beliefs.count), beliefs.lengths)
    found = [locate_values(node * count + own) for count, own in zip(counts, private, strict=True)]
    return _Frontier(
        source=np.zeros(beliefs.count, dtype=np.int64),
        increment=roots.increment,
        common=tuple(keys // count for (keys, _), count in zip(found, counts, strict=True)),
        private=tuple(keys % count for (keys, _), count in zip(found, counts, strict=True)),
        parent=tuple(np.zeros(len(keys), dtype=np.int64) for keys, _ in found),
        place=np.stack([place for _, place in found]),
        state=beliefs.index // prod(counts),
        weight=beliefs.probability * np.repeat(roots.probability, beliefs.lengths),
    )


def _collect_payoffs(
    frontier: _Frontier, sequences: list[Ints], rewards: Floats, columns: int
) -> tuple[Ints, Ints, Floats]:
    """Add up what the pairs of sequences of a step are paid.

    Parameters
    ----------
    sequences : of each agent (I, A), joint actions in the last axis
    rewards : (S, A)
    columns
        Sequences of the second agent so far.
    """
    row, column = (own[place] for own, place in zip(sequences, frontier.place, strict=True))
    value = frontier.weight[:, None] * rewards[frontier.state]
    kept = value != 0
    keys, (total,) = sum_by_key(row[kept] * columns + column[kept], value[kept])
    return keys // columns, keys % columns, total


class _Moves:
    """All that can follow a frontier, one row an outcome."""

    def __init__(self, tables: StepTables, frontier: _Frontier) -> None:
        self._tables = tables
        self._frontier = frontier
        self._increments = tables.update.increment_count
        if len(frontier.source) * self._increments * tables.target_count >= KEY_LIMIT:
            raise LimitError("P0603", columns=self._increments * tables.target_count)
        rows = frontier.state
        for count, own, place in zip(
            tables.private_counts, frontier.private, frontier.place, strict=True
        ):
            rows = rows * count + own[place]
        routed = list(tables.route(rows))
        self._entry = np.concatenate([part.row for part in routed])
        self._action = np.concatenate([part.action for part in routed])
        self._target = np.concatenate([part.target for part in routed])
        self._probability = np.concatenate([part.probability for part in routed])
        node = frontier.common[0][frontier.place[0]]
        increment = np.concatenate([part.increment for part in routed])
        self._branch = node[self._entry] * self._increments + increment
        self._reached = [self._reach(agent) for agent in range(2)]

    def _reach(self, agent: int) -> tuple[Ints, Ints]:
        """Number an agent's next information sets: their keys, and that of each outcome."""
        counts = self._tables.next_private_counts
        later = prod(counts[agent + 1 :])
        private = self._target // later % counts[agent]
        return locate_values(self._branch * counts[agent] + private)

    def _origins(self, agent: int) -> tuple[Ints, Ints]:
        """Each outcome's code place * A_i + a_i, and one such code of each set reached."""
        actions = self._tables.action_digits[agent]
        code = self._frontier.place[agent][self._entry] * (int(actions.max()) + 1)
        code += actions[self._action]
        found, child = self._reached[agent]
        origin = np.empty(len(found), dtype=np.int64)
        origin[child] = code
        return code, origin

    def find_collision(self, agent: int) -> tuple[int, int] | None:
        """Find two codes place * A_i + a_i that lead to the same information set, if any do."""
        code, origin = self._origins(agent)
        child = self._reached[agent][1]
        wrong = np.flatnonzero(origin[child] != code)
        return (int(code[wrong[0]]), int(origin[child[wrong[0]]])) if len(wrong) else None

    def find_originals(self, agent: int) -> Ints:
        """Find for each action the first with the same law of what follows: (I, A_i).

        Laws are compared by a random projection.
        """
        places, law = locate_values(self._branch * self._tables.target_count + self._target)
        projection = np.random.default_rng(_SEED).uniform(size=len(places))[law]
        entries, width = len(self._frontier.state), self._tables.action_count
        marks = sum_at(
            self._entry * width + self._action, self._probability * projection, entries * width
        )
        shape = [int(own.max()) + 1 for own in self._tables.action_digits]
        marks = np.moveaxis(marks.reshape(entries, *shape), 1 + agent, 1)
        apart = np.abs(marks[:, :, None] - marks[:, None]).max(axis=3) > ROUNDING
        sets = len(self._frontier.common[agent])
        differ = np.zeros((sets, shape[agent], shape[agent]), dtype=np.bool_)
        np.logical_or.at(differ, self._frontier.place[agent], apart)
        first: Ints = np.argmin(differ, axis=2)
        return first

    def restrict(self, sets: list[InformationSets]) -> None:
        """Keep the outcomes of originals."""
        kept = np.ones(len(self._entry), dtype=np.bool_)
        for own, place, actions in zip(
            sets, self._frontier.place, self._tables.action_digits, strict=True
        ):
            original = own.sequence == own.original
            kept &= original[place[self._entry], actions[self._action]]
        if kept.all():
            return
        self._entry, self._action = self._entry[kept], self._action[kept]
        self._branch, self._target = self._branch[kept], self._target[kept]
        self._probability = self._probability[kept]
        self._reached = [self._reach(agent) for agent in range(2)]

    def advance(self, sets: list[InformationSets]) -> _Frontier:
        """Make the frontier of the next step; no outcomes may collide."""
        counts, targets = self._tables.next_private_counts, self._tables.target_count
        weight = self._frontier.weight[self._entry] * self._probability
        keys, (mass,) = sum_by_key(self._branch * targets + self._target, weight)
        branches, _ = locate_values(keys // targets)
        target = keys % targets
        private = digits(target % prod(counts), counts)
        common: list[Ints] = []
        parents: list[Ints] = []
        places: list[Ints] = []
        for agent, own in enumerate(sets):
            found = self._reached[agent][0]
            common.append(np.searchsorted(branches, found // counts[agent]))
            places.append(np.searchsorted(found, keys // targets * counts[agent] + private[agent]))
            parents.append(own.sequence.ravel()[self._origins(agent)[1]])
        return _Frontier(
            source=branches // self._increments,
            increment=branches % self._increments,
            common=tuple(common),
            private=tuple(
                found % count for (found, _), count in zip(self._reached, counts, strict=True)
            ),
            parent=tuple(parents),
            place=np.stack(places),
            state=target // prod(counts),
            weight=mass,
        )


def _forgetful(
    game: Game,
    information: InformationStructure,
    step: int,
    agent: int,
    sets: InformationSets,
    codes: tuple[int, int],
) -> ForgetfulError:
    """Say what an agent cannot tell apart at the step after ``step``."""
    names = game.labels.actions[agent]
    labels = information.private_labels[step - 1][agent]
    (first, one), (second, other) = (divmod(code, len(names)) for code in codes)
    knew = labels[sets.private[first]], labels[sets.private[second]]
    return ForgetfulError(
        "P0709",
        agent=game.agents[agent],
        step=step + 1,
        before=step,
        first=names[one],
        second=names[other],
        knew=(knew[0] or "nothing") if first != second else None,
        instead=knew[1] or "nothing",
    )
