"""What ``posg check`` says about the theorems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from posg.compiler.delays import recognise
from posg.compiler.pipeline import Compiled
from posg.runtime import Observability, StrategyIndependence
from posg.runtime.theory import Theorem, survey_theorems

WORDS = {True: "applies", False: "does not apply", None: "is not decided"}
PLURAL = {"applies": "apply", "does not apply": "do not apply", "is not decided": "are not decided"}


def theory_of(
    compiled: Compiled,
    observability: Observability,
    independence: StrategyIndependence,
    sizes: Mapping[str, Any],
) -> tuple[Theorem, ...]:
    """Hold the main theorems against verdicts and sizes."""
    rules = compiled.rules
    found = None if rules is None else recognise(compiled.checked.model, rules.provenance)
    gamma = {
        True: observability.gamma or observability.bounds.lower,
        False: 0.0,
        None: None,
    }[observability.holds]
    return survey_theorems(
        compiled.game,
        strategy_independent=independence.holds,
        gamma=gamma,
        example=None if found is None else found.example.value,
        delay=0 if found is None else found.delay,
        common_sizes=tuple(sizes["common_at_most"]),
        private_sizes=tuple(zip(*sizes["private"].values(), strict=True)),
    )


def theory_json(theorems: tuple[Theorem, ...]) -> list[dict[str, object]]:
    """Theorems as data."""
    return [
        {
            "theorems": theorem.numbers,
            "subject": theorem.subject,
            "applies": theorem.applies,
            "reason": theorem.reason,
            "bound": theorem.bound,
        }
        for theorem in theorems
    ]


def theory_text(theorems: tuple[Theorem, ...]) -> list[str]:
    """One line a theorem."""
    lines = ["Theory"]
    for theorem in theorems:
        word = WORDS[theorem.applies]
        rest = theorem.bound or theorem.reason
        name = "Theorems" if "," in theorem.numbers else "Theorem"
        verb = word if name == "Theorem" else PLURAL[word]
        lines.append(f"  {name} {theorem.numbers} ({theorem.subject}) {verb}: {rest}")
    return lines
