"""Ages of what agents are told, read off the provenance of registers and increments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from posg.runtime.timestamps import NO_AGE, Atoms

from .columns import Rows
from .core import Core
from .model import Role
from .provenance import Content, Provenance


def date_increments(
    released: Sequence[Content], step: int, parts: Sequence[tuple[Sequence[int], Rows]]
) -> Atoms:
    """Say what the increments of ``step`` consist of.

    Parameters
    ----------
    released
        The content of each component of χ.
    parts
        For each part of an increment, the numbers of its components and their values, (K, size).
    """
    return Atoms(
        sizes=tuple(codes.shape[1] for _, codes in parts),
        ages=tuple(
            np.array([_age_of(released[number], step) for number in components], dtype=np.int64)
            for components, _ in parts
        ),
        codes=tuple(codes for _, codes in parts),
    )


def date_private(core: Core, provenance: Provenance) -> tuple[tuple[int, ...], ...]:
    """Age of the oldest value that each agent's registers depend on, at each step."""
    return tuple(
        tuple(
            max((_age_of(held[register.variable], step) for register in group), default=NO_AGE)
            for group in core.registers
        )
        for step, held in enumerate(provenance.registers, start=1)
    )


def _age_of(content: Content, step: int) -> int:
    """How long before ``step`` the oldest value was generated that a content depends on."""
    return max(
        (step - origin.step - (origin.variable.role is Role.ACTION) for origin in content),
        default=NO_AGE,
    )
