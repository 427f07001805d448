"""Windows of the last L steps, against the formulas of Appendix E.4 and against definitions."""

from __future__ import annotations

from functools import partial
from itertools import product
from random import Random

import numpy as np
import pytest

from posg.compiler.pipeline import Compiled
from posg.runtime import (
    CommonInformation,
    Game,
    InformationStructure,
    evaluate_policy,
    expand_common_information,
    expand_windows,
    plan,
)
from posg.runtime.errors import ProblemError
from posg.runtime.timestamps import Timestamps

from ..runtime.games import random_game
from ..runtime.reference import Codes, Reference
from .random_specs import random_spec
from .slow import compile_bag, compiled

SHELL = """game g {{
  agents {agents}; horizon {horizon};
  state x in bool; action u[i] in bool; observation o[i] in bool;
  init x ~ uniform; x' ~ uniform; o[i]' ~ uniform; reward = 0;
}}"""


def structure(
    sharing: str, horizon: int, agents: str = "a, b"
) -> tuple[InformationStructure, Timestamps]:
    """The tables of a structure for agents with two actions and two observations each."""
    made = compiled(SHELL.format(agents=agents, horizon=horizon), sharing=sharing)
    return made.information, made.timestamps


class Dense:
    """T[s, s'] and O[s', o_1, o_2] of one joint action at one step."""

    def __init__(self, game: Game) -> None:
        self.game = game
        self.states = game.state_count
        plays = Reference(game, structure("full", game.horizon)[0])
        self.law = {
            (step, a): self._of(plays, step, a)
            for step in range(1, game.horizon)
            for a in plays.joint_actions()
        }

    def _of(self, plays: Reference, step: int, a: Codes) -> np.ndarray:
        table = np.zeros((self.states, self.states, 2, 2))
        for state in range(self.states):
            for chance, following, o, _ in plays.outcomes(step, state, a):
                table[state, following, o[0], o[1]] += chance
        return table

    def transition(self, step: int, a: Codes) -> np.ndarray:
        return self.law[step, a].sum(axis=(2, 3))

    def emission(self, step: int, a: Codes) -> np.ndarray:
        """O(o | a, s') of a game whose emissions do not depend on s."""
        joint = self.law[step, a].sum(axis=0)
        total = joint.sum(axis=(1, 2), keepdims=True)
        return np.divide(joint, total, out=np.zeros_like(joint), where=total > 0)

    def prior(self, step: int) -> np.ndarray:
        if step == 1:
            found = np.zeros(self.states)
            np.add.at(found, self.game.initial_state, self.game.initial_probability)
            return found
        return np.full(self.states, 1 / self.states)

    def filter(self, start: int, actions: dict[int, Codes], seen: dict[int, Codes], end: int):
        """b'_end: predict with a_t, correct with the o_t that are given, from the prior."""
        belief = self.prior(start)
        for step in range(start, end):
            belief = belief @ self.transition(step, actions[step])
            if step + 1 in seen:
                belief = belief * self.emission(step, actions[step])[:, *seen[step + 1]]
                belief = belief / belief.sum()
        return belief


def random_history(dense: Dense, seed: int) -> tuple[dict[int, Codes], dict[int, Codes]]:
    """A play: a_t and o_t by t, from uniform actions."""
    random = np.random.default_rng(seed)
    game = dense.game
    state = random.choice(dense.states, p=dense.prior(1))
    actions: dict[int, Codes] = {}
    seen: dict[int, Codes] = {}
    for step in range(1, game.horizon):
        actions[step] = tuple(int(k) for k in random.integers(0, 2, size=2))
        law = dense.law[step, actions[step]][state]
        place = random.choice(law.size, p=law.ravel())
        state, *o = (int(k) for k in np.unravel_index(place, law.shape))
        seen[step + 1] = tuple(o)
    return actions, seen


