"""P05xx: properties of a game under a sharing structure."""

from __future__ import annotations

from collections.abc import Mapping

from .message import Message

MESSAGES: Mapping[str, Message] = {
    "P0501": Message(
        text="beliefs given the common information depend on the agents' strategies "
        "(Assumption 3 fails)",
        notes=(
            "at step {step}, after `{common}`, two pure policies lead to beliefs that are {distance} "
            + "apart (L1)",
            "at step {before}, {agent} with private value `{private}` plays `{instead}` under one and "
            + "`{action}` under the other",
            "they differ in {count} choices at step {before}; `check` with `--format json` lists them",
            "P({event}) is {first} under one and {second} under the other",
        ),
        helps=(
            "`--method {method}` solves this game, if its agents remember what they did and knew",
            "`check`, `info`, `simulate` and `evaluate` still work; to plan, share actions and "
            + "observations sooner, or `forget` own actions that influence nothing",
        ),
    ),
}
