"""P09xx: files of other formats, read and written."""

from __future__ import annotations

from collections.abc import Mapping

from .message import Message

_NEAR = "did you mean {suggestion}?"

MESSAGES: Mapping[str, Message] = {
    "P0901": Message(
        "this line belongs to no statement",
        label="`{word}` begins no statement",
        helps=(
            _NEAR,
            "tables are filled by lines that begin with `T:`, `O:` or `R:`; a comment begins with `#`",
        ),
    ),
    "P0902": Message(
        "the preamble is not complete",
        label="not declared before this: {missing}",
        helps=("declare {missing}, each on a line of its own",),
    ),
    "P0903": Message(
        "`{word}` does not belong here",
        label="misplaced",
        notes=(
            "it was declared before{twice}",
            "declarations have a fixed order, and this one comes before `{after}`",
        ),
        helps=("what is declared stands before the first `T:`, `O:` or `R:`",),
    ),
    "P0904": Message(
        "there is no {what} `{word}`",
        label="unknown",
        helps=(_NEAR, "indices run from 0 to {last}, and `*` stands for all"),
    ),
    "P0905": Message(
        "a {what} is {needed} here, not {given}",
        label="{given}",
        helps=("a colon stands before the number: `: {number}`",),
    ),
    "P0906": Message(
        "`{word}` is not a number",
        label="not a number",
        helps=("write it as `0.25`, `-2` or `1e-3`",),
    ),
    "P0907": Message(
        "{count} numbers are needed here, not {given}",
        label="this {what} has {given}",
        notes=("a matrix of {kind} has {size} here",),
        helps=("what follows the last colon is one number, a row or a matrix",),
    ),
    "P0908": Message("{value} is not a probability", label="not between 0 and 1"),
    "P0909": Message(
        "{what} sums to {sum}, not 1",
        label="last written here",
        notes=("sums within 1e-4 of 1 are taken for rounded and are normalised",),
    ),
    "P0910": Message(
        "rounded probabilities were normalised in {rows}",
        label="first here",
        notes=("the sums were within 1e-4 of 1",),
        warning=True,
    ),
    "P0911": Message(
        "{what} is missing",
        label="nothing up to here writes it",
        notes=("{more} more rows are missing",),
        helps=("begin with a line for all rows, which later ones override: `T: * :`, `uniform`",),
    ),
    "P0912": Message(
        "this is no entry of {kind}",
        label="cut in the wrong places",
        helps=(
            "write `{kind}: {form} : number`",
            "or leave out what comes last, and put a row or a matrix on the lines below",
        ),
    ),
    "P0913": Message("{what}", label="declared here", helps=("{help}",)),
    "P0914": Message(
        "a dummy agent joins a file with one agent, not with {agents}",
        helps=("import the file without `--with-dummy`",),
    ),
    "P0920": Message(
        "the file format has one table for all steps, and {what} reads `step`",
        label="differs between steps",
        helps=("let a state variable count the steps",),
    ),
    "P0921": Message(
        "the file format has no observations before the first decision",
        label="observed at step 1",
        helps=(
            "add a first step in which nothing is decided and this is observed",
            "or leave it out, and let the agents start without it",
        ),
    ),
    "P0922": Message(
        "the file format has one reward for all agents, and `{first}` and `{second}` have two",
        label="that of `{second}`",
        other="that of `{first}`",
    ),
    "P0923": Message(
        "in the file format an observation depends on actions and the next state only, and this one "
        "depends on {reads}",
        label="depends on {reads}",
        helps=("let a state variable remember it",),
    ),
    "P0924": Message(
        "a `.pomdp` file has one agent, and this game has {agents}",
        label="this game",
        helps=("write `--to dpomdp`",),
    ),
    "P0925": Message(
        "numbers that are no decimals were rounded to 17 digits: {numbers}",
        label="this game",
        warning=True,
    ),
    "P0926": Message(
        "beyond horizon {horizon} the game goes wrong, so the file is right up to it only",
        label="this game",
        notes=("states that are reached with the last decision stay as they are, without reward",),
        warning=True,
    ),
    "P0927": Message(
        "the tree of this game is too large to be written",
        notes=(
            "up to step {step} it has {nodes} nodes; the limit is {limit}",
            "{entries} things can follow at step {step}; the limit is {entry_limit}",
        ),
        helps=(
            "`--horizon {fits}` fits",
            "or raise `--max-nodes`; a program that reads the file needs far more memory than posg",
        ),
    ),
    "P0928": Message(
        "the game has too many pure strategies for a table of payoffs",
        notes=("the agents have {counts} of them; the limit is {limit} payoffs of each agent",),
        helps=("write `--to efg`: the tree is far smaller", "or use a shorter `--horizon`"),
    ),
    "P0929": Message(
        "`{agent}` forgets, so solvers that need perfect recall may go wrong on the file",
        label="this game",
        notes=(
            "at step {step} it no longer knows what it did or knew before, where it knows {set}",
        ),
        helps=("share or remember more: `posg check` says who forgets what",),
        warning=True,
    ),
    "P0930": Message(
        "policies of OpenSpiel cannot draw lots that all agents see, and this one does at step {step}",
        helps=(
            "take a policy of `posg solve --concept nash` or `team`, or play it without OpenSpiel",
        ),
    ),
}
