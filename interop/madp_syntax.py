"""Syntax of Dec-POMDP (``.dpomdp``) and POMDP (``.pomdp``) files.

A file is a preamble and statements that fill tables. Lines of one entry each, of which large files
consist, are looked up word by word in caches; every other form takes the slow way, which also finds
the words for what is wrong.

Source: the comments of the MADP toolbox's ``example.dpomdp``; A. Cassandra's POMDP file format.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod

import numpy as np

from posg.grammar.diagnostics import Bag
from posg.grammar.source import Source, Span
from posg.grammar.suggest import nearest

from .madp_lines import NUMBER, Lines, Word
from .madp_preamble import Preamble, PreambleReader
from .madp_words import ALL, Numbers, Selectors
from .tabular import ValueList

MAX_ERRORS = 20
"""Of one file; the rest is not read."""
FORMS = {
    "T": ("joint action", "state", "next state"),
    "O": ("joint action", "next state", "joint observation"),
    "R": ("joint action", "state", "next state", "joint observation"),
}
"""What the entries of each table are addressed by."""


@dataclass(slots=True)
class Entries:
    """The entries of one table in the order of the file: a place on every axis, value and line.

    A place is the number of a selector of its axis.
    """

    places: list[list[int]]
    value: list[int] = field(default_factory=list[int])
    line: list[int] = field(default_factory=list[int])


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A file that was read: names, and the entries of T, O and R over selectors of their axes."""

    source: Source
    lines: Lines
    preamble: Preamble
    entries: dict[str, Entries]
    axes: dict[str, tuple[Selectors, ...]]
    values: ValueList


class TooManyErrorsError(Exception):
    """Enough was reported."""


def parse_madp(source: Source, bag: Bag, *, single: bool) -> Parsed | None:
    """Read a Dec-POMDP file, or with ``single`` a POMDP file; None after errors.

    At most ``MAX_ERRORS`` errors are reported.
    """
    reader = _Reader(source, bag, single)
    try:
        reader.run()
    except TooManyErrorsError:
        return None
    return None if bag.has_errors else reader.parsed()


