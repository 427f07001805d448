"""Checks of the rules: types, order, and that every law is a distribution for all parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posg.grammar.diagnostics import Bag, SpecError
from posg.grammar.node import Record

from .columns import Rows
from .distributions import Outcomes, outcomes
from .evaluate import World, table_frame
from .laws import (
    Columns,
    Footprint,
    Law,
    all_rows,
    assignment_text,
    explore_reward,
    explore_rule,
    make_world,
    order_laws,
    ranged,
    row_text,
    sorted_by_row,
    sum_facts,
    sum_problems,
)
from .model import GameModel, Rule
from .numbers import Number
from .ranges import Box, Piece, Sign, SplitNeededError, UndecidedError, witness
from .types import NUMBER, Context, Place, check_assignment, expect, value_type

MAX_CHECKED_ROWS = 200_000
MAX_PIECES = 200


class CheckedDynamics(Record):
    """The laws in an order in which they can be evaluated, and what the rewards read."""

    initial: tuple[Law, ...]
    transitions: tuple[Law, ...]
    emissions: tuple[Law, ...]
    rewards: tuple[Footprint, ...]


def check_dynamics(model: GameModel, bag: Bag) -> CheckedDynamics | None:
    """Check types, order and distributions of a game; None if errors were reported."""
    check_types(model, bag)
    if bag.has_errors:
        return None
    explored: list[list[Law]] = []
    for rules in (model.initial, model.transitions, model.emissions):
        explored.append([_explore(model, rule, bag) for rule in rules if not bag.has_errors])
    if bag.has_errors:
        return None
    checked = CheckedDynamics(
        initial=order_laws(explored[0], primed=False, bag=bag),
        transitions=order_laws(explored[1], primed=True, bag=bag),
        emissions=order_laws(explored[2], primed=True, bag=bag),
        rewards=tuple(explore_reward(model, rule) for rule in model.rewards),
    )
    for laws in (checked.initial, checked.transitions, checked.emissions):
        for law in laws:
            check_law(model, law, bag)
    return None if bag.has_errors else checked


def _explore(model: GameModel, rule: Rule, bag: Bag) -> Law:
    try:
        return explore_rule(model, rule)
    except SpecError as error:
        bag.extend(error.bag.diagnostics)
        footprint = Footprint(variables=(), parameters=frozenset(), reads_step=False)
        return Law(rule=rule, footprint=footprint)


def check_types(model: GameModel, bag: Bag) -> None:
    """Check the types of every rule and reward, once for each statement."""
    seen: set[tuple[int, tuple[object, ...]]] = set()
    kinds = (
        (model.initial, Place.INITIAL),
        (model.transitions, Place.TRANSITION),
        (model.emissions, Place.EMISSION),
    )
    for rules, place in kinds:
        for rule in rules:
            key = (id(rule.value), tuple(target.domain for target in rule.targets))
            if key in seen:
                continue
            seen.add(key)
            local = {name: value_type(value) for name, value in rule.bindings.items()}
            context = Context(scope=model.scope, place=place, bag=bag, local=local)
            check_assignment(rule.value, rule.targets, context, random=rule.random)
    for reward in model.rewards:
        local = {name: value_type(value) for name, value in reward.bindings.items()}
        context = Context(scope=model.scope, place=Place.REWARD, bag=bag, local=local)
        expect(reward.value, NUMBER, context)
    _check_reward_cycles(model, bag)


def _check_reward_cycles(model: GameModel, bag: Bag) -> None:
    """A reward may read another agent's, never its own, however far round."""
    from posg.grammar import syntax

    def named(node: object) -> set[str]:
        if isinstance(node, syntax.Name) and node.name == "reward":
            return {node.span.text}
        if isinstance(node, tuple):
            return set().union(*(named(item) for item in node)) if node else set()
        if isinstance(node, syntax.Node):
            return set().union(*(named(getattr(node, name)) for name in type(node).compared))
        return set()

    reads = {rule.agent.name: (rule, named(rule.value)) for rule in model.rewards}
    for start, (rule, _) in reads.items():
        trail, pending = {start}, [start]
        while pending:
            current = pending.pop()
            bound, texts = reads[current]
            for text in texts:
                inner = text[text.index("[") + 1 : -1].strip()
                agent = str(bound.bindings.get(inner, inner))
                if agent == start:
                    bag.report("P0304", rule.span, agent=start)
                    pending.clear()
                    break
                if agent in reads and agent not in trail:
                    trail.add(agent)
                    pending.append(agent)