def replay(
    plays: Reference, nodes: CommonInformation, actions: dict[int, Codes], seen: dict[int, Codes]
):
    """For each step h: p_h, z_h and the node of c_h."""
    z, p = plays.update(0, (0, 0), (0, 0), (0, 0))
    node = follow(nodes.roots, 0, z)
    yield 1, p, z, node
    for step, action in actions.items():
        z, p = plays.update(step, p, action, seen[step + 1])
        edges = nodes.steps[step - 1].edges
        node = follow(edges, node, z)
        yield step + 1, p, z, node


def follow(edges, node: int, z: int) -> int:
    part = slice(edges.offsets[node], edges.offsets[node + 1])
    place = np.flatnonzero(edges.increment[part] == z)
    assert len(place) == 1, "an increment has no edge"
    return int(edges.child[part][place[0]])


def belief_of(nodes: CommonInformation, step: int, node: int) -> dict[tuple[int, Codes], float]:
    beliefs = nodes.steps[step - 1].beliefs
    part = slice(beliefs.offsets[node], beliefs.offsets[node + 1])
    counts = nodes.information.private_counts[step - 1]
    found = {}
    for index, chance in zip(beliefs.index[part], beliefs.probability[part], strict=True):
        state, private = divmod(int(index), int(np.prod(counts)))
        found[state, tuple(int(k) for k in np.unravel_index(private, counts))] = float(chance)
    return found


def state_marginal(belief: dict[tuple[int, Codes], float], states: int) -> np.ndarray:
    found = np.zeros(states)
    for (state, _), chance in belief.items():
        found[state] += chance
    return found


def joint_law(nodes: CommonInformation, step: int, node: int, states: int) -> dict[str, np.ndarray]:
    """P(s, p) by the text of the joint private value."""
    found: dict[str, np.ndarray] = {}
    labels = nodes.information.private_labels[step - 1]
    for (state, private), chance in belief_of(nodes, step, node).items():
        text = " & ".join(names[p] for names, p in zip(labels, private, strict=True))
        found.setdefault(text, np.zeros(states))[state] += chance
    return found


def atom(agent: str, step: int, value: int) -> str:
    return f"o[{agent}]@{step}={'true' if value else 'false'}"


def one_step(dense: Dense, h: int, length: int, actions, seen) -> dict[str, np.ndarray]:
    start = max(1, h - length)
    past = {t: o for t, o in seen.items() if t > h - length and t < h}
    belief = dense.filter(start, actions, past, h)
    emission = dense.emission(h - 1, actions[h - 1])
    return {
        f"{atom('a', h, p)} & {atom('b', h, q)}": belief * emission[:, p, q]
        for p, q in product(range(2), repeat=2)
    }


def symmetric(dense: Dense, h: int, length: int, actions, seen) -> dict[str, np.ndarray]:
    start = max(1, h - length)
    past = {t: o for t, o in seen.items() if t > h - length}
    return {"nothing & nothing": dense.filter(start, actions, past, h)}


def one_directional(dense: Dense, h: int, length: int, actions, seen) -> dict[str, np.ndarray]:
    start = max(1, h - length)
    past = {t: o for t, o in seen.items() if t > h - length and t < h}
    belief = dense.filter(start, actions, past, h)
    emission = dense.emission(h - 1, actions[h - 1])[:, seen[h][0]]
    law = belief[:, None] * emission
    law = law / law.sum()
    return {f"nothing & {atom('b', h, q)}": law[:, q] for q in range(2)}


