"""Policies as .npz archives, for size.

The .npz file holds the same: ``metadata``, a JSON string with ``schema``, ``game``, ``sharing``,
``concept``, ``value``, ``agents`` and per step ``increments`` (labels) and ``private`` (labels of
each agent); and for step h and agent number i the arrays ``h/source``, ``h/increment``,
``h/target``, ``h/signal_node``, ``h/signal_weight``, ``h/i/signal``, ``h/i/value`` and
``h/i/probability`` as in ``PolicyStep`` and ``PrescriptionRows``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .checked_json import (
    MalformedError,
    read_list,
    read_mapping,
    read_member,
    read_text,
    read_texts,
)
from .game import Floats, Ints
from .policies import Policy, PolicyStep, PrescriptionRows, check_policy_step
from .policy_json import SCHEMA, read_actions, read_top, read_values

Arrays = Mapping[str, NDArray[np.generic]]


def policy_to_arrays(policy: Policy) -> dict[str, NDArray[np.generic]]:
    """Build the arrays of the archive."""
    metadata = {
        "schema": SCHEMA,
        "game": policy.game,
        "sharing": policy.sharing,
        "concept": policy.concept,
        "value": dict(policy.value),
        "agents": {agent: list(names) for agent, names in policy.actions.items()},
        "steps": [
            {
                "nodes": step.node_count,
                "increments": list(step.increments),
                "private": [list(rows.private) for rows in step.prescriptions],
            }
            for step in policy.steps
        ],
    }
    arrays: dict[str, NDArray[np.generic]] = {
        "metadata": np.array(json.dumps(metadata, ensure_ascii=False))
    }
    for number, step in enumerate(policy.steps, start=1):
        arrays[f"{number}/source"] = step.source
        arrays[f"{number}/increment"] = step.increment
        arrays[f"{number}/target"] = step.target
        arrays[f"{number}/signal_node"] = step.signal_node
        arrays[f"{number}/signal_weight"] = step.signal_weight
        for agent, rows in enumerate(step.prescriptions):
            arrays[f"{number}/{agent}/signal"] = rows.signal
            arrays[f"{number}/{agent}/value"] = rows.value
            arrays[f"{number}/{agent}/probability"] = rows.probability
    return arrays


def policy_from_arrays(arrays: Arrays) -> Policy:
    """Rebuild a policy from the arrays of its archive.

    Raises
    ------
    MalformedError
        With what is wrong.
    ProblemError
        P0706 when probabilities are not a distribution.
    """
    if "metadata" not in arrays:
        raise MalformedError("it has no metadata")
    top = read_top(json.loads(str(arrays["metadata"])))
    actions = read_actions(top)
    steps: list[PolicyStep] = []
    for number, given in enumerate(read_list(read_member(top, "steps"), "steps"), start=1):
        labels = read_mapping(given, "a step")
        count = read_member(labels, "nodes")
        private = read_list(read_member(labels, "private"), "private")
        if not isinstance(count, int) or len(private) != len(actions):
            raise MalformedError(f"its metadata of step {number} is incomplete")
        step = PolicyStep(
            node_count=count,
            increments=read_texts(read_member(labels, "increments"), "increments"),
            source=_whole(arrays, f"{number}/source"),
            increment=_whole(arrays, f"{number}/increment"),
            target=_whole(arrays, f"{number}/target"),
            signal_node=_whole(arrays, f"{number}/signal_node"),
            signal_weight=_real(arrays, f"{number}/signal_weight", 1),
            prescriptions=tuple(
                PrescriptionRows(
                    private=read_texts(own, "private"),
                    signal=_whole(arrays, f"{number}/{agent}/signal"),
                    value=_whole(arrays, f"{number}/{agent}/value"),
                    probability=_real(arrays, f"{number}/{agent}/probability", 2),
                )
                for agent, own in enumerate(private)
            ),
        )
        sources = steps[-1].node_count if steps else 1
        check_policy_step(number, step, actions, sources)
        steps.append(step)
    if not steps:
        raise MalformedError("it has no steps")
    return Policy(
        game=read_text(read_member(top, "game"), "game"),
        sharing=read_text(read_member(top, "sharing"), "sharing"),
        concept=read_text(read_member(top, "concept"), "concept"),
        value=read_values(top),
        actions=actions,
        steps=tuple(steps),
    )


def _array(arrays: Arrays, name: str) -> NDArray[np.generic]:
    if name not in arrays:
        raise MalformedError(f"it has no array `{name}`")
    return arrays[name]


def _whole(arrays: Arrays, name: str) -> Ints:
    array = _array(arrays, name)
    if array.dtype.kind not in "iu" or array.ndim != 1:
        raise MalformedError(f"`{name}` should be a list of whole numbers")
    return array.astype(np.int64)


def _real(arrays: Arrays, name: str, dimensions: int) -> Floats:
    array = _array(arrays, name)
    if array.dtype.kind != "f" or array.ndim != dimensions:
        raise MalformedError(f"`{name}` should hold probabilities")
    return array.astype(np.float64)
