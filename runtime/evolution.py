"""χ and ξ found from what agents know after each history, or evidence that there are none."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np

from .arrays import digits
from .errors import LimitError, ProblemError
from .game import Game, Ints
from .information import InformationStructure
from .operators import list_outcomes
from .tabulation import show_value, tabulate_information

MAX_HISTORIES = 500_000
"""Histories of one step that are looked at, at most."""


@dataclass(frozen=True, slots=True)
class History:
    """What all agents did and saw before step h, as labels.

    Attributes
    ----------
    initial
        The initial observation of each agent; None for agents that have none.
    actions, observations
        One entry for each step before h: the actions, and the observations that followed.
    """

    initial: Mapping[str, str | None]
    actions: tuple[Mapping[str, str], ...] = ()
    observations: tuple[Mapping[str, str], ...] = ()

    def __str__(self) -> str:
        parts = [
            f"{what}[{agent}]@{step}={value}"
            for step, what, values in self._parts()
            for agent, value in values.items()
            if value is not None
        ]
        return ", ".join(parts) or "nothing"

    def _parts(self) -> Iterable[tuple[int, str, Mapping[str, str | None]]]:
        yield 1, "o", self.initial
        for step, (action, observation) in enumerate(
            zip(self.actions, self.observations, strict=True), start=1
        ):
            yield step, "a", {**action}
            yield step + 1, "o", {**observation}


CommonKnowledge = Callable[[History], AbstractSet[Hashable]]
"""c_h as the set of all that is common after a history."""
PrivateKnowledge = Callable[[str, History], Hashable]
"""p_{i,h} after a history."""


def derive_information(
    game: Game,
    *,
    name: str,
    common: CommonKnowledge,
    private: PrivateKnowledge,
    max_histories: int = MAX_HISTORIES,
) -> InformationStructure:
    """Find the χ and ξ behind what agents know after each history, or show that there are none.

    All histories are listed, so this is for small games; ``tabulate_information`` takes χ and ξ
    themselves.

    Raises
    ------
    ProblemError
        P0432 when something common is common no more, P0433 when the increment is no function of
        (p, a, o'), P0434 when p_i' is no function of (p_i, a_i, o_i'), each with histories that
        show it; P0430 and P0431 as for ``tabulate_information``.
    LimitError
        P0426 when there are too many histories.

    Notes
    -----
    Source: Liu and Zhang (2023), Assumption 1, Equations (2.1) and (2.2).
    """
    evolution = _Evolution(game, common, private, max_histories)
    evolution.run()

    def chi(
        step: int,
        p: Mapping[str, Hashable],
        a: Mapping[str, str | None],
        o: Mapping[str, str | None],
    ) -> Hashable:
        return evolution.increments[step, _key(p), _key(a), _key(o)].value

    def xi(step: int, agent: str, p: Hashable, a: str | None, o: str | None) -> Hashable:
        return evolution.private[step, agent, p, a, o].value

    return tabulate_information(game, name=name, chi=chi, xi=xi)


def _key(values: Mapping[str, Hashable]) -> tuple[Hashable, ...]:
    return tuple(values.values())


@dataclass(frozen=True, slots=True)
class _Seen:
    """An answer and the first history that led to it."""

    value: Hashable
    history: History


_Known = tuple[History, frozenset[Hashable], Mapping[str, Hashable]]
"""A history, c_h and p_h."""


class _Evolution:
    """Follows all histories and records what χ and ξ must answer."""

    def __init__(
        self,
        game: Game,
        common: CommonKnowledge,
        private: PrivateKnowledge,
        max_histories: int,
    ) -> None:
        self.increments: dict[tuple[Hashable, ...], _Seen] = {}
        self.private: dict[tuple[Hashable, ...], _Seen] = {}
        self._game = game
        self._common = common
        self._private = private
        self._max_histories = max_histories

    def run(self) -> None:
        """Go through the steps.

        A play is a state, a history, c_h and p_h; equal ones are met once, by their codes.
        """
        game = self._game
        agents = game.agents
        nobody = dict.fromkeys(agents)
        plays: dict[tuple[int, ...], _Known] = {}
        for state, seen, chance in zip(
            game.initial_state.tolist(),
            game.initial_observation.tolist(),
            game.initial_probability.tolist(),
            strict=True,
        ):
            if chance > 0:
                initial = {
                    agent: names[code] if len(names) > 1 else None
                    for agent, names, code in zip(
                        agents, game.labels.initial_observations, seen, strict=True
                    )
                }
                history = History(initial)
                known = self._advance(1, history, frozenset(), nobody, nobody, initial)
                plays[state, *seen] = (history, *known)
        for step in range(1, game.horizon):
            outcomes = list_outcomes(
                game.dynamics[int(game.dynamics_of_step[step - 1])],
                game.state_count,
                int(np.prod(game.action_counts)),
            )
            did = _name_codes(agents, game.labels.actions, outcomes.action, game.action_counts)
            saw = _name_codes(
                agents, game.labels.observations, outcomes.observation, game.observation_counts
            )
            made = list(
                zip(
                    outcomes.successor.tolist(),
                    outcomes.action.tolist(),
                    outcomes.observation.tolist(),
                    strict=True,
                )
            )
            following: dict[tuple[int, ...], _Known] = {}
            for (state, *past), (history, common, private) in plays.items():
                for at in range(int(outcomes.offsets[state]), int(outcomes.offsets[state + 1])):
                    key = (made[at][0], *past, *made[at][1:])
                    if key in following:
                        continue
                    longer = History(
                        history.initial,
                        (*history.actions, did[at]),
                        (*history.observations, saw[at]),
                    )
                    known = self._advance(step + 1, longer, common, private, did[at], saw[at])
                    following[key] = (longer, *known)
                if len(following) > self._max_histories:
                    raise LimitError(
                        "P0426",
                        step=step + 1,
                        agent="everybody",
                        count=len(following),
                        limit=self._max_histories,
                    )
            plays = following

    def _advance(
        self,
        step: int,
        history: History,
        before: frozenset[Hashable],
        private: Mapping[str, Hashable],
        actions: Mapping[str, str | None],
        observations: Mapping[str, str | None],
    ) -> tuple[frozenset[Hashable], dict[str, Hashable]]:
        """Ask what is known after a history, and hold it against earlier answers."""
        said = self._common(history)
        _check_hash("common", step, history, tuple(said))
        common = frozenset(said)
        lost = before - common
        if lost:
            value = min(map(show_value, lost))
            raise ProblemError("P0432", step=step, value=value, history=history)
        asked = (step, _key(private), _key(actions), _key(observations))
        _record(self.increments, asked, common - before, history, "P0433", step=step)
        known: dict[str, Hashable] = {}
        for agent in self._game.agents:
            known[agent] = self._private(agent, history)
            _check_hash("private", step, history, known[agent])
            own = (step, agent, private[agent], actions[agent], observations[agent])
            _record(self.private, own, known[agent], history, "P0434", step=step, agent=agent)
        return common, known


def _check_hash(function: str, step: int, history: History, answer: Hashable) -> None:
    try:
        hash(answer)
    except TypeError:
        raise ProblemError(
            "P0431", function=function, step=step, question=history, answer=repr(answer)
        ) from None


def _record(
    answers: dict[tuple[Hashable, ...], _Seen],
    question: tuple[Hashable, ...],
    value: Hashable,
    history: History,
    code: str,
    **facts: object,
) -> None:
    """Keep an answer; refuse it if an earlier history led to another."""
    seen = answers.setdefault(question, _Seen(value, history))
    if seen.value != value:
        raise ProblemError(
            code,
            **facts,
            first=show_value(seen.value),
            second=show_value(value),
            history=seen.history,
            other=history,
        )


def _name_codes(
    agents: tuple[str, ...],
    labels: tuple[tuple[str, ...], ...],
    codes: Ints,
    radices: tuple[int, ...],
) -> list[dict[str, str]]:
    """Turn joint codes into maps from agents to labels."""
    return [
        {agent: names[code] for agent, names, code in zip(agents, labels, row, strict=True)}
        for row in digits(codes, radices).T.tolist()
    ]
