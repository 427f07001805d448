"""What planning asks of a stage solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..game import Floats
from ..payoffs import StagePayoffs


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSolution:
    """Joint prescriptions for a batch of nodes.

    Attributes
    ----------
    prescriptions : n arrays (G, m_i, A_i)
        Rows are distributions over actions, aligned with ``StagePayoffs.private``.
    values : (K, G)
        Expected payoffs under them.
    gaps : (G,)
        How far each node is from what the concept promises, at most: what an agent gains by a best
        response, what the two sides of a zero-sum stage guarantee apart, or how much more than the
        value a team could get. Recomputed from the payoffs.
    fallbacks
        Nodes that the method left to a slower one, because it gave up or its answer was refused.
    """

    prescriptions: tuple[Floats, ...]
    values: Floats
    gaps: Floats
    fallbacks: int = 0


class StageSolver(Protocol):
    """Solves the one-shot games of a batch of nodes."""

    def __call__(self, payoffs: StagePayoffs) -> StageSolution:
        """Find joint prescriptions of the solver's concept at each node."""
        ...
