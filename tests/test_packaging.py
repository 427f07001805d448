"""The folders at the top are one package: links, imports, layers and data are as they should be."""

import ast
import importlib
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

import posg

TOP = Path(__file__).parents[1]
PACKAGE = TOP / ".src" / "posg"
FOLDERS = ("grammar", "compiler", "runtime", "api", "interop", "cli")

# What a folder may import from its neighbours and from outside the standard library.
NEIGHBOURS: dict[str, set[str]] = {
    "grammar": set(),
    "runtime": set(),
    "compiler": {"grammar", "runtime"},
    "api": {"grammar", "compiler", "runtime"},
    "interop": {"grammar", "compiler", "runtime", "api"},
    "cli": {"grammar", "compiler", "runtime", "api", "interop"},
}
LIBRARIES: dict[str, set[str]] = {
    "grammar": {"lark"},
    "runtime": {"numba", "numpy", "scipy"},
    "compiler": {"numpy", "sympy"},
    "api": {"rich"},
    "interop": {"numpy"},
    "cli": {"matplotlib", "numpy", "pyarrow", "rich"},
}
SOURCES = sorted(path for folder in FOLDERS for path in (TOP / folder).rglob("*.py"))
each_source = pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(TOP)))


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Level and module of every import of a file, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield node.level, node.module or ""
        elif isinstance(node, ast.Import):
            for name in node.names:
                yield 0, name.name


def module_of(path: Path) -> str:
    parts = path.relative_to(TOP).with_suffix("").parts
    return ".".join(("posg", *(parts[:-1] if parts[-1] == "__init__" else parts)))


def test_links() -> None:
    for folder in (*FOLDERS, "specs"):
        link = PACKAGE / folder
        assert link.is_symlink()
        assert link.resolve() == TOP / folder


@each_source
def test_imports(path: Path) -> None:
    folder = path.relative_to(TOP).parts[0]
    depth = len(path.relative_to(TOP).parts) - 1
    for level, module in imports_of(path):
        first, _, rest = module.partition(".")
        if level:
            assert level <= depth, f"relative import out of {folder}"
        elif first == "posg":
            neighbour = rest.partition(".")[0]
            assert neighbour != folder, f"{module}: imports inside a folder are relative"
            assert neighbour in NEIGHBOURS[folder], f"{folder} must not import {module}"
        else:
            known = first in sys.stdlib_module_names or first in LIBRARIES[folder]
            assert known, f"{folder} must not import {module}"


@each_source
def test_module_imports_as_part_of_posg(path: Path) -> None:
    module = importlib.import_module(module_of(path))
    assert module.__file__ is not None
    assert Path(module.__file__).resolve() == path


def test_nothing_is_imported_from_the_top() -> None:
    for path in SOURCES:
        importlib.import_module(module_of(path))
    assert not {*FOLDERS, "specs"} & sys.modules.keys()


def test_data_comes_along() -> None:
    package = files(posg)
    assert (package / "py.typed").is_file()
    assert (package / "grammar" / "posg.lark").is_file()
    assert (package / "specs" / "dectiger.posg").is_file()
    assert (package / "specs" / "library" / "sharing.posg").is_file()
    assert (package / "grammar" / "explain" / "P0204.md").is_file()
