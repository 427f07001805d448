"""P01xx: declarations and names."""

from __future__ import annotations

from collections.abc import Mapping

from .message import Message

_NEAR = "did you mean {suggestion}?"

MESSAGES: Mapping[str, Message] = {
    "P0101": Message(
        "`{name}` is declared twice",
        label="declared again here",
        other="first declared here",
        helps=("give one of them another name, or delete it",),
    ),
    "P0102": Message(
        "there is nothing called `{name}` here",
        label="unknown name",
        helps=(_NEAR,),
    ),
    "P0103": Message(
        "there is no type called `{name}`",
        label="unknown type",
        helps=(_NEAR, "declare it with `type {name} = {{ ... }};`, or write a set or a range here"),
    ),
    "P0104": Message(
        "parameter `{name}` is {value}, outside its range {range}",
        label="this value",
        other="the range",
        helps=("choose a value in {range}, or widen the range",),
    ),
    "P0105": Message(
        "`{name}` does not exist",
        label="no such member or agent",
        helps=("use one of the indices or agents that were declared",),
    ),
    "P0106": Message(
        "{what} must be a constant",
        label="this is not a number made of numbers and parameters",
        helps=("use numbers, parameters declared before, and + - * / %",),
    ),
    "P0107": Message("{what} must be a whole number, not {value}", label="this is {value}"),
    "P0108": Message(
        "the range {range} is empty",
        label="the low end is above the high end",
        helps=("write the smaller end first",),
    ),
    "P0109": Message("`{value}` is listed twice in one set", label="listed before"),
    "P0110": Message(
        "a domain mixes numbers, names or truth values",
        label="all values of a domain must be of one kind",
        helps=("write only names, only numbers, or `bool`",),
    ),
    "P0111": Message(
        "`{name}` is both a value of an enumeration and the name of something else",
        label="the value",
        other="the other `{name}`",
        notes=("in an expression nobody could tell which of the two is meant",),
        helps=("rename one of them",),
    ),
    "P0112": Message(
        "wrong number of indices for `{name}`: {found} instead of {expected}",
        label="{found} here",
        other="declared here",
    ),
    "P0113": Message(
        "the {what} value of `{name}` is given twice",
        label="given again here",
        other="first given here",
        helps=("keep one of the two statements, or combine them with `if` or `match`",),
    ),
    "P0114": Message(
        "`{name}` never gets a next value",
        label="declared here",
        helps=("add an equation such as `{name}' = ...;` or `{name}' ~ ...;`",),
    ),
    "P0115": Message(
        "the index `{index}` of `{name}` has no range",
        label="which values does it take?",
        helps=("write `{index} in 1..3`, or another domain",),
    ),
    "P0116": Message(
        "game `{game}` has no horizon",
        label="this game",
        helps=("add `horizon 3;`, or pass `--horizon 3`",),
    ),
    "P0117": Message(
        "game `{game}` has no agents", label="this game", helps=("add `agents alice, bob;`",)
    ),
    "P0118": Message(
        "the game has no parameter `{name}` that could be set",
        label="a value for `{name}`",
        helps=(_NEAR, "declare it with `param {name} = ...;`"),
    ),
    "P0119": Message(
        "the range of parameter `{name}` must be numbers",
        label="not a range of numbers",
        helps=("write `in [0, 1]` for real values, or `in 1..5` for whole ones",),
    ),
    "P0120": Message(
        "{kind} `{name}` must belong to agents",
        label="whose {kind} is it?",
        helps=("write `{kind} {name}[i] in ...;` for every agent, or name one: `{name}[alice]`",),
    ),
    "P0121": Message("the horizon must be at least 1, not {value}", label="this is {value}"),
    "P0122": Message(
        "the discount must be above 0 and at most 1, not {value}", label="this is {value}"
    ),
    "P0123": Message(
        "`{name}` is an action: agents choose it, no rule does",
        label="on the left of a rule",
        helps=("make it a state or an observation variable if chance decides it",),
    ),
    "P0124": Message(
        "one rule cannot give both state and observation variables",
        label="mixed targets",
        notes=("observations are drawn after the whole next state",),
        helps=("write one rule for the state and another that reads the new state, `x'`",),
    ),
    "P0125": Message(
        "`{name}` is not a variable, so no rule can give it a value",
        label="not a variable",
        other="declared here",
        helps=("declare `state {name} in ...;`, or use another variable",),
    ),
    "P0126": Message(
        "state variable `{name}` has no first value",
        label="declared here",
        helps=("add `init {name} = ...;` or `init {name} ~ uniform;`",),
    ),
    "P0127": Message(
        "the reward of {agent} is given twice",
        label="given again here",
        other="first given here",
        helps=("keep one of them; `reward = ...;` already pays every agent",),
    ),
    "P0128": Message(
        "the game has no reward",
        label="this game",
        helps=("add `reward = ...;` for a team, or `reward[i] = ...;`",),
    ),
    "P0129": Message(
        "there is no reward for {agents}",
        label="in this game",
        helps=("add `reward[...] = ...;` for each of them",),
    ),
    "P0130": Message(
        "too many agents: {count}",
        label="declared here",
        notes=("a game has at most {limit}",),
        helps=("use fewer agents",),
    ),
}
