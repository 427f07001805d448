"""The verdict on perfect recall, for programs and for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from posg.runtime import PerfectRecall


def recall_json(found: PerfectRecall) -> dict[str, object]:
    """Perfect recall as data."""
    result: dict[str, object] = {"holds": found.holds, "agents": dict(found.agents)}
    if found.size is not None:
        result["size"] = found.size
    if found.witness is not None:
        result["witness"] = {
            **asdict(found.witness),
            "forgotten": [
                [asdict(event) for event in events] for events in found.witness.forgotten
            ],
        }
    return result


def recall_text(verdict: Mapping[str, Any]) -> list[str]:  # Any: a JSON object
    """Say in words what ``recall_json`` says."""
    if verdict["holds"]:
        return ["Perfect recall: holds"]
    if verdict["holds"] is None:
        return [f"Perfect recall: not decided, {verdict['size']}"]
    forgetful = [agent for agent, holds in verdict["agents"].items() if holds is False]
    witness = verdict["witness"]
    lost = " and ".join(
        f"whether its {first['kind']} at step {first['step']} was {first['value']} or "
        f"{second['value']}"
        for first, second in witness["forgotten"]
    )
    return [
        f"Perfect recall: fails for {', '.join(forgetful)}",
        f"  at step {witness['step']}, {witness['agent']} cannot tell {lost}",
    ]
