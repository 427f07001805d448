"""P03xx: transitions, observations and rewards."""

from __future__ import annotations

from collections.abc import Mapping

from .message import Message

MESSAGES: Mapping[str, Message] = {
    "P0301": Message(
        "these variables wait for each other: {cycle}",
        label="part of the cycle",
        other="also part of it",
        notes=("each needs the value of the next one to be drawn first",),
        helps=(
            (
                "read the value before the decision (no prime), or draw them together: "
                "`(x', y') ~ ...`"
            ),
        ),
    ),
    "P0302": Message(
        "distribution of `{target}` sums to {sum}; it was normalised",
        label="rounded numbers?",
        notes=("this happens at {where}",),
        helps=("write exact fractions such as 1/3",),
        warning=True,
    ),
    "P0303": Message(
        "distribution of `{target}` has a negative probability, {value}",
        label="with {parameters}",
        notes=("this happens at {where}",),
        helps=("restrict the range of the parameter, or use `clamp(p, 0, 1)`",),
    ),
    "P0304": Message(
        "the reward of {agent} is defined by itself",
        label="this reward",
        helps=("write one of the rewards without `reward[...]`",),
    ),
    "P0305": Message(
        "could not prove that `{target}` is a distribution for all parameters in their ranges",
        label="checked only for the current values",
        notes=(
            (
                "a condition or a probability depends on several parameters at once in a way that "
                "was not settled"
            ),
        ),
        helps=("narrow the ranges, or write the probabilities as polynomials of the parameters",),
        warning=True,
    ),
    "P0306": Message(
        "`else` of `{target}` has no value left to take its probability",
        label="all values are listed",
        notes=("this happens at {where}",),
        helps=("remove the `else`, or leave a value out of the list",),
    ),
    "P0307": Message(
        "`{target}` leaves its domain {domain}",
        label="this value is outside",
        notes=("it happens from {where}, which is reachable",),
        helps=("use `clamp(e, low, high)`, `min` or `max`, or widen the domain",),
    ),
    "P0308": Message(
        "this match has no arm for {case}",
        label="not exhaustive",
        notes=("this happens at {where}",),
        helps=("add an arm `{case} => ...`, or a last arm `_ => ...`",),
    ),
    "P0309": Message(
        "`{name}` does not exist",
        label="index out of range",
        notes=("it is read at {where}",),
        helps=("guard the index: `if k in 1..3 then ... else ...`",),
    ),
    "P0310": Message(
        "division by zero",
        label="the divisor is 0 here",
        notes=("this happens at {where}",),
        helps=("guard it: `if d == 0 then ... else ... / d`",),
    ),
    "P0311": Message(
        "`nothing` is used as a value",
        label="this may be `nothing`",
        notes=("this happens at {where}",),
        helps=("test it first: `if x == nothing then ... else ...`",),
    ),
    "P0312": Message(
        "parameters with whole-number ranges have {count} combinations; only some were checked",
        label="this range",
        notes=("checked: {checked}",),
        helps=("narrow the ranges to have all of them proved",),
        warning=True,
    ),
    "P0313": Message(
        "with {parameters} the game has an error: {inner}",
        label="this range allows it",
        helps=("narrow the range of the parameter, or repair the game for that value",),
    ),
    "P0321": Message(
        "no reward and no observation depends on the state variable `{name}`",
        label="this has no effect",
        helps=("remove it: each state variable multiplies the number of states",),
        warning=True,
    ),
    "P0322": Message(
        "what {agent} chooses for `{name}` influences nothing, and nobody learns it",
        label="this has no effect",
        notes=("no transition, observation or reward that matters reads it",),
        helps=("remove it, or let something read it",),
        warning=True,
    ),
    "P0323": Message(
        "the observation `{name}` says nothing: its law is the same in every state",
        label="pure noise",
        helps=("let its law read a state variable or an action, or remove it",),
        warning=True,
    ),
}
