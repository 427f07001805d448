"""Whether a model of compressed common information fits its game."""

from __future__ import annotations

import numpy as np

from .arrays import blocks, distinct_values
from .beliefs import Beliefs
from .game import Game, Ints
from .information import InformationStructure
from .nodes import CommonInformation
from .openings import Edges, open_episode
from .operators import BLOCK, StepCatalogue, build_push
from .pushing import draw_prescriptions, push_beliefs

_SUM = 1e-9
"""How far from 1 the probabilities of a belief may sum."""


def find_misfit(game: Game, information: InformationStructure, nodes: object) -> str | None:
    """Say what is wrong with a model that came from elsewhere; None if nothing is.

    Beliefs must be distributions over the (s, p) of their step. The edges of a node must be those
    of the increments that can follow with its belief, and lead to nodes of the next step.
    """
    if not isinstance(nodes, CommonInformation):
        return f"it is a {type(nodes).__name__} and no CommonInformation"
    if len(nodes.steps) != game.horizon:
        return f"it has {len(nodes.steps)} steps for a horizon of {game.horizon}"
    for step, at in enumerate(nodes.steps, start=1):
        width = game.state_count * int(np.prod(information.private_counts[step - 1]))
        if not _are_beliefs(at.beliefs, width):
            return f"beliefs of step {step} are no distributions over states and private values"
        if (at.edges is None) != (step == game.horizon):
            return f"step {step} of {game.horizon} must have edges, but for the last one"
    opened, _ = open_episode(game, information, merge=False)
    if not _agree(nodes.roots, np.zeros_like(opened.increment), opened.increment):
        return "the edges to step 1 are not those of the increments that can open the episode"
    if not _lead_on(nodes.roots, nodes.node_counts[0]):
        return "edges lead to nodes that step 1 does not have"
    catalogue = StepCatalogue(game, information)
    random = np.random.default_rng(0)
    for step, at in enumerate(nodes.steps[:-1], start=1):
        assert at.edges is not None
        tables = catalogue.tables(step)
        mixed = draw_prescriptions(random, tables.private_counts, game.action_counts)
        operator = build_push(tables, distinct_values(at.beliefs.index), mixed)
        cost = np.diff(operator.offsets)[operator.position(at.beliefs.index)]
        parts = [
            push_beliefs(tables, at.beliefs, operator, begin, end)
            for begin, end in blocks(np.add.reduceat(cost, at.beliefs.offsets[:-1]), BLOCK)
        ]
        source = np.concatenate([part.source for part in parts])
        increment = np.concatenate([part.increment for part in parts])
        if not _agree(at.edges, source, increment):
            return f"the edges from step {step} are not those of the increments that can follow"
        if not _lead_on(at.edges, nodes.node_counts[step]):
            return f"edges lead to nodes that step {step + 1} does not have"
    return None


def _are_beliefs(beliefs: Beliefs, width: int) -> bool:
    lengths, index = beliefs.lengths, beliefs.index
    if not len(lengths) or lengths.min() < 1 or beliefs.offsets[0] != 0:
        return False
    if beliefs.offsets[-1] != len(index) or len(index) != len(beliefs.probability):
        return False
    if index.min() < 0 or index.max() >= width:
        return False
    row = np.repeat(np.arange(len(lengths)), lengths)
    if (np.diff(row * width + index) <= 0).any() or not (beliefs.probability > 0).all():
        return False
    sums = np.add.reduceat(beliefs.probability, beliefs.offsets[:-1])
    return bool(np.abs(sums - 1).max() <= _SUM)


def _agree(edges: Edges, source: Ints, increment: Ints) -> bool:
    same = np.array_equal(edges.increment, increment) and len(edges.child) == len(increment)
    return same and np.array_equal(edges.source, source)


def _lead_on(edges: Edges, count: int) -> bool:
    return bool((edges.child >= 0).all() and (edges.child < count).all())
