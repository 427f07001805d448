"""How tightly expressions bind, and the chains of operators that bind alike."""

from __future__ import annotations

from enum import IntEnum

from . import syntax


class Level(IntEnum):
    """How tightly an expression binds."""

    LOOSE = 0
    OR = 1
    AND = 2
    NOT = 3
    COMPARISON = 4
    SUM = 5
    PRODUCT = 6
    NEGATION = 7
    PRIMARY = 8


_LEVELS = {
    syntax.BinaryOp.OR: Level.OR,
    syntax.BinaryOp.AND: Level.AND,
    syntax.BinaryOp.ADD: Level.SUM,
    syntax.BinaryOp.SUB: Level.SUM,
    syntax.BinaryOp.MUL: Level.PRODUCT,
    syntax.BinaryOp.DIV: Level.PRODUCT,
    syntax.BinaryOp.MOD: Level.PRODUCT,
}


def level_of(node: syntax.Expr) -> Level:
    """Return how tightly an expression binds."""
    match node:
        case syntax.Binary():
            return _LEVELS.get(node.op, Level.COMPARISON)
        case syntax.Membership():
            return Level.COMPARISON
        case syntax.Unary():
            return Level.NOT if node.op is syntax.UnaryOp.NOT else Level.NEGATION
        case (
            syntax.If()
            | syntax.Match()
            | syntax.Quantified()
            | syntax.Uniform()
            | syntax.Distribution()
        ):
            return Level.LOOSE
        case _:
            return Level.PRIMARY


def is_fraction(node: syntax.Binary) -> bool:
    """Whether an expression is a rational number such as `17/20`."""
    numbers = isinstance(node.left, syntax.Number) and isinstance(node.right, syntax.Number)
    return node.op is syntax.BinaryOp.DIV and numbers


def chain_of(node: syntax.Binary) -> tuple[tuple[syntax.BinaryOp, ...], tuple[syntax.Expr, ...]]:
    """Return the operators and operands of ``a - b + c``, which bind alike from the left."""
    level = level_of(node)
    operators: list[syntax.BinaryOp] = []
    operands: list[syntax.Expr] = []
    first: syntax.Expr = node
    while isinstance(first, syntax.Binary) and level_of(first) is level and not is_fraction(first):
        operators.insert(0, first.op)
        operands.insert(0, first.right)
        first = first.left
    return tuple(operators), (first, *operands)
