"""``posg check``, ``posg info`` and ``posg compile``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from posg.compiler.idle import report_idle
from posg.compiler.pipeline import Compiled
from posg.grammar.diagnostics import Bag
from posg.runtime import (
    Observability,
    StrategyIndependence,
    check_perfect_recall,
    check_strategy_independence,
    classify_game,
    expand_common_information,
    measure_observability,
    save_game,
)
from posg.runtime.errors import LimitError

from .inputs import compile_file
from .output import OK, diagnostics_json, number_text, show_diagnostics, show_json
from .recall import recall_json, recall_text

CHECK_NODES = 100_000


def sizes_of(compiled: Compiled, found: StrategyIndependence) -> dict[str, object]:
    """Sizes for the JSON of ``check``; the common information is counted if that is cheap."""
    game, information = compiled.game, compiled.information
    common: list[int] | None = None
    nodes = found.nodes
    if nodes is None and found.holds is False:
        try:
            nodes = expand_common_information(
                game, information, refuse=False, max_nodes=CHECK_NODES, memory_bytes=1 << 29
            )
        except LimitError:
            nodes = None
    if nodes is not None:
        common = [int(count) for count in nodes.history_counts]
    counts = information.private_counts
    return {
        "states": game.state_count,
        "actions": dict(zip(game.agents, game.action_counts, strict=True)),
        "observations": dict(zip(game.agents, game.observation_counts, strict=True)),
        "common": common,
        "private": {
            agent: [step[place] for step in counts] for place, agent in enumerate(game.agents)
        },
    }


def assumption_2(found: Observability) -> dict[str, object]:
    """Observability as data."""
    if found.gamma is None:
        return {"holds": None, "gamma": None, "exact": False, "reason": found.reason}
    result: dict[str, object] = {
        "holds": found.gamma > 1e-9,
        "gamma": found.gamma,
        "exact": True,
    }
    if found.first is not None:
        result["witness"] = {
            "step": found.step,
            "action": found.action,
            "b": found.first,
            "b_prime": found.second,
        }
    return result


def assumption_3(found: StrategyIndependence) -> dict[str, object]:
    """Strategy independence as data."""
    result: dict[str, object] = {"holds": found.holds, "method": found.method}
    if found.margin is not None and found.holds:
        result["margin"] = found.margin
    if found.size is not None:
        result["size"] = found.size
    if found.witness is not None:
        witness = found.witness
        result["witness"] = {
            "step": witness.step,
            "common": list(witness.common),
            "policies": [[asdict(choice) for choice in policy] for policy in witness.policies],
            "differences": [asdict(difference) for difference in witness.differences],
            "beliefs": [dict(belief) for belief in witness.beliefs],
            "distance": witness.distance,
        }
    return result


def check(options: argparse.Namespace) -> int:
    """All diagnostics, then the verdicts."""
    bag = Bag()
    compiled = compile_file(options, bag)
    report_idle(compiled.checked.model, compiled.checked.dynamics, compiled.provenance, bag)
    independence = check_strategy_independence(
        compiled.game, compiled.information, max_nodes=CHECK_NODES
    )
    observability = measure_observability(compiled.game)
    recall = check_perfect_recall(compiled.game, compiled.information)
    verdicts: dict[str, object] = {
        "schema": "posg.check/1",
        "game": compiled.game.name,
        "sharing": compiled.information.name,
        "class": classify_game(compiled.game).value,
        "horizon": compiled.game.horizon,
        "sizes": sizes_of(compiled, independence),
        "assumption_1": {"holds": True},
        "assumption_2": assumption_2(observability),
        "assumption_3": assumption_3(independence),
        "perfect_recall": recall_json(recall),
        "diagnostics": diagnostics_json(bag),
    }
    show_diagnostics(bag.diagnostics)
    if options.format == "json":
        show_json(verdicts)
    else:
        print(check_text(compiled, verdicts))
    return OK


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
    for agent in game.agents:
        lines.append(
            f"  {agent}: {sizes['actions'][agent]} actions, "
            f"{sizes['observations'][agent]} observations, private values "
            + ", ".join(str(count) for count in sizes["private"][agent])
        )
    common = sizes["common"]
    shown = "too many to count" if common is None else ", ".join(str(c) for c in common)
    lines.append(f"  common information: {shown}")
    lines.append("Assumption 1 (evolution of information): holds")
    second = verdicts["assumption_2"]
    assert isinstance(second, dict)
    if second["gamma"] is None:
        lines.append(f"Assumption 2 (observability): not decided, {second['reason']}")
    else:
        word = "holds" if second["holds"] else "fails"
        lines.append(
            f"Assumption 2 (observability): {word}, gamma = {number_text(second['gamma'])}"
        )
    third = verdicts["assumption_3"]
    assert isinstance(third, dict)
    if third["holds"] is None:
        lines.append(f"Assumption 3 (strategy independence): not decided, {third['size']}")
    elif third["holds"]:
        lines.append("Assumption 3 (strategy independence): holds (decided numerically)")
    else:
        lines.append("Assumption 3 (strategy independence): fails")
        lines += dependence_text(third["witness"])
    recall = verdicts["perfect_recall"]
    assert isinstance(recall, dict)
    lines += recall_text(recall)
    return "\n".join(lines)


def dependence_text(witness: Mapping[str, Any]) -> list[str]:  # Any: a JSON object
    """The witness against Assumption 3 for people."""
    changes: list[str] = []
    for difference in witness["differences"]:
        before, after = difference["actions"]
        private = difference["private"]
        given = "" if private in ("", "nothing") else f" with {private}"
        changes.append(f"{difference['agent']} plays {after}{given} instead of {before}")
    first, second = witness["beliefs"]
    event = max(first, key=lambda label: round(abs(first[label] - second[label]), 9))
    return [
        f"  at step {witness['step']}, given {' | '.join(witness['common'])}:",
        f"  if {' and '.join(changes)}, the belief moves by {number_text(witness['distance'])} in L1",
        f"  most: P({event}) {first[event]:.4g} -> {second[event]:.4g}",
    ]


def info(options: argparse.Namespace) -> int:
    """The translated structure, sizes and the timeline."""
    from posg.compiler.timeline import timeline_of
    from posg.runtime.files import replacing

    from .timelines import timeline_svg, timeline_text

    bag = Bag()
    compiled = compile_file(options, bag)
    show_diagnostics(bag.diagnostics)
    timeline = timeline_of(compiled.checked.model, compiled.core, compiled.provenance)
    updates = compiled.information.updates
    if options.output is not None:
        svg = timeline_svg(timeline, f"{compiled.game.name} under {compiled.information.name}")
        with replacing(Path(options.output)) as stream:
            stream.write(svg.encode("utf-8"))
    from posg.compiler.core_text import core_text

    core = core_text(compiled.core)
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
    print(core)
    print("private values and increments per step")
    for step, (update, counts) in enumerate(
        zip(updates, compiled.information.private_counts, strict=True), 1
    ):
        shared = " (same tables as before)" if step > 2 and update is updates[step - 2] else ""
        sizes = ", ".join(
            f"{agent} {count}" for agent, count in zip(compiled.game.agents, counts, strict=True)
        )
        print(f"  step {step}: {sizes}; {update.increment_count} increments{shared}")
    print("\n" + timeline_text(timeline))
    return OK


def compile_command(options: argparse.Namespace) -> int:
    """Write the numeric game and its information structure."""
    bag = Bag()
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
