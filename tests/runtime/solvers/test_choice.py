"""Kernels are loaded when there is enough to do, and only then; plans are good either way."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from posg.runtime import certify_policy, evaluate_policy, expand_common_information, plan
from posg.runtime.solvers import choice, compiled
from posg.runtime.solvers.choice import ChosenSolver, StageKind, estimate_seconds
from posg.runtime.solvers.kernels.compiling import compile_kernel

from ..games import full, one_directional, one_step_delay, random_game
from .stages import draw_stages

TOP = Path(__file__).parents[3]
PAYOFFS = {StageKind.TEAM: 1, StageKind.ZERO_SUM: 1, StageKind.GENERAL_SUM: 2}


def test_small_games_do_not_wait_for_numba():
    code = (
        "import sys; from posg.cli import main; sys.argv = ['posg', 'solve', "
        f"{str(TOP / 'specs' / 'dectiger.posg')!r}]; status = main(); "
        "print('numba' in sys.modules, file=sys.stderr); sys.exit(status)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "8.815" in found.stdout
    assert found.stderr.strip() == "False"


@pytest.mark.parametrize("kind", PAYOFFS)
def test_kernels_take_over_once_enough_is_done(kind, monkeypatch):
    batch = draw_stages(0, PAYOFFS[kind], (2, 2, 2, 2), ["normal"] * 10)
    monkeypatch.setattr(choice, "BUDGET", 2.5 * estimate_seconds(kind, batch.values.shape))
    solver = ChosenSolver(kind)
    solutions = []
    for number in range(4):
        solutions.append(solver(batch))
        assert solver.compiled == (number >= 2)
    assert (solver.stages, solver.fallbacks) == (40, 0)
    assert solver.gap == max(float(solution.gaps.max()) for solution in solutions) < 1e-12
    if kind is not StageKind.GENERAL_SUM:  # where values are unique
        np.testing.assert_allclose(solutions[0].values, solutions[3].values, atol=1e-9)


@pytest.mark.parametrize("kind", PAYOFFS)
@pytest.mark.parametrize("order", [True, False])
def test_orders_are_obeyed(kind, order, monkeypatch):
    used = []
    name = {
        StageKind.TEAM: "solve_team_compiled",
        StageKind.ZERO_SUM: "solve_zero_sum_compiled",
        StageKind.GENERAL_SUM: "solve_general_sum_compiled",
    }[kind]
    solve = getattr(compiled, name)
    monkeypatch.setattr(compiled, name, lambda batch: used.append(1) or solve(batch))
    monkeypatch.setattr(choice, "BUDGET", 0.0 if not order else 1e9)
    solver = ChosenSolver(kind, compiled=order)
    solver(draw_stages(0, PAYOFFS[kind], (2, 2, 2, 2), ["normal"] * 3))
    assert bool(used) == solver.compiled == order


def test_estimates_grow_with_stages_and_sizes():
    for kind, payoffs in PAYOFFS.items():
        base = estimate_seconds(kind, (payoffs, 10, 2, 2, 2, 2))
        assert estimate_seconds(kind, (payoffs, 20, 2, 2, 2, 2)) == pytest.approx(2 * base)
        assert estimate_seconds(kind, (payoffs, 10, 9, 4, 9, 4)) >= base
    assert estimate_seconds(StageKind.TEAM, (1, 1, 30, 2, 30, 2)) > choice.BUDGET


def test_code_is_made_anew_where_it_cannot_be_kept(monkeypatch):
    njit = numba.njit

    def nowhere(*args, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(*args, **options)

    def fill(out):
        out[0] = 1.0

    monkeypatch.setattr(numba, "njit", nowhere)
    out = np.zeros(1)
    compile_kernel(fill)(out)
    assert out[0] == 1


INNER = """
from posg.runtime.solvers.kernels.compiling import compile_kernel
SCALE = {scale}
@compile_kernel
def inner(x):
    return x + {shift}
