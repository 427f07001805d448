"""Gambit's files: the extensive form as ``.efg``, and reduced pure strategies as ``.nfg``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import log2, log10, prod

import numpy as np

from posg.runtime.arrays import digits
from posg.runtime.errors import LimitError
from posg.runtime.extensive_form import ExtensiveForm, TreeStep
from posg.runtime.game import Floats, Ints

DEFAULT_PROFILES = 1_000_000
"""Pure strategy profiles of an ``.nfg`` file, at most."""
_UNITS = 10**15
_DENOMINATOR = 10**6
_EXACT = 1e-15
"""A probability this near to a fraction of a small denominator is that fraction."""


def write_efg(form: ExtensiveForm, *, comment: str = "") -> str:
    """Write a tree as an ``.efg`` file, which Gambit and OpenSpiel read.

    Agents move one after the other, and do not see what others chose at the same step. Labels of
    information sets say what is known: the common information, and what the agent has of its own.

    Parameters
    ----------
    comment
        Stands at the top of the file.

    Notes
    -----
    Source: the format that Gambit 16 documents. Probabilities of a chance move sum to exactly 1, see
    ``exact_law``. Payoffs are at the ends, with 15 digits.
    """
    return "\n".join(_EfgWriter(form).lines(comment)) + "\n"


def write_nfg(
    form: ExtensiveForm, *, max_profiles: int = DEFAULT_PROFILES, comment: str = ""
) -> str:
    """Write the reduced normal form as an ``.nfg`` file.

    A strategy says what to do at the information sets that the agent can still reach by it. Its
    label lists these choices.

    Raises
    ------
    LimitError
        P0928, when there are more than ``max_profiles`` profiles.
    """
    agents = [_Strategies(form, agent) for agent in range(_agents(form))]
    counts = [own.count() for own in agents]
    if prod(counts) > max_profiles:
        raise LimitError("P0928", counts=" x ".join(map(_whole, counts)), limit=max_profiles)
    strategies = [own.listed() for own in agents]
    payoffs = _expect_payoffs(form, strategies)
    players = " ".join(_quoted(agent) for agent in form.game.agents)
    lines = [f"NFG 1 R {_quoted(_title(form))} {{ {players} }}", ""]
    groups = ["{ " + " ".join(_quoted(name) for name, _ in own) + " }" for own in strategies]
    lines += ["{ " + "\n  ".join(groups), "}", _quoted(comment), ""]
    # The first player's strategies vary fastest.
    rows = payoffs.reshape(len(payoffs), -1, order="F").T
    lines += [" ".join(_number(value) for value in row) for row in rows.tolist()]
    return "\n".join(lines) + "\n"


def exact_law(probability: Floats) -> list[str]:
    """Write probabilities so that they sum to exactly 1.

    They are fractions with small denominators where all of them are, and else decimals of 15
    digits, of which the largest takes up what rounding left.
    """
    fractions = [Fraction(value).limit_denominator(_DENOMINATOR) for value in probability.tolist()]
    near = [
        abs(float(fraction) - value) <= _EXACT
        for fraction, value in zip(fractions, probability.tolist(), strict=True)
    ]
    if all(near) and all(fractions) and sum(fractions) == 1:
        return [str(fraction) for fraction in fractions]
    units = np.maximum(1, np.rint(probability * _UNITS).astype(np.int64))
    units[np.argmax(units)] += _UNITS - int(units.sum())
    return [f"0.{unit:015d}" for unit in units.tolist()]


def _agents(form: ExtensiveForm) -> int:
    return len(form.game.agents)


def _title(form: ExtensiveForm) -> str:
    return f"{form.game.name} under {form.information.name}, horizon {form.game.horizon}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "/").replace('"', "'") + '"'


def _number(value: float) -> str:
    text = f"{value:.15g}"
    return "0" if text == "-0" else text


def _whole(number: int) -> str:
    """A number, or how large it is if nobody would read it."""
    if number < 10**12:
        return str(number)
    return f"10^{int(log2(number) * log10(2))}"


def number_sets(form: ExtensiveForm) -> list[list[Ints]]:
    """Number each agent's information sets with a choice through, from 1.

    Returns
    -------
    For each agent and step the number of each information set (I,), 0 for those without a choice.
    """
    numbers: list[list[Ints]] = []
    for agent in range(_agents(form)):
        free = np.concatenate([step.sets[agent].has_choice for step in form.steps])
        through = np.where(free, np.cumsum(free, dtype=np.int64), 0)
        ends = np.cumsum([len(step.sets[agent].common) for step in form.steps])
        numbers.append(np.split(through, ends[:-1]))
    return numbers


def _branches_of(step: TreeStep, parents: int, actions: int) -> tuple[Ints, Ints]:
    """Where the histories after each (history, joint action) begin and end: two (parents, A)."""
    key = step.parent * actions + np.maximum(step.action, 0)
    wanted = np.arange(parents * actions)
    begin = np.searchsorted(key, wanted).reshape(parents, actions)
    end = np.searchsorted(key, wanted, side="right").reshape(parents, actions)
    return begin, end


class _EfgWriter:
    def __init__(self, form: ExtensiveForm) -> None:
        self._form = form
        self._game = form.game
        width = prod(form.game.action_counts)
        parents = [1, *(len(step.parent) for step in form.steps)]
        joint = [1, *[width] * form.game.horizon]
        self._branches = [
            _branches_of(step, parent, actions)
            for step, parent, actions in zip(form.steps, parents, joint, strict=False)
        ]
        self._numbers = number_sets(form)
        self._labels = [
            [[_quoted(label) for label in labels] for labels in step] for step in form.label_sets()
        ]
        self._chance = 0
        self._ends = 0

    def lines(self, comment: str) -> Iterator[str]:
        """The file."""
        players = " ".join(_quoted(agent) for agent in self._game.agents)
        yield f"EFG 2 R {_quoted(_title(self._form))} {{ {players} }}"
        yield _quoted(comment)
        yield from self._nature(1, 0, 0, np.zeros(_agents(self._form)))

    def _nature(self, number: int, parent: int, action: int, paid: Floats) -> Iterator[str]:
        """What follows a joint action: a chance move, if more than one thing can."""
        begin, end = (int(part[parent, action]) for part in self._branches[number - 1])
        step = self._form.steps[number - 1]
        if end - begin > 1:
            self._chance += 1
            moves = " ".join(
                f"{_quoted(self._branch_label(number, history))} {chance}"
                for history, chance in zip(
                    range(begin, end), exact_law(step.probability[begin:end]), strict=True
                )
            )
            yield f'c "" {self._chance} "" {{ {moves} }} 0'
        for history in range(begin, end):
            yield from self._decide(number, history, 0, (), paid)

    def _branch_label(self, number: int, history: int) -> str:
        step, information = self._form.steps[number - 1], self._form.information
        increment = int(step.increment[step.common[history]])
        parts = [information.increment_labels[number - 1][increment]]
        for agent, names, private in zip(
            self._game.agents,
            information.private_labels[number - 1],
            step.private[:, history].tolist(),
            strict=True,
        ):
            parts.append(f"{agent}: {names[private]}" if names[private] else "")
        return "; ".join(part for part in parts if part) or "nothing"

    def _decide(
        self, number: int, history: int, agent: int, chosen: tuple[int, ...], paid: Floats
    ) -> Iterator[str]:
        """The decisions of a step from some agent on, and all that follows."""
        step = self._form.steps[number - 1]
        if agent == _agents(self._form):
            action = int(np.ravel_multi_index(chosen, self._game.action_counts))
            paid = paid + step.rewards[:, history, action]
            if number == self._game.horizon:
                self._ends += 1
                payoffs = ", ".join(map(_number, paid.tolist()))
                yield f't "" {self._ends} "" {{ {payoffs} }}'
            else:
                yield from self._nature(number + 1, history, action, paid)
            return
        own = step.sets[agent]
        place = int(own.member[history])
        kept = np.flatnonzero(own.kept[place]).tolist()
        if len(kept) > 1:
            names = self._game.labels.actions[agent]
            moves = " ".join(_quoted(names[action]) for action in kept)
            label = self._labels[number - 1][agent][place]
            place_number = int(self._numbers[agent][number - 1][place])
            yield f'p "" {agent + 1} {place_number} {label} {{ {moves} }} 0'
        for action in kept:
            yield from self._decide(number, history, agent + 1, (*chosen, action), paid)


_Choice = tuple[int, int, int]
"""A step, an information set of the agent, and an action."""

_Strategy = tuple[str, frozenset[_Choice]]
"""A label, and the choices that the strategy makes."""


def _next_sets(form: ExtensiveForm, agent: int) -> dict[_Choice | None, list[tuple[int, int]]]:
    """Find the information sets with a choice that can come next after each choice; None is the start.

    Where agents forget, one information set comes after several choices: then all of them come at once.
    """
    following: dict[_Choice | None, list[tuple[int, int]]] = {}
    last: list[_Choice | None] = [None]
    member_before, free_before = [0], [False]
    for number, step in enumerate(form.steps, start=1):
        own = step.sets[agent]
        member, free = own.member.tolist(), own.has_choice.tolist()
        acted = digits(np.maximum(step.action, 0), form.game.action_counts)[agent].tolist()
        now: list[_Choice | None] = []
        for here, parent, action in zip(member, step.parent.tolist(), acted, strict=True):
            origin, place = last[parent], member_before[parent]
            if free_before[place] and form.forgotten is None:
                origin = (number - 1, place, action)
            now.append(origin)
            following.setdefault(origin, [])
            if free[here]:
                following[origin].append((number, here))
        last, member_before, free_before = now, member, free
    return {origin: list(dict.fromkeys(sets)) for origin, sets in following.items()}


class _Strategies:
    """The reduced pure strategies of one agent."""

    def __init__(self, form: ExtensiveForm, agent: int) -> None:
        self._names = form.game.labels.actions[agent]
        self._kept = [step.sets[agent].kept for step in form.steps]
        self._next = _next_sets(form, agent)

    def count(self, origin: _Choice | None = None) -> int:
        """How many ways there are to go on after a choice."""
        return prod(
            sum(self.count((number, place, action)) for action in self._actions(number, place))
            for number, place in self._next.get(origin, [])
        )

    def listed(self, origin: _Choice | None = None) -> list[_Strategy]:
        """All ways to go on after a choice."""
        groups = [
            [
                (f"{self._names[action]} {label}".strip(), rest | {(number, place, action)})
                for action in self._actions(number, place)
                for label, rest in self.listed((number, place, action))
            ]
            for number, place in self._next.get(origin, [])
        ]
        return [
            (" ".join(label for label, _ in parts), frozenset().union(*(rest for _, rest in parts)))
            for parts in product(*groups)
        ]

    def _actions(self, number: int, place: int) -> list[int]:
        found: list[int] = np.flatnonzero(self._kept[number - 1][place]).tolist()
        return found


def _expect_payoffs(form: ExtensiveForm, strategies: Sequence[Sequence[_Strategy]]) -> Floats:
    """Expected payoffs of all profiles: (n, K_1, ..., K_n)."""
    counts = [len(own) for own in strategies]
    total = np.zeros((_agents(form), *counts))
    # How likely nature and each agent's strategy make each history: (N,) and (K_i, N).
    nature, plays = np.ones(1), [np.ones((count, 1)) for count in counts]
    for number, step in enumerate(form.steps, start=1):
        if number == 1:
            nature, reached = step.probability, [own[:, step.parent] for own in plays]
        else:
            nature = nature[step.parent] * step.probability
            acted = digits(step.action, form.game.action_counts)
            members = [own.member for own in form.steps[number - 2].sets]
            reached = [
                own[:, step.parent]
                * _obeys(form, number - 1, agent, mine, members[agent][step.parent], acted[agent])
                for agent, (own, mine) in enumerate(zip(plays, strategies, strict=True))
            ]
        plays = reached
        for action, code in enumerate(np.ndindex(*form.game.action_counts)):
            taken = [
                own
                * _obeys(
                    form,
                    number,
                    agent,
                    mine,
                    step.sets[agent].member,
                    np.full(len(nature), code[agent]),
                )
                for agent, (own, mine) in enumerate(zip(plays, strategies, strict=True))
            ]
            for player in range(_agents(form)):
                weight = nature * step.rewards[player, :, action]
                total[player] += _outer(taken, weight)
    return total


def _obeys(
    form: ExtensiveForm,
    number: int,
    agent: int,
    strategies: Sequence[_Strategy],
    sets: Ints,
    actions: Ints,
) -> Floats:
    """Whether strategies choose these actions at these information sets: (K, N)."""
    own = form.steps[number - 1].sets[agent]
    found = own.kept[sets, actions].astype(np.float64)
    chosen = np.tile(found, (len(strategies), 1))
    choice = own.has_choice[sets]
    for row, (_, choices) in enumerate(strategies):
        table = np.full(len(own.common), -1)
        for step, place, action in choices:
            if step == number:
                table[place] = action
        chosen[row, choice] *= table[sets[choice]] == actions[choice]
    return chosen


def _outer(rows: Sequence[Floats], weight: Floats) -> Floats:
    """Sum over histories of the products of one entry of each row."""
    left = rows[0] * weight
    for middle in rows[1:-1]:
        left = (left[:, None, :] * middle[None]).reshape(-1, left.shape[-1])
    if len(rows) == 1:
        found: Floats = left.sum(axis=1)
        return found
    found = (left @ rows[-1].T).reshape([len(own) for own in rows])
    return found
