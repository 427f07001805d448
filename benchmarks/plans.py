"""Whole plans: forward pass and backward pass, warm, beside peers that solve the same games.

    python benchmarks/plans.py [--rounds N] [--longest H] [--peer-horizon H]

Times are wall-clock seconds of the best round. Plans of `duel` do not merge: each common history
is a stage. Peers are OpenSpiel's sequence-form linear program and CFR+ where `pyspiel` is
installed (`pip install open_spiel cvxpy ecos`), and a tree that is searched one node at a time.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
from openspiel import ExtensiveForm

from posg.compiler.pipeline import Request, check_game, compile_checked
from posg.compiler.program import load
from posg.grammar.diagnostics import Bag
from posg.grammar.source import Source
from posg.runtime import (
    CommonInformation,
    Game,
    InformationStructure,
    Solution,
    expand_common_information,
    plan,
)
from posg.runtime.consequences import apply_update
from posg.runtime.operators import expect_rewards, list_outcomes

try:
    import pyspiel
except ImportError:
    pyspiel = None

FOLDER = Path(__file__).parent
DUEL = FOLDER / "games" / "duel.posg"
SPECS = FOLDER.parent / "specs"
MEMORY = 8 << 30


def compile_game(path: Path, sharing: str, horizon: int) -> tuple[Game, InformationStructure]:
    bag = Bag()
    program = load(Source(str(path), path.read_text()), lambda name: Path(name).read_text(), bag)
    request = Request(sharing=sharing, horizon=horizon)
    compiled = None
    if program is not None and (checked := check_game(program, request, bag)) is not None:
        compiled = compile_checked(checked, request, bag)
    if compiled is None:
        raise AssertionError(f"{path} does not compile")
    return compiled.game, compiled.information


def solve(
    game: Game, information: InformationStructure, concept: str, merge: bool
) -> tuple[CommonInformation, Solution]:
    nodes = expand_common_information(game, information, merge=merge, memory_bytes=MEMORY)
    return nodes, plan(game, nodes, concept=concept, compiled=None if merge else True)


def best_of(rounds: int, work: Callable[..., object], *arguments: object) -> float:
    """Seconds of the best round after a first one that loads and compiles."""
    work(*arguments)
    best = np.inf
    for _ in range(rounds):
        start = time.perf_counter()
        work(*arguments)
        best = min(best, time.perf_counter() - start)
    return best


def peak() -> float:
    """MiB that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def bandwidth() -> float:
    """Bytes that a copy reads and writes in a second."""
    source = np.ones(1 << 25)
    target = np.empty_like(source)
    return 2 * source.nbytes / best_of(5, np.copyto, target, source)


def traffic(nodes: CommonInformation, solution: Solution) -> int:
    """Bytes that any forward and backward pass has to move, were nothing read or written twice.

    The forward pass reads and writes beliefs and writes edges. The backward pass reads both and the
    values, writes and reads the payoffs of stages, and writes prescriptions and values.
    """
    total = 0
    for step, played in zip(nodes.steps, solution.policy.steps, strict=True):
        rows = [rows.probability for rows in played.prescriptions]
        stage = int(np.prod([array.size / step.beliefs.count for array in rows])) * 8
        total += 3 * step.beliefs.nbytes + 2 * stage * step.beliefs.count
        total += 2 * (0 if step.edges is None else step.edges.nbytes)
        total += sum(array.nbytes for array in rows) + 2 * 8 * step.beliefs.count
    return total


def show_duel(rounds: int, longest: int, speed: float) -> None:
    print("\nduel, zero-sum, delayed(d = 1), exact, no merging")
    print("  H     stages    seconds  us/stage   peak MiB  of memory bandwidth   max gap")
    for horizon in range(4, longest + 1):
        game, information = compile_game(DUEL, "delayed(d = 1)", horizon)
        seconds = best_of(rounds if horizon < 7 else 1, solve, game, information, "nash", False)
        nodes, solution = solve(game, information, "nash", False)
        share = traffic(nodes, solution) / seconds / speed
        print(
            f"{horizon:>3}{solution.stages:>11,}{seconds:>11.4f}"
            f"{seconds / solution.stages * 1e6:>10.2f}{peak():>11,.0f}{share:>20.0%}"
            f"{solution.stage_gap:>10.0e}",
            flush=True,
        )


