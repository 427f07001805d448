"""``posg sweep``: one game in many variants, a row each."""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path

from posg.api.limits import Watch
from posg.api.solving import solve_compiled
from posg.api.wording import problem_diagnostic
from posg.compiler.program import Program
from posg.grammar.diagnostics import Bag, Severity, SpecError
from posg.grammar.render import word
from posg.runtime.errors import LimitError, ProblemError
from posg.runtime.files import require_writable
from posg.runtime.packages import require_package

from .axes import Axis
from .combinations import Combination, check_axes, request_of, require_usage
from .inputs import FailedError, compile_program, limits_of, load_program
from .main import VERSION
from .output import show_diagnostics, show_json
from .processes import ProcessEndedError, run_all
from .solving import compression_of
from .sweep_files import Table
from .sweep_rows import Row, rounded, table_text

Found = tuple[Row, Bag]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What all combinations have in common; a process of its own can have it."""

    program: Program
    options: argparse.Namespace


def sweep(options: argparse.Namespace) -> int:
    """Solve every combination of the values that ``--vary`` lists; print, keep and draw them."""
    axes: list[Axis] = options.vary
    names = [axis.name for axis in axes]
    require_usage(options, axes)
    output = None if options.output is None else Path(options.output)
    plot = None if options.plot is None else Path(options.plot)
    for path in filter(None, (output, plot)):
        require_writable(path)
    if plot is not None:
        require_package("matplotlib", "plot", f"`{plot}`")
    if output is not None and output.suffix == ".parquet":
        require_package("pyarrow", "parquet", f"`{output}`")
    bag = Bag()
    program = load_program(options.file, bag)
    game = check_axes(program, options, bag)
    combinations = [
        dict(zip(names, values, strict=True)) for values in product(*(axis.values for axis in axes))
    ]
    table = Table(output, combinations, _stamp(program, options))
    limits = _limits_text(options)
    pending = [varied for varied in combinations if not table.has(varied, limits)]
    task = Task(program=program, options=_picklable(options))
    problems: dict[int, Bag] = {}

    def tick() -> None:
        table.keep_up()
        watch("combinations", len(problems), len(pending))

    with Watch(None) as watch, table:
        found = run_all(
            partial(solve_combination, task),
            pending,
            min(options.jobs, max(1, len(pending))),
            lost=partial(_lost, limits),
            tick=tick,
        )
        with closing(found):
            for place, (row, problem) in found:
                problems[place] = problem
                table.add(row)
    rows = table.rows
    if plot is not None:
        from .sweep_plots import draw_rows

        draw_rows(plot, axes, rows, game.name)
    _show_problems(bag, rows, problems)
    if options.format == "json":
        show_json(
            {
                "schema": "posg.sweep/1",
                "game": game.name,
                "varied": names,
                "rows": [row.json for row in rows],
                "output": options.output,
                "plot": options.plot,
            }
        )
    else:
        print(table_text(names, rows, options.show))
        if output is not None:
            old = len(rows) - len(pending)
            already = f", {old} of them from before" if old else ""
            print(f"{len(rows)} rows in {output}{already}")
        if plot is not None:
            print(f"drawn in {plot}")
    return max(row.status for row in rows)


def solve_combination(task: Task, varied: Combination, tick: Callable[[], None]) -> Found:
    """Compile, plan and certify one combination; what goes wrong with it is part of the row."""
    start = time.perf_counter()
    bag = Bag()
    row = Row(varied=varied)
    limits = _limits_text(task.options)
    try:
        request = request_of(task.program, task.options, varied)
        row = replace(row, sharing=request.sharing, horizon=request.horizon)
        compiled = compile_program(task.program, request, bag)
        compression = compression_of(compiled, request)
        row = replace(
            row,
            sharing=compiled.information.name,
            compression=str(compression),
            horizon=compiled.game.horizon,
        )
        _, certificate, model = solve_compiled(
            compiled,
            concept=request.concept,
            compression=compression,
            tolerance=request.tolerance,
            method=request.method,
            select=request.select,
            bounded=True,
            limits=replace(limits_of(request), within=tick),
        )
    except (FailedError, SpecError) as error:
        bag.extend(error.bag.diagnostics)
        return _failed(row, bag), bag
    except ProblemError as error:
        bag.add(problem_diagnostic(error))
        limited = isinstance(error, LimitError)
        return _failed(row, bag, limits if limited else None), bag
    nodes, bound = model["nodes"], model.get("bound", certificate.gap)
    assert isinstance(nodes, list)
    assert bound is None or isinstance(bound, float)
    exact = certificate.method == "exact"
    gap = certificate.gap
    row = replace(
        row,
        concept=certificate.concept,
        nodes=tuple(nodes),
        value={agent: rounded(value) for agent, value in certificate.value.items()},
        gap=rounded(gap, certificate.tolerance) if exact and gap is not None else None,
        bound=None if bound is None else rounded(bound, certificate.tolerance),
        certificate=certificate.method,
        seconds=round(time.perf_counter() - start, 4),
        reason=None if exact else certificate.reason,
    )
    return row, bag


def _failed(row: Row, bag: Bag, limits: str | None = None) -> Row:
    """A row that says what is wrong with it."""
    first = next(d for d in bag.diagnostics if d.severity is Severity.ERROR)
    return replace(row, problem=first.code, reason=word(first).text, limits=limits)


def _lost(limits: str, varied: Combination, error: ProcessEndedError) -> Found:
    bag = Bag()
    bag.report("P0617", None, signal=error.signal)
    return _failed(Row(varied=varied), bag, limits), bag


def _show_problems(bag: Bag, rows: Sequence[Row], problems: Mapping[int, Bag]) -> None:
    """Print warnings once, and if nothing was solved all that is wrong with the first combination."""
    for found in problems.values():
        bag.extend(d for d in found.diagnostics if d.severity is Severity.WARNING)
    if problems and all(row.problem is not None for row in rows):
        bag.extend(problems[min(problems)].diagnostics)
    show_diagnostics(bag.diagnostics)


def _picklable(options: argparse.Namespace) -> argparse.Namespace:
    """The options without what argparse put there for itself."""
    kept = {name: value for name, value in vars(options).items() if name not in ("parser", "vary")}
    return argparse.Namespace(**kept)


def _stamp(program: Program, options: argparse.Namespace) -> str:
    """What rows depend on beside their combination, in a few letters."""
    parts = (*program.types, *program.defines, *program.games, *program.sharings.values())
    texts = {part.span.source.name: part.span.source.text for part in parts}
    texts.pop(program.spec.source.name, None)
    fixed = (
        *("game", "sharing", "compression", "horizon", "set", "all_states"),
        *("concept", "tolerance", "method", "select"),
    )
    whole = [
        VERSION,
        program.spec.source.text,
        texts,
        {name: getattr(options, name) for name in fixed},
        sorted(axis.name for axis in options.vary),
    ]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:12]


def _limits_text(options: argparse.Namespace) -> str:
    seconds = "" if options.time is None else f", {options.time:g} s"
    return f"{options.memory} B{seconds}"
