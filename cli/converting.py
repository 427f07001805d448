"""``posg import`` and ``posg export``: files of other formats."""

from __future__ import annotations

import argparse
from pathlib import Path

from posg.api.limits import Watch
from posg.compiler.pipeline import Request, check_game
from posg.grammar.diagnostics import Bag
from posg.interop.gambit import write_efg, write_nfg
from posg.interop.madp_lines import read_source
from posg.interop.madp_syntax import parse_madp
from posg.interop.madp_tables import tabulate_madp
from posg.interop.read_game import read_game
from posg.interop.write_madp import write_madp
from posg.interop.write_posg import Dummy, DummyReward, write_posg
from posg.runtime.extensive_form import DEFAULT_TREE_NODES, build_extensive_form
from posg.runtime.files import replacing

from .inputs import FailedError, compile_file, load_program
from .output import OK, diagnostics_json, show_diagnostics, show_json


def import_file(options: argparse.Namespace) -> int:
    """Write a Dec-POMDP or POMDP file as a spec."""
    bag = Bag()
    try:
        source = read_source(options.file)
    except OSError as error:
        bag.report("P0801", None, path=options.file, reason=error.strerror or "unreadable")
        raise FailedError(bag) from None
    single = options.file.removesuffix(".gz").endswith(".pomdp")
    parsed = parse_madp(source, bag, single=single)
    game = None
    if parsed is not None:
        game = tabulate_madp(parsed, bag, memory_bytes=options.memory)
    if parsed is None or game is None:
        raise FailedError(bag)
    dummy = None
    if options.with_dummy is not None:
        if len(game.agents) != 1:
            bag.report("P0914", None, agents=len(game.agents))
            raise FailedError(bag)
        reward = DummyReward(options.with_dummy)
        dummy = Dummy(reward=reward, sees_state=options.dummy_sees == "state")
    origin = f"Imported from {Path(options.file).name}, which has no horizon."
    comments = (*parsed.lines.opening_comment(), origin)
    text = write_posg(game, horizon=options.horizon, comments=comments, dummy=dummy)
    return _deliver("posg.import/1", text, options, bag)


_TREES = ("efg", "nfg")


def export_file(options: argparse.Namespace) -> int:
    """Write a game as a file for another program."""
    if options.to in _TREES:
        return _export_tree(options)
    for given, name in (
        (options.sharing, "--sharing"),
        (options.all_states or None, "--all-states"),
        (options.max_nodes, "--max-nodes"),
    ):
        if given is not None:
            options.parser.error(f"{name} matters to efg and nfg: other files have no sharing")
    return _export_tables(options)


def _export_tables(options: argparse.Namespace) -> int:
    """Write the tables of a game without sharing."""
    bag = Bag()
    program = load_program(options.file, bag)
    request = Request(game=options.game, horizon=options.horizon, settings=options.set)
    checked = check_game(program, request, bag)
    if checked is None:
        raise FailedError(bag)
    model = checked.model
    single = options.to == "pomdp"
    if single and len(model.agents) > 1:
        bag.report("P0924", checked.syntax.name_span, agents=len(model.agents))
        raise FailedError(bag)
    game = read_game(checked, bag, memory_bytes=options.memory)
    if game is None:
        raise FailedError(bag)
    states = "-".join(variable.label for variable in model.states)
    comments = (
        f"{model.name}, written by posg; the spec has horizon {model.horizon}.",
        f"States are values of {states}.",
    )
    written = write_madp(game, single=single, comments=comments)
    if written.rounded:
        shown = ", ".join(map(str, written.rounded[:3]))
        more = ", ..." if len(written.rounded) > 3 else ""
        bag.report("P0925", checked.syntax.name_span, numbers=shown + more)
    return _deliver("posg.export/1", written.text, options, bag)


def _export_tree(options: argparse.Namespace) -> int:
    """Write the extensive or the normal form that a game and its sharing make."""
    bag = Bag()
    compiled = compile_file(options, bag)
    with Watch(None) as watch:
        form = build_extensive_form(
            compiled.game,
            compiled.information,
            max_nodes=options.max_nodes or DEFAULT_TREE_NODES,
            progress=watch,
        )
    if form.forgotten is not None:
        lost = form.forgotten
        bag.report(
            "P0929",
            compiled.checked.syntax.name_span,
            agent=compiled.game.agents[lost.agent],
            step=lost.step,
            set=form.set_labels(lost.step, lost.agent)[lost.set],
        )
    write = write_efg if options.to == "efg" else write_nfg
    return _deliver("posg.export/1", write(form, comment="Written by posg."), options, bag)


def _deliver(schema: str, text: str, options: argparse.Namespace, bag: Bag) -> int:
    """Write the text to the file of ``-o``, or to standard output."""
    show_diagnostics(bag.diagnostics)
    if options.output is not None:
        with replacing(Path(options.output)) as stream:
            stream.write(text.encode("utf-8"))
    if options.format == "json":
        where = {"text": text} if options.output is None else {"file": options.output}
        show_json({"schema": schema, **where, "diagnostics": diagnostics_json(bag)})
    elif options.output is None:
        print(text, end="")
    else:
        print(f"wrote {options.output}")
    return OK
