"""Lines and words of Dec-POMDP and POMDP files, with their places."""

from __future__ import annotations

import gzip
import re
import zlib
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from posg.grammar.source import Source, Span

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_WORD = re.compile(r"[^\s:]+|:")
_HEAD = re.compile(r"\s*([A-Za-z_]\w*(?:[ \t]+(?:include|exclude))?)\s*:", re.ASCII)


class Word(NamedTuple):
    """A word and the offset at which it begins."""

    text: str
    start: int


class Head(NamedTuple):
    """The word before the first colon of a line, and where what follows the colon begins."""

    keyword: str
    start: int
    end: int


def read_source(path: str) -> Source:
    """Text of a file, unpacked if its name ends in ``.gz``.

    Bytes that are not UTF-8, which old files have in comments, are read as Latin-1.

    Raises
    ------
    OSError
        About ``path``; also where it is not a gzip file.
    """
    data = Path(path).read_bytes()
    if path.endswith(".gz"):
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise OSError(0, "not a gzip file, or cut off", path) from error
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return Source(path, text)


class Lines:
    """The lines of a source; comments run from ``#`` to the end of a line."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.texts = source.text.split("\n")
        self._starts = [0, *accumulate(len(text) + 1 for text in self.texts)]

    def __len__(self) -> int:
        return len(self.texts)

    def content(self, number: int) -> str:
        """A line without its comment; lines are counted from 0."""
        return self.texts[number].partition("#")[0]

    def head(self, number: int) -> Head | None:
        """The keyword that a line begins with; None if it goes on with the line before."""
        match = _HEAD.match(self.content(number))
        if match is None:
            return None
        start = self._starts[number]
        keyword = " ".join(match[1].split())
        return Head(keyword, start + match.start(1), start + match.end())

    def words(self, first: int, last: int, start: int = 0) -> Iterator[Word]:
        """Words and colons of the lines ``first`` to ``last``, from the offset ``start`` on."""
        for number in range(first, last):
            begin = self._starts[number]
            for match in _WORD.finditer(self.content(number), max(0, start - begin)):
                yield Word(match[0], begin + match.start())

    def span(self, word: Word) -> Span:
        """Where a word stands."""
        return Span(self.source, word.start, word.start + len(word.text))

    def covering(self, words: list[Word]) -> Span:
        """Where some words stand."""
        return self.span(words[0]).to(self.span(words[-1]))

    def line_span(self, number: int) -> Span:
        """A line without the blanks at its ends and its comment."""
        content = self.content(number)
        start = self._starts[number] + len(content) - len(content.lstrip())
        return Span(self.source, start, max(start, self._starts[number] + len(content.rstrip())))

    def line_of(self, offset: int) -> int:
        """The line, counted from 0, of a place."""
        return bisect_right(self._starts, offset) - 1

    def opening_comment(self) -> tuple[str, ...]:
        """The first comment of the file: its lines up to a blank one, without ``#``."""
        found: list[str] = []
        for text in self.texts:
            line = text.strip()
            if not line.startswith("#"):
                if found or line:
                    break
                continue
            words = line.lstrip("#").strip()
            if not words and found:
                break
            if words.strip("-=*# "):
                found.append(words)
        return tuple(found)
