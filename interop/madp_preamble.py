"""The preamble of Dec-POMDP and POMDP files: agents, names, discount, and the first state's law."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from posg.grammar.source import Span
from posg.grammar.suggest import nearest

from .madp_lines import NAME, Lines, Word
from .madp_words import Numbers
from .tabular import SILENT

MAX_NAMES = 1_000_000
ROUNDED = Fraction(1, 10**4)
"""Sums of probabilities within this of 1 are normalised with a warning."""
TIDY = 10**6
"""Rows whose sum is 1 up to rounding are divided by it if that makes denominators this small."""
_ORDER = ("agents", "discount", "values", "states", "start", "actions", "observations")
_STARTS = ("start", "start include", "start exclude")


class Report(Protocol):
    """How errors are reported."""

    def __call__(
        self, code: str, span: Span, suggestion: tuple[str, ...] = (), **facts: str | int | None
    ) -> None:
        """Report one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Preamble:
    """What a file declares; ``cost`` says that its rewards are costs.

    ``rounded`` is where the first state's law is written if it was normalised.
    """

    agents: tuple[str, ...]
    discount: Fraction
    cost: bool
    states: tuple[str, ...]
    actions: tuple[tuple[str, ...], ...]
    observations: tuple[tuple[str, ...], ...]
    start: tuple[Fraction, ...]
    rounded: Span | None


