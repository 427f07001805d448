"""The verdicts on a game and its sharing structure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from posg.compiler.compressions import DEFAULT, Compression
from posg.compiler.idle import report_idle
from posg.compiler.pipeline import Compiled
from posg.grammar.diagnostics import Bag
from posg.grammar.render import to_json
from posg.runtime import (
    Observability,
    PerfectRecall,
    StrategyIndependence,
    check_perfect_recall,
    classify_game,
    measure_observability,
)
from posg.runtime.observability import SECONDS
from posg.runtime.theory import Theorem

from .independence import assumption_3, decide_independence, independence_text
from .limits import Limits
from .observability import assumption_2, observability_text
from .recall import recall_json, recall_text
from .size_report import (
    nested_of,
    nested_text,
    recall_bound,
    recall_bound_text,
    sizes_of,
    sizes_text,
)
from .theory import theory_json, theory_of, theory_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What ``posg check`` says; ``print`` shows it as the command does.

    Attributes
    ----------
    compiled
        The game and its sharing structure. Assumption 1 holds where there is one.
    observability
        Assumption 2: gamma, exactly or between bounds, with the beliefs that are hardest to tell apart.
    strategy_independence
        Assumption 3, with a witness where it fails.
    perfect_recall
        Of each agent, with a witness where it fails.
    theorems
        Which theorems of the paper apply, and what they promise.
    data
        All of it as the JSON object of ``posg check --format json``: also sizes, nested information, the
        cause and the repair where Assumption 3 fails, and warnings.
    """

    compiled: Compiled = field(repr=False)
    observability: Observability = field(repr=False)
    strategy_independence: StrategyIndependence = field(repr=False)
    perfect_recall: PerfectRecall = field(repr=False)
    theorems: tuple[Theorem, ...] = field(repr=False)
    data: Mapping[str, Any]

    @property
    def sizes(self) -> Mapping[str, Any]:
        """States, actions, observations, common and private information, and what compressions leave."""
        found: Mapping[str, Any] = self.data["sizes"]
        return found

    def __str__(self) -> str:
        game, data = self.compiled.game, self.data
        lines = [
            (
                f"{game.name} under {data['sharing']}: {data['class']}, horizon {game.horizon}, "
                f"{game.state_count} states"
            ),
            *sizes_text(self.compiled, self.sizes),
            "Assumption 1 (evolution of information): holds",
            *observability_text(data["assumption_2"]),
            *independence_text(data["assumption_3"]),
            *recall_text(data["perfect_recall"]),
        ]
        if data["lemma_1"] is not None:
            lines.append(recall_bound_text(data["lemma_1"]))
        lines += nested_text(data["nested_information"])
        lines += theory_text(self.theorems)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        words = {True: "holds", False: "fails", None: "not decided"}
        rows = (
            ("Assumption 1 (evolution of information)", True),
            ("Assumption 2 (observability)", self.observability.holds),
            ("Assumption 3 (strategy independence)", self.strategy_independence.holds),
            ("Perfect recall", self.perfect_recall.holds),
        )
        body = "".join(f"<tr><td>{what}</td><td>{words[holds]}</td></tr>" for what, holds in rows)
        title, _, rest = str(self).partition("\n")
        return (
            f"<table><caption>{escape(title)}</caption>{body}</table>"
            f"<details><summary>all</summary><pre>{escape(rest)}</pre></details>"
        )


def check_compiled(
    compiled: Compiled, bag: Bag, limits: Limits, compression: Compression = DEFAULT
) -> Check:
    """Reach all verdicts; warnings go to the bag. What ``compression`` leaves is counted, too."""
    rules, checked = compiled.rules, compiled.checked
    report_idle(checked.model, checked.dynamics, None if rules is None else rules.provenance, bag)
    observability = measure_observability(
        compiled.game, seconds=SECONDS if limits.seconds is None else limits.seconds
    )
    recall = check_perfect_recall(compiled.game, compiled.information)
    sizes = sizes_of(compiled, compression)
    independence = decide_independence(compiled, limits)
    theorems = theory_of(compiled, observability, independence.found, sizes)
    data: dict[str, Any] = {
        "schema": "posg.check/1",
        "game": compiled.game.name,
        "sharing": compiled.information.name,
        "class": classify_game(compiled.game).value,
        "horizon": compiled.game.horizon,
        "sizes": sizes,
        "assumption_1": {"holds": True},
        "assumption_2": assumption_2(observability),
        "assumption_3": assumption_3(independence),
        "perfect_recall": recall_json(recall),
        "nested_information": nested_of(compiled),
        "lemma_1": recall_bound(compiled, sizes) if recall.holds else None,
        "theory": theory_json(theorems),
        "diagnostics": to_json(bag.diagnostics),
    }
    return Check(
        compiled=compiled,
        observability=observability,
        strategy_independence=independence.found,
        perfect_recall=recall,
        theorems=theorems,
        data=data,
    )
