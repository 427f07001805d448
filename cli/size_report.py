"""What ``posg check`` says about sizes, before anything of them is built."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from posg.compiler.delays import information_length
from posg.compiler.pipeline import Compiled
from posg.runtime import count_common_information, count_windows, find_nested_information
from posg.runtime.limits import bytes_text, count_text
from posg.runtime.sizes import lower_bound

SUPPORTS = 5_000
"""Distinct supports of a step up to which counting is cheap."""
PRODUCTS_PER_SECOND = 6_000_000
"""Pace of the forward pass, measured on one core of 2024; for estimates."""
WINDOWS = (1, 2)


def sizes_of(compiled: Compiled) -> dict[str, Any]:  # Any: a JSON object
    """Sizes as data.

    ``common`` is |C_h| per step, or null with ``common_at_most`` where counting would be as much
    work as building. ``compressions`` has the nodes per step of each compression: for ``merge``
    bounds from below and above, as equal beliefs show only when they are built.
    """
    game, information = compiled.game, compiled.information
    sizes = count_common_information(game, information, max_supports=SUPPORTS)
    common = sizes.histories
    counts = information.private_counts
    compressions: dict[str, Any] = {}
    if common is not None:
        compressions["exact"] = {
            "nodes": list(common),
            "bytes": sizes.exact_bytes(game.horizon),
            "seconds": _seconds_of(sizes.exact_products(game.horizon)),
        }
        compressions["merge"] = {
            "nodes_at_least": [step.supports for step in sizes.steps],
            "nodes_at_most": list(common),
        }
        for length in WINDOWS:
            if length < game.horizon - 1:
                windows = count_windows(game, information, length, max_supports=SUPPORTS)
                compressions[f"last({length})"] = {"nodes": list(windows)}
    return {
        "states": game.state_count,
        "actions": dict(zip(game.agents, game.action_counts, strict=True)),
        "observations": dict(zip(game.agents, game.observation_counts, strict=True)),
        "common": None if common is None else list(common),
        "common_at_most": list(sizes.bounds),
        "private": {
            agent: [step[place] for step in counts] for place, agent in enumerate(game.agents)
        },
        "compressions": compressions,
        "length": information_length(compiled.provenance),
    }


def _seconds_of(products: int) -> float:
    """Time of a forward pass; whole seconds where a float64 has no room for it."""
    if products.bit_length() > 1000:
        return products // PRODUCTS_PER_SECOND
    return products / PRODUCTS_PER_SECOND


def recall_bound(compiled: Compiled, sizes: Mapping[str, Any]) -> dict[str, Any]:
    """Lemma 1's bound on C_h P_h at the last step, for games with perfect recall."""
    horizon = compiled.game.horizon
    private = prod(compiled.information.private_counts[-1])
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
        f"  {agent}: {sizes['actions'][agent]} actions, {sizes['observations'][agent]} "
        f"observations, private values {_listed(sizes['private'][agent])}"
        for agent in compiled.game.agents
    ]
    if sizes["common"] is None:
        most = sizes["common_at_most"]
        lines.append(f"  common information: at most {_listed(most)} (not counted)")
        return lines
    lines.append(f"  common information: {_listed(sizes['common'])}")
    shown: list[str] = []
    for name, found in sizes["compressions"].items():
        match name:
            case "exact":
                size = bytes_text(found["bytes"])
                shown.append(
                    f"exact {count_text(found['nodes'][-1])} ({size}, {_seconds(found['seconds'])})"
                )
            case "merge":
                least, most = found["nodes_at_least"][-1], found["nodes_at_most"][-1]
                both = f"{count_text(least)} to {count_text(most)}"
                shown.append(f"merge {count_text(most) if least == most else both}")
            case _:
                nodes = found["nodes"][-1]
                shown.append(f"{name} {'not counted' if nodes is None else count_text(nodes)}")
    lines.append(f"  nodes at step {compiled.game.horizon}: {', '.join(shown)}")
    if sizes["length"]:
        lines.append(f"  c_h reaches back {_steps(sizes['length'])} (L̂ of Definition 7)")
    return lines


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
    found = "" if bound["found"] is None else f"; here it is {count_text(bound['found'])}"
    return (
        f"  so C_h P_h >= (O A)^(h-1) if all values can occur (Lemma 1): "
        f"{count_text(bound['bound'])} "
        f"at step {bound['step']}{found}"
    )


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"


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