def check_law(model: GameModel, law: Law, bag: Bag) -> None:
    """Check a law on every assignment of what it reads, if those are not too many.

    With real parameters in it, the law is proved for their whole ranges.
    """
    size = prod(len(variable.domain) for variable, _ in law.footprint.variables)
    outcomes_size = prod(len(target.domain) for target in law.rule.targets)
    if size * min(outcomes_size, 64) > MAX_CHECKED_ROWS * 16 or size > MAX_CHECKED_ROWS:
        return  # The reachable rows are checked when the game is grounded.
    columns, count = all_rows(law.footprint.variables)
    box = ranged(model.scope.parameters[name] for name in sorted(law.footprint.parameters))
    for step in range(1, model.horizon + 1) if law.footprint.reads_step else (1,):
        if box:
            _prove(model, law, columns, count, box, step, bag)
        else:
            world = make_world(model, step=step)
            found = _evaluate(law, world, columns, count)
            _report(model, law, found, world, columns, {}, bag)
        if bag.has_errors:
            return


def _evaluate(law: Law, world: World, columns: Columns, count: int) -> Outcomes:
    frame = table_frame(world, count, columns, law.rule.bindings)
    return outcomes(law.rule.value, frame, law.rule.targets)


def _report(
    model: GameModel,
    law: Law,
    found: Outcomes,
    world: World,
    columns: Columns,
    point: Mapping[str, Fraction],
    bag: Bag,
) -> None:
    """Report what is wrong on rows whose parameters are all bound.

    What only happens on some rows (a division by zero, a value outside its domain) is an error only
    if one of them is reached, which shows when the game is grounded.
    """
    faulty: set[int] = set()
    rows = len(next(iter(columns.values()), (0,)))
    for fault in world.faults:
        faulty.update(int(row) for row in fault.rows)
        everywhere = fault.code == "P0310" and len(fault.rows) == rows
        if fault.code in ("P0306", "P0308") or everywhere:
            where = row_text(columns, int(fault.rows[0]))
            bag.report(fault.code, fault.span, fault.facts, where=where, target=law.rule.label)
    values = point or {
        name: model.scope.parameters[name].value for name in sorted(law.footprint.parameters)
    }
    for problem in sum_problems(_without(found, faulty)):
        bag.report(
            problem.code,
            law.rule.value.span,
            {**sum_facts(law.rule), **problem.facts},
            target=_target(law),
            where=row_text(columns, problem.row),
            parameters=assignment_text(values),
        )


def _target(law: Law) -> str:
    primes = "" if law.rule.span.text.lstrip().startswith("init") else "'"
    return law.rule.label + primes


def _without(found: Outcomes, rows: set[int]) -> Outcomes:
    """The outcomes of the rows that had no fault."""
    if not rows:
        return found
    keep = np.flatnonzero(~np.isin(found.row, sorted(rows)))
    return Outcomes(found.row[keep], found.code[keep], found.probability.take(keep))


def _prove(
    model: GameModel, law: Law, columns: Columns, count: int, box: Box, step: int, bag: Bag
) -> None:
    """Prove a law over a box of parameters, splitting it where a condition changes."""
    pending = [Piece(box)]
    for _ in range(MAX_PIECES):
        if not pending:
            return
        piece = pending.pop()
        points = {name: low for name, (low, high) in piece.box.items() if low == high}
        rest = {name: ends for name, ends in piece.box.items() if name not in points}
        world = make_world(model, step=step, box=rest, interior=piece.interior, parameters=points)
        try:
            found = _evaluate(law, world, columns, count)
            if rest:
                _check_symbolic(law, found, world, columns, points, bag)
            else:
                _report(model, law, found, world, columns, points, bag)
        except SplitNeededError as needed:
            pending.extend(piece.split(needed.name, needed.point))
        except UndecidedError:
            bag.report("P0305", law.rule.value.span, target=_target(law))
            return
        if bag.has_errors:
            return
    bag.report("P0305", law.rule.value.span, target=_target(law))


