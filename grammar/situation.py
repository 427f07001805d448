"""What the parser knows when a token does not fit, and the words for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lark import Token

from .source import Source, Span
from .tables import load_tables
from .tokens import CLOSING, END, OPENING, token_span

COMPARISONS = frozenset({"EQ", "NE", "LT", "LE", "GT", "GE", "IN"})
OPERATORS = COMPARISONS | {"OR", "AND", "PLUS", "MINUS", "STAR", "SLASH", "PERCENT"}
GAME_STARTERS = frozenset(
    {"AGENTS", "HORIZON", "DISCOUNT", "PARAM", "TYPE", "STATE", "ACTION", "OBSERVATION"}
    | {"DEFINE", "INIT", "REWARD", "USE", "EXPECT"}
)
SHARING_STARTERS = frozenset({"SHARE", "KEEP", "FORGET", "MEMORY", "XI", "CHI"})
FILE_STARTERS = frozenset({"GAME", "SHARING", "IMPORT"})
STARTERS = GAME_STARTERS | SHARING_STARTERS | FILE_STARTERS

_DECLARED_WORDS = {"PLUS_MINUS": "+-", "CONCEPT": "concept", "SET": "set"}
_CLASSES = {"NAME": "a name", "NUMBER": "a number", "STRING": 'a path such as `"games.posg"`'}
_LETTERS = frozenset({"XI_LETTER", "CHI_LETTER"})


@dataclass(frozen=True, slots=True)
class Situation:
    """A token that does not fit.

    Parameters
    ----------
    tokens, place
        All tokens, and the index of the one that does not fit.
    accepts
        Types of the tokens that would have fitted.
    pending
        Tokens of the constructs that are not finished, outermost first.
    source
        The text.
    fits_after
        Whether the token would fit if one of a given type were put in before it.
    """

    tokens: list[Token]
    place: int
    accepts: frozenset[str]
    pending: tuple[Token, ...]
    source: Source
    fits_after: Callable[[str], bool]

    @property
    def found(self) -> Token:
        """The token that does not fit."""
        return self.tokens[self.place]

    @property
    def before(self) -> Token | None:
        """The token before it."""
        return self.tokens[self.place - 1] if self.place else None

    @property
    def after(self) -> Token | None:
        """The token after it."""
        return self.tokens[self.place + 1] if self.place + 1 < len(self.tokens) else None

    @property
    def opening(self) -> Token | None:
        """The innermost bracket that is open."""
        open_now: list[Token] = []
        for token in self.pending:
            if token.type in OPENING:
                open_now.append(token)
            elif token.type in CLOSING:
                open_now.pop()
        return open_now[-1] if open_now else None

    @property
    def on_new_line(self) -> bool:
        """Whether the token is the first of its line."""
        return self.before is None or starts_line(self.tokens, self.place)

    @property
    def at_statement(self) -> bool:
        """Whether a statement, a rule or an item of the file was to begin."""
        return bool(self.accepts & {"AGENTS", "SHARE", "GAME"})

    @property
    def wants_operand(self) -> bool:
        """Whether an expression or a part of one was to begin."""
        return "NUMBER" in self.accepts

    @property
    def after_operand(self) -> bool:
        """Whether a complete operand stands before the token."""
        return "STAR" in self.accepts

    @property
    def ends_statement(self) -> bool:
        """Whether the token can only stand behind a statement or begin the next one."""
        kind = self.found.type
        if kind in (END, "SEMICOLON", "RBRACE"):
            return True
        return kind in STARTERS and not self._is_head()

    def _is_head(self) -> bool:
        """Whether a word such as ``action`` is the head of ``action[i]`` in an expression."""
        inside = self.found.type in ("ACTION", "OBSERVATION", "REWARD")
        return inside and self.after is not None and self.after.type == "LSQB"

    def pending_word(self, *kinds: str) -> Token | None:
        """Return the innermost unfinished token of these types."""
        return next((t for t in reversed(self.pending) if t.type in kinds), None)

    @property
    def open_if(self) -> Token | None:
        """The innermost `if` that still lacks its `else`."""
        closed = 0
        for token in reversed(self.pending):
            if token.type == "ELSE":
                closed += 1
            elif token.type == "IF":
                closed -= 1
                if closed < 0:
                    return token
        return None

    def span(self, token: Token) -> Span:
        """Place of a token."""
        return token_span(token, self.source)

    @property
    def gap(self) -> Span:
        """The empty place behind the last token that fitted."""
        end = 0 if self.before is None else self.span(self.before).end
        return Span(self.source, end, end)


def starts_line(tokens: list[Token], place: int) -> bool:
    """Whether a token is the first of its line."""
    if place == 0:
        return True
    line, end_line = tokens[place].line, tokens[place - 1].end_line
    assert line is not None and end_line is not None
    return line > end_line


def word_of(kind: str) -> str:
    """Text of a token type that has only one."""
    if kind in _DECLARED_WORDS:
        return _DECLARED_WORDS[kind]
    return load_tables().get_terminal(kind).pattern.value


def is_word(token: Token) -> bool:
    """Whether a token is a reserved word."""
    return token.type not in ("NAME", END) and token.type.isupper() and token[:1].isalpha()


def describe(token: Token) -> str:
    """Words for a token that was found."""
    if token.type == END:
        return "the end of the text"
    if token.type == "NUMBER":
        return f"the number `{token}`"
    if token.type == "STRING":
        return "a string"
    return f"the reserved word `{token}`" if is_word(token) else f"`{token}`"


def expectation(accepts: Iterable[str]) -> str:
    """Words for the tokens that would have fitted."""
    kinds = set(accepts) - _LETTERS
    if "GAME" in kinds:
        return "`game`, `sharing`, `type`, `define` or `import`"
    if "AGENTS" in kinds:
        return "a statement of a game, such as `state x in D;` or `x' ~ D;`"
    if "SHARE" in kinds:
        return "a rule of a sharing structure, such as `share observation[i] after 1;`"
    if "WILDCARD" in kinds:
        return "a pattern"
    if "NUMBER" in kinds and "LBRACE" in kinds and "IF" not in kinds:
        interval = ", or an interval `[lo, hi]`" if "LSQB" in kinds else ""
        return f"a domain such as `{{ a, b }}` or `1..3`{interval}"
    if "NUMBER" in kinds:
        return "an expression"
    if "STAR" in kinds:
        kinds -= OPERATORS | {"PRIME", "LSQB", "LPAR"}
        others = _choice(kinds)
        return f"an operator or {others}" if len(kinds) == 1 else f"an operator, {others}"
    return _choice(kinds - OPERATORS or kinds)


def _choice(kinds: set[str]) -> str:
    words = [_CLASSES[kind] for kind in _CLASSES if kind in kinds]
    words += sorted(
        "the end of the text" if kind == END else f"`{word_of(kind)}`"
        for kind in kinds
        if kind not in _CLASSES
    )
    if len(words) < 2:
        return "".join(words) or "the end of the text"
    return f"{', '.join(words[:-1])} or {words[-1]}"