"""
OUTER = """
from posg.runtime.solvers.kernels.compiling import compile_kernel
from kernel_inner import SCALE, inner
@compile_kernel
def outer(x):
    return SCALE * inner(x)
"""


def test_kept_code_is_not_used_when_what_it_calls_has_changed(monkeypatch, tmp_path):
    (tmp_path / "kernel_outer.py").write_text(OUTER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    hits = []
    for scale, shift in [(2, 1), (2, 1), (3, 1), (3, 4)]:
        (tmp_path / "kernel_inner.py").write_text(INNER.format(scale=scale, shift=shift))
        importlib.invalidate_caches()
        for name in ("kernel_inner", "kernel_outer"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        outer = importlib.import_module("kernel_outer").outer
        assert outer(1) == scale * (1 + shift)
        hits.append(sum(outer.stats.cache_hits.values()))
    assert hits == [0, 1, 0, 0]


GAMES = [
    (one_step_delay, {"horizon": 3, "states": 2}),
    (one_step_delay, {"horizon": 2, "actions": 3, "observations": 3, "initial_observations": True}),
    (one_directional, {"horizon": 2, "initial_observations": True, "discount": 0.5}),
    (full, {"horizon": 3, "states": 2, "discount": 0.9}),
]


@pytest.mark.parametrize(("structure", "options"), GAMES)
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("concept", ["nash", "ce", "cce"])
@pytest.mark.parametrize("seed", range(2))
def test_general_sum_plans_are_equilibria(structure, options, compiled, concept, seed):
    game = random_game(seed, kind="general", **options)
    information = structure(game)
    for merge in (True, False):
        nodes = expand_common_information(game, information, merge=merge)
        solution = plan(game, nodes, concept=concept, compiled=compiled)
        assert solution.concept == solution.policy.concept == concept
        assert solution.stages == sum(nodes.node_counts)
        assert solution.fallbacks == 0
        assert solution.stage_gap < 1e-10
        evaluation = evaluate_policy(game, information, solution.policy)
        assert solution.value == pytest.approx(evaluation.value, abs=1e-9)
        assert evaluation.missing == 0
        certificate = certify_policy(game, information, solution.policy, concept=concept)
        assert certificate.method == "exact"
        assert certificate.gap < 1e-7


@pytest.mark.parametrize("kind", ["team", "zero-sum"])
@pytest.mark.parametrize("concept", ["ce", "cce"])
def test_correlated_equilibria_of_team_and_zero_sum_games(kind, concept):
    game = random_game(3, kind=kind, states=2)
    information = one_step_delay(game)
    nodes = expand_common_information(game, information)
    solution = plan(game, nodes, concept=concept)
    assert solution.value == pytest.approx(plan(game, nodes, concept="nash").value)
    certificate = certify_policy(game, information, solution.policy, concept=concept)
    assert certificate.gap < 1e-9


@pytest.mark.parametrize(("kind", "agents"), [("team", 2), ("team", 3), ("zero-sum", 2)])
def test_plans_are_worth_the_same_with_kernels(kind, agents):
    game = random_game(1, kind=kind, agents=agents, states=2, initial_observations=True, horizon=2)
    nodes = expand_common_information(game, one_step_delay(game))
    plain = plan(game, nodes, concept="nash", compiled=False)
    fast = plan(game, nodes, concept="nash", compiled=True)
    assert plain.value == pytest.approx(fast.value, abs=1e-10)
    for one, other in zip(plain.node_values, fast.node_values, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_values_of_nodes_are_each_agents_own():
    """The last step of a general-sum game: the value of a node is what its stage pays."""
    game = random_game(2, kind="general", horizon=1, initial_observations=True)
    nodes = expand_common_information(game, full(game))
    solution = plan(game, nodes, concept="nash")
    (values,) = solution.node_values
    assert values.shape == (2, nodes.node_counts[0])
    expected = values[:, nodes.roots.child] @ nodes.roots.probability
    assert solution.value == pytest.approx(expected)
    assert not np.allclose(values[0], values[1])
