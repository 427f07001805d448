"""Learning with approximate common information: explore, model, plan, select (Algorithm 7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..game_class import GameClass, classify_game
from ..increments import expand_increments
from ..information import InformationStructure
from ..limits import DEFAULT_MEMORY
from ..planning import plan
from ..policies import Policy
from ..progress import Progress, silent
from ..responses import respond_in_model
from ..timestamps import Timestamps
from ..windows import expand_windows
from .explorers import Batch, ExplorationKind, choose_explorer
from .latent import fit_latent_game
from .models import Estimator, LearnedModel, estimate_model
from .policy_selection import PolicySelection, select_policy
from .q_learning import learn_values
from .samples import StepSamples, join_samples, replay_samples
from .simulator import Simulator

_SELECT = 4
"""What the stream of random numbers for selection begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningOptions:
    """What learning may use, and how.

    Attributes
    ----------
    steps
        Steps of the game in all.
    rounds
        How often samples are drawn and a policy planned: K candidates.
    length
        L: windows of common information hold at most the last L steps.
    tail
        Decisions of step h are used if the actions of this many steps before it were uniform, too.
    selection
        Share of the steps that is kept for playing candidates against each other.
    concept
        As in ``plan``; None for ``team``, ``nash`` or ``cce``, by the kind of game that samples show.
    estimator, stationary
        As in ``estimate_model``.
    states
        Fit a game with so many hidden states instead, and plan on its windows of L steps.
    q_learning
        Plan by Q-learning in the model instead of backward; for teams.
    """

    steps: int
    rounds: int = 10
    length: int = 2
    tail: int = 0
    selection: float = 0.2
    concept: str | None = None
    exploration: ExplorationKind = ExplorationKind.GREEDY
    estimator: Estimator = Estimator.MIXTURE
    stationary: bool = False
    states: int | None = None
    q_learning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningRound:
    """One round: what was played and what was planned from all samples so far.

    Attributes
    ----------
    batches
        The episodes of this round.
    policy
        Its value is what the model expects.
    concept
        What was planned.
    nodes, missing
        Windows of each step of the model, and its rows without samples.
    """

    batches: tuple[Batch, ...]
    policy: Policy
    concept: str
    nodes: tuple[int, ...]
    missing: tuple[int, ...]

    @property
    def steps(self) -> int:
        """Steps of the game that were played."""
        return sum(batch.steps for batch in self.batches)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What was learned.

    Attributes
    ----------
    policy
        The selected one.
    rounds
        All rounds; several may have the same policy.
    exploring
        Steps of the game that were played to find out how to explore.
    candidates
        The rounds whose policies were played, each policy once.
    selection
        None where there was nothing to choose, or no steps left to do so.
    """

    policy: Policy
    rounds: tuple[LearningRound, ...]
    exploring: int
    candidates: tuple[int, ...]
    selection: PolicySelection | None


def learn_policy(
    simulator: Simulator,
    information: InformationStructure,
    timestamps: Timestamps | None,
    options: LearningOptions,
    *,
    known: Sequence[LearningRound] = (),
    keep: Callable[[Sequence[LearningRound]], None] | None = None,
    memory_bytes: int = DEFAULT_MEMORY,
    progress: Progress = silent,
) -> Learned:
    """Learn a policy from episodes.

    Parameters
    ----------
    simulator
        Where episodes come from. Of its game only the spaces of actions and observations, the
        agents, the horizon and the discount are looked at.
    timestamps
        As in ``estimate_model``.
    known
        Rounds of an earlier run with the same options and simulator, which are not done again.
    keep
        Told all rounds after each new one.

    Raises
    ------
    LimitError
        P0618, when there are too few steps for one episode a round; P0619; what planning raises.

    Notes
    -----
    Source: Liu and Zhang (2023), Algorithm 7, with Algorithm 5 as ``estimate_model``, Algorithm 3 as
    ``plan``, Algorithm 4 as ``respond_in_model`` and Algorithm 6 as ``select_policy``. Each round
    uses the samples of all rounds before it.
    """
    learner = _Learner(simulator, information, timestamps, options, memory_bytes, progress)
    rounds = list(known)
    while len(rounds) < learner.rounds:
        rounds.append(learner.round(rounds))
        if keep is not None:
            keep(rounds)
    return learner.select(rounds)


class _Learner:
    """The parts of one run of learning."""

    def __init__(
        self,
        simulator: Simulator,
        information: InformationStructure,
        timestamps: Timestamps | None,
        options: LearningOptions,
        memory_bytes: int,
        progress: Progress,
    ) -> None:
        self._simulator = simulator
        self._game = simulator.game
        self._information = information
        self._timestamps = timestamps
        self._options = options
        self._memory = memory_bytes
        self._progress = progress
        self._selecting = int(options.steps * options.selection) if options.rounds > 1 else 0
        self._explorer = choose_explorer(
            options.exploration,
            simulator,
            information,
            steps=options.steps - self._selecting,
            rounds=options.rounds,
            tail=options.tail,
            progress=progress,
        )

    @property
    def rounds(self) -> int:
        """How many rounds there are."""
        return self._explorer.rounds

    def round(self, before: Sequence[LearningRound]) -> LearningRound:
        """Draw samples, make a model of all samples so far and plan."""
        number = len(before)
        self._progress("learning", number, self.rounds)
        batches = self._explorer.draw(number, before[-1].policy if before else None)
        model = self._model([*(batch for r in before for batch in r.batches), *batches])
        concept = before[0].concept if before else self._concept(model)
        return LearningRound(
            batches=batches,
            policy=self._plan(model, concept, number),
            concept=concept,
            nodes=model.nodes.node_counts,
            missing=model.missing,
        )

    def _plan(self, model: LearnedModel, concept: str, number: int) -> Policy:
        if self._options.q_learning:
            return learn_values(
                model.nodes, seed=number, memory_bytes=self._memory, progress=self._progress
            )
        return plan(model.game, model.nodes, concept=concept, progress=self._progress).policy

    def _model(self, batches: Sequence[Batch]) -> LearnedModel:
        """Model all decisions that were uniform, with the tail before them, or hidden states."""
        if self._options.states is not None:
            return self._latent_model(batches, self._options.states)
        collected: list[list[StepSamples]] = [[] for _ in range(self._game.horizon)]
        for batch in batches:
            for part in replay_samples(self._game, self._information, batch.episodes):
                if batch.cut <= max(1, part.step - self._options.tail):
                    collected[part.step - 1].append(part)
        return estimate_model(
            self._game,
            self._information,
            self._timestamps,
            [join_samples(parts) for parts in collected],
            length=self._options.length,
            estimator=self._options.estimator,
            stationary=self._options.stationary,
            seed=len(batches),
            memory_bytes=self._memory,
            progress=self._progress,
        )

    def _latent_model(self, batches: Sequence[Batch], states: int) -> LearnedModel:
        """Fit hidden states to all episodes, whatever was played."""
        fitted = fit_latent_game(
            self._game,
            [batch.episodes for batch in batches],
            states=states,
            seed=len(batches),
            progress=self._progress,
        ).game
        length = min(self._options.length, self._game.horizon)
        dated = self._timestamps
        if dated is None or dated.need_increments(length):
            nodes = expand_increments(fitted, self._information, length, memory_bytes=self._memory)
        else:
            nodes = expand_windows(
                fitted, self._information, dated, length, memory_bytes=self._memory
            )
        return LearnedModel(nodes=nodes, missing=())

    def _concept(self, model: LearnedModel) -> str:
        if self._options.concept is not None:
            return self._options.concept
        kind = classify_game(model.game)
        return {GameClass.TEAM: "team", GameClass.ZERO_SUM: "nash"}.get(kind, "cce")

    def select(self, rounds: Sequence[LearningRound]) -> Learned:
        """Play what was planned, and take what least is gained from leaving."""
        candidates = _distinct([found.policy for found in rounds])
        concept = rounds[0].concept
        agents = len(self._game.agents)
        each = 0 if concept == "team" else agents * len(candidates)
        episodes = self._selecting // (len(candidates) * (1 + each) * self._game.horizon)
        if len(candidates) == 1 or episodes < 2:
            return Learned(
                policy=rounds[-1].policy,
                rounds=tuple(rounds),
                exploring=self._explorer.steps,
                candidates=(len(rounds) - 1,),
                selection=None,
            )
        models: list[LearnedModel] = []
        if concept != "team":
            for last in candidates:
                batches = [batch for found in rounds[: last + 1] for batch in found.batches]
                models.append(self._model(batches))

        def deviations(number: int) -> list[tuple[int, Policy]]:
            self._progress("selection", number, len(candidates))
            return [
                (
                    agent,
                    respond_in_model(
                        model.game,
                        model.nodes,
                        rounds[candidates[number]].policy,
                        agent=agent,
                        informed=concept == "ce",
                    ),
                )
                for model in models
                for agent in range(agents)
            ]

        found = select_policy(
            self._simulator,
            self._information,
            [rounds[place].policy for place in candidates],
            deviations,
            episodes=episodes,
            stream=(_SELECT,),
        )
        return Learned(
            policy=rounds[candidates[found.chosen]].policy,
            rounds=tuple(rounds),
            exploring=self._explorer.steps,
            candidates=tuple(candidates),
            selection=found,
        )


def _distinct(policies: Sequence[Policy]) -> list[int]:
    """Find the last round of each policy that plays something different."""
    found: list[int] = []
    for number in range(len(policies) - 1, -1, -1):
        if not any(_same_play(policies[number], policies[other]) for other in found):
            found.append(number)
    return found[::-1]


def _same_play(first: Policy, second: Policy) -> bool:
    """Whether two policies consist of the same arrays."""
    return all(
        mine.node_count == other.node_count
        and mine.increments == other.increments
        and np.array_equal(mine.source, other.source)
        and np.array_equal(mine.increment, other.increment)
        and np.array_equal(mine.target, other.target)
        and np.array_equal(mine.signal_node, other.signal_node)
        and np.array_equal(mine.signal_weight, other.signal_weight)
        and all(
            np.array_equal(a.signal, b.signal)
            and np.array_equal(a.value, b.value)
            and np.array_equal(a.probability, b.probability)
            for a, b in zip(mine.prescriptions, other.prescriptions, strict=True)
        )
        for mine, other in zip(first.steps, second.steps, strict=True)
    )
