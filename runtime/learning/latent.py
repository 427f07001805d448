"""A game with hidden states, fitted to episodes by expectation maximisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..arrays import locate_values, offsets_of, run_starts
from ..episodes import JointEpisodes, initial_counts
from ..game import Dynamics, Floats, Game, Ints, Labels, Rewards, RewardScope
from ..progress import Progress, silent

_NEGLIGIBLE = 1e-4
"""Smaller fitted probabilities are left out of the game."""
_PRIOR = 0.1
"""Weight of the prior of each row of the kernel, in samples, spread over its entries."""
_SHORT = 20
"""Iterations from each starting point."""
_SETTLED = 1e-8
"""Gain of the log-likelihood, relative to it, at which iterations end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatentFit:
    """A fitted game.

    Attributes
    ----------
    game
        Its rules are the same at every step.
    likelihood
        Log-likelihood of the episodes before each iteration from the best starting point.
    """

    game: Game
    likelihood: tuple[float, ...]


def fit_latent_game(
    game: Game,
    batches: Sequence[JointEpisodes],
    *,
    states: int,
    seed: int,
    starts: int = 6,
    iterations: int = 600,
    progress: Progress = silent,
) -> LatentFit:
    """Fit P(s', r | s, a), P(o | a, s') and P(s_1, o_1) with S states, the same at all steps.

    Assumes what models of windows do not: that so many states are enough, that the rules do not
    change with the step, and that given s, s' and a neither o nor r tells of the other. Episodes may come from any policies, as long as these read no more
    than what was observed.

    Parameters
    ----------
    game
        Only its spaces of actions and observations, its agents, horizon and discount are used.
    batches
        Episodes of any length.
    states
        S.
    seed
        Of the random starting points. From each a few iterations are made, and from the one that leads
        to the highest likelihood the others, until hardly anything is gained.

    Notes
    -----
    Source: Baum-Welch (L. Baum, T. Petrie, G. Soules and N. Weiss, 1970) for a hidden Markov model
    with inputs.
    """
    data = _Data.of(game, batches)
    tried: list[tuple[_Parameters, list[float]]] = []
    for start in range(starts):
        progress("starting points", start, starts)
        parameters = data.random_parameters(states, np.random.default_rng((seed, start)))
        trace: list[float] = []
        for _ in range(_SHORT):
            parameters, likelihood = data.improve(parameters)
            trace.append(likelihood)
        tried.append((parameters, trace))
    parameters, trace = max(tried, key=lambda found: found[1][-1])
    for number in range(iterations):
        progress("latent states", number, iterations)
        parameters, likelihood = data.improve(parameters)
        trace.append(likelihood)
        if likelihood - trace[-2] <= _SETTLED * abs(likelihood):
            break
    return LatentFit(game=data.build(game, parameters), likelihood=tuple(trace))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parameters:
    """What is fitted.

    Attributes
    ----------
    opening : (O_1, S)
        P(s_1, o_1).
    move : (V, S, S')
        P(s', r | s, a) for each pair v of an action and rewards.
    sight : (U, S')
        P(o | a, s') for each pair u of an action and an observation.
    """

    opening: Floats
    move: Floats
    sight: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Data:
    """Episodes of one length after the other, in symbols.

    Attributes
    ----------
    openings : for each batch (N,), numbers of what was seen before step 1
    outcomes : for each batch (N, T), numbers of (a, o', r)
    first : (O_1,) int64, initial observations that occurred
    move, sight : (W,) int64, which (a, r) and which (a, o') an outcome is
    move_action : (V,) int64, ascending, and rewards : (V, n)
    sight_action : (U,) int64, ascending, and observation : (U,)
    """

    openings: tuple[Ints, ...]
    outcomes: tuple[Ints, ...]
    first: Ints
    move: Ints
    sight: Ints
    move_action: Ints
    rewards: Floats
    sight_action: Ints
    observation: Ints

    @staticmethod
    def of(game: Game, batches: Sequence[JointEpisodes]) -> _Data:
        """Number what occurred."""
        seen = np.concatenate([batch.initial_observations for batch in batches])
        first, opening = locate_values(seen)
        actions = np.concatenate([batch.actions.ravel() for batch in batches])
        observed = np.concatenate([batch.observations.ravel() for batch in batches])
        rewards = np.concatenate([b.rewards.reshape(-1, b.rewards.shape[2]) for b in batches])
        sight = locate_values(actions * int(np.prod(game.observation_counts)) + observed)[1]
        move = locate_values(actions)[1]
        for column in rewards.T:
            values, place = np.unique(column, return_inverse=True)
            move = locate_values(move * len(values) + place)[1]
        outcome, number = locate_values(sight * (int(move.max()) + 1) + move)
        moved, saw = _first(move), _first(sight)
        counts = np.cumsum([len(batch.actions) for batch in batches])[:-1]
        ends = np.cumsum([batch.actions.size for batch in batches])[:-1]
        return _Data(
            openings=tuple(np.split(opening, counts)),
            outcomes=tuple(
                part.reshape(batch.actions.shape)
                for part, batch in zip(np.split(number, ends), batches, strict=True)
            ),
            first=first,
            move=outcome % (int(move.max()) + 1),
            sight=outcome // (int(move.max()) + 1),
            move_action=actions[moved],
            rewards=rewards[moved],
            sight_action=actions[saw],
            observation=observed[saw],
        )

    def random_parameters(self, states: int, random: np.random.Generator) -> _Parameters:
        """Start with symbols about as frequent as they are, and states that differ at random."""
        number = np.concatenate([part.ravel() for part in self.outcomes])
        move = np.bincount(self.move[number], minlength=len(self.move_action))
        sight = np.bincount(self.sight[number], minlength=len(self.sight_action))
        opening = np.bincount(np.concatenate(self.openings), minlength=len(self.first))
        return self._parameters(
            opening[:, None] * random.gamma(1.0, size=(len(opening), states)),
            move[:, None, None] * random.gamma(1.0, size=(len(move), states, states)),
            sight[:, None] * random.gamma(1.0, size=(len(sight), states)),
        )

    def _parameters(self, opening: Floats, move: Floats, sight: Floats) -> _Parameters:
        """Divide weights by what they must sum to."""
        starts = run_starts(self.move_action)
        lengths = np.diff(np.append(starts, len(move)))
        moves = np.repeat(np.add.reduceat(move.sum(axis=2), starts), lengths, axis=0)
        starts = run_starts(self.sight_action)
        lengths = np.diff(np.append(starts, len(sight)))
        sights = np.repeat(np.add.reduceat(sight, starts), lengths, axis=0)
        return _Parameters(
            opening=_normalised(opening), move=move / moves[:, :, None], sight=sight / sights
        )

    def improve(self, parameters: _Parameters) -> tuple[_Parameters, float]:
        """Do one iteration; returns the log-likelihood before it, too."""
        kernel = parameters.move[self.move] * parameters.sight[self.sight][:, None]
        states = kernel.shape[1]
        opened = np.zeros_like(parameters.opening)
        expected = np.zeros_like(kernel)
        likelihood = 0.0
        for opening, outcomes in zip(self.openings, self.outcomes, strict=True):
            count, length = outcomes.shape
            forward = np.empty((length + 1, count, states))
            forward[0] = parameters.opening[opening]
            for step in range(length + 1):
                if step:
                    forward[step] = _push(forward[step - 1], kernel[outcomes[:, step - 1]])
                scale = forward[step].sum(axis=1, keepdims=True)
                forward[step] /= scale
                likelihood += float(np.log(scale).sum())
            backward = np.ones((count, states))
            for step in range(length, 0, -1):
                used = kernel[outcomes[:, step - 1]]
                joint = forward[step - 1][:, :, None] * used * backward[:, None, :]
                joint /= joint.sum(axis=(1, 2), keepdims=True)
                order = np.argsort(outcomes[:, step - 1], kind="stable")
                symbols = outcomes[order, step - 1]
                starts = run_starts(symbols)
                expected[symbols[starts]] += np.add.reduceat(joint[order], starts)
                backward = np.einsum("kij,kj->ki", used, backward)
                backward /= backward.sum(axis=1, keepdims=True)
            posterior = forward[0] * backward
            posterior /= posterior.sum(axis=1, keepdims=True)
            np.add.at(opened, opening, posterior)
        move = np.full_like(parameters.move, _PRIOR / (states * len(self.move_action)))
        sight = np.full_like(parameters.sight, _PRIOR / len(self.sight_action))
        np.add.at(move, self.move, expected)
        np.add.at(sight, self.sight, expected.sum(axis=1))
        return self._parameters(opened, move, sight), likelihood

    def build(self, game: Game, parameters: _Parameters) -> Game:
        """Make a game of the parameters."""
        states = parameters.opening.shape[1]
        actions = int(np.prod(game.action_counts))
        observations = int(np.prod(game.observation_counts))
        moves = np.zeros((actions, states, states))
        np.add.at(moves, self.move_action, parameters.move)
        seen = np.zeros((actions, states, observations))
        seen[self.sight_action, :, self.observation] = parameters.sight
        never = np.setdiff1d(np.arange(actions), self.move_action)
        moves[never], seen[never] = np.eye(states), 1 / observations
        moves[moves < _NEGLIGIBLE] = 0
        seen[seen < _NEGLIGIBLE] = 0
        chance = moves.transpose(1, 0, 2).reshape(-1, states)
        row, successor = np.nonzero(chance)
        emission, observed = np.nonzero(seen.reshape(-1, observations))
        given = parameters.move.sum(axis=2)
        mean = np.zeros((len(game.agents), actions, states))
        for agent, reward in enumerate(self.rewards.T):
            np.add.at(mean[agent], self.move_action, given * reward[:, None])
            mean[agent, never] = mean[agent, np.unique(self.move_action)].mean()
        opening, state = np.nonzero(parameters.opening)
        initial = np.unravel_index(self.first[opening], initial_counts(game))
        return Game(
            name=game.name,
            agents=game.agents,
            horizon=game.horizon,
            discount=game.discount,
            labels=Labels(
                states=tuple(str(number) for number in range(states)),
                actions=game.labels.actions,
                observations=game.labels.observations,
                initial_observations=game.labels.initial_observations,
            ),
            initial_state=state,
            initial_observation=np.stack(initial, axis=1),
            initial_probability=parameters.opening[opening, state],
            dynamics=(
                Dynamics(
                    offsets=offsets_of(np.bincount(row, minlength=states * actions)),
                    successor=successor,
                    probability=_shares(chance[row, successor], row, states * actions),
                    emission=row % actions * states + successor,
                    emission_offsets=offsets_of(np.bincount(emission, minlength=actions * states)),
                    emission_observation=observed,
                    emission_probability=_shares(
                        seen.reshape(-1, observations)[emission, observed],
                        emission,
                        actions * states,
                    ),
                ),
            ),
            dynamics_of_step=np.zeros(game.horizon, dtype=np.int64),
            rewards=(
                Rewards(
                    scope=RewardScope.ACTION, values=mean.transpose(0, 2, 1).reshape(len(mean), -1)
                ),
            ),
            rewards_of_step=np.zeros(game.horizon, dtype=np.int64),
        )


def _first(numbers: Ints) -> Ints:
    """Where each number occurs first."""
    example = np.full(int(numbers.max()) + 1, len(numbers), dtype=np.int64)
    np.minimum.at(example, numbers, np.arange(len(numbers)))
    return example


def _push(weight: Floats, kernel: Floats) -> Floats:
    """Carry (N, S) over (N, S, S')."""
    pushed: Floats = np.einsum("ki,kij->kj", weight, kernel)
    return pushed


def _normalised(weight: Floats) -> Floats:
    shares: Floats = weight / weight.sum()
    return shares


def _shares(weight: Floats, row: Ints, count: int) -> Floats:
    """Divide by the sum of each row."""
    shares: Floats = weight / np.bincount(row, weight, minlength=count)[row]
    return shares
