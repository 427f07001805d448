"""Tokens of a text: comments set apart, slips reported and mended where their meaning is plain."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lark import Token

from .diagnostics import Bag
from .node import Record
from .source import Source, Span
from .syntax import Comment
from .tables import load_tables

END = "$END"
OPENING = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
CLOSING = {close: opening for opening, close in OPENING.items()}
MAX_NESTING = 100

MAX_ERRORS = 100
"""Errors of one text, in its characters or in its tokens, before the rest is left unread."""

_FOREIGN_WORDS = {
    "FOREIGN_AND": ("AND", "and"),
    "FOREIGN_OR": ("OR", "or"),
    "FOREIGN_NOT": ("NOT", "not"),
}
_LETTERS = {"XI_LETTER": "XI", "CHI_LETTER": "CHI"}
_LOOKALIKES = {
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "∈": "in",
    "∧": "and",
    "∨": "or",
    "¬": "not",
    "∀": "all",
    "∃": "any",
    "∑": "sum",
    "·": "*",
    "×": "*",
    "−": "-",
    "–": "-",
    "→": "=>",
    "⇒": "=>",
    "±": "+-",
    "…": "..",
    "′": "'",
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
    "^": "*",
    "?": "if c then x else y",
}


class TokenStream(Record):
    """Tokens, the last of type ``END``.

    ``complete`` is False when the rest of the text could not be read: its end means nothing.
    """

    tokens: tuple[Token, ...]
    comments: tuple[Comment, ...]
    complete: bool


def token_span(token: Token, source: Source) -> Span:
    """Place of a token."""
    assert token.start_pos is not None and token.end_pos is not None
    return Span(source, token.start_pos, token.end_pos)


def made_token(kind: str, text: str, span: Span) -> Token:
    """Token that does not stand in the text like this."""
    line, column = span.source.position(span.start)
    return Token(kind, text, span.start, line, column, line, column, span.end)


def read_tokens(source: Source, bag: Bag) -> TokenStream:
    """Split a text into tokens; every character is accounted for or reported."""
    return _Reader(source, bag).read()


class _Reader:
    def __init__(self, source: Source, bag: Bag) -> None:
        self.source = source
        self.bag = bag
        self.comments: list[Comment] = []
        self.errors = 0
        self.complete = True

    def read(self) -> TokenStream:
        tokens = list(self._soft_words(list(self._nested(self._joined(self._mended())))))
        end = Span(self.source, len(self.source.text), len(self.source.text))
        tokens.append(made_token(END, "", end))
        return TokenStream(
            tokens=tuple(tokens), comments=tuple(self.comments), complete=self.complete
        )

    def _mended(self) -> Iterator[Token]:
        """Drop what is not syntax; report and mend what other languages write."""
        for token in load_tables().lex(self.source.text, dont_ignore=True):
            if self.errors == MAX_ERRORS:
                self.complete = False
                return
            span = token_span(token, self.source)
            if token.type == "SPACE":
                continue
            if token.type == "COMMENT":
                self._keep_comment(span)
            elif token.type == "HASH_COMMENT":
                self._report("P0004", span)
            elif token.type == "OPEN_COMMENT":
                self._report("P0005", span)
                self.complete = False
                return
            elif token.type == "OPEN_STRING":
                yield from self._mended_string(span)
            elif token.type in _FOREIGN_WORDS:
                kind, word = _FOREIGN_WORDS[token.type]
                self._report("P0011", span, found=str(token), word=word)
                yield made_token(kind, word, span)
            elif token.type == "UNKNOWN":
                if token.start_pos != 0 or token != "\ufeff":
                    self._report_unknown(span)
                    yield token
            elif token.type in _LETTERS:
                yield made_token(_LETTERS[token.type], str(token), span)
            else:
                yield token

    def _report(self, code: str, span: Span, **facts: object) -> None:
        self.bag.report(code, span, others=(), **facts)
        self.errors += 1

    def _keep_comment(self, span: Span) -> None:
        line_start = self.source.text.rfind("\n", 0, span.start) + 1
        before = self.source.text[line_start : span.start].strip(" \t\r\ufeff")
        self.comments.append(Comment(text=span.text, span=span, own_line=not before))

    def _mended_string(self, span: Span) -> Iterator[Token]:
        self._report("P0006", span)
        end = span.end - 1 if span.text.endswith(";") else span.end
        inner = Span(self.source, span.start, end)
        yield made_token("STRING", f'{inner.text}"', inner)
        yield made_token("SEMICOLON", ";", Span(self.source, end, span.end))

    def _report_unknown(self, span: Span) -> None:
        import unicodedata  # a megabyte that only this needs

        character = span.text[0]
        number = f"U+{ord(character):04X}"
        name = f"{number} {unicodedata.name(character, '')}".strip()
        self._report(
            "P0003",
            span,
            character=f"`{character}`" if " " < character <= "~" else name,
            meant=_LOOKALIKES.get(character) or self._meant_number(span),
        )

    def _meant_number(self, span: Span) -> str | None:
        """Return what `.5` stands for."""
        digits = re.match(r"\.([0-9]+)", self.source.text[span.start : span.end + 20])
        if self.source.text[: span.start].endswith("."):
            return None
        return f"0.{digits[1]}" if digits else None

    def _joined(self, tokens: Iterator[Token]) -> Iterator[Token]:
        """Report a number that is glued to a word, and read both as one name."""
        number: Token | None = None
        for token in tokens:
            if number is None:
                pass
            elif token.start_pos == number.end_pos and token[0].isidentifier():
                span = token_span(number, self.source).to(token_span(token, self.source))
                self._report("P0017", span, number=str(number), word=str(token))
                yield made_token("NAME", span.text, span)
                number = None
                continue
            else:
                yield number
            number = token if token.type == "NUMBER" else None
            if number is None:
                yield token
        if number is not None:
            yield number

    def _nested(self, tokens: Iterator[Token]) -> Iterator[Token]:
        """Stop at brackets that are nested too deeply."""
        depth = 0
        for token in tokens:
            if token.type in OPENING:
                depth += 1
                if depth > MAX_NESTING:
                    span = token_span(token, self.source)
                    self.bag.report("P0021", span, limit=MAX_NESTING)
                    self.complete = False
                    return
            elif token.type in CLOSING:
                depth = max(depth - 1, 0)
            yield token

    def _soft_words(self, tokens: list[Token]) -> Iterator[Token]:
        """Tell `concept`, `set` and `+-` apart, which mean something within `expect` only."""
        expecting, depth, place = False, 0, 0
        while place < len(tokens):
            token = tokens[place]
            previous = tokens[place - 1].type if place else END
            following = tokens[place + 1] if place + 1 < len(tokens) else token
            if token.type == "EXPECT":
                expecting, depth = True, 0
            elif token.type == "SEMICOLON":
                expecting = False
            depth += (token.type in OPENING) - (token.type in CLOSING)
            if not expecting or depth > 0:
                yield token
            elif (
                token.type == "PLUS"
                and following.type == "MINUS"
                and following.start_pos == token.end_pos
            ):
                span = token_span(token, self.source).to(token_span(following, self.source))
                yield made_token("PLUS_MINUS", "+-", span)
                place += 1
            elif token in ("concept", "set") and previous in ("WITH", "COMMA"):
                yield made_token(token.upper(), str(token), token_span(token, self.source))
            else:
                yield token
            place += 1
