"""From text to the syntax tree, past as many errors as there are."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from . import syntax
from .build import build_tree
from .diagnostics import Bag
from .recovery import parse_tokens
from .source import Source
from .tokens import read_tokens


def parse(source: Source, bag: Bag) -> syntax.Spec:
    """Parse a file.

    Parameters
    ----------
    source
        The text.
    bag
        Receives the diagnostics, P00xx.

    Returns
    -------
    Spec
        The tree, without the statements that could not be read; whole if ``bag`` got no error.
    """
    stream = read_tokens(source, bag)
    tree = parse_tokens("file", stream, source, bag)
    assert tree is not None, "the recovery of files ends in a tree"
    spec = cast(syntax.Spec, build_tree(tree, source, bag))
    return replace(spec, comments=stream.comments)


def parse_structure(source: Source, bag: Bag) -> syntax.StructureCall | None:
    """Parse ``name(arguments)``, as in ``--sharing 'delayed(d = 2)'``; None after an error."""
    return cast("syntax.StructureCall | None", _parse_part("structure", source, bag))


def parse_expression(source: Source, bag: Bag) -> syntax.Expr | None:
    """Parse an expression, as in ``--set p=1/3``; None after an error."""
    return cast("syntax.Expr | None", _parse_part("expr", source, bag))


def _parse_part(start: str, source: Source, bag: Bag) -> object:
    errors = Bag()
    tree = parse_tokens(start, read_tokens(source, errors), source, errors)
    node: object = None if tree is None else build_tree(tree, source, errors)
    bag.extend(errors.diagnostics)
    return None if errors.has_errors else node
