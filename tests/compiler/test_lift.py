"""Lifted games against histories of the games that they were made of, one history at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posg.cli import main
from posg.compiler.lift import Lifted, lift_directed
from posg.compiler.model import GameModel, Variable
from posg.compiler.pipeline import Compiled, Request
from posg.compiler.program import load
from posg.grammar import parse
from posg.grammar.diagnostics import Bag
from posg.grammar.printer import print_spec
from posg.grammar.source import Source

from .slow import Slow, Values, compiled, plain
from .test_sharing import ACTION_CONDITIONS, CONDITIONS, Memory, Rule, random_rules, replay

NAMES = "abc"

# Two agents who act and see, and a third who only listens. Each game has its own ways of saying
# how observations come about: families, joint laws, defines, laws that read other observations.
LAWS = (
    """
    init o0[i] ~ { 0: 0.5, 1: 0.5 };
    o0[i]' ~ if s' then { 0: 0.3, 1: 0.7 } else { u0[i]: 0.6, 1 - u0[i]: 0.4 };
    """,
    """
    define sees(i) = if s' then { 0: 0.3, 1: 0.7 } else uniform;
    define copied = o0[a]' == 1;
    o0[a]' ~ sees(a);
    o0[b]' ~ if copied then { 0: 0.2, 1: 0.8 } else sees(b);
    """,
    """
    init o0[a] ~ if s then { 0: 0.3, else: 0.7 } else uniform;
    init o0[b] ~ if o0[a] == 1 then { 0: 0.1, else: 0.9 } else uniform;
    (o0[a]', o0[b]') ~ { (0, 0): 0.4, (1, 1): 0.3, else: 0.3 };
    """,
    """
    init (t, o0[b]) ~ { (true, 0): 0.5, else: 0.5 };
    o0[b]' ~ if any i: u0[a] + u0[b] == step then uniform else { 0: 0.25, 1: 0.75 };
    o0[a]' ~ if t' then { o0[b]': 0.75, 1 - o0[b]': 0.25 } else uniform;
    """,
)


def game(laws: int, horizon: int, rules: str) -> str:
    start = "" if "init (t" in LAWS[laws] else "init t = true;"
    return f"""
game g {{
  agents a, b, c;
  horizon {horizon};
  state s in bool;
  state t in bool;
  action u0[a] in 0..1;
  action u0[b] in 0..1;
  observation o0[a] in 0..1;
  observation o0[b] in 0..1;
  init s ~ {{ true: 0.25, else: 0.75 }};
  {start}
  s' ~ if u0[a] == u0[b] then s else uniform;
  t' = not t;
  {LAWS[laws]}
  reward[i] = if s' and o0[a]' == 1 then u0[b] else if t then 2 else 1;
}}
sharing rules {{ {rules} }}
"""


@dataclass(frozen=True)
class Sent:
    """A directed rule; ``function`` stands for an expression over X, the owner's value."""

    kind: str
    agent: int | None
    receiver: int
    delay: int
    when: str | None = None
    function: str | None = None

    def text(self) -> str:
        index = "i" if self.agent is None else NAMES[self.agent]
        value = f"{self.kind}[{index}]"
        if self.function is not None:
            name = "o0" if self.kind == "observation" else "u0"
            value = self.function.replace("X", f"{name}[{index}]").replace("I", index)
        when = "" if self.when is None else f" when {self.when.replace('I', index)}"
        return f"share {value} to {NAMES[self.receiver]} after {self.delay}{when};"


