"""Exploration by policy covers, BaSeCAMP: model, spanners, and again with the policies found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import lsq_linear

from ..game import Floats
from ..progress import Progress, silent
from .exploration_policy import (
    ExplorationPolicy,
    WindowPolicy,
    mix_components,
)
from .oracle import LinearOracle
from .simulator import Simulator
from .spanner import find_spanner
from .window_model import WindowModel, construct_model


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplorationOptions:
    """The knobs of exploration.

    Attributes
    ----------
    length
        L of the windows that exploration reads, at most ``tail``: what a window says is mixed with what
        its player knew before it if actions in it are not uniform.
    tail
        L̂ of the planner's windows: episodes that explore for step h act uniformly from h - L̂ on.
    episodes
        N0, for each step and round; None for 50 times the rows of a step, at most 100,000.
    threshold
        N1: a row of the model needs that many visits.
    rounds
        K, at most: there are fewer when new rounds find nothing new.
    factor, tolerance
        Of the spanners, see ``find_spanner``.
    growth, movement
        Nothing new: the rows of the model grew by less than the one share, and each vector of the
        spanners is within the other, in L1, of a combination of those of the round before whose
        coefficients are at most ``factor``. With a growth of 0 all rounds are played.
    """

    length: int = 1
    tail: int = 1
    episodes: int | None = None
    threshold: int = 10
    rounds: int = 4
    factor: float = 2.0
    tolerance: float = 1e-9
    growth: float = 0.01
    movement: float = 0.05

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if not 0 <= self.length <= self.tail:
            raise ValueError("windows are at least 0 and at most as long as the tail")
        if self.threshold < 1 or self.rounds < 1:
            raise ValueError("the threshold and the rounds are at least 1")
        if self.episodes is not None and self.episodes < 1:
            raise ValueError("there must be an episode")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Addition:
    """What a round adds to the policies that explore for one step.

    Attributes
    ----------
    components
        At least one.
    vectors : (M, O) float64
        For each component, how likely each o at step h - L̂ is in the model that it comes from; no
        rows for uniform play, which needs no model.
    """

    components: tuple[WindowPolicy, ...]
    vectors: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExplorationGroup:
    """One round j.

    Attributes
    ----------
    policies
        pi^{h,j} for each step h = 1..H: uniform actions from h - L̂ on.
    model
        What was seen under them; ``model.steps[h - 1].observation_rewards`` is r̂^j_h.
    additions
        What the round added to the policies of the one before, for each step.
    """

    policies: tuple[ExplorationPolicy, ...]
    model: WindowModel
    additions: tuple[Addition, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Exploration:
    """All rounds j = 1..K.

    Attributes
    ----------
    groups
    settled
        Whether it ended because a further round would have added nothing new.
    """

    groups: tuple[ExplorationGroup, ...]
    settled: bool

    @property
    def environment_steps(self) -> tuple[int, ...]:
        """Steps of the game that each round played."""
        return tuple(group.model.environment_steps for group in self.groups)


def explore(
    simulator: Simulator,
    options: ExplorationOptions,
    *,
    stream: int = 0,
    groups: tuple[ExplorationGroup, ...] = (),
    progress: Progress = silent,
) -> Exploration:
    """Find policies that together go wherever some policy goes.

    Parameters
    ----------
    simulator
    options
    stream
        Names the random numbers of all rounds.
    groups
        Rounds that an earlier call with the same arguments made; it goes on after them.

    Raises
    ------
    LimitError
        P0630.

    Notes
    -----
    Source: BaSeCAMP, Algorithm 3 of N. Golowich, A. Moitra and D. Rohatgi, "Learning in observable
    POMDPs, without computationally intractable oracles", NeurIPS 2022, as Algorithm 7 of Liu and
    Zhang (2023) uses it. Exploration may read shorter windows than the planner: spanners and
    uniform actions both count from h - L̂. In windows that the model does not know, actions are
    uniform.
    """
    settled = False
    while len(groups) < options.rounds:
        progress("exploration", len(groups), options.rounds)
        additions = plan_additions(simulator, options, groups)
        settled = is_settled(options, groups, additions)
        if settled:
            break
        groups = (*groups, _play(simulator, options, groups, additions, stream))
    return Exploration(groups=groups, settled=settled)


def plan_additions(
    simulator: Simulator, options: ExplorationOptions, groups: tuple[ExplorationGroup, ...]
) -> tuple[Addition, ...]:
    """Find what the next round adds for each step: uniform play first, then spanners."""
    horizon = simulator.game.horizon
    observations = int(np.prod(simulator.game.observation_counts))
    uniform = Addition(components=(WindowPolicy(),), vectors=np.zeros((0, observations)))
    if not groups:
        return (uniform,) * horizon
    model = groups[-1].model
    return tuple(
        uniform if step - options.tail < 2 else _span(model, options, step - options.tail, uniform)
        for step in range(1, horizon + 1)
    )


def is_settled(
    options: ExplorationOptions,
    groups: tuple[ExplorationGroup, ...],
    additions: tuple[Addition, ...],
) -> bool:
    """Whether the last round found hardly more than the one before, and the next would not."""
    if len(groups) < 2:
        return False
    before, last = groups[-2].model.row_count, groups[-1].model.row_count
    if last - before >= options.growth * before or not options.growth:
        return False
    return all(
        _distance(new.vectors, old.vectors, options.factor) <= options.movement
        for new, old in zip(additions, groups[-1].additions, strict=True)
    )


def _span(
    model: WindowModel, options: ExplorationOptions, step: int, uniform: Addition
) -> Addition:
    """Policies of a model whose laws of o_t at ``step`` span those of all."""
    oracle = LinearOracle(model, step)

    def best(directions: Floats) -> tuple[Floats, tuple[WindowPolicy, ...]]:
        answer = oracle.maximise(directions)
        return answer.vectors, answer.policies

    spanner = find_spanner(
        best, model.windows.observations, factor=options.factor, tolerance=options.tolerance
    )
    if not spanner.members:
        return uniform
    return Addition(components=spanner.members, vectors=spanner.vectors)


def _play(
    simulator: Simulator,
    options: ExplorationOptions,
    groups: tuple[ExplorationGroup, ...],
    additions: tuple[Addition, ...],
    stream: int,
) -> ExplorationGroup:
    """Play a round: rounds weigh the same in each mixture."""
    parts = [*(group.additions for group in groups), additions]
    policies = tuple(
        mix_components(options.length, [list(part[step].components) for part in parts])
        for step in range(simulator.game.horizon)
    )
    model = construct_model(
        simulator,
        policies,
        length=options.length,
        episodes=_episodes(simulator, options),
        threshold=options.threshold,
        stream=(stream, len(groups)),
    )
    return ExplorationGroup(policies=policies, model=model, additions=additions)


def _episodes(simulator: Simulator, options: ExplorationOptions) -> int:
    if options.episodes is not None:
        return options.episodes
    actions = int(np.prod(simulator.game.action_counts))
    observations = int(np.prod(simulator.game.observation_counts))
    rows = (actions * observations) ** options.length * actions
    return int(min(50 * rows, 100_000))


def _distance(new: Floats, old: Floats, factor: float) -> float:
    """Largest L1 distance of new vectors from combinations of old ones with small coefficients."""
    if not len(new):
        return 0.0
    if not len(old):
        return float("inf")
    rest = [lsq_linear(old.T, vector, bounds=(-factor, factor)).fun for vector in new]
    return float(np.abs(rest).sum(axis=1).max())
