"""P043x: information structures given as Python functions or as tables."""

from __future__ import annotations

from collections.abc import Mapping

from .message import Message

_CHI = (
    "(2.1): the increment of the common information is z = χ(p, a, o'), a function of these alone"
)
_XI = (
    "(2.2): agent i's private information is p_i' = ξ_i(p_i, a_i, o_i'), a function of these alone"
)

MESSAGES: Mapping[str, Message] = {
    "P0430": Message(
        "`{function}` gives two answers to one question at step {step}",
        notes=(
            "asked twice for {question}, it answered {first} and {second}",
            "it must be a function of its arguments; it may use neither chance nor memory",
        ),
        helps=("what an agent must remember belongs into its private value, which `xi` returns",),
    ),
    "P0431": Message(
        "`{function}` returned something that cannot be compared at step {step}",
        notes=("for {question} it returned {answer}, which has no hash",),
        helps=("return numbers, strings, or tuples or frozensets of them",),
    ),
    "P0432": Message(
        "`{value}` was common information and is so no more at step {step}",
        notes=(
            "after {history}",
            "common information only grows: c is contained in c' (Assumption 1)",
        ),
        helps=("keep in c all that was in it",),
    ),
    "P0433": Message(
        "what becomes common at step {step} is no function of (p, a, o')",
        notes=(
            "it is `{first}` after {history}",
            "it is `{second}` after {other}, with the same p, a and o'",
            _CHI,
        ),
        helps=("keep in some agent's private information what the difference depends on",),
    ),
    "P0434": Message(
        "the private information of {agent} at step {step} is no function of (p_i, a_i, o_i')",
        notes=(
            "it is `{first}` after {history}",
            "it is `{second}` after {other}, with the same p_i, a_i and o_i'",
            _XI,
        ),
        helps=("keep in p_i what the difference depends on, or make it common",),
    ),
    "P0435": Message(
        "the tables of step {step} do not fit: {what}",
        notes=("it is {found} and should be {expected}",),
    ),
    "P0436": Message(
        "sharing structure `{name}` cannot be used here",
        label="refused",
        notes=("{reason}", "it comes from the package {package}"),
    ),
    "P0437": Message(
        "sharing structure `{name}` does not work",
        label="failed",
        notes=("{reason}", "in {place}", "it comes from the package {package}"),
        helps=("mend it, or tell its authors",),
    ),
    "P0438": Message(
        "sharing structure `{name}` is written in Python and has no rules",
        label="written in Python",
        notes=(
            "what is asked for reads the rules of a structure: `share`, `keep`, `xi` and `chi`",
        ),
        helps=("write the structure in the language",),
    ),
}