class PreambleReader:
    """Reads declarations up to the first T, O or R.

    Those of a Dec-POMDP file have a fixed order and are all needed. In a POMDP file (``single``)
    order is free, there are no agents, and without ``start`` the first state is uniform.
    """

    KEYWORDS = frozenset((*_ORDER, *_STARTS))

    def __init__(self, lines: Lines, report: Report, numbers: Numbers, *, single: bool) -> None:
        self.lines = lines
        self.report = report
        self.numbers = numbers
        self.single = single
        self.order = _ORDER[1:] if single else _ORDER
        self.found: dict[str, tuple[str, int, int, int]] = {}
        self.failed = False
        self.agents: tuple[str, ...] = ("player",) if single else ()
        self.discount = Fraction(1)
        self.cost = False
        self.states: tuple[str, ...] = ()
        self.actions: tuple[tuple[str, ...], ...] = ()
        self.observations: tuple[tuple[str, ...], ...] = ()
        self.start: tuple[Fraction, ...] = ()
        self.rounded: Span | None = None

    def _error(
        self, code: str, span: Span, suggestion: tuple[str, ...] = (), **facts: str | int | None
    ) -> None:
        self.failed = True
        self.report(code, span, suggestion, **facts)

    def read(self) -> int:
        """Read the declarations; returns the first line after them."""
        number = 0
        last_span = Span(self.lines.source, 0, 0)
        while number < len(self.lines):
            head = self.lines.head(number)
            if head is None:
                if self.lines.content(number).strip():
                    self._error("P0901", self.lines.line_span(number))
                number += 1
                continue
            if head.keyword in ("T", "O", "R"):
                last_span = Span(self.lines.source, head.start, head.end)
                break
            last = number + 1
            while last < len(self.lines) and self.lines.head(last) is None:
                last += 1
            span = Span(self.lines.source, head.start, head.start + len(head.keyword))
            self._declare(head.keyword, span, (head.keyword, number, last, head.end))
            number, last_span = last, span
        missing = [name for name in self.order if name not in self.found]
        if self.single and "start" in missing:
            missing.remove("start")
        if missing and not self.failed:
            self._error("P0902", last_span, missing=", ".join(f"`{name}`" for name in missing))
        return number

    def _declare(self, keyword: str, span: Span, place: tuple[str, int, int, int]) -> None:
        """Note where something is declared."""
        name = "start" if keyword in _STARTS else keyword
        if name not in self.order:
            near = nearest(keyword, (*self.order, "T", "O", "R"))
            self._error("P0901", span, word=keyword, suggestion=near)
        elif name in self.found:
            self._error("P0903", span, word=keyword, twice="")
        elif not self.single and any(
            self.order.index(earlier) > self.order.index(name) for earlier in self.found
        ):
            after = self.order[self.order.index(name) + 1]
            self._error("P0903", span, word=keyword, after=after)
        else:
            self.found[name] = place

    def result(self) -> Preamble | None:
        """Return the declarations; None after errors."""
        for name in self.order:
            if name in self.found and not self.failed:
                keyword, first, last, start = self.found[name]
                words = list(self.lines.words(first, last, start))
                self._read_one(name, keyword, words, self.lines.line_span(first))
        if self.failed:
            return None
        if not self.start:
            self.start = (Fraction(1, len(self.states)),) * len(self.states)
        return Preamble(
            agents=self.agents,
            discount=self.discount,
            cost=self.cost,
            states=self.states,
            actions=self.actions,
            observations=self.observations,
            start=self.start,
            rounded=self.rounded,
        )

    def _read_one(self, name: str, keyword: str, words: list[Word], span: Span) -> None:
        """Read what is declared under one name."""
        if not words:
            self._error("P0913", span, what=f"nothing is declared under `{keyword}`")
            return
        match name:
            case "agents":
                commas = [Word(word.text.strip(","), word.start) for word in words]
                self.agents = self._names([w for w in commas if w.text], "agent_", span, first=1)
            case "discount":
                self._read_discount(words)
            case "values":
                if len(words) != 1 or words[0].text not in ("reward", "cost"):
                    where = self.lines.covering(words)
                    self._error("P0913", where, what="`values` is `reward` or `cost`")
                self.cost = words[0].text == "cost"
            case "states":
                self.states = self._names(words, "s", span)
            case "start":
                self._read_start(keyword, words)
            case "actions":
                self.actions = self._of_agents(words, "a", span)
            case _:
                self.observations = self._of_agents(words, "o", span)

    def _names(self, words: list[Word], prefix: str, span: Span, first: int = 0) -> tuple[str, ...]:
        """Read a list of names, or a number of things that are named by their index."""
        if len(words) == 1 and words[0].text.isascii() and words[0].text.isdigit():
            text = words[0].text.lstrip("0")
            if not text or len(text) > 7 or int(text) > MAX_NAMES:
                what = f"a number from 1 to {MAX_NAMES} is needed"
                self._error("P0913", self.lines.span(words[0]), what=what)
                return ()
            return tuple(f"{prefix}{index}" for index in range(first, int(text) + first))
        known: set[str] = set()
        for word in words:
            if NAME.fullmatch(word.text) is None:
                what = f"`{word.text}` is not a name"
                help_ = "a name has letters, digits, `_` and `-`, and begins with a letter"
                self._error("P0913", self.lines.span(word), what=what, help=help_)
            elif word.text in known:
                self._error("P0913", self.lines.span(word), what=f"`{word.text}` is named twice")
            known.add(word.text)
        return tuple(word.text for word in words)

    def _of_agents(self, words: list[Word], prefix: str, span: Span) -> tuple[tuple[str, ...], ...]:
        """Read the names of each agent: a line each, or any lines if there is one agent."""
        if self.single:
            return (self._names(words, prefix, span),)
        groups: dict[int, list[Word]] = {}
        for word in words:
            groups.setdefault(self.lines.line_of(word.start), []).append(word)
        if len(groups) != len(self.agents):
            what = f"{len(self.agents)} lines are needed, one for each agent, and not {len(groups)}"
            self._error("P0913", self.lines.covering(words), what=what)
            return ()
        return tuple(self._names(group, prefix, span) for group in groups.values())

    def _read_discount(self, words: list[Word]) -> None:
        value = self._number(words[0])
        if value is None:
            return
        if len(words) != 1 or not 0 < value <= 1:
            what = "`discount` is a number above 0 and at most 1"
            self._error("P0913", self.lines.covering(words), what=what)
        self.discount = value

    def _number(self, word: Word) -> Fraction | None:
        """Value of a number; None after an error."""
        try:
            place = self.numbers[word.text]
        except KeyError:
            self._error("P0906", self.lines.span(word), word=word.text)
            return None
        return self.numbers.known.values[place]

    def _read_start(self, keyword: str, words: list[Word]) -> None:
        size = len(self.states)
        if keyword != "start":
            listed = {self._state(word) for word in words}
            if None in listed:
                return
            chosen = [(k in listed) == (keyword == "start include") for k in range(size)]
            if not any(chosen):
                self._error(
                    "P0913", self.lines.covering(words), what="no state is left to start in"
                )
                return
            self.start = tuple(Fraction(k, sum(chosen)) for k in chosen)
        elif len(words) == 1 and words[0].text == "uniform":
            self.start = (Fraction(1, size),) * size
        elif len(words) == 1 and (size > 1 or words[0].text in self.states):
            state = self._state(words[0])
            self.start = tuple(Fraction(k == state) for k in range(size))
        else:
            self._read_law(words)

    def _state(self, word: Word) -> int | None:
        """Index of a state; None after an error."""
        if word.text in self.states:
            return self.states.index(word.text)
        if word.text.isascii() and word.text.isdigit() and len(word.text) < 8:
            index = int(word.text)
            if index < len(self.states):
                return index
        self._error(
            "P0904",
            self.lines.span(word),
            what="state",
            word=word.text,
            last=len(self.states) - 1,
            suggestion=nearest(word.text, self.states),
        )
        return None

    def _read_law(self, words: list[Word]) -> None:
        span = self.lines.covering(words)
        if len(words) != len(self.states):
            self._error("P0907", span, what="row", count=len(self.states), given=len(words))
            return
        law = [self._number(word) for word in words]
        known = [value for value in law if value is not None]
        if len(known) < len(law):
            return
        for word, value in zip(words, known, strict=True):
            if not 0 <= value <= 1:
                self._error("P0908", self.lines.span(word), value=word.text)
        total = sum(known, Fraction(0))
        if abs(total - 1) > ROUNDED:
            self._error(
                "P0909", span, what="the law of the first state", sum=f"{float(total):.10g}"
            )
            return
        if abs(total - 1) > SILENT:
            self.rounded = span
        first = next(value for value in known if value)
        if self.rounded is not None or (first / total).denominator <= TIDY:
            known = [value / total for value in known]
        self.start = tuple(known)
