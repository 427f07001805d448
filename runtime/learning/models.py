"""A model of common information learned from samples (Algorithm 5), ready for planning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from ..arrays import add_counts, digits, locate_values, offsets_of
from ..beliefs import Beliefs
from ..consequences import apply_update
from ..game import Dynamics, Floats, Game, Ints, Labels, Rewards, RewardScope
from ..information import InformationStructure
from ..limits import DEFAULT_MEMORY
from ..nodes import CommonInformation, CommonStep
from ..openings import Edges
from ..progress import Progress, silent
from ..timestamps import Timestamps
from .contexts import WindowCodes, grow_contexts
from .estimates import (
    Estimates,
    Observed,
    Weights,
    count_outcomes,
    likely_windows,
    mix_windows,
    weigh_windows,
)
from .networks import fit_network
from .outcomes import read_symbols
from .samples import StepSamples


class Estimator(Enum):
    """How probabilities are estimated."""

    COUNTS = "counts"
    """Relative frequencies given windows of the full length."""
    MIXTURE = "mixture"
    """Windows of all lengths, each with the weight that samples give it."""
    NETWORK = "network"
    """A neural network that reads windows, which needs PyTorch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedModel:
    """A model of compressed common information.

    Attributes
    ----------
    nodes
        What planning works on. Its game is the model: a state of step h is a window together with
        private values.
    missing : H ints
        Rows of each step without samples, as ``Estimates`` counts them.
    """

    nodes: CommonInformation
    missing: tuple[int, ...]

    @property
    def game(self) -> Game:
        """The model as a game."""
        return self.nodes.game


def estimate_model(
    game: Game,
    information: InformationStructure,
    timestamps: Timestamps | None,
    samples: Sequence[StepSamples],
    *,
    length: int,
    estimator: Estimator = Estimator.MIXTURE,
    stationary: bool = False,
    seed: int = 0,
    memory_bytes: int = DEFAULT_MEMORY,
    progress: Progress = silent,
) -> LearnedModel:
    """Estimate P(p_h | ĉ_h), P(o_{h+1} | ĉ_h, p_h, a_h) and rewards, and make a model of them.

    Parameters
    ----------
    game
        Only its spaces of actions and observations, its agents, horizon and discount are used.
    timestamps
        What windows tell old from new by; None for windows of whole increments.
    samples
        Decisions of step h = 1, ..., H. The last L actions and a_h itself should be uniform:
        otherwise they tell something about what was known before the window.
    length
        L: ĉ_h is what c_h holds of the last L steps.
    stationary
        The rules are the same at every step, so samples of all steps say something about each.
        Windows that begin with the episode stay apart from those that do not.
    seed
        Of a network's weights.

    Raises
    ------
    LimitError
        P0619, when estimates would take too much memory; P0603.

    Notes
    -----
    Source: Liu and Zhang (2023), Algorithm 5 and Definition 5. No latent state appears: where an
    increment leads is known, so the model consists of these estimates.
    """
    codes = WindowCodes(information, timestamps)
    pools = [samples] if stationary else [[part] for part in samples]
    observed = [_observe(game, information, codes, pool, length) for pool in pools]
    estimator_of = _prepare(observed, estimator, seed, memory_bytes, progress)
    maker = _Maker(game, information, codes, estimator_of, stationary=stationary)
    return maker.make(samples[0].increments[:, 0], progress)


def _observe(
    game: Game,
    information: InformationStructure,
    codes: WindowCodes,
    samples: Sequence[StepSamples],
    length: int,
) -> Observed:
    longest = min(length, max(part.step for part in samples))
    levels, members = grow_contexts(codes, samples, longest)
    alphabet, private, outcome = read_symbols(game, information, samples)
    return Observed(
        levels=levels, members=members, alphabet=alphabet, private=private, outcome=outcome
    )