def arrived(rule: Sent, seen: dict[Any, int], step: int) -> Iterator[Any]:
    """What the receiver of a rule got until a step: dated values, or that nothing was sent."""
    for (kind, agent, _, time), value in seen.items():
        if kind != rule.kind or agent == rule.receiver or rule.agent not in (None, agent):
            continue
        if time + rule.delay > step:
            continue
        if rule.when is not None:
            table = CONDITIONS if kind == "observation" else ACTION_CONDITIONS
            if not table[rule.when](seen, agent, time):
                yield (rule, agent, time, "nothing")
                continue
        content: Any = value
        if rule.function == "X > 0":
            content = value > 0
        elif rule.function == "X + 2 * u0[I]":
            led = seen.get(("action", agent, "u0", time - 1))
            content = None if led is None else value + 2 * led
        elif rule.function == "X + step":
            content = value + time
        yield (rule, agent, time, content)


FUNCTIONS = (None, None, "X > 0", "X + 2 * u0[I]", "X + step")


def random_sent(random: np.random.Generator, horizon: int) -> list[Sent]:
    rules: list[Sent] = []
    for _ in range(random.integers(1, 4)):
        kind = str(random.choice(["observation", "action"]))
        conditions = CONDITIONS if kind == "observation" else ACTION_CONDITIONS
        agent, receiver = [(0, 1), (0, 2), (1, 0), (1, 2), (None, 2), (None, 1)][random.integers(6)]
        function = FUNCTIONS[random.integers(5)] if kind == "observation" else None
        when = str(random.choice(list(conditions))) if random.random() < 0.4 else None
        delay = int(random.integers(0 if kind == "observation" else 1, horizon + 1))
        rules.append(Sent(kind, agent, receiver, delay, when, function))
    return rules


def lifted(text: str, **request: Any) -> Lifted:
    bag = Bag()
    program = load(Source("test", text), lambda path: "", bag)
    assert program is not None
    result = lift_directed(program, Request(**request), bag)
    assert result is not None, [(d.code, d.facts) for d in bag.diagnostics]
    return result


def histories(model: GameModel) -> Iterator[tuple[list[Values], list[Any], Fraction]]:
    """What all variables are at each step under each choice of actions, rewards, probability."""
    actions = [v for group in model.actions for v in group]

    def choices(rest: list[Variable]) -> Iterator[Values]:
        if not rest:
            yield {}
            return
        for value in rest[0].domain.values:
            for more in choices(rest[1:]):
                yield {(rest[0], False): plain(value), **more}

    def go(
        past: list[Values], now: Values, paid: list[Any], chance: Fraction
    ) -> Iterator[tuple[list[Values], list[Any], Fraction]]:
        step = len(past) + 1
        if step == model.horizon:
            yield [*past, now], paid, chance
            return
        slow = Slow(model, step)
        held = {read: value for read, value in now.items() if read[0].role.value == "state"}
        for chosen in choices(actions):
            before = {**held, **chosen}
            rules = (*model.transitions, *model.emissions)
            for after, weight in slow.outcomes(rules, before, primed=True):
                rewards = [slow.reward(agent, after) for agent in model.agents]
                following = {(v, False): x for (v, primed), x in after.items() if primed}
                moved = {**now, **chosen}
                yield from go([*past, moved], following, [*paid, rewards], chance * weight)

    for first, weight in Slow(model).outcomes(model.initial, {}, primed=False):
        yield from go([], first, [], weight)


def law(model: GameModel, labels: frozenset[str]) -> dict[Any, Fraction]:
    """Probability of each history of the variables with these labels, given the actions in it."""
    found: dict[Any, Fraction] = {}
    for steps, rewards, chance in histories(model):
        shown = tuple(
            tuple(sorted((v.label, x) for (v, _), x in step.items() if v.label in labels))
            for step in steps
        )
        key = (shown, tuple(map(tuple, rewards)))
        found[key] = found.get(key, Fraction(0)) + chance
    return found


def labels_of(model: GameModel) -> frozenset[str]:
    return frozenset(v.label for f in model.scope.families.values() for v in f.members.values())


def seen_in(steps: list[Values]) -> dict[Any, int]:
    """The agents' own values, dated, without what the lifted game delivers."""
    return {
        (v.role.value, v.agent.number, v.family, time): int(x)
        for time, step in enumerate(steps, 1)
        for (v, _), x in step.items()
        if v.agent is not None and v.family in ("o0", "u0")
    }


