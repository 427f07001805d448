"""A file with everything that it imports, and the library that is always in scope."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from posixpath import dirname, join, normpath

from posg.grammar import parse, syntax
from posg.grammar.diagnostics import Bag
from posg.grammar.node import Record
from posg.grammar.source import Source, Span
from posg.grammar.suggest import nearest

LIBRARY = "posg:sharing"
Reader = Callable[[str], str]


class Program(Record):
    """Declarations in scope; a file's own come after the imported ones."""

    spec: syntax.Spec
    types: tuple[syntax.TypeDecl, ...]
    defines: tuple[syntax.Define, ...]
    games: tuple[syntax.Game, ...]
    sharings: Mapping[str, syntax.Sharing]


@cache
def library() -> syntax.Spec:
    """The sharing structures that ship with the package."""
    text = files("posg.specs").joinpath("library/sharing.posg").read_text(encoding="utf-8")
    bag = Bag()
    spec = parse(Source(LIBRARY, text), bag)
    assert not bag.has_errors, bag.diagnostics
    return spec


def load(source: Source, read: Reader, bag: Bag) -> Program | None:
    """Parse a file and what it imports; None if a file could not be parsed.

    ``read`` gives the text of a path (relative to the importing file's name) or raises OSError.
    """
    loader = _Loader(read, bag)
    spec = loader.file(source, ())
    if bag.has_errors:
        return None
    sharings = {item.name: item for item in library().items if isinstance(item, syntax.Sharing)}
    own: dict[str, syntax.Sharing | syntax.Game] = {}
    for item in (item for part in loader.specs for item in part.items):
        if isinstance(item, syntax.Sharing | syntax.Game):
            if item.name in own and type(own[item.name]) is type(item):
                others = [own[item.name].name_span]
                bag.report("P0101", item.name_span, name=item.name, others=others)
            own[item.name] = item
        if isinstance(item, syntax.Sharing):
            sharings[item.name] = item
    items = [item for part in loader.specs for item in part.items]
    return Program(
        spec=spec,
        types=tuple(item for item in items if isinstance(item, syntax.TypeDecl)),
        defines=tuple(item for item in items if isinstance(item, syntax.Define)),
        games=tuple(item for item in items if isinstance(item, syntax.Game)),
        sharings=sharings,
    )


class _Loader:
    """Files in the order in which their declarations come into scope."""

    def __init__(self, read: Reader, bag: Bag) -> None:
        self.read = read
        self.bag = bag
        self.specs: list[syntax.Spec] = []
        self.done: set[str] = set()

    def file(self, source: Source, chain: tuple[tuple[str, Span], ...]) -> syntax.Spec:
        spec = parse(source, self.bag)
        for item in spec.items:
            if isinstance(item, syntax.Import) and item.path != LIBRARY and _is_closed(item):
                self.follow(item, source, chain)
        self.specs.append(spec)
        return spec

    def follow(
        self, item: syntax.Import, source: Source, chain: tuple[tuple[str, Span], ...]
    ) -> None:
        if item.path.startswith("posg:"):
            self.bag.report("P0802", item.span, path=item.path, suggestion=LIBRARY)
            return
        here = normpath(source.name)
        path = normpath(join(dirname(source.name), item.path))
        names = [name for name, _ in chain] + [here]
        if path in names:
            cycle = " -> ".join([*names[names.index(path) :], path])
            others = [span for _, span in chain[names.index(path) :]]
            self.bag.report("P0803", item.span, cycle=cycle, others=others)
            return
        if path in self.done:
            return
        self.done.add(path)
        try:
            text = self.read(path)
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            self.bag.report("P0801", item.span, path=path, reason=reason)
            return
        self.file(Source(path, text), (*chain, (here, item.span)))


def _is_closed(item: syntax.Import) -> bool:
    """Whether the path has both of its quotes; if not, where it ends is a guess."""
    return item.span.text.count('"') == 2


def choose_game(program: Program, name: str | None, bag: Bag) -> syntax.Game | None:
    """The game that a command is about."""
    names = [game.name for game in program.games]
    if name is not None:
        for game in program.games:
            if game.name == name:
                return game
        suggestion = nearest(name, names)
        bag.report("P0804", None, name=name, games=", ".join(names), suggestion=suggestion)
        return None
    own = [game for game in program.games if game in program.spec.items]
    if len(own) == 1:
        return own[0]
    if len(program.games) == 1:
        return program.games[0]
    code = "P0806" if not program.games else "P0805"
    bag.report(code, None, file=program.spec.source.name, games=", ".join(names))
    return None
