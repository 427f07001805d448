"""Which implementation solves the stages: numpy for few, compiled kernels for many.

Importing numba takes about half a second, loading a kernel as long again, and compiling one (once a
machine) several seconds. So kernels are used from the moment on when the numpy solvers would have
taken about a second. That is judged by numbers and sizes of stages and never by a clock, so that
the same game is always solved in the same way.
"""

from __future__ import annotations

from enum import Enum
from functools import partial

import numpy as np

from ..payoffs import StagePayoffs
from .correlated import solve_correlated
from .general_sum import solve_general_sum
from .person_by_person import STARTS, solve_person_by_person
from .protocol import StageSolution, StageSolver
from .selection import solve_selected
from .team import PROFILE_LIMIT, count_profiles, solve_team
from .zero_sum import solve_zero_sum

BUDGET = 1.0
"""Seconds of numpy solvers that are worth as much as loading a kernel."""


class StageKind(Enum):
    """What a stage is solved for."""

    TEAM = "team optimum"
    PERSON_BY_PERSON = "Nash equilibrium of a team"
    ZERO_SUM = "saddle point"
    GENERAL_SUM = "Nash equilibrium of two agents"
    CORRELATED = "correlated equilibrium"
    COARSE = "coarse correlated equilibrium"


class ChosenSolver:
    """Solves batch after batch, with kernels once there is enough to do.

    Attributes
    ----------
    stages, fallbacks
        Nodes solved, and how many of them were left to a slower method.
    gap
        Largest gap of a node.
    compiled
        Whether kernels were used for the last batch, or are to be used for all.
    """

    def __init__(
        self,
        kind: StageKind,
        *,
        compiled: bool | None = None,
        tolerance: float = 0.0,
        select: str | None = None,
    ) -> None:
        """Take ``compiled`` as an order: kernels always or never.

        ``tolerance`` and ``select`` are for correlated equilibria: the gap that is accepted, and
        which one is wanted; None for any.
        """
        self._kind = kind
        self._order = compiled
        self.compiled = bool(compiled)
        self._tolerance = tolerance
        self._select = select
        self._spent = 0.0
        self.stages = 0
        self.fallbacks = 0
        self.gap = 0.0

    def __call__(self, payoffs: StagePayoffs) -> StageSolution:
        """Solve a batch."""
        if self._order is None:
            self._spent += estimate_seconds(self._kind, payoffs.values.shape)
            self.compiled = self._spent > BUDGET
        solution = self._choose(compiled=self.compiled)(payoffs)
        self.stages += len(payoffs.nodes)
        self.fallbacks += solution.fallbacks
        self.gap = max(self.gap, float(solution.gaps.max(initial=0.0)))
        return solution

    def _choose(self, *, compiled: bool) -> StageSolver:
        match self._kind:
            case StageKind.TEAM if compiled:
                from .compiled import solve_team_compiled

                return solve_team_compiled
            case StageKind.TEAM:
                return solve_team
            case StageKind.PERSON_BY_PERSON:
                return solve_person_by_person
            case StageKind.ZERO_SUM if compiled:
                from .compiled import solve_zero_sum_compiled

                return solve_zero_sum_compiled
            case StageKind.ZERO_SUM:
                return solve_zero_sum
            case StageKind.GENERAL_SUM if compiled:
                from .compiled import solve_general_sum_compiled

                return solve_general_sum_compiled
            case StageKind.GENERAL_SUM:
                return solve_general_sum
            case StageKind.CORRELATED | StageKind.COARSE:
                informed = self._kind is StageKind.CORRELATED
                if self._select is not None:
                    return partial(
                        solve_selected,
                        informed=informed,
                        select=self._select,
                        tolerance=self._tolerance,
                        compiled=compiled,
                    )
                if compiled:
                    from .compiled import solve_correlated_compiled

                    return partial(
                        solve_correlated_compiled, informed=informed, tolerance=self._tolerance
                    )
                return partial(solve_correlated, informed=informed, tolerance=self._tolerance)


def estimate_seconds(kind: StageKind, shape: tuple[int, ...]) -> float:
    """Estimate how long the numpy solver takes for payoffs (K, G, m_1, A_1, ...)."""
    nodes, stage = shape[1], shape[2:]
    widest = max(types * actions for types, actions in zip(stage[::2], stage[1::2], strict=True))
    match kind:
        case StageKind.ZERO_SUM:  # a linear program a node
            return nodes * 2e-3
        case StageKind.GENERAL_SUM:  # about half as many pivots as weights
            weights = stage[0] * stage[1] + stage[2] * stage[3]
            return nodes * (3e-4 + weights * 3e-5)
        case StageKind.CORRELATED | StageKind.COARSE:  # learning and a linear program a node
            return nodes * 1e-2
        case StageKind.TEAM:
            profiles = count_profiles(stage)
            if profiles > PROFILE_LIMIT:
                return BUDGET * nodes * 2
            return nodes * profiles * widest * 2e-8
        case StageKind.PERSON_BY_PERSON:  # without a kernel of its own
            return nodes * float(np.prod(stage)) * STARTS * 2e-8
