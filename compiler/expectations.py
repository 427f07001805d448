"""``expect`` statements, resolved: what is expected of which variant of a game."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from posg.grammar import syntax
from posg.grammar.diagnostics import SpecError
from posg.grammar.suggest import nearest

from .domains import constant, integer
from .model import GameModel

VERDICTS = ("assumption_1", "assumption_2", "assumption_3", "perfect_recall")
QUANTITIES = ("observability", "value", "gap", "common_size", "private_size")
CONCEPTS = ("nash", "ce", "cce", "team")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
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
        P0812..P0814, P0817, P0818 for what cannot be expected.
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
    structure = compression = None
    horizon: int | None = None
    concept: str | None = None
    settings: dict[str, Fraction] = {}
    for setting in item.settings:
        if setting.key == "sharing":
            structure = setting.structure
        elif setting.key == "compression":
            compression = setting.structure
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
            settings[setting.name] = constant(setting.value, values, what=f"`{setting.name}`")
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
