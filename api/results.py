"""What solving, learning and certifying give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from posg.compiler.pipeline import Compiled
from posg.runtime import Certificate, Policy, save_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A policy and what it is worth in the true game.

    Attributes
    ----------
    compiled
        The game and its sharing structure.
    policy
        What the agents do.
    certificate
        Values, and the gap of ``concept`` with how it was found.
    """

    compiled: Compiled = field(repr=False)
    policy: Policy = field(repr=False)
    certificate: Certificate

    @property
    def value(self) -> Mapping[str, float]:
        """Expected return of each agent."""
        return self.certificate.value

    @property
    def gap(self) -> float | None:
        """How much an agent, or the team, could gain at most; None where no bound is known."""
        return self.certificate.gap

    @property
    def concept(self) -> str:
        """``nash``, ``ce``, ``cce`` or ``team``."""
        return self.certificate.concept

    def save(self, path: str | Path) -> None:
        """Write the policy to a ``.json`` or ``.npz`` file."""
        save_policy(self.policy, path)

    def _repr_html_(self) -> str:
        game = self.compiled.game
        title = f"{game.name} under {self.compiled.information.name}, horizon {game.horizon}"
        gap = "unknown" if self.gap is None else f"{self.gap:.6g}"
        rows = "".join(
            f"<tr><td>{escape(agent)}</td><td>{value:.6g}</td></tr>"
            for agent, value in self.value.items()
        )
        return (
            f"<table><caption>{escape(title)}: {self.concept}, gap {gap} "
            f"({self.certificate.method})</caption><tr><th>agent</th><th>value</th></tr>{rows}</table>"
        )
