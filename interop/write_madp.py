"""Tables as a Dec-POMDP (``.dpomdp``) or POMDP (``.pomdp``) file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import lcm

import numpy as np

from .case_layout import number_text
from .cases import Box, cover
from .independence import distinct_rows
from .tabular import Ids, TabularGame

_ALL = "*"
_FLAT_CELLS = 4_000
"""Rewards of more cells are written cell by cell."""


@dataclass(frozen=True, slots=True)
class MadpText:
    """A file, and the numbers in it that are not exact because they have no decimals."""

    text: str
    rounded: tuple[Fraction, ...]


def write_madp(game: TabularGame, *, single: bool, comments: Sequence[str] = ()) -> MadpText:
    """Write a Dec-POMDP file, or with ``single`` a POMDP file of the only agent.

    Probabilities keep their exact values: a row with numbers that have no decimals is written as
    multiples of one decimal, so that the row divided by its sum is exact.
    """
    writer = _Writer(game, single)
    lines = [f"# {comment}".rstrip() for comment in comments]
    lines += [*writer.preamble(), *writer.laws("T"), *writer.laws("O"), *writer.rewards()]
    return MadpText("\n".join(lines) + "\n", tuple(dict.fromkeys(writer.rounded)))


class _Writer:
    def __init__(self, game: TabularGame, single: bool) -> None:
        self.game = game
        self.single = single
        self.end = "" if single else " :"
        self.rounded: list[Fraction] = []
        self.observed = [" ".join(names) for names in product(*game.observations)]

    def preamble(self) -> Iterator[str]:
        game = self.game
        if not self.single:
            yield f"agents: {' '.join(game.agents)}"
        yield f"discount: {self.decimal(game.discount)}"
        yield "values: reward"
        yield f"states: {' '.join(game.states)}"
        yield from self.start()
        for word, groups in (("actions", game.actions), ("observations", game.observations)):
            if self.single:
                yield f"{word}: {' '.join(groups[0])}"
            else:
                yield f"{word}:"
                yield from map(" ".join, groups)

    def start(self) -> Iterator[str]:
        """Law of the first state in the shortest form."""
        game = self.game
        used = [name for name, weight in zip(game.states, game.start, strict=True) if weight]
        if len({weight for weight in game.start if weight}) > 1:
            yield "start:"
            yield " ".join(law_decimals(game.start))
        elif len(used) == len(game.states):
            yield "start:"
            yield "uniform"
        elif len(used) == 1:
            yield f"start: {used[0]}"
        else:
            yield f"start include: {' '.join(used)}"

    def laws(self, kind: str) -> Iterator[str]:
        """Lines of T or O: what most joint actions have in common first, then the others."""
        table = self.game.transition if kind == "T" else self.game.observation
        matrices, places = distinct_rows(table.reshape(len(table), -1))
        arms = cover(places.reshape(self.game.action_counts))
        arms.sort(key=lambda arm: bool(arm[0]))
        overrides = False
        for boxes, number in arms:
            matrix = matrices[number].reshape(table.shape[1:])
            heads = self.joint_actions(boxes) if boxes else [_ALL]
            for head in heads:
                yield from self.matrix(f"{kind}: {head}", matrix, kind, overrides)
            overrides = overrides or not boxes

    def joint_actions(self, boxes: tuple[Box, ...]) -> list[str]:
        """Ways to write the joint actions in some boxes."""
        found: list[str] = []
        for box in boxes:
            words = [
                [_ALL] if codes is None else [names[code] for code in codes]
                for codes, names in zip(box, self.game.actions, strict=True)
            ]
            found += map(" ".join, product(*words))
        return [_ALL if set(text.split()) == {_ALL} else text for text in dict.fromkeys(found)]

    def matrix(self, head: str, matrix: Ids, kind: str, overrides: bool) -> Iterator[str]:
        """Lines of T or O for some joint actions."""
        states = self.game.states
        columns = states if kind == "T" else self.observed
        if len(np.unique(matrix)) == 1:
            yield f"{head}{self.end}"
            yield "uniform"
            return
        one = self.game.values.index(Fraction(1))
        if kind == "T" and np.array_equal(matrix, one * np.eye(len(states), dtype=np.int32)):
            yield f"{head}{self.end}"
            yield "identity"
            return
        if overrides:
            yield f"{head} : {_ALL} : {_ALL}{self.end} 0"
        same = bool((matrix == matrix[0]).all())
        for name, row in zip((_ALL,) if same else states, matrix, strict=False):
            if len(set(row.tolist())) == 1:
                yield f"{head} : {name}{self.end}"
                yield "uniform"
                continue
            used = np.flatnonzero(row).tolist()
            law = [self.game.values[place] for place in row[used].tolist()]
            for place, text in zip(used, law_decimals(law), strict=True):
                yield f"{head} : {name} : {columns[place]}{self.end} {text}"

    def rewards(self) -> Iterator[str]:
        """Lines of R; what is 0 needs none, unless a line for all comes first."""
        game = self.game
        shape = (*game.action_counts, *game.reward.shape[1:])
        axes = [*game.actions, game.states, game.states, self.observed]
        table = game.reward.reshape(shape)
        if table.size > _FLAT_CELLS:
            for cell in np.argwhere(table).tolist():
                box: Box = tuple(
                    None if size == 1 else (code,) for code, size in zip(cell, shape, strict=True)
                )
                yield from self.entries(axes, box, int(table[tuple(cell)]))
            return
        arms = cover(table)
        default = next((code for boxes, code in arms if not boxes), 0)
        if default:
            yield from self.entries(axes, (None,) * len(axes), default)
        for boxes, code in arms:
            for box in boxes if code != default else ():
                wide = (
                    None if size == 1 else codes for codes, size in zip(box, shape, strict=True)
                )
                yield from self.entries(axes, tuple(wide), code)

    def entries(self, axes: Sequence[Sequence[str]], box: Box, code: int) -> Iterator[str]:
        """Lines of R for the cells of a box."""
        words = [
            [_ALL] if codes is None else [names[place] for place in codes]
            for codes, names in zip(box, axes, strict=True)
        ]
        agents = len(self.game.agents)
        for cell in product(*words):
            action = _ALL if set(cell[:agents]) == {_ALL} else " ".join(cell[:agents])
            where = " : ".join((action, *cell[agents:]))
            yield f"R: {where}{self.end} {self.decimal(self.game.values[code])}"

    def decimal(self, value: Fraction) -> str:
        """Write a number; one without decimals is noted and rounded."""
        text = number_text(value)
        if "/" not in text:
            return text
        self.rounded.append(value)
        return repr(float(value))


def law_decimals(law: Sequence[Fraction]) -> list[str]:
    """Write probabilities as decimals whose proportions are exact.

    If one of them has no decimals, all are multiples of a decimal near 1 / (common denominator):
    their sum is then 1 up to 1e-12, and dividing by it gives the probabilities back.
    """
    texts = [number_text(weight) for weight in law]
    if not any("/" in text for text in texts):
        return texts
    common = lcm(*(weight.denominator for weight in law))
    scale = 10 ** (len(str(common)) + 12)
    unit = Fraction(scale // common, scale)
    return [number_text(weight * common * unit) for weight in law]
