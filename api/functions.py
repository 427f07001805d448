"""The functions of ``import posg``: what the commands do, with objects in place of files."""

from __future__ import annotations

from collections.abc import Mapping

from posg.compiler.compressions import Compression
from posg.compiler.pipeline import Compiled
from posg.grammar.diagnostics import Bag
from posg.runtime import Compressor, Episodes, Policy, certify_policy, simulate_episodes
from posg.runtime.learning.explorers import ExplorationKind
from posg.runtime.learning.laci import LearningOptions, learn_policy
from posg.runtime.learning.models import Estimator
from posg.runtime.learning.simulator import Simulator
from posg.runtime.limits import DEFAULT_MEMORY

from .checking import Check, check_compiled
from .compressions import choose_compression
from .explained import explained, show_warnings
from .independence import report_dependence
from .keywords import (
    CONCEPTS,
    METHODS,
    SELECTIONS,
    require_choice,
    require_policy,
    require_positive,
    require_whole,
)
from .limits import Limits
from .results import Result
from .sequences import SEQUENCE_FORM
from .solving import DYNAMIC_PROGRAMMING, default_concept, solve_compiled
from .specs import Parameter, Sharing, Solvable, compile
from .structures import given_compressor


def check(
    game: Solvable,
    sharing: Sharing | None = None,
    *,
    horizon: int | None = None,
    parameters: Mapping[str, Parameter] | None = None,
    name: str | None = None,
    compression: str | Compressor | None = None,
    memory: int = DEFAULT_MEMORY,
    seconds: float | None = None,
) -> Check:
    """Check the assumptions and perfect recall, and count what there is to know.

    Parameters
    ----------
    game, sharing, horizon, parameters, name
        As ``compile`` takes them.
    compression
        What it leaves is counted, too.
    memory, seconds
        What may be used, at most; with ``seconds`` more is tried before a verdict is left open.

    Raises
    ------
    SpecError
        Where Assumption 1 fails: there is no such structure to check.
    LimitError
        When the tables would be too large.
    """
    require_positive("seconds", seconds, zero=True)
    compiled = compile(
        game, sharing, horizon=horizon, parameters=parameters, name=name, memory=memory
    )
    with explained():
        return check_compiled(
            compiled,
            Bag(),
            Limits(memory=memory, seconds=seconds),
            _choose(compiled, compression),
        )


def solve(
    game: Solvable,
    sharing: Sharing | None = None,
    *,
    horizon: int | None = None,
    parameters: Mapping[str, Parameter] | None = None,
    name: str | None = None,
    concept: str | None = None,
    method: str = DYNAMIC_PROGRAMMING,
    compression: str | Compressor | None = None,
    select: str | None = None,
    tolerance: float = 1e-6,
    memory: int = DEFAULT_MEMORY,
    seconds: float | None = None,
) -> Result:
    """Plan over common information and certify the plan in the true game.

    Parameters
    ----------
    game, sharing, horizon, parameters, name
        As ``compile`` takes them.
    concept
        ``nash``, ``ce``, ``cce`` or ``team``; by default ``team`` for a team, ``nash`` for a zero-sum game and
        ``cce`` otherwise.
    method
        ``dynamic-programming``, ``sequence-form`` or ``person-by-person``.
    compression
        Such as ``"last(2)"``, or an object such as ``AutomatonCompressor``; ``merge``, which loses nothing,
        unless the file chooses another.
    select
        ``welfare`` or ``egalitarian``: which correlated equilibrium.
    tolerance
        Of stage problems, relative to the rewards.
    memory, seconds
        What may be used, at most.

    Raises
    ------
    StrategyDependenceError
        P0501, where beliefs depend on strategies.
    LimitError
        Beyond a limit.
    TypeError, ValueError
        For arguments of other kinds or beyond their ranges, as everywhere in this module.
    """
    require_choice("concept", concept, CONCEPTS)
    require_choice("method", method, METHODS)
    require_choice("select", select, SELECTIONS)
    require_positive("tolerance", tolerance)
    require_positive("seconds", seconds, zero=True)
    compiled = compile(
        game, sharing, horizon=horizon, parameters=parameters, name=name, memory=memory
    )
    with explained():
        if compression is None and method == SEQUENCE_FORM:
            compression = "exact"
        policy, certificate, _ = solve_compiled(
            compiled,
            concept=concept,
            compression=_choose(compiled, compression),
            tolerance=tolerance,
            method=method,
            select=select,
            limits=Limits(memory=memory, seconds=seconds),
        )
    return Result(compiled=compiled, policy=policy, certificate=certificate)


