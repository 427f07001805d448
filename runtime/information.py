"""The information structure as integer tables: chi and xi of Assumption 1, per step."""

from __future__ import annotations

from dataclasses import dataclass, field

from .game import Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One application of ξ (2.2) and χ (2.1).

    An update takes agent i's private value, action and new observation. For the update that opens
    the episode there is neither a private value nor an action: both axes have length 1, and the
    last axis runs over the initial observations.

    χ is evaluated in two stages: each agent's part ``common[i]``, then, when χ reads several
    agents jointly, ``joint`` over the product of those parts (last agent fastest). Without
    ``joint`` the increment z is the mixed-radix number of the parts.

    Attributes
    ----------
    private : n arrays (P_i, A_i, O_i) int64 -> private value of the next step
    common : n arrays (P_i, A_i, O_i) int64 -> agent i's part of the increment, in 0..common_sizes[i]
    joint : (prod of common_sizes,) int64 -> increment in 0..Z, or None
    increment_count : Z
    """

    private: tuple[Ints, ...]
    common: tuple[Ints, ...]
    common_sizes: tuple[int, ...]
    joint: Ints | None
    increment_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InformationStructure:
    """Who knows what at each step, as tables.

    Attributes
    ----------
    updates : H updates
        ``updates[0]`` makes c_1 and p_1 from the initial observations; ``updates[h]`` leads from
        step h to step h + 1 (h = 1..H-1). Equal updates are one object.
    private_labels
        ``private_labels[h - 1][i]`` names agent i's private values at step h.
    increment_labels
        ``increment_labels[h - 1]`` names the increments of ``updates[h - 1]``; a lazy sequence.
    private_counts
        ``private_counts[h - 1][i]`` is P_{i,h}, from the labels.
    """

    name: str
    updates: tuple[Update, ...]
    private_labels: tuple[tuple[tuple[str, ...], ...], ...]
    increment_labels: tuple[IncrementLabels, ...]
    private_counts: tuple[tuple[int, ...], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Count once: long games ask at every step."""
        counts = tuple(tuple(len(names) for names in step) for step in self.private_labels)
        object.__setattr__(self, "private_counts", counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncrementLabels:
    """Names of the increments of one update, assembled on demand.

    ``parts[i]`` names agent i's parts; ``joint`` names the increments when χ is joint.
    """

    parts: tuple[tuple[str, ...], ...]
    joint: tuple[str, ...] | None

    def __getitem__(self, increment: int) -> str:
        """Name of one increment, such as ``act[alice]=listen, hear[alice]=left``."""
        if self.joint is not None:
            return self.joint[increment]
        names: list[str] = []
        for part in reversed(self.parts):
            increment, code = divmod(increment, len(part))
            names.append(part[code])
        return ", ".join(name for name in reversed(names) if name) or "nothing"