def information(result: Compiled, steps: list[Values]) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """(z_1..z_h, p_h) of a history, step by step, from the tables."""
    model = result.checked.model
    private = [0] * len(model.agents)
    z: tuple[int, ...] = ()
    for step, update in enumerate(result.information.updates):
        total = 0
        for i in range(len(model.agents)):
            acted = model.actions[i] if step else ()
            shown = model.observations[i]
            if not step:
                shown = tuple(v for v in shown if v in model.initially_observed)
            a = code(acted, steps[step - 1]) if step else 0
            o = code(shown, steps[step])
            total = total * update.common_sizes[i] + int(update.common[i][private[i], a, o])
            private[i] = int(update.private[i][private[i], a, o])
        if update.joint is not None:
            total = int(update.joint[total])
        z = (*z, total)
        yield z, tuple(private)


def code(variables: tuple[Variable, ...], values: Values) -> int:
    total = 0
    for variable in variables:
        texts = [plain(v) for v in variable.domain.values]
        total = total * len(texts) + texts.index(values[variable, False])
    return total


def assert_same_knowledge(
    result: Compiled, rules: list[Rule], sent: list[Sent], initial: bool
) -> None:
    """Each agent tells apart what it should, and so does the common information."""
    horizon = result.game.horizon
    forward: dict[Any, Any] = {}
    backward: dict[Any, Any] = {}
    for steps, _, chance in histories(result.checked.model):
        assert chance > 0
        dated = seen_in(steps)
        for step, (z, p) in enumerate(information(result, steps), 1):
            seen = {
                key: value
                for key, value in dated.items()
                if (key[3] <= step if key[0] == "observation" else key[3] < step)
            }
            common, private = replay(rules, 3, seen, step, horizon, initial)
            slow: list[Any] = [("c", step, common)]
            fast: list[Any] = [("c", step, z)]
            for i in range(3):
                got = frozenset(x for r in sent if r.receiver == i for x in arrived(r, seen, step))
                slow.append((i, step, common, private[i], got))
                fast.append((i, step, z, p[i]))
            for one, two in zip(slow, fast, strict=True):
                assert forward.setdefault(one, two) == two, (step, seen, one)
                assert backward.setdefault(two, one) == one, (step, seen, two)


def without_contradictions(rules: list[Rule], sent: list[Sent]) -> list[Rule]:
    """Leave out bounds of the memory that are too short for what is sent."""
    longest = {kind: max([r.delay for r in sent if r.kind == kind], default=0) for kind in KINDS}
    return [r for r in rules if not isinstance(r, Memory) or r.steps >= longest[r.kind]]


KINDS = ("observation", "action")
SLOW = pytest.mark.slow


def check(seed: int, horizon: int) -> None:
    random = np.random.default_rng(seed)
    laws = int(random.integers(len(LAWS)))
    sent = random_sent(random, horizon)
    rules = without_contradictions(random_rules(random, 2), sent)
    # Initial observations of some variables only would be more than the reference knows.
    initial = laws in (0, 2)
    if laws == 3:
        rules = [r for r in rules if r.kind == "action"]
        sent = [r for r in sent if r.kind == "action" or (r.agent == 1 and r.when is None)]
        sent = sent or [Sent("observation", 1, 2, 1)]
        rules = without_contradictions(rules, sent)
    text = game(laws, horizon, " ".join(rule.text() for rule in [*rules, *sent]))
    found = lifted(text, sharing="rules")
    assert print_spec(parse(Source("again", found.text), Bag())) == found.text
    result = compiled(found.text)
    assert result.information.name == "rules_lifted" if found.changes else True
    before = compiled(text, sharing="none").checked.model
    labels = labels_of(before)
    assert law(before, labels) == law(result.checked.model, labels)
    if laws != 3:
        assert_same_knowledge(result, rules, sent, initial)


