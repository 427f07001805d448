"""``posg sweep``: one game in many variants, a row each."""

from __future__ import annotations

import argparse
import csv
import io
import time
from collections.abc import Mapping
from itertools import product
from pathlib import Path

from posg.compiler.compressions import DEFAULT, PARAMETERS, Compression
from posg.compiler.pipeline import Compiled, chosen_compression
from posg.compiler.program import Program
from posg.grammar import syntax
from posg.grammar.diagnostics import Bag, SpecError
from posg.runtime import bound_gap, plan
from posg.runtime.errors import LimitError, ProblemError
from posg.runtime.files import replacing, require_writable

from .axes import Axis
from .expanding import certify, expand
from .inputs import (
    FailedError,
    Limits,
    Watch,
    choose_compression,
    compile_program,
    load_program,
    parse_call,
)
from .output import LIMIT, OK, PROBLEM, diagnostics_json, problem_diagnostic, show_json
from .plots import sweep_svg
from .solving import default_concept

Row = dict[str, object]


def sweep(options: argparse.Namespace) -> int:
    """Solve every combination of the values that ``--vary`` lists, and print a table."""
    names = [axis.name for axis in options.vary]
    for name in {name for name in names if names.count(name) > 1}:
        options.parser.error(f"{name} is varied twice")
    if options.output is not None:
        require_writable(Path(options.output))
    bag = Bag()
    program = load_program(options.file, bag)
    axes: list[Axis] = options.vary
    rows: list[Row] = []
    status = OK
    for values in product(*(axis.values for axis in axes)):
        varied = dict(zip(names, values, strict=True))
        row, worst = _row(program, options, varied)
        rows.append(row)
        status = max(status, worst)
    if options.format == "json":
        show_json({"schema": "posg.sweep/1", "varied": names, "rows": rows})
    table = _table(names, rows)
    drawn = False
    if options.output is not None:
        drawn = options.output.endswith(".svg")
        text = _plot(Path(options.file).stem, rows) if drawn else table
        with replacing(Path(options.output)) as stream:
            stream.write(text.encode())
    if options.format != "json" and (options.output is None or drawn):
        print(table, end="")
    return status


def _row(
    program: Program, options: argparse.Namespace, varied: Mapping[str, str]
) -> tuple[Row, int]:
    """Solve one combination; what goes wrong with it is part of the row."""
    start = time.perf_counter()
    try:
        compiled, compression = _compile(program, _request(options, varied))
        found = _solve(compiled, compression, options)
    except (FailedError, SpecError) as error:
        return {"varied": dict(varied), "problem": _codes(error.bag)}, PROBLEM
    except ProblemError as error:
        status = LIMIT if isinstance(error, LimitError) else PROBLEM
        return {"varied": dict(varied), "problem": _codes(Bag([problem_diagnostic(error)]))}, status
    seconds = round(time.perf_counter() - start, 4)
    return {"varied": dict(varied), **found, "seconds": seconds}, OK


def _codes(bag: Bag) -> list[dict[str, object]]:
    return [entry for entry in diagnostics_json(bag) if entry["severity"] == "error"]


def _request(options: argparse.Namespace, varied: Mapping[str, str]) -> argparse.Namespace:
    """The options of one combination."""
    request = argparse.Namespace(**vars(options))
    request.arguments = {}
    for name, value in varied.items():
        kind, dot, argument = name.partition(".")
        if name == "horizon":
            if not value.isdigit() or value == "0":
                options.parser.error(f"a horizon is a whole number of at least 1, not {value!r}")
            request.horizon = int(value)
        elif name in ("sharing", "compression"):
            setattr(request, name, value)
        elif dot and kind in ("sharing", "compression"):
            request.arguments = {**request.arguments, (kind, argument): value}
        else:
            request.set = {**request.set, name: value}
    return request


def _compile(program: Program, request: argparse.Namespace) -> tuple[Compiled, Compression]:
    """Compile a combination; arguments are put into the calls that were chosen otherwise."""
    compiled = compile_program(program, request, Bag())
    for (kind, name), value in request.arguments.items():
        if kind == "sharing":
            call = parse_call(compiled.information.name)
            parameters = [p.name for p in program.sharings[call.name].parameters]
        else:
            call = _compression_of(compiled, request.compression)
            parameters = list(PARAMETERS.get(call.name, ()))
        setattr(request, kind, _with_argument(call, parameters, name, value))
    if any(kind == "sharing" for kind, _ in request.arguments):
        compiled = compile_program(program, request, Bag())
    return compiled, choose_compression(compiled, request.compression)


