"""Perfect recall (Definition 4): what an agent did and saw can be told from (c_h, p_{i,h})."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .arrays import digits, distinct_values
from .beliefs import Beliefs
from .collisions import Collision, Triple, collides_alone, find_collision, find_suspects
from .consequences import apply_update
from .errors import LimitError
from .game import Game
from .information import InformationStructure
from .openings import open_episode
from .operators import StepCatalogue
from .paths import Moves, gather_layer, list_moves, open_layer
from .progress import Progress, silent
from .supports import DEFAULT_SUPPORTS, PushedSupports, SupportPusher

MAX_OUTCOMES = 20_000_000
"""Outcomes of one step beyond which the check gives up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something an agent did or saw: ``kind`` is ``action`` or ``observation``; labels."""

    step: int
    kind: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecallWitness:
    """Two pasts of an agent that end in the same (c_h, p_{i,h}).

    Attributes
    ----------
    step : h
    agent
    common
        c_h as the sequence of its increments.
    private
        p_{i,h}.
    histories
        What the agent did and saw in the two, both possible.
    """

    step: int
    agent: str
    common: tuple[str, ...]
    private: str
    histories: tuple[tuple[Event, ...], tuple[Event, ...]]

    @property
    def forgotten(self) -> tuple[tuple[Event, Event], ...]:
        """The events that differ, side by side."""
        return tuple(pair for pair in zip(*self.histories, strict=True) if pair[0] != pair[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class PerfectRecall:
    """Whether agents have perfect recall.

    Attributes
    ----------
    agents
        A verdict for each; None when the game is too large to decide.
    witness
        For the first agent that forgets something, at the earliest step.
    size
        What was too large, when something is undecided.
    """

    agents: Mapping[str, bool | None]
    witness: RecallWitness | None = None
    size: str | None = None

    @property
    def holds(self) -> bool | None:
        """Whether all agents have perfect recall."""
        verdicts = set(self.agents.values())
        return False if False in verdicts else None if None in verdicts else True


def check_perfect_recall(
    game: Game,
    information: InformationStructure,
    *,
    max_supports: int = DEFAULT_SUPPORTS,
    max_outcomes: int = MAX_OUTCOMES,
    progress: Progress = silent,
) -> PerfectRecall:
    """Decide whether (c_h, p_{i,h}) determines what agent i did and saw, for h = 1..H.

    This needs no enumeration of histories. Agent i has perfect recall if and only if at each c_h
    the map from (p_i, a_i, o_i') to (z, p_i') is one-to-one on what is possible given c_h. If two
    triples lead to the same pair, the pasts behind them differ: in a_i or o_i', or in what led to
    different p_i, as p_i is a function of the past. If no two do, then by induction on h the past
    can be read backward from (c_h, p_{i,h}). What is possible given c_h depends on the support of
    its belief only, and supports are the states of a deterministic automaton. Three tests of
    increasing cost are made at each step, each only if the one before finds a collision: on the
    tables of agent i alone, on all (s, p) that can be reached, and on each support.

    The definition's other condition, that no part of (c_h, p_{i,h}) is lost later, follows: c_h
    grows, and p_{i,h} is a function of the past.

    Parameters
    ----------
    max_supports
        Supports of one step beyond which the check gives up.
    max_outcomes
        The same for outcomes of one step.

    Notes
    -----
    Source: Liu and Zhang (2023), Definition 4, for information as in Equations (2.1) and (2.2). An
    initial observation counts as part of the past; step H + 1, at which nothing is decided, is
    left out. The reduction to single steps is an addition.
    """
    count = len(game.agents)
    distinct = {id(update): update for update in information.updates}
    alone = {
        key: {agent for agent in range(count) if collides_alone(update, agent)}
        for key, update in distinct.items()
    }
    suspects = [alone[id(update)] for update in information.updates]
    verdicts: dict[int, bool | None] = {}
    witness: RecallWitness | None = None
    size: str | None = None

    def pending(step: int) -> set[int]:
        """Agents without a verdict that may forget something at ``step`` or later."""
        return set[int]().union(*suspects[step:]) - verdicts.keys()

    for agent in sorted(suspects[0]):
        found = _forget_at_once(game, information, agent)
        if found is not None:
            verdicts[agent] = False
            witness = witness or found
    search = _Search(game, information, max_supports=max_supports, max_outcomes=max_outcomes)
    for step in range(1, game.horizon):
        if not pending(step):
            break
        progress("perfect recall", step, game.horizon)
        for agent in sorted(suspects[step] - verdicts.keys()):
            try:
                collision = search.find(agent)
            except LimitError as error:
                verdicts[agent] = None
                size = _size_text(error)
                continue
            if collision is not None:
                verdicts[agent] = False
                witness = witness or search.describe(agent, collision)
        if pending(step + 1):
            try:
                search.advance()
            except LimitError as error:
                verdicts |= dict.fromkeys(pending(step + 1))
                size = _size_text(error)
    return PerfectRecall(
        agents={agent: verdicts.get(place, True) for place, agent in enumerate(game.agents)},
        witness=witness,
        size=size,
    )


def _size_text(error: LimitError) -> str:
    return ", ".join(f"{key} {value}" for key, value in error.facts.items())


class _Search:
    """What is possible at one step after the other."""

    def __init__(
        self, game: Game, information: InformationStructure, *, max_supports: int, max_outcomes: int
    ) -> None:
        self._step = 1
        self._game = game
        self._information = information
        self._max_supports = max_supports
        self._max_outcomes = max_outcomes
        self._catalogue = StepCatalogue(game, information)
        self._pusher = SupportPusher(self._catalogue)
        self._roots, beliefs = open_episode(game, information, merge=False)
        self._supports: Beliefs | None = beliefs
        self._rows = distinct_values(beliefs.index)
        self._pushed: list[PushedSupports] = []

    def find(self, agent: int) -> Collision | None:
        """Find what an agent forgets from this step to the next.

        Raises
        ------
        LimitError
            If that is too much work.
        """
        self._check_outcomes()
        suspects = find_suspects(self._catalogue.tables(self._step), self._rows, agent)
        if suspects is None:
            return None
        if self._supports is None:
            raise LimitError("P0601", step=self._step, supports=f"more than {self._max_supports}")
        return find_collision(suspects, self._supports)

    def advance(self) -> None:
        """Go on to the next step; beyond ``max_supports`` only the reachable (s, p) are kept."""
        self._check_outcomes()
        pushed = None
        if self._supports is not None:
            pushed = self._pusher.push(self._supports, self._step, self._max_supports)
        if pushed is None:
            self._rows = self._pusher.reach(self._rows, self._step)
            self._supports = None
        else:
            self._rows = distinct_values(pushed.supports.index)
            self._supports = pushed.supports
            self._pushed.append(pushed)
        self._step += 1

    def _check_outcomes(self) -> None:
        tables = self._catalogue.tables(self._step)
        state = self._rows // int(np.prod(tables.private_counts))
        count = int(np.diff(tables.outcomes.offsets)[state].sum())
        if count > self._max_outcomes:
            raise LimitError("P0601", step=self._step, outcomes=count, limit=self._max_outcomes)

    def describe(self, agent: int, collision: Collision) -> RecallWitness:
        """Put a collision into words."""
        path = [*self._trace(collision.support), collision.increment]
        triple = collision.triples[0]
        after = int(self._information.updates[self._step].private[agent][triple])
        return _describe(self._game, self._information, agent, path, after, collision.triples)

    def _trace(self, support: int) -> list[int]:
        """Find the increments of a common history that leads to a support."""
        path: list[int] = []
        for pushed in reversed(self._pushed):
            edge = int(np.argmax(pushed.child == support))
            path.append(int(pushed.increment[edge]))
            support = int(pushed.source[edge])
        path.append(int(self._roots.increment[support]))
        return path[::-1]


def _forget_at_once(
    game: Game, information: InformationStructure, agent: int
) -> RecallWitness | None:
    """Find two initial observations of an agent that c_1 and p_{i,1} do not tell apart."""
    possible = game.initial_probability > 0
    seen = game.initial_observation[possible].T
    zero = np.zeros(seen.shape[1], dtype=np.int64)
    increment, private = apply_update(information, 0, [(zero, zero, own) for own in seen])
    known = digits(private, information.private_counts[0])[agent]
    told: dict[tuple[int, int], int] = {}
    cases = zip(increment.tolist(), known.tolist(), seen[agent].tolist(), strict=True)
    for z, value, observation in sorted(cases):
        other = told.setdefault((z, value), observation)
        if other != observation:
            triples = ((0, 0, other), (0, 0, observation))
            return _describe(game, information, agent, [z], value, triples)
    return None


def _describe(
    game: Game,
    information: InformationStructure,
    agent: int,
    path: Sequence[int],
    private: int,
    triples: tuple[Triple, Triple],
) -> RecallWitness:
    """Find the pasts of two triples that become (z, p_i') at the end of a path."""
    first, second = (_past(game, information, agent, path, triple) for triple in triples)
    step = len(path)
    return RecallWitness(
        step=step,
        agent=game.agents[agent],
        common=tuple(
            information.increment_labels[at][increment] for at, increment in enumerate(path)
        ),
        private=information.private_labels[step - 1][agent][private],
        histories=(first, second),
    )


def _past(
    game: Game,
    information: InformationStructure,
    agent: int,
    path: Sequence[int],
    triple: Triple,
) -> tuple[Event, ...]:
    """Find what an agent did and saw in a play along a path that ends with the triple."""
    if len(path) == 1:
        return _initial_events(game, agent, triple[2])
    layers = [open_layer(game, information, path[0])]
    moves: list[Moves] = []
    for step, increment in enumerate(path[1:], start=1):
        moves.append(list_moves(game, information, step, layers[-1], increment))
        made = moves[-1]
        layers.append(
            gather_layer(game, information, step + 1, made.state, made.private, made.weight)
        )
    events: list[Event] = []
    last = len(moves)
    wanted: tuple[int, int] | None = None
    for step in range(last, 0, -1):
        made, before = moves[step - 1], layers[step - 1]
        action = digits(made.action, game.action_counts)[agent]
        observation = digits(made.observation, game.observation_counts)[agent]
        if wanted is None:
            held = digits(before.private[made.source], information.private_counts[step - 1])[agent]
            leads = (held == triple[0]) & (action == triple[1]) & (observation == triple[2])
        else:
            leads = (made.state == wanted[0]) & (made.private == wanted[1])
        move = int(np.argmax(leads))
        events += [
            Event(
                step=step + 1,
                kind="observation",
                value=game.labels.observations[agent][int(observation[move])],
            ),
            Event(
                step=step,
                kind="action",
                value=game.labels.actions[agent][int(action[move])],
            ),
        ]
        source = int(made.source[move])
        wanted = int(before.state[source]), int(before.private[source])
    seen = _initial_observation(game, information, agent, path[0], wanted)
    return (*_initial_events(game, agent, seen), *reversed(events))


def _initial_observation(
    game: Game,
    information: InformationStructure,
    agent: int,
    increment: int,
    start: tuple[int, int] | None,
) -> int:
    """Find what an agent may have seen before a play that starts in the given (s, p)."""
    zero = np.zeros(len(game.initial_state), dtype=np.int64)
    own = [(zero, zero, seen) for seen in game.initial_observation.T]
    made, private = apply_update(information, 0, own)
    fits = (made == increment) & (game.initial_probability > 0)
    if start is not None:
        fits &= (game.initial_state == start[0]) & (private == start[1])
    return int(game.initial_observation[int(np.argmax(fits)), agent])


def _initial_events(game: Game, agent: int, observation: int) -> tuple[Event, ...]:
    """List the initial observation, if there is one."""
    names = game.labels.initial_observations[agent]
    if len(names) == 1:
        return ()
    return (Event(step=1, kind="observation", value=names[observation]),)
