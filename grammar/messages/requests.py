"""P08xx: files and requests."""

from __future__ import annotations

from collections.abc import Mapping

from .message import Message

_NEAR = "did you mean {suggestion}?"

MESSAGES: Mapping[str, Message] = {
    "P0801": Message("cannot read `{path}`: {reason}", label="imported here"),
    "P0802": Message(
        "there is no library `{path}`", label="imported here", helps=("write `{suggestion}`",)
    ),
    "P0803": Message(
        "files import each other: {cycle}",
        label="this import closes the cycle",
        other="by way of this import",
        helps=("move what both need into a third file",),
    ),
    "P0804": Message(
        "there is no game `{name}` in this file",
        notes=("it holds {games}",),
        helps=(_NEAR,),
    ),
    "P0805": Message(
        "{file} holds several games: {games}", helps=("choose one with `--game NAME`",)
    ),
    "P0806": Message("{file} holds no game", helps=("add `game name {{ ... }}`",)),
    "P0807": Message(
        "no sharing structure was chosen",
        label="this game",
        helps=("add `use sharing delayed(d = 1);`, or pass `--sharing 'delayed(d = 1)'`",),
    ),
    "P0808": Message(
        "there is no compression called `{name}`",
        label="unknown",
        helps=(_NEAR, "posg knows {known}"),
    ),
    "P0810": Message(
        "the {kind} of this game is chosen twice",
        label="chosen again here",
        other="first chosen here",
    ),
    "P0812": Message(
        "nothing called `{subject}` can be expected",
        label="unknown subject",
        helps=(_NEAR, "posg knows {known}"),
    ),
    "P0813": Message(
        "`{subject}` must be compared with a number",
        label="no comparison",
        helps=("write `{subject} >= 0.5` or `{subject} == 0.5 +- 0.001`",),
    ),
    "P0814": Message(
        "`{subject}` is true or false and is not compared",
        label="a comparison",
        helps=("write `expect {subject};` or `expect not {subject};`",),
    ),
    "P0815": Message("cannot write `{path}`: {reason}"),
    "P0817": Message(
        "there is no concept called `{name}`",
        label="unknown concept",
        helps=(_NEAR, "concepts are nash, ce, cce and team"),
    ),
    "P0818": Message("agent `{name}` does not exist", label="unknown agent", helps=(_NEAR,)),
    "P0820": Message("there is no diagnostic code `{code}`", helps=("codes look like P0102",)),
    "P0821": Message("`{name}` is given twice", label="given again here"),
    "P0822": Message("{what} must be at least 0, not {value}", label="this is {value}"),
    "P0823": Message(
        "windows of {length} steps are too short",
        notes=(
            "what {agent} keeps at step {step} depends on a value that is {age} steps old",
            "a window that does not cover it says nothing about its probability",
        ),
        helps=("use `--compression 'last({fits})'`", "or `--compression merge`, which is lossless"),
    ),
    "P0824": Message(
        "`{path}` is not the table of this sweep",
        notes=("{reason}",),
        helps=("name another file with `-o`, or remove this one to start again",),
    ),
    "P0825": Message(
        "{purpose} needs {package}, which is not installed",
        helps=("install it: `pip install 'posg[{extra}]'`",),
    ),
    "P0826": Message(
        text="compression `{name}` cannot be used here",
        notes=("{reason}", "it comes from the package {package}"),
    ),
    "P0827": Message(
        text="compression `{name}` does not work",
        notes=("{reason}", "in {place}", "it comes from the package {package}"),
        helps=("mend the package, or tell its authors",),
    ),
    "P0828": Message(
        text="what compression `{name}` made is no model of this game",
        notes=("{what}", "it comes from the package {package}"),
        helps=("mend the package, or tell its authors",),
    ),
    "P0829": Message(
        text="`{sharing}` cannot be put on an environment",
        notes=(
            "whether {maybe} become common depends on values",
            "only functions of {part} become common",
            "several of {many} become common at once, at step {step}",
        ),
        helps=("share whole observations and actions, each after a number of steps",),
    ),
}
