"""Backward planning over common information (Algorithm 1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import distinct_values, locate_values
from .dependence import StrategyDependenceError
from .errors import ProblemError
from .game import Floats, Game
from .game_class import GameClass, classify_game, sum_rewards
from .nodes import CommonInformation
from .openings import Edges
from .operators import SparseRows, StepCatalogue, StepTables, build_increments
from .payoffs import expand_payoffs
from .play import PlayRecorder, StepPlay
from .policies import Policy, PolicyStep
from .progress import Progress, silent
from .solvers.choice import ChosenSolver, StageKind
from .solvers.selection import SELECTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """A plan.

    Attributes
    ----------
    concept
        ``team``, ``nash``, ``ce`` or ``cce``, as asked for.
    policy
        What to play; ``policy.value`` is what the plan expects.
    value : (n,) float64
        The same as an array: each agent's expected return.
    node_values : H arrays (n, C) float64
        Expected return from each node on.
    stages, fallbacks
        Stages solved, and how many of them the solver left to a slower method.
    stage_gap
        Largest gap of a stage.
    """

    concept: str
    policy: Policy
    value: Floats
    node_values: tuple[Floats, ...]
    stages: int
    fallbacks: int
    stage_gap: float


def plan(
    game: Game,
    nodes: CommonInformation,
    *,
    concept: str,
    tolerance: float = 1e-6,
    select: str | None = None,
    person_by_person: bool = False,
    compiled: bool | None = None,
    progress: Progress = silent,
) -> Solution:
    """Plan backward from h = H: solve the stage game of each node, with the values of h + 1.

    Parameters
    ----------
    nodes
        The forward pass of ``game``.
    concept
        ``team``: the team optimum of a team game. ``nash``: a Nash equilibrium, which is the team
        optimum in a team game and a saddle point in a zero-sum game. ``ce`` and ``cce``: a
        correlated or coarse correlated equilibrium; a Nash equilibrium is both, and is what is
        found for two agents and in team games.
    tolerance
        Gap that the plan may have; each of the H steps gets its share. Only correlated equilibria
        of three and more agents use it, and stop well below; the other solvers are exact.
    select
        Which of the correlated equilibria of a general-sum game: ``welfare`` maximises the sum of
        the agents' payoffs at each node, ``egalitarian`` the payoff of the agent who gets least.
        The choice at a node takes those at later nodes as given, so it need not be the best
        equilibrium of the whole game: a worse one later may be a threat that supports a better one
        now. Team optima and saddle points leave no choice.
    person_by_person
        In a team game, with ``nash``: what agents reach who improve their prescriptions one at a
        time, from several starts, in place of the team optimum. Its work grows with the payoffs of
        a stage and not with the number of joint prescriptions. It may be worth far less.
    compiled
        Whether stages are solved by compiled kernels; None leaves it to their number and size.

    Raises
    ------
    StrategyDependenceError
        When the beliefs of ``nodes`` depend on strategies.
    ProblemError
        P0701 when the concept does not fit the game's class, P0702 when there is no solver, P0708
        when ``select`` does not fit the concept, P0711 when ``person_by_person`` does not fit
        the concept or the class.

    Notes
    -----
    Source: Liu and Zhang (2023), Algorithm 1. A stage-wise team optimum is the optimum of the
    whole game under strategy independence (Nayyar, Mahajan and Teneketzis, 2013).
    """
    if nodes.witness is not None:
        raise StrategyDependenceError(nodes.witness)
    agents = len(game.agents)
    kind, shares = _choose(classify_game(game), concept, agents, select, person_by_person)
    solver = ChosenSolver(
        kind, compiled=compiled, tolerance=tolerance / game.horizon, select=select
    )
    payoff_count = shares.shape[1]
    shifts = _shift_values(game, kind)
    catalogue = StepCatalogue(game, nodes.information)
    continuation = np.zeros((payoff_count, 0))
    node_values: list[Floats] = []
    play: list[StepPlay] = []
    kept: tuple[tuple[int, int], SparseRows] | None = None
    for number in range(game.horizon, 0, -1):
        progress("planning", game.horizon - number, game.horizon)
        step = nodes.steps[number - 1]
        increments: tuple[StepTables, SparseRows] | None = None
        if step.edges is not None:
            tables = catalogue.tables(number)
            same = (id(tables.outcomes), id(tables.update))
            rows = distinct_values(step.beliefs.index)
            if kept is None or kept[0] != same or not np.isin(rows, kept[1].rows).all():
                kept = (same, build_increments(tables, rows))
            increments = (tables, kept[1])
        values = np.empty((payoff_count, step.beliefs.count))
        recorder = PlayRecorder(agents)
        for payoffs in expand_payoffs(
            step,
            private_counts=nodes.information.private_counts[number - 1],
            action_digits=catalogue.action_digits,
            rewards=catalogue.rewards(number)[:payoff_count],
            increments=increments,
            continuation=continuation,
            compiled=lambda: solver.compiled,
        ):
            solution = solver(payoffs)
            values[:, payoffs.nodes] = solution.values
            recorder.add(payoffs, solution)
            progress("planning", game.horizon - number, game.horizon)
        play.append(recorder.finish(nodes.information.private_labels[number - 1]))
        node_values.append(values)
        continuation = game.discount * values
    play.reverse()
    node_values.reverse()
    value = shifts[0] + shares @ (node_values[0][:, nodes.roots.child] @ nodes.roots.probability)
    return Solution(
        concept=concept,
        policy=build_policy(game, nodes, concept, value, play),
        value=value,
        node_values=tuple(
            shift[:, None] + shares @ values
            for shift, values in zip(shifts, node_values, strict=True)
        ),
        stages=solver.stages,
        fallbacks=solver.fallbacks,
        stage_gap=solver.gap,
    )


def _choose(
    kind: GameClass, concept: str, agents: int, select: str | None, person_by_person: bool
) -> tuple[StageKind, Floats]:
    """Pick how stages are solved, and what payoffs they need.

    These are the first K agents' for (n, K) shares: each agent's payoff is its share of them, up to
    a constant. Agents with the same payoff, or opposite ones, need only one.
    """
    if select is not None and (select not in SELECTIONS or concept not in ("ce", "cce")):
        raise ProblemError("P0708", select=select, concept=concept)
    if person_by_person and (kind is not GameClass.TEAM or concept != "nash"):
        raise ProblemError("P0711", kind=kind.value, concept=concept)
    match kind, concept:
        case GameClass.TEAM, "nash" if person_by_person:
            return StageKind.PERSON_BY_PERSON, np.ones((agents, 1))
        case GameClass.TEAM, "team" | "nash" | "ce" | "cce":
            return StageKind.TEAM, np.ones((agents, 1))
        case GameClass.ZERO_SUM, "nash" | "ce" | "cce":
            return StageKind.ZERO_SUM, np.array([[1.0], [-1.0]])
        case GameClass.GENERAL_SUM, "nash" | "ce" | "cce" if agents == 2 and select is None:
            return StageKind.GENERAL_SUM, np.eye(2)
        case GameClass.GENERAL_SUM, "ce":
            return StageKind.CORRELATED, np.eye(agents)
        case GameClass.GENERAL_SUM, "cce":
            return StageKind.COARSE, np.eye(agents)
        case _, "team":
            raise ProblemError("P0701", kind=kind.value)
        case _:
            raise ProblemError("P0702", concept=concept, kind=kind.value, agents=agents)


def _shift_values(game: Game, kind: StageKind) -> Floats:
    """Find what adds up with its share of the stages' values to each agent's: (H, n).

    It is 0 but for the second agent of a constant-sum game, who gets all of the constants to come
    that the first does not get.
    """
    shifts = np.zeros((game.horizon + 1, len(game.agents)))
    sums = sum_rewards(game) if kind is StageKind.ZERO_SUM else None
    if sums is not None:
        for step in range(game.horizon, 0, -1):
            shifts[step - 1, 1] = sums[step - 1] + game.discount * shifts[step, 1]
    return shifts[:-1]


def build_policy(
    game: Game,
    nodes: CommonInformation,
    concept: str,
    value: Floats,
    play: list[StepPlay],
) -> Policy:
    """Make a machine of the nodes; its states are the nodes, without what they are."""
    entries: list[Edges] = [nodes.roots]
    entries += [step.edges for step in nodes.steps if step.edges is not None]
    steps: list[PolicyStep] = []
    for number, (edges, played) in enumerate(zip(entries, play, strict=True)):
        codes, increment = locate_values(edges.increment)
        labels = nodes.information.increment_labels[number]
        steps.append(
            PolicyStep(
                node_count=nodes.node_counts[number],
                increments=tuple(labels[int(code)] for code in codes),
                source=edges.source,
                increment=increment,
                target=edges.child,
                signal_node=played.signal_node,
                signal_weight=played.signal_weight,
                prescriptions=played.prescriptions,
            )
        )
    return Policy(
        game=game.name,
        sharing=nodes.information.name,
        concept=concept,
        value=dict(zip(game.agents, value.tolist(), strict=True)),
        actions=dict(zip(game.agents, game.labels.actions, strict=True)),
        steps=tuple(steps),
    )