def _check_symbolic(
    law: Law,
    found: Outcomes,
    world: World,
    columns: Columns,
    points: Mapping[str, Fraction],
    bag: Bag,
) -> None:
    """Report a law that fails somewhere in the box: entries below 0, or a sum that is not 1."""
    box = world.box
    faulty: set[int] = set()
    for fault in world.faults:
        faulty.update(int(row) for row in fault.rows)
        if fault.code in ("P0306", "P0308", "P0310"):
            where = row_text(columns, int(fault.rows[0]))
            bag.report(fault.code, fault.span, fault.facts, where=where, target=_target(law))
    ordered, rows, offsets = sorted_by_row(_without(found, faulty))
    if not len(rows):
        return
    facts = {"target": _target(law)}
    signs = ordered.probability.signs(box)
    flat = np.broadcast_to(signs, ordered.row.shape)
    for place in _first_of_each(flat):
        sign = flat[place]
        if sign in (Sign.POSITIVE, Sign.ZERO, Sign.NOT_NEGATIVE):
            continue
        where = row_text(columns, int(ordered.row[place]))
        entry: Any = ordered.probability.row(int(place)).to_sympy()[()]
        point = witness(entry, box)
        if point is None:
            bag.report("P0305", law.rule.value.span, facts)
            return
        value = entry.subs({symbol: point[symbol.name] for symbol in entry.free_symbols})
        shown = assignment_text({**points, **point})
        bag.report("P0303", law.rule.value.span, facts, value=value, where=where, parameters=shown)
        return
    excess = ordered.probability.sums(offsets)
    plain = excess.plain
    if plain is not None:
        problems = sum_problems(Outcomes(rows, np.zeros_like(rows), excess))
        for problem in problems:
            bag.report(
                problem.code,
                law.rule.value.span,
                {**sum_facts(law.rule), **facts, **problem.facts},
                where=row_text(columns, problem.row),
                parameters=assignment_text(points),
            )
        return
    _check_sums(law, excess, rows, columns, box, points, bag)


def _first_of_each(values: NDArray[Any]) -> Sequence[int]:  # signs, by identity
    """First place of every distinct sign."""
    return [int(places[0]) for sign in Sign if len(places := np.flatnonzero(values == sign))]


def _check_sums(
    law: Law,
    totals: Number,
    rows: Rows,
    columns: Columns,
    box: Box,
    points: Mapping[str, Fraction],
    bag: Bag,
) -> None:
    """Report the first row whose sum is not identically 1."""
    import sympy

    known: set[object] = set()
    for place, expression in enumerate(np.broadcast_to(totals.to_sympy(), rows.shape)):
        if expression in known:
            continue
        known.add(expression)
        excess = sympy.simplify(expression - 1)
        if excess == 0:
            continue
        symbols: list[Any] = sorted(excess.free_symbols, key=str)
        ends = [(s, box[s.name]) for s in symbols]
        # A sum that is not identically 1 differs from it at the middle or at a corner.
        candidates = [
            {s: sympy.Rational(str(low + (high - low) * part)) for s, (low, high) in ends}
            for part in (Fraction(1, 2), Fraction(0), Fraction(1))
        ]
        chosen = next((c for c in candidates if excess.subs(c) != 0), candidates[0])
        shown = assignment_text(
            {**points, **{symbol.name: value for symbol, value in chosen.items()}}
        )
        bag.report(
            "P0204",
            law.rule.value.span,
            sum_facts(law.rule),
            target=_target(law),
            sum=sympy.simplify(expression.subs(chosen)),
            where=row_text(columns, int(rows[place])),
            parameters=shown,
        )
        return
