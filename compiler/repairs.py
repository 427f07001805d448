"""Small changes of a sharing structure, and whether Assumption 3 holds with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from posg.grammar import parse, parse_structure, syntax
from posg.grammar.diagnostics import Bag
from posg.grammar.source import Source
from posg.runtime.errors import LimitError
from posg.runtime.nodes import THRESHOLD, expand_common_information
from posg.runtime.progress import Progress, silent

from .core import Core, resolve_core
from .dependence_causes import Cause, CauseKind
from .information import build_information
from .laws import Footprint
from .model import GameModel, Role, Variable
from .pipeline import Compiled, Rules
from .provenance import Grade, Origin, Provenance, trace
from .sharing import Applied, apply_sharing
from .structural_independence import prove_for

MAX_TRIED = 60
"""Changes that are tried by proof; the search stops at the first that works."""
_MAX_NUMERIC = 8
_MAX_NODES = 20_000
_MAX_ROWS = 200_000
_MEMORY = 1 << 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """``share KIND[AGENT] after DELAY``, or with a delay of None ``forget KIND[AGENT]``.

    ``kind`` is ``ACTION`` or ``OBSERVATION``, ``agents`` are numbers. A new ``share`` rule adds to
    those that there are; a new ``forget`` rule replaces all that a structure says about these
    values.
    """

    kind: Role
    agents: tuple[int, ...]
    delay: int | None

    def values(self, model: GameModel) -> str:
        """What it is about, as it is written; ``[i]`` stands for all agents with such variables."""
        whole = self.agents == _owners(model, self.kind) and len(self.agents) > 1
        names = ["i"] if whole else [model.agents[number].name for number in self.agents]
        return ", ".join(f"{self.kind.value}[{name}]" for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A change that was tried.

    Attributes
    ----------
    rules
        What to add to the structure.
    text
        The rules as they are written, on one line.
    holds
        Whether Assumption 3 holds then; None if that could not be decided within limits.
    method
        ``structure``, ``numeric`` or ``undecided``.
    instead
        Whether the rules have to take the place of those about the same values, as beside them they
        would be refused or would not be enough.
    """

    rules: tuple[Rule, ...]
    text: str
    holds: bool | None
    method: str
    instead: bool = False


def find_repairs(
    compiled: Compiled, cause: Cause, *, progress: Progress = silent
) -> tuple[Repair, ...]:
    """Try small changes, those first that speak to the cause.

    One rule is tried before two. What a proof does not settle is decided on the compiled game, as
    far as that is cheap and ``progress`` does not stop it.

    Returns
    -------
    tuple
        The changes that were decided, in the order in which they were tried. Only the last one can
        hold; if it does not, none that was tried does.

    Raises
    ------
    SpecError
        P0438, for a structure without rules.
    """
    structure = compiled.require_rules()
    open_cases: list[tuple[tuple[Rule, ...], Core]] = []
    proved: tuple[Rule, ...] | None = None
    for rules, core, provenance in _changes(compiled, structure, cause):
        if prove_for(compiled, core, provenance).holds:
            proved = rules
            break
        open_cases.append((rules, core))
    tried: list[Repair] = []
    for rules, core in open_cases[:_MAX_NUMERIC]:
        if proved is not None and len(rules) >= len(proved):
            break
        tried.append(_repair(compiled, rules, _decide(compiled, core, progress), "numeric"))
        if tried[-1].holds:
            proved = None
            break
    if proved is not None:
        tried.append(_repair(compiled, proved, True, "structure"))
    if (
        tried
        and tried[-1].holds
        and not _hold_beside(compiled, structure, tried[-1].text, progress)
    ):
        tried[-1] = replace(tried[-1], instead=True)
    return tuple(tried)


def _decide(compiled: Compiled, core: Core, progress: Progress) -> bool | None:
    """Decide Assumption 3 on the tables of a structure, if they are small."""
    try:
        model = compiled.checked.model
        built = build_information(model, core, Bag(), max_rows=_MAX_ROWS)
        if built is None:
            return None
        nodes = expand_common_information(
            compiled.game,
            built[0],
            refuse=False,
            explain=False,
            max_nodes=_MAX_NODES,
            memory_bytes=_MEMORY,
            progress=progress,
        )
    except LimitError:
        return None
    return nodes.margin <= THRESHOLD


