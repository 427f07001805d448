"""Taking JSON data apart with complaints that name what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class MalformedError(Exception):
    """What is wrong with a file, in words."""


def read_member(mapping: Mapping[str, object], name: str) -> object:
    """Take a member that must be there."""
    if name not in mapping:
        raise MalformedError(f"`{name}` is missing")
    return mapping[name]


def read_mapping(data: object, what: str) -> Mapping[str, object]:
    """Take an object."""
    if not isinstance(data, dict):
        raise MalformedError(f"{what} should be an object")
    return {str(key): value for key, value in data.items()}


def read_list(data: object, what: str) -> Sequence[object]:
    """Take a list."""
    if not isinstance(data, list):
        raise MalformedError(f"{what} should be a list")
    return list(data)


def read_text(data: object, what: str) -> str:
    """Take text."""
    if not isinstance(data, str):
        raise MalformedError(f"{what} should be text")
    return data


def read_number(data: object, what: str) -> float:
    """Take a number."""
    if not isinstance(data, int | float) or isinstance(data, bool):
        raise MalformedError(f"{what} should be a number")
    return float(data)


def read_texts(data: object, what: str) -> tuple[str, ...]:
    """Take a list of texts."""
    return tuple(read_text(entry, what) for entry in read_list(data, what))
