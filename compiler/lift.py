"""Directed sharing among three or more agents, carried by the game instead.

A value that one agent sends to another one is neither common nor part of the receiver's private
information, so no structure may say it (Assumption 1). A game may: here a game and a structure
with directed rules become a text with a game in which an observation of the receiver carries the
value, and a structure without those rules. What becomes common, and the law of everything that
the first game speaks of, stay the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import wrap

from posg.grammar import parse, syntax
from posg.grammar.diagnostics import Bag, SpecError
from posg.grammar.printer import print_expression, print_item, print_spec
from posg.grammar.source import Source, Span

from .domains import integer
from .lift_values import Channel, Writer, carried_text
from .model import Parameter, Role
from .pipeline import CheckedGame, Request, check_game, choose_sharing
from .program import Program
from .rewrite import free_names, number_node
from .sharing import Directed, SplitRules, split_rules

_WIDTH = 97


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What became of one value that a rule sends to one agent.

    ``observation`` carries it, and is ``before`` until the first value arrives; both are None if
    there is nothing to deliver, and ``reason`` says why.
    """

    rule: str
    carries: str
    receiver: str
    delay: int
    observation: str | None
    before: str | None
    reason: str | None

    @property
    def sentence(self) -> str:
        """The change for people."""
        if self.observation is None:
            return f"{self.carries}, for {self.receiver}: not delivered, {self.reason}"
        when = {0: "of the same step", 1: "of one step ago"}.get(
            self.delay, f"of {self.delay} steps ago"
        )
        before = "" if self.before is None else f"; {self.before} where nothing has arrived"
        return f"{self.observation}: {self.carries} {when}{before}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifted:
    """The text of a game without directed rules; without changes it is the file as it was."""

    text: str
    agents: tuple[str, ...]
    changes: tuple[Change, ...]


def lift_directed(program: Program, request: Request, bag: Bag) -> Lifted | None:
    """Let the game deliver what the directed rules of its structure send; None after errors."""
    checked = check_game(program, request, bag)
    chosen = None if checked is None else choose_sharing(checked, request, bag)
    if checked is None or chosen is None:
        return None
    agents = tuple(agent.name for agent in checked.model.agents)
    unchanged = Lifted(text=print_spec(program.spec), agents=agents, changes=())
    if len(checked.model.agents) <= 2:
        return unchanged
    split = split_rules(checked.model, chosen[0], bag)
    if split is None:
        return None
    if not split.directed:
        return unchanged
    for rule in split.rest.values():
        if isinstance(rule, syntax.Memory | syntax.Xi | syntax.Chi):
            sent = split.directed[0].rule
            bag.report("P0428", rule.span, name=split.sharing.name, others=[sent.span])
            return None
    return _Lifter(program, checked, request, split, chosen[1]).run()


