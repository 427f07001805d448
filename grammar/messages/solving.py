"""P07xx: solving, policies and their values."""

from __future__ import annotations

from collections.abc import Mapping

from .message import Message

MESSAGES: Mapping[str, Message] = {
    "P0701": Message(
        text="a team optimum was asked for, but this is a {kind} game",
        notes=("the agents' rewards differ, so there is no common value to maximise",),
        helps=("give all agents one `reward = ...;`, or leave `--concept` out",),
    ),
    "P0702": Message(
        text="no solver for concept `{concept}` in a {kind} game with {agents} agents",
        notes=("Nash equilibria of general-sum games are found for two agents only",),
        helps=("ask for correlated equilibria: `--concept ce`, or coarse ones: `--concept cce`",),
    ),
    "P0703": Message(
        text="`{file}` is not a policy file of posg",
        notes=("{reason}",),
        helps=("`posg solve FILE -o POLICY.json` writes one",),
    ),
    "P0704": Message(
        text="the policy does not fit the game: its {what} differ",
        notes=("the policy has {found}", "the game has {expected}"),
    ),
    "P0705": Message(
        text="the policy does not fit the sharing structure: it knows none of the private values "
        "of {agent} at step {step}",
        notes=("the policy has `{found}`", "the structure has `{expected}`"),
        helps=("name the structure that the policy was made for with `--sharing`",),
    ),
    "P0706": Message(
        text="probabilities of a policy do not form a distribution",
        notes=(
            "at step {step}, node {node}, they sum to {sum}",
            "they are those of {agent} when it knows `{private}`",
        ),
    ),
    "P0707": Message(
        text="`{file}` is not a compiled game of posg",
        notes=("{reason}",),
        helps=("`posg compile FILE -o GAME.npz` writes one",),
    ),
    "P0708": Message(
        text="`{select}` cannot be selected with concept `{concept}`",
        notes=("a selection is `welfare` or `egalitarian`, among equilibria that are correlated",),
        helps=("add `--concept ce` or `--concept cce`",),
    ),
    "P0709": Message(
        text="the sequence form needs agents who remember, and {agent} forgets",
        notes=(
            "at step {step}, given the same common information and the same private value, {agent} "
            + "cannot tell whether it played `{first}` or `{second}` at step {before}",
            "when it knew `{knew}` and `{instead}`",
        ),
        helps=(
            "write no `forget` for what matters later, or share it",
            "or choose a structure under which Assumption 3 holds, and leave `--method` out",
        ),
    ),
    "P0710": Message(
        text="the sequence form gives equilibria of zero-sum games of two agents only",
        notes=("this is a {kind} game of {agents} agents, and concept `{concept}` was asked for",),
        helps=("leave `--method` out: dynamic programming solves all games under Assumption 3",),
    ),
    "P0711": Message(
        text="person-by-person improvement gives Nash equilibria of team games only",
        notes=("this is a {kind} game, and concept `{concept}` was asked for",),
        helps=("leave `--method` out",),
    ),
    "P0712": Message(
        text="`{file}` does not hold rounds of this run of `posg learn`",
        notes=("{reason}",),
        helps=("name another `--checkpoint`, or learn with the options that it was begun with",),
    ),
    "P0713": Message(
        text="Assumption 3 fails under {sharing}, and learning rests on it",
        notes=(
            "the samples tell what follows common information under the play that drew them, which "
            + "is not what follows it under the policy that is planned from them",
            "the value and the gap that are printed are those of the policy in the true game",
        ),
        helps=("`posg check` says why it fails, and which structure would repair it",),
        warning=True,
    ),
}
