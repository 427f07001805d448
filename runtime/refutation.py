"""Two pure policies under which a c_h has different beliefs: what refutes Assumption 3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from .arrays import digits, sum_at, sum_by_key
from .dependence import BeliefWitness, Choice, Difference, describe_pair
from .game import Floats, Game, Ints
from .information import InformationStructure
from .paths import Layer, Moves, gather_layer, list_moves, move_layer, open_layer

DISTINCT = 1e-9
"""Beliefs further apart than this (L1) count as different."""
_MAX_PROFILES = 4096
"""Joint pure prescriptions that are all looked at; beyond, a pair is constructed."""
_MAX_CELLS = 1 << 21
"""Most entries of the table over these prescriptions."""
_MAX_WORK = 1 << 24
"""Entries and cells after which no further c_h is tried."""


def find_witness(
    game: Game, information: InformationStructure, paths: Sequence[Sequence[int]]
) -> BeliefWitness:
    """Find two pure policies with different beliefs at the end of one of the given paths.

    Such a pair exists. Let c = (c', z) be the first common information whose belief depends on
    strategies. The belief at c' does not, so a pure policy that follows one possible path to c'
    leads to it, and for the prescriptions used at c' the mass V_j of each (s, p) = j together with
    z is a polynomial in their probabilities that is linear in those of each (agent, private value).
    Let b be the belief at c under one choice of prescriptions, and Z the sum of V. If the belief at
    c is not b under some other choice, then V_j - b_j Z is not 0 there, for some j. Go through the
    pairs (agent, private value) and replace each distribution over actions by the single action
    that makes |V_j - b_j Z| largest; it never falls, since the old value was an average. At the end
    all is pure, and the belief is not b. Doing this twice, the second time with the belief under
    the first result as b, gives two pure prescriptions with different beliefs.

    Up to 4,096 joint prescriptions are all compared, and the pair found differs in as few (agent,
    private value) as possible and, among those, has the largest distance. Beyond that, a pair is
    constructed as above and made smaller by changing one entry at a time.

    Parameters
    ----------
    paths
        Increments z_1, ..., z_h of common histories whose belief depends on the prescriptions at
        step h - 1, all of the same length, while beliefs at step h - 1 do not. Of pairs with
        equally few differences the one with the largest distance wins, then the first.

    Notes
    -----
    Source: Liu and Zhang (2023), Assumption 3; the construction is an addition.
    """
    best: tuple[tuple[int, float], Sequence[int], _Terms, _Pair] | None = None
    work = 0
    for path in paths:
        layers = _reach(game, information, path[:-1])
        terms = _collect_terms(game, information, layers, path[-1])
        pair, cost = _find_pair(terms)
        rank = (len(pair.differing), -round(pair.distance, 9))
        if best is None or rank < best[0]:
            best = (rank, path, terms, pair)
        work += cost
        if work > _MAX_WORK:
            break
    if best is None:
        raise AssertionError("no path was given")
    _, path, terms, pair = best
    return _describe(game, information, path, terms, pair)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reached:
    """The last step of a path under the policy that follows it, and the policy's choices.

    ``choices`` holds (step, agent, private value, action).
    """

    step: int
    last: Layer
    choices: tuple[tuple[int, int, int, int], ...]


def _reach(game: Game, information: InformationStructure, path: Sequence[int]) -> _Reached:
    """Find a pure policy that reaches the end of a path, and the belief there."""
    layer = open_layer(game, information, path[0])
    layers, moves = [layer], list[Moves]()
    for step, increment in enumerate(path[1:], start=1):
        moves.append(list_moves(game, information, step, layer, increment))
        layer = gather_layer(
            game, information, step + 1, moves[-1].state, moves[-1].private, moves[-1].weight
        )
        layers.append(layer)
    choices: list[tuple[int, int, int, int]] = []
    state, private = int(layers[-1].state[0]), int(layers[-1].private[0])
    for step in range(len(path) - 1, 0, -1):
        made, before = moves[step - 1], layers[step - 1]
        leads = np.flatnonzero((made.state == state) & (made.private == private))
        chosen = leads[np.argmin(made.action[leads])]
        state, private = (int(a[made.source[chosen]]) for a in (before.state, before.private))
        known = digits(np.array([private]), information.private_counts[step - 1])[:, 0]
        actions = digits(made.action[[chosen]], game.action_counts)[:, 0]
        choices += [
            (step, agent, int(value), int(action))
            for agent, (value, action) in enumerate(zip(known, actions, strict=True))
        ]
    choices.sort()
    layer = follow_choices(game, information, path, choices)
    return _Reached(step=len(path), last=layer, choices=tuple(choices))


def follow_choices(
    game: Game,
    information: InformationStructure,
    path: Sequence[int],
    choices: Sequence[tuple[int, int, int, int]],
) -> Layer:
    """Compute P(s_h, p_h, c_h) under a pure policy; elsewhere it takes the first action."""
    layer = open_layer(game, information, path[0])
    for step, increment in enumerate(path[1:], start=1):
        counts = information.private_counts[step - 1]
        rows = [np.zeros(count, dtype=np.int64) for count in counts]
        for at, agent, value, action in choices:
            if at == step:
                rows[agent][value] = action
        known = digits(layer.private, counts)
        action = np.ravel_multi_index(
            tuple(row[value] for row, value in zip(rows, known, strict=True)), game.action_counts
        )
        source = np.arange(len(layer.state))
        made = move_layer(
            game, information, step, layer, source, np.asarray(action, dtype=np.int64), increment
        )
        layer = gather_layer(game, information, step + 1, made.state, made.private, made.weight)
    return layer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """V as a sum of products: which choices at step h - 1 lead to which (s, p) with z.

    An *entry* is a pair (agent, private value) that matters. Term k has weight ``weight[k]`` and
    needs action ``action[i, k]`` of agent i's entry ``entry[i, k]``, and leads to ``target[k]``.

    Attributes
    ----------
    owner, value : (M,) int64
        The entries: agent and private value.
    radix : (M,) int64
        How many actions each entry chooses from.
    entry, action : (n, K) int64
    target : (K,) int64
        Positions in ``targets``.
    targets : (T,) int64, sp of step h
    """

    layers: _Reached
    owner: Ints
    value: Ints
    radix: Ints
    entry: Ints
    action: Ints
    target: Ints
    targets: Ints
    weight: Floats

    def mass(self, profile: Ints) -> Floats:
        """V under the pure prescriptions that take ``profile[m]`` at entry m: (T,)."""
        taken = (profile[self.entry] == self.action).all(axis=0)
        return sum_at(self.target[taken], self.weight[taken], len(self.targets))

    def mixed(self, chances: Sequence[Floats]) -> Floats:
        """V if entry m chooses from ``chances[m]``: (T,)."""
        weight = self.weight
        width = int(self.radix.max())
        table = np.zeros((len(self.owner), width))
        for row, chance in zip(table, chances, strict=True):
            row[: len(chance)] = chance
        for entry, action in zip(self.entry, self.action, strict=True):
            weight = weight * table[entry, action]
        return sum_at(self.target, weight, len(self.targets))


def _collect_terms(
    game: Game, information: InformationStructure, layers: _Reached, increment: int
) -> _Terms:
    step, layer = layers.step, layers.last
    counts = information.private_counts[step - 1]
    made = list_moves(game, information, step, layer, increment)
    width = int(np.prod(information.private_counts[step]))
    targets, target = np.unique(made.state * width + made.private, return_inverse=True)
    action_count = int(np.prod(game.action_counts))
    codes = layer.private[made.source] * action_count + made.action
    keys, (weight,) = sum_by_key(codes * len(targets) + target, made.weight / layer.weight.sum())
    codes, target = keys // len(targets), keys % len(targets)
    private = digits(codes // action_count, counts)
    action = digits(codes % action_count, game.action_counts)
    owner, value = list[int](), list[int]()
    entry = np.empty_like(private)
    for agent, values in enumerate(private):
        distinct, place = np.unique(values, return_inverse=True)
        entry[agent] = len(owner) + place
        owner += [agent] * len(distinct)
        value += distinct.tolist()
    return _Terms(
        layers=layers,
        owner=np.array(owner),
        value=np.array(value),
        radix=np.array([game.action_counts[agent] for agent in owner]),
        entry=entry,
        action=action,
        target=target,
        targets=targets,
        weight=weight,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """Two pure prescriptions, (M,) actions each, whose beliefs differ."""

    first: Ints
    second: Ints
    distance: float

    @property
    def differing(self) -> Ints:
        """The entries in which they differ."""
        return np.flatnonzero(self.first != self.second)


def _find_pair(terms: _Terms) -> tuple[_Pair, int]:
    """Find a pair with few differences, and say how much work it was."""
    profiles = float(np.prod(terms.radix.astype(float)))
    widest = max(len(terms.targets), len(terms.weight) // 8)
    if profiles <= _MAX_PROFILES and profiles * widest <= _MAX_CELLS:
        pair = _compare_all(terms, int(profiles))
        if pair is not None:
            return pair, len(terms.weight) + int(profiles) * len(terms.targets)
    rounds = int(terms.radix.sum()) * 4
    return _shrink(terms, _construct(terms)), rounds * len(terms.weight)


def _compare_all(terms: _Terms, count: int) -> _Pair | None:
    """Compare all pure prescriptions; profile codes have the last entry fastest."""
    codes = np.arange(count)
    profiles = digits(codes, terms.radix.tolist())
    strides = np.array([int(np.prod(terms.radix[m + 1 :])) for m in range(len(terms.radix))])
    mass = np.zeros((count, len(terms.targets)))
    for k in range(len(terms.weight)):
        taken = np.ones(count, dtype=bool)
        for entry, action in zip(terms.entry[:, k], terms.action[:, k], strict=True):
            taken &= profiles[entry] == action
        mass[taken, terms.target[k]] += terms.weight[k]
    total = mass.sum(axis=1)
    possible = total > 0
    beliefs = mass / np.where(possible, total, 1.0)[:, None]
    for size in range(1, len(terms.radix) + 1):
        best: _Pair | None = None
        for entries, before, after in _changes(terms.radix, size):
            here = possible.copy()
            for entry, action in zip(entries, before, strict=True):
                here &= profiles[entry] == action
            first = codes[here]
            shift = sum(
                (new - old) * int(strides[entry])
                for entry, old, new in zip(entries, before, after, strict=True)
            )
            first = first[possible[first + shift]]
            if not len(first):
                continue
            distance = np.round(np.abs(beliefs[first] - beliefs[first + shift]).sum(axis=1), 12)
            at = int(np.argmax(distance))
            if distance[at] > (DISTINCT if best is None else best.distance + DISTINCT):
                one = int(first[at])
                best = _Pair(
                    first=profiles[:, one],
                    second=profiles[:, one + shift],
                    distance=float(distance[at]),
                )
        if best is not None:
            return best
    return None


def _changes(
    radix: Ints, size: int
) -> Iterator[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]]:
    """List the changes of ``size`` entries: which, from and to; each pair of actions once."""
    for entries in combinations(range(len(radix)), size):
        choices = [
            [pair for pair in product(range(radix[m]), repeat=2) if pair[0] != pair[1]]
            for m in entries
        ]
        for pairs in product(*choices):
            if pairs[0][0] < pairs[0][1]:
                yield entries, tuple(a for a, _ in pairs), tuple(b for _, b in pairs)


def _construct(terms: _Terms) -> _Pair:
    """Make a pair as the proof in ``find_witness`` does."""
    uniform: list[Floats] = [np.full(radix, 1.0 / radix) for radix in terms.radix.tolist()]
    mass = terms.mixed(uniform)
    random = np.random.default_rng(0)
    drawn = [random.dirichlet(np.ones(radix)) for radix in terms.radix.tolist()]
    first = _purify(terms, drawn, mass / mass.sum())
    mass = terms.mass(first)
    second = _purify(terms, uniform, mass / mass.sum())
    return _Pair(first=first, second=second, distance=_distance(terms, first, second))


def _purify(terms: _Terms, chances: list[Floats], belief: Floats) -> Ints:
    """Make prescriptions pure, keeping their belief away from the given one."""
    chances = list(chances)
    mass = terms.mixed(chances)
    at = int(np.argmax(np.abs(mass - belief * mass.sum())))
    profile = np.zeros(len(chances), dtype=np.int64)
    for m, radix in enumerate(terms.radix.tolist()):
        values: list[float] = []
        for action in range(radix):
            chances[m] = np.eye(radix)[action]
            mass = terms.mixed(chances)
            values.append(abs(float(mass[at] - belief[at] * mass.sum())))
        profile[m] = int(np.argmax(values))
        chances[m] = np.eye(radix)[profile[m]]
    return profile


def _distance(terms: _Terms, first: Ints, second: Ints) -> float:
    """L1 distance of the beliefs under two pure prescriptions; -1 if one makes c_h impossible."""
    one, two = terms.mass(first), terms.mass(second)
    if one.sum() <= 0 or two.sum() <= 0:
        return -1.0
    return float(np.abs(one / one.sum() - two / two.sum()).sum())


def _shrink(terms: _Terms, pair: _Pair) -> _Pair:
    """Look for a pair with fewer differences around and between the two."""
    best: _Pair | None = None
    for profile in (pair.first, pair.second):
        for m, radix in enumerate(terms.radix.tolist()):
            for action in range(radix):
                other = profile.copy()
                other[m] = action
                distance = _distance(terms, profile, other)
                if distance > (DISTINCT if best is None else best.distance + DISTINCT):
                    ordered = (profile, other) if profile[m] < action else (other, profile)
                    best = _Pair(first=ordered[0], second=ordered[1], distance=distance)
    if best is not None:
        return best
    while True:
        closer = _walk(terms, pair)
        if len(closer.differing) >= len(pair.differing):
            return pair
        pair = closer


def _walk(terms: _Terms, pair: _Pair) -> _Pair:
    """Change the first into the second, entry by entry, and take the closest that differ."""
    best = pair
    stop = at = pair.first
    for m in pair.differing.tolist():
        at = at.copy()
        at[m] = pair.second[m]
        distance = _distance(terms, stop, at)
        if distance < 0:
            continue
        if distance > DISTINCT and (stop != at).sum() < len(best.differing):
            best = _Pair(first=stop, second=at, distance=distance)
        stop = at
    return best


def _describe(
    game: Game,
    information: InformationStructure,
    path: Sequence[int],
    terms: _Terms,
    pair: _Pair,
) -> BeliefWitness:
    """Put a pair into words, with beliefs computed by following both policies from the start."""
    step = len(path)
    beliefs: list[dict[int, float]] = []
    for profile in (pair.first, pair.second):
        rows = zip(terms.owner.tolist(), terms.value.tolist(), profile.tolist(), strict=True)
        choices = [*terms.layers.choices, *((step - 1, *row) for row in rows)]
        layer = follow_choices(game, information, path, choices)
        codes = layer.state * int(np.prod(information.private_counts[step - 1])) + layer.private
        chances = layer.weight / layer.weight.sum()
        beliefs.append(dict(zip(codes.tolist(), chances.tolist(), strict=True)))
    events = sorted(beliefs[0].keys() | beliefs[1].keys())
    labels = {code: describe_pair(game, information, step, code) for code in events}
    first, second = ({labels[code]: b.get(code, 0.0) for code in events} for b in beliefs)

    def name(at: int, agent: int, value: int, action: int) -> Choice:
        return Choice(
            step=at,
            agent=game.agents[agent],
            private=information.private_labels[at - 1][agent][value],
            action=game.labels.actions[agent][action],
        )

    shared = [name(*choice) for choice in terms.layers.choices]
    differences: list[Difference] = []
    entries: NDArray[np.int64] = np.stack([terms.owner, terms.value, pair.first, pair.second])
    for agent, value, one, two in entries.T.tolist():
        choice = name(step - 1, agent, value, one)
        if one == two:
            shared.append(choice)
        else:
            actions = (choice.action, game.labels.actions[agent][two])
            differences.append(
                Difference(
                    step=step - 1, agent=choice.agent, private=choice.private, actions=actions
                )
            )
    return BeliefWitness(
        step=step,
        common=tuple(
            information.increment_labels[at][increment] for at, increment in enumerate(path)
        ),
        shared=tuple(shared),
        differences=tuple(differences),
        beliefs=(first, second),
        distance=sum(abs(first[label] - second[label]) for label in first),
    )
