"""Policies that ignore the common information and choose one action for each private value."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .dependence import Choice
from .game import Game
from .information import InformationStructure
from .policies import Policy, PolicyStep, PrescriptionRows


def build_pure_policy(
    game: Game, information: InformationStructure, choices: Iterable[Choice]
) -> Policy:
    """Build the policy that makes the given choices, and takes the first action elsewhere.

    It has one node a step. Its ``value`` is empty: ``evaluate_policy`` knows it.
    """
    chosen = {(c.step, c.agent, c.private): c.action for c in choices}
    one = np.ones(1)
    zero = np.zeros(1, dtype=np.int64)
    steps: list[PolicyStep] = []
    for step, update in enumerate(information.updates, start=1):
        count = update.increment_count
        labels = information.increment_labels[step - 1]
        rows: list[PrescriptionRows] = []
        for agent, names, actions in zip(
            game.agents, information.private_labels[step - 1], game.labels.actions, strict=True
        ):
            action = [actions.index(chosen.get((step, agent, name), actions[0])) for name in names]
            rows.append(
                PrescriptionRows(
                    private=names,
                    signal=np.zeros(len(names), dtype=np.int64),
                    value=np.arange(len(names)),
                    probability=np.eye(len(actions))[action],
                )
            )
        steps.append(
            PolicyStep(
                node_count=1,
                increments=tuple(labels[code] for code in range(count)),
                source=np.zeros(count, dtype=np.int64),
                increment=np.arange(count),
                target=np.zeros(count, dtype=np.int64),
                signal_node=zero,
                signal_weight=one,
                prescriptions=tuple(rows),
            )
        )
    return Policy(
        game=game.name,
        sharing=information.name,
        concept="pure",
        value={},
        actions=dict(zip(game.agents, game.labels.actions, strict=True)),
        steps=tuple(steps),
    )
