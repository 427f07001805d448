"""How many episodes the theory asks for."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, log10, prod

from ..game import Game


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleBound:
    """The parameters of Algorithm 5 in the proofs, as decimal logarithms.

    Attributes
    ----------
    episodes
        log10 of N0, the episodes for each step.
    phi
        log10 of the probability below which a state counts as under-explored.
    zeta_1, zeta_2
        log10 of the probabilities below which common information, and private values and actions
        with it, count as rarely visited.
    """

    episodes: float
    phi: float
    zeta_1: float
    zeta_2: float


def theoretical_sample_count(
    game: Game,
    *,
    common: int,
    private: int,
    length: int,
    gamma: float,
    accuracy: float = 0.1,
    confidence: float = 0.1,
) -> SampleBound:
    """Work out (D.1) with the parameters that the proofs choose and all absolute constants 1.

    Parameters
    ----------
    common
        max_h of the number of compressed common information.
    private
        max_h P_h, of joint private values.
    length
        L of the planner's windows.
    gamma
        Of Assumption 2, positive.
    accuracy
        alpha, the gap that is promised, for rewards in [0, 1].
    confidence
        delta, the probability of failure.

    Notes
    -----
    Source: Liu and Zhang (2023), (D.1) with the choices in the proofs of Theorems 16 to 20. Rewards
    of a wider range divide ``accuracy`` by it.
    """
    horizon, states = game.horizon, game.state_count
    actions, observations = prod(game.action_counts), prod(game.observation_counts)
    scale = log10(accuracy) - log10(200) - 2 * log10(horizon + 1)
    phi = scale + 2 * log10(gamma) - 8 * log10(horizon) - 5 * log10(states)
    phi -= 4 * log10(observations)
    theta_1 = scale - log10(observations)
    theta_2 = scale - log10(actions) - log10(private)
    windows = 2 * length * log10(actions) + length * log10(observations)
    zeta_1 = min(scale + phi - windows, theta_2 - log10(2))
    zeta_2 = 2 * zeta_1
    failures = log(4 * horizon) + log(common) - log(confidence / 3)
    first = log10(private + failures) - zeta_1 - 2 * theta_1
    more = failures + log(private) + log(actions)
    second = log10(actions) + log10(observations + more) - zeta_2 - 2 * theta_2
    return SampleBound(episodes=max(first, second), phi=phi, zeta_1=zeta_1, zeta_2=zeta_2)
