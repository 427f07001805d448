"""The usual slips: which one a situation shows, and how to go on after it.

A rule looks at a `Situation` and returns a `Finding` or None; the first that answers decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from lark import Token

from .situation import (
    COMPARISONS,
    FILE_STARTERS,
    GAME_STARTERS,
    OPERATORS,
    SHARING_STARTERS,
    STARTERS,
    Situation,
    describe,
    expectation,
    is_word,
    word_of,
)
from .source import Span
from .suggest import nearest
from .tokens import CLOSING, END, OPENING


class Repair(Enum):
    """How to go on."""

    INSERT = "feed the given tokens first"
    REPLACE = "take the given token instead of the one found"
    SKIP = "leave the token out"
    PANIC = "leave the statement out"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong and how to go on; ``code`` is None where it was reported already."""

    code: str | None
    span: Span
    repair: Repair = Repair.PANIC
    tokens: tuple[str, ...] = ()
    others: tuple[Span, ...] = ()
    facts: Mapping[str, str | None] = field(default_factory=dict)


SYNTHETIC = ""
"""Text of the tokens that a repair makes up."""

_OPERAND_WORDS = frozenset({"IF", "MATCH", "ALL", "ANY", "SUM", "COUNT", "MAX", "MIN"})
_EXAMPLES = {"IF": "if c then x else y", "MATCH": "match e { ... }"}
_NOUNS = GAME_STARTERS | SHARING_STARTERS | {"GAME", "TO", "AGENT", "COMPRESSION", "SHARING"}


def diagnose(situation: Situation) -> Finding:
    """Name the slip."""
    for rule in _RULES:
        finding = rule(situation)
        if finding is not None:
            return finding
    return _unexpected(situation)


def _already_reported(s: Situation) -> Finding | None:
    if s.found.type == "UNKNOWN":
        return Finding(None, s.gap)
    opening = s.opening
    if opening is not None and opening == SYNTHETIC and OPENING[opening.type] in s.accepts:
        return Finding(None, s.gap, Repair.INSERT, (OPENING[opening.type],))
    return None


def _wrong_arrow(s: Situation) -> Finding | None:
    wanted = next((k for k in ("ARROW", "COLON") if k in s.accepts), None)
    if wanted is None or s.found.type not in ("FOREIGN_ARROW", "ARROW", "COLON", "ASSIGN"):
        return None
    facts = {"wanted": word_of(wanted), "found": str(s.found)}
    return Finding("P0009", s.span(s.found), Repair.REPLACE, (wanted,), facts=facts)


def _wrong_equals(s: Situation) -> Finding | None:
    kind = s.found.type
    if kind == "ASSIGN" and "EQ" in s.accepts:
        wanted = "EQ"
    elif kind == "ARROW" and "GE" in s.accepts:
        wanted = "GE"
    elif kind in ("EQ", "COLON", "TILDE", "ARROW", "FOREIGN_ARROW") and "ASSIGN" in s.accepts:
        wanted = "ASSIGN"
    elif kind in ("ASSIGN", "COLON", "TILDE") and s.accepts <= {"IN", "LSQB", "COMMA", "RSQB"}:
        if "IN" not in s.accepts:
            return None
        wanted = "IN"
    else:
        return None
    facts = {"wanted": word_of(wanted), "found": str(s.found)}
    return Finding("P0008", s.span(s.found), Repair.REPLACE, (wanted,), facts=facts)


def _chained_comparison(s: Situation) -> Finding | None:
    compared = s.found.type in COMPARISONS or s.found.type == "ASSIGN"
    if not compared or "AND" not in s.accepts or "EQ" in s.accepts:
        return None
    first = s.pending_word(*COMPARISONS)
    others = () if first is None else (s.span(first),)
    return Finding("P0010", s.span(s.found), Repair.REPLACE, ("AND",), others)


