"""P04xx: information structures."""

from __future__ import annotations

from collections.abc import Mapping

from .message import Message

_NEAR = "did you mean {suggestion}?"
_CHI = "(2.1): the increment of the common information is z = χ(p, a, o'), from what agents know"
_XI = "(2.2): agent i's private information is p_i' = ξ_i(p_i, a_i, o_i'), from its own values only"

MESSAGES: Mapping[str, Message] = {
    "P0401": Message(
        "there is no sharing structure called `{name}`",
        label="unknown structure",
        helps=(_NEAR, "declare it with `sharing {name} {{ ... }}`"),
    ),
    "P0402": Message(
        "too many arguments for `{name}`: {found} instead of {expected}",
        label="{found} here",
        other="declared here",
    ),
    "P0403": Message(
        "`{structure}` has no parameter `{name}`",
        label="a value for `{name}`",
        other="declared here",
        helps=(_NEAR,),
    ),
    "P0404": Message(
        "`{structure}` needs a value for `{name}`",
        label="no value given",
        other="the parameter",
        helps=("write `{name} = ...`",),
    ),
    "P0405": Message(
        "`{name}` must be the name of a define, not `{value}`",
        label="not a define",
        helps=(_NEAR, "declare `define {value}(i) = ...;` in the game"),
    ),
    "P0406": Message(
        "a value shared with {agent} only, among {count} agents, is not common information",
        label="private information of {agent} would be updated from this",
        other="only {agent} would learn it",
        notes=(
            _CHI + "; a value that only some agents learn belongs to neither c nor p_i",
            _XI,
        ),
        helps=(
            "remove `to {agent}` to share it with everybody",
            (
                "or let the game deliver it: `posg check --lift` writes the game in which an "
                "observation of {agent} carries it"
            ),
        ),
    ),
    "P0407": Message(
        "one rule shares an expression over values of several agents: {agents}",
        label="reads {agents}",
        notes=("each rule is about the values of one agent at one step",),
        helps=("write one rule for each agent, or use `chi`, which may read everybody's",),
    ),
    "P0408": Message(
        "this rule shares nothing that an agent sees or does",
        label="a constant",
        helps=("share `observation[i]`, `action[i]`, or an expression over an agent's variables",),
    ),
    "P0409": Message(
        "the delay {value} is too short: at least {least}",
        label="at least {least}",
        notes=(
            (
                "an observation can be common at the step at which it is received, an action one "
                "step after it is taken"
            ),
        ),
    ),
    "P0410": Message(
        "whether {agent}'s value is shared depends on {other}",
        label="reads {other}",
        notes=("a condition may read the agent's observation and the action that led to it",),
    ),
    "P0411": Message(
        "`{name}` is shared later than it is remembered (for {memory} steps)",
        label="released here",
        other="forgotten here",
        notes=(_CHI + ", so a value must be in p until it is released",),
        helps=("share it sooner, or `keep` it for longer",),
    ),
    "P0412": Message(
        "private information of {agent} is updated from values of {other}",
        label="reads {read}",
        notes=(_XI,),
        helps=("make the value common with `chi`, or let an observation of {agent} carry it",),
    ),
    "P0413": Message(
        "register `{name}` is never written",
        label="declared here",
        helps=("add `xi {name}' = ...;`",),
    ),
    "P0414": Message("register `{name}` is written twice", label="again here", other="first here"),
    "P0415": Message(
        "`keep` and `forget` are about variables",
        label="an expression",
        helps=("write `observation[i]`, `action[i]` or a variable's name",),
    ),
    "P0416": Message("a memory of {value} steps is not possible", label="must be at least 0"),
    "P0417": Message(
        "register `{name}` gets a value outside its domain {domain}",
        label="this value",
        other="declared here",
        helps=("widen the register's domain",),
    ),
    "P0418": Message(
        "the memory of `{name}` is bounded twice", label="again here", other="first here"
    ),
    "P0419": Message(
        "{agent} shares a value with itself",
        label="the owner of the value",
        helps=("name another agent, or remove `to {agent}`",),
    ),
    "P0420": Message(
        "whether an action is shared cannot depend on an observation",
        label="reads an observation",
        notes=(
            (
                "the condition for an action reads that action; the observations before it belong to "
                "earlier steps"
            ),
        ),
    ),
    "P0421": Message(
        "a shared expression that waits must be a whole number, a name or a truth value",
        label="this is not",
        helps=("share its parts in separate rules",),
    ),
    "P0422": Message(
        "`xi` writes `{name}`, which is not a register",
        label="not declared with `memory`",
        helps=(_NEAR,),
    ),
    "P0423": Message(
        "register `{name}` must belong to an agent",
        label="whose register?",
        helps=("write `memory {name}[i] in ...;`",),
    ),
    "P0426": Message(
        "what {agent} may know, do and see until step {step} has {count} combinations",
        notes=("the limit is {limit}; they multiply with every step that nothing is shared",),
        helps=(
            "`--horizon {fits}` fits",
            "or share sooner, or bound the memory with `keep ... for m;`",
        ),
    ),
    "P0428": Message(
        "`{name}` says some of its rules in the core form, and cannot be lifted",
        label="core form",
        other="sent to one agent",
        notes=(
            "the core form lists all that agents remember, and they would get more to remember",
        ),
        helps=("write the structure with `share`, `keep` and `forget` alone",),
    ),
    "P0427": Message(
        "the increment of step {step} combines values of several agents in {count} ways",
        notes=("the limit is {limit}",),
        helps=("release less at once, or fewer values jointly",),
    ),
    "P0429": Message(
        "a delay may not change over time",
        label="this is the step at which the value was generated",
        helps=("write one rule for each delay: `share X after 1 when step == 1;`",),
    ),
    "P0425": Message(
        "{agent} takes two parts in `{structure}`",
        label="the same agent again",
        helps=("name a different agent for each part",),
        warning=True,
    ),
    "P0424": Message(
        "the structure `{name}`, which is not used here, does not fit `{game}`: {inner}",
        label="{code}",
        helps=("`posg explain {code}` says more",),
        warning=True,
    ),
}
