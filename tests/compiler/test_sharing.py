"""Sharing rules against histories of dated values, and against their own printed core form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pytest

from posg.compiler.core_text import core_text
from posg.compiler.pipeline import Compiled
from posg.runtime.information import InformationStructure

from .slow import compile_bag, compiled

CORE = """
sharing one_step {
  memory last[i] in observation[i];
  xi last[i]' = observation[i]';
  chi last[i], action[i];
}
"""


def game(
    agents: int = 2,
    *,
    horizon: int = 3,
    actions: tuple[int, ...] = (2,),
    observations: tuple[int, ...] = (2,),
    initial: bool = False,
) -> str:
    """A game in which any observation can follow any action."""
    names = ", ".join("abc"[:agents])
    lines = [f"agents {names};", f"horizon {horizon};", "state s in bool;", "init s = true;"]
    lines += ["s' = s;", "reward = 0;"]
    for k, size in enumerate(actions):
        lines.append(f"action u{k}[i] in 0..{size - 1};")
    for k, size in enumerate(observations):
        lines += [f"observation o{k}[i] in 0..{size - 1};", f"o{k}[i]' ~ uniform;"]
        if initial:
            lines.append(f"init o{k}[i] ~ uniform;")
    return "game g {\n" + "\n".join(lines) + "\n}\n"


def assert_same_tables(one: InformationStructure, two: InformationStructure) -> None:
    """Equal up to the numbering of private values and increments."""
    assert one.private_counts == two.private_counts
    maps = [np.zeros(1, dtype=int) for _ in one.updates[0].private]
    for first, second in zip(one.updates, two.updates, strict=True):
        assert first.increment_count == second.increment_count
        assert (first.joint is None) == (second.joint is None)
        after = []
        for i, known in enumerate(maps):
            assert first.private[i].shape == second.private[i].shape
            for a, b in (
                (first.private[i], second.private[i][known]),
                (first.common[i], second.common[i][known]),
            ):
                pairs = {(int(x), int(y)) for x, y in zip(a.ravel(), b.ravel(), strict=True)}
                assert len(pairs) == len({x for x, _ in pairs}) == len({y for _, y in pairs})
            forward = np.zeros(int(first.private[i].max()) + 1, dtype=int)
            forward[first.private[i].ravel()] = second.private[i][known].ravel()
            after.append(forward)
        maps = after


@pytest.mark.parametrize("agents", [2, 3])
@pytest.mark.parametrize("horizon", [1, 2, 5])
@pytest.mark.parametrize("initial", [False, True])
def test_one_step_delay_is_its_hand_written_core(agents: int, horizon: int, initial: bool) -> None:
    text = game(agents, horizon=horizon, actions=(3,), observations=(2,), initial=initial) + CORE
    rules = compiled(text, sharing="delayed(d = 1)").information
    core = compiled(text, sharing="one_step").information
    assert_same_tables(rules, core)


# The slow reference: what is common and what is private, from the dated values of a history.

NEVER = 10**6
Atom = tuple[str, int, str, int]  # kind, agent, variable, time of the value


@dataclass(frozen=True)
class Share:
    kind: str
    variable: str | None
    agent: int | None
    delay: int
    when: str | None = None
    function: str | None = None

    def speaks_of(self, kind: str, agent: int, variable: str) -> bool:
        return (
            self.kind == kind and self.agent in (None, agent) and self.variable in (None, variable)
        )

    def text(self) -> str:
        index = "i" if self.agent is None else "abc"[self.agent]
        name = self.variable or self.kind
        value = f"{name}[{index}]"
        if self.function is not None:
            value = self.function.replace("X", value)
        when = "" if self.when is None else f" when {self.when.replace('I', index)}"
        return f"share {value} after {self.delay}{when};"


@dataclass(frozen=True)
class Memory:
    kind: str
    agent: int | None
    steps: int

    def speaks_of(self, kind: str, agent: int) -> bool:
        return self.kind == kind and self.agent in (None, agent)

    def text(self) -> str:
        index = "i" if self.agent is None else "abc"[self.agent]
        if self.steps == 0:
            return f"forget {self.kind}[{index}];"
        return f"keep {self.kind}[{index}] for {self.steps};"


Rule = Share | Memory
CONDITIONS: dict[str, Callable[[dict[Any, int], int, int], bool]] = {
    # Whether the condition holds for the value of time t of agent i.
    "o0[I] == 1": lambda seen, i, t: seen["observation", i, "o0", t] == 1,
    "u0[I] == 1": lambda seen, i, t: seen.get(("action", i, "u0", t - 1)) == 1,
    "o0[I] == 1 or u0[I] == 0": lambda seen, i, t: (
        ("action", i, "u0", t - 1) in seen
        and (seen["observation", i, "o0", t] == 1 or seen["action", i, "u0", t - 1] == 0)
    ),
    "step != 2": lambda seen, i, t: t != 2,
    "step % 2 == 1": lambda seen, i, t: t % 2 == 1,
}
ACTION_CONDITIONS: dict[str, Callable[[dict[Any, int], int, int], bool]] = {
    "u0[I] == 1": lambda seen, i, t: seen["action", i, "u0", t] == 1,
    "step == 1": lambda seen, i, t: t == 1,
}


def replay(
    rules: list[Rule], agents: int, seen: dict[Atom, int], step: int, horizon: int, initial: bool
) -> tuple[Any, tuple[Any, ...]]:
    """(c_h, p_h) of a history of dated values: an observation of time t exists from step t on.

    What waits to be shared is private until then: a function of a value, and whether a condition
    held, even where the values behind them are forgotten.
    """
    common: set[Any] = set()
    private: list[set[Any]] = [set() for _ in range(agents)]
    for (kind, agent, variable, time), value in seen.items():
        born = time if kind == "observation" else time + 1
        first = 1 if kind == "observation" and initial else 2
        bounds = [r.steps for r in rules if isinstance(r, Memory) and r.speaks_of(kind, agent)]
        kept = min(bounds, default=NEVER)
        shares = [r for r in rules if isinstance(r, Share) and r.speaks_of(kind, agent, variable)]
        whole = [r for r in shares if r.function is None]
        due = [time + r.delay for r in whole if r.when is None]
        surely = min(due, default=NEVER)
        conditional = sorted((r for r in whole if r.when is not None), key=lambda r: r.delay)
        for number, rule in enumerate(conditional):
            if rule.when is not None:
                table = CONDITIONS if kind == "observation" else ACTION_CONDITIONS
                held = table[rule.when](seen, agent, time)
                at = time + rule.delay
                if held:
                    due.append(at)
                told = ("told", kind, agent, variable, time, number, held)
                if at <= step and at < surely and not any(earlier < at for earlier in due):
                    common.add(told)
                if step < at < surely and first + at - born <= horizon:
                    private[agent].add(told)
        for rule in shares:
            if rule.function is not None:
                fact = (rule.function, kind, agent, variable, time, rule.delay, value > 0)
                (common if time + rule.delay <= step else private[agent]).add(fact)
        if min(due, default=NEVER) <= step:
            common.add((kind, agent, variable, time, value))
        elif step < born + kept:
            private[agent].add((kind, agent, variable, time, value))
    return frozenset(common), tuple(frozenset(p) for p in private)


def histories(
    result: Compiled, agents: int, initial: bool
) -> Iterator[tuple[int, dict[Atom, int], tuple[int, ...], tuple[int, ...]]]:
    """Every history with the codes z_1..z_h and p_h that the tables give it."""
    model = result.checked.model
    information = result.information
    observations = [tuple(len(v.domain) for v in group) for group in model.observations]
    actions = [tuple(len(v.domain) for v in group) for group in model.actions]

    def moves(sizes: list[tuple[int, ...]]) -> list[tuple[tuple[int, ...], ...]]:
        each = [list(product(*map(range, group))) for group in sizes]
        return list(product(*each))

    def code(values: tuple[int, ...], sizes: tuple[int, ...]) -> int:
        return int(np.ravel_multi_index(values, sizes)) if sizes else 0

    def extend(
        step: int, seen: dict[Atom, int], z: tuple[int, ...], p: tuple[int, ...]
    ) -> Iterator[tuple[int, dict[Atom, int], tuple[int, ...], tuple[int, ...]]]:
        yield step, seen, z, p
        if step == model.horizon:
            return
        update = information.updates[step]
        for u, o in product(moves(actions), moves(observations)):
            yield from extend(step + 1, *advance(update, step, seen, z, p, u, o))

    def advance(update, step, seen, z, p, u, o):  # type: ignore[no-untyped-def]
        more = dict(seen)
        total = 0
        after = []
        for i in range(agents):
            a = code(u[i], actions[i]) if u else 0
            b = code(o[i], observations[i]) if o else 0
            total = total * update.common_sizes[i] + int(update.common[i][p[i], a, b])
            after.append(int(update.private[i][p[i], a, b]))
            for k, value in enumerate(u[i] if u else ()):
                more["action", i, f"u{k}", step] = value
            for k, value in enumerate(o[i] if o else ()):
                more["observation", i, f"o{k}", step + 1] = value
        if update.joint is not None:
            total = int(update.joint[total])
        return more, (*z, total), tuple(after)

    zeros = (0,) * agents
    first = information.updates[0]
    for o in moves(observations) if initial else [()]:
        yield from extend(1, *advance(first, 0, {}, (), zeros, (), o))


def assert_same_partition(result: Compiled, rules: list[Rule], agents: int, initial: bool) -> None:
    """(c_h, p_{i,h}) tells the same histories apart, and so does c_h."""
    horizon = result.game.horizon
    forward: dict[Any, Any] = {}
    backward: dict[Any, Any] = {}
    for step, seen, z, p in histories(result, agents, initial):
        common, private = replay(rules, agents, seen, step, horizon, initial)
        slow: list[Any] = [("c", step, common)]
        fast: list[Any] = [("c", step, z)]
        for i in range(agents):
            slow.append((i, step, common, private[i]))
            fast.append((i, step, z, p[i]))
        for a, b in zip(slow, fast, strict=True):
            assert forward.setdefault(a, b) == b, (step, seen, a)
            assert backward.setdefault(b, a) == a, (step, seen, b)


def random_rules(random: np.random.Generator, agents: int) -> list[Rule]:
    """Rules that contradict nothing: at most one memory bound a kind, long enough for its delays."""
    rules: list[Rule] = []
    for kind, conditions in (("observation", CONDITIONS), ("action", ACTION_CONDITIONS)):
        least = 0 if kind == "observation" else 1
        for agent in range(agents) if random.random() < 0.4 else [None]:
            longest = 0
            for _ in range(random.integers(0, 3)):
                delay = least + int(random.integers(0, 3))
                when = str(random.choice(list(conditions))) if random.random() < 0.5 else None
                variable = (
                    ("o0" if kind == "observation" else "u0") if random.random() < 0.3 else None
                )
                rules.append(Share(kind, variable, agent, delay, when))
                longest = max(longest, delay - least)
            if random.random() < 0.3:
                name = "o0" if kind == "observation" else "u0"
                delay = least + int(random.integers(0, 3))
                rules.append(Share(kind, name, agent, delay, None, "(X > 0)"))
            if random.random() < 0.3:
                rules.append(Memory(kind, agent, longest + int(random.integers(0, 2))))
    return rules


def structure(rules: list[Rule]) -> str:
    return "sharing s { " + " ".join(rule.text() for rule in rules) + " }"


def check_rules(seed: int, agents: int, horizon: int, **options: Any) -> None:
    random = np.random.default_rng(seed)
    rules = random_rules(random, agents)
    initial = bool(random.random() < 0.5)
    text = game(agents, horizon=horizon, initial=initial, **options) + structure(rules)
    result = compiled(text, sharing="s")
    assert_same_partition(result, rules, agents, initial)
    assert_printed_core_is_the_same(result, text)


def assert_printed_core_is_the_same(result: Compiled, text: str) -> None:
    printed = core_text(result.require_rules().core)
    again = compiled(
        text.partition("sharing s")[0] + printed,
        sharing=result.require_rules().core.applied.core.name,
    )
    assert_same_tables(result.information, again.information)
    assert again.information.increment_labels == result.information.increment_labels
    assert again.information.private_labels == result.information.private_labels


@pytest.mark.parametrize("seed", range(40))
def test_rules_of_two_agents(seed: int) -> None:
    check_rules(seed, 2, 3)


@pytest.mark.parametrize("seed", range(100, 108))
def test_rules_over_several_variables(seed: int) -> None:
    check_rules(seed, 2, 2, actions=(2, 2), observations=(3, 2))


@pytest.mark.parametrize("seed", range(200, 208))
def test_rules_of_three_agents(seed: int) -> None:
    check_rules(seed, 3, 2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(300, 420))
def test_many_rules(seed: int) -> None:
    check_rules(seed, 2, 4 if seed % 10 == 0 else 3)


@pytest.mark.parametrize("delay", range(6))
@pytest.mark.parametrize("horizon", [1, 2, 4])
def test_any_delay_fits_any_horizon(delay: int, horizon: int) -> None:
    rules: list[Rule] = [
        Share("observation", None, None, delay),
        Share("action", None, None, max(delay, 1)),
    ]
    text = game(2, horizon=horizon)
    result = compiled(text, sharing=f"delayed(d = {delay})")
    assert_same_partition(result, rules, 2, False)
    if delay >= horizon:
        none = compiled(text, sharing="none")
        assert_same_tables(result.information, none.information)


def test_what_is_forgotten_cannot_be_shared_later() -> None:
    for rule in ("forget observation[i];", "keep observation[i] for 1;"):
        text = game(2) + f"sharing s {{ share observation[i] after 2; {rule} }}"
        result, bag = compile_bag(text, sharing="s")
        assert result is None
        assert {d.code for d in bag.diagnostics} == {"P0411"}


def test_event_triggered_is_its_rules() -> None:
    text = game(2).replace("reward = 0;", "reward = 0; define loud(i) = u0[i] == 1;")
    result = compiled(text, sharing="event_triggered(loud, d = 1)")
    rules: list[Rule] = [
        Share("observation", None, None, 1, "u0[I] == 1"),
        Share("action", None, None, 1),
    ]
    assert_same_partition(result, rules, 2, False)


SAME = [
    # The items of a tuple wait together: an action as long as the observation that it led to.
    (
        "share (o0[i], u0[i]) after 1;",
        "share (if o0[i] == 0 then u0[i] else 2 + u0[i]) after 1;",
    ),
    ("share (o0[i], 1) after 0;", "share o0[i] + 1 after 0; "),
    (
        "share o0[i] after (if i == a then 0 else 2);",
        "share o0[a] after 0; share o0[b] after 2;",
    ),
    (
        "share u0[j] after 1 + (count k: k == b and j == b);",
        "share u0[a] after 1; share u0[b] after 2;",
    ),
]


@pytest.mark.parametrize(("one", "two"), SAME)
@pytest.mark.parametrize("initial", [False, True])
def test_two_ways_to_say_the_same(one: str, two: str, initial: bool) -> None:
    text = game(2, horizon=4, initial=initial) + f"sharing one {{ {one} }} sharing two {{ {two} }}"
    first = compiled(text, sharing="one").information
    assert_same_tables(first, compiled(text, sharing="two").information)


@pytest.mark.parametrize(
    ("delay", "code"),
    [
        ("step", "P0429"),
        ("if step == 1 then 0 else 1", "P0429"),
        ("o0[i]", "P0106"),
        ("1/2", "P0107"),
        ("1/0", "P0310"),
        ("true", "P0201"),
        ("0 - 1", "P0409"),
        ("nowhere", "P0102"),
    ],
)
def test_delays_that_are_none(delay: str, code: str) -> None:
    text = game(2) + f"sharing s {{ share o0[i] after {delay}; }}"
    result, bag = compile_bag(text, sharing="s")
    assert result is None
    assert {d.code for d in bag.diagnostics} == {code}
