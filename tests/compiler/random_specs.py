"""Small games and sharing structures drawn at random, as text."""

from __future__ import annotations

from random import Random

NAMES = ("a", "b", "c")
LIBRARY = (
    "none",
    "full",
    "delayed(d = 1)",
    "delayed(d = 2)",
    "observations_delayed(d = 1)",
    "observations_delayed(d = 2)",
    "asymmetric(a, b, d = 1)",
    "asymmetric(a, b, d = 2)",
    "asymmetric_delayed(a, b, d = 1)",
    "asymmetric_delayed(a, b, d = 2)",
    "one_directional(a, b)",
    "event_triggered(loud, d = 0)",
    "event_triggered(loud, d = 1)",
)


def random_spec(seed: int) -> tuple[str, str]:
    """A file with one game and one structure of its own, and the structure to use."""
    random = Random(seed)
    agents = NAMES[: 2 if random.random() < 0.8 else 3]
    sharing = random.choice(("mine", "mine", random.choice(LIBRARY)))
    if len(agents) == 3 and "(a, b" in sharing:
        sharing = "delayed(d = 2)"
    structure = _core(random, agents) if random.random() < 0.35 else _rules(random, agents)
    return _game(random, agents) + structure, sharing


def _formula(random: Random, reads: list[str], depth: int = 0) -> str:
    if not reads:
        return random.choice(("true", "false"))
    kind = random.randrange(6) if depth < 2 else 0
    left = _formula(random, reads, depth + 1) if kind else random.choice(reads)
    match kind:
        case 0 | 1:
            return left
        case 2:
            return f"(not {left})"
        case 3:
            return f"({left} != {_formula(random, reads, depth + 1)})"
        case 4:
            return f"({left} {random.choice(('and', 'or'))} {_formula(random, reads, depth + 1)})"
        case _:
            then, other = (_formula(random, reads, depth + 1) for _ in range(2))
            return f"(if {left} then {then} else {other})"


def _law(random: Random, reads: list[str]) -> str:
    few = random.sample(reads, min(len(reads), random.randint(0, 3)))
    formula = _formula(random, few)
    match random.randrange(6):
        case 0:
            return f"= {formula}"
        case 1:
            return "~ uniform"
        case 2:
            return f"~ if {_formula(random, few)} then uniform else {formula}"
        case _:
            p = random.choice((0.1, 0.2, 0.7, 0.85))
            return f"~ {{ {formula}: {p}, else: {1 - p:.2f} }}"


def _game(random: Random, agents: tuple[str, ...]) -> str:
    states = ["x", "y"][: random.randint(1, 2)]
    actions = {i: ["u"] if random.random() < 0.85 else ["u", "v"] for i in agents}
    if random.random() < 0.15:
        actions[agents[-1]] = []
    done = [f"{name}[{i}]" for i in agents for name in actions[i]]
    movers = random.sample(done, random.randint(0, len(done)))
    lines = [f"agents {', '.join(agents)};", f"horizon {random.choice((3, 3, 4))};"]
    lines += [f"state {name} in bool;" for name in states]
    lines += [f"action {name}[{i}] in bool;" for i in agents for name in actions[i]]
    lines += [f"observation o[{i}] in bool;" for i in agents]
    for number, name in enumerate(states):
        lines.append(f"init {name} {_law(random, states[:number])};")
        later = [f"{other}'" for other in states[:number]]
        lines.append(f"{name}' {_law(random, [*states, *movers, *later])};")
    if random.random() < 0.2:
        lines += [f"init o[{i}] {_law(random, states)};" for i in agents]
    shown = [f"{name}'" for name in states]
    if random.random() < 0.3:
        shown += [*states, *movers]
    if random.random() < 0.2:
        first, second, *rest = agents
        p, q = (_formula(random, shown) for _ in range(2))
        lines.append(
            f"(o[{first}]', o[{second}]') ~ {{ ({p}, {q}): 1/2, (false, true): 1/4, (true, false): 1/4 }};"
        )
    else:
        rest = list(agents)
    for i in rest:
        heard = [f"o[{j}]'" for j in agents if j < i] if random.random() < 0.2 else []
        lines.append(f"o[{i}]' {_law(random, [*shown, *heard])};")
    lines += ["define loud(i) = o[i];", "reward = 0;"]
    return "game g {\n  " + "\n  ".join(lines) + "\n}\n"


def _rules(random: Random, agents: tuple[str, ...]) -> str:
    lines: list[str] = []
    groups = [("i",)] if random.random() < 0.4 else [(agent,) for agent in agents]
    for (i,) in groups:
        observed = random.choice(("0", "0", "1", "1", "2", "3", "never", "code", "when"))
        match observed:
            case "never":
                pass
            case "code":
                lines.append(f"share not o[{i}] after {random.randint(0, 2)};")
            case "when":
                condition = random.choice((f"o[{i}]", "step == 2", "step != 2", "step % 2 == 1"))
                lines.append(f"share o[{i}] after {random.randint(0, 2)} when {condition};")
            case delay:
                lines.append(f"share o[{i}] after {delay};")
        if observed in ("never", "code") and random.random() < 0.4:
            lines.append(f"keep o[{i}] for {random.randint(0, 2)};")
        acted = random.choice(("1", "1", "1", "2", "never", "forget", "forget", "when"))
        match acted:
            case "never":
                pass
            case "forget":
                lines.append(f"forget action[{i}];")
            case "when":
                lines.append(
                    f"share action[{i}] after 1 when {random.choice(('step == 1', 'step != 2'))};"
                )
            case delay:
                lines.append(f"share action[{i}] after {delay};")
    return "sharing mine {\n  " + "\n  ".join(lines) + "\n}\n"


def _core(random: Random, agents: tuple[str, ...]) -> str:
    lines: list[str] = []
    kinds: list[str] = []
    if random.random() < 0.8:
        lines.append("memory last[i] in observation[i];")
        lines.append("xi last[i]' = o[i]';")
        kinds += ["last[i]", "last[i] == true"]
    if random.random() < 0.4:
        lines.append("memory odd[i] in bool;")
        lines.append("xi odd[i]' = if odd[i] == nothing then o[i]' else odd[i] != o[i]';")
        kinds += ["odd[i]"]
    if random.random() < 0.3:
        lines.append("memory held[i] in bool;")
        lines.append("xi held[i]' = if o[i]' then o[i]' else held[i];")
        kinds += ["held[i]", "if held[i] == true then held[i] else nothing"]
    kinds += ["action[i]", "action[i]", "o[i]'", "o[a]' != o[b]'", "o[i]' == true"]
    if random.random() < 0.3:
        kinds.append("if o[i]' then action[i] else nothing")
    shared = random.sample(kinds, random.randint(1, min(4, len(kinds))))
    lines.append(f"chi {', '.join(dict.fromkeys(shared))};")
    return "sharing mine {\n  " + "\n  ".join(lines) + "\n}\n"