def _repair(compiled: Compiled, rules: Sequence[Rule], holds: bool | None, method: str) -> Repair:
    values: dict[int | None, list[str]] = {}
    for rule in rules:
        values.setdefault(rule.delay, []).append(rule.values(compiled.checked.model))
    texts = [
        f"forget {', '.join(about)}" if delay is None else f"share {', '.join(about)} after {delay}"
        for delay, about in values.items()
    ]
    return Repair(
        rules=tuple(rules),
        text="; ".join(texts),
        holds=holds,
        method="undecided" if holds is None else method,
    )


def _hold_beside(compiled: Compiled, structure: Rules, text: str, progress: Progress) -> bool:
    """Whether the rules, written below those that there are, do what they were tried for."""
    model, label, bag = compiled.checked.model, structure.core.applied.label, Bag()
    call, rules = parse_structure(Source("repair", label), bag), _parse_rules(f"{text};", bag)
    if call is None or rules is None:
        return False
    sharing = model.sharings[call.name]
    written = syntax.Sharing(
        span=sharing.span,
        name=sharing.name,
        parameters=sharing.parameters,
        items=(*sharing.items, *rules.items),
        name_span=sharing.name_span,
    )
    beside = replace(model, sharings={**model.sharings, call.name: written})
    applied = apply_sharing(beside, call, label, bag)
    core = None if applied is None else resolve_core(beside, applied, bag)
    if core is None:
        return False
    if prove_for(compiled, core, trace(beside, core)).holds:
        return True
    return _decide(compiled, core, progress) is True


def _changes(
    compiled: Compiled, structure: Rules, cause: Cause
) -> Iterator[tuple[tuple[Rule, ...], Core, Provenance]]:
    """Changed structures, one rule before two; those that change nothing are left out."""
    model = compiled.checked.model
    single: list[tuple[Rule, Core, Provenance]] = []
    for rule in _rules(compiled, structure, cause):
        changed = apply_rule(model, structure.core, structure.provenance, rule)
        if changed is not None:
            single.append((rule, changed, trace(model, changed)))
            yield (rule,), *single[-1][1:]
    tried = len(single)
    widest_first = sorted(single, key=lambda change: -len(change[0].agents))
    for (first, middle, provenance), (second, _, _) in combinations(widest_first, 2):
        if first.kind == second.kind and set(first.agents) & set(second.agents):
            continue
        changed = apply_rule(model, middle, provenance, second)
        if changed is not None:
            tried += 1
            yield (first, second), changed, trace(model, changed)
        if tried >= MAX_TRIED:
            return


def _rules(compiled: Compiled, structure: Rules, cause: Cause) -> Iterator[Rule]:
    """Rules that may help, the likeliest first: for the agent to blame, for all, for each other."""
    model = compiled.checked.model
    blamed = next(agent.number for agent in model.agents if agent.name == cause.agent)
    tell: list[tuple[Role, int | None]] = [(Role.OBSERVATION, 1), (Role.OBSERVATION, 0)]
    order: list[tuple[Role, int | None]]
    match cause.kind:
        case CauseKind.OWN_ACTION_PRIVATE:
            order = [(Role.ACTION, None), (Role.ACTION, 1), *tell]
        case CauseKind.HIDDEN_CONTROL:
            order = [(Role.ACTION, 1), *tell, (Role.ACTION, None)]
        case CauseKind.SIGNALS:
            order = [*tell, (Role.ACTION, None), (Role.ACTION, 1)]
        case CauseKind.SILENCE:
            order = [
                *_conditional(structure.provenance),
                *tell,
                (Role.ACTION, 1),
                (Role.ACTION, None),
            ]
    for kind, delay in order:
        owners = _owners(model, kind)
        scopes = [(blamed,), owners, *((number,) for number in owners if number != blamed)]
        for agents in dict.fromkeys(scopes):
            if set(agents) <= set(owners) and agents:
                yield Rule(kind=kind, agents=agents, delay=delay)


def _owners(model: GameModel, kind: Role) -> tuple[int, ...]:
    groups = model.actions if kind is Role.ACTION else model.observations
    return tuple(number for number, group in enumerate(groups) if group)


