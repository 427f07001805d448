"""``posg test``: the ``expect`` statements of spec files."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from posg.api.limits import Limits
from posg.api.recall import recall_json, recall_text
from posg.api.sequences import SEQUENCE_FORM, suits_sequences
from posg.api.solving import solve_compiled
from posg.api.wording import number_text, problem_diagnostic, problem_text
from posg.compiler.compressions import Compression, resolve_compression
from posg.compiler.expectations import (
    Expectation,
    check_expectations,
    refuses_structure,
    resolve_expectation,
)
from posg.compiler.pipeline import (
    CheckedGame,
    Compiled,
    Request,
    check_game,
    check_uses,
    chosen_compression,
    compile_game,
)
from posg.compiler.program import Program
from posg.compiler.structural_independence import decide_strategy_independence
from posg.grammar import syntax
from posg.grammar.diagnostics import Bag, SpecError
from posg.runtime import (
    Certificate,
    StrategyDependenceError,
    check_perfect_recall,
    count_common_information,
    measure_observability,
)
from posg.runtime.errors import ProblemError

from .inputs import FailedError, limits_of, load_program
from .output import OK, PROBLEM, diagnostics_json, show_diagnostics, show_json

# What rounding of float64 may add up to in a value or gap that is compared without `+-`.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one expectation; ``passed`` is None when posg cannot decide it yet."""

    file: str
    line: int
    text: str
    passed: bool | None
    found: str


def test(options: argparse.Namespace) -> int:
    """Run every expectation below the given paths."""
    paths: list[Path] = []
    for name in options.paths:
        path = Path(name)
        paths.extend(sorted(path.rglob("*.posg")) if path.is_dir() else [path])
    outcomes: list[Outcome] = []
    found = Bag()
    broken = 0
    for path in paths:
        bag = Bag()
        try:
            program = load_program(str(path), bag)
            for game in program.games:
                if game in program.spec.items:
                    outcomes += run_game(program, game, str(path), limits_of(options), bag)
        except FailedError as error:
            bag = error.bag
        if bag.has_errors:
            broken += 1
            show_diagnostics(bag.diagnostics)
            found.extend(bag.diagnostics)
    failed = sum(outcome.passed is False for outcome in outcomes)
    passed = sum(outcome.passed is True for outcome in outcomes)
    undecided = len(outcomes) - failed - passed
    if options.format == "json":
        show_json(
            {
                "schema": "posg.test/1",
                "files": len(paths),
                "broken": broken,
                "passed": passed,
                "failed": failed,
                "undecided": undecided,
                "outcomes": [
                    {
                        "file": o.file,
                        "line": o.line,
                        "expect": o.text,
                        "passed": o.passed,
                        "found": o.found,
                    }
                    for o in outcomes
                ],
                "diagnostics": diagnostics_json(found),
            }
        )
    else:
        for outcome in outcomes:
            if outcome.passed is not True:
                word = "FAILED" if outcome.passed is False else "not decided"
                print(f"{outcome.file}:{outcome.line}: {word}: {outcome.text}")
                print(f"  found {outcome.found}")
        print(
            f"{len(paths)} files, {passed} expectations hold, {failed} fail, "
            f"{undecided} not decided, {broken} files with errors"
        )
    return PROBLEM if failed or broken else OK


def run_game(
    program: Program, game: syntax.Game, file: str, limits: Limits, bag: Bag
) -> list[Outcome]:
    """Outcomes of one game's expectations; those that cannot be decided go to the bag."""
    of_game = Bag()
    checked = check_game(program, Request(game=game.name), of_game)
    bag.extend(of_game.diagnostics)
    if checked is None:
        return []
    check_uses(checked, bag)
    check_expectations(program, game, bag)
    outcomes: list[Outcome] = []
    compiled_before: dict[tuple[object, ...], Compiled] = {}
    for item in game.items:
        if not isinstance(item, syntax.Expect):
            continue
        line = item.span.source.position(item.span.start)[0]
        try:
            expectation = resolve_expectation(checked.model, item)
            passed, found = decide(program, checked, expectation, limits, compiled_before)
        except (SpecError, FailedError) as error:
            bag.extend(error.bag.diagnostics)
            continue
        except ProblemError as error:
            from posg.grammar.render import word

            diagnostic = problem_diagnostic(error)
            passed, found = None, f"{diagnostic.code}: {word(diagnostic).text}"
        text = " ".join(item.span.text.split())
        outcomes.append(Outcome(file=file, line=line, text=text, passed=passed, found=found))
    return outcomes