@pytest.mark.parametrize("seed", range(30))
def test_short_games(seed: int) -> None:
    check(seed, 2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 106))
def test_longer_games(seed: int) -> None:
    check(seed, 3)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200, 236))
def test_many_games(seed: int) -> None:
    check(seed, 4 if seed % 20 == 0 else 3)


@pytest.mark.parametrize("delay", [0, 2, pytest.param(1, marks=SLOW), pytest.param(3, marks=SLOW)])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("when", [None, "u0[I] == 1"])
def test_each_delay(delay: int, kind: str, when: str | None) -> None:
    if kind == "action" and not delay:
        return
    sent = [Sent(kind, 0, 1, delay, when), Sent(kind, 0, 2, 1)]
    text = game(0, 3, " ".join(rule.text() for rule in sent))
    result = compiled(lifted(text, sharing="rules").text)
    assert_same_knowledge(result, [], sent, initial=True)


MEMO = """
game memo {
  agents boss, desk[1..2];
  horizon 4;
  param n in 1..3 = 2;
  param bias in [0, 1] = 0.25;
  type Mood = { good, bad };
  state s in bool;
  action go[i] in bool;
  observation mood[boss] in Mood;
  observation note[i, k in 1..2] in 0..n;
  observation calm[boss] in bool;
  init s = true;
  s' = s;
  mood[boss]' ~ { good: bias, else: 1 - bias };
  note[i, k]' ~ uniform;
  calm[boss]' = mood[boss]' == good;
  define loud(i) = note[i, 1] == n;
  define whole = observation[desk[2]] == (0, 0);
  reward = count i: go[i];  // paid to all

  // Known from elsewhere.
  expect value == 1;  // roughly
}
"""


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (
            "share calm[boss] to desk[1] after 1 when mood[boss] == good;",
            [
                "state last_mood[boss] in Mood;",
                "last_calm[boss]' = last_mood[boss]' == good;",
                "state sent_calm_now[boss] in { none, no, yes };",
                "got_calm_boss[desk[1]]' = sent_calm_now[boss];",
            ],
        ),
        (
            "share note[desk[1], k] to boss after 2 when loud(desk[1]);",
            [
                "state last_note[desk[1], k1 in { 2 }] in 0..n;",
                "state sent_note_1_ago[desk[1], k1 in { 1 }] in -1..2;",
                "got_note_desk_1_2[boss]' = sent_note_1_ago[desk[1], 2];",
                "param n = 2;",
            ],
        ),
        (
            "share loud(desk[2]) to boss after 0; share observation[i] after 1;",
            [
                "got_loud_desk_2[boss]' = note[desk[2], 1]' == n;",
                "share got_loud_desk_2[boss] after 1;",
                "share mood[i], note[i, 1], note[i, 2], calm[i] after 1;",
            ],
        ),
        (
            "share go[i] to desk[2] after 1; share whole after 0; keep observation[i] for 1;",
            [
                "got_go_boss[desk[2]]' = go[boss];",
                "got_go_desk_1[desk[2]]' = go[desk[1]];",
                "share (note[desk[2], 1], note[desk[2], 2]) == (0, 0) after 0;",
                "keep mood[i], note[i, 1], note[i, 2], calm[i] for 1;",
            ],
        ),
        (
            "share go[boss] to desk[1] after 2; share go[boss] to desk[1] after 4;"
            + "share go[boss] to desk[2] after 1; share go[boss] to desk[1] after 2;",
            [
                "state go_1_ago[boss] in bool;",
                "got_go_boss[desk[1]]' = go_1_ago[boss];",
                "got_go_boss[desk[2]]' = go[boss];",
                "it would arrive after step 4",
                "another rule does",
            ],
        ),
    ],
)
def test_reads_well(rules: str, expected: list[str]) -> None:
    text = lifted(MEMO + f"sharing s {{ {rules} }}", sharing="s").text
    for line in expected:
        assert line in text, text
    assert "expect " not in text
    assert "// paid to all" in text
    assert "elsewhere" not in text
    compiled(text, horizon=2)


