"""The verdict on Assumption 2, for programs and for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from posg.runtime import Bracket, Observability

from .wording import number_text

SHOWN = 4
"""Most states of a belief that are written out."""


def assumption_2(found: Observability) -> dict[str, object]:
    """Observability as data."""
    result: dict[str, object] = {"holds": found.holds, **bracket_json(found.bounds)}
    if found.first is not None:
        result["witness"] = {
            "step": found.step,
            "action": found.action,
            "b": found.first,
            "b_prime": found.second,
        }
    if found.reason is not None:
        result["reason"] = found.reason
    result["individual"] = {
        agent: bracket_json(bounds) for agent, bounds in found.individual.items()
    }
    result["per_step"] = [
        {
            "steps": row.steps,
            "actions": row.actions,
            "states": row.states,
            "observations": row.observations,
            **bracket_json(row.gamma),
        }
        for row in found.per_step
    ]
    return result


def bracket_json(bounds: Bracket) -> dict[str, object]:
    """One number, or the bounds between which it lies."""
    if bounds.exact:
        return {"gamma": bounds.upper, "exact": True}
    return {"gamma": None, "exact": False, "lower": bounds.lower, "upper": bounds.upper}


def observability_text(verdict: Mapping[str, Any]) -> list[str]:  # Any: a JSON object
    """Say in words what ``assumption_2`` says."""
    word = {True: "holds", False: "fails", None: "not decided"}[verdict["holds"]]
    lines = [f"Assumption 2 (observability): {word}, gamma {_gamma_text(verdict)}"]
    told_apart = verdict["exact"] and verdict["gamma"] > 1 - 1e-9
    if "witness" in verdict and not told_apart:
        lines.append("  " + _witness_text(verdict["witness"]))
    if verdict["exact"] and "reason" in verdict:
        lines.append(f"  {verdict['reason']}")
    # What all observe together says no less than what one observes.
    if verdict["holds"] is not False and len(verdict["individual"]) > 1:
        alone = ", ".join(
            f"{agent} {_gamma_text(own)}" for agent, own in verdict["individual"].items()
        )
        lines.append(f"  from its own observation alone: {alone.replace('= ', '')}")
    return lines


def _gamma_text(bounds: Mapping[str, Any]) -> str:
    if bounds["exact"]:
        return f"= {number_text(bounds['gamma'])}"
    return f"between {bounds['lower']:.4g} and {bounds['upper']:.4g}"


def _witness_text(witness: Mapping[str, Any]) -> str:
    first, second = witness["b"], witness["b_prime"]
    after = ""
    if witness["action"] is not None:
        after = " after " + ", ".join(f"{agent}: {a}" for agent, a in witness["action"].items())
    texts = (_belief_text(first), _belief_text(second))
    rest = ""
    if len(first) == len(second) == 1:
        texts, rest = _differences(*texts)
    place = f"at step {witness['step']}{after}"
    return f"hardest to tell apart {place}: {texts[0]} from {texts[1]}{rest}"


def _belief_text(belief: Mapping[str, float]) -> str:
    """One state, or a mixture with the likeliest states first."""
    if len(belief) == 1:
        return next(iter(belief))
    likeliest = sorted(belief.items(), key=lambda item: -round(item[1], 6))
    shown = [f"{chance:.3g} [{state}]" for state, chance in likeliest[:SHOWN]]
    if len(belief) > SHOWN:
        shown.append(f"{len(belief) - SHOWN} more")
    return " + ".join(shown)


def _differences(first: str, second: str) -> tuple[tuple[str, str], str]:
    """Leave out the variables that two states agree on."""
    pairs = list(zip(first.split(", "), second.split(", "), strict=False))
    same_names = all(one.partition("=")[0] == other.partition("=")[0] for one, other in pairs)
    differing = [pair for pair in pairs if pair[0] != pair[1]]
    if first.count(", ") != second.count(", ") or not same_names or len(differing) == len(pairs):
        return (first, second), ""
    texts = (", ".join(one for one, _ in differing), ", ".join(other for _, other in differing))
    return texts, ", all else equal"