class _Lifter:
    def __init__(
        self,
        program: Program,
        checked: CheckedGame,
        request: Request,
        split: SplitRules,
        label: str,
    ) -> None:
        self.program = program
        self.checked = checked
        self.request = request
        self.split = split
        self.label = label
        self.model = checked.model
        self.writer = Writer(checked, words_of(program, split.sharing))
        self.changes: list[Change] = []
        self.delivered: list[Directed] = []
        self.published: dict[int, list[str]] = {}
        self.receivers = {directed.receiver.name for directed in split.directed}

    def run(self) -> Lifted:
        delivered: list[tuple[Directed, Channel]] = []
        known: set[tuple[str, str, int]] = set()
        for directed in self.split.directed:
            reason = self.needless(directed)
            key = (carried_text(directed), directed.receiver.name, directed.delay)
            if reason is None and key in known:
                reason = "another rule does"
            if reason is not None:
                self.change(directed, None, None, reason)
                continue
            known.add(key)
            delivered.append((directed, self.writer.channel(directed)))
            self.delivered.append(directed)
        self.writer.store()
        for directed, channel in delivered:
            name = self.writer.deliver(directed, channel)
            before = None
            if directed.lag or directed.condition is not None:
                before = print_expression(channel.filler)
            self.change(directed, name, before, None)
            self.publish(directed, name)
        text = "\n\n".join([self.header(), *self.declarations(), self.game(), self.sharing()])
        bag = Bag()
        spec = parse(Source("lifted", text), bag)
        assert not bag.has_errors, text
        agents = tuple(agent.name for agent in self.model.agents)
        return Lifted(text=print_spec(spec), agents=agents, changes=tuple(self.changes))

    # --- the rules ----------------------------------------------------------------------------

    def known_by(self, directed: Directed) -> int | None:
        """After how many steps the value is common anyway; None for never."""
        steps: list[int] = [0]
        for variable in (*directed.reads, *directed.conditions):
            if variable not in self.split.common:
                return None
            # An observation comes with the action that led to it, taken a step earlier.
            earlier = not directed.action and variable.role is Role.ACTION
            steps.append(self.split.common[variable] - earlier)
        return max(steps)

    def needless(self, directed: Directed) -> str | None:
        """Why a value need not be delivered."""
        known = self.known_by(directed)
        if known is not None and known <= directed.delay:
            return "it is common by then"
        there = all(variable in self.model.initially_observed for variable in directed.reads)
        first = 1 if directed.action or there else 2
        if first + directed.delay > self.model.horizon:
            return f"it would arrive after step {self.model.horizon}"
        return None

    def change(
        self, directed: Directed, name: str | None, before: str | None, reason: str | None
    ) -> None:
        self.changes.append(
            Change(
                rule=rule_text(directed.rule),
                carries=carried_text(directed),
                receiver=directed.receiver.name,
                delay=directed.delay,
                observation=name,
                before=before,
                reason=reason,
            )
        )

    def publish(self, directed: Directed, name: str) -> None:
        """What the others learn later on is common from then on, the receiver's copy included."""
        known = self.known_by(directed)
        if known is not None:
            rules = self.published.setdefault(directed.rule.span.start, [])
            rules.append(f"share {name} after {known - directed.delay};")

    def sharing(self) -> str:
        """The structure without its directed rules, and about the observations it was about."""
        sharing = self.split.sharing
        span = sharing.span
        edits: list[tuple[int, int, str]] = []
        ends = [sharing.name_span.end, *(p.span.end for p in sharing.parameters)]
        body = span.source.text.index("{", max(ends)) + 1
        edits.append((span.start, body, f"sharing {self.structure_name} {{"))
        for place, item in enumerate(sharing.items):
            if place in self.split.rest:
                text = self.rest(self.split.rest[place])
            else:
                published = self.published.get(item.span.start, [])
                sent = any(d.rule.span.start == item.span.start for d in self.delivered)
                word = "The game delivers this" if sent else "Left out"
                told = f"// {word}: {rule_text(item)}"
                text = "\n".join([*wrap(told, _WIDTH, subsequent_indent="// "), *published])
            edits.append((item.span.start, item.span.end, text))
        return _leading(span) + _spliced(span, edits)

    @property
    def structure_name(self) -> str:
        name = f"{self.split.sharing.name}_lifted"
        while name in self.program.sharings:
            name += "_"
        return name

    def rest(self, rule: syntax.SharingItem) -> str:
        """A rule that stays, one for each agent where that is needed."""
        assert isinstance(rule, syntax.Share | syntax.Keep | syntax.Forget)
        rules = self.writer.without_observation(rule, self.receivers)
        return "\n".join(print_item(_plain_numbers(part)) for part in rules)

    # --- the game -----------------------------------------------------------------------------

    def game(self) -> str:
        game = self.checked.syntax
        edits: list[tuple[int, int, str]] = []
        use = f"use sharing {self.structure_name};"
        used = False
        for item in game.items:
            span = item.span
            text: str | None = None
            match item:
                case syntax.Expect():
                    edits.append((*_with_comments(span), ""))
                    continue
                case syntax.Use() if item.kind is syntax.UseKind.SHARING:
                    text, used = ("" if used else use), True
                case syntax.HorizonDecl() if self.request.horizon is not None:
                    text = f"horizon {self.request.horizon};"
                case syntax.ParamDecl():
                    text = self.parameter(item)
                case syntax.Equation() | syntax.Init():
                    text = self.writer.stored_rule(item)
                case _:
                    pass
            if text is not None:
                edits.append((span.start, span.end, text))
        closing = game.span.end - 1
        added: list[str] = []
        if not any(isinstance(item, syntax.HorizonDecl) for item in game.items):
            added.append(f"horizon {self.model.horizon};")
        added += self.writer.statements
        if not used:
            added.append(use)
        edits.append((closing, closing, "\n\n" + "\n".join(added) + "\n"))
        return _leading(game.span) + _spliced(game.span, edits)

    @property
    def fixed(self) -> tuple[Parameter, ...]:
        """Parameters on which delays and domains may depend: they get their value for good."""
        read: set[str] = set()
        for directed in self.split.directed:
            for part in (directed.value, directed.condition):
                if part is not None:
                    read |= free_names(self.writer.inlined(part))
        return tuple(
            parameter
            for parameter in self.model.scope.parameters.values()
            if (parameter.choices is not None or parameter.interval is not None)
            and (parameter.name in read or len(parameter.choices or ()) > 1)
        )

    def parameter(self, item: syntax.ParamDecl) -> str | None:
        """The declaration of a parameter that is fixed or that the request set."""
        value = self.model.scope.parameters[item.name].value
        if item.name in {parameter.name for parameter in self.fixed}:
            return f"param {item.name} = {value};"
        if item.name not in {*self.request.settings, *self.request.values}:
            return None
        shown = "" if item.range is None else f" in {item.range.span.text}"
        return f"param {item.name}{shown} = {value};"

    # --- the text -----------------------------------------------------------------------------

    def header(self) -> str:
        told = (
            "what rules send to one agent only, the game delivers in an observation of that agent"
        )
        lines = [f"{self.model.name} under {self.label}, lifted: {told}."]
        lines += [f"- {change.sentence}" for change in self.changes]
        fixed = ", ".join(f"{p.name} = {p.value}" for p in self.fixed)
        if fixed:
            lines.append(f"Delays and domains were computed for {fixed}.")
        if any(isinstance(item, syntax.Expect) for item in self.checked.syntax.items):
            lines.append("Expectations are left out: they are about the game as it was.")
        return "\n".join(
            part
            for line in lines
            for part in wrap(
                line,
                _WIDTH,
                initial_indent="// ",
                subsequent_indent="//   " if line.startswith("- ") else "// ",
                break_on_hyphens=False,
            )
        )

    def declarations(self) -> list[str]:
        """Types and defines from outside the game."""
        items = (*self.program.types, *self.program.defines)
        return ["\n".join(_leading(item.span) + item.span.text for item in items)] if items else []