def show_openspiel(rounds: int, horizon: int) -> None:
    print(f"\nduel, H = {horizon}, beside OpenSpiel (which is handed the extensive form)")
    if pyspiel is None:
        print("  left out: pyspiel is not installed")
        return
    from open_spiel.python.algorithms import sequence_form_lp

    game, information = compile_game(DUEL, "delayed(d = 1)", horizon)
    ours = best_of(rounds, solve, game, information, "nash", False)
    value = solve(game, information, "nash", False)[1].value[0]
    print(f"  posg             {ours:10.4f} s  value {value:.8f}")
    tree = pyspiel.load_efg_game(ExtensiveForm(game, information).text())
    start = time.perf_counter()
    found = sequence_form_lp.solve_zero_sum_game(tree)[0]
    seconds = time.perf_counter() - start
    print(f"  sequence-form LP {seconds:10.4f} s  value {found:.8f}  {seconds / ours:10,.0f}x")
    solver = pyspiel.CFRPlusSolver(tree)
    seconds, iterations, gap, wait = 0.0, 0, np.inf, 16
    while gap > 1e-3 and seconds < 300:  # the gap is looked at rarely and not timed
        start = time.perf_counter()
        for _ in range(wait - iterations):
            solver.evaluate_and_update_policy()
        seconds += time.perf_counter() - start
        iterations, wait = wait, wait + wait // 4
        gap = pyspiel.nash_conv(tree, solver.average_policy())
    print(
        f"  CFR+ to {gap:.0e}    {seconds:10.4f} s  {iterations} rounds  {seconds / ours:10,.0f}x"
    )


class Tree:
    """The obvious solver of a team game: a recursion over common histories, one at a time."""

    def __init__(self, game: Game, information: InformationStructure) -> None:
        self.game, self.information = game, information
        actions = int(np.prod(game.action_counts))
        (dynamics,), (rewards,) = game.dynamics, game.rewards
        self.outcomes = list_outcomes(dynamics, game.state_count, actions)
        self.rewards = expect_rewards(dynamics, rewards, game.state_count, actions)[0]
        self.actions = list(product(*(range(count) for count in game.action_counts)))

    def value(self) -> float:
        if (self.game.initial_observation != 0).any():
            raise AssertionError("the tree takes games without an initial observation")
        beginning = dict(
            zip(
                ((state, (0,) * len(self.game.agents)) for state in self.game.initial_state),
                self.game.initial_probability.tolist(),
                strict=True,
            )
        )
        return self.best(1, beginning)

    def best(self, step: int, belief: dict[tuple[int, tuple[int, ...]], float]) -> float:
        payoffs: dict[tuple[tuple[int, ...], tuple[int, ...]], float] = {}
        children: dict[int, dict[tuple[int, tuple[int, ...]], float]] = {}
        routes: list[tuple[tuple[tuple[int, ...], tuple[int, ...]], int, float]] = []
        for (state, private), weight in belief.items():
            for code, action in enumerate(self.actions):
                key = private, action
                payoffs[key] = payoffs.get(key, 0.0) + weight * self.rewards[state, code]
            if step == self.game.horizon:
                continue
            for place in range(self.outcomes.offsets[state], self.outcomes.offsets[state + 1]):
                action = self.actions[self.outcomes.action[place]]
                chance = weight * self.outcomes.probability[place]
                seen = np.unravel_index(
                    self.outcomes.observation[place], self.game.observation_counts
                )
                own = list(zip(private, action, seen, strict=True))
                z, kept = apply_update(self.information, step, own)
                kept = tuple(np.unravel_index(kept, self.information.private_counts[step]))
                child = children.setdefault(int(z), {})
                to = int(self.outcomes.successor[place]), tuple(int(code) for code in kept)
                child[to] = child.get(to, 0.0) + chance / len(self.actions)
                routes.append(((private, action), int(z), chance))
        values = {}
        for z, child in children.items():
            mass = sum(child.values())
            values[z] = self.best(step + 1, {key: w / mass for key, w in child.items()})
        for key, z, chance in routes:
            payoffs[key] += chance * values[z]
        return self.prescribe(payoffs)

    def prescribe(self, payoffs: dict[tuple[tuple[int, ...], tuple[int, ...]], float]) -> float:
        """Try every prescription of the first agent; the second answers at each private value."""
        first, second = (sorted({private[agent] for private, _ in payoffs}) for agent in range(2))
        counts = self.game.action_counts
        best = -np.inf
        for chosen in product(range(counts[0]), repeat=len(first)):
            rule = dict(zip(first, chosen, strict=True))
            total = sum(
                max(
                    sum(payoffs.get(((p, q), (rule[p], action)), 0.0) for p in first)
                    for action in range(counts[1])
                )
                for q in second
            )
            best = max(best, total)
        return best


