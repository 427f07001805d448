"""What is played at the nodes of a step, put in order as batches of stages are solved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Columns
from .game import Floats, Ints
from .payoffs import StagePayoffs
from .policies import PrescriptionRows
from .solvers.protocol import StageSolution


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPlay:
    """Signals and prescriptions of one step, as in ``PolicyStep``."""

    signal_node: Ints
    signal_weight: Floats
    prescriptions: tuple[PrescriptionRows, ...]


class PlayRecorder:
    """Collects the solutions of a step's batches, in any order, without their payoffs."""

    def __init__(self, agents: int) -> None:
        self._signals = Columns()
        self._count = 0
        self._rows = [Columns() for _ in range(agents)]

    def add(self, payoffs: StagePayoffs, solution: StageSolution) -> None:
        """Append one batch."""
        if solution.lottery is None:
            place, weight = np.arange(len(payoffs.nodes)), np.ones(len(payoffs.nodes))
        else:
            place, weight = solution.lottery.node, solution.lottery.weight
        signal = np.arange(self._count, self._count + len(place))
        self._signals.add(payoffs.nodes[place], weight)
        self._count += len(place)
        for columns, values, rows in zip(
            self._rows, payoffs.private, solution.prescriptions, strict=True
        ):
            private = values if solution.lottery is None else values[place]
            columns.add(
                np.repeat(signal, private.shape[1]),
                private.ravel(),
                rows.reshape(-1, rows.shape[-1]),
            )

    def finish(self, labels: tuple[tuple[str, ...], ...]) -> StepPlay:
        """Put everything in order of node and private value; the recorder is empty after that.

        Parameters
        ----------
        labels
            Each agent's private values.
        """
        node, weight = self._signals.join()
        order = None
        if (node[1:] < node[:-1]).any():
            order = np.argsort(node, kind="stable")
            node, weight = node[order], weight[order]
        prescriptions: list[PrescriptionRows] = []
        for names, columns in zip(labels, self._rows, strict=True):
            signal, value, probability = columns.join()
            if order is not None:
                number = np.empty_like(order)
                number[order] = np.arange(len(order))
                signal = number[signal]
                rows = np.argsort(signal, kind="stable")  # values ascend in each signal
                signal, value, probability = signal[rows], value[rows], probability[rows]
            prescriptions.append(
                PrescriptionRows(private=names, signal=signal, value=value, probability=probability)
            )
        return StepPlay(signal_node=node, signal_weight=weight, prescriptions=tuple(prescriptions))
