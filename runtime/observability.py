"""How much the joint observation says about the state: gamma of Assumption 2, exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .arrays import digits, expand_ranges
from .game import Dynamics, Floats, Game, Ints

EXACT_STATES = 12
"""Most states for which all ways to split them are tried."""
_DIGITS = 12
"""Rows of an observation matrix that agree to so many digits are equal."""
_DEPENDENT = 1e-10
"""A row this close to the span of others depends on them linearly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observability:
    """The largest gamma for which the game is gamma-observable.

    Attributes
    ----------
    gamma
        The minimum over steps and joint actions; None when it was not decided.
    step
        The h of the observation o_h that attains it; None when there is nothing to tell apart.
    action
        Each agent's action before that observation; None when the observation does not depend on
        it.
    first, second
        b and b', distributions over states with disjoint supports whose observations differ by
        2 gamma in L1; from labels to positive probabilities.
    reason
        Why it was not decided.
    """

    gamma: float | None
    step: int | None = None
    action: Mapping[str, str] | None = None
    first: Mapping[str, float] | None = None
    second: Mapping[str, float] | None = None
    reason: str | None = None


def measure_observability(game: Game) -> Observability:
    """Find the smallest gamma_h over steps and joint actions, with beliefs that attain it.

    gamma_h is the minimum, over splits of the states into two nonempty parts and distributions x
    and y on the parts, of half the L1 distance between the observations that x and y lead to. The
    observation matrix of step h + 1 after joint action a has one row P(o | s') for each next state
    s' that is reachable there; where the emission depends on s too, it has one row for each
    distinct emission that s' is reached with. The observations are o_2, ..., o_H, on which
    decisions are based (o_2 if H = 1), and the initial observation if there is one.

    Linearly dependent rows give gamma = 0 at once, two rows a closed form. Otherwise up to
    ``EXACT_STATES`` rows are split in all ways, with one linear program each; with more rows the
    matrix stays undecided, and so does gamma unless another matrix gives 0.

    Notes
    -----
    Source: Liu and Zhang (2023), Assumption 2. With emissions that depend on actions the minimum
    over actions is taken, which is the assumption for every policy.
    """
    distinct: dict[bytes, _Matrix] = {}
    for matrix in _list_matrices(game):
        if len(matrix.rows) > 1:
            distinct.setdefault(matrix.key, matrix)
    # Dependent rows first, everywhere: they settle the matter and cost no linear program.
    for matrix in distinct.values():
        dependence = _find_dependence(matrix.rows)
        if dependence is not None:
            first, second = np.maximum(dependence, 0), np.maximum(-dependence, 0)
            return _describe(game, matrix, 0.0, first / first.sum(), second / second.sum())
    largest = max(distinct.values(), key=lambda matrix: len(matrix.rows), default=None)
    if largest is None:
        return Observability(gamma=1.0)
    if len(largest.rows) > EXACT_STATES:
        reason = f"{len(largest.rows)} states at step {largest.step}"
        return Observability(gamma=None, reason=reason)
    found = [(*_split_all_ways(matrix.rows), matrix) for matrix in distinct.values()]
    gamma, first, second, matrix = min(found, key=lambda row: row[0])
    return _describe(game, matrix, gamma, first, second)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matrix:
    """The matrix of o_h after one joint action, or None where the action makes no difference."""

    step: int
    action: int | None
    labels: tuple[str, ...]
    rows: Floats

    @property
    def key(self) -> bytes:
        """Equal for equal matrices of the same size."""
        return bytes(str(self.rows.shape), "ascii") + np.round(self.rows, _DIGITS).tobytes()


def _list_matrices(game: Game) -> Iterator[_Matrix]:
    """List the observation matrices of each step, leaving out steps that repeat another."""
    reached = np.zeros(game.state_count, dtype=bool)
    reached[game.initial_state[game.initial_probability > 0]] = True
    if any(len(names) > 1 for names in game.labels.initial_observations):
        yield _initial_matrix(game)
    seen: set[tuple[int, bytes]] = set()
    for step in range(1, max(2, game.horizon)):
        which = int(game.dynamics_of_step[step - 1])
        dynamics = game.dynamics[which]
        states = np.flatnonzero(reached)
        if (which, reached.tobytes()) not in seen:
            seen.add((which, reached.tobytes()))
            matrices = [
                _step_matrix(game, dynamics, states, step + 1, action)
                for action in range(int(np.prod(game.action_counts)))
            ]
            if len({matrix.key for matrix in matrices}) == 1:
                yield replace(matrices[0], action=None)
            else:
                yield from matrices
        reached = np.zeros(game.state_count, dtype=bool)
        for state in states.tolist():
            reached[_successors(game, dynamics, state)] = True


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
        step=1,
        action=None,
        labels=tuple(game.labels.states[state] for state in states),
        rows=table[states] / mass[states, None],
    )