def show_teams(rounds: int, tree_horizon: int) -> None:
    print("\nteams, merged")
    print("game          sharing             H     stages    seconds  value")
    for name, sharing, horizon in (
        ("dectiger", "delayed(d = 1)", 7),
        ("dectiger", "delayed(d = 1)", 50),
        ("box_pushing", "full", 7),
        ("box_pushing", "delayed(d = 1)", 7),
    ):
        game, information = compile_game(SPECS / f"{name}.posg", sharing, horizon)
        seconds = best_of(rounds, solve, game, information, "team", True)
        solution = solve(game, information, "team", True)[1]
        print(
            f"{name:<14}{sharing:<18}{horizon:>3}{solution.stages:>11,}{seconds:>11.4f}"
            f"  {solution.value[0]:.8f}",
            flush=True,
        )
    print(f"\ndectiger, delayed(d = 1), H = {tree_horizon}, beside a tree searched node by node")
    game, information = compile_game(SPECS / "dectiger.posg", "delayed(d = 1)", tree_horizon)
    ours = best_of(rounds, solve, game, information, "team", True)
    value = solve(game, information, "team", True)[1].value[0]
    start = time.perf_counter()
    found = Tree(game, information).value()
    seconds = time.perf_counter() - start
    print(f"  posg {ours:10.4f} s  value {value:.8f}")
    print(f"  tree {seconds:10.4f} s  value {found:.8f}  {seconds / ours:10,.0f}x")


def show_cold() -> None:
    """Time the program on a machine that has neither compiled kernels nor parser tables."""
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, "-m", "posg", "solve", str(SPECS / "dectiger.posg")]
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache, "XDG_CACHE_HOME": cache}
        start = time.perf_counter()
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        first = time.perf_counter() - start
        start = time.perf_counter()
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        again = time.perf_counter() - start
    print(f"\nposg solve specs/dectiger.posg: {first:.2f} s with empty caches, {again:.2f} s again")


def main() -> None:
    parser = argparse.ArgumentParser(description="Whole plans, warm, beside peers.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--longest", type=int, default=6, help="horizon of duel; 7 needs 2 GiB")
    parser.add_argument("--peer-horizon", type=int, default=3, help="4 takes minutes and 3 GiB")
    options = parser.parse_args()
    speed = bandwidth()
    print(
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; copies move {speed / 1e9:.1f} GB/s"
    )
    show_duel(options.rounds, options.longest, speed)
    show_openspiel(options.rounds, options.peer_horizon)
    show_teams(options.rounds, options.peer_horizon)
    show_cold()


if __name__ == "__main__":
    main()