def test_what_the_request_sets_is_in_the_text() -> None:
    text = MEMO + "sharing s(who: agent, d = 1) { share mood[boss] to who after d; }"
    found = lifted(text, sharing="s(desk[2], d = 2)", horizon=5, settings={"bias": "1/3", "n": "1"})
    assert "horizon 5;" in found.text
    assert "param bias in [0, 1] = 1/3;" in found.text
    assert "param n = 1;" in found.text
    assert "mood_1_ago[boss]" in found.text
    assert [(c.receiver, c.delay, c.before) for c in found.changes] == [("desk[2]", 2, "good")]
    assert compiled(found.text).game.horizon == 5


def test_delays_without_parameters() -> None:
    text = game(0, 3, "share o0[a] to b after 0;")
    again = lifted(
        text.replace("sharing rules", "sharing rules(e = 2)").replace(
            "to b after 0", "to b after e - 2"
        ),
        sharing="rules",
    )
    assert "got_o0_a[b]' = o0[a]';" in again.text
    assert "init got_o0_a[b] = o0[a];" in again.text


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ("share o0[a] to b after 1; chi o0[b]';", "P0428"),
        ("share o0[a] to b after 2; forget o0[a];", "P0411"),
        ("share (o0[a], u0[a]) to b after 1;", "P0421"),
        ("share o0[a] to a after 1;", "P0419"),
        ("share o0[a] to d after 1;", "P0818"),
        ("share u0[a] to b after 0;", "P0409"),
        ("share o0[a] + o0[b] to c after 0;", "P0407"),
        ("share o0[a] to b after 0 when o0[b] == 1;", "P0410"),
        ("share u0[a] to b after 1 when o0[a] == 1;", "P0420"),
    ],
)
def test_refuses(rules: str, code: str) -> None:
    bag = Bag()
    program = load(Source("test", game(0, 3, rules)), lambda path: "", bag)
    assert program is not None
    assert lift_directed(program, Request(sharing="rules"), bag) is None
    assert [d.code for d in bag.diagnostics] == [code]


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = tmp_path / "game.posg", tmp_path / "lifted.posg"
    rules = "share o0[a] to c after 0; share observation[i], action[i] after 1;"
    path.write_text(game(0, 3, rules), encoding="utf-8")
    assert main(["check", str(path), "--sharing", "rules"]) == 1
    assert "--lift" in capsys.readouterr().err
    assert main(["check", str(path), "--sharing", "rules", "--lift"]) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith("g under rules_lifted: ")
    out.write_text(printed.out, encoding="utf-8")
    assert main(["fmt", "--check", str(out)]) == 0
    assert main(["check", str(out)]) == 0
    assert capsys.readouterr().out.endswith(printed.err)
    assert main(["solve", str(out)]) == 0
    capsys.readouterr()
    assert main(["check", str(path), "--sharing", "rules", "--lift", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "posg.lift/1"
    assert found["text"] == printed.out
    assert found["changes"][0]["observation"] == "got_o0_a[c]"
    assert found["check"]["assumption_3"]["holds"]


def test_nothing_to_lift(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "game.posg"
    path.write_text(game(0, 3, ""), encoding="utf-8")
    assert main(["check", str(path), "--sharing", "rules", "--lift"]) == 0
    printed = capsys.readouterr()
    assert printed.err == "nothing to lift: no rule sends a value to one agent only\n"
    assert printed.out == print_spec(parse(Source("g", path.read_text(encoding="utf-8")), Bag()))
    path.write_text(
        game(0, 3, "share o0[a] to b after 1;").replace("agents a, b, c;", "agents a, b;"),
        encoding="utf-8",
    )
    assert main(["check", str(path), "--sharing", "rules", "--lift"]) == 0
    assert "what one sends to the other is common" in capsys.readouterr().err
