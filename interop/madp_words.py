"""What words of Dec-POMDP and POMDP files stand for: indices of an axis, and exact numbers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import prod

import numpy as np

from .madp_lines import NUMBER
from .tabular import ValueList, is_probability

ALL = "*"
LARGEST = 10**300
"""Beyond it a number has no float64."""


class Selectors(dict[str, int]):
    """Numbers the ways in which a file selects indices of an axis, looked up by their text.

    Numbers below ``size`` are single indices and ``size`` is all of them; ``members`` lists the
    indices of each. Text is looked up as it stands in the file, with blanks and a comment.
    """

    def __init__(self, names: tuple[tuple[str, ...], ...]) -> None:
        super().__init__()
        self.names = names
        self.codes = [{name: code for code, name in enumerate(group)} for group in names]
        self.size = prod(map(len, names))
        self.members = [np.array([index]) for index in range(self.size)]
        self.members.append(np.arange(self.size))

    def __missing__(self, text: str) -> int:
        """Read a text that is new.

        Raises
        ------
        KeyError
            If it selects nothing.
        """
        words = text.partition("#")[0].split()
        found = self.find(words)
        if found is None:
            raise KeyError(text)
        self[text] = found
        return found

    def find(self, words: list[str]) -> int | None:
        """Number of a selector of one word, or of one word for each agent; None if it is wrong."""
        if words == [ALL]:
            return self.size
        if len(words) != len(self.names):
            return self.index(words[0], self.size) if len(words) == 1 else None
        parts: list[Sequence[int]] = []
        for place, (word, group) in enumerate(zip(words, self.names, strict=True)):
            code = self.code(word, place)
            if word == ALL:
                parts.append(range(len(group)))
            elif code is None:
                return None
            else:
                parts.append([code])
        counts = tuple(map(len, self.names))
        members = [int(np.ravel_multi_index(codes, counts)) for codes in product(*parts)]
        if len(members) == 1:
            return members[0]
        if len(members) == self.size:
            return self.size
        self.members.append(np.array(members))
        return len(self.members) - 1

    def code(self, word: str, place: int) -> int | None:
        """Code of a name or an index among those of one agent."""
        found = self.codes[place].get(word)
        return self.index(word, len(self.names[place])) if found is None else found

    @staticmethod
    def index(word: str, size: int) -> int | None:
        """An index counted from 0."""
        if not (word.isascii() and word.isdigit()) or len(word) > 12:
            return None
        return int(word) if int(word) < size else None


class Numbers(dict[str, int]):
    """Numbers in a file by their text; ``known`` has each exact value once.

    ``is_probability`` says of each of those whether it lies between 0 and 1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.known = ValueList()
        self.is_probability = [True]

    def __missing__(self, text: str) -> int:
        """Read a text that is new.

        Raises
        ------
        KeyError
            If it is not a number.
        """
        word = text.partition("#")[0].strip()
        if NUMBER.fullmatch(word) is None:
            raise KeyError(text)
        whole, _, decimals = word.partition(".")
        if decimals.isdigit():  # as nearly all are: faster than reading any notation
            value = Fraction(int(whole + decimals), 10 ** len(decimals))
        else:
            value = Fraction(word)
        if abs(value.numerator) > LARGEST * value.denominator:
            raise KeyError(text)
        self[text] = number = self.place(value)
        return number

    def place(self, value: Fraction) -> int:
        """Place of a value in the list of known ones."""
        number = self.known.number(value)
        if number == len(self.is_probability):
            self.is_probability.append(is_probability(value))
        return number

    def knows(self, text: str) -> bool:
        """Whether a text is a number."""
        try:
            return self[text] >= 0
        except KeyError:
            return False
