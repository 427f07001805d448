"""``expect`` statements, resolved: what is expected of which variant of a game."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from posg.grammar import syntax
from posg.grammar.diagnostics import Bag, Severity, SpecError
from posg.grammar.node import Record
from posg.grammar.suggest import nearest
from posg.runtime.errors import LimitError

from .compressions import resolve_compression
from .core import resolve_core
from .domains import constant, integer
from .model import GameModel
from .names import Overrides, resolve
from .program import Program
from .python_sharing import find_python_sharing
from .sharing import apply_sharing

VERDICTS = ("assumption_1", "assumption_2", "assumption_3", "perfect_recall")
QUANTITIES = ("observability", "value", "gap", "common_size", "private_size")
CALL_CODES = {"P0401", "P0402", "P0403", "P0404", "P0436", "P0437", "P0438"}
CONCEPTS = ("nash", "ce", "cce", "team")


class Expectation(Record):
    """One ``expect`` with its settings evaluated; exact numbers."""

    statement: syntax.Expect
    subject: str
    negated: bool
    agent: str | None
    op: syntax.BinaryOp | None
    value: Fraction | None
    tolerance: Fraction
    structure: syntax.StructureCall | None
    compression: syntax.StructureCall | None
    horizon: int | None
    concept: str | None
    settings: dict[str, Fraction]

    @property
    def text(self) -> str:
        """The statement as written, on one line."""
        return " ".join(self.statement.span.text.split())


def resolve_expectation(model: GameModel, item: syntax.Expect) -> Expectation:
    """Check an ``expect`` and evaluate its numbers.

    Raises
    ------
    SpecError
        P0812..P0814, P0817, P0818, P0821 for what cannot be expected, P0104 and P0118 for
        parameters, P0121 for a horizon, and what ``resolve_compression`` raises.
    """
    known = (*VERDICTS, *QUANTITIES)
    if item.subject not in known:
        raise SpecError.single(
            "P0812",
            item.span,
            subject=item.subject,
            known=", ".join(known),
            suggestion=nearest(item.subject, known),
        )
    values = {name: parameter.value for name, parameter in model.scope.parameters.items()}
    if item.subject in VERDICTS and item.op is not None:
        raise SpecError.single("P0814", item.span, subject=item.subject)
    if item.subject in QUANTITIES and (item.op is None or item.value is None):
        raise SpecError.single("P0813", item.span, subject=item.subject)
    agent: str | None = None
    if item.index is not None:
        agent = item.index.span.text.replace(" ", "")
        names = [a.name for a in model.agents]
        if agent not in names:
            raise SpecError.single(
                "P0818", item.index.span, name=agent, suggestion=nearest(agent, names)
            )
    keys: set[str] = set()
    for setting in item.settings:
        key = setting.key if setting.key != "set" else f"set {setting.name}"
        if key in keys:
            raise SpecError.single("P0821", setting.span, name=key)
        keys.add(key)
    structure = compression = None
    horizon: int | None = None
    concept: str | None = None
    settings: dict[str, Fraction] = {}
    for setting in item.settings:
        if setting.key == "sharing":
            structure = setting.structure
        elif setting.key == "compression":
            compression = setting.structure
            if compression is not None:
                resolve_compression(compression, model)
        elif setting.key == "horizon" and setting.value is not None:
            horizon = integer(setting.value, values, what="the horizon")
            if horizon < 1:
                raise SpecError.single("P0121", setting.value.span, value=horizon)
        elif setting.key == "concept" and setting.name is not None:
            concept = setting.name
            if concept not in CONCEPTS:
                raise SpecError.single(
                    "P0817", setting.span, name=concept, suggestion=nearest(concept, CONCEPTS)
                )
        elif setting.name is not None and setting.value is not None:
            settings[setting.name] = _setting(model, setting.name, setting.value, values)
    return Expectation(
        statement=item,
        subject=item.subject,
        negated=item.negated,
        agent=agent,
        op=item.op,
        value=None if item.value is None else constant(item.value, values, what="the value"),
        tolerance=Fraction(0)
        if item.tolerance is None
        else constant(item.tolerance, values, what="the tolerance"),
        structure=structure,
        compression=compression,
        horizon=horizon,
        concept=concept,
        settings=settings,
    )


def _setting(
    model: GameModel, name: str, value: syntax.Expr, values: Mapping[str, Fraction]
) -> Fraction:
    """The value of ``set NAME = value``, which must be in the parameter's range."""
    parameters = model.scope.parameters
    if name not in parameters:
        suggestion = nearest(name, parameters)
        raise SpecError.single("P0118", value.span, name=name, suggestion=suggestion)
    found = constant(value, values, what=f"`{name}`")
    parameters[name].require(found, value.span)
    return found


def check_expectations(program: Program, game: syntax.Game, bag: Bag) -> None:
    """Report every ``expect`` of a game that cannot be decided because of how it is written.

    Structures are applied to the variant of the game that is expected of, whatever else was asked
    for; refusals that ``expect not assumption_1`` may be about are left to it.
    """
    if not any(isinstance(item, syntax.Expect) for item in game.items):
        return
    try:
        model = resolve(program, game, Overrides(), bag)
    except LimitError:
        return
    if model is None:
        return
    for item in game.items:
        if not isinstance(item, syntax.Expect):
            continue
        try:
            expectation = resolve_expectation(model, item)
        except SpecError as error:
            bag.extend(error.bag.diagnostics)
            continue
        inner = Bag()
        variant: GameModel | None = model
        if expectation.settings or expectation.horizon is not None:
            overrides = Overrides(parameters=expectation.settings, horizon=expectation.horizon)
            try:
                variant = resolve(program, game, overrides, inner)
            except LimitError:
                continue
        call = expectation.structure
        if variant is not None and call is not None:
            _check_structure(variant, call, inner)
        if expectation.subject != "assumption_1" or not refuses_structure(inner):
            bag.extend(inner.diagnostics)


def _check_structure(model: GameModel, call: syntax.StructureCall, bag: Bag) -> None:
    """Report what is wrong with a structure before anything is tabulated."""
    label = " ".join(call.span.text.split())
    try:
        if find_python_sharing(call, label, model) is not None:
            return
    except SpecError as error:
        bag.extend(error.bag.diagnostics)
        return
    applied = apply_sharing(model, call, label, bag)
    if applied is not None:
        resolve_core(model, applied, bag)


def refuses_structure(bag: Bag) -> bool:
    """Whether all errors are about what a sharing structure does, none about how it is called."""
    codes = {d.code for d in bag.diagnostics if d.severity is Severity.ERROR}
    return all(code.startswith("P04") and code not in CALL_CODES for code in codes)
