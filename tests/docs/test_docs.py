"""The documentation says what the program does: its specs check, its commands are run.

In README.md, CONTRIBUTING.md, docs/ and the READMEs of folders:

- A ``posg`` block is a whole file without errors. If its first line is ``// NAME.posg``, the page's
  commands find it under that name; so they do a ``dpomdp`` or ``pomdp``
  block that begins with ``# NAME.dpomdp`` or ``# NAME.pomdp``.
- The lines of an ``sh`` block that start with ``posg `` are run in the order of the page, in a folder
  that holds ``specs`` and ``docs``; ``# exits with N`` at the end of a line says how. A ``text`` block that follows
  at once is all that was printed. Of a line that sets up a virtual environment only the last
  command counts. ``python`` blocks are run there, too. Packages in docs/ count as installed.
- Links lead to files and headings that exist.

`--update-golden` puts what was printed into the pages.
"""

import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import pytest

from posg.cli import main
from posg.compiler.pipeline import Request, check_game
from posg.compiler.program import load
from posg.grammar.diagnostics import Bag
from posg.grammar.render import render_text
from posg.grammar.source import Source

TOP = Path(__file__).parents[2]
PAGES = [
    TOP / "README.md",
    TOP / "CONTRIBUTING.md",
    *sorted({*TOP.glob("docs/**/*.md"), *TOP.glob("[a-z]*/README.md")}),
]
LONG = {"learning.md", "table-1.md", "windows.md"}
"""Pages whose commands take more than a few seconds."""
ECOSYSTEM = {"gambit-and-openspiel.md", "pettingzoo.md"}
"""Pages whose commands need packages of the dependency group `ecosystem`."""
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"(?://|#) (\w+\.(posg|d?pomdp))\n")
EXITS = re.compile(r"# exits with (\d+)$")
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block; ``output`` is the text block that follows at once."""

    page: Path
    line: int
    kind: str
    text: str
    output: str | None

    def __str__(self) -> str:
        return f"{self.page.relative_to(TOP)}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    found = list(FENCE.finditer(text))
    blocks: list[Block] = []
    for match, following in zip_longest(found, found[1:]):
        output = None
        if following is not None and following[1] == "text":
            output = None if text[match.end() : following.start()].strip() else following[2]
        line = text.count("\n", 0, match.start()) + 1
        blocks.append(Block(page=page, line=line, kind=match[1], text=match[2], output=output))
    return blocks


def posg_commands(block: Block) -> Iterator[tuple[list[str], int]]:
    """Arguments and exit status of each command of a block."""
    for line in block.text.splitlines():
        command = line.rpartition("&& .venv/bin/")[2]
        if command.startswith("posg "):
            status = EXITS.search(command)
            yield shlex.split(command, comments=True)[1:], int(status[1]) if status else 0


def anchors_of(page: Path) -> set[str]:
    """The names that headings of a page have as targets of links."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


by_page = pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            page,
            marks=pytest.mark.slow
            if page.name in LONG
            else pytest.mark.ecosystem
            if page.name in ECOSYSTEM
            else (),
        )
        for page in PAGES
    ],
    ids=lambda page: str(page.relative_to(TOP)),
)
SPECS = [block for page in PAGES for block in blocks_of(page) if block.kind == "posg"]


@pytest.mark.parametrize("block", SPECS, ids=str)
def test_spec_checks(block: Block) -> None:
    bag = Bag()

    def no_imports(path: str) -> str:
        raise OSError(f"{path} is not shown")

    program = load(Source(str(block), block.text), no_imports, bag)
    if program is not None:
        for game in program.games:
            check_game(program, Request(game=game.name), bag)
    assert not bag.diagnostics, render_text(tuple(bag.diagnostics), color=False)


@pytest.fixture
def _packages(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What installing the packages in docs/ would put on the path."""
    for file in TOP.glob("docs/**/pyproject.toml"):
        project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        folder = tmp_path_factory.mktemp("packages")
        made = folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
        made.mkdir()
        metadata = f"Name: {project['name']}\nVersion: {project['version']}\n"
        (made / "METADATA").write_text(metadata, encoding="utf-8")
        with (made / "entry_points.txt").open("w", encoding="utf-8") as stream:
            for group, entries in project["entry-points"].items():
                stream.write(f"[{group}]\n")
                stream.writelines(f"{name} = {value}\n" for name, value in entries.items())
        monkeypatch.syspath_prepend(folder)
        monkeypatch.syspath_prepend(file.parent)


@by_page
@pytest.mark.usefixtures("_packages")
def test_commands(
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    update_golden: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("specs", "docs"):
        (tmp_path / folder).symlink_to(TOP / folder, target_is_directory=True)
    for block in blocks_of(page):
        name = NAMED.match(block.text)
        if name is not None and block.kind == name[2]:
            (tmp_path / name[1]).write_text(block.text, encoding="utf-8")
        if block.kind == "python":
            script = tmp_path / "block.py"
            script.write_text(block.text, encoding="utf-8")
            runpy.run_path(str(script))
        for arguments, status in posg_commands(block) if block.kind == "sh" else ():
            assert main(arguments) == status, f"{block}: {arguments}"
        printed = capsys.readouterr()
        if block.output is not None and update_golden:
            text = page.read_text(encoding="utf-8")
            old, new = f"```text\n{block.output}```", f"```text\n{printed.out}{printed.err}```"
            page.write_text(text.replace(old, new, 1), encoding="utf-8")
        elif block.output is not None:
            assert printed.out + printed.err == block.output, str(block)


def test_random_families_come_from_their_script() -> None:
    folder = TOP / "docs" / "explanation" / "games"
    for file in folder.glob("*.posg"):
        text = file.read_text(encoding="utf-8")
        _, script, *words = text.partition("\n")[0].removesuffix(".").rsplit(" ", 4)
        made = subprocess.run(
            [sys.executable, folder / script, *words], check=True, capture_output=True, text=True
        )
        assert made.stdout == text


def test_shown_packages() -> None:
    for file in TOP.glob("docs/how-to/*/*.[pt]*"):
        text = file.read_text(encoding="utf-8")
        assert any(f"\n{text}```" in page.read_text(encoding="utf-8") for page in PAGES), file


@by_page
def test_links(page: Path) -> None:
    for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = page.parent / path if path else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors_of(linked), target
