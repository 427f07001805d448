"""Random games as text, compiled and solved, against brute force over all histories."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from posg.runtime import certify_policy, expand_common_information, plan

from ..runtime.reference import Reference
from .slow import compiled
from .test_ground import fractions, listed


def random_text(seed: int, agents: int, kind: str, horizon: int, initial: bool) -> str:
    random = np.random.default_rng(seed)
    names = "abc"[:agents]
    acts = [f"u[{name}]" for name in names]

    def law(size: int) -> str:
        return listed(fractions(random, size))

    def pay() -> str:
        return str(Fraction(int(random.integers(-12, 12)), int(random.integers(1, 5))))

    lines = [
        f"agents {', '.join(names)};",
        f"horizon {horizon};",
        f"discount {'0.9' if seed % 2 else '1'};",
        "state s in bool;",
        "action u[i] in bool;",
        "observation o[i] in 0..1;",
        "init s ~ uniform;",
    ]
    arms = []
    for choice in product(("false", "true"), repeat=agents + 1):
        chance = fractions(random, 2)[0]
        arms.append(f"({', '.join(choice)}) => {{ true: {chance}, else: {1 - chance} }}")
    lines.append(f"s' ~ match (s, {', '.join(acts)}) {{ {', '.join(arms)} }};")
    for name in names:
        lines.append(
            f"o[{name}]' ~ if s' then {law(2)} else if u[{name}] then {law(2)} else {law(2)};"
        )
        if initial:
            lines.append(f"init o[{name}] ~ if s then {law(2)} else {law(2)};")
    paid = ["team"] if kind == "team" else [names[0]]
    for who in paid:
        arms = [
            f"({', '.join(choice)}) => {pay()}"
            for choice in product(("false", "true"), repeat=agents + 1)
        ]
        target = "reward" if who == "team" else f"reward[{who}]"
        lines.append(f"{target} = match (s, {', '.join(acts)}) {{ {', '.join(arms)} }};")
    if kind == "zero-sum":
        lines.append(f"reward[{names[1]}] = -reward[{names[0]}];")
    return "game g {\n" + "\n".join(lines) + "\n}\n"


CASES = [
    (2, "team", "delayed(d = 1)", 3),
    (2, "zero-sum", "delayed(d = 1)", 3),
    (2, "team", "one_directional(a, b)", 3),
    (2, "zero-sum", "one_directional(b, a)", 2),
    (2, "team", "full", 3),
    (2, "zero-sum", "full", 3),
    (3, "team", "full", 2),
    (3, "team", "delayed(d = 1)", 2),
]


@pytest.mark.parametrize(("agents", "kind", "sharing", "horizon"), CASES)
@pytest.mark.parametrize("seed", range(2))
def test_solutions_match_brute_force(
    agents: int, kind: str, sharing: str, horizon: int, seed: int
) -> None:
    initial = (seed + horizon) % 2 == 0
    text = random_text(seed, agents, kind, horizon, initial)
    result = compiled(text, sharing=sharing)
    game, information = result.game, result.information
    expected = Reference(game, information).solve(kind)
    concept = "team" if kind == "team" else "nash"
    for merge in (True, False):
        nodes = expand_common_information(game, information, merge=merge)
        solution = plan(game, nodes, concept=concept)
        assert solution.value == pytest.approx(expected, abs=1e-9)
        certificate = certify_policy(game, information, solution.policy, concept=concept)
        assert certificate.gap == pytest.approx(0, abs=1e-9)
        found = [certificate.value[name] for name in game.agents]
        assert found == pytest.approx(expected.tolist(), abs=1e-9)
