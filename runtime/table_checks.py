"""Whether the tables of an information structure fit the game and each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .errors import ProblemError
from .game import Game
from .information import InformationStructure

Misfit = tuple[int, str, object, object]
"""(step, what, what it is, what it should be)"""


def check_tables(game: Game, information: InformationStructure) -> None:
    """Make sure that χ and ξ as tables fit the game.

    Tables have no arguments that Assumption 1 forbids. What can be wrong is their shapes, that they
    name something that does not exist, or that labels, which policies are keyed by, do not tell
    increments or private values apart.

    Raises
    ------
    ProblemError
        P0435, for the first thing that is wrong.

    Notes
    -----
    Source: Liu and Zhang (2023), Assumption 1, Equations (2.1) and (2.2).
    """
    for step, what, found, expected in _misfits(game, information):
        raise ProblemError("P0435", step=step, what=what, found=found, expected=expected)


def _misfits(game: Game, information: InformationStructure) -> Iterator[Misfit]:
    lengths = {
        "updates": len(information.updates),
        "private labels": len(information.private_labels),
        "increment labels": len(information.increment_labels),
    }
    for what, length in lengths.items():
        if length != game.horizon:
            yield game.horizon, f"number of {what}", length, game.horizon
            return
    before = (1,) * len(game.agents)
    for step in range(1, game.horizon + 1):
        yield from _step_misfits(game, information, step, before)
        before = information.private_counts[step - 1]


def _step_misfits(
    game: Game, information: InformationStructure, step: int, before: tuple[int, ...]
) -> Iterator[Misfit]:
    """Check one update; ``before`` are the sizes of private values that it starts from."""
    update = information.updates[step - 1]
    labels = information.private_labels[step - 1]
    names = information.increment_labels[step - 1]
    count = len(game.agents)
    tables = (update.private, update.common, update.common_sizes, labels, names.parts)
    for what, length in zip(
        ("tables of ξ", "tables of χ", "sizes of χ", "lists of private labels", "lists of parts"),
        map(len, tables),
        strict=True,
    ):
        if length != count:
            yield step, f"number of {what}", length, count
            return
    initial = tuple(len(known) for known in game.labels.initial_observations)
    for place, agent in enumerate(game.agents):
        shape = (
            (1, 1, initial[place])
            if step == 1
            else (before[place], game.action_counts[place], game.observation_counts[place])
        )
        for symbol, table, size in (
            ("ξ", update.private[place], len(labels[place])),
            ("χ", update.common[place], update.common_sizes[place]),
        ):
            if table.shape != shape:
                yield step, f"shape of {symbol} for {agent}", table.shape, shape
            elif table.size and not 0 <= int(table.min()) <= int(table.max()) < size:
                found = f"{int(table.min())} to {int(table.max())}"
                yield step, f"range of {symbol} for {agent}", found, f"0 to {size - 1}"
        if len(set(labels[place])) < len(labels[place]):
            distinct = len(set(labels[place]))
            yield (
                step,
                f"number of distinct private labels of {agent}",
                distinct,
                len(labels[place]),
            )
    combinations = int(np.prod(np.array(update.common_sizes, dtype=object)))
    known = update.increment_count
    if update.joint is None:
        if combinations != known:
            yield step, "number of increments", known, combinations
        for place, agent in enumerate(game.agents):
            distinct = len(set(names.parts[place]))
            if distinct != update.common_sizes[place]:
                what = f"number of distinct labels for the part of {agent} in the increment"
                yield step, what, distinct, update.common_sizes[place]
        return
    if len(update.joint) != combinations:
        yield step, "length of the joint part of χ", len(update.joint), combinations
    elif not 0 <= int(update.joint.min()) <= int(update.joint.max()) < known:
        found = f"{int(update.joint.min())} to {int(update.joint.max())}"
        yield step, "range of the joint part of χ", found, f"0 to {known - 1}"
    distinct = len(set(names.joint or ()))
    if distinct != known:
        yield step, "number of distinct labels of increments", distinct, known
