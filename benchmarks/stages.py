"""Stages per core-second of the compiled kernels, with certificates, beside a peer's.

    python benchmarks/stages.py [--rounds N] [--seconds S]

Stages have random normal payoffs. Kernel and peer are timed in turn, round after round, in processor
time of all threads together; the best round of each counts, which is the one that other work on the
machine disturbed least. Times include checking every answer against the payoffs.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack, vstack

try:
    import highspy
except ImportError:
    highspy = None

from posg.runtime.payoffs import StagePayoffs
from posg.runtime.solvers.compiled import (
    solve_correlated_compiled,
    solve_general_sum_compiled,
    solve_team_compiled,
    solve_zero_sum_compiled,
)
from posg.runtime.solvers.protocol import StageSolution
from posg.runtime.solvers.selection import solve_selected
from posg.runtime.solvers.team_program import solve_team_program
from posg.runtime.solvers.zero_sum import solve_saddle


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    kernel: str
    solve: Callable[[StagePayoffs], StageSolution]
    payoffs: int
    private: int
    actions: int
    stages: int
    peer: Callable[[np.ndarray], object] | None
    peer_name: str
    agents: int = 2


def saddle_peer(values: np.ndarray) -> object:
    return solve_saddle(values[0])


class HighsPeer:
    """The saddle point's linear program, handed to HiGHS without a modelling layer around it."""

    def __init__(self) -> None:
        self.highs = highspy.Highs()
        self.highs.setOptionValue("output_flag", False)
        self.highs.setOptionValue("threads", 1)

    def __call__(self, values: np.ndarray) -> object:
        types_1, actions_1, types_2, actions_2 = values.shape[1:]
        weights, replies = types_1 * actions_1, types_2 * actions_2
        matrix = np.zeros((replies + types_1, weights + types_2))
        matrix[:replies, :weights] = -values[0].reshape(weights, replies).T
        matrix[np.arange(replies), weights + np.repeat(np.arange(types_2), actions_2)] = 1
        matrix[replies + np.repeat(np.arange(types_1), actions_1), np.arange(weights)] = 1
        rows, columns = matrix.shape
        free = highspy.kHighsInf
        program = highspy.HighsLp()
        program.num_row_, program.num_col_ = rows, columns
        program.col_cost_ = np.concatenate([np.zeros(weights), -np.ones(types_2)])
        program.col_lower_ = np.concatenate([np.zeros(weights), np.full(types_2, -free)])
        program.col_upper_ = np.full(columns, free)
        program.row_lower_ = np.concatenate([np.full(replies, -free), np.ones(types_1)])
        program.row_upper_ = np.concatenate([np.zeros(replies), np.ones(types_1)])
        sparse = csr_array(matrix)
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_ = sparse.indptr
        program.a_matrix_.index_ = sparse.indices
        program.a_matrix_.value_ = sparse.data
        self.highs.passModel(program)
        self.highs.run()
        if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise AssertionError(self.highs.getModelStatus())
        return self.highs.getSolution()


def team_peer(values: np.ndarray) -> object:
    return solve_team_program(values[0])


def coarse_peer(values: np.ndarray) -> object:
    """Best welfare of a coarse correlated equilibrium: a weight for each pair of prescriptions."""
    types_1, actions_1, types_2, actions_2 = values.shape[1:]
    rows_1 = np.array(list(product(range(actions_1), repeat=types_1)))
    rows_2 = np.array(list(product(range(actions_2), repeat=types_2)))
    # What each action of an agent pays against each prescription of the other.
    against_1 = sum(values[0][:, :, q, rows_2[:, q]] for q in range(types_2))
    against_2 = sum(values[1][p, rows_1[:, p]] for p in range(types_1)).transpose(1, 2, 0)
    own_1 = sum(against_1[p, rows_1[:, p]] for p in range(types_1))
    own_2 = sum(against_2[q, rows_2[:, q]] for q in range(types_2)).T
    deviate_1 = np.repeat(against_1[:, :, None, :], len(rows_1), axis=2)
    deviate_2 = np.repeat(against_2[:, :, :, None], len(rows_2), axis=3)
    pairs = own_1.size
    left = [csr_array(deviate.reshape(-1, pairs)) for deviate in (deviate_1, deviate_2)]
    best = [
        np.kron(np.eye(types), np.ones((actions, 1)))
        for types, actions in ((types_1, actions_1), (types_2, actions_2))
    ]
    # Columns: weights of pairs, then what the best action pays at each private value.
    zero = [
        csr_array((part.shape[0], other))
        for part, other in ((left[0], types_2), (left[1], types_1))
    ]
    first = hstack([left[0], csr_array(-best[0]), zero[0]])
    second = hstack([left[1], zero[1], csr_array(-best[1])])
    ones_1 = np.concatenate([-own_1.ravel(), np.ones(types_1), np.zeros(types_2)])
    ones_2 = np.concatenate([-own_2.ravel(), np.zeros(types_1), np.ones(types_2)])
    upper = vstack([first, second, csr_array(ones_1[None]), csr_array(ones_2[None])])
    total = np.concatenate([np.ones(pairs), np.zeros(types_1 + types_2)])
    found = linprog(
        -np.concatenate([(own_1 + own_2).ravel(), np.zeros(types_1 + types_2)]),
        A_ub=upper.tocsr(),
        b_ub=np.zeros(upper.shape[0]),
        A_eq=csr_array(total[None]),
        b_eq=[1.0],
        bounds=[(0, None)] * pairs + [(None, None)] * (types_1 + types_2),
        method="highs",
    )
    if found.status != 0:
        raise AssertionError(found.message)
    return found.fun