class _Reader:
    """Goes through the lines; after the preamble it has names and indices to look up."""

    def __init__(self, source: Source, bag: Bag, single: bool) -> None:
        self.source = source
        self.bag = bag
        self.single = single
        self.lines = Lines(source)
        self.numbers = Numbers()
        self.errors = 0
        self.preamble: Preamble | None = None
        self.entries = {kind: Entries([[] for _ in axes]) for kind, axes in FORMS.items()}
        self.axes: dict[str, tuple[Selectors, ...]] = {}

    def error(
        self, code: str, span: Span, suggestion: tuple[str, ...] = (), **facts: str | int | None
    ) -> None:
        """Report an error with its facts, but for those that are None.

        Raises
        ------
        TooManyErrorsError
            After ``MAX_ERRORS``.
        """
        found = {key: str(fact) for key, fact in facts.items() if fact is not None}
        self.bag.report(code, span, found, suggestion=suggestion)
        self.errors += 1
        if self.errors == MAX_ERRORS:
            raise TooManyErrorsError

    def run(self) -> None:
        reader = PreambleReader(self.lines, self.error, self.numbers, single=self.single)
        first = reader.read()
        self.preamble = reader.result()
        if self.preamble is None:
            return
        states = Selectors((self.preamble.states,))
        actions = Selectors(self.preamble.actions)
        observations = Selectors(self.preamble.observations)
        self.axes = {
            "T": (actions, states, states),
            "O": (actions, states, observations),
            "R": (actions, states, states, observations),
        }
        self.body(first)

    def parsed(self) -> Parsed | None:
        if self.preamble is None:
            return None
        return Parsed(
            source=self.source,
            lines=self.lines,
            preamble=self.preamble,
            entries=self.entries,
            axes=self.axes,
            values=self.numbers.known,
        )

    def body(self, first: int) -> None:
        """Read the statements from a line on."""
        texts, numbers = self.lines.texts, self.numbers
        kinds = {kind: self.fast_path(kind) for kind in FORMS}
        kinds.update({f"{kind} ": add for kind, add in kinds.items()})
        number = first
        while number < len(texts):
            parts = texts[number].split(":")
            add = kinds.get(parts[0])
            if add is not None:
                try:
                    add(parts, numbers, number)
                    number += 1
                    continue
                except (KeyError, IndexError):
                    pass
            number = self.statement(number)

    def fast_path(self, kind: str) -> Callable[[list[str], Numbers, int], None]:
        """Return what adds the entry of a line that is cut at its colons, or raises KeyError."""
        entries = self.entries[kind]
        value, line = entries.value.append, entries.line.append
        length = len(FORMS[kind]) + 2
        if kind == "R":
            (first, x), (second, y), (third, z), (fourth, w) = (
                (selectors, place.append)
                for selectors, place in zip(self.axes[kind], entries.places, strict=True)
            )

            def add_reward(parts: list[str], numbers: Numbers, number: int) -> None:
                a, b, c, d, v = (
                    first[parts[1]],
                    second[parts[2]],
                    third[parts[3]],
                    fourth[parts[4]],
                    numbers[parts[5]],
                )
                if len(parts) != length:
                    raise KeyError
                x(a)
                y(b)
                z(c)
                w(d)
                value(v)
                line(number)

            return add_reward
        (first, x), (second, y), (third, z) = (
            (selectors, place.append)
            for selectors, place in zip(self.axes[kind], entries.places, strict=True)
        )

        def add(parts: list[str], numbers: Numbers, number: int) -> None:
            a, b, c, v = first[parts[1]], second[parts[2]], third[parts[3]], numbers[parts[4]]
            if len(parts) != length:
                raise KeyError
            x(a)
            y(b)
            z(c)
            value(v)
            line(number)

        return add

    def statement(self, number: int) -> int:
        """Read a statement of any form; returns the line after it."""
        head = self.lines.head(number)
        if head is None:
            if self.lines.content(number).strip():
                self.error("P0901", self.lines.line_span(number))
            return number + 1
        last = number + 1
        while last < len(self.lines) and self.goes_on(last):
            last += 1
        span = Span(self.source, head.start, head.start + len(head.keyword))
        if head.keyword in FORMS:
            _Statement(self, head.keyword, number, last, head.end).read()
        elif head.keyword in PreambleReader.KEYWORDS:
            self.error("P0903", span, word=head.keyword)
        else:
            near = nearest(head.keyword, FORMS)
            self.error("P0901", span, word=head.keyword, suggestion=near)
        return last

    def goes_on(self, number: int) -> bool:
        """Whether a line belongs to the statement before it: it has numbers, or says nothing."""
        return self.lines.head(number) is None