def delayed(dense: Dense, h: int, length: int, actions, seen, *, delay: int, seen_at_once: bool):
    """From b'_{h-d} on: every path of states and of what is private, one by one."""
    start = max(1, h - length)
    first = max(1, h - delay)
    past = {t: o for t, o in seen.items() if t > h - length and t <= h - delay}
    belief = dense.filter(min(start, first), actions, past, first)
    found: dict[str, np.ndarray] = {}
    steps = range(first, h)
    for hidden in product(product(range(2), repeat=2), repeat=len(steps)):
        if seen_at_once and any(o[0] != seen[t + 1][0] for t, o in zip(steps, hidden, strict=True)):
            continue
        law = belief
        for t, o in zip(steps, hidden, strict=True):
            law = law @ dense.law[t, actions[t]][:, :, o[0], o[1]]
        recent = list(zip(steps, hidden, strict=True))[::-1]
        mine, theirs = (
            ", ".join(atom(agent, t + 1, o[i]) for t, o in recent) for i, agent in enumerate("ab")
        )
        text = f"{'nothing' if seen_at_once or not mine else mine} & {theirs or 'nothing'}"
        found[text] = found.get(text, 0) + law
    total = sum(law.sum() for law in found.values())
    return {text: law / total for text, law in found.items()}


