"""Common information cut to its last increments, whatever they are made of."""

from __future__ import annotations

import numpy as np

from .arrays import locate_values
from .game import Game, Ints
from .information import InformationStructure
from .limits import DEFAULT_MEMORY, DEFAULT_NODES
from .nodes import CommonInformation
from .progress import Progress, silent
from .recursions import expand_recursion


def expand_increments(
    game: Game,
    information: InformationStructure,
    length: int,
    *,
    max_nodes: int = DEFAULT_NODES,
    memory_bytes: int = DEFAULT_MEMORY,
    progress: Progress = silent,
) -> CommonInformation:
    """Compress c_h to its last L increments, (z_{h-L+1}, ..., z_h).

    For structures in which private values depend on the whole past, such as a register that counts:
    no window of recent values says how likely those are, so ``expand_windows`` refuses them. Here
    the belief of a window is P(s_h, p_h | z_{h-L+1}, ..., z_h) under uniform play: the joint law of
    the state and the private values before the window, conditioned on the window. From L = H on
    nothing is lost.

    Parameters
    ----------
    length
        L, at least 0.
    max_nodes, memory_bytes
        Limits on the windows of a step and on the memory of the result.

    Raises
    ------
    LimitError
        P0601, P0602 or P0603.

    Notes
    -----
    Source: Liu and Zhang (2023), Section 5.1, with their Definition 6 for uniform policies and a
    joint law of state and private information in place of one of the state.
    """
    return expand_recursion(
        game,
        information,
        _Recent(length),
        max_nodes=max_nodes,
        memory_bytes=memory_bytes,
        progress=progress,
    )


class _Recent:
    """Shift registers of L increments; ``_windows`` (C, at most L) has those of each node."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._windows = np.zeros((1, 0), dtype=np.int64)

    def follow(self, step: int, node: Ints, increment: Ints) -> Ints:
        """Add an increment, and drop the oldest where there are more than L."""
        windows = np.column_stack([self._windows[node], increment])
        windows = windows[:, max(0, windows.shape[1] - self._length) :]
        place = np.zeros(len(node), dtype=np.int64)
        for column in windows.T:
            _, place = locate_values(place * (int(column.max()) + 1) + column)
        first = np.empty(int(place.max()) + 1, dtype=np.int64)
        first[place[::-1]] = np.arange(len(place))[::-1]
        self._windows = windows[first]
        return place
