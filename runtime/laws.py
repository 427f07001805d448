"""What follows each (s, p) of a step, tabulated once for certificates.

Planning has tables of its own; these are made of the game's tables by other code.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from .arrays import KEY_LIMIT, blocks, digits, offsets_of, sum_by_key
from .consequences import Consequences, apply_update
from .errors import LimitError
from .game import Floats, Game, Ints
from .information import InformationStructure

_SEED = 9173
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLaw:
    """The law of one step for the rows sp = s * P + p that were asked for.

    Attributes
    ----------
    rows : (R,) int64, ascending
    rewards : (n, R, A) float64
        E[r_i | s, a].
    move_offsets : (R * A + 1,) int64
    move_increment : (M,) int64
    move_chance : (M,) float64
        P(z | s, p, a), row after row and action after action. Empty at the last step.
    offsets : (R + 1,) int64
    key : (N,) int64
        z * T + s'p', ascending in each row, where T counts s'p'. Empty at the last step.
    weight : (2, N) float64
        P(z, s', p' | s, p) under two full-support strategies, up to a factor.
    increment_count, target_count : Z and T
    """

    rows: Ints
    rewards: Floats
    move_offsets: Ints
    move_increment: Ints
    move_chance: Floats
    offsets: Ints
    key: Ints
    weight: Floats
    increment_count: int
    target_count: int

    def position(self, rows: Ints) -> Ints:
        """Where the given rows sp are."""
        if self.rows[-1] == len(self.rows) - 1:
            return rows
        return np.searchsorted(self.rows, rows)

    def outcome_counts(self) -> Ints:
        """Entries of ``key`` for each row."""
        return np.diff(self.offsets)


class LawBook:
    """The laws of a game's steps; the last one is kept, as steps often share their tables.

    The second strategy is drawn when a law is made. It may be the same at all steps: in finitely
    many polynomials that do not vanish identically a random number is no root.
    """

    def __init__(self, game: Game, information: InformationStructure) -> None:
        self._game = game
        self._information = information
        self._random = np.random.default_rng(_SEED)
        self._kept: tuple[tuple[int, int, int | None], StepLaw] | None = None

    def at(self, step: int, rows: Ints) -> StepLaw:
        """Return the law of a step that has at least the given rows, distinct and ascending."""
        game = self._game
        last = step == game.horizon
        same = (
            int(game.dynamics_of_step[step - 1]),
            int(game.rewards_of_step[step - 1]),
            None if last else id(self._information.updates[step]),
        )
        if (
            self._kept is None
            or self._kept[0] != same
            or not np.isin(rows, self._kept[1].rows).all()
        ):
            self._kept = (same, self._build(step, rows))
        return self._kept[1]

    def _build(self, step: int, rows: Ints) -> StepLaw:
        game, information = self._game, self._information
        counts = information.private_counts[step - 1]
        actions, width = prod(game.action_counts), prod(counts)
        last = step == game.horizon
        increments = 1 if last else information.updates[step].increment_count
        targets = 1 if last else game.state_count * prod(information.private_counts[step])
        if len(rows) * max(increments * targets, increments * actions) >= KEY_LIMIT:
            raise LimitError("P0603", columns=increments * targets)
        mixed = [
            self._random.uniform(0.2, 1.0, size=shape)
            for shape in zip(counts, game.action_counts, strict=True)
        ]
        state, private = rows // width, digits(rows % width, counts)
        taken = digits(np.arange(actions), game.action_counts)
        rewards = np.empty((len(game.agents), len(rows) * actions))
        keys: list[Ints] = []
        weights: list[Floats] = []
        moves: list[Ints] = []
        chances: list[Floats] = []
        for begin, end in blocks(_costs(game, step)[state], _BLOCK):
            row = np.repeat(np.arange(begin, end), actions)
            action = np.tile(np.arange(actions), end - begin)
            found = Consequences.of(game, step, state[row] * actions + action, np.ones(len(row)))
            rewards[:, begin * actions : end * actions] = found.rewards
            if last:
                continue
            source, move = row[found.row], action[found.row]
            own = zip(
                private[:, source],
                taken[:, move],
                digits(found.observation, game.observation_counts),
                strict=True,
            )
            increment, following = apply_update(information, step, list(own))
            other = found.weight
            for table, value, choice in zip(mixed, private[:, source], taken[:, move], strict=True):
                other = other * (table / table.sum(axis=1, keepdims=True))[value, choice]
            target = found.successor * (targets // game.state_count) + following
            found_keys, sums = sum_by_key(
                (source * increments + increment) * targets + target, found.weight, other
            )
            keys.append(found_keys)
            weights.append(np.stack(sums))
            found_moves, (chance,) = sum_by_key(
                (source * actions + move) * increments + increment, found.weight
            )
            moves.append(found_moves)
            chances.append(chance)
        key = np.concatenate([np.zeros(0, np.int64), *keys])
        move = np.concatenate([np.zeros(0, np.int64), *moves])
        row, key = np.divmod(key, increments * targets)
        made, move = np.divmod(move, increments)
        return StepLaw(
            rows=rows,
            rewards=rewards.reshape(len(game.agents), len(rows), actions),
            move_offsets=offsets_of(np.bincount(made, minlength=len(rows) * actions)),
            move_increment=move,
            move_chance=np.concatenate([np.zeros(0), *chances]),
            offsets=offsets_of(np.bincount(row, minlength=len(rows))),
            key=key,
            weight=np.concatenate([np.zeros((2, 0)), *weights], axis=1),
            increment_count=increments,
            target_count=targets,
        )


def _costs(game: Game, step: int) -> Ints:
    """Count the outcomes of each state, over all joint actions."""
    actions = prod(game.action_counts)
    dynamics = game.dynamics[int(game.dynamics_of_step[step - 1])]
    emitted = offsets_of(np.diff(dynamics.emission_offsets)[dynamics.emission])
    costs: Ints = np.diff(emitted[dynamics.offsets[::actions]]) + actions
    return costs