def _misplaced_prime(s: Situation) -> Finding | None:
    before = s.before
    if s.found.type == "LSQB" and before is not None and before.type == "PRIME":
        return Finding("P0016", s.span(before), facts={"why": "the indices come first"})
    if s.found.type != "PRIME":
        return None
    hint = None
    why = "not directly after a variable"
    if before is not None and before.type == "PRIME":
        why = "one prime is enough"
    elif s.pending_word("INIT") is not None:
        why = "`init` describes step 1"
        hint = "leave the prime out: `init x ~ D;`"
    elif before is not None and before.type == "RPAR":
        hint = "prime the variables inside the parentheses; a `define` contains its own primes"
    facts: dict[str, str | None] = {"why": why, "hint": hint}
    return Finding("P0016", s.span(s.found), Repair.SKIP, facts=facts)


def _missing_prime(s: Situation) -> Finding | None:
    in_tuple = s.opening is not None and s.opening.type == "LPAR"
    relation = s.found.type in ("ASSIGN", "TILDE")
    if not relation and not (in_tuple and s.found.type in ("COMMA", "RPAR")):
        return None
    if s.before is None or "PRIME" not in s.accepts or s.after_operand:
        return None
    start, depth = s.place - 1, 0
    while start > 0 and (depth or s.tokens[start].type != "NAME"):
        depth += (s.tokens[start].type == "RSQB") - (s.tokens[start].type == "LSQB")
        start -= 1
    target = s.span(s.tokens[start]).to(s.span(s.before))
    facts = {"target": target.text, "sign": str(s.found) if relation else None}
    return Finding("P0023", target, Repair.INSERT, ("PRIME",), facts=facts)


def _missing_after(s: Situation) -> Finding | None:
    rule = s.pending_word("SHARE")
    if rule is None or "AFTER" not in s.accepts:
        return None
    if s.found.type == "NUMBER":
        return Finding("P0020", s.gap, Repair.INSERT, ("AFTER",), (s.span(rule),))
    if s.found.type == "WHEN" or s.ends_statement:
        return Finding("P0020", s.gap, others=(s.span(rule),))
    return None


def _missing_else(s: Situation) -> Finding | None:
    start = s.open_if
    if start is None or "ELSE" not in s.accepts or "NAME" in s.accepts:
        return None
    if not (s.ends_statement or s.on_new_line or s.found.type in ("COMMA", *CLOSING)):
        return None
    others = (s.span(start),)
    return Finding("P0013", s.gap, Repair.INSERT, ("ELSE", "NOTHING"), others)


def _empty_braces(s: Situation) -> Finding | None:
    if s.found.type != "RBRACE" or s.before is None or s.before.type != "LBRACE":
        return None
    if "WILDCARD" in s.accepts:
        what, expected, hint = "a match", "an arm", "write `match e { pattern => value, ... }`"
    elif "ELSE" in s.accepts:
        what, expected, hint = (
            "a distribution",
            "`value: probability`",
            "write `{ a: 1/2, b: 1/2 }`",
        )
    elif s.wants_operand:
        what, expected, hint = "a set", "a value", "write `{ a, b }` or `1..3`"
    else:
        return None
    facts = {"what": what, "expected": expected, "hint": hint}
    return Finding("P0019", s.span(s.before).to(s.span(s.found)), facts=facts)


def _bare_operand(s: Situation) -> Finding | None:
    before, found = s.before, s.found
    if found.type == "NAME" and before is not None and before.type in ("MAX", "MIN"):
        if s.accepts != frozenset({"LPAR"}):
            return None
        example = f"{before} {found} in D: e"
        return Finding("P0012", s.span(before), facts={"found": str(before), "example": example})
    operand = s.wants_operand and not s.accepts & {"IF", "LBRACE", "WILDCARD"}
    if found.type not in _OPERAND_WORDS or not operand:
        return None
    example = _EXAMPLES.get(found.type, f"{found} i: e")
    facts = {"found": str(found), "example": example}
    return Finding("P0012", s.span(found), Repair.INSERT, ("LPAR",), facts=facts)


