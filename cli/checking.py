"""``posg check``, ``posg info`` and ``posg compile``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from posg.api.compressions import choose_compression
from posg.api.limits import Limits
from posg.compiler.compressions import DEFAULT, Compression
from posg.compiler.idle import report_idle
from posg.compiler.pipeline import Compiled
from posg.compiler.unused import report_unfit
from posg.grammar.diagnostics import Bag
from posg.runtime import (
    check_perfect_recall,
    classify_game,
    measure_observability,
)
from posg.runtime.files import replacing, require_writable
from posg.runtime.observability import SECONDS

from .independence import assumption_3, independence_text
from .inputs import compile_file, compile_program, limits_of, load_program
from .observability import assumption_2, observability_text
from .output import OK, diagnostics_json, show_diagnostics, show_json
from .recall import recall_json, recall_text
from .size_report import (
    nested_of,
    nested_text,
    recall_bound,
    recall_bound_text,
    sizes_of,
    sizes_text,
)
from .theory import theory_json, theory_of, theory_text


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
    verdicts = verdicts_of(compiled, bag, limits_of(options), compression)
    show_diagnostics(bag.diagnostics)
    if options.format == "json":
        show_json(verdicts)
    else:
        print(check_text(compiled, verdicts))
    return OK


def verdicts_of(
    compiled: Compiled, bag: Bag, limits: Limits, compression: Compression = DEFAULT
) -> dict[str, object]:
    """The JSON of ``check``; warnings go to the bag. What ``compression`` leaves is counted too."""
    rules, checked = compiled.rules, compiled.checked
    report_idle(checked.model, checked.dynamics, None if rules is None else rules.provenance, bag)
    observability = measure_observability(
        compiled.game, seconds=SECONDS if limits.seconds is None else limits.seconds
    )
    recall = check_perfect_recall(compiled.game, compiled.information)
    sizes = sizes_of(compiled, compression)
    verdicts: dict[str, object] = {
        "schema": "posg.check/1",
        "game": compiled.game.name,
        "sharing": compiled.information.name,
        "class": classify_game(compiled.game).value,
        "horizon": compiled.game.horizon,
        "sizes": sizes,
        "assumption_1": {"holds": True},
        "assumption_2": assumption_2(observability),
        "assumption_3": assumption_3(compiled, limits),
        "perfect_recall": recall_json(recall),
        "nested_information": nested_of(compiled),
        "lemma_1": recall_bound(compiled, sizes) if recall.holds else None,
    }
    verdicts["theory"] = theory_json(theory_of(compiled, verdicts))
    return {**verdicts, "diagnostics": diagnostics_json(bag)}


def check_text(compiled: Compiled, verdicts: Mapping[str, object]) -> str:
    """The verdicts for people."""
    game = compiled.game
    sizes = verdicts["sizes"]
    assert isinstance(sizes, dict)
    lines = [
        (
            f"{game.name} under {compiled.information.name}: {verdicts['class']}, horizon "
            f"{game.horizon}, {game.state_count} states"
        ),
    ]
    lines += sizes_text(compiled, sizes)
    lines.append("Assumption 1 (evolution of information): holds")
    second = verdicts["assumption_2"]
    assert isinstance(second, dict)
    lines += observability_text(second)
    third = verdicts["assumption_3"]
    assert isinstance(third, dict)
    lines += independence_text(third)
    recall = verdicts["perfect_recall"]
    assert isinstance(recall, dict)
    lines += recall_text(recall)
    bound = verdicts["lemma_1"]
    if isinstance(bound, dict):
        lines.append(recall_bound_text(bound))
    nested = verdicts["nested_information"]
    assert nested is None or isinstance(nested, dict)
    lines += nested_text(nested)
    lines += theory_text(theory_of(compiled, verdicts))
    return "\n".join(lines)


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
