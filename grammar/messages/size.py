"""P06xx: limits of size, memory and time."""

from __future__ import annotations

from collections.abc import Mapping

from .message import Message

MESSAGES: Mapping[str, Message] = {
    "P0601": Message(
        text="step {step} has more than {limit} nodes of common information",
        notes=("{nodes} were found when the count stopped",),
        helps=(
            "`--horizon {fits}` fits",
            "or compress the common information: `--compression {instead}`",
        ),
    ),
    "P0602": Message(
        text="the common information needs more memory than the limit of {limit}",
        notes=("{need} were in use at step {step}",),
        helps=("`--horizon {fits}` fits", "or raise `--memory`, or share less"),
    ),
    "P0603": Message(
        text="one step of the game is too large to be tabulated",
        notes=("an increment, a state and private values can be combined in {columns} ways",),
        helps=("share less at a time, or make the domains smaller",),
    ),
    "P0604": Message(
        text="a team's stage problem is too large to be solved by enumeration",
        notes=("{profiles} profiles of prescriptions at one node; the limit is {limit}",),
        helps=(
            "share private information sooner, or make the domains smaller",
            "`--method person-by-person` finds an equilibrium, which may be worth less",
        ),
    ),
    "P0605": Message(
        text="a team's stage problem took longer than {seconds} seconds",
        notes=("an agent has {private} possible private values at one node",),
        helps=(
            "share private information sooner, or make the domains smaller",
            "`--method person-by-person` finds an equilibrium, which may be worth less",
        ),
    ),
    "P0606": Message(
        text="the time limit of {seconds} seconds stopped the work",
        notes=("{what}: {done} of {total} were done",),
        helps=("raise `--time`, or use a shorter horizon",),
    ),
    "P0607": Message(
        text="a game of {agents} agents is too large to be solved",
        notes=("stage problems have room for {limit} agents",),
        helps=("use fewer agents; `posg check` and `posg compile` take this game",),
    ),
    "P0608": Message(
        text="a horizon of {horizon} steps is too long",
        notes=("tables, labels and nodes are kept for each step; the limit is {limit}",),
        helps=("use a shorter horizon; with a discount, later steps hardly count",),
    ),
    "P0610": Message(
        text="a domain of {size} values is too large",
        label="this domain",
        notes=("the limit is {limit}",),
        helps=("use a smaller range",),
    ),
    "P0611": Message(
        text="this distribution has {size} entries over all the rows it is evaluated on",
        label="too large",
        notes=("the limit is {limit}",),
        helps=("read fewer variables, or make the domains smaller",),
    ),
    "P0612": Message(
        text="the product of the state variables has {size} values, too many to number",
        label="this game",
        helps=("remove state variables, or make their domains smaller",),
    ),
    "P0613": Message(
        text="the game's tables need about {need}, more than the limit of {limit}",
        notes=(
            "{states} states x {actions} joint actions are to be expanded; {known} transitions are known",
            "a joint action takes one action of every agent, so their numbers multiply",
        ),
        helps=("raise `--memory`, use fewer agents, or make the domains smaller",),
    ),
    "P0614": Message(
        text="exact common information needs about {need}, more than the limit of {limit}",
        notes=("it was counted, not built: {nodes} nodes at step {step}",),
        helps=(
            "`--horizon {fits}` fits",
            "or merge what is equivalent, which loses nothing: `--compression merge`",
            "or remember the last steps only: `--compression 'last({window})'` fits",
            "or raise `--memory`",
        ),
    ),
    "P0615": Message(
        text="the sequence form needs about {need}, more than the limit of {limit}",
        notes=("it has all histories of common information, without merging",),
        helps=("`--horizon {fits}` fits", "or raise `--memory`"),
    ),
    "P0616": Message(
        text="windows of {length} steps need about {need}, more than the limit of {limit}",
        notes=("they were counted, not made: {nodes} of them at step {step}",),
        helps=("`--compression 'last({fits})'` fits", "or raise `--memory`"),
    ),
    "P0617": Message(
        text="signal {signal} ended a process of `--jobs` before its work was done",
        notes=("the system ends processes when they use more memory than there is",),
        helps=("use fewer `--jobs`, or a lower `--memory`: it holds for each of them",),
    ),
    "P0618": Message(
        text="{steps} steps of the game are too few for {rounds} rounds of learning",
        notes=("{need} are the least; a share of `--steps` is kept for selection besides",),
        helps=("raise `--steps`, or lower `--rounds`",),
    ),
    "P0619": Message(
        text="what was learned needs more memory than the limit of {limit}",
        notes=("{windows} windows of {length} steps need {need}",),
        helps=("use a shorter `--window`", "or raise `--memory`, or use fewer `--steps`"),
    ),
    "P0620": Message(
        text="the file's tables need about {need}, more than the limit of {limit}",
        notes=("{states} states x {actions} joint actions x {states} next states",),
        helps=("raise `--memory`",),
    ),
    "P0621": Message(
        text="Q-learning tries joint prescriptions one by one, and step {step} has too many",
        notes=("{prescriptions} for each of {nodes} nodes are more than fits into {limit}",),
        helps=("leave `--q-learning` out: planning backward need not list them",),
    ),
    "P0630": Message(
        text="windows of {length} steps are too many for exploration to number",
        notes=("a step has {actions} joint actions and {observations} joint observations",),
        helps=("windows of {fits} steps can be numbered, but fewer can be explored",),
    ),
}
