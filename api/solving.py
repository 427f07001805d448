"""Plans with certificates: what ``posg solve`` does with a compiled game."""

from __future__ import annotations

import time

from posg.compiler.compressions import Compression
from posg.compiler.pipeline import Compiled
from posg.runtime import (
    Certificate,
    GameClass,
    Policy,
    StrategyDependenceError,
    bound_gap,
    classify_game,
    plan,
)

from .expanding import certify, expand
from .limits import Limits
from .sequences import SEQUENCE_FORM, solve_sequences, suggest_sequences

DYNAMIC_PROGRAMMING = "dynamic-programming"
PERSON_BY_PERSON = "person-by-person"


def default_concept(compiled: Compiled) -> str:
    """``team`` for a team game, ``nash`` for zero-sum, ``cce`` otherwise."""
    match classify_game(compiled.game):
        case GameClass.TEAM:
            return "team"
        case GameClass.ZERO_SUM:
            return "nash"
        case GameClass.GENERAL_SUM:
            return "cce"


def solve_compiled(
    compiled: Compiled,
    *,
    concept: str | None,
    compression: Compression,
    tolerance: float,
    method: str = DYNAMIC_PROGRAMMING,
    select: str | None = None,
    bounded: bool = False,
    limits: Limits,
) -> tuple[Policy, Certificate, dict[str, object]]:
    """Plan and certify; returns the policy, its certificate and the facts about the model.

    ``bounded`` adds the ``bound`` that needs no listing of common information to these, even where
    the gap is exact.
    """
    person_by_person = method == PERSON_BY_PERSON
    concept = concept or ("nash" if person_by_person else default_concept(compiled))
    if method == SEQUENCE_FORM:
        return solve_sequences(compiled, concept=concept, limits=limits)
    start = time.perf_counter()
    with limits.watch() as watch:
        try:
            nodes = expand(compiled, compression, limits, watch)
        except StrategyDependenceError as error:
            suggest_sequences(compiled, error)
            raise
        solution = plan(
            compiled.game,
            nodes,
            concept=concept,
            tolerance=tolerance,
            select=select,
            person_by_person=person_by_person,
            progress=watch,
        )
        solved = time.perf_counter()
        policy, counts, margin = solution.policy, nodes.node_counts, nodes.margin
        model_nodes = None if compression.lossless else nodes
        del solution, nodes  # beliefs and their certificate need not be in memory together
        certificate = certify(
            compiled, compression, model_nodes, policy, concept=concept, progress=watch
        )
        bound = certificate.gap
        if bounded and model_nodes is not None and certificate.method == "exact":
            found = bound_gap(compiled.game, model_nodes, policy, concept=concept, progress=watch)
            bound = found.gap
    certified = time.perf_counter()
    model: dict[str, object] = {
        "nodes": list(counts),
        "seconds": {"solve": round(solved - start, 4), "certify": round(certified - solved, 4)},
    }
    if not compression.lossless:
        model["dependence"] = margin
    if bounded:
        model["bound"] = bound
    return policy, certificate, model
