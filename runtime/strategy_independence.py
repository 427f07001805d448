"""Assumption 3, decided on the numeric game: beliefs given c_h do not depend on strategies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import LimitError
from .game import Game
from .information import InformationStructure
from .progress import Progress, silent

if TYPE_CHECKING:
    from .dependence import BeliefWitness
    from .nodes import CommonInformation


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyIndependence:
    """Whether P(s_h, p_h | c_h) is the same under all strategies.

    Attributes
    ----------
    holds
        None when the game is too large to decide.
    method
        ``numeric``, or ``undecided``.
    witness
        Two differing beliefs, when refuted.
    margin
        The largest L1 distance that was seen: rounding error when it holds.
    limit
        The limit that was met, when undecided.
    nodes
        The forward pass, which planning can use, when it holds.
    """

    holds: bool | None
    method: str
    witness: BeliefWitness | None = None
    margin: float | None = None
    limit: LimitError | None = None
    nodes: CommonInformation | None = None


def check_strategy_independence(
    game: Game,
    information: InformationStructure,
    *,
    max_nodes: int = 200_000,
    memory_bytes: int = 1 << 30,
    progress: Progress = silent,
) -> StrategyIndependence:
    """Decide Assumption 3 by the guard of the forward pass.

    ``expand_common_information`` says why comparing one random strategy with the uniform one
    decides, and why merging equal beliefs on the way is harmless.

    Notes
    -----
    Source: Liu and Zhang (2023), Assumption 3; the test by one random strategy is an addition.
    """
    from .dependence import StrategyDependenceError
    from .nodes import expand_common_information

    try:
        nodes = expand_common_information(
            game, information, max_nodes=max_nodes, memory_bytes=memory_bytes, progress=progress
        )
    except StrategyDependenceError as error:
        return StrategyIndependence(
            holds=False, method="numeric", witness=error.witness, margin=error.witness.distance
        )
    except LimitError as error:
        return StrategyIndependence(holds=None, method="undecided", limit=error)
    return StrategyIndependence(holds=True, method="numeric", margin=nodes.margin, nodes=nodes)
