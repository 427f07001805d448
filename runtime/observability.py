"""How much observations say about the state: gamma of Assumption 2, jointly and for each agent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic

import numpy as np

from .arrays import digits, distinct_values, expand_ranges
from .game import Dynamics, Floats, Game, Ints
from .separation import EXACT, TIE, ZERO, Separation, merge_columns, separate_quickly

SECONDS = 5.0
"""How long linear programs may take if nothing else is said."""
INDIVIDUAL_SECONDS = 1.0
"""The same for what cannot change gamma any more: gamma of each agent, and of other steps."""
_DIGITS = 12
"""Rows of an observation matrix that agree to so many digits are equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """A number between two proved bounds; it is known if they agree to 1e-9."""

    lower: float
    upper: float

    @property
    def exact(self) -> bool:
        """Whether the bounds agree."""
        return self.upper - self.lower <= EXACT

    @property
    def positive(self) -> bool | None:
        """Whether the number is positive: above 1e-9 for sure; None if that is open."""
        return True if self.lower > EXACT else False if self.upper <= EXACT else None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepObservability:
    """gamma_h of some steps, after some joint actions.

    Attributes
    ----------
    steps
        The h of the observations o_h that it is about.
    actions
        Joint actions before that observation, each from agents to actions; None if all actions
        give the same.
    states, observations
        How many states can be reached there, and how many joint observations can be made.
    """

    steps: tuple[int, ...]
    actions: tuple[Mapping[str, str], ...] | None
    states: int
    observations: int
    gamma: Bracket


@dataclass(frozen=True, slots=True, kw_only=True)
class Observability:
    """The largest gamma for which the game is gamma-observable.

    Attributes
    ----------
    bounds
        Between which numbers gamma lies, the minimum over steps and joint actions.
    step
        The first h of the observations o_h that attain the upper bound; None when there is nothing
        to tell apart.
    action
        Each agent's action before that observation; None when the observation does not depend on
        it.
    first, second
        b and b', distributions over states with disjoint supports whose observations differ by
        2 gamma in L1 (twice the upper bound); from labels to positive probabilities.
    reason
        Why gamma is 0, where that can be seen from sizes; or why it was not decided.
    per_step
        gamma_h for each step and joint action, equal ones together.
    individual
        For each agent the same as ``bounds``, where nothing but its own observation counts.
    """

    bounds: Bracket
    step: int | None = None
    action: Mapping[str, str] | None = None
    first: Mapping[str, float] | None = None
    second: Mapping[str, float] | None = None
    reason: str | None = None
    per_step: tuple[StepObservability, ...] = ()
    individual: Mapping[str, Bracket] = field(default_factory=dict[str, Bracket])

    @property
    def gamma(self) -> float | None:
        """The minimum; None when it was not found to 1e-9."""
        return self.bounds.upper if self.bounds.exact else None

    @property
    def holds(self) -> bool | None:
        """Whether Assumption 2 holds; None when that was not decided."""
        return self.bounds.positive


