"""P00xx: what the parser refuses."""

from __future__ import annotations

from collections.abc import Mapping

from .message import Message

MESSAGES: Mapping[str, Message] = {
    "P0001": Message(
        text="expected {expected}, found {found}",
        label="not expected here",
        other="{place}",
        helps=("{hint}",),
    ),
    "P0002": Message(
        text="expected `;` after the statement",
        label="`;` is missing here",
        other="the next one begins here",
        notes=("line ends do not end a statement",),
        helps=("end every statement with `;`",),
    ),
    "P0003": Message(
        text="{character} has no meaning in posg",
        label="unknown character",
        helps=("write `{meant}`",),
    ),
    "P0004": Message(
        text="`#` does not begin a comment",
        label="read as a comment",
        helps=("write `// ...` or `/* ... */`",),
    ),
    "P0005": Message(
        text="this comment is never closed",
        label="opened here",
        notes=("the rest of the file was not read",),
        helps=("close it with `*/`, or write `//` for a comment of one line",),
    ),
    "P0006": Message(
        text="this string is never closed",
        label="it ends with its line",
        helps=('write `"` at the end of the path',),
    ),
    "P0007": Message(
        text="`{word}` is a reserved word and cannot be a name",
        label="expected {expected}",
        helps=("choose another name, such as `{suggestion}`",),
    ),
    "P0008": Message(
        text="expected `{wanted}`, found `{found}`",
        label="write `{wanted}`",
        notes=(
            "`=` defines, `==` compares, `~` draws from a distribution, `in` names " + "a domain",
        ),
        helps=("write `{wanted}` instead of `{found}`",),
    ),
    "P0009": Message(
        text="expected `{wanted}`, found `{found}`",
        label="write `{wanted}`",
        notes=(
            "`pattern => value` in a match, `value: probability` in a distribution, `all i: e` "
            + "after a quantifier",
        ),
        helps=("write `{wanted}` instead of `{found}`",),
    ),
    "P0010": Message(
        text="comparisons cannot be chained",
        label="a second comparison",
        other="the first one",
        helps=("join two comparisons with `and`: `0 < x and x < 3`; or write `x in 1..2`",),
    ),
    "P0011": Message(
        text="`{found}` is not an operator of posg",
        label="write `{word}`",
        helps=("the logical operators are the words `and`, `or` and `not`",),
    ),
    "P0012": Message(
        text="`{found}` cannot be an operand without parentheses",
        label="open a parenthesis here",
        notes=("`if`, `match` and quantifiers reach as far to the right as possible",),
        helps=("write `({example})`",),
    ),
    "P0013": Message(
        text="this `if` has no `else`",
        label="expected `else`",
        other="the `if` begins here",
        notes=("an `if` is an expression and needs a value for both cases",),
        helps=("write `if c then x else y`",),
    ),
    "P0014": Message(
        text="`{opening}` is never closed",
        label="expected `{closing}` here",
        other="opened here",
        helps=("add `{closing}`",),
    ),
    "P0015": Message(
        text="`{closing}` closes nothing",
        label="no open `{opening}`",
        other="the last one was closed here",
        helps=("remove it, or add the `{opening}` that it should close",),
    ),
    "P0016": Message(
        text="a prime cannot stand here",
        label="{why}",
        helps=("a prime follows a variable and its indices: `x'`, `x[i]'`", "{hint}"),
    ),
    "P0017": Message(
        text="a number and a word without space between them: `{number}{word}`",
        label="read as a name",
        helps=("write `{number} * {word}` for a product; names begin with a letter",),
    ),
    "P0018": Message(
        text="`else` must be the last entry of a distribution",
        label="entries follow after it",
        notes=("`else: q` spreads q over the values that are not listed",),
        helps=("move `else: ...` to the end",),
    ),
    "P0019": Message(
        text="{what} cannot be empty",
        label="expected {expected}",
        helps=("{hint}",),
    ),
    "P0020": Message(
        text="`share` needs to say when: `after d`",
        label="expected `after`",
        other="the rule begins here",
        notes=("an observation can be shared `after 0` at the earliest, an action `after 1`",),
        helps=("write `share observation[i] after 1;`",),
    ),
    "P0021": Message(
        text="nested more than {limit} levels deep",
        label="too deep",
        helps=("name parts with `define`, or use `match` instead of a long chain",),
    ),
    "P0022": Message(
        text="this number is too long, too large or too small",
        label="not read",
        notes=(
            "numbers have at most {digits} digits and exponents from -{exponent} to {exponent}",
            "they are 0 or lie between 1e-{exponent} and 1e{exponent}",
        ),
    ),
    "P0023": Message(
        text="an equation defines the value at the next step: the prime is missing",
        label="write `{target}'`",
        notes=("`init` defines the value at step 1, `define` names an expression",),
        helps=("write `{target}' {sign} ...`",),
    ),
}
