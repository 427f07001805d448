"""Samples as symbols: which private information, and which action with what it led to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..arrays import locate_values, run_starts
from ..game import Floats, Game, Ints
from ..information import InformationStructure
from .samples import StepSamples


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Alphabet:
    """What occurred in the samples of some steps.

    An outcome is a joint action with the joint observation and the rewards that followed it. An
    action that was never taken has an outcome for each joint observation, with the mean of all
    rewards.

    Attributes
    ----------
    steps : T ints
        The steps.
    private : T arrays (P,) int64
        The joint private values that occurred, as codes of each of the T steps; -1 where a step has
        none of that name. Values of the same name are one value.
    action : (W,) int64, ascending
        Of each outcome, the joint action,
    observation : (W,) int64
        the joint observation
    rewards : (W, n) float64
        and the rewards.
    untried : (W,) bool
        Outcomes of actions that were never taken.
    """

    steps: tuple[int, ...]
    private: tuple[Ints, ...]
    action: Ints
    observation: Ints
    rewards: Floats
    untried: NDArray[np.bool_]

    @property
    def private_count(self) -> int:
        """P."""
        return len(self.private[0])

    @property
    def outcome_count(self) -> int:
        """W."""
        return len(self.action)

    @property
    def starts(self) -> Ints:
        """Where the outcomes of each joint action begin: (A,)."""
        return run_starts(self.action)


def read_symbols(
    game: Game, information: InformationStructure, samples: Sequence[StepSamples]
) -> tuple[Alphabet, Ints, Ints]:
    """Number what occurred.

    Parameters
    ----------
    game
        Only its spaces of actions and observations are looked at.
    samples
        Of one or more steps.

    Returns
    -------
    The alphabet; the private value and the outcome of each sample (N,), sample after sample.
    """
    names, private = _number_private(information, samples)
    actions = np.concatenate([part.actions for part in samples])
    observed = np.concatenate([part.observations for part in samples])
    rewards = np.concatenate([part.rewards for part in samples])
    observations = int(np.prod(game.observation_counts))
    # The action stays the most significant digit, so numbers ascend with it.
    number = locate_values(actions * observations + observed)[1]
    for column in rewards.T:
        values, place = np.unique(column, return_inverse=True)
        number = locate_values(number * len(values) + place)[1]
    first = np.full(int(number.max()) + 1, len(number), dtype=np.int64)
    np.minimum.at(first, number, np.arange(len(number)))
    taken = actions[first]
    never = np.setdiff1d(np.arange(int(np.prod(game.action_counts))), taken)
    blank = len(never) * observations
    action = np.append(taken, np.repeat(never, observations))
    order = np.argsort(action, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    alphabet = Alphabet(
        steps=tuple(part.step for part in samples),
        private=names,
        action=action[order],
        observation=np.append(observed[first], np.tile(np.arange(observations), len(never)))[order],
        rewards=np.concatenate([rewards[first], np.tile(rewards.mean(axis=0), (blank, 1))])[order],
        untried=order >= len(taken),
    )
    return alphabet, private, place[number]


def _number_private(
    information: InformationStructure, samples: Sequence[StepSamples]
) -> tuple[tuple[Ints, ...], Ints]:
    """Number joint private values by name: their codes at each step, and each sample's number."""
    numbers: dict[tuple[str, ...], int] = {}
    members: list[Ints] = []
    for part in samples:
        labels = information.private_labels[part.step - 1]
        codes, place = locate_values(part.private)
        known = [
            numbers.setdefault(_names(labels, int(code)), len(numbers)) for code in codes.tolist()
        ]
        members.append(np.array(known, dtype=np.int64)[place])
    return tuple(
        _codes(information.private_labels[part.step - 1], numbers) for part in samples
    ), np.concatenate(members)


def _names(labels: tuple[tuple[str, ...], ...], code: int) -> tuple[str, ...]:
    found: list[str] = []
    for names in reversed(labels):
        code, own = divmod(code, len(names))
        found.append(names[own])
    return tuple(reversed(found))


def _codes(labels: tuple[tuple[str, ...], ...], numbers: dict[tuple[str, ...], int]) -> Ints:
    """Find the joint codes that a step has for named private values, -1 where it has none."""
    places = [{name: code for code, name in enumerate(names)} for names in labels]
    codes = np.full(len(numbers), -1, dtype=np.int64)
    for names, number in numbers.items():
        own = [place.get(name, -1) for place, name in zip(places, names, strict=True)]
        if min(own) >= 0:
            codes[number] = np.ravel_multi_index(tuple(own), [len(place) for place in places])
    return codes
