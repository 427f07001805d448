"""A game under a sharing structure as a tree: the extensive form, all histories of a step at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from math import prod

import numpy as np
from numpy.typing import NDArray

from .arrays import (
    KEY_LIMIT,
    digits,
    locate_values,
    run_starts,
    sum_at,
    sum_by_key,
)
from .errors import LimitError
from .game import Floats, Game, Ints
from .game_class import ROUNDING
from .information import InformationStructure
from .openings import open_episode
from .operators import StepCatalogue
from .progress import Progress, silent

DEFAULT_TREE_NODES = 2_000_000
"""Decisions and outcomes of a tree, at most, unless more are asked for."""
_WORK = 16
"""Entries of tables in use, at most, for each node that the tree may have."""
_SEED = 40961


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeSets:
    """Information sets (c_h, p_{i,h}) of one agent at one step h.

    Attributes
    ----------
    common : (I,) int64, position of c_h in the step's list
    private : (I,) int64, p_{i,h}
    kept : (I, A_i) bool
        The actions that the agent chooses from. Of actions with the same rewards and the same
        future, whatever others do, only the first is kept; a set with one has no decision.
    original : (I, A_i) int64
        For each action the kept one that has the same rewards and future.
    member : (N,) int64
        The information set of each history.
    """

    common: Ints
    private: Ints
    kept: NDArray[np.bool_]
    original: Ints
    member: Ints

    @property
    def has_choice(self) -> NDArray[np.bool_]:
        """Where there is a decision to be made: (I,)."""
        found: NDArray[np.bool_] = self.kept.sum(axis=1) > 1
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeStep:
    """The N histories of one step h.

    What the agents do not see is not in a history: beliefs take care of it. Histories follow each other
    as their parents do.

    Attributes
    ----------
    source, increment : (C,) int64
        Each c_h as a position of c_{h-1} (0 at step 1) and z_h, sorted by both.
    parent : (N,) int64
        The history of step h - 1 before it; 0 at step 1.
    action : (N,) int64
        The joint action between them, -1 at step 1.
    common : (N,) int64
    private : (n, N) int64
    probability : (N,) float64
        P(z_h, p_h | parent, action); sums to 1 over the histories that share both.
    rewards : (n, N, A) float64
        Discounted expected rewards of joint actions.
    sets
        One entry an agent.
    """

    source: Ints
    increment: Ints
    parent: Ints
    action: Ints
    common: Ints
    private: Ints
    probability: Floats
    rewards: Floats
    sets: tuple[TreeSets, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """An information set of an agent at step ``step`` that two own pasts lead to."""

    agent: int
    step: int
    set: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensiveForm:
    """The tree.

    Attributes
    ----------
    game, information
        What it was made of.
    steps
        One entry for each h = 1..H.
    node_count
        Decisions, chance moves and ends of the tree when agents move one after the other.
    forgotten
        Why an agent lacks perfect recall, None if all have it.
    """

    game: Game
    information: InformationStructure
    steps: tuple[TreeStep, ...]
    node_count: int
    forgotten: Forgotten | None

    def label_sets(self) -> Iterator[tuple[list[str], ...]]:
        """For each step, names of each agent's information sets: the step, c_h and p_{i,h}.

        No two sets of an agent have the same.
        """
        common = [""]
        for number, (step, increments, private) in enumerate(
            zip(
                self.steps,
                self.information.increment_labels,
                self.information.private_labels,
                strict=True,
            ),
            start=1,
        ):
            common = [
                " | ".join(part for part in (common[source], increments[code] or "-") if part)
                for source, code in zip(step.source.tolist(), step.increment.tolist(), strict=True)
            ]
            yield tuple(
                [
                    f"step {number}; common: {common[place]}; private: {names[code] or '-'}"
                    for place, code in zip(sets.common.tolist(), sets.private.tolist(), strict=True)
                ]
                for names, sets in zip(private, step.sets, strict=True)
            )

    def set_labels(self, step: int, agent: int) -> list[str]:
        """Names of the information sets of one agent at one step."""
        return next(islice(self.label_sets(), step - 1, None))[agent]


def build_extensive_form(
    game: Game,
    information: InformationStructure,
    *,
    max_nodes: int = DEFAULT_TREE_NODES,
    progress: Progress = silent,
) -> ExtensiveForm:
    """Unroll a game into histories of what the agents know together.

    States do not become nodes. A history has a belief over states, and its rewards are expectations, which
    leaves what every joint policy earns as it is.

    Raises
    ------
    LimitError
        P0927, when the tree has more than ``max_nodes`` nodes; P0603, when codes do not fit.

    Notes
    -----
    Source: H. Kuhn, "Extensive games and the problem of information", 1953, for the tree of a game in
    which agents move one after the other without seeing it.
    """
    catalogue = StepCatalogue(game, information)
    roots, beliefs = open_episode(game, information, merge=False)
    width = prod(information.private_counts[0])
    node = np.repeat(np.arange(beliefs.count), beliefs.lengths)
    mass = beliefs.probability * np.repeat(roots.probability, beliefs.lengths)
    keys, history = locate_values(node * width + beliefs.index % width)
    frontier = _Frontier(
        source=np.zeros(beliefs.count, dtype=np.int64),
        increment=roots.increment,
        parent=np.zeros(len(keys), dtype=np.int64),
        action=np.full(len(keys), -1),
        common=keys // width,
        private=digits(keys % width, information.private_counts[0]),
        probability=sum_at(history, mass, len(keys)),
        history=history,
        state=beliefs.index // width,
        belief=mass,
    ).normalised()
    steps: list[TreeStep] = []
    forgotten: Forgotten | None = None
    # What each agent did so far where it had a choice, as the last set and action: (n, N).
    past = np.zeros((len(game.agents), len(keys)), dtype=np.int64)
    count, named = 1, 1
    for number in range(1, game.horizon + 1):
        progress("tree", number, game.horizon)
        _require_room(catalogue, number, frontier, game.horizon, _WORK * max_nodes)
        moves = None if number == game.horizon else _list_moves(catalogue, number, frontier)
        step = _close(game, catalogue, number, frontier, moves)
        count += _count_nodes(step)
        if count > max_nodes:
            raise LimitError(
                "P0927", nodes=count, step=number, limit=max_nodes, fits=number - 1 or None
            )
        for agent, own in enumerate(step.sets):
            place = _find_collision(own, past[agent])
            if place is not None and forgotten is None:
                forgotten = Forgotten(agent=agent, step=number, set=place)
        steps.append(step)
        if moves is not None:
            frontier = _advance(information, number, frontier, moves.restrict(step, catalogue))
            past = past[:, frontier.parent]
            for agent, (own, actions) in enumerate(zip(step.sets, game.action_counts, strict=True)):
                member = own.member[frontier.parent]
                chosen = catalogue.action_digits[agent][frontier.action]
                free = own.has_choice[member]
                past[agent, free] = (named + member * actions + chosen)[free]
            named += max(len(own.common) for own in step.sets) * max(game.action_counts)
    return ExtensiveForm(
        game=game,
        information=information,
        steps=tuple(steps),
        node_count=count,
        forgotten=forgotten,
    )


def _count_nodes(step: TreeStep) -> int:
    """Count decisions, agents one after the other, and what follows the joint actions."""
    total, width = 0, np.ones(len(step.parent), dtype=np.int64)
    for own in step.sets:
        choices = own.kept.sum(axis=1)[own.member]
        total += int(width[choices > 1].sum())
        width = width * choices
    return total + int(width.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frontier:
    """Histories of a step, as in ``TreeStep``, with beliefs.

    Attributes
    ----------
    history, state : (E,) int64, belief : (E,) float64
        What states each history may be in, in order of histories.
    """

    source: Ints
    increment: Ints
    parent: Ints
    action: Ints
    common: Ints
    private: Ints
    probability: Floats
    history: Ints
    state: Ints
    belief: Floats

    def normalised(self) -> _Frontier:
        """The same with beliefs that sum to 1."""
        total = sum_at(self.history, self.belief, len(self.parent))
        return replace(self, belief=self.belief / total[self.history])


def _require_room(
    catalogue: StepCatalogue, number: int, frontier: _Frontier, horizon: int, limit: int
) -> None:
    """Refuse a step whose tables would be far larger than the tree may be."""
    need = len(frontier.parent) * catalogue.action_digits.shape[1]
    if number < horizon:
        lengths = np.diff(catalogue.tables(number).outcomes.offsets)
        need += int(lengths[frontier.state].sum())
    if need > limit:
        raise LimitError(
            "P0927", entries=need, step=number, entry_limit=limit, fits=number - 1 or None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moves:
    """What can follow: (history, joint action, z, (s', p')) with its probability."""

    history: Ints
    action: Ints
    increment: Ints
    target: Ints
    probability: Floats
    increment_count: int
    target_count: int

    def restrict(self, step: TreeStep, catalogue: StepCatalogue) -> _Moves:
        """Keep what follows actions that are kept."""
        kept = np.ones(len(self.history), dtype=np.bool_)
        for own, actions in zip(step.sets, catalogue.action_digits, strict=True):
            kept &= own.kept[own.member[self.history], actions[self.action]]
        return replace(
            self,
            history=self.history[kept],
            action=self.action[kept],
            increment=self.increment[kept],
            target=self.target[kept],
            probability=self.probability[kept],
        )


def _list_moves(catalogue: StepCatalogue, number: int, frontier: _Frontier) -> _Moves:
    tables = catalogue.tables(number)
    row = frontier.state
    for count, own in zip(tables.private_counts, frontier.private, strict=True):
        row = row * count + own[frontier.history]
    parts = list(tables.route(row))
    entry = np.concatenate([part.row for part in parts])
    return _Moves(
        history=frontier.history[entry],
        action=np.concatenate([part.action for part in parts]),
        increment=np.concatenate([part.increment for part in parts]),
        target=np.concatenate([part.target for part in parts]),
        probability=frontier.belief[entry] * np.concatenate([part.probability for part in parts]),
        increment_count=tables.update.increment_count,
        target_count=tables.target_count,
    )


def _close(
    game: Game, catalogue: StepCatalogue, number: int, frontier: _Frontier, moves: _Moves | None
) -> TreeStep:
    """Find the information sets of a step, and which of their actions differ."""
    count, width = len(frontier.parent), prod(game.action_counts)
    rewards = catalogue.rewards(number) * game.discount ** (number - 1)
    expected = np.stack(
        [
            np.stack(
                [
                    sum_at(frontier.history, frontier.belief * own[frontier.state, action], count)
                    for action in range(width)
                ],
                axis=1,
            )
            for own in rewards
        ]
    )
    marks = [*expected]
    if moves is not None:
        # Laws of what follows are compared by random projections.
        key = moves.increment * moves.target_count + moves.target
        places, law = locate_values(key)
        for seed in range(2):
            weight = np.random.default_rng((_SEED, seed)).uniform(size=len(places))[law]
            cell = moves.history * width + moves.action
            chance = sum_at(cell, moves.probability * weight, count * width)
            marks.append(chance.reshape(count, width))
    shape = (len(marks), count, *game.action_counts)
    stacked = np.stack(marks).reshape(shape)
    sets: list[TreeSets] = []
    for agent, actions in enumerate(game.action_counts):
        size = int(frontier.private[agent].max()) + 1
        found, member = locate_values(frontier.common * size + frontier.private[agent])
        moved = np.moveaxis(stacked, 2 + agent, 2).reshape(len(marks), count, actions, -1)
        differ = np.zeros((len(found), actions, actions), dtype=np.bool_)
        for first in range(actions):
            for second in range(first + 1, actions):
                gap = np.abs(moved[:, :, first] - moved[:, :, second]).max(axis=(0, 2))
                np.logical_or.at(differ[:, first, second], member, gap > ROUNDING)
        original = np.zeros((len(found), actions), dtype=np.int64)
        for second in range(1, actions):
            kept = original[:, :second] == np.arange(second)
            same = kept & ~differ[:, :second, second]
            original[:, second] = np.where(same.any(axis=1), np.argmax(same, axis=1), second)
        sets.append(
            TreeSets(
                common=found // size,
                private=found % size,
                kept=original == np.arange(actions),
                original=original,
                member=member,
            )
        )
    return TreeStep(
        source=frontier.source,
        increment=frontier.increment,
        parent=frontier.parent,
        action=frontier.action,
        common=frontier.common,
        private=frontier.private,
        probability=frontier.probability,
        rewards=expected,
        sets=tuple(sets),
    )


def _advance(
    information: InformationStructure, number: int, frontier: _Frontier, moves: _Moves
) -> _Frontier:
    """Make the histories of the next step."""
    counts = information.private_counts[number]
    width = prod(counts)
    actions = int(moves.action.max()) + 1
    # Histories are ordered by parent, action, z and p', and the states of each by number.
    pairs, pair = locate_values(moves.history * actions + moves.action)
    size = moves.increment_count * moves.target_count
    if len(pairs) * size >= KEY_LIMIT:
        raise LimitError("P0603", columns=size)
    states = moves.target_count // width
    state, private = np.divmod(moves.target, width)
    key = ((pair * moves.increment_count + moves.increment) * width + private) * states + state
    keys, (mass,) = sum_by_key(key, moves.probability)
    starts = run_starts(keys // states)
    lengths = np.diff(np.append(starts, len(keys)))
    history = np.repeat(np.arange(len(starts)), lengths)
    branch = keys[starts] // states
    parent, action = np.divmod(pairs[branch // width // moves.increment_count], actions)
    increment = branch // width % moves.increment_count
    known, common = locate_values(frontier.common[parent] * moves.increment_count + increment)
    return _Frontier(
        source=known // moves.increment_count,
        increment=known % moves.increment_count,
        parent=parent,
        action=action,
        common=common,
        private=digits(branch % width, counts),
        probability=np.add.reduceat(mass, starts),
        history=history,
        state=keys % states,
        belief=mass,
    ).normalised()


def _find_collision(sets: TreeSets, origin: Ints) -> int | None:
    """Find an information set that different own pasts (N,) lead to."""
    first = np.empty(len(sets.common), dtype=np.int64)
    first[sets.member] = origin
    wrong = np.flatnonzero(first[sets.member] != origin)
    return int(sets.member[wrong[0]]) if len(wrong) else None
