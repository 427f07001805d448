"""P02xx: types, and distributions that are none."""

from __future__ import annotations

from collections.abc import Mapping

from .message import Message

_NEAR = "did you mean {suggestion}?"

MESSAGES: Mapping[str, Message] = {
    "P0201": Message(
        "expected {expected}, found {found}", label="this is {found}", helps=("{hint}",)
    ),
    "P0202": Message(
        "{left} is compared with {right}",
        label="these can never be equal",
        helps=("compare values of the same kind",),
    ),
    "P0203": Message(
        "these enumerations have no value in common",
        label="{left} against {right}",
        notes=("the comparison would always give the same answer",),
        helps=(_NEAR,),
    ),
    "P0204": Message(
        "distribution of `{target}` sums to {sum}, not 1",
        label="with {parameters}",
        notes=(
            "this happens at {where}",
            "{terms} were added",
            "`else: {rest}` is the total of the values that are not listed, not the share of each",
        ),
        helps=(
            "to give each of the {others} others `{rest}`, write `else: {scaled}`",
            "correct the probabilities; `else: ...` gives what is left to the other values",
        ),
    ),
    "P0205": Message(
        "the branches of a choice have different types",
        label="this is {found}",
        other="this is {first}",
    ),
    "P0206": Message(
        "a distribution is used where a value is needed",
        label="a distribution",
        helps=("choose between whole distributions instead: `if c then {{ ... }} else {{ ... }}`",),
    ),
    "P0207": Message(
        "`{name}` is set with `=` to a distribution",
        label="a distribution",
        helps=("write `~` instead of `=`",),
    ),
    "P0208": Message(
        "wrong number of arguments for `{name}`: {found} instead of {expected}",
        label="{found} here",
        other="defined here",
    ),
    "P0209": Message(
        "`{name}` is a function and needs its arguments", label="used without", other="defined here"
    ),
    "P0210": Message(
        "`{name}` is defined by itself",
        label="this definition",
        notes=("{cycle}",),
        helps=("a define must not lead back to itself; unroll it",),
    ),
    "P0211": Message(
        "`{name}` is {kind} and has no next value",
        label="the prime means the value at the next step",
        other="declared here",
        helps=("remove the prime",),
    ),
    "P0212": Message(
        "{place} reads `{name}` at the next step",
        label="`{name}'` is not known there",
        notes=("a prime means the value after the decision",),
        helps=("write `{name}` without the prime",),
    ),
    "P0213": Message(
        "{place} reads {role} `{name}` without a prime",
        label="the value before the decision is not available",
        notes=("observations are received after the transition, so they are read with a prime",),
        helps=("write `{name}'`",),
    ),
    "P0214": Message(
        "{place} must not read {role} `{name}`",
        label="not available here",
        notes=(
            (
                "transitions read state and actions, observations read these and the new state, "
                "sharing rules read actions, observations and registers"
            ),
        ),
    ),
    "P0215": Message(
        "an index of `{name}` must be {expected}, not {found}",
        label="this is {found}",
        other="declared here",
    ),
    "P0216": Message(
        "wrong number of values: {found} instead of {expected}",
        label="{found} here",
        helps=("write a tuple `(x, y)` with as many items as the left side",),
    ),
    "P0217": Message(
        "`{name}` takes values in {domain}, not {found}",
        label="this is {found}",
        other="declared here",
    ),
    "P0218": Message(
        "`{value}` is not a value of `{name}`, which takes {domain}",
        label="not in the domain",
        other="declared here",
        helps=(_NEAR,),
    ),
    "P0223": Message(
        "`{name}[...]` stands for all {name} variables of an agent, in sharing structures only",
        label="in a game",
        helps=("write the variable's own name",),
    ),
    "P0224": Message(
        "`reward[...]` can be read only in a reward",
        label="not a reward",
        helps=("compute the quantity with a `define` that both places use",),
    ),
    "P0225": Message(
        "`nothing` belongs to sharing structures",
        label="in a game",
        helps=("give the variable a value of its own for this case",),
    ),
    "P0226": Message(
        "`{name}` is a bound name, without indices or a prime",
        label="write just `{name}`",
    ),
    "P0227": Message(
        "agents of a group are written with a number, `{name}[1]`", label="which agent?"
    ),
    "P0228": Message(
        "`{name}` is {kind} and has no indices", label="indices here", other="declared here"
    ),
    "P0229": Message(
        "`{name}` is not a function",
        label="called here",
        helps=("indices are written in square brackets: `{name}[...]`",),
    ),
    "P0230": Message(
        "the bound name `{name}` hides a variable or parameter",
        label="bound here",
        helps=("choose another name for the index",),
    ),
}