def _compression_of(compiled: Compiled, given: str | None) -> syntax.StructureCall:
    """The compression that an argument belongs to."""
    chosen = chosen_compression(compiled.checked)
    if given is not None:
        return parse_call(given)
    return parse_call(str(DEFAULT)) if chosen is None else chosen


def _with_argument(call: syntax.StructureCall, parameters: list[str], name: str, value: str) -> str:
    """The text of a call with one argument replaced or added."""
    given = dict(zip(parameters, (value.span.text for value in call.positional), strict=False))
    given |= {other: kept.span.text for other, kept in call.named}
    given[name] = value
    return f"{call.name}({', '.join(f'{key} = {text}' for key, text in given.items())})"


def _solve(compiled: Compiled, compression: Compression, options: argparse.Namespace) -> Row:
    """Plan and certify; beside the certificate of a compressed plan stands the bound."""
    limits = Limits.of(options)
    concept = options.concept or default_concept(compiled)
    with Watch(limits.seconds) as watch:
        nodes = expand(compiled, compression, limits, watch)
        policy = plan(compiled.game, nodes, concept=concept, progress=watch).policy
        certificate = certify(compiled, compression, nodes, policy, concept=concept, progress=watch)
        bound = certificate.gap
        if not compression.lossless and certificate.method == "exact":
            bound = bound_gap(compiled.game, nodes, policy, concept=concept, progress=watch).gap
    exact = certificate.method == "exact"
    return {
        "sharing": compiled.information.name,
        "compression": str(compression),
        "horizon": compiled.game.horizon,
        "nodes": sum(nodes.node_counts),
        "value": dict(certificate.value),
        "gap": certificate.gap if exact else None,
        "bound": bound,
        "tolerance": certificate.tolerance,
    }


def _plot(title: str, rows: list[Row]) -> str:
    """Values, gaps and bounds of all rows."""
    labels: list[str] = []
    values: dict[str, list[float | None]] = {agent: [] for agent in _agents(rows)}
    gaps: dict[str, list[float | None]] = {"gap": [], "bound": []}
    for row in rows:
        varied, value = row["varied"], row.get("value", {})
        assert isinstance(varied, dict) and isinstance(value, dict)
        labels.append(", ".join(varied.values()))
        for agent, line in values.items():
            line.append(value.get(agent))
        for name, line in gaps.items():
            found = _above(row, name)
            line.append(float(found) if isinstance(found, int | float) else None)
    same = len({tuple(line) for line in values.values()}) == 1
    shown = {"value": next(iter(values.values()))} if same and values else values
    return sweep_svg(title, labels, shown, gaps)


def _agents(rows: list[Row]) -> list[str]:
    """Agents that have a value in some row."""
    agents: dict[str, None] = {}
    for row in rows:
        value = row.get("value", {})
        assert isinstance(value, dict)
        agents |= dict.fromkeys(value)
    return list(agents)


def _table(names: list[str], rows: list[Row]) -> str:
    """The rows as CSV."""
    agents = _agents(rows)
    columns = [*names, "nodes", *(f"value[{agent}]" for agent in agents)]
    columns += ["gap", "bound", "seconds", "problem"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        varied, value, problem = row["varied"], row.get("value", {}), row.get("problem", [])
        assert isinstance(varied, dict) and isinstance(value, dict) and isinstance(problem, list)
        cells: list[object] = [varied[name] for name in names]
        cells += [row.get("nodes"), *(value.get(agent) for agent in agents)]
        cells += [*(_above(row, name) for name in ("gap", "bound")), row.get("seconds")]
        cells.append(" ".join(entry["code"] for entry in problem))
        writer.writerow([_cell(cell) for cell in cells])
    return text.getvalue()


def _above(row: Row, name: str) -> object:
    """A gap, or 0 if it is rounding."""
    gap, tolerance = row.get(name), row.get("tolerance")
    return (
        0 if isinstance(gap, float) and isinstance(tolerance, float) and gap <= tolerance else gap
    )


def _cell(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:.10g}" if isinstance(cell, float) else str(cell)
