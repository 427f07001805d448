"""The parser's tables, built from ``posg.lark`` and kept in the user's cache directory.

Building the tables takes half a second, loading them a hundredth. Anything wrong with the cache
(no home, read-only, half-written, made by another version) only costs that half second.
"""

from __future__ import annotations

import os
import pkgutil
import sys
import tempfile
from contextlib import suppress
from functools import cache
from hashlib import sha256
from io import BytesIO

import lark

START_SYMBOLS = ("file", "structure", "expr")


@cache
def load_tables() -> lark.Lark:
    """Return the parser, from the cache where that is possible."""
    grammar = pkgutil.get_data("posg.grammar", "posg.lark")
    assert grammar is not None, "the grammar is part of the package"
    version = f"{lark.__version__}\0{sys.version}\0".encode() + grammar
    path = os.path.join(_cache_directory(), f"grammar-{sha256(version).hexdigest()[:16]}.lalr")
    tables = _read(path)
    if tables is None:
        tables = _build(grammar.decode())
        _write(path, tables)
    return tables


def reserved_words() -> frozenset[str]:
    """Return the words that are no names."""
    patterns = (terminal.pattern.value for terminal in load_tables().terminals)
    return frozenset(word for word in patterns if word.isidentifier())


def _cache_directory() -> str:
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # the XDG specification ignores relative paths
        base = os.path.expanduser("~/.cache")
    return os.path.join(base, "posg")


def _build(grammar: str) -> lark.Lark:
    return lark.Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        start=list(START_SYMBOLS),
        propagate_positions=True,
        maybe_placeholders=True,
    )


def _read(path: str) -> lark.Lark | None:
    """Load tables; None unless the file is whole (it begins with the digest of the rest)."""
    try:
        with open(path, "rb") as file:
            digest, content = file.read(32), file.read()
    except OSError:
        return None
    return lark.Lark.load(BytesIO(content)) if sha256(content).digest() == digest else None


def _write(path: str, tables: lark.Lark) -> None:
    """Save tables under a temporary name and move them, so that no reader sees a part."""
    buffer = BytesIO()
    tables.save(buffer)
    content = buffer.getvalue()
    with suppress(OSError):
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path))
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(sha256(content).digest() + content)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
            raise
