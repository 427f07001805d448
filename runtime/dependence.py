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
class Choice:
    """At ``step``, ``agent`` plays ``action`` if its private value is ``private``; all labels."""

    step: int
    agent: str
    private: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A private value at which two pure policies choose ``actions[0]`` and ``actions[1]``."""

    step: int
    agent: str
    private: str
    actions: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class BeliefWitness:
    """A c_h whose belief P(s_h, p_h | c_h) differs between two pure policies.

    Both policies ignore the common information, reach c_h with positive probability and choose the
    first action wherever nothing else is said. ``build_pure_policy`` makes policies of them.

    Attributes
    ----------
    step : h
    common
        c_h as the sequence of its increments.
    shared
        What both choose at the private values that matter; before step h - 1 these are the actions
        on one path to c_{h-1}.
    differences
        Where they differ, at step h - 1.
    beliefs
        The two beliefs, from labels of (s_h, p_h) to probabilities.
    distance
        L1 distance of the two.
    """

    step: int
    common: tuple[str, ...]
    shared: tuple[Choice, ...]
    differences: tuple[Difference, ...]
    beliefs: tuple[Mapping[str, float], Mapping[str, float]]
    distance: float

    @property
    def common_text(self) -> str:
        """c_h on one line."""
        return " | ".join(label or "(nothing)" for label in self.common) or "(nothing)"

    @property
    def policies(self) -> tuple[tuple[Choice, ...], tuple[Choice, ...]]:
        """All choices of the two policies; everywhere else they choose the first action."""
        first, second = (
            tuple(
                Choice(step=d.step, agent=d.agent, private=d.private, action=d.actions[which])
                for d in self.differences
            )
            for which in (0, 1)
        )
        return self.shared + first, self.shared + second

    @property
    def event(self) -> str:
        """The (s_h, p_h) whose probability changes most."""
        first, second = self.beliefs
        return max(first, key=lambda label: round(abs(first[label] - second[label]), 9))


class StrategyDependenceError(ProblemError):
    """Assumption 3 fails, so planning by common information would be wrong."""

    def __init__(self, witness: BeliefWitness) -> None:
        self.witness = witness
        first, second = witness.beliefs
        event = witness.event
        change = witness.differences[0]
        several = len(witness.differences) > 1
        super().__init__(
            "P0501",
            step=witness.step,
            common=witness.common_text,
            distance=f"{witness.distance:.6g}",
            event=event,
            first=f"{first[event]:.6g}",
            second=f"{second[event]:.6g}",
            count=len(witness.differences) if several else None,
            before=change.step,
            agent=None if several else change.agent,
            private=None if several else change.private or "nothing",
            instead=None if several else change.actions[0],
            action=None if several else change.actions[1],
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