def welfare_peer(informed: bool) -> Callable[[np.ndarray], object]:
    """Best welfare by the linear program over all joint prescriptions."""

    def solve(values: np.ndarray) -> object:
        agents = len(values)
        return solve_selected(
            batch(values[:, None], agents, values.shape[1]), informed=informed, select="welfare"
        )

    return solve


def list_cases() -> list[Case]:
    cases = []
    for private, actions, stages in ((2, 2, 200_000), (4, 3, 30_000), (9, 4, 2_000)):
        cases.append(
            Case(
                kernel="zero-sum",
                solve=solve_zero_sum_compiled,
                payoffs=1,
                private=private,
                actions=actions,
                stages=stages,
                peer=saddle_peer if highspy is None else HighsPeer(),
                peer_name="linprog" if highspy is None else "HiGHS",
            )
        )
    for private, actions, stages in ((2, 2, 100_000), (4, 3, 15_000), (9, 4, 500)):
        cases.append(
            Case(
                kernel="general-sum",
                solve=solve_general_sum_compiled,
                payoffs=2,
                private=private,
                actions=actions,
                stages=stages,
                peer=None if private == 9 else coarse_peer,  # 4^18 pairs of prescriptions
                peer_name="linprog, CCE",
            )
        )
    for private, actions, stages in ((2, 2, 200_000), (4, 3, 40_000), (9, 3, 1_000), (9, 4, 200)):
        cases.append(
            Case(
                kernel="team",
                solve=solve_team_compiled,
                payoffs=1,
                private=private,
                actions=actions,
                stages=stages,
                peer=team_peer,
                peer_name="milp",
            )
        )
    for informed, private, actions, stages in (
        (False, 2, 2, 2000),
        (True, 2, 2, 2000),
        (False, 2, 3, 1000),
        (True, 2, 3, 1000),
    ):
        cases.append(
            Case(
                kernel="correlated" if informed else "coarse",
                solve=partial(solve_correlated_compiled, informed=informed),
                payoffs=3,
                private=private,
                actions=actions,
                stages=stages,
                peer=welfare_peer(informed),
                peer_name="best welfare",
                agents=3,
            )
        )
    cases.append(
        Case(
            kernel="welfare CCE",
            solve=partial(solve_selected, informed=False, select="welfare", compiled=True),
            payoffs=2,
            private=4,
            actions=3,
            stages=20,
            peer=coarse_peer,
            peer_name="linprog, CCE",
        )
    )
    return cases


def batch(values: np.ndarray, agents: int, private: int) -> StagePayoffs:
    stages = values.shape[1]
    own = np.tile(np.arange(private), (stages, 1))
    return StagePayoffs(nodes=np.arange(stages), private=(own,) * agents, values=values)


def draw(case: Case, stages: int) -> StagePayoffs:
    shape = (case.private, case.actions) * case.agents
    values = np.random.default_rng(1).normal(size=(case.payoffs, stages, *shape))
    return batch(values, case.agents, case.private)


def measure(case: Case, rounds: int, seconds: float) -> str:
    stages = draw(case, case.stages)
    case.solve(draw(case, 1))  # compiles, or loads
    best, peer_best = np.inf, np.inf
    gap, left = 0.0, 0
    for _ in range(rounds):
        start = time.process_time()
        solution = case.solve(stages)
        best = min(best, (time.process_time() - start) / case.stages)
        gap, left = float(solution.gaps.max()), solution.fallbacks
        if case.peer is None:
            continue
        start = time.process_time()
        solved = 0
        while not solved or (time.process_time() - start < seconds and solved < case.stages):
            case.peer(stages.values[:, solved])
            solved += 1
        peer_best = min(peer_best, (time.process_time() - start) / solved)
    peer = f"{1 / peer_best:9,.1f} {peer_best / best:8,.0f}x" if case.peer else f"{'':>19}"
    return (
        f"{case.kernel:<11}{case.agents:>2}{case.private:>3}{case.actions:>3}{1 / best:>13,.0f}  "
        f"{case.peer_name if case.peer else '-':<13}{peer}{gap:>10.1e}{left:>7}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Stages per core-second of the compiled kernels.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="for the peer, each round")
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print("kernel      n  P  A     stages/s  peer         stages/s    ratio   max gap   left")
    for case in list_cases():
        print(measure(case, options.rounds, options.seconds), flush=True)


if __name__ == "__main__":
    main()
