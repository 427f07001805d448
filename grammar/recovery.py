"""Run the LALR tables over tokens and go on after errors.

A slip whose meaning is plain is mended by a token put in, changed or left out. Otherwise the
parser leaves out the statement: it unwinds its stack to the body that the statement is in and
skips to the end of the statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lark import Token, Tree, UnexpectedToken
from lark.parsers.lalr_analysis import Shift
from lark.parsers.lalr_interactive_parser import InteractiveParser

from .diagnostics import Bag
from .situation import (
    FILE_STARTERS,
    GAME_STARTERS,
    SHARING_STARTERS,
    STARTERS,
    Situation,
    starts_line,
    word_of,
)
from .source import Source, Span
from .syntax_errors import SYNTHETIC, Finding, Repair, diagnose
from .tokens import CLOSING, END, MAX_ERRORS, OPENING, TokenStream, made_token, token_span

MAX_REPAIRS = 4
"""Repairs at one token before its statement is left out."""

_BODY = frozenset({"AGENTS", "SHARE", "GAME"})
"""Types of which one at least is acceptable wherever a statement may begin."""

_BODY_ONLY = (GAME_STARTERS | SHARING_STARTERS) - {"TYPE", "DEFINE"}


def go_on(
    parser: InteractiveParser, place: int, stream: TokenStream, source: Source, bag: Bag
) -> Tree[Token] | None:
    """Parse the rest of a text whose token at ``place`` does not fit.

    Returns
    -------
    Tree or None
        What could be read of a file; None for another start symbol after an error.
    """
    return _Run(parser, place, stream, source, bag).run()


class _Run:
    def __init__(
        self,
        parser: InteractiveParser,
        place: int,
        stream: TokenStream,
        source: Source,
        bag: Bag,
    ) -> None:
        self.parser = parser
        self.place = place
        self.tokens = list(stream.tokens)
        self.complete = stream.complete
        self.source = source
        self.bag = bag
        self.made_brackets = False
        self.repairs = 0
        self.errors = 0

    def run(self) -> Tree[Token] | None:
        while True:
            token = self.tokens[self.place]
            if self.made_brackets and self._must_close(token):
                token = self._put_in("RPAR")
            try:
                result = self.parser.feed_token(token)
            except UnexpectedToken:
                if not self._recover():
                    return None
                continue
            if token.type == END:
                tree: Tree[Token] = result
                return tree
            self.place += 1
            if token != SYNTHETIC:
                self.repairs = 0

    def _recover(self) -> bool:
        """Report and mend or skip; False if nothing can be done."""
        finding = diagnose(self._situation())
        at_cut = self.tokens[self.place].type == END and not self.complete
        if finding.code is not None and not at_cut:
            self.bag.report(
                finding.code, finding.span, others=finding.others, **dict(finding.facts)
            )
            self.errors += 1
            if self.errors == MAX_ERRORS:
                self.complete = False
                del self.tokens[self.place : -1]
                return True
        self.repairs += 1
        if finding.repair is not Repair.PANIC and self.repairs <= MAX_REPAIRS:
            self._repair(finding)
            return True
        if self.parser.parser_state.parse_conf.start != "file":
            return False
        self._leave_out_statement()
        return True

    def _situation(self) -> Situation:
        values = self.parser.parser_state.value_stack
        return Situation(
            tokens=self.tokens,
            place=self.place,
            accepts=frozenset(kind for kind in self._choices() if self._fits(kind)),
            pending=tuple(token for value in values for token in _tokens_of(value)),
            source=self.source,
            fits_after=lambda kind: self._fits(kind, self.tokens[self.place].type),
        )

    def _choices(self) -> Mapping[str, tuple[Any, ...]]:  # (action, state or rule)
        state = self.parser.parser_state
        return state.parse_conf.states[state.position]

    def _fits(self, *kinds: str) -> bool:
        """Whether tokens of these types could be shifted, with the reductions they ask for."""
        conf = self.parser.parser_state.parse_conf
        stack = list(self.parser.parser_state.state_stack)
        for kind in kinds:
            if stack[-1] == conf.end_state:
                return False
            while stack[-1] != conf.end_state:
                action, target = conf.states[stack[-1]].get(kind, (None, None))
                if action is None or not kind.isupper():
                    return False
                if action is Shift:
                    stack.append(target)
                    break
                del stack[len(stack) - len(target.expansion) :]
                stack.append(conf.states[stack[-1]][target.origin.name][1])
        return True

    def _repair(self, finding: Finding) -> None:
        place = self.place
        found = token_span(self.tokens[place], self.source)
        if finding.repair is Repair.SKIP:
            del self.tokens[place]
        elif finding.repair is Repair.REPLACE:
            (kind,) = finding.tokens
            text = str(self.tokens[place]) if kind == "NAME" else word_of(kind)
            self.tokens[place] = made_token(kind, text, found)
        else:
            self.made_brackets |= "LPAR" in finding.tokens
            self._put_in(*finding.tokens)

    def _put_in(self, *kinds: str) -> Token:
        """Put made-up tokens before the present one; return the first."""
        end = token_span(self.tokens[self.place - 1], self.source).end if self.place else 0
        gap = Span(self.source, end, end)
        self.tokens[self.place : self.place] = [made_token(k, SYNTHETIC, gap) for k in kinds]
        return self.tokens[self.place]

    def _must_close(self, token: Token) -> bool:
        """Whether a token ends an operand around which a parenthesis was put."""
        if token.type not in ("RPAR", "COMMA") or token == SYNTHETIC:
            return False
        opening = self._situation().opening
        return opening is not None and opening == SYNTHETIC and self._fits("RPAR")

    def _leave_out_statement(self) -> None:
        """Unwind to the innermost body and skip to where its next statement may begin."""
        state = self.parser.parser_state
        brackets: list[str] = []
        start = self.place
        while not _BODY & self._choices().keys():
            state.state_stack.pop()
            value = state.value_stack.pop()
            if isinstance(value, Token) and value.type in OPENING:
                brackets.insert(0, value.type)
        self.place = self._next_statement(brackets)
        if self.place == start and not self._fits(self.tokens[start].type):
            if self.tokens[start].type == END:
                self._put_in("RBRACE")
            else:
                self.place += 1

    def _next_statement(self, brackets: list[str]) -> int:
        """Index of the token at which to go on, given the brackets open before this one."""
        in_file = "GAME" in self._choices()
        if in_file and self.tokens[self.place].type in _BODY_ONLY:
            return self._next_block()
        for place in range(self.place, len(self.tokens)):
            kind = self.tokens[place].type
            if kind == END:
                return place
            if kind == "SEMICOLON" and not (in_file and brackets):
                return place + 1
            if kind in OPENING:
                brackets.append(kind)
            elif kind in CLOSING and CLOSING[kind] in brackets:
                while brackets.pop() != CLOSING[kind]:
                    pass
                if in_file and not brackets and self.tokens[place + 1].type != "SEMICOLON":
                    return place + 1
            elif (
                (kind == "RBRACE" or self._begins_statement(place))
                and (not in_file or kind in FILE_STARTERS)
                and (place > self.place or self._fits(kind))
            ):
                return place
        return len(self.tokens) - 1

    def _next_block(self) -> int:
        """Index of the next game, sharing structure or import, whatever is open."""
        for place in range(self.place, len(self.tokens) - 1):
            if self.tokens[place].type in FILE_STARTERS and self._begins_statement(place):
                return place
        return len(self.tokens) - 1

    def _begins_statement(self, place: int) -> bool:
        kind, following = self.tokens[place].type, self.tokens[place + 1].type
        if kind not in STARTERS or following == "LSQB":
            return False
        return starts_line(self.tokens, place)


def _tokens_of(value: object) -> Iterable[Token]:
    """Tokens that a value on the parser's stack stands for, if it is not a node of the tree."""
    if isinstance(value, Token):
        return (value,)
    if isinstance(value, Tree) and value.data.startswith("_"):
        return (child for child in value.children if isinstance(child, Token))
    return ()
