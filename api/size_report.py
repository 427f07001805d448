"""What ``posg check`` says about sizes, before anything of them is built."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from posg.compiler.compressions import DEFAULT, Compression
from posg.compiler.delays import information_length
from posg.compiler.pipeline import Compiled
from posg.runtime import count_common_information, count_windows, find_nested_information
from posg.runtime.limits import bytes_text, count_text
from posg.runtime.sizes import lower_bound

SUPPORTS = 5_000
"""Distinct supports of a step up to which counting is cheap."""
PRODUCTS_PER_SECOND = 6_000_000
"""Pace of the forward pass, measured on one core of 2024; for estimates."""
WINDOWS = 2
"""How many lengths of windows are counted."""


def sizes_of(
    compiled: Compiled, compression: Compression = DEFAULT
) -> dict[str, Any]:  # Any: a JSON object
    """Sizes as data.

    ``common`` is |C_h| per step, or null with ``common_at_most`` where counting would be as much
    work as building. ``compressions`` has the nodes per step of each compression, their memory and
    the time of making them: with bounds from below and above for ``merge``, as equal beliefs show
    only when they are built, and for ``last(L)``, as the model may reach windows that the game does
    not. Windows are listed from the shortest on that determine private values, and the windows or
    the net that ``compression`` is. ``length`` is L̂, null for a structure without rules.
    """
    game, information, rules = compiled.game, compiled.information, compiled.rules
    sizes = count_common_information(game, information, max_supports=SUPPORTS)
    common = sizes.histories
    compressions: dict[str, Any] = {}
    if common is not None:
        size = sizes.exact_bytes(game.horizon)
        seconds = _seconds_of(sizes.exact_products(game.horizon))
        compressions["exact"] = {"nodes": list(common), "bytes": size, "seconds": seconds}
        compressions["merge"] = {
            "nodes_at_least": [step.supports for step in sizes.steps],
            "nodes_at_most": list(common),
            "bytes_at_least": sizes.merged_bytes(),
            "bytes_at_most": size,
            "seconds_at_least": _seconds_of(sizes.merged_products()),
            "seconds_at_most": seconds,
        }
    shortest = max(1, compiled.timestamps.shortest_window())
    lengths = {*range(shortest, min(shortest + WINDOWS, game.horizon - 1))}
    chosen = compression.size
    if compression.name == "last" and not compiled.timestamps.need_increments(int(chosen)):
        lengths.add(int(chosen))
    if compression.name == "net" and chosen > 0 and common is not None:
        compressions[str(compression)] = {
            "nodes_at_least": [step.supports for step in sizes.steps],
            "nodes_at_most": list(sizes.net_nodes(float(chosen))),
        }
    for length in sorted(lengths):
        windows = count_windows(
            game, information, compiled.timestamps, length, max_supports=SUPPORTS
        )
        if windows.bytes is not None and windows.products is not None:
            compressions[f"last({length})"] = {
                "nodes_at_least": [step.reached for step in windows.steps if step],
                "nodes_at_most": [step.made for step in windows.steps if step],
                "bytes": windows.bytes,
                "seconds": _seconds_of(windows.products),
            }
    return {
        "states": game.state_count,
        "actions": dict(zip(game.agents, game.action_counts, strict=True)),
        "observations": dict(zip(game.agents, game.observation_counts, strict=True)),
        "common": None if common is None else list(common),
        "common_at_most": list(sizes.bounds),
        "private": {
            agent: [step[place] for step in sizes.private]
            for place, agent in enumerate(game.agents)
        },
        "compressions": compressions,
        "length": None if rules is None else information_length(rules.provenance),
    }


def _seconds_of(products: int) -> float:
    """Time of a forward pass; whole seconds where a float64 has no room for it."""
    if products.bit_length() > 1000:
        return products // PRODUCTS_PER_SECOND
    return products / PRODUCTS_PER_SECOND


def recall_bound(compiled: Compiled, sizes: Mapping[str, Any]) -> dict[str, Any]:
    """Lemma 1's bound on C_h P_h at the last step, for games with perfect recall."""
    horizon = compiled.game.horizon
    private = prod(counts[-1] for counts in sizes["private"].values())
    common = sizes["common"]
    return {
        "step": horizon,
        "bound": lower_bound(compiled.game, horizon),
        "found": None if common is None else common[-1] * private,
    }


