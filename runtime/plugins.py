"""What installed packages bring along, by way of entry points."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeGuard, TypeVar

from .errors import ProblemError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin(Generic[T]):
    """An object with the name that it goes by; ``package`` brings it along, None for the program itself."""

    name: str
    package: str | None
    made: T


@dataclass(frozen=True, slots=True)
class PluginKind(Generic[T]):
    """Objects that packages may bring along.

    Attributes
    ----------
    group
        The entry point.
    suits
        Whether an object is one of them.
    members
        What they must have, in words.
    failure
        The code for one that cannot be imported, is no such object, or fails.
    """

    group: str
    suits: Callable[[object], TypeGuard[T]]
    members: str
    failure: str

    def names(self) -> tuple[str, ...]:
        """Names that installed packages register."""
        return tuple(sorted(registered(self.group)))

    def load(self, name: str) -> Plugin[T] | None:
        """Import an object; None if no installed package registers the name.

        Raises
        ------
        ProblemError
            With the code ``failure`` when it cannot be imported, or is no such object.
        """
        entry = registered(self.group).get(name)
        if entry is None:
            return None
        package = "an unknown package" if entry.dist is None else entry.dist.name
        try:
            found: object = entry.load()
        except Exception as error:
            raise self.blame(name, package, error) from error
        if not self.suits(found):
            lack = (
                "is a class, not an object" if isinstance(found, type) else f"has no {self.members}"
            )
            reason = f"{entry.value} {lack}"
            raise ProblemError(self.failure, name=name, package=package, reason=reason)
        return Plugin(name=name, package=package, made=found)

    def blame(self, name: str, package: str | None, error: Exception) -> ProblemError:
        """Say what went wrong in somebody else's code, and where."""
        reason = traceback.format_exception_only(error)[-1].strip()
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else None
        return ProblemError(self.failure, name=name, package=package, reason=reason, place=place)


def registered(group: str) -> Mapping[str, EntryPoint]:
    """Entry points of a group, by name."""
    return {entry.name: entry for entry in entry_points(group=group)}
