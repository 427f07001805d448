"""Finite automata that read the increments of common information."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .game import Game, Ints
from .information import InformationStructure
from .limits import DEFAULT_MEMORY, DEFAULT_NODES
from .nodes import CommonInformation
from .progress import Progress, silent
from .recursions import expand_recursion


@dataclass(frozen=True)
class Increment:
    """What becomes common knowledge at a step, as an automaton reads it.

    Attributes
    ----------
    step
        The step h from which on it is common; 1 for what is known before anybody acts.
    label
        z_h in words, such as ``hear[alice]@3=left, act[alice]@2=listen``.
    """

    step: int
    label: str

    @cached_property
    def values(self) -> Mapping[str, str]:
        """The parts of the label by name: ``{"hear[alice]": "left", "act[alice]": "listen"}``.

        Of a variable that becomes common for several steps at once the last one counts. What can
        only be ``nothing`` at this step is left out.
        """
        found: dict[str, str] = {}
        for part in _split(self.label):
            name, equals, value = part.partition("=")
            if equals:
                found[name.partition("@")[0]] = value
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Automaton:
    """A finite automaton over increments; its states are the compressed common information.

    Attributes
    ----------
    initial
        The state before z_1.
    follow
        The state after an increment: ``follow(state, increment)``. States are anything that can be
        compared and hashed. The increment knows its step.
    """

    initial: Hashable
    follow: Callable[[Hashable, Increment], Hashable]


def expand_automaton(
    game: Game,
    information: InformationStructure,
    automaton: Automaton,
    *,
    max_nodes: int = DEFAULT_NODES,
    memory_bytes: int = DEFAULT_MEMORY,
    progress: Progress = silent,
) -> CommonInformation:
    """Compress c_h to the state of an automaton that has read z_1, ..., z_h.

    The belief of a state is the law of (s_h, p_h) given the state under uniform play.

    Parameters
    ----------
    max_nodes, memory_bytes
        Limits on the states of a step and on the memory of the result.

    Returns
    -------
    CommonInformation
        ``margin`` is the largest L1 distance of a state's belief from the one that it would have
        under other play.

    Raises
    ------
    LimitError
        P0601, P0602 or P0603.

    Notes
    -----
    Source: Liu and Zhang (2023), Section 5.1. What a plan is worth in the true game, and the bound
    on its gap, need no more than that.
    """
    return expand_recursion(
        game,
        information,
        _Reader(information, automaton),
        max_nodes=max_nodes,
        memory_bytes=memory_bytes,
        progress=progress,
    )


class _Reader:
    """Runs an automaton; ``_states`` has the state of each node."""

    def __init__(self, information: InformationStructure, automaton: Automaton) -> None:
        self._labels = information.increment_labels
        self._automaton = automaton
        self._states: list[Hashable] = [automaton.initial]

    def follow(self, step: int, node: Ints, increment: Ints) -> Ints:
        """Ask the automaton about every state and increment, once."""
        labels = self._labels[step - 1]
        read = {z: Increment(step, labels[z]) for z in np.unique(increment).tolist()}
        numbers: dict[Hashable, int] = {}
        found = [
            numbers.setdefault(self._automaton.follow(self._states[c], read[z]), len(numbers))
            for c, z in zip(node.tolist(), increment.tolist(), strict=True)
        ]
        self._states = list(numbers)
        return np.array(found, dtype=np.int64)


def _split(label: str) -> list[str]:
    """Cut a label at its commas, but for those within brackets."""
    parts: list[str] = []
    depth = start = 0
    for place, letter in enumerate(label):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            parts.append(label[start:place].strip())
            start = place + 1
    parts.append(label[start:].strip())
    return parts