def rule_text(rule: syntax.SharingItem) -> str:
    """A rule on one line."""
    return " ".join(print_item(rule).split())


def words_of(program: Program, sharing: syntax.Sharing) -> frozenset[str]:
    """Every word of the game's texts, so that new names are new."""
    items = (*program.types, *program.defines, *program.games, sharing)
    text = "\n".join(item.span.text for item in items)
    return frozenset(re.findall(r"\w+", re.sub(r"//.*|/\*(?s:.*?)\*/", "", text)))


def _plain_numbers(rule: syntax.SharingItem) -> syntax.SharingItem:
    """Write the delay as a number where no parameter of the game is in it."""

    def number(value: syntax.Expr) -> syntax.Expr:
        try:
            return number_node(integer(value, {}, what="a delay"), value.span)
        except SpecError:
            return value

    match rule:
        case syntax.Share():
            return syntax.Share(
                span=rule.span,
                values=rule.values,
                recipient=rule.recipient,
                delay=number(rule.delay),
                condition=rule.condition,
            )
        case syntax.Keep():
            return syntax.Keep(span=rule.span, values=rule.values, steps=number(rule.steps))
        case _:
            return rule


def _spliced(span: Span, edits: Iterable[tuple[int, int, str]]) -> str:
    """The text of a span with some of its parts replaced, comments on lines of their own."""
    text, reached = "", span.start
    source = span.source.text
    for start, end, new in sorted(edits):
        text += source[reached:start]
        if new.startswith("//"):
            before = text.rpartition("\n")[2].strip()
            behind = source[end : span.end].partition("\n")[0].strip()
            new = ("\n" if before else "") + new + ("\n" if behind else "")
        text += new
        reached = end
    return text + source[reached : span.end]


def _leading(span: Span) -> str:
    """The comment lines right before a declaration."""
    found = re.search(r"(?:^[ \t]*//[^\n]*\n)*\Z", span.source.text[: span.start], re.MULTILINE)
    return "" if found is None else found[0]


def _with_comments(span: Span) -> tuple[int, int]:
    """The place of a statement with the comment lines before it and the comment behind it."""
    text = span.source.text
    before = re.search(r"(?:^[ \t]*//[^\n]*\n)*[ \t]*\Z", text[: span.start], re.MULTILINE)
    behind = re.compile(r"[ \t]*//[^\n]*").match(text, span.end)
    return (
        span.start if before is None else before.start(),
        span.end if behind is None else behind.end(),
    )