class _Statement:
    """One statement, read word by word."""

    def __init__(self, reader: _Reader, kind: str, first: int, last: int, start: int) -> None:
        self.reader = reader
        self.kind = kind
        self.lines = reader.lines
        self.first = first
        self.last = last
        self.start = start
        self.axes = reader.axes[kind]

    def read(self) -> None:
        cut = self.cut()
        if cut is None:
            return
        selectors, words = cut
        places = [self.place(axis, group) for axis, group in enumerate(selectors)]
        if None in places:
            return
        shape = tuple(axis.size for axis in self.axes[len(places) :])
        known = [place for place in places if place is not None]
        if len(words) == 1 and self.spread(known, words[0].text):
            return
        count = prod(shape)
        if len(words) != count:
            what = "matrix" if len(shape) == 2 else "row" if shape else "number"
            size = f"{shape[0]} rows of {shape[1]}" if len(shape) == 2 else None
            span = self.lines.covering(words) if words else self.lines.line_span(self.first)
            self.reader.error(
                "P0907", span, what=what, count=count, given=len(words), size=size, kind=self.kind
            )
            return
        values = self.values(words)
        if values is not None:
            free = [grid.ravel().tolist() for grid in np.indices(shape)]
            self.add([*([place] * count for place in known), *free], values)

    def cut(self) -> tuple[list[list[Word]], list[Word]] | None:
        """Words of each selector, and the words that are values."""
        words = list(self.lines.words(self.first, self.last, self.start))
        fields: list[list[Word]] = [[]]
        for word in words:
            if word.text == ":":
                fields.append([])
            else:
                fields[-1].append(word)
        full = len(self.axes)
        if len(fields) <= full and fields[-1]:
            # The last selector may end with its line instead of a colon.
            last = fields.pop()
            colons = [word for word in words if word.text == ":"]
            end = colons[-1].start if colons else self.start
            line = self.lines.line_of(end)
            here = [word for word in last if self.lines.line_of(word.start) == line]
            if self.reader.single:
                here = here[:1]
            fields += [here, last[len(here) :]] if here else [last]
        selectors, values = fields[:-1], fields[-1]
        least = full - 2
        if not least <= len(selectors) <= full:
            self.reader.error(
                "P0912", self.span(), kind=self.kind, form=" : ".join(FORMS[self.kind])
            )
            return None
        return selectors, values

    def span(self) -> Span:
        """The first line of the statement."""
        return self.lines.line_span(self.first)

    def place(self, axis: int, words: list[Word]) -> int | None:
        """Number of a selector; None after an error."""
        selectors = self.axes[axis]
        found = selectors.find([word.text for word in words]) if words else None
        if found is not None:
            return found
        what = FORMS[self.kind][axis]
        agents = len(selectors.names)
        if self.reader.single:
            what = what.removeprefix("joint ")
        if not words:
            self.reader.error(
                "P0905", self.span(), what=what, given="nothing", needed=_needed(agents)
            )
        elif len(words) not in {1, agents}:
            number = words[-1].text if NUMBER.fullmatch(words[-1].text) else None
            self.reader.error(
                "P0905",
                self.lines.covering(words),
                what=what,
                given=f"{len(words)} words",
                needed=_needed(agents),
                number=number,
            )
        else:
            self.unknown(selectors, what, words)
        return None

    def unknown(self, selectors: Selectors, what: str, words: list[Word]) -> None:
        """Report the first word that is no name and no index."""
        joint = len(words) != len(selectors.names)
        for place, word in enumerate(words):
            if word.text == ALL or (not joint and selectors.code(word.text, place) is not None):
                continue
            size = selectors.size if joint else len(selectors.names[place])
            names = () if joint else selectors.names[place]
            self.reader.error(
                "P0904",
                self.lines.span(word),
                what=what if joint else what.removeprefix("joint "),
                word=word.text,
                last=size - 1,
                suggestion=nearest(word.text, names),
            )
            return

    def spread(self, places: list[int], word: str) -> bool:
        """Add the entries that one word stands for; False if it is no such word here."""
        free = self.axes[len(places) :]
        if not free or self.kind == "R":
            return False
        number = self.reader.numbers.place
        everything = [axis.size for axis in free]
        states = self.axes[1].size
        if word == "uniform":
            share = number(Fraction(1, free[-1].size))
            self.add([[place] for place in (*places, *everything)], [share])
        elif word == "identity" and self.kind == "T" and len(free) == 2:
            self.add([[place] for place in (*places, *everything)], [0])
            diagonal = list(range(states))
            self.add([places * states, diagonal, diagonal], [number(Fraction(1))] * states)
        elif word == "reset" and self.kind == "T" and self.reader.single:
            assert self.reader.preamble is not None
            start = [number(value) for value in self.reader.preamble.start]
            head = [[place] * states for place in (*places, *everything[:-1])]
            self.add([*head, list(range(states))], start)
        else:
            return False
        return True

    def values(self, words: list[Word]) -> list[int] | None:
        """Places of the numbers in the list of values; None after an error."""
        numbers = self.reader.numbers
        try:
            found = [numbers[word.text] for word in words]
        except KeyError:
            wrong = next(word for word in words if not numbers.knows(word.text))
            self.reader.error("P0906", self.lines.span(wrong), word=wrong.text)
            return None
        if self.kind == "R" or all(numbers.is_probability[number] for number in found):
            return found
        for word, number in zip(words, found, strict=True):
            if not numbers.is_probability[number]:
                self.reader.error("P0908", self.lines.span(word), value=word.text)
        return None

    def add(self, places: list[list[int]], values: list[int]) -> None:
        """Add entries, a column for each axis."""
        entries = self.reader.entries[self.kind]
        for column, more in zip(entries.places, places, strict=True):
            column.extend(more)
        entries.value.extend(values)
        entries.line.extend([self.first] * len(values))


def _needed(agents: int) -> str:
    return "one word" if agents == 1 else f"one word or {agents}"
