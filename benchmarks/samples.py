"""How the gap of what is learned falls with samples: random games under a delay of one step."""

from __future__ import annotations

import argparse
from itertools import product

import numpy as np

from posg.compiler.pipeline import Compiled, Request, compile_game
from posg.compiler.program import load
from posg.grammar.diagnostics import Bag
from posg.grammar.render import render_text
from posg.grammar.source import Source
from posg.runtime import Policy, certify_policy, expand_windows, plan
from posg.runtime.learning import (
    Estimator,
    ExplorationKind,
    LearningOptions,
    Simulator,
    learn_policy,
)

HORIZON = 3
KINDS = {"cooperative": "team", "zero-sum": "nash"}


def coin(random: np.random.Generator) -> str:
    """A random distribution over 0 and 1, in hundredths."""
    chance = random.integers(0, 101)
    return f"{{ 0: {chance} / 100, 1: {100 - chance} / 100 }}"


def random_spec(seed: int, kind: str) -> str:
    """Draw a game of two agents: two states, two actions and two observations each."""
    random = np.random.default_rng(seed)
    moves, sights, wins = [], [], []
    for x, a, b in product(range(2), repeat=3):
        moves.append(f"({x}, {a}, {b}) => {coin(random)}")
        wins.append(f"({x}, {a}, {b}) => {random.integers(-100, 101)} / 100")
    for agent in range(2):
        rows = [f"{x} => {coin(random)}" for x in range(2)]
        sights.append(f"see[{'ab'[agent]}]' ~ match x' {{ {', '.join(rows)} }};")
    reward = f"match (x, act[a], act[b]) {{ {', '.join(wins)} }}"
    rewards = (
        f"reward = {reward};"
        if kind == "cooperative"
        else f"reward[a] = {reward};\n  reward[b] = -reward[a];"
    )
    return f"""game random{seed} {{
  agents a, b;
  horizon {HORIZON};
  state x in 0..1;
  action act[i] in 0..1;
  observation see[i] in 0..1;
  init x ~ uniform;
  x' ~ match (x, act[a], act[b]) {{ {", ".join(moves)} }};
  {" ".join(sights)}
  {rewards}
  use sharing delayed(d = 1);
}}
"""


def compile_text(text: str) -> Compiled:
    """Compile a game."""
    bag = Bag()
    program = load(Source("random.posg", text), lambda path: "", bag)
    found = None if program is None else compile_game(program, Request(), bag)
    if found is None:
        raise SystemExit(render_text(bag.diagnostics, color=False))
    return found


def gap_of(compiled: Compiled, policy: Policy, concept: str) -> float:
    """What the best deviation gains in the true game; for a team, what the optimum is better by."""
    found = certify_policy(compiled.game, compiled.information, policy, concept=concept)
    if found.gap is None:
        raise SystemExit("the game is too large for its gap")
    return found.gap


def learned_gap(compiled: Compiled, concept: str, seed: int, options: LearningOptions) -> float:
    """The gap after uniform play."""
    found = learn_policy(
        Simulator(compiled.game, seed), compiled.information, compiled.timestamps, options
    )
    return gap_of(compiled, found.policy, concept)


def main() -> None:
    """Print one row a kind of game, estimator and length of window."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--games", type=int, default=10)
    parser.add_argument("--episodes", type=int, nargs="+", default=[300, 3000, 30_000, 300_000])
    options = parser.parse_args()
    heads = " ".join(f"{f'N0={count}':>10}" for count in options.episodes)
    print(f"{'games':12} {'estimator':10} {'L':>2} {'true model':>11} {heads}")
    for kind, concept in KINDS.items():
        games = [compile_text(random_spec(seed, kind)) for seed in range(options.games)]
        for estimator, length in product(Estimator, (1, 2)):
            ideal = []
            for compiled in games:
                nodes = expand_windows(
                    compiled.game, compiled.information, compiled.timestamps, length
                )
                policy = plan(compiled.game, nodes, concept=concept).policy
                ideal.append(gap_of(compiled, policy, concept))
            cells = []
            for count in options.episodes:
                chosen = LearningOptions(
                    steps=count * HORIZON,
                    rounds=1,
                    length=length,
                    concept=concept,
                    exploration=ExplorationKind.UNIFORM,
                    estimator=estimator,
                )
                gaps = [learned_gap(g, concept, seed, chosen) for seed, g in enumerate(games)]
                cells.append(f"{np.mean(gaps):10.4f}")
            print(
                f"{kind:12} {estimator.value:10} {length:2} {np.mean(ideal):11.4f} "
                f"{' '.join(cells)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
