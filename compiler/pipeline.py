"""The chain from a source text to a numeric game with its information structure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from html import escape

from posg.grammar import parse_expression, parse_structure, syntax
from posg.grammar.diagnostics import Bag, SpecError
from posg.grammar.node import Record
from posg.grammar.source import Source
from posg.runtime.game import Game
from posg.runtime.information import InformationStructure
from posg.runtime.limits import DEFAULT_MEMORY
from posg.runtime.timestamps import Timestamps

from .compressions import resolve_compression
from .core import Core, resolve_core
from .domains import constant
from .dynamics import CheckedDynamics, check_dynamics
from .ground import GroundGame, ground
from .information import build_information
from .model import GameModel
from .names import Overrides, resolve
from .program import Program, choose_game
from .provenance import Provenance
from .python_sharing import PythonSharing, find_python_sharing, tabulate_python_sharing
from .sharing import apply_sharing
from .variants import check_variants


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked for, as text; None takes the file's own choice.

    ``settings`` maps parameters to expressions; ``structure`` overrides ``sharing`` with a parsed
    call (an ``expect`` statement has one), and ``python`` both with an object.
    """

    game: str | None = None
    sharing: str | None = None
    structure: syntax.StructureCall | None = None
    python: PythonSharing | None = None
    horizon: int | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Fraction] = field(default_factory=dict)
    all_states: bool = False
    memory_bytes: int = DEFAULT_MEMORY


class CheckedGame(Record):
    """A game whose rules passed every check."""

    syntax: syntax.Game
    model: GameModel
    dynamics: CheckedDynamics


class Rules(Record):
    """A sharing structure as registers, and where all that it tells comes from."""

    core: Core
    provenance: Provenance


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Compiled:
    """Everything that later stages need; ``rules`` is None for structures written in Python."""

    checked: CheckedGame
    ground: GroundGame
    rules: Rules | None
    information: InformationStructure
    timestamps: Timestamps

    @property
    def game(self) -> Game:
        """The numeric game."""
        return self.ground.game

    def require_rules(self) -> Rules:
        """The rules of the structure, for what cannot do without.

        Raises
        ------
        SpecError
            P0438, when the structure is written in Python.
        """
        if self.rules is None:
            raise SpecError.single("P0438", None, name=self.information.name)
        return self.rules

    def __repr__(self) -> str:
        return f"<Compiled {self._title}>"

    def _repr_html_(self) -> str:
        game = self.game
        rows = "".join(
            f"<tr><td>{escape(agent)}</td><td>{actions}</td><td>{observations}</td>"
            f"<td>{', '.join(str(counts[place]) for counts in self.information.private_counts)}</td></tr>"
            for place, (agent, actions, observations) in enumerate(
                zip(game.agents, game.action_counts, game.observation_counts, strict=True)
            )
        )
        return (
            f"<table><caption>{escape(self._title)}, {game.state_count} states</caption><tr><th>agent</th>"
            f"<th>actions</th><th>observations</th><th>private values</th></tr>{rows}</table>"
        )

    @property
    def _title(self) -> str:
        return f"{self.game.name} under {self.information.name}, horizon {self.game.horizon}"


def setting_values(settings: Mapping[str, str], bag: Bag) -> dict[str, Fraction]:
    """Exact values of ``--set NAME=EXPRESSION``."""
    values: dict[str, Fraction] = {}
    for name, text in settings.items():
        expression = parse_expression(Source("--set", text), bag)
        if expression is None:
            continue
        try:
            values[name] = constant(expression, {}, what=f"the value of `{name}`")
        except SpecError as error:
            bag.extend(error.bag.diagnostics)
    return values


def check_game(program: Program, request: Request, bag: Bag) -> CheckedGame | None:
    """Resolve and check one game of a program, for all values of its parameters."""
    game = choose_game(program, request.game, bag)
    values = {**setting_values(request.settings, bag), **request.values}
    if game is None or bag.has_errors:
        return None
    model = resolve(program, game, Overrides(parameters=values, horizon=request.horizon), bag)
    if model is None:
        return None
    dynamics = check_dynamics(model, bag)
    if dynamics is None:
        return None
    check_variants(program, game, model, bag)
    if bag.has_errors:
        return None
    return CheckedGame(syntax=game, model=model, dynamics=dynamics)


