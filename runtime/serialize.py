"""Compiled games as .npz archives of plain arrays.

One archive holds a game and its information structure. ``metadata`` is a JSON string, the rest
are arrays; nothing is pickled. With d, r and u numbering distinct tables from 0 and i agents:

``metadata``
    ``schema`` (``"posg.game/1"``), ``game``, ``sharing``, ``agents``, ``horizon``, ``discount``,
    ``states``, ``actions``, ``observations`` and ``initial_observations`` (labels, the last three a
    list per agent), ``reward_scopes`` (of each r), ``private`` (per step and agent the labels of
    private values) and ``increments`` (of each u used at a step: per step ``parts``, labels of each
    agent's part of z, and ``joint``, labels of z or null).
``initial/state`` (I,), ``initial/observation`` (I, n), ``initial/probability`` (I,)
    The joint law of s_1 and the initial observations.
``dynamics_of_step``, ``rewards_of_step`` (H,), ``update_of_step`` (H,)
    Which d, r and u step h = index + 1 uses; u of index 0 makes c_1 and p_1, the u of index h leads
    from step h to step h + 1.
``dynamics/d/offsets`` (S*A + 1,), ``.../successor``, ``.../probability``, ``.../emission`` (T,)
    Row s * A + a of the transition is the slice ``offsets[row]:offsets[row + 1]``; ``emission``
    names the row of the emission that each transition entry draws from. The last agent's action
    runs fastest in a.
``dynamics/d/emission_offsets`` (E + 1,), ``.../emission_observation``,
``.../emission_probability`` (K,)
    Rows of distributions over joint observations.
``rewards/r`` (n, ...)
    Aligned by its scope: ``action`` with s * A + a, ``transition`` with transition entries,
    ``outcome`` with pairs of a transition entry and an entry of its emission row, in order.
``update/u/private/i``, ``update/u/common/i`` (P_i, A_i, O_i)
    xi_i, and agent i's part of chi, for p_i, a_i and the new o_i.
``update/u/common_sizes`` (n,), ``update/u/increment_count`` (), ``update/u/joint`` (optional)
    z is the mixed-radix number of the parts (last agent fastest), or ``joint`` of that.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .checked_json import (
    MalformedError,
    read_list,
    read_mapping,
    read_member,
    read_number,
    read_text,
    read_texts,
)
from .errors import ProblemError
from .files import replacing
from .game import Dynamics, Floats, Game, Ints, Labels, Rewards, RewardScope
from .information import IncrementLabels, InformationStructure, Update

SCHEMA = "posg.game/1"


def save_game(path: str | Path, game: Game, information: InformationStructure) -> None:
    """Write a game and its information structure; see the module for the layout."""
    arrays = _game_arrays(game)
    updates: list[Update] = []
    update_of_step: list[int] = []
    for update in information.updates:
        known = [number for number, other in enumerate(updates) if other is update]
        update_of_step.append(known[0] if known else len(updates))
        if not known:
            updates.append(update)
    arrays["update_of_step"] = np.array(update_of_step, dtype=np.int64)
    for number, update in enumerate(updates):
        name = f"update/{number}"
        for agent, (private, common) in enumerate(zip(update.private, update.common, strict=True)):
            arrays[f"{name}/private/{agent}"] = private
            arrays[f"{name}/common/{agent}"] = common
        arrays[f"{name}/common_sizes"] = np.array(update.common_sizes, dtype=np.int64)
        arrays[f"{name}/increment_count"] = np.array(update.increment_count, dtype=np.int64)
        if update.joint is not None:
            arrays[f"{name}/joint"] = update.joint
    metadata = {
        "schema": SCHEMA,
        "game": game.name,
        "sharing": information.name,
        "agents": list(game.agents),
        "horizon": game.horizon,
        "discount": game.discount,
        "states": list(game.labels.states),
        "actions": game.labels.actions,
        "observations": game.labels.observations,
        "initial_observations": game.labels.initial_observations,
        "reward_scopes": [rewards.scope.value for rewards in game.rewards],
        "private": information.private_labels,
        "increments": [
            {"parts": labels.parts, "joint": labels.joint}
            for labels in information.increment_labels
        ],
    }
    arrays["metadata"] = np.array(json.dumps(metadata, ensure_ascii=False))
    with replacing(Path(path)) as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)


def _game_arrays(game: Game) -> dict[str, NDArray[np.generic]]:
    arrays: dict[str, NDArray[np.generic]] = {
        "initial/state": game.initial_state,
        "initial/observation": game.initial_observation,
        "initial/probability": game.initial_probability,
        "dynamics_of_step": game.dynamics_of_step,
        "rewards_of_step": game.rewards_of_step,
    }
    for number, dynamics in enumerate(game.dynamics):
        name = f"dynamics/{number}"
        arrays[f"{name}/offsets"] = dynamics.offsets
        arrays[f"{name}/successor"] = dynamics.successor
        arrays[f"{name}/probability"] = dynamics.probability
        arrays[f"{name}/emission"] = dynamics.emission
        arrays[f"{name}/emission_offsets"] = dynamics.emission_offsets
        arrays[f"{name}/emission_observation"] = dynamics.emission_observation
        arrays[f"{name}/emission_probability"] = dynamics.emission_probability
    for number, rewards in enumerate(game.rewards):
        arrays[f"rewards/{number}"] = rewards.values
    return arrays


def load_game(path: str | Path) -> tuple[Game, InformationStructure]:
    """Read what ``save_game`` wrote.

    Raises
    ------
    ProblemError
        P0707 when it is not such a file.
    OSError
        When the file cannot be read.
    """
    source = Path(path)
    try:
        with np.load(source, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise MalformedError("it is a single array")
            arrays = _Arrays({name: archive[name] for name in archive.files})
        top = read_mapping(json.loads(str(arrays.take("metadata"))), "metadata")
        if top.get("schema") != SCHEMA:
            raise MalformedError(f"its schema is not `{SCHEMA}`")
        return _read_game(top, arrays), _read_information(top, arrays)
    except MalformedError as error:
        raise ProblemError("P0707", file=source, reason=error) from error
    except (ValueError, RecursionError, EOFError, zipfile.BadZipFile) as error:
        raise ProblemError("P0707", file=source, reason="it is damaged") from error


class _Arrays:
    """Arrays of an archive, by name."""

    def __init__(self, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        self._arrays = arrays

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    def take(self, name: str) -> NDArray[np.generic]:
        """Take an array that must be there."""
        if name not in self._arrays:
            raise MalformedError(f"it has no array `{name}`")
        return self._arrays[name]

    def whole(self, name: str) -> Ints:
        """Take integers."""
        array = self.take(name)
        if array.dtype.kind not in "iu":
            raise MalformedError(f"`{name}` should hold whole numbers")
        whole = array.astype(np.int64)
        whole.flags.writeable = False
        return whole

    def real(self, name: str) -> Floats:
        """Take real numbers."""
        array = self.take(name)
        if array.dtype.kind != "f":
            raise MalformedError(f"`{name}` should hold real numbers")
        real = array.astype(np.float64)
        real.flags.writeable = False
        return real


def _read_game(top: Mapping[str, object], arrays: _Arrays) -> Game:
    scopes = read_texts(read_member(top, "reward_scopes"), "reward_scopes")
    horizon = read_member(top, "horizon")
    if not isinstance(horizon, int):
        raise MalformedError("`horizon` should be a whole number")
    dynamics_of_step = arrays.whole("dynamics_of_step")
    rewards_of_step = arrays.whole("rewards_of_step")
    dynamics: list[Dynamics] = []
    while f"dynamics/{len(dynamics)}/offsets" in arrays:
        name = f"dynamics/{len(dynamics)}"
        dynamics.append(
            Dynamics(
                offsets=arrays.whole(f"{name}/offsets"),
                successor=arrays.whole(f"{name}/successor"),
                probability=arrays.real(f"{name}/probability"),
                emission=arrays.whole(f"{name}/emission"),
                emission_offsets=arrays.whole(f"{name}/emission_offsets"),
                emission_observation=arrays.whole(f"{name}/emission_observation"),
                emission_probability=arrays.real(f"{name}/emission_probability"),
            )
        )
    for what, steps, count in (
        ("dynamics", dynamics_of_step, len(dynamics)),
        ("rewards", rewards_of_step, len(scopes)),
    ):
        if len(steps) != horizon or not ((steps >= 0) & (steps < count)).all():
            raise MalformedError(f"`{what}_of_step` does not fit the rest")
    return Game(
        name=read_text(read_member(top, "game"), "game"),
        agents=read_texts(read_member(top, "agents"), "agents"),
        horizon=horizon,
        discount=read_number(read_member(top, "discount"), "discount"),
        labels=Labels(
            states=read_texts(read_member(top, "states"), "states"),
            actions=_read_table(read_member(top, "actions"), "actions"),
            observations=_read_table(read_member(top, "observations"), "observations"),
            initial_observations=_read_table(
                read_member(top, "initial_observations"), "initial_observations"
            ),
        ),
        initial_state=arrays.whole("initial/state"),
        initial_observation=arrays.whole("initial/observation"),
        initial_probability=arrays.real("initial/probability"),
        dynamics=tuple(dynamics),
        dynamics_of_step=dynamics_of_step,
        rewards=tuple(
            Rewards(scope=_read_scope(scope), values=arrays.real(f"rewards/{number}"))
            for number, scope in enumerate(scopes)
        ),
        rewards_of_step=rewards_of_step,
    )


def _read_scope(name: str) -> RewardScope:
    if name not in {scope.value for scope in RewardScope}:
        raise MalformedError(f"`{name}` is not a scope of rewards")
    return RewardScope(name)


def _read_table(data: object, what: str) -> tuple[tuple[str, ...], ...]:
    return tuple(read_texts(row, what) for row in read_list(data, what))


def _read_information(top: Mapping[str, object], arrays: _Arrays) -> InformationStructure:
    agents = len(read_texts(read_member(top, "agents"), "agents"))
    updates: dict[int, Update] = {}
    for number in arrays.whole("update_of_step").tolist():
        name = f"update/{number}"
        if number not in updates:
            updates[number] = Update(
                private=tuple(arrays.whole(f"{name}/private/{agent}") for agent in range(agents)),
                common=tuple(arrays.whole(f"{name}/common/{agent}") for agent in range(agents)),
                common_sizes=tuple(arrays.whole(f"{name}/common_sizes").tolist()),
                joint=arrays.whole(f"{name}/joint") if f"{name}/joint" in arrays else None,
                increment_count=int(arrays.whole(f"{name}/increment_count")),
            )
    labels: list[IncrementLabels] = []
    for given in read_list(read_member(top, "increments"), "increments"):
        step = read_mapping(given, "increments")
        joint = read_member(step, "joint")
        labels.append(
            IncrementLabels(
                parts=_read_table(read_member(step, "parts"), "parts"),
                joint=None if joint is None else read_texts(joint, "joint"),
            )
        )
    return InformationStructure(
        name=read_text(read_member(top, "sharing"), "sharing"),
        updates=tuple(updates[number] for number in arrays.whole("update_of_step").tolist()),
        private_labels=tuple(
            _read_table(step, "private")
            for step in read_list(read_member(top, "private"), "private")
        ),
        increment_labels=tuple(labels),
    )