def _prepare(
    pools: Sequence[Observed],
    estimator: Estimator,
    seed: int,
    memory_bytes: int,
    progress: Progress,
) -> Callable[[int], Estimates]:
    """Choose windows in all pools; returns what estimates from one of them."""
    if estimator is Estimator.COUNTS:
        return lambda number: count_outcomes(pools[number], memory_bytes=memory_bytes)
    if estimator is Estimator.NETWORK:
        return lambda number: fit_network(
            pools[number], seed=seed, memory_bytes=memory_bytes, progress=progress
        )
    weights: list[Weights] = []
    for number, pool in enumerate(pools):
        progress("weights of windows", number, len(pools))
        weights.append(weigh_windows(pool))
    kept = [
        likely_windows(pool.levels, weight) for pool, weight in zip(pools, weights, strict=True)
    ]
    _close(pools, kept)
    return lambda number: mix_windows(
        pools[number], weights[number], kept[number], memory_bytes=memory_bytes
    )


def _close(pools: Sequence[Observed], kept: list[list[Ints]]) -> None:
    """Keep whatever leads to a window that is kept.

    A window of length l is known at a step if its newest increment is, and the window of length
    l - 1 at the step before. Levels are done from long windows to short ones, and each window
    also needs the shorter ones that it contains.
    """
    deepest = max(len(pool.levels) for pool in pools) - 1
    for size in range(deepest, 0, -1):
        for number in range(len(pools) - 1, -1, -1):
            if size >= len(pools[number].levels):
                continue
            level = pools[number].levels[size]
            chosen = kept[number][size]
            kept[number][size - 1] = np.union1d(kept[number][size - 1], level.parent[chosen])
            before = max(0, number - 1)
            if (before < number or len(pools) == 1) and size - 1 < len(pools[before].levels):
                earlier = pools[before].levels[size - 1].locate(level.codes[chosen, 1:])
                kept[before][size - 1] = np.union1d(kept[before][size - 1], earlier[earlier >= 0])


class _Step:
    """The windows of one step that have estimates, numbered from short to long."""

    def __init__(self, estimates: Estimates, step: int) -> None:
        self._estimates = estimates
        self.alphabet = estimates.alphabet
        self.private = self.alphabet.private[self.alphabet.steps.index(step)]
        self.starts = offsets_of(np.array([level.count for level in estimates.levels]))

    @property
    def longest(self) -> int:
        """The greatest length of a window."""
        return len(self._estimates.levels) - 1

    def length_of(self, windows: Ints) -> Ints:
        """How long windows are."""
        place: Ints = np.searchsorted(self.starts, windows, side="right") - 1
        return place

    def codes_of(self, windows: Ints, length: int) -> Ints:
        """What windows of one length hold: (N, l)."""
        codes: Ints = self._estimates.levels[length].codes[windows - self.starts[length]]
        return codes

    def find(self, length: int, codes: Ints) -> Ints:
        """Number windows of one length; -1 for those without an estimate."""
        place = self._estimates.levels[length].locate(codes)
        return np.where(place >= 0, place + self.starts[length], -1)

    def private_given(self, windows: Ints) -> Floats:
        """P(p | ĉ), 0 where the step has no p: (N, P)."""
        tables = [level.private for level in self._estimates.estimates]
        found: Floats = np.concatenate(tables)[windows]
        found[:, self.private < 0] = 0
        found[found.sum(axis=1) == 0] = self.private >= 0
        found /= found.sum(axis=1, keepdims=True)
        return found

    def outcome_given(self, windows: Ints, private: int) -> Floats:
        """P(o', r | ĉ, p, a) for one p: (N, W)."""
        tables = [level.outcome[private] for level in self._estimates.estimates]
        found: Floats = np.concatenate(tables)[windows]
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """The model at one step.

    A row is a private value with a window that it has positive probability with. Private values are
    in order of their codes, and so are the windows of each.

    Attributes
    ----------
    beliefs
        P(row, p | ĉ): a row has one p.
    dynamics
        Rows are states. Of the observations that have the same increment with a private value and
        an action only the first is listed, and stands for all.
    rewards : (n, R * A)
    edges
        None at the last step.
    following
        The windows that edges lead to.
    """

    beliefs: Beliefs
    dynamics: Dynamics
    rewards: Floats
    edges: Edges | None
    following: Ints


