"""Policies as files: JSON for reading, .npz for size; both keyed by labels.

``policy_json`` and ``policy_archive`` document the two formats.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from .checked_json import MalformedError, read_list, read_mapping
from .errors import ProblemError
from .files import replacing
from .policies import Policy
from .policy_archive import policy_from_arrays, policy_to_arrays
from .policy_json import policy_from_json, policy_to_json


def save_policy(policy: Policy, path: str | Path) -> None:
    """Write a policy; the ending of the name, ``.json`` or ``.npz``, decides the format."""
    target = Path(path)
    if target.suffix == ".npz":
        with replacing(target) as stream:
            np.savez_compressed(stream, allow_pickle=False, **policy_to_arrays(policy))
    else:
        with replacing(target) as stream:
            stream.writelines(line.encode() + b"\n" for line in _lines(policy_to_json(policy)))


def load_policy(path: str | Path) -> Policy:
    """Read a policy that ``save_policy`` wrote.

    Raises
    ------
    ProblemError
        P0703 when it is not such a file, P0706 when its probabilities are not a distribution.
    OSError
        When the file cannot be read.
    """
    source = Path(path)
    raw = source.read_bytes()
    try:
        if raw.startswith(b"PK"):
            with np.load(source, allow_pickle=False) as archive:
                return policy_from_arrays({name: archive[name] for name in archive.files})
        return policy_from_json(json.loads(raw))
    except MalformedError as error:
        raise ProblemError("P0703", file=source, reason=error) from error
    except (ValueError, RecursionError, zipfile.BadZipFile) as error:
        raise ProblemError("P0703", file=source, reason="it is damaged") from error


def _lines(data: Mapping[str, object]) -> Iterator[str]:
    """Lay out the JSON object with one member, and one node, a line."""
    encode = json.JSONEncoder(ensure_ascii=False).encode
    yield "{"
    for name, value in data.items():
        if name != "steps":
            yield f"{encode(name)}: {encode(value)},"
    steps = read_list(data["steps"], "steps")
    yield '"steps": ['
    for step, nodes in enumerate(steps):
        listed = read_list(read_mapping(nodes, "step")["nodes"], "nodes")
        yield '{"nodes": ['
        yield ",\n".join(encode(node) for node in listed)
        yield "]}" + ("," if step + 1 < len(steps) else "")
    yield "]}"