def _missing_semicolon(s: Situation) -> Finding | None:
    if "SEMICOLON" not in s.accepts or s.found.type == "SEMICOLON":
        return None
    if not (s.ends_statement or (s.on_new_line and s.found.type in ("NAME", "LPAR"))):
        return None
    others = () if s.found.type in (END, "RBRACE") else (s.span(s.found),)
    return Finding("P0002", s.gap, Repair.INSERT, ("SEMICOLON",), others)


def _reserved_word(s: Situation) -> Finding | None:
    found = s.found
    if not is_word(found) or s.at_statement or (found.type in STARTERS and s.on_new_line):
        return None
    if "WILDCARD" in s.accepts:
        if found.type != "ELSE":
            return None
        facts = {
            "expected": "a pattern",
            "found": describe(found),
            "hint": "`_` stands for every other value",
        }
        return Finding("P0001", s.span(found), Repair.REPLACE, ("WILDCARD",), facts=facts)
    if "NAME" not in s.accepts or (s.wants_operand and found.type not in _NOUNS):
        return None
    if s.fits_after("NAME"):
        return None
    facts = {"word": str(found), "suggestion": f"the_{found}", "expected": expectation(s.accepts)}
    return Finding("P0007", s.span(found), Repair.REPLACE, ("NAME",), facts=facts)


def _brackets(s: Situation) -> Finding | None:
    opening = s.opening
    closing = None if opening is None else OPENING[opening.type]
    if s.found.type in CLOSING:
        wanted = CLOSING[s.found.type]
        if opening is None or all(t.type != wanted for t in s.pending):
            facts = {"closing": str(s.found), "opening": word_of(wanted)}
            fits = closing in s.accepts and s.found.type != "RBRACE"
            if opening is None or closing is None or not fits:
                return Finding("P0015", s.span(s.found), Repair.SKIP, facts=facts)
            return _unclosed(s, opening, Repair.REPLACE)
    if opening is None or closing not in s.accepts:
        return None
    if (s.at_statement and _ends_body(s)) or (not s.at_statement and _cannot_go_on(s)):
        return _unclosed(s, opening, Repair.INSERT)
    return None


def _ends_body(s: Situation) -> bool:
    """Whether a token cannot stand in a game or a sharing structure, only behind it."""
    if s.found.type != "SHARING":
        return s.found.type in (END, "GAME")
    rest = (token.type for token in s.tokens[s.place :])
    return next((kind for kind in rest if kind in ("LBRACE", "SEMICOLON")), END) == "LBRACE"


def _semicolon_for_comma(s: Situation) -> Finding | None:
    """Return the finding for ``{ a; b }``, which goes on within its brackets."""
    if s.found.type != "SEMICOLON" or "COMMA" not in s.accepts or s.opening is None:
        return None
    rest = s.tokens[s.place + 1 :]
    ends = {"SEMICOLON", "TILDE", "ASSIGN", END} | STARTERS
    arm_follows = next((t.type for t in rest if t.type in {"ARROW"} | ends), END) == "ARROW"
    closing = OPENING[s.opening.type]
    same_line = (t.type for t in rest if t.line == s.found.line)
    closed_here = next((kind for kind in same_line if kind in CLOSING), END) == closing
    if not arm_follows and not closed_here:
        return None
    facts = {"expected": "`,`", "found": "`;`", "hint": "a `;` only ends a statement"}
    return Finding("P0001", s.span(s.found), Repair.REPLACE, ("COMMA",), facts=facts)


def _cannot_go_on(s: Situation) -> bool:
    inner_words = ("THEN", "ELSE", "AFTER", "WHEN", "TO", "FOR", "WITH")
    return s.ends_statement or s.found.type in CLOSING or s.found.type in inner_words


