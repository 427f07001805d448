"""Policies as JSON objects, for reading.

The JSON object has these members.

``schema``
    ``"posg.policy/1"``.
``game``, ``sharing``, ``horizon``, ``concept``, ``value``
    What the policy was computed for; ``value`` maps agents to expected returns.
``agents``
    Maps each agent, in order, to the list of its actions.
``start``
    Maps labels of z_1 to nodes of step 1.
``steps``
    For each h = 1..H an object with ``nodes``, a list. A node has ``prescriptions``, which maps
    agent, label of its private value and action to a probability (an action that is not listed has
    probability 0), and ``next``, which maps labels of z_{h+1} to nodes of step h + 1. Instead of
    ``prescriptions`` a node may have ``lottery``, a list of objects with ``weight`` and
    ``prescriptions``: the agents draw one of them together, afresh at each visit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .checked_json import (
    MalformedError,
    read_list,
    read_mapping,
    read_member,
    read_number,
    read_text,
    read_texts,
)
from .policies import Policy, PolicyStep, PrescriptionRows, check_policy_step

SCHEMA = "posg.policy/1"


def policy_to_json(policy: Policy) -> dict[str, object]:
    """Build the JSON object of a policy."""
    return {
        "schema": SCHEMA,
        "game": policy.game,
        "sharing": policy.sharing,
        "horizon": policy.horizon,
        "concept": policy.concept,
        "value": dict(policy.value),
        "agents": {agent: list(names) for agent, names in policy.actions.items()},
        "start": _transitions_to_json(policy.steps[0], 1)[0],
        "steps": [{"nodes": _nodes_to_json(policy, number)} for number in range(policy.horizon)],
    }


def _transitions_to_json(step: PolicyStep, sources: int) -> list[dict[str, int]]:
    """List, for each source, the map from increments to nodes."""
    found: list[dict[str, int]] = [{} for _ in range(sources)]
    for source, increment, target in zip(
        step.source.tolist(), step.increment.tolist(), step.target.tolist(), strict=True
    ):
        found[source][step.increments[increment]] = target
    return found


def _nodes_to_json(policy: Policy, number: int) -> list[dict[str, object]]:
    step = policy.steps[number]
    signals: list[dict[str, dict[str, dict[str, float]]]] = [
        {agent: {} for agent in policy.agents} for _ in step.signal_node
    ]
    for (agent, actions), rows in zip(policy.actions.items(), step.prescriptions, strict=True):
        for signal, value, chances in zip(
            rows.signal.tolist(), rows.value.tolist(), rows.probability.tolist(), strict=True
        ):
            signals[signal][agent][rows.private[value]] = {
                action: chance
                for action, chance in zip(actions, chances, strict=True)
                if chance > 0
            }
    nodes: list[list[dict[str, object]]] = [[] for _ in range(step.node_count)]
    for node, weight, prescriptions in zip(
        step.signal_node.tolist(), step.signal_weight.tolist(), signals, strict=True
    ):
        nodes[node].append({"weight": weight, "prescriptions": prescriptions})
    written: list[dict[str, object]] = [
        {"prescriptions": lottery[0]["prescriptions"]}
        if len(lottery) == 1
        else {"lottery": lottery}
        for lottery in nodes
    ]
    if number + 1 < policy.horizon:
        following = _transitions_to_json(policy.steps[number + 1], step.node_count)
        for node, transitions in zip(written, following, strict=True):
            node["next"] = transitions
    return written


def policy_from_json(data: object) -> Policy:
    """Rebuild a policy from its JSON object.

    Raises
    ------
    MalformedError
        With what is wrong.
    ProblemError
        P0706 when probabilities are not a distribution.
    """
    top = read_top(data)
    actions = read_actions(top)
    listed = [
        read_list(read_member(read_mapping(step, "a step"), "nodes"), "nodes")
        for step in read_list(read_member(top, "steps"), "steps")
    ]
    if read_member(top, "horizon") != len(listed) or not listed:
        raise MalformedError("its horizon is not the number of its steps")
    nodes = [[read_mapping(node, "a node") for node in step] for step in listed]
    transitions: list[list[object]] = [[read_member(top, "start")]]
    transitions += [[read_member(node, "next") for node in step] for step in nodes[:-1]]
    return Policy(
        game=read_text(read_member(top, "game"), "game"),
        sharing=read_text(read_member(top, "sharing"), "sharing"),
        concept=read_text(read_member(top, "concept"), "concept"),
        value=read_values(top),
        actions=actions,
        steps=tuple(
            _step_from_json(number, step, maps, actions)
            for number, (step, maps) in enumerate(zip(nodes, transitions, strict=True), start=1)
        ),
    )


def _step_from_json(
    number: int,
    nodes: Sequence[Mapping[str, object]],
    transitions: Sequence[object],
    actions: Mapping[str, tuple[str, ...]],
) -> PolicyStep:
    labels: dict[str, int] = {}
    edges: list[tuple[int, int, int]] = []
    for source, given in enumerate(transitions):
        for label, target in read_mapping(given, "next").items():
            if not isinstance(target, int) or not 0 <= target < len(nodes):
                raise MalformedError(f"`{label}` leads to a node that step {number} does not have")
            edges.append((source, labels.setdefault(label, len(labels)), target))
    edges.sort()
    signals: list[tuple[int, float, Mapping[str, object]]] = []
    for node, given in enumerate(nodes):
        if "lottery" in given:
            for ticket in read_list(given["lottery"], "lottery"):
                drawn = read_mapping(ticket, "lottery")
                weight = read_number(read_member(drawn, "weight"), "weight")
                rows = read_mapping(read_member(drawn, "prescriptions"), "prescriptions")
                signals.append((node, weight, rows))
        else:
            rows = read_mapping(read_member(given, "prescriptions"), "prescriptions")
            signals.append((node, 1.0, rows))
    columns = np.array(edges, dtype=np.int64).reshape(-1, 3)
    step = PolicyStep(
        node_count=len(nodes),
        increments=tuple(labels),
        source=columns[:, 0],
        increment=columns[:, 1],
        target=columns[:, 2],
        signal_node=np.array([node for node, _, _ in signals], dtype=np.int64),
        signal_weight=np.array([weight for _, weight, _ in signals]),
        prescriptions=tuple(
            _rows_from_json(agent, names, [rows for _, _, rows in signals])
            for agent, names in actions.items()
        ),
    )
    check_policy_step(number, step, actions, len(transitions))
    return step


def _rows_from_json(
    agent: str, actions: tuple[str, ...], signals: Sequence[Mapping[str, object]]
) -> PrescriptionRows:
    labels: dict[str, int] = {}
    places = {action: place for place, action in enumerate(actions)}
    found: list[tuple[int, int, list[float]]] = []
    for signal, prescriptions in enumerate(signals):
        for label, given in read_mapping(read_member(prescriptions, agent), agent).items():
            row = [0.0] * len(actions)
            for action, chance in read_mapping(given, label).items():
                if action not in places:
                    raise MalformedError(f"`{action}` is not an action of {agent}")
                row[places[action]] = read_number(chance, "a probability")
            found.append((signal, labels.setdefault(label, len(labels)), row))
    found.sort(key=lambda row: row[:2])
    return PrescriptionRows(
        private=tuple(labels),
        signal=np.array([signal for signal, _, _ in found], dtype=np.int64),
        value=np.array([value for _, value, _ in found], dtype=np.int64),
        probability=np.array([row for _, _, row in found]).reshape(-1, len(actions)),
    )


def read_top(data: object) -> Mapping[str, object]:
    """Take the outermost object, which must name the schema."""
    top = read_mapping(data, "the file")
    if top.get("schema") != SCHEMA:
        raise MalformedError(f"its schema is not `{SCHEMA}`")
    return top


def read_actions(top: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Take the names of each agent's actions."""
    given = read_mapping(read_member(top, "agents"), "agents")
    return {agent: read_texts(names, f"actions of {agent}") for agent, names in given.items()}


def read_values(top: Mapping[str, object]) -> dict[str, float]:
    """Take the expected return of each agent."""
    given = read_mapping(read_member(top, "value"), "value")
    return {agent: read_number(value, "a value") for agent, value in given.items()}
