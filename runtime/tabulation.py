"""Information structures given as Python functions χ and ξ, turned into tables."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from .arrays import digits
from .errors import LimitError, ProblemError
from .game import Game, Ints
from .information import IncrementLabels, InformationStructure, Update
from .operators import Outcomes, list_outcomes

CommonUpdate = Callable[
    [int, Mapping[str, Hashable], Mapping[str, str | None], Mapping[str, str | None]], Hashable
]
"""χ: (h, p, a, o) -> z_h, where p, a and o map agents to values."""
PrivateUpdate = Callable[[int, str, Hashable, str | None, str | None], Hashable]
"""ξ: (h, agent, p_i, a_i, o_i) -> p_{i,h}."""
MAX_CASES = 2_000_000
"""Combinations of (p, a, o) at one step that are asked for at most."""
_MAX_JOINT = 1 << 24

Question = TypeVar("Question")
Codes = tuple[int, ...]
Triples = tuple[tuple[int, int, int], ...]
"""(p_i, a_i, o_i) of each agent."""


def tabulate_information(
    game: Game,
    *,
    name: str,
    chi: CommonUpdate,
    xi: PrivateUpdate,
    max_cases: int = MAX_CASES,
) -> InformationStructure:
    """Call χ and ξ wherever the game can get and keep the answers as tables.

    For h = 2..H, χ(h, p, a, o) gives what becomes common at step h and ξ(h, agent, p_i, a_i, o_i)
    what the agent knows beyond that, from the private values of step h - 1, the actions of step
    h - 1 and the observations that followed. For h = 1 there are only initial observations: private
    values and actions are None, and so are observations of agents that have no initial one. Actions
    and observations are labels, and private values whatever ξ returned.

    With functions of these arguments Assumption 1 holds by construction, provided that they are
    functions: each is asked everything twice, the second time in the opposite order.

    Raises
    ------
    ProblemError
        P0430 when two answers differ, P0431 when an answer cannot be compared (is not hashable).
    LimitError
        P0427 when there are too many combinations.

    Notes
    -----
    Source: Liu and Zhang (2023), Assumption 1, Equations (2.1) and (2.2).
    """
    tabulation = _Tabulation(game, chi, xi, max_cases)
    for step in range(1, game.horizon + 1):
        tabulation.add(step)
    return InformationStructure(
        name=name,
        updates=tuple(tabulation.updates),
        private_labels=tuple(tabulation.private_labels),
        increment_labels=tuple(tabulation.increment_labels),
    )


def show_value(value: Hashable) -> str:
    """Put a private value or an increment into words."""
    if isinstance(value, (tuple, frozenset)):
        parts = [show_value(part) for part in value]
        return ", ".join(sorted(parts) if isinstance(value, frozenset) else parts) or "nothing"
    return "nothing" if value is None else str(value)


def name_values(values: Sequence[Hashable]) -> tuple[str, ...]:
    """Give distinct names to distinct values."""
    names = [show_value(value) for value in values]
    if len(set(names)) < len(names):
        names = [repr(value) for value in values]
    if len(set(names)) < len(names):
        names = [f"{text} #{number}" for number, text in enumerate(names)]
    return tuple(names)


class _Tabulation:
    """Tables of the steps so far, and what is possible at the last of them."""

    def __init__(self, game: Game, chi: CommonUpdate, xi: PrivateUpdate, max_cases: int) -> None:
        self.updates: list[Update] = []
        self.private_labels: list[tuple[tuple[str, ...], ...]] = []
        self.increment_labels: list[IncrementLabels] = []
        self._game = game
        self._chi = chi
        self._xi = xi
        self._max_cases = max_cases
        self._agents = range(len(game.agents))
        self._values: list[list[Hashable]] = [[None] for _ in self._agents]
        self._possible: set[tuple[int, Codes]] = set()
        self._outcomes: dict[int, Outcomes] = {}

    def add(self, step: int) -> None:
        """Tabulate the update into a step."""
        cases = self._list_cases(step)
        private = [self._ask_private(step, agent, cases) for agent in self._agents]
        increments = self._ask_common(step, cases)
        shapes = [
            (len(values), 1 if step == 1 else actions, observations)
            for values, actions, observations in zip(
                self._values,
                self._game.action_counts,
                self._observation_counts(step),
                strict=True,
            )
        ]
        values: list[list[Hashable]] = []
        tables: list[Ints] = []
        for shape, answers in zip(shapes, private, strict=True):
            numbers = {
                value: number for number, value in enumerate(dict.fromkeys(answers.values()))
            }
            table = np.zeros(shape, dtype=np.int64)
            for triple, value in answers.items():
                table[triple] = numbers[value]
            tables.append(table)
            values.append(list(numbers))
        self._add_update(step, shapes, tables, increments)
        self._possible = {
            (state, tuple(int(t[own]) for t, own in zip(tables, triples, strict=True)))
            for triples, states in cases.items()
            for state in states
        }
        self._values = values
        self.private_labels.append(tuple(name_values(column) for column in values))

    def _observation_counts(self, step: int) -> tuple[int, ...]:
        if step > 1:
            return self._game.observation_counts
        return tuple(len(names) for names in self._game.labels.initial_observations)

    def _list_cases(self, step: int) -> dict[Triples, set[int]]:
        """Find the (p, a, o) that can lead into a step, and the states they can lead to."""
        game = self._game
        cases: dict[Triples, set[int]] = {}
        if step == 1:
            for state, seen, chance in zip(
                game.initial_state.tolist(),
                game.initial_observation.tolist(),
                game.initial_probability.tolist(),
                strict=True,
            ):
                if chance > 0:
                    cases.setdefault(tuple((0, 0, o) for o in seen), set()).add(state)
            return cases
        outcomes = self._outcomes_of(step - 1)
        actions = digits(outcomes.action, game.action_counts).T.tolist()
        observations = digits(outcomes.observation, game.observation_counts).T.tolist()
        successors = outcomes.successor.tolist()
        for state, private in sorted(self._possible):
            for at in range(int(outcomes.offsets[state]), int(outcomes.offsets[state + 1])):
                triples = tuple(zip(private, actions[at], observations[at], strict=True))
                cases.setdefault(triples, set()).add(successors[at])
            if len(cases) > self._max_cases:
                raise LimitError("P0427", step=step, count=len(cases), limit=self._max_cases)
        return cases

    def _outcomes_of(self, step: int) -> Outcomes:
        which = int(self._game.dynamics_of_step[step - 1])
        if which not in self._outcomes:
            self._outcomes[which] = list_outcomes(
                self._game.dynamics[which],
                self._game.state_count,
                int(np.prod(self._game.action_counts)),
            )
        return self._outcomes[which]

    def _ask_private(
        self, step: int, agent: int, cases: Mapping[Triples, object]
    ) -> dict[tuple[int, int, int], Hashable]:
        """Evaluate ξ on every (p_i, a_i, o_i), twice."""
        questions = sorted({triples[agent] for triples in cases})
        name = self._game.agents[agent]

        def ask(question: tuple[int, int, int]) -> Hashable:
            return self._xi(step, name, *self._say(step, agent, question))

        return _ask_twice(
            "xi", step, questions, ask, lambda q: f"{name}: {self._describe(step, agent, q)}"
        )

    def _ask_common(self, step: int, cases: Mapping[Triples, object]) -> dict[Triples, Hashable]:
        """Evaluate χ on every (p, a, o), twice."""
        agents = self._game.agents

        def ask(question: Triples) -> Hashable:
            said = [self._say(step, agent, own) for agent, own in enumerate(question)]
            private, actions, observations = (
                dict(zip(agents, column, strict=True)) for column in zip(*said, strict=True)
            )
            return self._chi(step, private, actions, observations)

        def describe(question: Triples) -> str:
            return "; ".join(
                f"{agents[agent]}: {self._describe(step, agent, own)}"
                for agent, own in enumerate(question)
            )

        return _ask_twice("chi", step, sorted(cases), ask, describe)

    def _say(
        self, step: int, agent: int, triple: tuple[int, int, int]
    ) -> tuple[Hashable, str | None, str | None]:
        """Turn codes into what the functions are given."""
        labels = self._game.labels
        private, action, observation = triple
        if step == 1:
            names = labels.initial_observations[agent]
            return None, None, names[observation] if len(names) > 1 else None
        return (
            self._values[agent][private],
            labels.actions[agent][action],
            labels.observations[agent][observation],
        )

    def _describe(self, step: int, agent: int, triple: tuple[int, int, int]) -> str:
        parts = zip("pao", self._say(step, agent, triple), strict=True)
        return ", ".join(f"{letter} = {value}" for letter, value in parts)

    def _add_update(
        self,
        step: int,
        shapes: Sequence[tuple[int, int, int]],
        private: Sequence[Ints],
        increments: Mapping[Triples, Hashable],
    ) -> None:
        """Give χ in two stages: the part of (p_i, a_i, o_i) that matters, then the increment."""
        numbers = {z: number for number, z in enumerate(dict.fromkeys(increments.values()))}
        common: list[Ints] = []
        sizes: list[int] = []
        for agent, shape in enumerate(shapes):
            effects: dict[tuple[int, int, int], list[tuple[Triples, int]]] = {}
            for triples, z in increments.items():
                rest = triples[:agent] + triples[agent + 1 :]
                effects.setdefault(triples[agent], []).append((rest, numbers[z]))
            parts: dict[tuple[tuple[Triples, int], ...], int] = {}
            table = np.zeros(shape, dtype=np.int64)
            for triple, effect in effects.items():
                table[triple] = parts.setdefault(tuple(sorted(effect)), len(parts))
            common.append(table)
            sizes.append(len(parts))
        count = int(np.prod(np.array(sizes, dtype=object)))
        if count > _MAX_JOINT:
            raise LimitError("P0427", step=step, count=count, limit=_MAX_JOINT)
        joint = np.zeros(sizes, dtype=np.int64)
        for triples, z in increments.items():
            place = tuple(int(table[own]) for table, own in zip(common, triples, strict=True))
            joint[place] = numbers[z]
        self.updates.append(
            Update(
                private=tuple(private),
                common=tuple(common),
                common_sizes=tuple(sizes),
                joint=joint.ravel(),
                increment_count=len(numbers),
            )
        )
        names = name_values(list(numbers))
        self.increment_labels.append(IncrementLabels(parts=tuple(() for _ in shapes), joint=names))


def _ask_twice(
    function: str,
    step: int,
    questions: Sequence[Question],
    ask: Callable[[Question], Hashable],
    describe: Callable[[Question], str],
) -> dict[Question, Hashable]:
    """Answer all questions, and make sure that the answers do not depend on anything else."""
    answers: dict[Question, Hashable] = {}
    for question in questions:
        answers[question] = ask(question)
        try:
            hash(answers[question])
        except TypeError:
            raise ProblemError(
                "P0431",
                function=function,
                step=step,
                question=describe(question),
                answer=repr(answers[question]),
            ) from None
    for question in reversed(questions):
        again = ask(question)
        if again != answers[question]:
            raise ProblemError(
                "P0430",
                function=function,
                step=step,
                question=describe(question),
                first=repr(answers[question]),
                second=repr(again),
            )
    return answers
