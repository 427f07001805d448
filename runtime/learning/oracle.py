"""The best policy for a linear function of what is observed, in a model made of windows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ..arrays import run_starts
from ..game import Floats, Ints
from .exploration_policy import WindowPolicy, WindowTable
from .window_model import WindowModel


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OracleAnswer:
    """The best policies for some directions.

    Attributes
    ----------
    values : (B,) float64
        ``<v, d>`` of each direction v and the vector d of its policy.
    vectors : (B, O) float64
        ``d_o``: how likely o is at step t under the policy; what goes to the sink is missing.
    policies
        One a direction.
    """

    values: Floats
    vectors: Floats
    policies: tuple[WindowPolicy, ...]


class LinearOracle:
    """Maximises ``<v, d>`` over all policies of a window model, d being the law of o_t.

    Parameters
    ----------
    model
    step
        t, from 2 to H + 1; o_t follows the action of step t - 1.

    Notes
    -----
    Backward dynamic programming over windows, for many directions at once. Of equally good actions
    the first that is known is taken.
    """

    def __init__(self, model: WindowModel, step: int) -> None:
        self._initial_window = model.initial_window
        self._initial_probability = model.initial_probability
        self._actions = model.windows.actions
        self._layers: list[_Layer] = []
        following: Ints | None = None
        for number in range(step - 1, 0, -1):
            layer = _Layer(model, number, following)
            self._layers.insert(0, layer)
            following = layer.window

    def maximise(self, directions: Floats) -> OracleAnswer:
        """Answer for directions (B, O)."""
        values = np.ascontiguousarray(directions.T)
        chosen: list[Ints] = []
        for layer in reversed(self._layers):
            values, rows = layer.improve(values)
            chosen.insert(0, rows)
        count = len(directions)
        mass = self._open(count)
        for layer, rows in zip(self._layers, chosen, strict=True):
            mass = layer.advance(mass, rows)
        vectors = np.ascontiguousarray(mass.T)
        policies = tuple(
            WindowPolicy(
                tables=tuple(
                    layer.table(rows[:, k])
                    for layer, rows in zip(self._layers, chosen, strict=True)
                )
            )
            for k in range(count)
        )
        return OracleAnswer(
            values=(vectors * directions).sum(axis=1), vectors=vectors, policies=policies
        )

    def _open(self, count: int) -> Floats:
        """The law of the windows of step 1 that are known, (W, B)."""
        first = self._layers[0].window
        place, known = _locate(first, self._initial_window)
        mass = np.zeros((len(first), count))
        mass[place[known]] = self._initial_probability[known, None]
        return mass


class _Layer:
    """One step: its known windows, their rows, and where these lead.

    Attributes
    ----------
    window : (W,) int64
        Windows that have a row.
    """

    def __init__(self, model: WindowModel, number: int, following: Ints | None) -> None:
        step = model.steps[number - 1]
        windows = model.windows
        of_row, self._action = np.divmod(step.row, windows.actions)
        self._starts = run_starts(of_row)
        self.window = of_row[self._starts]
        lengths = np.diff(np.append(self._starts, len(of_row)))
        self._place = np.repeat(np.arange(len(self.window)), lengths)
        # The first action of each window that has no row; A if all have.
        rank = np.arange(len(of_row)) - self._starts[self._place]
        free = np.where(self._action == rank, lengths[self._place], rank)
        self._free = np.minimum.reduceat(free, self._starts)
        self._sinks = self._free < windows.actions
        if following is None:
            column, width = step.observation, windows.observations
            kept = np.ones(len(column), dtype=np.bool_)
        else:
            child = windows.append(
                number,
                of_row[step.entry_row],
                self._action[step.entry_row],
                step.observation,
            )
            column, kept = _locate(following, child)
            width = len(following)
        self._push = csr_array(
            (step.probability[kept], (step.entry_row[kept], column[kept])),
            shape=(len(of_row), width),
        )

    def improve(self, values: Floats) -> tuple[Floats, Ints]:
        """One step of dynamic programming.

        Parameters
        ----------
        values : (W', B) float64
            Values of the next step's windows.

        Returns
        -------
        values : (W, B) float64
        rows : (W, B) int64
            The best row of each window, R for an action that has none and is worth 0.
        """
        worth = self._push @ values
        best = np.maximum.reduceat(worth, self._starts)
        count = len(worth)
        number = np.where(worth == best[self._place], np.arange(count)[:, None], count)
        rows = np.minimum.reduceat(number, self._starts)
        sink = (best < 0) & self._sinks[:, None]
        return np.where(sink, 0.0, best), np.where(sink, count, rows)

    def advance(self, mass: Floats, rows: Ints) -> Floats:
        """Push the law of windows (W, B) to the next step when the given rows are played."""
        played = np.zeros((len(self._action) + 1, mass.shape[1]))
        played[rows, np.arange(mass.shape[1])] = mass
        return np.asarray(self._push.T @ played[:-1])

    def table(self, rows: Ints) -> WindowTable:
        """The table of the given rows (W,)."""
        action = np.append(self._action, 0)[rows]
        return WindowTable(
            window=self.window, action=np.where(rows == len(self._action), self._free, action)
        )


def _locate(sorted_values: Ints, wanted: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Find values among ascending ones: their places, and whether they are there."""
    place = np.searchsorted(sorted_values, wanted)
    found = place < len(sorted_values)
    found[found] = sorted_values[place[found]] == wanted[found]
    return place, found
