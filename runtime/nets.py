"""Beliefs up to a distance: few beliefs such that each is near one of them."""

from __future__ import annotations

import numpy as np

from .arrays import run_starts
from .beliefs import Beliefs, merge_beliefs, normalise_beliefs
from .game import Floats, Ints

_SEED = 31415
_ROUNDING = 1e-12


def cover_beliefs(beliefs: Beliefs, weight: Floats, radius: float) -> tuple[Beliefs, Ints]:
    """Choose beliefs such that each of (C,) is within an L1 distance of one with its support.

    The heaviest belief becomes a centre and takes all that are near it, then the heaviest of the
    rest, and so on. Supports are kept, so what can happen is what could happen.

    Parameters
    ----------
    weight : (C,)
        How likely each belief is.
    radius
        At most so far, in L1, is a belief from its centre.

    Returns
    -------
    The centres in order of appearance, and the centre of each belief.
    """
    flat = normalise_beliefs(beliefs.offsets[:-1], beliefs.index, np.ones(len(beliefs.index)))
    _, support = merge_beliefs(flat)
    # Beliefs are no nearer to each other than their images under a map with factors up to 1.
    size = int(beliefs.index.max()) + 1
    factors = np.random.default_rng(_SEED).uniform(-1, 1, size=size)
    image = np.add.reduceat(beliefs.probability * factors[beliefs.index], beliefs.offsets[:-1])
    order = np.lexsort((image, support))
    image, support = image[order], support[order]
    group = np.searchsorted(run_starts(support), np.arange(len(support)), side="right")
    shifted = image + 4.0 * group  # images are within 1 of 0, so groups lie apart
    reach = min(radius, 2.0) * (1 + _ROUNDING) + _ROUNDING
    first = np.searchsorted(shifted, shifted - min(reach, 1.5), side="left")
    last = np.searchsorted(shifted, shifted + min(reach, 1.5), side="right")
    centre = np.full(len(order), -1, dtype=np.int64)
    alone = last - first == 1
    centre[alone] = np.flatnonzero(alone)
    for place in np.argsort(-weight[order], kind="stable").tolist():
        if centre[place] >= 0:
            continue
        begin = int(first[place])
        near = begin + np.flatnonzero(centre[begin : int(last[place])] < 0)
        rows = beliefs.probability[beliefs.entries_of(order[near])].reshape(len(near), -1)
        own = beliefs.probability[beliefs.entries_of(order[place : place + 1])]
        near = near[np.abs(rows - own).sum(axis=1) <= reach]
        centre[near] = place
    of = np.empty(len(order), dtype=np.int64)
    of[order] = order[centre]
    chosen = np.flatnonzero(of == np.arange(len(of)))
    return beliefs.take(chosen), np.searchsorted(chosen, of)