def choose_sharing(
    checked: CheckedGame, request: Request, bag: Bag
) -> tuple[syntax.StructureCall, str] | None:
    """The sharing structure to apply and its name in print."""
    if request.structure is not None:
        return request.structure, _call_text(request.structure)
    if request.sharing is not None:
        call = parse_structure(Source("--sharing", request.sharing), bag)
        return None if call is None or bag.has_errors else (call, _call_text(call))
    uses = _uses(checked, syntax.UseKind.SHARING)
    if not uses:
        bag.report("P0807", checked.syntax.name_span)
        return None
    return uses[0].structure, _call_text(uses[0].structure)


def _uses(checked: CheckedGame, kind: syntax.UseKind) -> list[syntax.Use]:
    items = checked.syntax.items
    return [item for item in items if isinstance(item, syntax.Use) and item.kind is kind]


def chosen_compression(checked: CheckedGame) -> syntax.StructureCall | None:
    """The compression that a game chooses for itself."""
    uses = _uses(checked, syntax.UseKind.COMPRESSION)
    return uses[0].structure if uses else None


def check_uses(checked: CheckedGame, bag: Bag) -> None:
    """Report a compression that does not exist, and a second sharing structure or compression."""
    for use in _uses(checked, syntax.UseKind.COMPRESSION):
        try:
            resolve_compression(use.structure, checked.model)
        except SpecError as error:
            bag.extend(error.bag.diagnostics)
    for kind, name in (
        (syntax.UseKind.SHARING, "sharing structure"),
        (syntax.UseKind.COMPRESSION, "compression"),
    ):
        uses = _uses(checked, kind)
        for extra in uses[1:]:
            bag.report("P0810", extra.span, kind=name, others=[uses[0].span])


def _call_text(call: syntax.StructureCall) -> str:
    return " ".join(call.span.text.split())


def compile_game(program: Program, request: Request, bag: Bag) -> Compiled | None:
    """Compile a game under a sharing structure; None if errors were reported.

    Raises
    ------
    LimitError
        If a table would be too large.
    """
    checked = check_game(program, request, bag)
    if checked is None:
        return None
    return compile_checked(checked, request, bag)


def compile_checked(checked: CheckedGame, request: Request, bag: Bag) -> Compiled | None:
    """Ground a checked game and tabulate the information structure."""
    core, python = _resolve_structure(checked, request, bag)
    grounded = ground(
        checked.model,
        checked.dynamics,
        bag,
        all_states=request.all_states,
        memory_bytes=request.memory_bytes,
    )
    check_uses(checked, bag)
    if grounded is None or bag.has_errors:
        return None
    if python is not None:
        tabulated = tabulate_python_sharing(grounded.game, python, bag)
        if tabulated is None:
            return None
        information, timestamps = tabulated
        rules = None
    else:
        assert core is not None
        built = build_information(checked.model, core, bag)
        if built is None:
            return None
        information, provenance, timestamps = built
        rules = Rules(core=core, provenance=provenance)
    return Compiled(
        checked=checked,
        ground=grounded,
        rules=rules,
        information=information,
        timestamps=timestamps,
    )


def _resolve_structure(
    checked: CheckedGame, request: Request, bag: Bag
) -> tuple[Core | None, PythonSharing | None]:
    """The structure that is asked for, by rules or in Python; neither after errors."""
    if request.python is not None:
        return None, request.python
    chosen = choose_sharing(checked, request, bag)
    if chosen is None:
        return None, None
    try:
        python = find_python_sharing(*chosen, checked.model)
    except SpecError as error:
        bag.extend(error.bag.diagnostics)
        return None, None
    if python is not None:
        return None, python
    applied = apply_sharing(checked.model, *chosen, bag)
    return None if applied is None else resolve_core(checked.model, applied, bag), None