def _conditional(provenance: Provenance) -> list[tuple[Role, int | None]]:
    """Kinds and delays of values that are shared now and then, the longest delays first."""
    delays = {
        (step - origin.step, origin.variable.role.value)
        for step, released in enumerate(provenance.released, start=1)
        for content in released
        for origin, grade in content.items()
        if grade is Grade.MAYBE
    }
    return [(Role(kind), delay) for delay, kind in sorted(delays, reverse=True) if delay > 1]


def apply_rule(model: GameModel, core: Core, provenance: Provenance, rule: Rule) -> Core | None:
    """Add a rule to a structure; None if that changes nothing or is not possible."""
    groups = model.actions if rule.kind is Role.ACTION else model.observations
    variables = [variable for number in rule.agents for variable in groups[number]]
    if rule.delay is None:
        return _forget(core, frozenset(variables))
    late = [v for v in variables if not _is_common(model, provenance, v, rule.delay)]
    return _share(model, core, late, rule.delay) if late else None


def _is_common(model: GameModel, provenance: Provenance, variable: Variable, delay: int) -> bool:
    """Whether all values of a variable become common after so many steps at the latest."""
    common: set[Origin] = set()
    start = 1 if variable.role is Role.ACTION or variable in model.initially_observed else 2
    for step, released in enumerate(provenance.released, start=1):
        for content in released:
            common.update(origin for origin, grade in content.items() if grade is Grade.WHOLE)
        if any(Origin(variable, t) not in common for t in range(start, step - delay + 1)):
            return False
    return True


def _forget(core: Core, variables: frozenset[Variable]) -> Core | None:
    """Drop the registers and parts of increments that hold nothing else."""
    dropped = set[Variable]()
    everything = [register for group in core.registers for register in group]

    def about(footprint: Footprint, itself: Variable | None = None) -> bool:
        """Whether everything that is read is dropped."""
        read = {variable for variable, _ in footprint.variables} - {itself}
        return bool(read) and read <= variables | dropped

    while more := {r.variable for r in everything if about(r.footprint, r.variable)} - dropped:
        dropped |= more
    kept = tuple(part for part in core.components if not about(part.footprint))
    registers = tuple(
        tuple(register for register in group if register.variable not in dropped)
        for group in core.registers
    )
    if not dropped and len(kept) == len(core.components):
        return None
    left = [register.footprint for group in registers for register in group]
    if any(_reads(print_, dropped) for print_ in [*left, *(part.footprint for part in kept)]):
        return None
    return replace(core, registers=registers, components=kept)


def _reads(footprint: Footprint, variables: set[Variable]) -> bool:
    return any(variable in variables for variable, _ in footprint.variables)


def _share(model: GameModel, core: Core, variables: Sequence[Variable], delay: int) -> Core | None:
    """Release values after a delay, by way of registers of their own."""
    bag = Bag()
    lines: list[str] = []
    for number, variable in enumerate(variables):
        assert variable.agent is not None
        index = f"[{variable.agent.name}]"
        is_action = variable.role is Role.ACTION
        held = variable.label if is_action else f"{variable.label}'"
        for place in range(1, delay + (not is_action)):
            name = _fresh(core, f"told{number}_{place}")
            lines.append(f"memory {name}{index} in {variable.label};")
            lines.append(f"xi {name}{index}' = {held};")
            held = f"{name}{index}"
        lines.append(f"chi {held};")
    sharing = _parse_rules("\n".join(lines), bag)
    if sharing is None:
        return None
    added = resolve_core(model, Applied(label=core.applied.label, core=sharing), bag)
    if added is None:
        return None
    families = {**core.scope.families, **added.scope.families}
    return Core(
        applied=core.applied,
        scope=replace(core.scope, families=families),
        registers=tuple(
            (*old, *new) for old, new in zip(core.registers, added.registers, strict=True)
        ),
        components=(*core.components, *added.components),
    )


def _parse_rules(lines: str, bag: Bag) -> syntax.Sharing | None:
    spec = parse(Source("repair", f"sharing repair {{\n{lines}\n}}\n"), bag)
    if bag.has_errors:
        return None
    (sharing,) = spec.items
    assert isinstance(sharing, syntax.Sharing)
    return sharing


def _fresh(core: Core, stem: str) -> str:
    name = stem
    while name in core.scope.families or name in core.scope.defines or name in core.scope.symbols:
        name += "_"
    return name
