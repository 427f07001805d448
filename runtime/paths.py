"""What is possible along one common history: layers of (s, p), and the moves between them.

Like evaluation, this reads the tables of the game and shares nothing with planning.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import digits, sum_by_key
from .consequences import Consequences, apply_update
from .game import Floats, Game, Ints
from .information import InformationStructure


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What is possible at one step: states, joint private values and their weights, sorted."""

    state: Ints
    private: Ints
    weight: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves:
    """Ways from a layer to the next step, by position in the layer.

    Attributes
    ----------
    source : (N,) int64, positions in the layer
    action, observation : (N,) int64, joint
    state, private : (N,) int64, of the next step
    weight : (N,) float64
    """

    source: Ints
    action: Ints
    observation: Ints
    state: Ints
    private: Ints
    weight: Floats


def open_layer(game: Game, information: InformationStructure, increment: int) -> Layer:
    """Make the layer of step 1 after z_1."""
    zero = np.zeros(len(game.initial_state), dtype=np.int64)
    own = [(zero, zero, game.initial_observation[:, agent]) for agent in range(len(game.agents))]
    found, private = apply_update(information, 0, own)
    kept = (found == increment) & (game.initial_probability > 0)
    return gather_layer(
        game,
        information,
        1,
        game.initial_state[kept],
        private[kept],
        game.initial_probability[kept],
    )


def gather_layer(
    game: Game,
    information: InformationStructure,
    step: int,
    state: Ints,
    private: Ints,
    weight: Floats,
) -> Layer:
    """Add up equal (s, p)."""
    count = int(np.prod(information.private_counts[step - 1]))
    keys, (total,) = sum_by_key(state * count + private, weight)
    return Layer(state=keys // count, private=keys % count, weight=total)


def move_layer(
    game: Game,
    information: InformationStructure,
    step: int,
    layer: Layer,
    source: Ints,
    action: Ints,
    increment: int,
) -> Moves:
    """Let the given entries of a layer take joint actions; keep what makes the increment."""
    action_count = int(np.prod(game.action_counts))
    rows = layer.state[source] * action_count + action
    found = Consequences.of(game, step, rows, layer.weight[source])
    private = digits(layer.private[source][found.row], information.private_counts[step - 1])
    actions = digits(action[found.row], game.action_counts)
    observed = digits(found.observation, game.observation_counts)
    own = list(zip(private, actions, observed, strict=True))
    made, following = apply_update(information, step, own)
    kept = (made == increment) & (found.weight > 0)
    return Moves(
        source=source[found.row][kept],
        action=action[found.row][kept],
        observation=found.observation[kept],
        state=found.successor[kept],
        private=following[kept],
        weight=found.weight[kept],
    )


def list_moves(
    game: Game, information: InformationStructure, step: int, layer: Layer, increment: int
) -> Moves:
    """Find all that can lead on from a layer of ``step`` with the given increment."""
    count = int(np.prod(game.action_counts))
    source = np.repeat(np.arange(len(layer.state)), count)
    action = np.tile(np.arange(count), len(layer.state))
    return move_layer(game, information, step, layer, source, action, increment)
