"""Rounds of learning on disk, so that a run that was cut short goes on where it was.

A file is a ``.npz`` archive. Its ``metadata`` is JSON: ``schema``, the ``run`` that the rounds belong
to, and ``rounds`` with what has no arrays. Arrays are named ``r/policy/NAME`` as in a saved policy, and
``r/b/NAME`` for batch b of round r.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..checked_json import MalformedError
from ..episodes import JointEpisodes
from ..errors import ProblemError
from ..files import replacing
from ..game import Game
from ..information import InformationStructure
from ..policy_archive import policy_from_arrays, policy_to_arrays
from .explorers import Batch
from .laci import LearningOptions, LearningRound

SCHEMA = "posg.learning/1"


def describe_run(
    game: Game, information: InformationStructure, options: LearningOptions, seed: int
) -> dict[str, object]:
    """Say all that the rounds of a run depend on."""
    digest = hashlib.sha256()
    for array in (game.initial_state, game.initial_observation, game.initial_probability):
        digest.update(array.tobytes())
    for dynamics in game.dynamics:
        for name in dynamics.__slots__:
            digest.update(np.asarray(getattr(dynamics, name)).tobytes())
    for rewards in game.rewards:
        digest.update(rewards.values.tobytes())
    chosen = {
        name: value.value if isinstance(value, Enum) else value
        for name, value in asdict(options).items()
    }
    return {
        "game": game.name,
        "tables": digest.hexdigest(),
        "horizon": game.horizon,
        "discount": game.discount,
        "sharing": information.name,
        "seed": seed,
        **chosen,
    }


def save_rounds(path: Path, run: Mapping[str, object], rounds: Sequence[LearningRound]) -> None:
    """Write all rounds so far.

    Raises
    ------
    OSError
        When the file cannot be written; the old one is kept.
    """
    metadata = {
        "schema": SCHEMA,
        "run": dict(run),
        "rounds": [
            {
                "concept": found.concept,
                "nodes": found.nodes,
                "missing": found.missing,
                "cuts": [batch.cut for batch in found.batches],
            }
            for found in rounds
        ],
    }
    arrays: dict[str, NDArray[np.generic]] = {"metadata": np.array(json.dumps(metadata))}
    for number, found in enumerate(rounds):
        for name, array in policy_to_arrays(found.policy).items():
            arrays[f"{number}/policy/{name}"] = array
        for place, batch in enumerate(found.batches):
            for name in _ARRAYS:
                arrays[f"{number}/{place}/{name}"] = getattr(batch.episodes, name)
    with replacing(path) as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)


_ARRAYS = ("initial_observations", "actions", "observations", "rewards")


def load_rounds(path: Path, run: Mapping[str, object]) -> list[LearningRound]:
    """Read the rounds of a run.

    Raises
    ------
    ProblemError
        P0712, when the file is damaged or has the rounds of another run.
    OSError
        When the file cannot be read.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            metadata = json.loads(str(archive["metadata"]))
            if metadata["schema"] != SCHEMA:
                raise ProblemError("P0712", file=path, reason="it is of another version")
            for name, value in run.items():
                if metadata["run"].get(name) != value:
                    found = metadata["run"].get(name)
                    what = "its tables differ" if name == "tables" else f"{name} was {found}"
                    raise ProblemError("P0712", file=path, reason=what)
            return [
                _read_round(archive, number, found)
                for number, found in enumerate(metadata["rounds"])
            ]
    except (ValueError, KeyError, TypeError, MalformedError, zipfile.BadZipFile) as error:
        raise ProblemError("P0712", file=path, reason="it is damaged") from error


def _read_round(
    archive: np.lib.npyio.NpzFile, number: int, found: Mapping[str, object]
) -> LearningRound:
    prefix = f"{number}/policy/"
    names = [name for name in archive.files if name.startswith(prefix)]
    cuts, nodes, missing = found["cuts"], found["nodes"], found["missing"]
    if not (isinstance(cuts, list) and isinstance(nodes, list) and isinstance(missing, list)):
        raise MalformedError("a round is incomplete")
    return LearningRound(
        batches=tuple(
            Batch(
                episodes=JointEpisodes(
                    **{name: archive[f"{number}/{place}/{name}"] for name in _ARRAYS}, states=None
                ),
                cut=cut,
            )
            for place, cut in enumerate(cuts)
        ),
        policy=policy_from_arrays({name.removeprefix(prefix): archive[name] for name in names}),
        concept=str(found["concept"]),
        nodes=tuple(nodes),
        missing=tuple(missing),
    )
