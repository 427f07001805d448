"""``posg new``, ``posg fmt`` and ``posg explain``."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from posg.grammar import parse
from posg.grammar.diagnostics import Bag
from posg.grammar.source import Source
from posg.runtime.files import replacing

from .inputs import FailedError, read_text
from .output import OK, PROBLEM, diagnostics_json, show_diagnostics, show_json

_STARTER = """// {name}: say here what the game is about.
game {name} {{
  agents alice, bob;
  horizon 3;
  param accuracy in [1/2, 1] = 0.8;     // posg solve {file} --set accuracy=0.9

  type Side = {{ left, right }};
  state       prize   in Side;
  action      pick[i] in Side;           // one for each agent i
  observation hint[i] in Side;

  // Where the prize is at step 1, and where it goes after each decision.
  init prize ~ uniform;
  prize' ~ {{ prize: 0.9, else: 0.1 }};

  // What each agent sees after each decision. A prime means: at the next step.
  hint[i]' ~ {{ prize': accuracy, else: 1 - accuracy }};

  // Paid after each decision, to everybody.
  reward = if all i: pick[i] == prize then 1 else 0;

  // Who learns what, and when. Try: full, none, delayed(d = 2).
  use sharing delayed(d = 1);

  expect assumption_3;
}}
"""


def new(options: argparse.Namespace) -> int:
    """Write a commented starter file, never over an existing one."""
    bag = Bag()
    path = Path(options.name)
    path = path if path.suffix == ".posg" else path.with_name(path.name + ".posg")
    if path.exists():
        bag.report("P0815", None, path=path, reason="it exists already")
        raise FailedError(bag)
    name = re.sub(r"\W", "_", path.stem, flags=re.ASCII)
    text = _STARTER.format(name=name, file=path.name)
    errors = Bag()
    parse(Source(path.name, text), errors)
    if errors.has_errors:  # a reserved word, or a digit in front
        text = _STARTER.format(name=f"game_{name}", file=path.name)
    with replacing(path) as stream:
        stream.write(text.encode("utf-8"))
    if options.format == "json":
        show_json({"schema": "posg.new/1", "file": str(path)})
    else:
        print(f"wrote {path}; next: posg solve {path}")
    return OK


def fmt(options: argparse.Namespace) -> int:
    """Canonical layout; ``--check`` only says which files would change."""
    bag = Bag()
    changed: list[str] = []
    writes = not options.check
    for name in _spec_files(options.files, bag):
        text = _read(name, bag)
        formatted = None if text is None else _formatted(name, text, bag)
        if formatted is None:
            continue
        if name == "-" and writes and options.format != "json":
            print(formatted, end="")
        if formatted != text:
            changed.append(name)
            if name != "-" and writes:
                with replacing(Path(name).resolve()) as stream:
                    stream.write(formatted.encode("utf-8"))
    show_diagnostics(bag.diagnostics)
    if options.format == "json":
        diagnostics = diagnostics_json(bag)
        show_json({"schema": "posg.fmt/1", "changed": changed, "diagnostics": diagnostics})
    elif options.check or "-" not in options.files:  # else standard output is the text
        for name in changed:
            print(f"{'would change' if options.check else 'formatted'} {name}")
    return PROBLEM if bag.has_errors or (options.check and changed) else OK


def _spec_files(names: Iterable[str], bag: Bag) -> Iterable[str]:
    """Return the files among the paths and those below the folders, each once.

    What is hidden in a folder, such as `.venv`, is nobody's spec.
    """
    files: list[str] = []
    for name in names:
        folder = Path(name)
        if name == "-" or not folder.is_dir():
            files.append(name)
            continue
        found = (
            path
            for path in sorted(folder.rglob("*.posg"))
            if path.is_file()
            and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        )
        below = [str(path) for path in found]
        if not below:
            bag.report("P0801", None, path=name, reason="there is no .posg file in this folder")
        files += below
    return dict.fromkeys(files)


def _read(name: str, bag: Bag) -> str | None:
    try:
        return sys.stdin.read() if name == "-" else read_text(name)
    except OSError as error:
        bag.report("P0801", None, path=name, reason=error.strerror or "unreadable")
    except UnicodeDecodeError:
        bag.report("P0801", None, path=name, reason="not UTF-8 text")
    return None


def _formatted(name: str, text: str, bag: Bag) -> str | None:
    """Canonical layout of a text; None if it is not without errors."""
    from posg.grammar.printer import print_spec

    errors = Bag()
    spec = parse(Source("<stdin>" if name == "-" else name, text), errors)
    bag.extend(errors.diagnostics)
    return None if errors.has_errors else print_spec(spec)


def explain(options: argparse.Namespace) -> int:
    """The page of a diagnostic code."""
    from posg.grammar.explain import explain as page_of

    code = options.code.upper()
    page = page_of(code)
    if page is None:
        bag = Bag()
        bag.report("P0820", None, code=options.code)
        raise FailedError(bag)
    if options.format == "json":
        show_json({"schema": "posg.explain/1", "code": code, "text": page})
    else:
        print(page)
    return OK
