"""Laws of variables: what each rule reads, in which order, and its exact table on given rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from graphlib import CycleError, TopologicalSorter

import numpy as np
from numpy.typing import NDArray

from posg.grammar import syntax
from posg.grammar.diagnostics import Bag
from posg.grammar.node import Record

from .columns import Rows, SymbolTable
from .distributions import Outcomes, outcomes, size_of
from .evaluate import Fault, World, evaluate, table_frame
from .model import GameModel, Parameter, RewardRule, Rule, Variable, value_text
from .ranges import Box

Read = tuple[Variable, bool]
Columns = Mapping[Read, Rows]


class Footprint(Record):
    """What an expression reads; ``variables`` in a fixed order, True marks a primed one."""

    variables: tuple[Read, ...]
    parameters: frozenset[str]
    reads_step: bool


class Law(Record):
    """A rule and its footprint."""

    rule: Rule
    footprint: Footprint


def make_world(
    model: GameModel,
    *,
    step: int = 1,
    box: Box | None = None,
    interior: frozenset[str] = frozenset(),
    explore: bool = False,
    parameters: Mapping[str, Fraction] | None = None,
) -> World:
    """World in which the rules of a game are evaluated."""
    values = {name: p.value for name, p in model.scope.parameters.items()}
    return World(
        scope=model.scope,
        symbols=SymbolTable(tuple(model.scope.symbols)),
        parameters={**values, **(parameters or {})},
        box=box or {},
        interior=interior,
        explore=explore,
        step=step,
        rewards=model.rewards,
        observations=model.observations,
        actions=model.actions,
    )


def zero_columns() -> Columns:
    """Any variable, at its first value, on one row."""
    return defaultdict(lambda: np.zeros(1, dtype=np.int64))


def footprint_of(world: World) -> Footprint:
    """What was read in a world that explored."""
    order = sorted(world.reads, key=lambda read: (read[0].role.value, read[0].label, read[1]))
    return Footprint(
        variables=tuple(order),
        parameters=frozenset(world.read_parameters),
        reads_step=bool(world.read_step),
    )


def explore_rule(model: GameModel, rule: Rule) -> Law:
    """Find what a rule reads by following every branch once."""
    world = make_world(model, explore=True)
    frame = table_frame(world, 1, zero_columns(), rule.bindings)
    outcomes(rule.value, frame, rule.targets)
    return Law(rule=rule, footprint=footprint_of(world))


def explore_reward(model: GameModel, rule: RewardRule) -> Footprint:
    """Find what a reward reads."""
    world = make_world(model, explore=True)
    evaluate(rule.value, table_frame(world, 1, zero_columns(), rule.bindings))
    return footprint_of(world)


def order_laws(laws: Sequence[Law], *, primed: bool, bag: Bag) -> tuple[Law, ...]:
    """Sort laws so that each comes after those whose targets it reads.

    ``primed`` says on which side of the step the targets are. Reports P0301 for a cycle.
    """
    owner = {target: law for law in laws for target in law.rule.targets}
    place = {id(law): number for number, law in enumerate(laws)}
    graph: dict[int, set[int]] = {}
    for number, law in enumerate(laws):
        needed = {
            place[id(owner[variable])]
            for variable, is_primed in law.footprint.variables
            if is_primed == primed and variable in owner
        }
        graph[number] = needed
    try:
        return tuple(laws[number] for number in TopologicalSorter(graph).static_order())
    except CycleError as error:
        numbers: list[int] = list(error.args[1])
        cycle = " -> ".join(laws[n].rule.label + ("'" if primed else "") for n in numbers[::-1])
        spans = [laws[n].rule.span for n in dict.fromkeys(numbers)]
        bag.report("P0301", spans[0], cycle=cycle, others=spans[1:])
        return tuple(laws)


@dataclass(frozen=True, slots=True)
class Table:
    """A law on given rows: row r has ``code[offsets[r]:offsets[r + 1]]``, each with its probability.

    Codes within a row are distinct and ascending, probabilities positive and of sum 1.
    """

    offsets: NDArray[np.int64]
    code: Rows
    probability: NDArray[np.float64]


class Problem(Record):
    """A row on which a law is not a distribution."""

    code: str
    row: int
    facts: Mapping[str, str]


def sum_facts(rule: Rule) -> dict[str, str]:
    """What a rule with a single listed distribution adds up, and what its ``else`` stands for."""
    found = [d for d in _branches(rule.value) if isinstance(d, syntax.Distribution)]
    if len(found) != 1:
        return {}
    entries, otherwise = found[0].entries, found[0].otherwise
    terms = [entry.probability for entry in entries]
    if otherwise is not None:
        terms.append(otherwise)
    summed = (syntax.Number, syntax.Name, syntax.Call, syntax.Binary)
    facts = {"terms": " + ".join(_operand_text(term, summed) for term in terms)}
    if otherwise is not None:
        facts["rest"] = otherwise.span.text
        # Entries may have equal values on some rows; one entry cannot.
        others = size_of(rule.targets) - 1
        if len(entries) == 1 and others > 1:
            facts["others"] = str(others)
            plain = (syntax.Number, syntax.Name, syntax.Call)
            facts["scaled"] = f"{others} * {_operand_text(otherwise, plain)}"
    return facts


def _branches(value: syntax.Expr) -> Iterator[syntax.Expr]:
    """The values between which a law chooses."""
    match value:
        case syntax.If():
            yield from _branches(value.then)
            yield from _branches(value.otherwise)
        case syntax.Match():
            for arm in value.arms:
                yield from _branches(arm.value)
        case _:
            yield value


def _operand_text(value: syntax.Expr, plain: tuple[type[syntax.Node], ...]) -> str:
    """An expression as written, in parentheses unless it is of a plain kind."""
    text = " ".join(value.span.text.split())
    return text if isinstance(value, plain) else f"({text})"


_SILENT = Fraction(1, 10**9)
_WARNED = Fraction(1, 10**6)


def sorted_by_row(found: Outcomes) -> tuple[Outcomes, Rows, Rows]:
    """Outcomes sorted by row; the rows that occur and the offsets of their entries."""
    order = np.argsort(found.row, kind="stable")
    row = found.row[order]
    starts = np.flatnonzero(np.r_[True, row[1:] != row[:-1]]) if len(row) else np.zeros(0, int)
    ordered = Outcomes(row, found.code[order], found.probability.take(order))
    return ordered, row[starts], np.r_[starts, len(row)].astype(np.int64)


def sum_problems(found: Outcomes) -> list[Problem]:
    """Rows whose probabilities (with parameters bound) are negative or do not sum to 1."""
    ordered, rows, offsets = sorted_by_row(found)
    if not len(rows):
        return []
    problems: list[Problem] = []
    plain = ordered.probability.plain
    assert plain is not None
    negative = np.flatnonzero(np.broadcast_to(plain.sign() < 0, ordered.row.shape))
    if len(negative):
        place = int(negative[0])
        value = str(plain.fraction(place))
        problems.append(Problem(code="P0303", row=int(ordered.row[place]), facts={"value": value}))
    totals = ordered.probability.sums(offsets).plain
    assert totals is not None
    wrong = np.flatnonzero(np.broadcast_to(totals.numerator != totals.denominator, rows.shape))
    worst = max(wrong, key=lambda k: abs(totals.fraction(int(k)) - 1), default=None)
    if worst is not None:
        total = totals.fraction(int(worst))
        distance = abs(total - 1)
        if distance > _SILENT:
            code = "P0302" if distance <= _WARNED else "P0204"
            shown = str(total) if total.denominator < 10**6 else repr(float(total))
            problems.append(Problem(code=code, row=int(rows[worst]), facts={"sum": shown}))
    return problems


def tabulate(
    law: Law, world: World, columns: Columns, count: int
) -> tuple[Table, list[Problem], list[Fault]]:
    """Table of a law on the rows that ``columns`` describe, with every parameter bound.

    Sums within 1e-6 of 1 are normalised (a problem is returned beyond 1e-9).
    """
    faults_before = len(world.faults)
    frame = table_frame(world, count, columns, law.rule.bindings)
    found = outcomes(law.rule.value, frame, law.rule.targets)
    faults = world.faults[faults_before:]
    problems = sum_problems(found)
    plain = found.probability.plain
    assert plain is not None
    weights = np.broadcast_to(plain.floats(), found.row.shape)
    size = 1 + int(found.code.max(initial=0))
    keys = found.row * size + found.code
    keys, weights = sum_by_key(keys, weights)
    keep = weights > 0
    keys, weights = keys[keep], weights[keep]
    row = keys // size
    offsets = np.searchsorted(row, np.arange(count + 1))
    totals = np.zeros(count)
    np.add.at(totals, row, weights)
    # Exact sums are checked above; this only removes the rounding of the conversion to float64.
    scale = np.where(np.abs(totals - 1) > 1e-15, totals, 1.0)[row]
    return Table(offsets.astype(np.int64), keys % size, weights / scale), problems, faults


def sum_by_key(keys: Rows, weights: NDArray[np.float64]) -> tuple[Rows, NDArray[np.float64]]:
    """Sort by key and add up the weights of equal keys."""
    if len(keys) == 0:
        return keys, np.asarray(weights, dtype=np.float64)
    if np.any(keys[1:] < keys[:-1]):
        order = np.argsort(keys, kind="stable")
        keys, weights = keys[order], weights[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    if len(starts) == len(keys):
        return keys, np.asarray(weights, dtype=np.float64)
    return keys[starts], np.add.reduceat(weights, starts)


def all_rows(reads: Iterable[Read]) -> tuple[Columns, int]:
    """Columns that run through every assignment of some variables."""
    reads = tuple(reads)
    sizes = tuple(len(variable.domain) for variable, _ in reads)
    count = int(np.prod(sizes, dtype=np.int64)) if sizes else 1
    grid = np.unravel_index(np.arange(count), sizes) if sizes else ()
    return {
        read: np.asarray(codes, dtype=np.int64) for read, codes in zip(reads, grid, strict=True)
    }, count


def row_text(columns: Columns, row: int) -> str | None:
    """``tiger=left, act[alice]=listen``; None if nothing is read."""
    parts = [
        f"{variable.label}{chr(39) if primed else ''}="
        f"{value_text(variable.domain.values[int(codes[row])])}"
        for (variable, primed), codes in columns.items()
    ]
    return ", ".join(parts) or None


def assignment_text(values: Mapping[str, object]) -> str | None:
    """``accuracy = 17/20``; None if empty."""
    return ", ".join(f"{name} = {value}" for name, value in values.items()) or None


def ranged(parameters: Iterable[Parameter]) -> dict[str, tuple[Fraction, Fraction]]:
    """The box of the real parameters that have a range of more than a point."""
    return {
        p.name: p.interval
        for p in parameters
        if p.interval is not None and p.interval[0] < p.interval[1]
    }
