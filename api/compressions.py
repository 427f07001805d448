"""Which compression is used: the one that is asked for, or else the file's."""

from __future__ import annotations

from posg.compiler.compressions import Compression, resolve_compression
from posg.compiler.pipeline import Compiled, chosen_compression
from posg.grammar import syntax
from posg.grammar.diagnostics import Bag, SpecError
from posg.grammar.source import Source


def choose_compression(
    compiled: Compiled, text: str | None, *, source: str = "--compression"
) -> Compression:
    """``merge`` unless ``text`` or the file chooses another.

    Raises
    ------
    SpecError
        When there is no such compression, or its arguments are wrong; ``source`` says where it stands.
    """
    call = chosen_compression(compiled.checked) if text is None else parse_call(text, source=source)
    return resolve_compression(call, compiled.checked.model)


def parse_call(text: str, *, source: str = "--compression") -> syntax.StructureCall:
    """A structure or a compression with its arguments.

    Raises
    ------
    SpecError
        When it cannot be parsed.
    """
    from posg.grammar import parse_structure

    bag = Bag()
    call = parse_structure(Source(source, text), bag)
    if call is None or bag.has_errors:
        raise SpecError(bag)
    return call
