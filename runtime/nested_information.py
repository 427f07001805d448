"""Nested information: agents who know all that others know."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .arrays import digits, distinct_values
from .game import Game
from .information import InformationStructure
from .supports import DEFAULT_SUPPORTS, iterate_supports


def find_nested_information(
    game: Game, information: InformationStructure, *, max_supports: int = DEFAULT_SUPPORTS
) -> NDArray[np.bool_] | None:
    """Find which agents know, at every step, whatever which others know.

    Agent j knows all that agent i knows if p_{i,h} is a function of (c_h, p_{j,h}), for every c_h
    that can occur. That depends on c_h only through the support of its belief.

    Returns
    -------
    (n, n) bool, or None when there are too many supports
        Entry [i, j]: j knows all that i knows; true on the diagonal.
    """
    agents = range(len(game.agents))
    nested = np.ones((len(agents), len(agents)), dtype=bool)
    last = 0
    for last, step in enumerate(
        iterate_supports(game, information, max_supports=max_supports), start=1
    ):
        counts = information.private_counts[last - 1]
        supports = step.supports
        node = np.repeat(np.arange(supports.count), supports.lengths)
        private = digits(supports.index % int(np.prod(counts)), counts)
        for other in agents:
            known = node * counts[other] + private[other]
            sites = len(distinct_values(known))
            for own in agents:
                if own != other and nested[own, other]:
                    pairs = distinct_values(known * counts[own] + private[own])
                    nested[own, other] = len(pairs) == sites
    return nested if last == game.horizon else None
