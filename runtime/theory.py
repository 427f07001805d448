"""Which theorems speak about a game, and what the bounds in them amount to."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log, log1p, log10, prod

import numpy as np

from .arrays import distinct_values
from .game import Game
from .game_class import GameClass, classify_game
from .limits import count_text

ACCURACY = 0.1
"""The gap that the bounds are worked out for, as a share of the range of one reward."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Theorem:
    """A result and whether its assumptions hold.

    Attributes
    ----------
    numbers
        Numbers of the theorem and of its full version, such as ``2, 6``.
    subject
        What it is about, in a few words.
    applies
        None when an assumption is not decided.
    reason
        The assumption that decides it.
    bound
        What it promises here, when it applies.
    """

    numbers: str
    subject: str
    applies: bool | None
    reason: str
    bound: str | None


CONTRACTION = 240
"""One observation takes beliefs closer by a factor of 1 - gamma^4 / 240: Lemma 5."""
_PROMISES = {
    GameClass.TEAM: "an eps-NE",
    GameClass.ZERO_SUM: "an eps-NE",
    GameClass.GENERAL_SUM: "an eps-CE or eps-CCE",
}


def reward_range(game: Game) -> float:
    """B: the largest less the smallest reward of one step, for the agent with most between them.

    What an agent gets whatever happens at a step changes no gap.
    """
    used = [game.rewards[which].values for which in distinct_values(game.rewards_of_step)]
    return max(float(np.ptp(values, axis=1).max()) for values in used)


def window_length(game: Game, gamma: float, *, delay: int = 0, accuracy: float = ACCURACY) -> int:
    """L̂ with which Theorem 7 and its proof promise a gap of ``accuracy``.

    By (E.11) the error of a belief is at most e once ``(1 - gamma^4 / 240)^L S <= e / 4``. That is
    eps_r and eps_z, and 2 H eps_r + H^2 eps_z + H eps_e is ``accuracy`` if one half of it is left
    for eps_e. The window reaches ``delay`` steps further back.
    """
    horizon = game.horizon
    error = accuracy / 2 / (2 * horizon + horizon**2)
    steps = log(error / 4 / game.state_count) / log1p(-(gamma**4) / CONTRACTION)
    return ceil(steps) + delay


def log10_samples(game: Game, gamma: float, *, delay: int = 0, accuracy: float = ACCURACY) -> float:
    """log10 of (A O)^(C (gamma^-4 log(S H O / (gamma epsilon)) + d)), with C = 240, delta = 1/e.

    The theorem leaves C open. The windows that it samples take the C of Lemma 5 at least.
    """
    actions, observations = prod(game.action_counts), prod(game.observation_counts)
    argument = game.state_count * game.horizon * observations / (gamma * accuracy)
    exponent = CONTRACTION * (gamma**-4 * log(argument) + delay)
    return exponent * log10(actions * observations)


def survey_theorems(
    game: Game,
    *,
    strategy_independent: bool | None,
    gamma: float | None,
    example: str | None,
    delay: int = 0,
    common_sizes: tuple[int, ...],
    private_sizes: tuple[tuple[int, ...], ...],
) -> tuple[Theorem, ...]:
    """Hold the assumptions of the main theorems against what is known of a game.

    Parameters
    ----------
    strategy_independent
        Assumption 3; None if not decided.
    gamma
        A certified lower bound on the gamma of Assumption 2, 0 if it fails; None if not decided.
    example
        Which of the structures of Section 3 the structure is, in words; None if it is no such.
    delay
        Its d, 0 if it has none.
    common_sizes
        C_h, or bounds from above.
    private_sizes
        P_{i,h} for each step and agent.

    Notes
    -----
    Source: Liu and Zhang (2023), Theorems 1 to 9. Rewards are in [0, 1] there, so gaps are shares
    of the range of one reward. In (5.3) the supremum over prescriptions has to be taken inside the
    expectation; Theorem 2 is not true otherwise.
    """
    horizon, spread = game.horizon, reward_range(game)
    private = max((prod(counts) for counts in private_sizes), default=1)
    promise = _PROMISES[classify_game(game)]
    scale = "" if spread == 1 else f", times {spread:g} (the range of a reward)"
    third = "Assumption 3 " + _word(strategy_independent)
    planning = Theorem(
        numbers="1",
        subject="exact planning over common information",
        applies=strategy_independent,
        reason=third,
        bound=f"{promise} by at most {count_text(max(common_sizes))} stage games a step (max C_h), "
        f"each of size polynomial in P_h <= {count_text(private)}"
        if strategy_independent
        else None,
    )
    compressed = Theorem(
        numbers="2, 6",
        subject="planning over compressed common information",
        applies=strategy_independent,
        reason=third,
        bound=f"gap <= {2 * horizon} eps_r + {horizon**2} eps_z + {horizon} eps_e{scale}"
        if strategy_independent
        else None,
    )
    observable = None if gamma is None else gamma > 0
    reasons = {
        True: "Assumptions 2 and 3 hold, and this is " + (example or ""),
        None: "an assumption is not decided",
        False: third
        if strategy_independent is False
        else "gamma = 0 (Assumption 2)"
        if observable is False
        else "the structure is none of the five for which it is proved",
    }
    verdicts = (strategy_independent, observable, example is not None)
    fits = False if False in verdicts else None if None in verdicts else True
    short = learnt = None
    if fits and gamma is not None:
        window = window_length(game, gamma, delay=delay)
        exponent = log10_samples(game, gamma, delay=delay)
        goal = f"{promise} with eps = {ACCURACY * spread:g}"
        goal += "" if spread == 1 else f", {ACCURACY:g} of the range of a reward"
        cut = "" if window < horizon else f"; the horizon is {horizon}"
        short = f"windows of {count_text(window)} steps give {goal}{cut}"
        learnt = f"10^{count_text(ceil(exponent))} episodes give {goal}"
    return (
        planning,
        compressed,
        Theorem(
            numbers="3, 7",
            subject="planning with short windows",
            applies=fits,
            reason=reasons[fits],
            bound=short,
        ),
        Theorem(
            numbers="5, 9",
            subject="learning from samples",
            applies=fits,
            reason=reasons[fits],
            bound=learnt,
        ),
    )


def _word(verdict: bool | None) -> str:
    return {True: "holds", False: "fails", None: "is not decided"}[verdict]
