"""Random numbers that are looked up rather than drawn one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .game import Floats

ENVIRONMENT = 0
"""The role of what nobody chooses: initial states, transitions and observations."""
COMMON = 1
"""The role of what all agents draw together: lotteries, and exploration by one head."""
_FIRST_AGENT = 2


def private_role(agent: int) -> int:
    """The role of what an agent draws for itself."""
    return _FIRST_AGENT + agent


class Stream:
    """Uniform numbers for the episodes of one purpose, each a function of its place.

    The numbers of a step, a block of episodes and a role come from a Philox generator whose counter
    starts at that place. So episode k of a block gets the same numbers however many episodes are
    drawn, in whatever order blocks are, and whatever is done with the numbers of other roles: the
    environment's luck is the same under all policies, and agents draw independently of each other.

    Parameters
    ----------
    seed
        At least 0.
    path
        Whole numbers that name the stream among those of the seed.

    Notes
    -----
    Source: J. Salmon, M. Moraes, R. Dror and D. Shaw, "Parallel random numbers: as easy as 1, 2, 3",
    SC 2011; ``numpy.random.SeedSequence`` makes the key.
    """

    def __init__(self, seed: int, *path: int) -> None:
        self._key = np.random.SeedSequence(seed, spawn_key=path).generate_state(2, np.uint64)

    def block(self, number: int) -> BlockStream:
        """The numbers of one block of episodes."""
        return BlockStream(key=tuple(self._key.tolist()), number=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockStream:
    """The numbers of one block of episodes; see ``Stream``."""

    key: tuple[int, ...]
    number: int

    def uniform(self, step: int, role: int, episodes: int, draws: int = 1) -> Floats:
        """Numbers in [0, 1), (draws, episodes); ``step`` is 0 for what precedes step 1."""
        counter = np.array([0, role, step, self.number], dtype=np.uint64)
        generator = np.random.Generator(
            np.random.Philox(key=np.array(self.key, dtype=np.uint64), counter=counter)
        )
        return generator.random((episodes, draws)).T