def _unclosed(s: Situation, opening: Token, repair: Repair) -> Finding:
    closing = OPENING[opening.type]
    facts = {"opening": str(opening), "closing": word_of(closing)}
    span = s.span(s.found) if repair is Repair.REPLACE else s.gap
    return Finding("P0014", span, repair, (closing,), (s.span(opening),), facts)


def _misspelt_statement(s: Situation) -> Finding | None:
    """Return the finding for ``stat x in D;``: two words where a statement begins."""
    before = s.before
    if s.found.type == "NAME" and "GAME" in s.accepts:
        word, kinds = s.found, FILE_STARTERS | {"TYPE", "DEFINE"}
        repair, expected = Repair.REPLACE, expectation(s.accepts)
    elif before is not None and before.type == "NAME" and s.accepts == frozenset({"PRIME", "LSQB"}):
        if s.opening is not None and s.opening.type == "LPAR":
            return None
        word, kinds = before, GAME_STARTERS
        repair, expected = Repair.PANIC, expectation({"AGENTS"})
    elif s.found.type == "NAME" and "SHARE" in s.accepts:
        word, kinds = s.found, SHARING_STARTERS
        repair, expected = Repair.PANIC, expectation(s.accepts)
    else:
        return None
    close = nearest(str(word), [word_of(kind) for kind in sorted(kinds)])
    hint = f"did you mean `{close[0]}`?" if close else None
    if hint is None and s.found.type == "LPAR":
        hint = f"a function is named by `define {word}(x) = e;`"
    facts = {"expected": expected, "found": describe(word), "hint": hint}
    if not close or repair is Repair.PANIC:
        return Finding("P0001", s.span(word), facts=facts)
    return Finding("P0001", s.span(word), repair, (close[0].upper(),), facts=facts)


def _unexpected(s: Situation) -> Finding:
    facts: dict[str, str | None] = {
        "expected": expectation(s.accepts),
        "found": describe(s.found),
    }
    others: tuple[Span, ...] = ()
    if "GAME" in s.accepts and s.before is not None and s.before.type == "RBRACE":
        others = (s.span(s.before),)
        facts["place"] = "the last block ends here"
    facts["hint"] = _hint(s)
    closing = {"RBRACE"} if s.at_statement else set[str]()
    mends = [kind for kind in s.accepts - OPERATORS - closing if s.fits_after(kind)]
    repair = Repair.INSERT if len(mends) == 1 else Repair.PANIC
    return Finding("P0001", s.span(s.found), repair, tuple(mends), others, facts)


def _hint(s: Situation) -> str | None:
    if s.before is not None and s.before.type in ("ACTION", "OBSERVATION", "REWARD"):
        return f"name the agent: `{s.before}[i]`"
    if s.found.type in ("SHARING", "COMPRESSION") and s.fits_after("USE"):
        return f"write `use {s.found} NAME(...);`"
    if s.at_statement:
        return _home(s.found.type)
    if s.found.type == "COMMA" and s.pending_word("STATE", "ACTION", "OBSERVATION", "MEMORY"):
        return "declare each variable in a statement of its own"
    return None


def _home(kind: str) -> str | None:
    """Return the hint for a statement that stands in the wrong kind of block."""
    if kind == "IMPORT":
        return "imports stand outside of games and sharing structures"
    if kind in SHARING_STARTERS:
        return f"`{word_of(kind)}` belongs in a sharing structure: `sharing NAME {{ ... }}`"
    if kind in GAME_STARTERS:
        return f"`{word_of(kind)}` belongs in a game: `game NAME {{ ... }}`"
    return None


_RULES: tuple[Callable[[Situation], Finding | None], ...] = (
    _already_reported,
    _wrong_arrow,
    _wrong_equals,
    _chained_comparison,
    _misplaced_prime,
    _missing_prime,
    _missing_after,
    _missing_else,
    _empty_braces,
    _bare_operand,
    _missing_semicolon,
    _reserved_word,
    _semicolon_for_comma,
    _brackets,
    _misspelt_statement,
)