def measure_observability(game: Game, *, seconds: float = SECONDS) -> Observability:
    """Find the smallest gamma_h over steps and joint actions, with beliefs that attain it.

    gamma_h is the minimum, over splits of the states into two nonempty parts and distributions x
    and y on the parts, of half the L1 distance between the observations that x and y lead to. The
    observation matrix of step h + 1 has one row P(o | s') for each next state s' that is reachable
    there. Where that depends on the joint action, there is one matrix for each, over the states
    that are reachable after it; where the emission depends on s too, it has one row for each
    distinct emission that s' is reached with. The observations are o_2, ..., o_H, on which
    decisions are based (o_2 if H = 1), and the initial observation if there is one. An agent
    without one of its own is judged by what it observes later.

    Linearly dependent rows give gamma = 0 at once, and small and square matrices need no linear
    program (``separation``); others are narrowed down by linear programs for some ``seconds``
    (``separation_programs``), matrices sharing the time. What is left open then is a bracket.

    Notes
    -----
    Source: Liu and Zhang (2023), Assumption 2. With emissions that depend on actions the minimum
    over actions is taken, which is the assumption for every policy.
    """
    matrices = list(_list_matrices(game))
    joint = _Measured([matrix for matrix in matrices if len(matrix.rows) > 1])
    alone = [
        _Measured(
            [
                own
                for matrix in matrices
                if len((own := _marginal(game, matrix, place)).rows) > 1
                and (matrix.step > 1 or len(game.labels.initial_observations[place]) > 1)
            ],
            until_zero=True,
        )
        for place in range(len(game.agents))
    ]
    joint.refine(INDIVIDUAL_SECONDS if joint.bounds.positive is False else seconds)
    for measured in alone:
        measured.refine(min(seconds, INDIVIDUAL_SECONDS) / len(alone))
    individual = {
        agent: measured.bounds for agent, measured in zip(game.agents, alone, strict=True)
    }
    table = tuple(_rows_of_table(game, matrices, joint))
    least = joint.least()
    if least is None:
        return Observability(bounds=joint.bounds, per_step=table, individual=individual)
    matrix, found = least
    first, second = np.maximum(found.difference, 0), np.maximum(-found.difference, 0)
    return Observability(
        bounds=joint.bounds,
        step=matrix.step,
        action=None if matrix.action is None else _name_action(game, matrix.action),
        first=_name_belief(matrix.labels, first),
        second=_name_belief(matrix.labels, second),
        reason=_reason(matrix, joint),
        per_step=table,
        individual=individual,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matrix:
    """The matrix of o_h after one joint action, or None where the action makes no difference.

    ``states`` and ``observations`` are the codes of rows and columns; ``steps`` are all h that
    have this matrix.
    """

    steps: tuple[int, ...]
    action: int | None
    labels: tuple[str, ...]
    states: Ints
    observations: Ints
    rows: Floats

    @property
    def step(self) -> int:
        """The first h."""
        return self.steps[0]

    @property
    def key(self) -> bytes:
        """Equal for equal matrices of the same size."""
        return bytes(str(self.rows.shape), "ascii") + np.round(self.rows, _DIGITS).tobytes()


class _Measured:
    """Distinct matrices and what is known about the gamma of each."""

    def __init__(self, matrices: Sequence[_Matrix], *, until_zero: bool = False) -> None:
        self._matrices: dict[bytes, _Matrix] = {}
        self._found: dict[bytes, Separation] = {}
        for matrix in matrices:
            key = matrix.key
            if key not in self._matrices:
                self._matrices[key] = matrix
                self._found[key] = separate_quickly(matrix.rows)
                if until_zero and self._found[key].upper == 0:
                    break

    @property
    def bounds(self) -> Bracket:
        """The minimum over matrices; 1 if there is nothing to tell apart."""
        found = self._found.values()
        return Bracket(
            lower=min((one.lower for one in found), default=1.0),
            upper=min((one.upper for one in found), default=1.0),
        )

    def refine(self, seconds: float) -> None:
        """Narrow the open brackets down, those first that may be the minimum."""
        deadline = monotonic() + seconds
        waiting = [key for key, found in self._found.items() if not found.exact]
        waiting.sort(key=lambda key: self._found[key].lower)
        for place, key in enumerate(waiting):
            from .separation_programs import separate

            share = (deadline - monotonic()) / (len(waiting) - place)
            if share > 0:
                rows = self._matrices[key].rows
                self._found[key] = separate(rows, self._found[key], seconds=share)

    def least(self) -> tuple[_Matrix, Separation] | None:
        """The first matrix with the least upper bound."""
        if not self._found:
            return None
        # Up to rounding, so that of equal ones it is the first one on all machines.
        most = min(found.upper for found in self._found.values()) * (1 + TIE) + ZERO
        key = next(key for key, found in self._found.items() if found.upper <= most)
        return self._matrices[key], self._found[key]

    def narrowest(self) -> _Matrix:
        """The matrix with most more rows than columns."""
        return max(self._matrices.values(), key=lambda one: len(one.rows) - one.rows.shape[1])

    def of(self, matrix: _Matrix) -> Bracket:
        """Look up one matrix."""
        if len(matrix.rows) == 1:
            return Bracket(lower=1.0, upper=1.0)
        found = self._found[matrix.key]
        return Bracket(lower=found.lower, upper=found.upper)


def _rows_of_table(
    game: Game, matrices: Sequence[_Matrix], joint: _Measured
) -> Iterator[StepObservability]:
    """Group equal matrices of the same steps."""
    groups: dict[tuple[tuple[int, ...], bytes], list[_Matrix]] = {}
    for matrix in matrices:
        groups.setdefault((matrix.steps, matrix.key), []).append(matrix)
    for group in groups.values():
        matrix = group[0]
        yield StepObservability(
            steps=matrix.steps,
            actions=None
            if matrix.action is None
            else tuple(_name_action(game, one.action) for one in group if one.action is not None),
            states=len(set(matrix.states.tolist())),
            observations=matrix.rows.shape[1],
            gamma=joint.of(matrix),
        )


def _reason(least: _Matrix, joint: _Measured) -> str | None:
    """Say why gamma is 0 where sizes show it, or between what it lies."""
    bounds = joint.bounds
    if bounds.positive is None or not bounds.exact:
        return f"gamma is between {bounds.lower:.6g} and {bounds.upper:.6g}"
    if bounds.positive:
        return None
    distinct = merge_columns(least.rows).shape[1]
    if distinct == 1:
        return "the joint observation says nothing about the state there"
    if len(least.rows) > distinct:
        return _too_few(least, distinct)
    # Elsewhere sizes may show it, even if the first pair that looks alike has another cause.
    narrow = joint.narrowest()
    excess = len(narrow.rows) - narrow.rows.shape[1]
    return _too_few(narrow, narrow.rows.shape[1]) if excess > 0 else None


def _too_few(matrix: _Matrix, distinct: int) -> str:
    count, columns = matrix.rows.shape
    alike = "" if count > columns else " that differ in what they say"
    unlike = "states" if len(set(matrix.states.tolist())) == count else "states with an emission"
    return (
        f"gamma > 0 needs at least as many joint observations{alike} as {unlike}: S = {count} > "
        f"{columns if count > columns else distinct} at step {matrix.step}"
    )


def _marginal(game: Game, matrix: _Matrix, place: int) -> _Matrix:
    """Keep the observation of one agent; rows of a state that become equal are one."""
    counts = (
        tuple(len(names) for names in game.labels.initial_observations)
        if matrix.step == 1
        else game.observation_counts
    )
    own, column = np.unique(digits(matrix.observations, counts)[place], return_inverse=True)
    rows = np.zeros((len(matrix.rows), len(own)))
    np.add.at(rows.T, column.ravel(), matrix.rows.T)
    kept = _distinct_rows(matrix.states, rows)
    return replace(
        matrix,
        labels=tuple(matrix.labels[row] for row in kept.tolist()),
        states=matrix.states[kept],
        observations=own,
        rows=rows[kept],
    )


def _distinct_rows(states: Ints, rows: Floats) -> Ints:
    """Find the first of all rows that belong to one state and are equal."""
    keyed = np.concatenate([states[:, None], np.round(rows, _DIGITS)], axis=1)
    return np.sort(np.unique(keyed, axis=0, return_index=True)[1])


def _list_matrices(game: Game) -> Iterator[_Matrix]:
    """List the observation matrices, steps with the same dynamics and reachable states together."""
    reached = np.zeros(game.state_count, dtype=bool)
    reached[game.initial_state[game.initial_probability > 0]] = True
    if any(len(names) > 1 for names in game.labels.initial_observations):
        yield _initial_matrix(game)
    steps: dict[tuple[int, bytes], list[int]] = {}
    for step in range(1, max(2, game.horizon)):
        which = int(game.dynamics_of_step[step - 1])
        steps.setdefault((which, reached.tobytes()), []).append(step + 1)
        states = np.flatnonzero(reached)
        reached = np.zeros(game.state_count, dtype=bool)
        for state in states.tolist():
            reached[_successors(game, game.dynamics[which], state)] = True
    for (which, mask), alike in steps.items():
        states = np.flatnonzero(np.frombuffer(mask, dtype=bool))
        whole = _step_matrix(game, game.dynamics[which], states, tuple(alike), None)
        if len(distinct_values(whole.states)) == len(whole.states):
            # Each state has one law of observations, whatever led to it.
            yield whole
            continue
        matrices = [
            _step_matrix(game, game.dynamics[which], states, tuple(alike), action)
            for action in range(int(np.prod(game.action_counts)))
        ]
        if len({matrix.key for matrix in matrices}) == 1:
            yield replace(matrices[0], action=None)
        else:
            yield from matrices


def _successors(game: Game, dynamics: Dynamics, state: int) -> Ints:
    actions = int(np.prod(game.action_counts))
    start, stop = dynamics.offsets[state * actions], dynamics.offsets[(state + 1) * actions]
    return dynamics.successor[start:stop][dynamics.probability[start:stop] > 0]


def _initial_matrix(game: Game) -> _Matrix:
    """Build P(o_1 | s_1)."""
    counts = [len(names) for names in game.labels.initial_observations]
    column = np.ravel_multi_index(tuple(game.initial_observation.T), counts)
    table = np.zeros((game.state_count, int(np.prod(counts))))
    np.add.at(table, (game.initial_state, column), game.initial_probability)
    mass = table.sum(axis=1)
    states = np.flatnonzero(mass > 0)
    return _Matrix(
        steps=(1,),
        action=None,
        labels=tuple(game.labels.states[state] for state in states),
        states=states,
        observations=np.arange(table.shape[1]),
        rows=table[states] / mass[states, None],
    )


def _step_matrix(
    game: Game, dynamics: Dynamics, states: Ints, steps: tuple[int, ...], action: int | None
) -> _Matrix:
    """Build P(o | s, a, s') with one row for each s' and distinct emission.

    Without ``action`` the rows are those of all joint actions.
    """
    count = int(np.prod(game.action_counts))
    if action is None:
        states = np.repeat(states, count)
        row = states * count + np.tile(np.arange(count), len(states) // count)
    else:
        row = states * count + action
    lengths = np.diff(dynamics.offsets)[row]
    entry = expand_ranges(dynamics.offsets[row], lengths)
    positive = dynamics.probability[entry] > 0
    entry, source = entry[positive], np.repeat(states, lengths)[positive]
    pairs, first = np.unique(
        np.stack([dynamics.successor[entry], dynamics.emission[entry]]), axis=1, return_index=True
    )
    emitted = np.diff(dynamics.emission_offsets)[pairs[1]]
    draw = expand_ranges(dynamics.emission_offsets[pairs[1]], emitted)
    columns, column = np.unique(dynamics.emission_observation[draw], return_inverse=True)
    rows = np.zeros((pairs.shape[1], len(columns)))
    place = np.repeat(np.arange(pairs.shape[1]), emitted)
    np.add.at(rows, (place, column), dynamics.emission_probability[draw])
    # The same distribution in two emission rows is one way to reach s'.
    kept = _distinct_rows(pairs[0], rows)
    names = game.labels.states
    often = np.bincount(pairs[0][kept], minlength=game.state_count)
    return _Matrix(
        steps=steps,
        action=action,
        labels=tuple(
            names[state] if often[state] == 1 else f"{names[state]} (from {names[source[where]]})"
            for state, where in zip(pairs[0][kept], first[kept], strict=True)
        ),
        states=pairs[0][kept],
        observations=columns,
        rows=rows[kept],
    )


def _name_action(game: Game, action: int) -> Mapping[str, str]:
    own = digits(np.array([action]), game.action_counts)[:, 0]
    return {
        agent: names[move]
        for agent, names, move in zip(game.agents, game.labels.actions, own, strict=True)
    }


def _name_belief(labels: tuple[str, ...], belief: Floats) -> Mapping[str, float]:
    return {
        label: float(chance) for label, chance in zip(labels, belief, strict=True) if chance > 1e-12
    }
