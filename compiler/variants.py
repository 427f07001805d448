"""Checks of a game for every value of its whole-number parameters."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice, product

from posg.grammar import syntax
from posg.grammar.diagnostics import Bag, Severity

from .dynamics import check_dynamics
from .laws import assignment_text
from .model import GameModel
from .names import Overrides, resolve
from .program import Program

MAX_VARIANTS = 32


def check_variants(program: Program, game: syntax.Game, model: GameModel, bag: Bag) -> None:
    """Check the game for the other values in the ranges of its whole-number parameters.

    Such parameters may change domains and families, so each combination is resolved anew. Beyond
    ``MAX_VARIANTS`` combinations a warning says which were checked.
    """
    ranged = [p for p in model.scope.parameters.values() if p.choices and len(p.choices) > 1]
    if not ranged:
        return
    current = tuple(int(p.value) for p in ranged)
    total = 1
    for parameter in ranged:
        total *= len(parameter.choices or ())
    combinations = product(*(p.choices or () for p in ranged))
    for combination in islice(combinations, MAX_VARIANTS):
        if combination == current:
            continue
        values = dict(zip((p.name for p in ranged), combination, strict=True))
        inner = Bag()
        overrides = Overrides(
            parameters={name: Fraction(value) for name, value in values.items()},
            horizon=model.horizon,
        )
        variant = resolve(program, game, overrides, inner)
        if variant is not None:
            check_dynamics(variant, inner)
        errors = [d for d in inner.diagnostics if d.severity is Severity.ERROR]
        if errors:
            from posg.grammar.render import word

            first = errors[0]
            bag.report(
                "P0313",
                ranged[0].span,
                parameters=assignment_text(values),
                inner=word(first).text,
                others=[first.span] if first.span is not None else [],
            )
            return
    if total > MAX_VARIANTS:
        bag.report("P0312", ranged[0].span, count=total, checked=f"{MAX_VARIANTS} of them")