def certify(
    game: Solvable,
    policy: Policy,
    sharing: Sharing | None = None,
    *,
    concept: str | None = None,
    horizon: int | None = None,
    parameters: Mapping[str, Parameter] | None = None,
    name: str | None = None,
) -> Result:
    """Measure what a policy is worth, and its gap, by the concept that it was made for or another.

    Raises
    ------
    ProblemError
        P0704 or P0705, for a policy of another game.
    """
    require_policy(policy)
    require_choice("concept", concept, CONCEPTS)
    compiled = compile(game, sharing, horizon=horizon, parameters=parameters, name=name)
    with explained():
        found = certify_policy(
            compiled.game, compiled.information, policy, concept=concept or policy.concept
        )
    return Result(compiled=compiled, policy=policy, certificate=found)


def learn(
    game: Solvable,
    steps: int,
    sharing: Sharing | None = None,
    *,
    horizon: int | None = None,
    parameters: Mapping[str, Parameter] | None = None,
    name: str | None = None,
    concept: str | None = None,
    window: int = 2,
    rounds: int = 10,
    tail: int = 0,
    exploration: str = "greedy",
    estimator: str = "mixture",
    stationary: bool = False,
    states: int | None = None,
    q_learning: bool = False,
    seed: int = 0,
    memory: int = DEFAULT_MEMORY,
) -> Result:
    """Learn a policy from episodes, and certify it in the true game (which the learner does not see).

    Where beliefs depend on strategies, P0713 is a ``SpecWarning``: the model that is learnt is that of the
    play that explores.

    Parameters
    ----------
    game, sharing, horizon, parameters, name
        As ``compile`` takes them.
    steps
        Of the game, in all.
    window
        Steps of common information that are remembered.
    rounds
        Of exploring, estimating and planning.
    tail, exploration, estimator, stationary, states, q_learning
        As ``posg learn`` has them.
    seed
        The same seed gives the same policy.

    Raises
    ------
    LimitError
        P0618, for too few steps.
    ProblemError
        P0825, for ``estimator="network"`` without PyTorch.
    """
    require_choice("concept", concept, CONCEPTS)
    require_choice("exploration", exploration, tuple(kind.value for kind in ExplorationKind))
    require_choice("estimator", estimator, tuple(kind.value for kind in Estimator))
    for what, value, least in (
        ("steps", steps, 1),
        ("window", window, 0),
        ("rounds", rounds, 1),
        ("tail", tail, 0),
        ("states", states, 1),
        ("seed", seed, 0),
    ):
        require_whole(what, value, least)
    compiled = compile(
        game, sharing, horizon=horizon, parameters=parameters, name=name, memory=memory
    )
    options = LearningOptions(
        steps=steps,
        rounds=rounds,
        length=window,
        tail=tail,
        exploration=ExplorationKind(exploration),
        estimator=Estimator(estimator),
        stationary=stationary,
        states=states,
        q_learning=q_learning,
        concept=concept or default_concept(compiled),
    )
    bag = Bag()
    with explained():
        report_dependence(compiled, bag, memory=memory)
        show_warnings(bag, depth=2)
        learned = learn_policy(
            Simulator(compiled.game, seed),
            compiled.information,
            compiled.timestamps,
            options,
            memory_bytes=memory,
        )
    return certify(compiled, learned.policy, concept=options.concept)


def simulate(
    game: Solvable,
    policy: Policy | None = None,
    sharing: Sharing | None = None,
    *,
    episodes: int = 1,
    seed: int = 0,
    horizon: int | None = None,
    parameters: Mapping[str, Parameter] | None = None,
    name: str | None = None,
) -> Episodes:
    """Draw episodes.

    Parameters
    ----------
    game, sharing, horizon, parameters, name
        As ``compile`` takes them.
    policy
        Uniform play by default.
    episodes
        At least 1.
    seed
        The same seed gives the same episodes.

    Raises
    ------
    ProblemError
        P0704 or P0705, for a policy of another game.
    """
    require_policy(policy)
    require_whole("episodes", episodes, 1)
    require_whole("seed", seed, 0)
    compiled = compile(game, sharing, horizon=horizon, parameters=parameters, name=name)
    with explained():
        return simulate_episodes(
            compiled.game, compiled.information, policy, episodes=episodes, seed=seed
        )


def _choose(compiled: Compiled, compression: str | Compressor | None) -> Compression:
    """The compression by name, or as an object."""
    if compression is None or isinstance(compression, str):
        return choose_compression(compiled, compression, source="compression")
    return given_compressor(compression)