class _Maker:
    """Makes the nodes of the model, from step 1 on."""

    def __init__(
        self,
        game: Game,
        information: InformationStructure,
        codes: WindowCodes,
        estimate: Callable[[int], Estimates],
        *,
        stationary: bool,
    ) -> None:
        self._game = game
        self._information = information
        self._codes = codes
        self._estimate = estimate
        self._stationary = stationary
        self._actions = int(np.prod(game.action_counts))
        self._kept: tuple[int, Estimates] | None = None
        self._missing: list[int] = []

    def _step(self, step: int) -> _Step:
        number = 0 if self._stationary else step - 1
        if self._kept is None or self._kept[0] != number:
            self._kept = (number, self._estimate(number))
            self._missing.append(self._kept[1].missing)
        return _Step(self._kept[1], step)

    def make(self, opening: Ints, progress: Progress) -> LearnedModel:
        """Expand the model from z_1 as it occurred in samples, (N,)."""
        increments, counts = np.unique(opening, return_counts=True)
        at = self._step(1)
        windows = np.full(len(increments), -1, dtype=np.int64)
        for length in range(at.longest, -1, -1):
            open_ = windows < 0
            codes = self._codes.columns(1, length, increments[open_, None])
            windows[open_] = at.find(length, codes)
        nodes, child = locate_values(windows)
        roots = Edges(
            offsets=np.array([0, len(increments)]),
            increment=increments,
            child=child,
            probability=counts / counts.sum(),
        )
        histories = add_counts(np.ones_like(child), child, len(nodes))
        steps: list[CommonStep] = []
        rows: list[_Rows] = []
        for step in range(1, self._game.horizon + 1):
            progress("model", step, self._game.horizon)
            later = self._step(step + 1) if step < self._game.horizon else None
            made = self._expand(step, at, later, nodes)
            rows.append(made)
            steps.append(CommonStep(beliefs=made.beliefs, histories=histories, edges=made.edges))
            if made.edges is not None and later is not None:
                histories = add_counts(
                    histories[made.edges.source], made.edges.child, len(made.following)
                )
                at, nodes = later, made.following
        nodes_of_model = CommonInformation(
            game=self._assemble(rows),
            information=self._information,
            roots=roots,
            steps=tuple(steps),
            merged=False,
            margin=0.0,
            witness=None,
        )
        return LearnedModel(nodes=nodes_of_model, missing=tuple(self._missing))

    def _expand(self, step: int, at: _Step, later: _Step | None, nodes: Ints) -> _Rows:
        """Find the rows of a step, what can follow them, and where increments lead."""
        alphabet, actions = at.alphabet, self._actions
        private = at.private_given(nodes)
        emissions: list[tuple[Ints, Ints, Floats]] = []
        rewards: list[Floats] = []
        entries: list[tuple[Ints, Ints, Floats]] = []
        # For each window and increment, P(z | ĉ) under uniform play; -1 where z cannot occur.
        increments = self._increments(step, at)
        seen, columns = locate_values(increments.ravel())
        columns = columns.reshape(increments.shape)
        reached = np.full((len(nodes), len(seen)), -1.0)
        count = 0
        width = int(np.prod(self._information.private_counts[step - 1]))
        for value in np.argsort(at.private, kind="stable").tolist():
            here = np.flatnonzero(private[:, value])
            if at.private[value] < 0 or not len(here):
                continue
            outcome = at.outcome_given(nodes[here], value)
            kinds, kind = locate_values(alphabet.action * len(seen) + columns[value])
            order = np.argsort(kind, kind="stable")
            starts = np.searchsorted(kind[order], np.arange(len(kinds)))
            mass = np.add.reduceat(outcome[:, order], starts, axis=1)
            action, column = np.divmod(kinds, len(seen))
            by_column = np.argsort(column, kind="stable")
            ends, first = np.unique(column[by_column], return_index=True)
            chance = np.add.reduceat(mass[:, by_column], first, axis=1)
            chance *= private[here, value, None] / actions
            where = np.ix_(here, ends)
            reached[where] = np.maximum(reached[where], 0) + chance
            row, place = np.nonzero(mass)
            emissions.append(
                (
                    (count + row) * actions + action[place],
                    alphabet.observation[order[starts]][place],
                    mass[row, place],
                )
            )
            rewards.append(
                np.stack(
                    [
                        np.add.reduceat(outcome * reward, alphabet.starts, axis=1).ravel()
                        for reward in alphabet.rewards.T
                    ]
                )
            )
            index = (count + np.arange(len(here))) * width + at.private[value]
            entries.append((here, index, private[here, value]))
            count += len(here)
        row, observation, probability = (np.concatenate(p) for p in zip(*emissions, strict=True))
        node, index, belief = (np.concatenate(part) for part in zip(*entries, strict=True))
        order = np.argsort(node, kind="stable")
        edges, following = None, nodes
        if later is not None:
            source, which = np.nonzero(reached >= 0)
            following, child = locate_values(
                self._follow(step, at, later, nodes[source], seen[which])
            )
            edges = Edges(
                offsets=offsets_of(np.bincount(source, minlength=len(nodes))),
                increment=seen[which],
                child=child,
                probability=reached[source, which],
            )
        return _Rows(
            beliefs=Beliefs(
                offsets=offsets_of(np.bincount(node, minlength=len(nodes))),
                index=index[order],
                probability=belief[order],
            ),
            dynamics=Dynamics(
                offsets=np.arange(count * actions + 1),
                successor=np.zeros(count * actions, dtype=np.int64),
                probability=np.ones(count * actions),
                emission=np.arange(count * actions),
                emission_offsets=offsets_of(np.bincount(row, minlength=count * actions)),
                emission_observation=observation,
                emission_probability=probability,
            ),
            rewards=np.concatenate(rewards, axis=1),
            edges=edges,
            following=following,
        )

    def _increments(self, step: int, at: _Step) -> Ints:
        """Which increment follows each private value and outcome: (P, W); 0 at the last step."""
        alphabet, game = at.alphabet, self._game
        found = np.zeros((alphabet.private_count, alphabet.outcome_count), dtype=np.int64)
        if step == game.horizon:
            return found
        actions = digits(alphabet.action, game.action_counts)
        observed = digits(alphabet.observation, game.observation_counts)
        for value in np.flatnonzero(at.private >= 0).tolist():
            private = digits(at.private[value], self._information.private_counts[step - 1])
            own = [
                (np.full(alphabet.outcome_count, mine), action, seen)
                for mine, action, seen in zip(private, actions, observed, strict=True)
            ]
            found[value], _ = apply_update(self._information, step, own)
        return found

    def _follow(self, step: int, at: _Step, later: _Step, windows: Ints, increments: Ints) -> Ints:
        """Find the longest window with an estimate that each window and increment lead to."""
        lengths = at.length_of(windows)
        found = np.full(len(windows), -1, dtype=np.int64)
        for length in range(at.longest + 1):
            for size in range(min(length + 1, later.longest), -1, -1):
                open_ = np.flatnonzero((lengths == length) & (found < 0))
                if not len(open_):
                    break
                codes = self._codes.extend(
                    step, length, at.codes_of(windows[open_], length), increments[open_], size
                )
                found[open_] = later.find(size, codes)
        return found

    def _assemble(self, rows: Sequence[_Rows]) -> Game:
        """Make a game of the rows: its states, of which each step has its own."""
        game, actions = self._game, self._actions
        states = max(step.rewards.shape[1] for step in rows) // actions
        dynamics: list[Dynamics] = []
        rewards: list[Rewards] = []
        for step in rows:
            count = step.rewards.shape[1]
            offsets = np.minimum(np.arange(states * actions + 1), count)
            dynamics.append(replace(step.dynamics, offsets=offsets))
            # States without a row get the rewards of the first, so that sums stay constant.
            place = np.where(np.arange(states * actions) < count, np.arange(states * actions), 0)
            rewards.append(Rewards(scope=RewardScope.ACTION, values=step.rewards[:, place]))
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
            initial_state=np.zeros(1, dtype=np.int64),
            initial_observation=np.zeros((1, len(game.agents)), dtype=np.int64),
            initial_probability=np.ones(1),
            dynamics=tuple(dynamics),
            dynamics_of_step=np.arange(game.horizon),
            rewards=tuple(rewards),
            rewards_of_step=np.arange(game.horizon),
        )