def decide(
    program: Program,
    checked: CheckedGame,
    expectation: Expectation,
    limits: Limits,
    compiled_before: dict[tuple[object, ...], Compiled],
) -> tuple[bool | None, str]:
    """Whether an expectation holds, and what was found; None if posg cannot say yet."""
    key = (
        expectation.structure,
        expectation.horizon,
        tuple(sorted(expectation.settings.items())),
    )
    compiled = compiled_before.get(key)
    if compiled is None:
        bag = Bag()
        request = Request(
            game=checked.syntax.name,
            structure=expectation.structure,
            horizon=expectation.horizon,
            values=expectation.settings,
        )
        compiled = compile_game(program, request, bag)
        if compiled is None:
            if expectation.subject == "assumption_1" and refuses_structure(bag):
                codes = ", ".join(d.code for d in bag.diagnostics)
                return expectation.negated, f"refused with {codes}"
            raise FailedError(bag)
        compiled_before[key] = compiled
    verdict = verdict_of(expectation.subject, compiled)
    if verdict is not None:
        holds, found = verdict
        return (None if holds is None else holds is not expectation.negated), found
    call = expectation.compression or chosen_compression(checked)
    quantities = quantities_of(expectation, compiled, call, limits)
    if isinstance(quantities, str):
        return None, quantities
    holds = all(_compare(expectation, quantity) for quantity in quantities)
    shown = ", ".join(dict.fromkeys(number_text(quantity) for quantity in quantities))
    return holds is not expectation.negated, shown


def verdict_of(subject: str, compiled: Compiled) -> tuple[bool | None, str] | None:
    """A verdict and its words; None if the subject is a quantity."""
    match subject:
        case "assumption_1":
            return True, "it holds"
        case "assumption_2":
            measured = measure_observability(compiled.game)
            bounds = measured.bounds
            shown = f"gamma between {number_text(bounds.lower)} and {number_text(bounds.upper)}"
            if bounds.exact:
                shown = f"gamma = {number_text(bounds.upper)}"
            return measured.holds, shown
        case "assumption_3":
            found, _ = decide_strategy_independence(compiled)
            if found.limit is not None:
                return None, problem_text(found.limit)
            return found.holds, "it holds" if found.holds else "it fails"
        case "perfect_recall":
            recall = check_perfect_recall(compiled.game, compiled.information)
            lines = recall_text(recall_json(recall))
            return recall.holds, "; ".join(line.strip() for line in lines)
        case _:
            return None


def quantities_of(
    expectation: Expectation,
    compiled: Compiled,
    compression: syntax.StructureCall | None,
    limits: Limits,
) -> list[float] | str:
    """The numbers to compare, or why there are none."""
    agents = compiled.game.agents
    place = None if expectation.agent is None else agents.index(expectation.agent)
    match expectation.subject:
        case "observability":
            gamma = measure_observability(compiled.game)
            return str(gamma.reason) if gamma.gamma is None else [gamma.gamma]
        case "common_size" | "private_size":
            sizes = count_common_information(compiled.game, compiled.information)
            found = (
                sizes.private[-1] if expectation.subject == "private_size" else sizes.bounds[-1:]
            )
            if not sizes.complete:
                return f"at most {max(found)}; there are too many supports to count"
            return [float(size) for i, size in enumerate(found) if place in (None, i)]
        case _:
            chosen = resolve_compression(compression, compiled.checked.model)
            certificate = _solve(compiled, expectation.concept, chosen, limits)
            if expectation.subject == "gap":
                if certificate.gap is None:
                    return str(certificate.reason)
                upper = expectation.op in (syntax.BinaryOp.LE, syntax.BinaryOp.LT)
                if certificate.method == "bound" and not (
                    upper and _compare(expectation, certificate.gap)
                ):
                    return f"at most {number_text(certificate.gap)}"
                return [certificate.gap]
            values = list(certificate.value.values())
            return [value for i, value in enumerate(values) if place in (None, i)]


def _solve(
    compiled: Compiled, concept: str | None, compression: Compression, limits: Limits
) -> Certificate:
    """Solve by whichever method applies: an expectation is about the game."""
    solve = partial(
        solve_compiled,
        compiled,
        concept=concept,
        compression=compression,
        tolerance=1e-6,
        limits=limits,
    )
    try:
        return solve()[1]
    except StrategyDependenceError:
        if not (compression.lossless and suits_sequences(compiled)):
            raise
        return solve(method=SEQUENCE_FORM)[1]


def _compare(expectation: Expectation, found: float) -> bool:
    """Whether a quantity is as it is expected to be, but for a ``not``."""
    assert expectation.op is not None and expectation.value is not None
    return compare(found, expectation.op, float(expectation.value), float(expectation.tolerance))


def compare(found: float, op: syntax.BinaryOp, wanted: float, tolerance: float) -> bool:
    """Compare up to a tolerance and up to rounding.

    Numbers that differ by rounding alone are equal, so neither is less than the other.
    """
    match op:
        case syntax.BinaryOp.EQ:
            return abs(found - wanted) <= tolerance + ROUNDING
        case syntax.BinaryOp.NE:
            return abs(found - wanted) > tolerance + ROUNDING
        case syntax.BinaryOp.LE:
            return found <= wanted + tolerance + ROUNDING
        case syntax.BinaryOp.LT:
            return found < wanted + tolerance - ROUNDING
        case syntax.BinaryOp.GE:
            return found >= wanted - tolerance - ROUNDING
        case _:
            return found > wanted - tolerance + ROUNDING
