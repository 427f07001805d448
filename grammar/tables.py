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
from pathlib import Path

import lark

START_SYMBOLS = ("file", "structure", "expr")


@cache
def load_tables() -> lark.Lark:
    """Return the parser, from the cache where that is possible."""
    grammar = pkgutil.get_data(__package__, "posg.lark")
    assert grammar is not None, "the grammar is part of the package"
    version = f"{lark.__version__}\0{sys.version}\0".encode() + grammar
    path = _cache_directory() / f"grammar-{sha256(version).hexdigest()[:16]}.lalr"
    tables = _read(path)
    if tables is None:
        tables = _build(grammar.decode())
        _write(path, tables)
    return tables


def _cache_directory() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # the XDG specification ignores relative paths
        base = os.path.expanduser("~/.cache")
    return Path(base) / "posg"


def _build(grammar: str) -> lark.Lark:
    return lark.Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        start=list(START_SYMBOLS),
        propagate_positions=True,
        maybe_placeholders=True,
    )


def _read(path: Path) -> lark.Lark | None:
    """Load tables; None unless the file is whole (it begins with the digest of the rest)."""
    try:
        content = path.read_bytes()
        digest, payload = content[:32], content[32:]
        if sha256(payload).digest() != digest:
            return None
        return lark.Lark.load(BytesIO(payload))
    except Exception:  # whatever unpickling foreign bytes may raise, the tables can be rebuilt
        return None


def _write(path: Path, tables: lark.Lark) -> None:
    """Save tables under a temporary name and move them, so that no reader sees a part."""
    with suppress(OSError):
        payload = BytesIO()
        tables.save(payload)
        content = payload.getvalue()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(sha256(content).digest() + content)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
            raise
