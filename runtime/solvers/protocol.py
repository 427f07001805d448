"""What planning asks of a stage solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..game import Floats, Ints
from ..payoffs import StagePayoffs


@dataclass(frozen=True, slots=True, kw_only=True)
class Lottery:
    """Signals that nodes draw from; all agents see the draw, and each signal is a prescription.

    Attributes
    ----------
    node : (T,) int64, ascending
        Position in the batch of the node that each signal belongs to; every node has one or more.
    weight : (T,)
        Positive, with sum 1 at each node.
    """

    node: Ints
    weight: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSolution:
    """Joint prescriptions for a batch of nodes.

    Attributes
    ----------
    prescriptions : n arrays (T, m_i, A_i)
        One joint prescription a signal. Rows are distributions over actions, aligned with
        ``StagePayoffs.private``.
    lottery
        The signals; None when each node has one, so T = G.
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
    lottery: Lottery | None = None
    fallbacks: int = 0


class StageSolver(Protocol):
    """Solves the one-shot games of a batch of nodes."""

    def __call__(self, payoffs: StagePayoffs) -> StageSolution:
        """Find joint prescriptions of the solver's concept at each node."""
        ...