def _step_matrix(game: Game, dynamics: Dynamics, states: Ints, step: int, action: int) -> _Matrix:
    """Build P(o | s, a, s') with one row for each s' and distinct emission."""
    row = states * int(np.prod(game.action_counts)) + action
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
    _, kept = np.unique(
        np.concatenate([pairs[:1].T, np.round(rows, _DIGITS)], axis=1), axis=0, return_index=True
    )
    kept.sort()
    names = game.labels.states
    often = np.bincount(pairs[0][kept], minlength=game.state_count)
    return _Matrix(
        step=step,
        action=action,
        labels=tuple(
            names[state] if often[state] == 1 else f"{names[state]} (from {names[source[where]]})"
            for state, where in zip(pairs[0][kept], first[kept], strict=True)
        ),
        rows=rows[kept],
    )


def _split_all_ways(rows: Floats) -> tuple[float, Floats, Floats]:
    """Find gamma of one matrix with independent rows, with b and b'."""
    count = len(rows)
    if count == 2:
        return _distance(rows, *np.eye(2))
    found: list[tuple[float, Floats, Floats]] = []
    for code in range(1, 2 ** (count - 1)):
        inside = np.append(False, digits(np.array([code]), [2] * (count - 1))[:, 0] > 0)
        found.append(_split(rows, inside))
    return min(found, key=lambda row: row[0])


def _distance(rows: Floats, first: Floats, second: Floats) -> tuple[float, Floats, Floats]:
    return float(np.abs((first - second) @ rows).sum()) / 2, first, second


def _find_dependence(rows: Floats) -> Floats | None:
    """Find coefficients, not all 0, that combine rows to 0; they sum to 0, as rows sum to 1.

    The fewest leading rows that are dependent are used, or two equal rows.
    """
    count = len(rows)
    rounded, where = np.unique(np.round(rows, _DIGITS), axis=0, return_inverse=True)
    coefficients = np.zeros(count)
    if len(rounded) < count:
        repeated = np.flatnonzero(where.ravel() == np.argmax(np.bincount(where.ravel()) > 1))
        coefficients[repeated[0]], coefficients[repeated[1]] = 1.0, -1.0
        return coefficients
    basis = np.zeros((0, rows.shape[1]))
    for last, row in enumerate(rows):
        rest = row - basis.T @ (basis @ row)
        rest = rest - basis.T @ (basis @ rest)
        size = float(np.linalg.norm(rest))
        if size < _DEPENDENT:
            solution = np.linalg.lstsq(rows[:last].T, row, rcond=None)[0]
            coefficients[:last], coefficients[last] = -solution, 1.0
            coefficients[np.abs(coefficients) < _DEPENDENT] = 0.0
            return coefficients
        basis = np.vstack([basis, rest / size])
    return None


def _split(rows: Floats, inside: NDArray[np.bool_]) -> tuple[float, Floats, Floats]:
    """Minimise over distributions on the two parts of one split, by linear programming."""
    from scipy.optimize import linprog

    count, columns = rows.shape
    signed = np.where(inside[:, None], rows, -rows).T
    found = linprog(
        np.concatenate([np.zeros(count), np.ones(columns)]),
        A_ub=np.block([[signed, -np.eye(columns)], [-signed, -np.eye(columns)]]),
        b_ub=np.zeros(2 * columns),
        A_eq=np.array(
            [
                np.concatenate([inside, np.zeros(columns)]),
                np.concatenate([~inside, np.zeros(columns)]),
            ],
            dtype=np.float64,
        ),
        b_eq=np.ones(2),
        method="highs",
    )
    if found.status != 0:
        raise AssertionError(f"linear program of a split: {found.message}")
    weights = np.maximum(np.asarray(found.x[:count]), 0)
    first, second = np.where(inside, weights, 0), np.where(inside, 0, weights)
    return _distance(rows, first / first.sum(), second / second.sum())


def _describe(
    game: Game, matrix: _Matrix, gamma: float, first: Floats, second: Floats
) -> Observability:
    """Put what was found into labels."""
    action = None
    if matrix.action is not None:
        own = digits(np.array([matrix.action]), game.action_counts)[:, 0]
        action = {
            agent: names[move]
            for agent, names, move in zip(game.agents, game.labels.actions, own, strict=True)
        }
    return Observability(
        gamma=gamma,
        step=matrix.step,
        action=action,
        first=_name_belief(matrix.labels, first),
        second=_name_belief(matrix.labels, second),
    )


def _name_belief(labels: tuple[str, ...], belief: Floats) -> Mapping[str, float]:
    return {
        label: float(chance) for label, chance in zip(labels, belief, strict=True) if chance > 1e-12
    }
