"""How many windows of common information there are, without building them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Counts, add_counts, distinct_values
from .beliefs import Beliefs, normalise_beliefs
from .errors import LimitError
from .game import Game, Ints
from .information import InformationStructure
from .limits import bytes_text, count_text
from .openings import open_episode
from .operators import StepCatalogue
from .progress import Progress, silent
from .sizes import stored_bytes
from .supports import DEFAULT_SUPPORTS, Kept, SupportPusher
from .timestamps import Timestamps
from .viability import viable_states


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowStep:
    """The windows of one step h, counted.

    Attributes
    ----------
    reached
        How many windows the c_h leave that some strategies reach.
    made
        How many there are at most in the model, which restarts at step h - L in any state.
    entries
        How many (window, s_h, p_h) are possible then.
    edges
        How many (window, z_{h+1}) are, at most; 0 at the last step.
    products
        Multiplications that lead to the next step.
    """

    reached: int
    made: int
    entries: int
    edges: int
    products: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSizes:
    """Sizes of the windows of L steps; H entries, None where there are too many supports."""

    length: int
    steps: tuple[WindowStep | None, ...]

    @property
    def bytes(self) -> int | None:
        """Memory of all windows, beliefs and edges; None if some steps were not counted."""
        sizes = [
            None if step is None else stored_bytes(step.entries, step.made, step.edges)
            for step in self.steps
        ]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    @property
    def products(self) -> int | None:
        """Multiplications that make all edges; None if some steps were not counted."""
        found = [None if step is None else step.products for step in self.steps]
        return None if None in found else sum(size for size in found if size is not None)


def count_windows(
    game: Game,
    information: InformationStructure,
    timestamps: Timestamps,
    length: int,
    *,
    max_supports: int = DEFAULT_SUPPORTS,
    progress: Progress = silent,
) -> WindowSizes:
    """Count what ``expand_windows`` makes, by a subset construction.

    A window of step h is what increments z_{h-L+1}, ..., z_h keep of the last L steps. So windows
    are the paths of the automaton of ``iterate_supports`` with increments that keep the same taken
    for one, from the set of all (s, p) that can be reached at step h - L, or that the restart
    allows there. Where the window reaches back to step 1 they are what is left of c_h.

    Notes
    -----
    Source: Liu and Zhang (2023), Appendix E.4 (finite-memory compression).
    """
    counter = _Counter(game, information, timestamps, length, max_supports)
    steps: list[WindowStep | None] = []
    for step in range(1, game.horizon + 1):
        progress("windows, counted", step, game.horizon)
        steps.append(counter.count(step))
    return WindowSizes(length=length, steps=tuple(steps))


def require_windows(
    game: Game,
    information: InformationStructure,
    timestamps: Timestamps,
    length: int,
    memory_bytes: int,
) -> None:
    """Refuse to make windows that would not fit, by counting them.

    Raises
    ------
    LimitError
        P0616, with the longest window that fits.
    """
    sizes = count_windows(game, information, timestamps, length)
    need = sizes.bytes
    # Where counting stopped early there is no telling, and making them stops by itself.
    if need is None or need <= memory_bytes:
        return
    made = [0 if step is None else step.made for step in sizes.steps]
    raise LimitError(
        "P0616",
        length=length,
        need=bytes_text(need),
        limit=bytes_text(memory_bytes),
        nodes=count_text(max(made)),
        step=made.index(max(made)) + 1,
        fits=longest_window(game, information, timestamps, memory_bytes, below=length),
    )


def longest_window(
    game: Game,
    information: InformationStructure,
    timestamps: Timestamps,
    memory_bytes: int,
    *,
    below: int,
) -> int | None:
    """Find the longest windows, shorter than ``below``, that fit in so much memory."""
    fitting: int | None = None
    for length in range(timestamps.shortest_window(), below):
        need = count_windows(game, information, timestamps, length).bytes
        if need is None or need > memory_bytes:
            break
        fitting = length
    return fitting


@dataclass(frozen=True, slots=True)
class _Paths:
    """Supports, and how many windows have each."""

    supports: Beliefs
    counts: Counts

    @property
    def total(self) -> int:
        return int(self.counts.sum())


class _Counter:
    """Counts the windows of one step after the other, once where steps have the same tables."""

    def __init__(
        self,
        game: Game,
        information: InformationStructure,
        timestamps: Timestamps,
        length: int,
        max_supports: int,
    ) -> None:
        self._game = game
        self._information = information
        self._atoms = timestamps.increments
        self._length = length
        self._max_supports = max_supports
        self._catalogue = StepCatalogue(game, information)
        self._pusher = SupportPusher(self._catalogue)
        self._roots, self._opening = open_episode(game, information, merge=False)
        self._reachable = distinct_values(self._opening.index)
        self._start = 1
        self._viable = viable_states(game)
        self._known: dict[tuple[object, ...], _Paths | None] = {}
        self._links: dict[tuple[object, ...], tuple[int, int] | None] = {}

    def count(self, step: int) -> WindowStep | None:
        """Count at a step; called for each in turn."""
        start = step - self._length
        if start <= 1:
            reached = made = self._follow(None, 1, step)
        else:
            while self._start < start:
                self._reachable = self._pusher.reach(self._reachable, self._start)
                self._start += 1
            private = int(np.prod(self._information.private_counts[start - 1]))
            states = np.flatnonzero(self._viable[start - 1])
            reached = self._follow(self._reachable, start, step)
            made = self._follow(states * private, start, step)
        if reached is None or made is None:
            return None
        link = (0, 0) if step == self._game.horizon else self._link(made, step)
        if link is None:
            return None
        return WindowStep(
            reached=reached.total,
            made=made.total,
            entries=int((made.counts * made.supports.lengths).sum()),
            edges=link[0],
            products=link[1],
        )

    def _follow(self, rows: Ints | None, start: int, step: int) -> _Paths | None:
        """Count windows from any of the rows sp at ``start``, or from before the episode."""
        key = (
            None if rows is None else rows.tobytes(),
            *(part for at in range(start, step) for part in self._tables(at)),
            *(id(self._atoms[at]) for at in range(start, step)),
            step - start,
        )
        if key not in self._known:
            self._known[key] = self._sweep(rows, start, step)
        return self._known[key]

    def _tables(self, step: int) -> tuple[int, int]:
        tables = self._catalogue.tables(step)
        return id(tables.outcomes), id(tables.update)

    def _sweep(self, rows: Ints | None, start: int, step: int) -> _Paths | None:
        paths = self._open(step) if rows is None else _from_anywhere(rows)
        for at in range(start, step):
            kept = Kept(atoms=self._atoms[at], limit=self._length - (step - at - 1))
            pushed = self._pusher.push(paths.supports, at, self._max_supports, kept)
            if pushed is None:
                return None
            counts = add_counts(paths.counts[pushed.source], pushed.child, pushed.supports.count)
            paths = _Paths(pushed.supports, counts)
        return paths

    def _open(self, step: int) -> _Paths:
        """What is kept at ``step`` of z_1."""
        told = self._atoms[0].keep(self._roots.increment, self._length - (step - 1))
        width = self._game.state_count * int(np.prod(self._information.private_counts[0]))
        keys = distinct_values(np.repeat(told, self._opening.lengths) * width + self._opening.index)
        starts = np.flatnonzero(np.diff(keys // width, prepend=-1))
        supports = normalise_beliefs(starts, keys % width, np.ones(len(keys)))
        return _Paths(supports, np.ones(len(starts), dtype=object))

    def _link(self, paths: _Paths, step: int) -> tuple[int, int] | None:
        """Edges that leave the windows of a step, and multiplications that make them."""
        key = (id(paths), *self._tables(step))
        if key not in self._links:
            pushed = self._pusher.push(paths.supports, step, self._max_supports)
            self._links[key] = (
                None
                if pushed is None
                else (
                    int(paths.counts[pushed.source].sum()),
                    int((paths.counts * pushed.products).sum()),
                )
            )
        return self._links[key]


def _from_anywhere(rows: Ints) -> _Paths:
    supports = normalise_beliefs(np.zeros(1, dtype=np.int64), rows, np.ones(len(rows)))
    return _Paths(supports, np.ones(1, dtype=object))
