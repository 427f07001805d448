"""``posg check``, ``posg info`` and ``posg compile``."""

from __future__ import annotations

import argparse
from pathlib import Path

from posg.api.checking import check_compiled
from posg.api.compressions import choose_compression
from posg.compiler.unused import report_unfit
from posg.grammar.diagnostics import Bag
from posg.runtime.files import replacing, require_writable

from .inputs import compile_file, compile_program, limits_of, load_program
from .output import OK, show_diagnostics, show_json


def check(options: argparse.Namespace) -> int:
    """All diagnostics, then the verdicts."""
    if options.lift:
        from .lifting import lift

        return lift(options)
    bag = Bag()
    program = load_program(options.file, bag)
    compiled = compile_program(program, options, bag, expectations=True)
    compression = choose_compression(compiled, options.compression)
    used = compiled.information.name.partition("(")[0]
    report_unfit(program, compiled.checked.model, used, bag)
    found = check_compiled(compiled, bag, limits_of(options), compression)
    show_diagnostics(bag.diagnostics)
    if options.format == "json":
        show_json(found.data)
    else:
        print(found)
    return OK


def info(options: argparse.Namespace) -> int:
    """The translated structure, sizes and the timeline."""
    from posg.compiler.core_text import core_text
    from posg.compiler.timeline import TimelineRow, timeline_of

    from .timelines import timeline_svg, timeline_text

    bag = Bag()
    compiled = compile_file(options, bag)
    show_diagnostics(bag.diagnostics)
    rules = compiled.require_rules() if options.output is not None else compiled.rules
    core: str | None = None
    timeline: tuple[TimelineRow, ...] = ()
    if rules is not None:
        core = core_text(rules.core)
        timeline = timeline_of(compiled.checked.model, rules.core, rules.provenance)
    updates = compiled.information.updates
    if options.output is not None:
        svg = timeline_svg(timeline, f"{compiled.game.name} under {compiled.information.name}")
        with replacing(Path(options.output)) as stream:
            stream.write(svg.encode("utf-8"))
    if options.format == "json":
        show_json(
            {
                "schema": "posg.info/1",
                "game": compiled.game.name,
                "sharing": compiled.information.name,
                "core": core,
                "private": {
                    agent: [step[place] for step in compiled.information.private_counts]
                    for place, agent in enumerate(compiled.game.agents)
                },
                "increments": [update.increment_count for update in updates],
                "chi": [[table.tolist() for table in u.common] for u in updates],
                "xi": [[table.tolist() for table in u.private] for u in updates],
                "timeline": [
                    {"value": row.label, "agent": row.agent, "status": list(row.status)}
                    for row in timeline
                ],
            }
        )
        return OK
    print(f"{compiled.game.name} under {compiled.information.name}\n")
    print("written in Python: there are no rules to show\n" if core is None else core)
    print("private values and increments per step")
    for step, (update, counts) in enumerate(
        zip(updates, compiled.information.private_counts, strict=True), 1
    ):
        shared = " (same tables as before)" if step > 2 and update is updates[step - 2] else ""
        sizes = ", ".join(
            f"{agent} {count}" for agent, count in zip(compiled.game.agents, counts, strict=True)
        )
        print(f"  step {step}: {sizes}; {update.increment_count} increments{shared}")
    if timeline:
        print("\n" + timeline_text(timeline))
    return OK


def compile_command(options: argparse.Namespace) -> int:
    """Write the numeric game and its information structure."""
    from posg.runtime import save_game

    bag = Bag()
    require_writable(Path(options.output))
    compiled = compile_file(options, bag)
    show_diagnostics(bag.diagnostics)
    save_game(options.output, compiled.game, compiled.information)
    game = compiled.game
    transitions = sum(len(table.successor) for table in game.dynamics)
    facts = {
        "schema": "posg.compile/1",
        "game": game.name,
        "sharing": compiled.information.name,
        "states": game.state_count,
        "transitions": transitions,
        "output": str(options.output),
    }
    if options.format == "json":
        show_json(facts)
    else:
        print(f"{options.output}: {game.state_count} states, {transitions} transitions")
    return OK
