"""The language's grammar layer: texts, syntax trees, diagnostics, and how they are printed."""

from .diagnostics import Bag, Diagnostic, PosgError, Severity, SpecError
from .parser import parse, parse_expression, parse_structure
from .source import Source, Span
from .suggest import nearest

__all__ = [
    "Bag",
    "Diagnostic",
    "PosgError",
    "Severity",
    "Source",
    "Span",
    "SpecError",
    "nearest",
    "parse",
    "parse_expression",
    "parse_structure",
]
