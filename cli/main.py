"""The program ``posg``: options, commands, exit statuses.

The standard library's argparse reads the options: `posg check` has 0.4 CPU-seconds in all, most of
them spent on importing numpy and lark, and argparse costs a tenth of its alternatives to import.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module

VERSION = "0.1.0"
CLOSED_PIPE = 141
"""What a shell reports of a program that SIGPIPE ended."""
TABULAR = (".dpomdp", ".pomdp")
"""Formats that can be imported."""
Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status of CLI convention (see ``posg --help``)."""
    # Starting threads for dense products costs a fifth of `posg check`, which has none of that size.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        status = _main(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        _close_standard_streams()
        return CLOSED_PIPE
    except OSError as error:  # of standard output: errors of files name the file
        _close_standard_streams()
        print(f"posg: cannot write standard output: {error.strerror}", file=sys.stderr)
        return 1


def _close_standard_streams() -> None:
    """Drop what cannot be written, so that the interpreter's own last flush has nothing to say."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _main(arguments: Sequence[str] | None) -> int:
    try:
        options, unknown = build_parser().parse_known_args(arguments)
        if unknown:
            options.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    except SystemExit as exit_request:
        return int(exit_request.code or 0)
    return run(options)


def run(options: argparse.Namespace) -> int:
    """Run a parsed command and turn every way of failing into its exit status.

    Raises
    ------
    OSError
        When standard output cannot be written.
    """
    from posg.api.wording import problem_diagnostic
    from posg.grammar.diagnostics import SpecError
    from posg.runtime.errors import ProblemError

    from .inputs import FailedError
    from .output import (
        BUG,
        INTERRUPTED,
        PROBLEM,
        diagnostics_json,
        show_diagnostics,
        show_json,
        status_of,
    )

    module, _, name = options.command.partition(":")
    from posg.grammar.diagnostics import Bag

    try:
        command: Command = getattr(import_module(f"posg.cli.{module}"), name)
        return command(options)
    except FailedError as error:
        bag, status = error.bag, PROBLEM
    except SpecError as error:
        bag, status = error.bag, PROBLEM
    except ProblemError as error:
        bag, status = Bag([problem_diagnostic(error)]), status_of(error)
    except OSError as error:
        if error.filename is None:
            raise
        bag = Bag()
        bag.report("P0815", None, path=error.filename, reason=error.strerror or error)
        status = PROBLEM
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception:  # noqa: BLE001, the last resort: a bug of ours, reported as such
        traceback.print_exc()
        print(
            "posg: this is a bug in posg; please report it with the file and the lines above",
            file=sys.stderr,
        )
        return BUG
    show_diagnostics(bag.diagnostics)
    if options.format == "json":
        show_json({"schema": "posg.failure/1", "diagnostics": diagnostics_json(bag)})
    return status


def build_parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    from posg.runtime.limits import DEFAULT_MEMORY

    from .axes import axis, columns
    from .options import Settings, memory_bytes, path_ending, seconds, tolerance, whole_number

    parser = argparse.ArgumentParser(
        prog="posg",
        description="Specify, check, compile and solve games with shared and private information.",
        epilog="exit status: 0 done, 1 the file is at fault, 2 wrong usage, 3 a limit stopped it, "
        "130 interrupted, 70 a bug of ours",
    )
    parser.add_argument("--version", action="version", version=f"posg {VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, target: str, help_text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help_text, description=help_text)
        command.set_defaults(command=target, parser=command)
        command.add_argument(
            "--format", choices=("text", "json"), default="text", help="for people or programs"
        )
        return command

    def chooses_game(command: argparse.ArgumentParser) -> None:
        command.add_argument("file", metavar="FILE", help="a .posg file, or - for standard input")
        command.add_argument("--game", metavar="NAME", help="which game, if the file has several")
        command.add_argument(
            "--horizon", metavar="H", type=whole_number(1), help="number of decisions"
        )
        command.add_argument(
            "--set",
            metavar="NAME=VALUE",
            action=Settings,
            default={},
            help="set a parameter (repeatable)",
        )
        memory(command)

    def compiles(command: argparse.ArgumentParser) -> None:
        chooses_game(command)
        command.add_argument("--sharing", metavar="S", help="such as 'delayed(d = 2)'")
        command.add_argument(
            "--all-states", action="store_true", help="keep states that are never reached"
        )

    def memory(command: argparse.ArgumentParser) -> None:
        command.add_argument(
            "--memory",
            metavar="SIZE",
            type=memory_bytes,
            default=DEFAULT_MEMORY,
            help="refuse to use more than this (default 4GiB)",
        )

    def compression(command: argparse.ArgumentParser, help_text: str) -> None:
        command.add_argument("--compression", metavar="C", help=help_text)

    def time_limit(command: argparse.ArgumentParser) -> None:
        command.add_argument("--time", metavar="SECONDS", type=seconds, help="stop after this long")

    def plans(command: argparse.ArgumentParser) -> None:
        command.add_argument("--concept", choices=("nash", "ce", "cce", "team"))
        command.add_argument("--tolerance", type=tolerance, default=1e-6)
        command.add_argument(
            "--method",
            choices=("dynamic-programming", "sequence-form", "person-by-person"),
            default="dynamic-programming",
            help="over common information (default); or one linear program for a zero-sum game whose "
            "beliefs may depend on strategies; or an equilibrium of a team that agents reach who "
            "improve in turn, which may be poor",
        )
        command.add_argument(
            "--select",
            choices=("welfare", "egalitarian"),
            help="which ce or cce: most payoff in all, or for the agent who gets least",
        )
        time_limit(command)

    new = add("new", "files:new", "write a commented starter file")
    new.add_argument("name", metavar="NAME")

    check = add("check", "checking:check", "all diagnostics, then the verdicts on the game")
    compiles(check)
    compression(check, "check this one instead of the file's")
    check.add_argument(
        "--lift",
        action="store_true",
        help="write the game that delivers by itself what rules share with one agent only",
    )
    time_limit(check)

    info = add("info", "checking:info", "the information structure: who knows what, when")
    compiles(info)
    info.add_argument(
        "-o", "--output", metavar="X.svg", type=path_ending(".svg"), help="draw the timeline"
    )

    compile_ = add("compile", "checking:compile_command", "write the numeric game as arrays")
    compiles(compile_)
    compile_.add_argument(
        "-o", "--output", metavar="OUT.npz", type=path_ending(".npz"), required=True
    )

    solve = add("solve", "solving:solve", "plan, and certify the plan")
    compiles(solve)
    compression(solve, "merge (lossless, default), exact, 'last(L)', 'net(eps)' or auto")
    solve.add_argument(
        "--gap", metavar="GAP", type=tolerance, help="with --compression auto: the gap to reach"
    )
    plans(solve)
    solve.add_argument(
        "-o",
        "--output",
        metavar="POLICY",
        type=path_ending(".json", ".npz"),
        help="keep the policy (.json, .npz)",
    )

    evaluate = add("evaluate", "solving:evaluate", "exact value and gap of a policy")
    compiles(evaluate)
    evaluate.add_argument("policy", metavar="POLICY")
    evaluate.add_argument("--concept", choices=("nash", "ce", "cce", "team"))
    time_limit(evaluate)

    simulate = add("simulate", "solving:simulate", "episodes under a policy, or uniform play")
    compiles(simulate)
    simulate.add_argument("policy", metavar="POLICY", nargs="?")
    simulate.add_argument("--episodes", metavar="N", type=whole_number(1), default=1)
    simulate.add_argument("--seed", metavar="N", type=whole_number(0), default=0)

    learn = add("learn", "learning:learn", "learn a policy from episodes of the game")
    compiles(learn)
    learn.add_argument(
        "--steps",
        metavar="N",
        type=whole_number(1),
        required=True,
        help="steps of the game to play, in all",
    )
    learn.add_argument("--concept", choices=("nash", "ce", "cce", "team"))
    learn.add_argument(
        "--window", metavar="L", type=whole_number(0), default=2, help="steps remembered (2)"
    )
    learn.add_argument(
        "--rounds", metavar="K", type=whole_number(1), default=10, help="policies planned (10)"
    )
    learn.add_argument(
        "--tail",
        metavar="T",
        type=whole_number(0),
        default=0,
        help="uniform actions that a decision must come after to be learned from (0)",
    )
    learn.add_argument(
        "--exploration",
        choices=("greedy", "uniform", "cover"),
        default="greedy",
        help="what is played to see more: the last plan and then anything, anything, or policy "
        "covers (BaSeCAMP)",
    )
    learn.add_argument(
        "--estimator",
        choices=("mixture", "counts", "network"),
        default="mixture",
        help="windows of all lengths as far as samples tell them apart, frequencies, or a neural "
        "network, which needs PyTorch",
    )
    learn.add_argument(
        "--stationary",
        action="store_true",
        help="assume that the rules are the same at every step, and pool samples of all steps",
    )
    learn.add_argument(
        "--states",
        metavar="S",
        type=whole_number(1),
        help="assume that the game has S hidden states and the same rules at every step, and fit it",
    )
    learn.add_argument(
        "--q-learning",
        action="store_true",
        help="plan by Q-learning in the model instead of backward (teams)",
    )
    learn.add_argument("--seed", metavar="N", type=whole_number(0), default=0)
    time_limit(learn)
    learn.add_argument(
        "--checkpoint",
        metavar="FILE",
        type=path_ending(".npz"),
        help="keep each round here, and go on from what is there",
    )
    learn.add_argument(
        "-o",
        "--output",
        metavar="POLICY",
        type=path_ending(".json", ".npz"),
        help="keep the policy (.json, .npz)",
    )

    sweep = add("sweep", "sweeping:sweep", "solve a game in many variants, one row each")
    compiles(sweep)
    compression(sweep, "for all rows, unless it is varied")
    sweep.add_argument(
        "--vary",
        metavar="'NAME = VALUES'",
        type=axis,
        action="append",
        required=True,
        help="a parameter, horizon, sharing, sharing.ARGUMENT, compression or compression.ARGUMENT; "
        "values such as 1..5, 0.6:0.9:0.1 or 'merge, last(1..3)' (repeatable)",
    )
    plans(sweep)
    sweep.add_argument(
        "-o",
        "--output",
        metavar="TABLE",
        type=path_ending(".csv", ".parquet"),
        help="keep the table (.csv, .parquet); rows that it has already are not solved again",
    )
    sweep.add_argument(
        "--plot", metavar="PLOT", type=path_ending(".svg", ".png"), help="draw it (.svg, .png)"
    )
    sweep.add_argument(
        "--show",
        metavar="COLUMNS",
        type=columns,
        default=("nodes", "value", "gap", "bound", "certificate", "seconds"),
        help="what is printed, such as nodes,value,gap",
    )
    sweep.add_argument(
        "--jobs", metavar="N", type=whole_number(1), default=1, help="work in N processes"
    )

    test = add("test", "testing:test", "run the expect statements of spec files")
    test.add_argument("paths", metavar="PATH", nargs="+")
    memory(test)
    time_limit(test)

    fmt = add("fmt", "files:fmt", "canonical layout, comments kept")
    fmt.add_argument("files", metavar="FILE", nargs="+")
    fmt.add_argument("--check", action="store_true", help="only say what would change")

    import_ = add("import", "converting:import_file", "write a file of another format as a spec")
    import_.add_argument(
        "file",
        metavar="FILE",
        type=path_ending(*(f"{kind}{packed}" for packed in ("", ".gz") for kind in TABULAR)),
        help="a Dec-POMDP (.dpomdp) or POMDP (.pomdp) file, or one of them packed (.gz)",
    )
    import_.add_argument("-o", "--output", metavar="OUT.posg", type=path_ending(".posg"))
    import_.add_argument(
        "--horizon", metavar="H", type=whole_number(1), default=3, help="of the spec (default 3)"
    )
    import_.add_argument(
        "--with-dummy",
        choices=("cooperative", "zero-sum"),
        help="add a second agent with one action, who is paid the same or the opposite",
    )
    import_.add_argument(
        "--dummy-sees", choices=("nothing", "state"), default="nothing", help="after each decision"
    )
    memory(import_)

    export = add("export", "converting:export_file", "write a game in another format")
    compiles(export)
    export.add_argument("--to", choices=("dpomdp", "pomdp", "efg", "nfg"), required=True)
    export.add_argument(
        "--max-nodes",
        metavar="N",
        type=whole_number(1),
        help="of the tree that efg and nfg are made of (default 2000000)",
    )
    export.add_argument("-o", "--output", metavar="OUT", help="instead of standard output")

    explain = add("explain", "files:explain", "what a diagnostic code means")
    explain.add_argument("code", metavar="CODE")
    return parser
