"""Which theorems speak about a game, and what the bounds in them amount to."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log, prod

from .arrays import distinct_values
from .game import Game

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


def reward_range(game: Game) -> float:
    """B: the largest less the smallest reward of one step, over all agents."""
    used = [game.rewards[which].values for which in distinct_values(game.rewards_of_step)]
    return float(max(v.max() for v in used) - min(v.min() for v in used))


def window_length(game: Game, gamma: float, *, accuracy: float = ACCURACY) -> int:
    """L = gamma^-4 log(S H / epsilon): the window of Theorem 7 with its constant C set to 1."""
    return max(1, ceil(gamma**-4 * log(game.state_count * game.horizon / accuracy)))


def log10_samples(game: Game, gamma: float, *, accuracy: float = ACCURACY) -> float:
    """log10 of (A O)^(gamma^-4 log(S H O / (gamma epsilon))): Theorem 9 with C = 1, delta = 1/e."""
    actions, observations = prod(game.action_counts), prod(game.observation_counts)
    exponent = gamma**-4 * log(game.state_count * game.horizon * observations / (gamma * accuracy))
    return exponent * log(actions * observations) / log(10)


def survey_theorems(
    game: Game,
    *,
    strategy_independent: bool | None,
    gamma: float | None,
    example: str | None,
    common_sizes: tuple[int, ...] | None,
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
    common_sizes
        C_h, or None if not counted.
    private_sizes
        P_{i,h} for each step and agent.

    Notes
    -----
    Source: Liu and Zhang (2023), Theorems 1 to 9. Rewards are in [0, 1] there, so gaps are shares
    of the range of one reward. The universal constants C are not known; 1 is put for them.
    """
    horizon, spread = game.horizon, reward_range(game)
    private = max((prod(counts) for counts in private_sizes), default=1)
    nodes = "too many to count" if common_sizes is None else f"{max(common_sizes):,}"
    scale = "" if spread == 1 else f", times {spread:g} (the range of a reward)"
    third = "Assumption 3 " + _word(strategy_independent)
    planning = Theorem(
        numbers="1",
        subject="exact planning over common information",
        applies=strategy_independent,
        reason=third,
        bound=f"max C_h = {nodes} stage games, each of size polynomial in P_h <= {private:,}"
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
        window = window_length(game, gamma)
        short = f"windows of C x {window:,} steps for a gap of {ACCURACY:g}{scale}" + (
            f": no shorter than the horizon {horizon} unless C is tiny" if window >= horizon else ""
        )
        learnt = (
            f"10^(C x {log10_samples(game, gamma):,.0f}) episodes for a gap of {ACCURACY:g}{scale}"
        )
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
