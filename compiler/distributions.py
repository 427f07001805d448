"""Laws of variables as tables: for each row the possible outcomes and their exact probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import numpy as np

from posg.grammar import syntax
from posg.grammar.diagnostics import SpecError

from . import numbers
from .columns import Column, Kind, Rows, encode
from .evaluate import Frame, evaluate, match_rows
from .model import Variable
from .numbers import Number
from .rational import Rational

MAX_ENTRIES = 10_000_000


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Entries ``(row, code, probability)``; a pair may occur several times, order is free.

    ``code`` is the mixed-radix number of the targets' codes, the last target fastest.
    """

    row: Rows
    code: Rows
    probability: Number


def outcomes(expression: syntax.Expr, frame: Frame, targets: tuple[Variable, ...]) -> Outcomes:
    """Outcomes of a distribution, or of a value taken as a point mass, on every row."""
    match expression:
        case syntax.If():
            condition = evaluate(expression.condition, frame).mask
            if condition.shape == ():
                taken = expression.then if condition else expression.otherwise
                return outcomes(taken, frame, targets)
            if frame.world.explore:
                everything = np.arange(frame.count)
                both = [(everything, expression.then), (everything, expression.otherwise)]
                return _join(both, frame, targets)
            parts = [
                (np.flatnonzero(condition), expression.then),
                (np.flatnonzero(~condition), expression.otherwise),
            ]
            return _join([(rows, value) for rows, value in parts if len(rows)], frame, targets)
        case syntax.Match():
            taken_arms, _ = match_rows(expression, frame)
            return _join(taken_arms, frame, targets)
        case syntax.Name() if (
            expression.name in frame.world.scope.defines
            and not expression.indices
            and expression.name not in frame.local
            and is_random(expression, frame.world.scope.defines)
        ):
            return outcomes(
                frame.world.scope.defines[expression.name].body, frame.only({}), targets
            )
        case syntax.Call() if is_random(expression, frame.world.scope.defines):
            define = frame.world.scope.defines[expression.function]
            arguments = [evaluate(argument, frame) for argument in expression.arguments]
            bound = dict(zip(define.parameters or (), arguments, strict=True))
            return outcomes(define.body, frame.only(bound), targets)
        case syntax.Uniform():
            return _uniform(expression, frame, targets)
        case syntax.Distribution():
            return _listed(expression, frame, targets)
        case _:
            codes = _codes(expression, frame, targets)
            one = Number.constant(1)
            return Outcomes(np.arange(frame.count), np.broadcast_to(codes, (frame.count,)), one)


def is_random(expression: syntax.Expr, defines: Mapping[str, syntax.Define]) -> bool:
    """Whether an expression is a distribution; defines are looked through, without recursion."""
    match expression:
        case syntax.Uniform() | syntax.Distribution():
            return True
        case syntax.If():
            return is_random(expression.then, defines) or is_random(expression.otherwise, defines)
        case syntax.Match():
            return any(is_random(arm.value, defines) for arm in expression.arms)
        case syntax.Name() | syntax.Call():
            name = expression.name if isinstance(expression, syntax.Name) else expression.function
            define = defines.get(name)
            if define is None:
                return False
            rest = {key: value for key, value in defines.items() if key != name}
            return is_random(define.body, rest)
        case _:
            return False


def size_of(targets: tuple[Variable, ...]) -> int:
    """Number of joint values of the targets."""
    return prod(len(target.domain) for target in targets)


def _join(
    parts: list[tuple[Rows, syntax.Expr]], frame: Frame, targets: tuple[Variable, ...]
) -> Outcomes:
    pieces = [(rows, outcomes(value, frame.take(rows), targets)) for rows, value in parts]
    if not pieces:
        empty = np.zeros(0, dtype=np.int64)
        return Outcomes(empty, empty, Number.of(Rational.whole(empty)))
    return Outcomes(
        np.concatenate([rows[piece.row] for rows, piece in pieces]),
        np.concatenate([piece.code for _, piece in pieces]),
        numbers.concatenate(
            [piece.probability for _, piece in pieces], [len(piece.row) for _, piece in pieces]
        ),
    )


def _codes(expression: syntax.Expr, frame: Frame, targets: tuple[Variable, ...]) -> Rows:
    """Codes of a value in the targets' domains; values outside are recorded as a fault."""
    column = evaluate(expression, frame)
    columns = (column,) if len(targets) == 1 else column.items
    return encode_joint(columns, expression, frame, targets)


def encode_joint(
    columns: tuple[Column, ...],
    expression: syntax.Expr,
    frame: Frame,
    targets: tuple[Variable, ...],
) -> Rows:
    """Joint code of one value per target."""
    total = np.asarray(0)
    for column, target in zip(columns, targets, strict=True):
        if column.kind is Kind.NOTHING or column.absent is not None:
            gone = np.asarray(True) if column.absent is None else column.absent
            frame.fault("P0311", expression.span, gone)
        codes, outside = encode(column, target.domain, frame.world.symbols)
        frame.fault(
            "P0307", expression.span, outside, target=target.label, domain=str(target.domain)
        )
        total = total * len(target.domain) + np.maximum(codes, 0)
    return total


def check_size(count: int, expression: syntax.Expr) -> None:
    """Refuse a distribution with too many entries; P0611."""
    if count > MAX_ENTRIES:
        raise SpecError.single("P0611", expression.span, size=count, limit=MAX_ENTRIES)


def _uniform(expression: syntax.Uniform, frame: Frame, targets: tuple[Variable, ...]) -> Outcomes:
    if expression.values is None:
        size = size_of(targets)
        check_size(size * frame.count, expression)
        share = Number.of(Rational.constant(1) * Rational.constant(size).reciprocal())
        return Outcomes(
            np.repeat(np.arange(frame.count), size), np.tile(np.arange(size), frame.count), share
        )
    count = len(expression.values)
    share = Number.of(Rational.constant(1) * Rational.constant(count).reciprocal())
    rows = np.arange(frame.count)
    codes = [
        np.broadcast_to(_codes(value, frame, targets), (frame.count,))
        for value in expression.values
    ]
    return Outcomes(np.tile(rows, count), np.concatenate(codes), share)


def _listed(
    expression: syntax.Distribution, frame: Frame, targets: tuple[Variable, ...]
) -> Outcomes:
    rows = np.arange(frame.count)
    codes = [
        np.broadcast_to(_codes(entry.value, frame, targets), (frame.count,))
        for entry in expression.entries
    ]
    weights = [evaluate(entry.probability, frame).value for entry in expression.entries]
    row_parts: list[Rows] = [rows] * len(codes)
    if expression.otherwise is not None:
        size = size_of(targets)
        check_size(size * frame.count, expression)
        free = np.ones((frame.count, size), dtype=np.bool_)
        for code in codes:
            free[rows, code] = False
        remaining = free.sum(axis=1)
        rest = evaluate(expression.otherwise, frame).value
        nowhere = np.asarray(remaining == 0)
        if nowhere.any():
            plain = rest.plain
            positive = nowhere if plain is None else nowhere & (plain.numerator != 0)
            frame.fault("P0306", expression.otherwise.span, np.asarray(positive))
        else_rows, else_codes = np.nonzero(free)
        share = rest * Number.of(Rational.whole(np.maximum(remaining, 1)).reciprocal())
        row_parts.append(else_rows)
        codes.append(else_codes)
        weights.append(share.take(else_rows))
    counts = [len(part) for part in row_parts]
    return Outcomes(
        np.concatenate(row_parts), np.concatenate(codes), numbers.concatenate(weights, counts)
    )
