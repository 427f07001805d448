"""What ``posg check`` says about Assumption 3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from posg.compiler.pipeline import Compiled
from posg.compiler.structural_independence import decide_strategy_independence
from posg.grammar.diagnostics import Bag
from posg.runtime.limits import DEFAULT_NODES

from .limits import Limits, Watch
from .wording import number_text, problem_text

if TYPE_CHECKING:
    from posg.compiler.dependence_causes import Cause
    from posg.compiler.repairs import Repair
    from posg.runtime import BeliefWitness, StrategyIndependence

TITLE = "Assumption 3 (strategy independence)"
METHODS = {"structure": "proved from the structure", "numeric": "decided numerically"}


NODES = 100_000
"""Nodes of one step up to which it is decided without ``--time``: a few seconds."""

LEARNING_NODES = 20_000
"""Nodes of one step up to which it is decided before learning."""

REPAIR_SECONDS = 3.0
"""For how long repairs are tried without ``--time``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Independence:
    """The verdict; where it fails, and the structure has rules, the cause and the repairs that were tried."""

    found: StrategyIndependence
    cause: Cause | None = None
    repairs: tuple[Repair, ...] = ()


def decide_independence(compiled: Compiled, limits: Limits) -> Independence:
    """Decide Assumption 3, look for the cause where it fails, and try repairs.

    With a time limit the number of nodes is not limited, only the memory is.
    """
    with Watch(limits.seconds) as watch:
        found, proof = decide_strategy_independence(
            compiled,
            max_nodes=NODES if limits.seconds is None else DEFAULT_NODES,
            memory_bytes=limits.memory,
            progress=watch,
        )
    if found.witness is None or proof is None:
        return Independence(found=found)
    from posg.compiler.dependence_causes import explain_dependence
    from posg.compiler.repairs import find_repairs

    cause = explain_dependence(compiled, found.witness, proof)
    seconds = REPAIR_SECONDS if limits.seconds is None else limits.seconds
    with Watch(seconds) as watch:
        repairs = find_repairs(compiled, cause, progress=watch)
    return Independence(found=found, cause=cause, repairs=repairs)


def report_dependence(compiled: Compiled, bag: Bag, *, memory: int) -> None:
    """Warn of learning where beliefs depend on strategies (P0713), as far as that is soon found out."""
    found, _ = decide_strategy_independence(compiled, max_nodes=LEARNING_NODES, memory_bytes=memory)
    if found.holds is False:
        bag.report("P0713", None, sharing=compiled.information.name)


def assumption_3(independence: Independence) -> dict[str, object]:
    """Strategy independence as data."""
    found, cause = independence.found, independence.cause
    result: dict[str, object] = {"holds": found.holds, "method": found.method}
    if found.margin is not None and found.holds:
        result["margin"] = found.margin
    if found.limit is not None:
        result["size"] = dict(found.limit.facts)
        result["reason"] = problem_text(found.limit)
    if found.witness is not None:
        result["witness"] = witness_json(found.witness)
    if cause is not None:
        best = next((repair for repair in independence.repairs if repair.holds), None)
        result["cause"] = cause.kind.value
        result["choice"] = choice_json(cause)
        result["repair"] = None if best is None else repair_json(best)
        result["repairs_tried"] = [repair_json(repair) for repair in independence.repairs]
    return result


def witness_json(witness: BeliefWitness) -> dict[str, object]:
    """Two policies under which a belief differs."""
    return {
        "step": witness.step,
        "common": list(witness.common),
        "policies": [[asdict(choice) for choice in policy] for policy in witness.policies],
        "differences": [asdict(difference) for difference in witness.differences],
        "beliefs": [dict(belief) for belief in witness.beliefs],
        "distance": witness.distance,
    }


def choice_json(cause: Cause) -> dict[str, object]:
    """Whose choice shows in the belief, and by way of what."""
    return {
        "agent": cause.agent,
        "step": cause.time,
        "actions": list(cause.actions),
        "through": list(cause.through),
    }


def repair_json(repair: Repair) -> dict[str, object]:
    """A change and the verdict with it."""
    return {
        "text": repair.text,
        "instead": repair.instead,
        "holds": repair.holds,
        "method": repair.method,
    }


def independence_text(found: Mapping[str, Any]) -> list[str]:
    """The verdict for people."""
    if found["holds"] is None:
        return [f"{TITLE}: not decided, {found['reason']}", *_more(found["size"])]
    if found["holds"]:
        return [f"{TITLE}: holds ({METHODS[found['method']]})"]
    lines = [f"{TITLE}: fails", *dependence_text(found["witness"])]
    if "cause" not in found:  # a structure without rules
        return lines
    lines.append(f"  cause: {found['cause']}; {cause_text(found['cause'], found['choice'])}")
    repair = found["repair"]
    if repair is not None:
        place = " in place of the rules about these values" if repair["instead"] else ""
        method = METHODS[repair["method"]]
        lines.append(f"  repair: `{repair['text']}`{place}; it then holds ({method})")
    else:
        lines.append(f"  repair: none of {len(found['repairs_tried'])} small changes is enough")
    return lines


def _more(size: Mapping[str, Any]) -> list[str]:
    """What would decide it."""
    if "seconds" in size:
        return ["  a longer `--time` would search on"]
    if "need" in size:
        return ["  a larger `--memory` would search on"]
    return ["  `--time 600` would search on, for ten minutes"] if "nodes" in size else []


def cause_text(kind: str, choice: Mapping[str, Any]) -> str:
    """How the choice shows."""
    agent = choice["agent"]
    action = " and ".join(f"{label}@{choice['step']}" for label in choice["actions"])
    through = ", ".join(choice["through"])
    from posg.compiler.dependence_causes import CauseKind

    match CauseKind(kind):
        case CauseKind.SIGNALS:
            return f"{action} tells others what {agent} knew in private: {through}"
        case CauseKind.OWN_ACTION_PRIVATE:
            return f"{agent} alone knows {through}, which depends on how {agent} plays"
        case CauseKind.HIDDEN_CONTROL:
            return f"{action} is not common and moves {through}"
        case CauseKind.SILENCE:
            return f"{through} may stay private, and {agent} chose {action} by it"


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
