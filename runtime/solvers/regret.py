"""Learning of all agents at once, whose play is a store of joint prescriptions for an equilibrium."""

from __future__ import annotations

import numpy as np

from ..game import Floats
from .certificates import payoffs_of_actions
from .deviations import Deviations, stationary


def learn_prescriptions(
    values: Floats, deviations: Deviations, rounds: int
) -> tuple[tuple[Floats, ...], Floats]:
    """Let agents learn against each other, and keep what they play.

    Each agent has a learner for each case of its deviator: predictive regret matching+, with the
    last payoffs as the prediction. At a private value an informed deviator's learners, one for
    each recommended action, are combined by a stationary distribution. Averages of their play tend
    to a (coarse) correlated equilibrium; mixtures of it that are better weighed reach one after
    few rounds.

    Parameters
    ----------
    values : (n, G, m_1, A_1, ..., m_n, A_n)

    Returns
    -------
    The prescriptions of each agent (G, rounds, m_i, A_i), and the gains of deviations from them
    (G, rounds, Q, K).

    Notes
    -----
    Source: Farina, Kroer and Sandholm (2021) for the learners, Blum and Mansour (2007) for swap
    regret from external regret, each by private value as in Liu and Zhang (2023).
    """
    agents, nodes = values.shape[:2]
    sizes = list(zip(values.shape[2::2], values.shape[3::2], strict=True))
    kept = tuple(np.empty((nodes, rounds, *size)) for size in sizes)
    gains = np.empty((nodes, rounds, sum(deviations.cases), deviations.choices))
    learners = [
        (nodes, types, actions, actions) if deviations.informed else (nodes, types, actions)
        for types, actions in sizes
    ]
    regret = [np.zeros(learner) for learner in learners]
    foreseen = [np.zeros(learner) for learner in learners]
    for number in range(rounds):
        strategies = [_match(a + b) for a, b in zip(regret, foreseen, strict=True)]
        played = [
            stationary(strategy) if deviations.informed else strategy for strategy in strategies
        ]
        payoffs = [payoffs_of_actions(values[agent], played, agent) for agent in range(agents)]
        for agent, (strategy, rows, paid) in enumerate(
            zip(strategies, played, payoffs, strict=True)
        ):
            utility = rows[..., None] * paid[..., None, :] if deviations.informed else paid
            foreseen[agent] = utility - (utility * strategy).sum(axis=-1, keepdims=True)
            regret[agent] = np.maximum(regret[agent] + foreseen[agent], 0.0)
            kept[agent][:, number] = rows
        gains[:, number] = deviations.list_gains(payoffs, played)
    return kept, gains


def _match(regret: Floats) -> Floats:
    """Play in proportion to positive regret (..., A), uniformly where there is none."""
    positive = np.maximum(regret, 0.0)
    sums = positive.sum(axis=-1, keepdims=True)
    return np.where(sums > 0, positive / np.where(sums > 0, sums, 1.0), 1.0 / regret.shape[-1])
