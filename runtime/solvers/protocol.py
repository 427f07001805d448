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
    """

    prescriptions: tuple[Floats, ...]
    values: Floats


class StageSolver(Protocol):
    """Solves the one-shot games of a batch of nodes."""

    def __call__(self, payoffs: StagePayoffs) -> StageSolution:
        """Find joint prescriptions of the solver's concept at each node."""
        ...
