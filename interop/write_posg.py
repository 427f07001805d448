"""Tables as a spec that reads as if somebody had written it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from posg.grammar.layout import HARD, LINE, Doc, align, group, lay_out, nest, sequence
from posg.grammar.printer import WIDTH

from .case_layout import Axis, CaseLayout, NumberTexts, Value, law_value, number_text
from .cases import Cases, find_cases
from .independence import Table, distinct_rows, joint_names, marginals
from .posg_names import PosgNames, choose_names
from .tabular import Ids, TabularGame, ValueList


class DummyReward(Enum):
    """What an agent that is added is paid."""

    COOPERATIVE = "cooperative"
    ZERO_SUM = "zero-sum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dummy:
    """A second agent with one action, which makes a POMDP a game.

    Source: Propositions 7 (it sees nothing) and 8 (it sees the state) of Liu and Zhang, "Partially
    observable multi-agent RL with (quasi-)efficiency", ICML 2023.
    """

    reward: DummyReward
    sees_state: bool


def write_posg(
    game: TabularGame,
    *,
    horizon: int,
    comments: Sequence[str] = (),
    dummy: Dummy | None = None,
) -> str:
    """Write a spec in canonical layout.

    Parameters
    ----------
    horizon
        The number of decisions, which the tables do not say.
    comments
        Lines to begin with.
    dummy
        An agent to add to a game of one agent.
    """
    writer = _Writer(game, choose_names(game), dummy)
    lines = (f"// {comment}".rstrip() for comment in comments)
    body = sequence(*(sequence(HARD, doc) if doc else HARD for doc in writer.body(horizon)))
    doc = sequence(*(sequence(line, HARD) for line in lines), f"game {writer.names.game} {{")
    text = lay_out(sequence(doc, nest(2, body), HARD, "}", HARD), WIDTH)
    return text


class _Writer:
    def __init__(self, game: TabularGame, names: PosgNames, dummy: Dummy | None) -> None:
        self.game = game
        self.names = names
        self.dummy = dummy
        self.agent_count = len(game.agents)
        self.action_axes = [
            Axis(f"{names.action}[{agent}]", values)
            for agent, values in zip(names.agents, names.actions, strict=True)
        ]
        self.observation_axes = [
            Axis(f"{names.observation}[{agent}]'", values)
            for agent, values in zip(names.agents, names.observations, strict=True)
        ]
        self.now = Axis(names.state, names.states)
        self.then = Axis(f"{names.state}'", names.states)

    def body(self, horizon: int) -> list[Doc]:
        """Statements of the game, "" for a blank line."""
        names, game = self.names, self.game
        agents = (*names.agents, names.dummy) if self.dummy else names.agents
        statements: list[Doc] = [_filled("agents ", agents, ";"), f"horizon {horizon};"]
        if game.discount != 1:
            discount = f"param {names.discount} in [0, 1] = {number_text(game.discount)};"
            statements += [discount, f"discount {names.discount};"]
        statements += ["", self.domain(f"state {names.state}", names.states)]
        statements += self.domains("action", names.action, names.actions)
        statements += self.domains("observation", names.observation, names.observations)
        if self.dummy and self.dummy.sees_state:
            subject = f"observation {names.seen}[{names.dummy}]"
            statements.append(self.domain(subject, names.states))
        weights = ValueList()
        codes = [weights.number(weight) for weight in game.start]
        places = [place for place, code in enumerate(codes) if code]
        texts = NumberTexts(weights.values)
        start = law_value(names.states, places, [codes[place] for place in places], texts)
        head = f"init {names.state} ~ "
        fits = len(head) + len(start.flat) + 3 <= WIDTH
        law = start.flat if fits else start.doc(2)
        statements += ["", self.equation(f"init {names.state}", start.is_point, law)]
        statements += [self.transition(), *self.observation()]
        if self.dummy and self.dummy.sees_state:
            statements.append(f"{names.seen}[{names.dummy}]' = {names.state}';")
        return [*statements, "", *self.reward(), "", "use sharing delayed(d = 1);"]

    def domain(self, head: str, values: tuple[str, ...]) -> Doc:
        return _filled(f"{head} in {{ ", values, " };")

    def domains(self, word: str, name: str, groups: tuple[tuple[str, ...], ...]) -> list[Doc]:
        """Declare a variable of every agent: at once if they have the same values."""
        if len(set(groups)) == 1 and self.dummy is None:
            return [self.domain(f"{word} {name}[{self.names.index}]", groups[0])]
        return [
            self.domain(f"{word} {name}[{agent}]", values)
            for agent, values in zip(self.names.agents, groups, strict=True)
        ]

    def equation(self, target: str, is_point: bool, value: Doc) -> Doc:
        return sequence(target, " = " if is_point else " ~ ", value, ";")

    def cases(
        self,
        target: str,
        table: Ids,
        axes: Sequence[Axis],
        groups: Sequence[Sequence[int]],
        leaf: Callable[[int], Value],
    ) -> Doc:
        """Write an equation of a table."""
        cases, _ = find_cases(table, groups)
        is_point = all(leaf(code).is_point for code in np.unique(table).tolist())
        return self.tree(target, cases, axes, is_point, leaf)

    def tree(
        self,
        target: str,
        cases: Cases,
        axes: Sequence[Axis],
        is_point: bool,
        leaf: Callable[[int], Value],
    ) -> Doc:
        value = CaseLayout(axes, leaf).value(cases, 2, 2 + len(target) + 3)
        return self.equation(target, is_point, value)

    def transition(self) -> Doc:
        """Write the law of the next state.

        Rows that keep the state may be written by its name or by the variable's, whatever takes
        fewer cases.
        """
        game, names = self.game, self.names
        laws = _Laws((game.transition, game.values), names.states)
        shape = (*game.action_counts, len(names.states))
        plain = laws.rows.reshape(shape)
        keeps = np.array(laws.points)[laws.rows] == np.arange(len(names.states))
        relative = np.where(keeps, len(laws.values), laws.rows).reshape(shape).astype(np.int32)
        axes = [*self.action_axes, self.now]
        groups = [list(range(self.agent_count)), [self.agent_count]]
        found = [find_cases(table, groups) for table in (plain, relative)]
        values = [*laws.values, Value(names.state)]
        cases = min(found, key=lambda tree: tree[1])[0]
        is_point = all(value.is_point for value in laws.values)
        return self.tree(f"{names.state}'", cases, axes, is_point, values.__getitem__)

    def observation(self) -> list[Doc]:
        """Write the law of each agent's observation, or one for all where they are not independent."""
        game, names = self.game, self.names
        axes = [*self.action_axes, self.then]
        groups = [list(range(self.agent_count)), [self.agent_count]]
        shape = (*game.action_counts, len(names.states))
        apart = marginals(game)
        if apart is None:
            labels = [f"{names.observation}[{agent}]'" for agent in names.agents]
            laws = _Laws((game.observation, game.values), joint_names(names.observations))
            table, leaf = laws.rows.reshape(shape), laws.values.__getitem__
            return [self.cases(f"({', '.join(labels)})", table, axes, groups, leaf)]
        pieces = [
            (laws.rows.reshape(shape), laws.values)
            for laws in map(_Laws, apart, names.observations)
        ]
        table, values = pieces[0]
        if self.dummy is None and all(
            np.array_equal(table, other) and values == also for other, also in pieces[1:]
        ):
            target = f"{names.observation}[{names.index}]'"
            return [self.cases(target, table, axes, groups, values.__getitem__)]
        return [
            self.cases(axis.subject, table, axes, groups, values.__getitem__)
            for axis, (table, values) in zip(self.observation_axes, pieces, strict=True)
        ]

    def reward(self) -> list[Doc]:
        """Write the reward, and that of an agent who was added."""
        game, names, count = self.game, self.names, self.agent_count
        sizes = (*game.action_counts, *game.reward.shape[1:3])
        last = game.observation_counts if game.reward.shape[3] > 1 else (1,) * count
        axes = [*self.action_axes, self.now, self.then, *self.observation_axes]
        groups = [
            list(range(count)),
            [count],
            [count + 1],
            list(range(count + 2, 2 * count + 2)),
        ]

        def leaf(code: int) -> Value:
            return Value(number_text(game.values[code]))

        target = f"reward[{names.agents[0]}]" if self.dummy else "reward"
        statements = [self.cases(target, game.reward.reshape(*sizes, *last), axes, groups, leaf)]
        if self.dummy:
            sign = "-" if self.dummy.reward is DummyReward.ZERO_SUM else ""
            statements.append(f"reward[{names.dummy}] = {sign}reward[{names.agents[0]}];")
        return statements


class _Laws:
    """Distinct rows of a table of laws: their texts, and which row stands where.

    ``points[k]`` is the only value that row k has, or -1.
    """

    def __init__(self, table: Table, names: Sequence[str]) -> None:
        ids, weights = table
        distinct, places = distinct_rows(ids.reshape(-1, ids.shape[-1]))
        self.rows: Ids = places.reshape(ids.shape[:-1])
        self.values: list[Value] = []
        self.points: list[int] = []
        texts = NumberTexts(weights)
        for row in distinct:
            used = np.flatnonzero(row).tolist()
            self.values.append(law_value(names, used, row[used].tolist(), texts))
            self.points.append(used[0] if len(used) == 1 else -1)


def _filled(head: str, items: Sequence[str], tail: str) -> Doc:
    """Lay out a list, as much on a line as fits."""
    first, *others = items
    return sequence(
        head, align(first, *(sequence(",", group(LINE, item)) for item in others)), tail
    )
