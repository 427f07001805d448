"""Learning under the paper's budget: Dec-Tiger and Box-Pushing, 80,000 steps, horizons 3 to 7."""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path

import numpy as np
from independent import learn_independently

from posg.compiler.pipeline import Compiled, Request, compile_game
from posg.compiler.program import load
from posg.grammar.diagnostics import Bag
from posg.grammar.source import Source
from posg.runtime import evaluate_policy, expand_common_information, plan
from posg.runtime.learning import Estimator, LearningOptions, Simulator, learn_policy

SPECS = Path(__file__).parents[1] / "specs"
GAMES = {"dectiger": "dectiger.posg", "box pushing": "box_pushing.posg"}
PAPER = {
    "dectiger": {3: 13.06, 4: 20.89, 5: 27.95, 6: 36.03, 7: 37.72},
    "box pushing": {3: 62.78, 4: 81.44, 5: 98.73, 6: 98.76, 7: 145.35},
}
"""Row "Ours" of Table 1 in Liu and Zhang (2023); from rollouts, so it may exceed an optimum."""


def compile_spec(name: str, sharing: str, horizon: int) -> Compiled:
    """Compile a game of the collection."""
    path = SPECS / GAMES[name]
    program = load(Source(str(path), path.read_text()), lambda p: Path(p).read_text(), Bag())
    if program is None:
        raise SystemExit(f"{path} cannot be read")
    found = compile_game(program, Request(sharing=sharing, horizon=horizon), Bag())
    if found is None:
        raise SystemExit(f"{path} does not compile under {sharing}")
    return found


def learned_values(compiled: Compiled, options: LearningOptions, seeds: int) -> list[float]:
    """Exact values of what is learned with some seeds."""
    found: list[float] = []
    for seed in range(seeds):
        learned = learn_policy(
            Simulator(compiled.game, seed), compiled.information, compiled.timestamps, options
        )
        evaluation = evaluate_policy(compiled.game, compiled.information, learned.policy)
        found.append(float(evaluation.value[0]))
    return found


def protocol_options(steps: int) -> LearningOptions:
    """What the paper says of its runs: a network for the transition, Q-learning, windows of 4 steps."""
    return LearningOptions(
        steps=steps,
        rounds=3,
        length=4,
        estimator=Estimator.NETWORK,
        q_learning=True,
        stationary=True,
    )


def print_protocol(options: argparse.Namespace) -> None:
    """Print one row a game, sharing structure and horizon for the protocol of the paper."""
    print(f"{'game':12} {'sharing':15} {'H':>2} {'protocol':>9} {'min':>8} {'max':>8} {'paper':>8}")
    for name, sharing, horizon in product(options.games, options.sharing, options.horizons):
        compiled = compile_spec(name, sharing, horizon)
        found = learned_values(compiled, protocol_options(options.steps), options.seeds)
        print(
            f"{name:12} {sharing:15} {horizon:2} {np.mean(found):9.2f} {min(found):8.2f} "
            f"{max(found):8.2f} {paper_value(name, sharing, horizon)}",
            flush=True,
        )


def paper_value(name: str, sharing: str, horizon: int) -> str:
    """The paper's row, where it is about that."""
    known = sharing == "full" and horizon in PAPER[name]
    return f"{PAPER[name][horizon]:8.2f}" if known else " " * 8


def main() -> None:
    """Print one row a game, sharing structure and horizon."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--steps", type=int, default=80_000)
    parser.add_argument("--horizons", type=int, nargs="+", default=[3, 4, 5, 6, 7])
    parser.add_argument("--games", nargs="+", choices=GAMES, default=list(GAMES))
    parser.add_argument("--sharing", nargs="+", default=["full", "delayed(d = 1)"])
    parser.add_argument("--window", type=int, default=2)
    parser.add_argument(
        "--protocol", action="store_true", help="learn as the paper did, which needs PyTorch"
    )
    options = parser.parse_args()
    if options.protocol:
        print_protocol(options)
        return
    print(
        f"{'game':12} {'sharing':15} {'H':>2} {'optimum':>9} {'mean':>8} {'min':>8} {'max':>8} "
        f"{'of opt.':>8} {'pooled':>8} {'min':>8} {'max':>8} {'paper':>8} {'alone':>8}"
    )
    alone: dict[tuple[str, int], float] = {}
    for name in options.games:
        for sharing in options.sharing:
            for horizon in options.horizons:
                compiled = compile_spec(name, sharing, horizon)
                nodes = expand_common_information(compiled.game, compiled.information)
                optimum = float(plan(compiled.game, nodes, concept="team").value[0])
                rows = [
                    learned_values(
                        compiled,
                        LearningOptions(
                            steps=options.steps, length=options.window, stationary=stationary
                        ),
                        options.seeds,
                    )
                    for stationary in (False, True)
                ]
                if (name, horizon) not in alone:
                    returns = [
                        learn_independently(compiled.game, steps=options.steps, seed=seed)
                        for seed in range(options.seeds)
                    ]
                    alone[name, horizon] = float(np.mean(returns))
                paper = paper_value(name, sharing, horizon)
                plain, pooled = (
                    f"{np.mean(row):8.2f} {min(row):8.2f} {max(row):8.2f}" for row in rows
                )
                print(
                    f"{name:12} {sharing:15} {horizon:2} {optimum:9.4f} {plain} "
                    f"{np.mean(rows[0]) / optimum:8.1%} {pooled} {paper} {alone[name, horizon]:8.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
