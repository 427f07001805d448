"""Layout of case distinctions and laws in specs, as ``posg fmt`` would lay them out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from posg.grammar.layout import HARD, LINE, SOFT, Doc, align, group, join, nest, sequence
from posg.grammar.printer import WIDTH

from .cases import Box, Cases, Match

_FEW = 3
"""As many equal probabilities are written with ``else`` where all values have one."""
_SHORT_MATCH = 3
"""Matches of more arms are written one arm a line."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value or a law as text: on one line, and its parts where it has braces."""

    flat: str
    items: tuple[str, ...] = ()
    filled: bool = False

    @property
    def is_point(self) -> bool:
        """Whether it is a plain value."""
        return not self.items and self.flat != "uniform"

    def doc(self, indent: int) -> Doc:
        """Lay out the text over several lines, those in braces indented further."""
        if not self.items:
            return self.flat
        if self.filled:
            first, *others = self.items
            rest = (sequence(",", group(LINE, item)) for item in others)
            return sequence("uniform { ", align(first, *rest), " }")
        margin = " " * indent
        return "".join(["{\n", *(f"{margin}  {item},\n" for item in self.items), margin, "}"])


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis of a table is called in a spec, and its values."""

    subject: str
    values: tuple[str, ...]


class CaseLayout:
    """Lays out a tree of cases; ``leaf`` gives the value of an entry of the table."""

    def __init__(self, axes: Sequence[Axis], leaf: Callable[[int], Value]) -> None:
        self.axes = axes
        self.leaf = leaf

    def value(self, cases: Cases, indent: int, column: int, *, nested: bool = False) -> Doc:
        """Lay out a tree that begins in a column, with lines that begin in another."""
        if isinstance(cases, int):
            value = self.leaf(cases)
            return value.flat if column + len(value.flat) + 2 <= WIDTH else value.doc(indent)
        flat = self.flat(cases) if nested else None
        if flat is not None and column + len(flat) + 2 <= WIDTH:
            return flat
        subject = self.subject(cases)
        arms: list[Doc] = []
        for arm in cases.arms:
            pattern = self.pattern(cases, arm.boxes)
            reached = indent + 2 + len(pattern) + len(" => ")
            if isinstance(arm.value, int):
                value = self.leaf(arm.value)
                text = f"{pattern} => {value.flat}"
                doc: Doc = text
                if indent + 2 + len(text) + 1 > WIDTH:
                    doc = sequence(
                        self.pattern_doc(cases, arm.boxes), " =>", _shifted(value, indent + 2)
                    )
            else:
                inner = self.value(arm.value, indent + 2, reached, nested=True)
                fits = reached + len("match x {") <= WIDTH
                head = pattern if fits else self.pattern_doc(cases, arm.boxes)
                doc = sequence(head, " => ", inner)
            arms += (HARD, doc, ",")
        return sequence("match ", subject, " {", nest(2, *arms), HARD, "}")

    def flat(self, cases: Match) -> str | None:
        """Text on one line, for a short match of plain values."""
        if len(cases.arms) > _SHORT_MATCH:
            return None
        arms: list[str] = []
        for arm in cases.arms:
            if not isinstance(arm.value, int):
                return None
            value = self.leaf(arm.value)
            if value.items:
                return None
            arms.append(f"{self.pattern(cases, arm.boxes)} => {value.flat}")
        return f"match {self.subject(cases)} {{ {', '.join(arms)} }}"

    def subject(self, cases: Match) -> str:
        """What a match looks at."""
        names = [self.axes[axis].subject for axis in cases.axes]
        return names[0] if len(names) == 1 else f"({', '.join(names)})"

    def pattern(self, cases: Match, boxes: Iterable[Box]) -> str:
        """Patterns of an arm on one line."""
        options: list[str] = []
        for box in boxes:
            items = [" | ".join(item) for item in self.items(cases, box)]
            options.append(items[0] if len(items) == 1 else f"({', '.join(items)})")
        return " | ".join(options) or "_"

    def pattern_doc(self, cases: Match, boxes: Iterable[Box]) -> Doc:
        """Lay out patterns over several lines where they must be."""
        options: list[Doc] = []
        for box in boxes:
            items = self.items(cases, box)
            if len(items) == 1:
                options += items[0]
                continue
            inner = join(sequence(",", LINE), map(_alternatives, items))
            options.append(group("(", nest(2, SOFT, inner), SOFT, ")"))
        return _alternatives(options or ["_"])

    def items(self, cases: Match, box: Box) -> list[list[str]]:
        """Alternatives for each axis."""
        return [
            ["_"] if codes is None else [self.axes[axis].values[code] for code in codes]
            for axis, codes in zip(cases.axes, box, strict=True)
        ]


def _alternatives(options: Sequence[Doc]) -> Doc:
    return group(align(join(sequence(LINE, "| "), options))) if len(options) > 1 else options[0]


def _shifted(value: Value, indent: int) -> Doc:
    """Lay out a value behind a space, on the next line if only that lets it fit."""
    if value.items or value.flat == "uniform":
        return sequence(" ", value.doc(indent))
    return group(nest(2, LINE, value.flat))


def number_text(number: Fraction) -> str:
    """Write an exact number: as a decimal if it is one, else as a rational."""
    numerator, denominator = number.numerator, number.denominator
    if denominator == 1:
        return str(numerator)
    # 10**k is a multiple of a denominator of at most k bits, if any power of ten is.
    places = denominator.bit_length()
    scale, rest = divmod(10**places, denominator)
    if rest:
        return f"{numerator}/{denominator}"
    digits = str(abs(numerator) * scale).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:].rstrip('0')}"
    return f"-{text}" if numerator < 0 else text


class NumberTexts(dict[int, str]):
    """Texts of the numbers in a list, by their places in it."""

    def __init__(self, values: Sequence[Fraction]) -> None:
        super().__init__()
        self.values_of = values

    def __missing__(self, code: int) -> str:
        """Write one."""
        self[code] = text = number_text(self.values_of[code])
        return text


def law_value(
    names: Sequence[str], places: Sequence[int], codes: Sequence[int], texts: NumberTexts
) -> Value:
    """Write a law: the places among named values that have weight, and which weights.

    The law is the weights divided by their sum, which is 1 up to rounding.
    """
    if len(places) == 1:
        return Value(names[places[0]])
    size = len(names)
    if len(set(codes)) == 1:
        if len(places) == size:
            return Value("uniform")
        items = tuple(names[place] for place in places)
        return Value(f"uniform {{ {', '.join(items)} }}", items, filled=True)
    common, shared = -1, 0
    if len(places) == size > _FEW:
        common, shared = Counter(codes).most_common(1)[0]
    if shared < _FEW:
        common = -1
    entries = [
        f"{names[place]}: {texts[code]}"
        for place, code in zip(places, codes, strict=True)
        if code != common
    ]
    if common >= 0:
        entries.append(f"else: {number_text(texts.values_of[common] * shared)}")
    return Value(f"{{ {', '.join(entries)} }}", tuple(entries))
