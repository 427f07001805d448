"""Evidence that beliefs depend on the agents' strategies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .arrays import digits
from .errors import ProblemError
from .game import Game
from .information import InformationStructure


@dataclass(frozen=True, slots=True, kw_only=True)
class BeliefWitness:
    """A c_h whose belief P(s_h, p_h | c_h) differs between two strategies.

    Both play uniformly before step h - 1; at step h - 1 one plays uniformly and the other a fixed
    random full-support prescription.

    Attributes
    ----------
    step : h
    common
        c_h as the sequence of its increments.
    beliefs
        The two beliefs, from labels of (s_h, p_h) to probabilities.
    distance
        L1 distance of the two.
    """

    step: int
    common: tuple[str, ...]
    beliefs: tuple[Mapping[str, float], Mapping[str, float]]
    distance: float

    @property
    def common_text(self) -> str:
        """c_h on one line."""
        return " | ".join(label or "(nothing)" for label in self.common) or "(nothing)"


class StrategyDependenceError(ProblemError):
    """Assumption 3 fails, so planning by common information would be wrong."""

    def __init__(self, witness: BeliefWitness) -> None:
        self.witness = witness
        uniform, other = witness.beliefs
        event = max(uniform, key=lambda label: abs(uniform[label] - other[label]))
        super().__init__(
            "P0501",
            step=witness.step,
            common=witness.common_text,
            distance=f"{witness.distance:.6g}",
            event=event,
            uniform=f"{uniform[event]:.6g}",
            other=f"{other[event]:.6g}",
        )


def describe_pair(game: Game, information: InformationStructure, step: int, code: int) -> str:
    """Name a pair (s, p) of a step, such as ``tiger=left; alice: hear[alice]=left``."""
    state, private = divmod(code, int(np.prod(information.private_counts[step - 1])))
    known = digits(np.array([private]), information.private_counts[step - 1])[:, 0]
    parts = [game.labels.states[state]]
    for agent, names, value in zip(
        game.agents, information.private_labels[step - 1], known, strict=True
    ):
        if len(names) > 1:
            parts.append(f"{agent}: {names[value]}")
    return "; ".join(parts)
