"""From text to the syntax tree, past as many errors as there are."""

from __future__ import annotations

from typing import cast

from lark import Token, Tree, UnexpectedToken

from . import syntax
from .build import build_tree
from .diagnostics import Bag
from .source import Source
from .tables import load_tables
from .tokens import TokenStream, read_tokens


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
    tree = _parse_tokens("file", stream, source, bag)
    assert tree is not None, "the recovery of files ends in a tree"
    return cast(syntax.Spec, build_tree(tree, stream.comments, source, bag))


def parse_structure(source: Source, bag: Bag) -> syntax.StructureCall | None:
    """Parse ``name(arguments)``, as in ``--sharing 'delayed(d = 2)'``; None after an error."""
    return cast("syntax.StructureCall | None", _parse_part("structure", source, bag))


def parse_expression(source: Source, bag: Bag) -> syntax.Expr | None:
    """Parse an expression, as in ``--set p=1/3``; None after an error."""
    return cast("syntax.Expr | None", _parse_part("expr", source, bag))


def _parse_part(start: str, source: Source, bag: Bag) -> object:
    errors = Bag()
    stream = read_tokens(source, errors)
    tree = _parse_tokens(start, stream, source, errors)
    node: object = tree and build_tree(tree, stream.comments, source, errors)
    bag.extend(errors.diagnostics)
    return None if errors.has_errors else node


def _parse_tokens(start: str, stream: TokenStream, source: Source, bag: Bag) -> Tree[Token] | None:
    """Parse from a start symbol; None where that is not ``file`` and an error was found."""
    parser = load_tables().parse_interactive(start=start)
    result: Tree[Token] | None = None
    for place, token in enumerate(stream.tokens):
        try:
            result = parser.feed_token(token)
        except UnexpectedToken:
            from .recovery import go_on  # most texts never need it

            return go_on(parser, place, stream, source, bag)
    return result  # the last token ended the text
