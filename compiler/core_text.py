"""The translated structure as text that compiles to the same tables."""

from __future__ import annotations

from posg.grammar import syntax
from posg.grammar.printer import print_spec

from .core import Core


def core_text(core: Core) -> str:
    """Print ``memory``, ``xi`` and ``chi`` of a structure."""
    sharing = core.applied.core
    spec = syntax.Spec(span=sharing.span, items=(sharing,), source=sharing.span.source)
    return print_spec(spec)