def nested_of(compiled: Compiled) -> dict[str, list[str]] | None:
    """For each agent the others who know all that it knows; null if that was not decided."""
    found = find_nested_information(compiled.game, compiled.information, max_supports=SUPPORTS)
    if found is None:
        return None
    agents = compiled.game.agents
    return {
        agent: [other for j, other in enumerate(agents) if other != agent and found[i, j]]
        for i, agent in enumerate(agents)
    }


def sizes_text(compiled: Compiled, sizes: Mapping[str, Any]) -> list[str]:
    """Sizes for people."""
    lines = [
        f"  {agent}: {_number(sizes['actions'][agent], 'action')}, "
        f"{_number(sizes['observations'][agent], 'observation')}, "
        f"private values {_listed(sizes['private'][agent])}"
        for agent in compiled.game.agents
    ]
    if sizes["common"] is None:
        most = sizes["common_at_most"]
        lines.append(f"  common information: at most {_listed(most)} (not counted)")
    else:
        lines.append(f"  common information: {_listed(sizes['common'])}")
    shown = [_compression_text(*item) for item in sizes["compressions"].items()]
    if shown:
        lines.append(f"  nodes at step {compiled.game.horizon}: {', '.join(shown)}")
    if sizes["length"]:
        lines.append(f"  c_h reaches back {_number(sizes['length'], 'step')} (L̂ of Definition 7)")
    return lines


def _compression_text(name: str, found: Mapping[str, Any]) -> str:
    """Nodes at the last step; memory and time where they are known."""
    if "nodes" in found:
        nodes = count_text(found["nodes"][-1])
    else:
        least, most = found["nodes_at_least"][-1], found["nodes_at_most"][-1]
        both = f"{count_text(least)} to {count_text(most)}"
        nodes = count_text(most) if least == most else both
    if "bytes" not in found:
        return f"{name} {nodes}"
    return f"{name} {nodes} ({bytes_text(found['bytes'])}, {_seconds(found['seconds'])})"


def nested_text(nested: Mapping[str, list[str]] | None) -> list[str]:
    """Who knows all that another knows, for people; nothing where nobody does."""
    if nested is None or not any(nested.values()):
        return []
    if all(len(others) == len(nested) - 1 for others in nested.values()):
        return ["Nested information: all agents know the same"]
    parts = [
        f"{' and '.join(others)} {'knows' if len(others) == 1 else 'know'} all that {agent} knows"
        for agent, others in nested.items()
        if others
    ]
    return [f"Nested information: {'; '.join(parts)}"]


def recall_bound_text(bound: Mapping[str, Any]) -> str:
    """Lemma 1 for people."""
    found = ""
    if bound["found"] is not None:
        some = "here some cannot, and it is" if bound["found"] < bound["bound"] else "here it is"
        found = f"; {some} {count_text(bound['found'])}"
    return (
        f"  so C_h P_h >= (O A)^(h-1) if all values can occur (Lemma 1): "
        f"{count_text(bound['bound'])} at step {bound['step']}{found}"
    )


def _number(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"


def _listed(numbers: list[int]) -> str:
    """Numbers, the middle of a long list left out."""
    texts = [count_text(number) for number in numbers]
    return ", ".join(texts if len(texts) <= 8 else [*texts[:4], "...", *texts[-2:]])


def _seconds(seconds: float) -> str:
    if seconds < 1:
        return "under 1 s"
    if seconds < 7200:
        return f"about {seconds:.0f} s"
    return f"about {count_text(int((seconds + 1800) // 3600))} h"
