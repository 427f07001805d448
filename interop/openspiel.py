"""OpenSpiel: games as extensive forms, and tabular policies both ways.

OpenSpiel reads the text of an ``.efg`` file, which its own code then plays; a game written in Python
would be far slower. The package is imported when a game is loaded; ``pip install 'posg[openspiel]'``
installs it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from posg.api.explained import explained
from posg.api.specs import Playable, Sharing, compile_playable
from posg.runtime import ProblemError, evaluate_policy
from posg.runtime.arrays import locate_values, sum_at
from posg.runtime.extensive_form import (
    DEFAULT_TREE_NODES,
    ExtensiveForm,
    TreeStep,
    build_extensive_form,
)
from posg.runtime.game import Floats, Ints
from posg.runtime.packages import require_package
from posg.runtime.policies import BoundPolicy, Policy, PolicyStep, PrescriptionRows

from .gambit import number_sets, write_efg

_PURPOSE = "a game for OpenSpiel"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSpielGame:
    """A game under a sharing structure as OpenSpiel has it.

    Information states are called ``i-i-k-LABEL``: the player twice, the number of the information set
    among the player's, and what is known there, ``step h; common: c_h; private: p_{i,h}``. Where all
    actions come to the same there is no decision, and of two actions that come to the same only the
    first is offered.

    Attributes
    ----------
    game
        The ``pyspiel.Game``.
    form
        The tree that it was made of.
    """

    game: Any
    form: ExtensiveForm

    def to_tabular(self, policy: Policy) -> Any:
        """Turn a policy into an ``open_spiel.python.policy.TabularPolicy``.

        Raises
        ------
        ProblemError
            P0930, for a policy that draws lots which all agents see: OpenSpiel's policies cannot. P0704
            or P0705, for a policy of another game.
        """
        with explained():
            form = self.form
            bound = BoundPolicy(policy, form.game, form.information)
            tabular = self._tabular_class()(self.game)
            cells = dict(self._cells(tabular))
            nodes = np.zeros(1, dtype=np.int64)
            numbers = number_sets(form)
            for number, step in enumerate(form.steps, start=1):
                nodes = bound.follow(number, nodes[step.source], step.increment)
                place, signals, _ = bound.draw_of(number, nodes)
                if len(place) != len(nodes):
                    raise ProblemError("P0930", step=number)
                for agent, own in enumerate(step.sets):
                    answer = bound.respond(number, agent, signals[own.common], own.private)
                    folded = _fold(answer, own.original)
                    for row, name in zip(folded, numbers[agent][number - 1].tolist(), strict=True):
                        if name:
                            state, columns = cells[agent, name]
                            kept = columns >= 0
                            tabular.action_probability_array[state, columns[kept]] = row[kept]
            return tabular

    def from_tabular(self, tabular: Any, *, concept: str = "nash") -> Policy:
        """Turn a policy of OpenSpiel's into one that ``posg evaluate`` takes.

        Parameters
        ----------
        tabular
            A ``TabularPolicy``, or any ``open_spiel.python.policy.Policy``: it is tabulated.
        concept
            What its gap is to be measured by: ``nash``, ``ce``, ``cce`` or ``team``.
        """
        form = self.form
        if not isinstance(tabular, self._tabular_class()):
            tabular = tabular.to_tabular()
        cells = dict(self._cells(tabular))
        numbers = number_sets(form)
        steps: list[PolicyStep] = []
        for number, step in enumerate(form.steps, start=1):
            rows: list[Floats] = []
            for agent, own in enumerate(step.sets):
                probability = own.kept.astype(np.float64)
                for place, name in enumerate(numbers[agent][number - 1].tolist()):
                    if name:
                        state, columns = cells[agent, name]
                        found = tabular.action_probability_array[state, columns]
                        probability[place] = np.where(columns >= 0, found, 0.0)
                rows.append(probability)
            steps.append(policy_step(form, number, step, rows))
        policy = Policy(
            game=form.game.name,
            sharing=form.information.name,
            concept=concept,
            value={},
            actions=dict(zip(form.game.agents, form.game.labels.actions, strict=True)),
            steps=tuple(steps),
        )
        value = evaluate_policy(form.game, form.information, policy).value.tolist()
        return replace(policy, value=dict(zip(form.game.agents, value, strict=True)))

    def _tabular_class(self) -> Any:
        return require_package("open_spiel.python.policy", "openspiel", _PURPOSE).TabularPolicy

    def _cells(self, tabular: Any) -> Iterator[tuple[tuple[int, int], tuple[int, Ints]]]:
        """For each (agent, number of an information set) its row, and the column of each action, or -1."""
        for key, place in tabular.state_lookup.items():
            agent, _, number, _ = key.split("-", 3)
            state = tabular.states[place]
            names = self.form.game.labels.actions[int(agent)]
            columns = np.full(len(names), -1)
            for action in state.legal_actions(int(agent)):
                columns[names.index(state.action_to_string(int(agent), action))] = action
            yield (int(agent), int(number)), (place, columns)


def load(
    game: Playable,
    sharing: Sharing | None = None,
    *,
    horizon: int | None = None,
    parameters: Mapping[str, str | int | float | Fraction] | None = None,
    max_nodes: int = DEFAULT_TREE_NODES,
) -> OpenSpielGame:
    """Load a game under a sharing structure into OpenSpiel.

    Parameters
    ----------
    game
        A ``.posg`` file, or a game that is compiled already, as ``posg.runtime.load_game`` returns it. Such
        a game has its sharing structure, horizon and parameters.
    sharing
        Such as ``"delayed(d = 1)"``; the file's own choice by default.
    horizon, parameters
        In place of those in the file.
    max_nodes
        Of the tree.

    Raises
    ------
    SpecError
        When the file, the structure or a parameter is wrong.
    LimitError
        P0927, when the tree has more than ``max_nodes`` nodes.
    ProblemError
        P0825, without OpenSpiel.
    ValueError
        When a compiled game is to be compiled otherwise.
    """
    with explained():
        package = require_package("pyspiel", "openspiel", _PURPOSE)
        found, information = compile_playable(game, sharing, horizon, parameters or {})
        form = build_extensive_form(found, information, max_nodes=max_nodes)
        return OpenSpielGame(game=package.load_efg_game(write_efg(form)), form=form)


def _fold(answer: Floats, original: Ints) -> Floats:
    """Give what actions that are left out have to those that come to the same: (I, A)."""
    count, width = answer.shape
    cell = np.arange(count)[:, None] * width + original
    return sum_at(cell.ravel(), answer.ravel(), count * width).reshape(count, width)


def policy_step(
    form: ExtensiveForm, number: int, step: TreeStep, probability: list[Floats]
) -> PolicyStep:
    """One step of a policy whose nodes are the common information, with a row (A_i,) for each set."""
    codes, increment = locate_values(step.increment)
    labels = form.information.increment_labels[number - 1]
    count = len(step.source)
    return PolicyStep(
        node_count=count,
        increments=tuple(labels[code] for code in codes.tolist()),
        source=step.source,
        increment=increment,
        target=np.arange(count),
        signal_node=np.arange(count),
        signal_weight=np.ones(count),
        prescriptions=tuple(
            PrescriptionRows(
                private=form.information.private_labels[number - 1][agent],
                signal=own.common,
                value=own.private,
                probability=probability[agent],
            )
            for agent, own in enumerate(step.sets)
        ),
    )