INSTANCES = {
    "one-step": ("delayed(d = 1)", {}, one_step, (1, 2, 3)),
    "symmetric": ("full", {}, symmetric, (0, 1, 2, 3)),
    "one-directional": ("one_directional(a, b)", {}, one_directional, (1, 2, 3)),
    "asymmetric": (
        "asymmetric(a, b, d = 2)",
        {"controller": 0},
        partial(delayed, delay=2, seen_at_once=True),
        (2, 3),
    ),
    "uncontrolled": (
        "observations_delayed(d = 2)",
        {"uncontrolled": True},
        partial(delayed, delay=2, seen_at_once=False),
        (2, 3),
    ),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", INSTANCES)
def test_beliefs_are_those_of_appendix_e4(name: str, seed: int) -> None:
    sharing, kind, formula, lengths = INSTANCES[name]
    game = random_game(seed, horizon=5, stationary=seed == 0, **kind)
    dense = Dense(game)
    information, timestamps = structure(sharing, 5)
    plays = Reference(game, information)
    for length in lengths:
        nodes = expand_windows(game, information, timestamps, length)
        for number in range(25):
            actions, seen = random_history(dense, 100 * seed + number)
            for step, _, _, node in replay(plays, nodes, actions, seen):
                if step == 1:
                    continue
                found = joint_law(nodes, step, node, dense.states)
                expected = formula(dense, step, length, actions, seen)
                for text in {*found, *expected}:
                    zero = np.zeros(dense.states)
                    difference = found.get(text, zero) - expected.get(text, zero)
                    assert np.abs(difference).max() < 1e-12, (step, length, text)


DELAYS = {
    "full": ((0, 1), (0, 1)),
    "delayed(d = 1)": ((1, 1), (1, 1)),
    "delayed(d = 2)": ((2, 2), (2, 2)),
    "one_directional(a, b)": ((0, 1), (1, 1)),
    "asymmetric(a, b, d = 2)": ((0, 1), (2, None)),
    "asymmetric_delayed(a, b, d = 2)": ((1, 1), (2, None)),
    "observations_delayed(d = 2)": ((2, None), (2, None)),
}


@pytest.mark.parametrize("sharing", DELAYS)
def test_a_node_is_what_is_common_and_recent(sharing: str) -> None:
    """(5.1): nodes follow from nodes and increments, and tell windows apart, no more, no less."""
    horizon = 5
    information, timestamps = structure(sharing, horizon)
    game = random_game(1, horizon=horizon, stationary=True)
    dense = Dense(game)
    plays = Reference(game, information)
    delays = DELAYS[sharing]
    for length in range(timestamps.shortest_window(), horizon + 1):
        nodes = expand_windows(game, information, timestamps, length)
        named: dict[tuple[int, int], frozenset[object]] = {}
        windows: dict[tuple[int, frozenset[object]], int] = {}
        for number in range(60):
            actions, seen = random_history(dense, number)
            for step, _, _, node in replay(plays, nodes, actions, seen):
                window = frozenset(
                    (kind, i, t, value[i])
                    for kind, values in (("o", seen), ("a", actions))
                    for t, value in values.items()
                    for i, delay in enumerate(delays)
                    if (wait := delay[0] if kind == "o" else delay[1]) is not None
                    and t + wait <= step
                    and (t > step - length if kind == "o" else t >= step - length)
                )
                assert named.setdefault((step, node), window) == window
                assert windows.setdefault((step, window), node) == node


def restarted(
    made: Compiled, plays: Reference, step: int, length: int, private: Codes
) -> dict[tuple[int, ...], dict[tuple[int, Codes], float]]:
    """Beliefs by what is kept, rolling one history after another forward from a restart."""
    start = step - length
    atoms = made.timestamps.increments
    game = made.game
    share = 1 / np.prod(game.action_counts)
    laws = {(): {(state, private): 1.0 for state in range(game.state_count)}}
    for at in range(start, step):
        pushed: dict[tuple[int, ...], dict[tuple[int, Codes], float]] = {}
        for history, law in laws.items():
            for (state, p), weight in law.items():
                for a in plays.joint_actions():
                    for chance, following, o, _ in plays.outcomes(at, state, a):
                        z, q = plays.update(at, p, a, o)
                        kept = int(atoms[at].keep(np.array([z]), length - (step - at - 1))[0])
                        cell = pushed.setdefault((*history, kept), {})
                        key = (following, q)
                        cell[key] = cell.get(key, 0.0) + weight * share * chance
        laws = pushed
    return {
        kept: {key: value / sum(law.values()) for key, value in law.items()}
        for kept, law in laws.items()
    }


@pytest.mark.parametrize("seed", range(40))
def test_windows_of_any_structure_restart_the_game(seed: int) -> None:
    text, sharing = random_spec(seed)
    made, _ = compile_bag(text, sharing=sharing, all_states=True)
    if made is None or np.prod(made.game.action_counts) > 8:
        return
    plays = Reference(made.game, made.information)
    random = Random(seed)
    horizon = made.game.horizon
    for length in range(horizon + 1):
        if length < made.timestamps.shortest_window():
            with pytest.raises(ProblemError) as raised:
                expand_windows(made.game, made.information, made.timestamps, length)
            assert raised.value.code == "P0823"
            continue
        nodes = expand_windows(made.game, made.information, made.timestamps, length)
        if sum(nodes.node_counts) > 120:
            return
        for step in range(length + 2, horizon + 1):
            counts = made.information.private_counts[step - length - 1]
            private = tuple(random.randrange(count) for count in counts)
            laws = restarted(made, plays, step, length, private)
            for kept, node in walk(made, plays, nodes, step, length):
                found = belief_of(nodes, step, node)
                expected = laws[kept]
                for key in {*found, *expected}:
                    assert found.get(key, 0) == pytest.approx(expected.get(key, 0), abs=1e-12)


def test_the_game_may_restart_from_another_law() -> None:
    game = random_game(6, horizon=5)
    dense = Dense(game)
    for name in ("one-step", "symmetric", "one-directional"):
        sharing, _, formula, _ = INSTANCES[name]
        information, timestamps = structure(sharing, 5)
        law = np.array([0.7, 0.3, 0.0])
        nodes = expand_windows(game, information, timestamps, 2, prior=law)
        mixed = (1 - 1e-6) * law + 1e-6 / 3
        dense.prior = lambda step, mixed=mixed: Dense.prior(dense, 1) if step == 1 else mixed
        plays = Reference(game, information)
        for number in range(10):
            actions, seen = random_history(dense, number)
            for step, _, _, node in replay(plays, nodes, actions, seen):
                if step == 1:
                    continue
                found = joint_law(nodes, step, node, dense.states)
                expected = formula(dense, step, 2, actions, seen)
                for text, chances in expected.items():
                    np.testing.assert_allclose(found[text], chances, atol=1e-12)


def walk(made: Compiled, plays: Reference, nodes: CommonInformation, step: int, length: int):
    """What is kept at a step along every path of the model, with its node."""
    atoms = made.timestamps.increments
    paths: dict[tuple[int, ...], int] = {}
    layer = [
        ((int(z),), int(c)) for z, c in zip(nodes.roots.increment, nodes.roots.child, strict=True)
    ]
    for at in range(1, step):
        edges = nodes.steps[at - 1].edges
        following: dict[tuple[tuple[int, ...], int], None] = {}
        for history, node in layer:
            for edge in range(edges.offsets[node], edges.offsets[node + 1]):
                path = (*history, int(edges.increment[edge]))[-length - 1 :]
                following[path, int(edges.child[edge])] = None
        layer = list(following)
    for history, node in layer:
        recent = history[len(history) - length :]
        kept = tuple(
            int(atoms[step - back - 1].keep(np.array([z]), length - back)[0])
            for back, z in zip(range(length - 1, -1, -1), recent, strict=True)
        )
        assert paths.setdefault(kept, node) == node
        yield kept, node


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sharing", [name for name in DELAYS if name != "delayed(d = 2)"])
def test_windows_as_long_as_the_game_lose_nothing(sharing: str, seed: int) -> None:
    horizon = 4
    information, timestamps = structure(sharing, horizon)
    kind = "zero-sum" if seed % 3 == 0 else "team"
    game = random_game(
        seed,
        horizon=horizon,
        kind=kind,
        controller=0 if sharing.startswith("asymmetric") else None,
        uncontrolled=sharing.startswith("observations"),
        stationary=seed % 2 == 0,
    )
    concept = "nash" if kind == "zero-sum" else "team"
    exact = plan(game, expand_common_information(game, information), concept=concept)
    for length in (horizon - 1, horizon):
        nodes = expand_windows(game, information, timestamps, length)
        assert nodes.margin < 1e-12
        found = plan(game, nodes, concept=concept)
        truth = evaluate_policy(game, information, found.policy)
        assert truth.missing == 0
        np.testing.assert_allclose(truth.value, exact.value, atol=1e-9)
        np.testing.assert_allclose(found.value, exact.value, atol=1e-9)


@pytest.mark.parametrize("sharing", ["full", "delayed(d = 1)", "asymmetric(a, b, d = 2)"])
def test_short_windows_know_every_increment(sharing: str) -> None:
    horizon = 5
    information, timestamps = structure(sharing, horizon)
    game = random_game(5, horizon=horizon, controller=0)
    best = plan(game, expand_common_information(game, information), concept="team").value[0]
    for length in range(timestamps.shortest_window(), horizon):
        found = plan(game, expand_windows(game, information, timestamps, length), concept="team")
        truth = evaluate_policy(game, information, found.policy)
        assert truth.missing == 0
        assert truth.value[0] <= best + 1e-9


def test_steps_with_the_same_tables_share_their_windows() -> None:
    information, timestamps = structure("delayed(d = 1)", 8)
    game = random_game(2, horizon=8, stationary=True)
    nodes = expand_windows(game, information, timestamps, 1)
    assert nodes.steps[4].beliefs is nodes.steps[5].beliefs
    assert nodes.steps[4].edges is nodes.steps[5].edges


def test_initial_observations_are_dropped_when_they_are_old() -> None:
    text = SHELL.format(agents="a, b", horizon=3).replace("reward", "init o[i] ~ uniform; reward")
    made = compiled(text, sharing="full")
    game = random_game(3, horizon=3, initial_observations=True)
    for length, counts in ((0, (1, 1, 1)), (1, (4, 16, 16)), (3, (4, 64, 1024))):
        nodes = expand_windows(game, made.information, made.timestamps, length)
        assert nodes.node_counts == counts


def test_only_states_that_have_a_law_are_drawn() -> None:
    text = """game g { agents a, b; horizon 4; state x in 0..4; action u[i] in bool;
      observation o[i] in bool; init x = 0; x' = x + 1; o[i]' = x == 1; reward = x;
      use sharing full; }"""
    made = compiled(text)
    nodes = expand_windows(made.game, made.information, made.timestamps, 0)
    assert nodes.steps[-1].beliefs.lengths.tolist() == [4]
