"""Syntax tree of the language: frozen data, a span on every node, nothing resolved yet.

Spans and comments take no part in equality, so ``parse(print(tree)) == tree`` is meaningful.
"""

from __future__ import annotations

from enum import Enum
from fractions import Fraction

from .node import Record, field
from .source import Source, Span


class Node(Record):
    """Base of every node."""

    span: Span = field(compare=False)


# --- expressions ---------------------------------------------------------------------------------


class Number(Node):
    """An integer or decimal; ``text`` is kept as written, ``value`` is exact."""

    text: str
    value: Fraction = field(compare=False)


class Boolean(Node):
    """``true`` or ``false``."""

    value: bool


class Nothing(Node):
    """``nothing``: the value of a register that was not written, of an increment not sent."""


class Step(Node):
    """``step``: the number h of the current decision."""


class Name(Node):
    """``x``, ``x'``, ``x[i]``, ``x[i, k]'``; also ``observation[i]``, ``action[i]``, ``reward[i]``.

    ``name_span`` covers the bare name.
    """

    name: str
    indices: tuple[Expr, ...] = ()
    primed: bool = False
    name_span: Span = field(compare=False)


class Call(Node):
    """``f(e, ...)``: a define or one of ``min max abs clamp``."""

    function: str
    arguments: tuple[Expr, ...]
    name_span: Span = field(compare=False)


class UnaryOp(Enum):
    """Prefix operators."""

    NOT = "not"
    NEGATE = "-"


class BinaryOp(Enum):
    """Infix operators."""

    OR = "or"
    AND = "and"
    EQ = "=="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="
    ADD = "+"
    SUB = "-"
    MUL = "*"
    DIV = "/"
    MOD = "%"


class Unary(Node):
    """A prefix operator applied."""

    op: UnaryOp
    operand: Expr


class Binary(Node):
    """An infix operator applied; ``op_span`` covers the operator."""

    op: BinaryOp
    left: Expr
    right: Expr
    op_span: Span = field(compare=False)


class Membership(Node):
    """``e in { v, w }``, ``e in lo..hi``, ``e in Type``."""

    value: Expr
    domain: Domain


class TupleExpr(Node):
    """``(e, e, ...)`` with at least two items."""

    items: tuple[Expr, ...]


class If(Node):
    """``if c then x else y``."""

    condition: Expr
    then: Expr
    otherwise: Expr


class WildcardPattern(Node):
    """``_``."""


class ValuePattern(Node):
    """A value: a number, name, boolean or ``nothing``."""

    value: Expr


class TuplePattern(Node):
    """``(p, q)``."""

    items: tuple[Pattern, ...]


class AlternativePattern(Node):
    """``p | q``."""

    options: tuple[Pattern, ...]


class Arm(Node):
    """``pattern => value``."""

    pattern: Pattern
    value: Expr


class Match(Node):
    """``match e { arms }``."""

    subject: Expr
    arms: tuple[Arm, ...]


class Quantifier(Enum):
    """Words that bind an index."""

    ALL = "all"
    ANY = "any"
    SUM = "sum"
    COUNT = "count"
    MAX = "max"
    MIN = "min"


class Quantified(Node):
    """``all i: e``, ``sum k in D: e``; without a domain the index ranges over agents."""

    quantifier: Quantifier
    name: str
    domain: Domain | None
    body: Expr
    name_span: Span = field(compare=False)


class Uniform(Node):
    """``uniform`` (over the whole domain of the target) or ``uniform { e, ... }``."""

    values: tuple[Expr, ...] | None


class Entry(Node):
    """``value: probability``."""

    value: Expr
    probability: Expr


class Distribution(Node):
    """``{ v: p, ..., else: q }``."""

    entries: tuple[Entry, ...]
    otherwise: Expr | None


Expr = (
    Number
    | Boolean
    | Nothing
    | Step
    | Name
    | Call
    | Unary
    | Binary
    | Membership
    | TupleExpr
    | If
    | Match
    | Quantified
    | Uniform
    | Distribution
)
Pattern = WildcardPattern | ValuePattern | TuplePattern | AlternativePattern


# --- domains ---------------------------------------------------------------------------------


class SetDomain(Node):
    """``{ v, w, ... }``."""

    values: tuple[Expr, ...]


class RangeDomain(Node):
    """``lo..hi``, both ends in."""

    low: Expr
    high: Expr


class NamedDomain(Node):
    """``bool``, a type's name, or ``observation[i]`` / ``action[i]`` / ``see[i]`` in ``memory``."""

    name: str
    indices: tuple[Expr, ...] = ()


Domain = SetDomain | RangeDomain | NamedDomain


# --- statements of a game ------------------------------------------------------------------------


class IndexBinder(Node):
    """``k in D`` between the brackets of a declaration."""

    name: str
    domain: Domain


class IndexValue(Node):
    """``i`` or ``alice`` between the brackets of a declaration."""

    value: Expr


Index = IndexBinder | IndexValue


class AgentGroup(Node):
    """``alice`` or ``robot[1..3]``."""

    name: str
    low: Expr | None
    high: Expr | None


class AgentsDecl(Node):
    """``agents ...;``."""

    groups: tuple[AgentGroup, ...]


class HorizonDecl(Node):
    """``horizon H;``."""

    value: Expr


class DiscountDecl(Node):
    """``discount x;``."""

    value: Expr


class Interval(Node):
    """``[lo, hi]``: the closed range of a real parameter."""

    low: Expr
    high: Expr


class ParamDecl(Node):
    """``param p in [0, 1] = 0.3;``, ``param n in 1..5 = 3;``, ``param c = 2;``."""

    name: str
    range: Interval | Domain | None
    value: Expr
    name_span: Span = field(compare=False)


class TypeDecl(Node):
    """``type T = domain;``."""

    name: str
    domain: Domain
    name_span: Span = field(compare=False)


class VariableKind(Enum):
    """What a variable is."""

    STATE = "state"
    ACTION = "action"
    OBSERVATION = "observation"


class VariableDecl(Node):
    """``state x in D;``, ``action a[i] in D;``, ``observation o[i] in D;``."""

    kind: VariableKind
    name: str
    indices: tuple[Index, ...]
    domain: Domain
    name_span: Span = field(compare=False)


class Define(Node):
    """``define f(x, y) = e;``; ``parameters`` is None for a plain name."""

    name: str
    parameters: tuple[str, ...] | None
    body: Expr
    name_span: Span = field(compare=False)


class Init(Node):
    """``init x ~ D;`` (``random``) or ``init x = v;``; targets are unprimed."""

    targets: tuple[Name, ...]
    value: Expr
    random: bool


class Equation(Node):
    """``x' ~ D;``, ``x' = e;``, ``(x', y') ~ D;``; targets are primed."""

    targets: tuple[Name, ...]
    value: Expr
    random: bool


class Reward(Node):
    """``reward = e;``, ``reward[i] = e;``."""

    index: Expr | None
    value: Expr


class StructureCall(Node):
    """``delayed(d = 1)``: a sharing structure or a compression with its arguments."""

    name: str
    positional: tuple[Expr, ...]
    named: tuple[tuple[str, Expr], ...]
    name_span: Span = field(compare=False)


class UseKind(Enum):
    """What a ``use`` statement chooses."""

    SHARING = "sharing"
    COMPRESSION = "compression"


class Use(Node):
    """``use sharing f(...);``, ``use compression f(...);``."""

    kind: UseKind
    structure: StructureCall


class Setting(Node):
    """One setting of an ``expect``.

    ``sharing S(..)`` and ``compression C(..)`` fill ``structure``; ``horizon 3`` fills ``value``;
    ``concept team`` fills ``name``; ``set p = e`` fills ``name`` and ``value``.
    """

    key: str
    structure: StructureCall | None = None
    name: str | None = None
    value: Expr | None = None


class Expect(Node):
    """``expect [not] subject[agent] [op value [+- tolerance]] [with settings];``."""

    negated: bool
    subject: str
    index: Expr | None
    op: BinaryOp | None
    value: Expr | None
    tolerance: Expr | None
    settings: tuple[Setting, ...]


GameItem = (
    AgentsDecl
    | HorizonDecl
    | DiscountDecl
    | ParamDecl
    | TypeDecl
    | VariableDecl
    | Define
    | Init
    | Equation
    | Reward
    | Use
    | Expect
)


class Game(Node):
    """``game name { ... }``."""

    name: str
    items: tuple[GameItem, ...]
    name_span: Span = field(compare=False)


# --- sharing structures --------------------------------------------------------------------------


class ParameterKind(Enum):
    """What a sharing structure's parameter stands for."""

    NUMBER = "number"
    AGENT = "agent"
    DEFINE = "define"


class SharingParameter(Node):
    """``d = 1``, ``sender: agent``, ``trigger: define``."""

    name: str
    kind: ParameterKind
    default: Expr | None


class Share(Node):
    """``share X, Y [to bob] after d [when C];``."""

    values: tuple[Expr, ...]
    recipient: Expr | None
    delay: Expr
    condition: Expr | None


class Keep(Node):
    """``keep X for m;``."""

    values: tuple[Expr, ...]
    steps: Expr


class Forget(Node):
    """``forget X;``."""

    values: tuple[Expr, ...]


class Memory(Node):
    """``memory last[i] in D;``: a register of each agent."""

    name: str
    indices: tuple[Index, ...]
    domain: Domain
    name_span: Span = field(compare=False)


class Xi(Node):
    """``xi last[i]' = e;``: the private update ξ of one register (2.2)."""

    target: Name
    value: Expr


class Chi(Node):
    """``chi e, ...;``: what becomes common, χ (2.1)."""

    values: tuple[Expr, ...]


SharingItem = Share | Keep | Forget | Memory | Xi | Chi


class Sharing(Node):
    """``sharing name(parameters) { ... }``; ``parameters`` is empty with or without brackets."""

    name: str
    parameters: tuple[SharingParameter, ...]
    items: tuple[SharingItem, ...]
    name_span: Span = field(compare=False)


# --- files ----------------------------------------------------------------------------------------


class Import(Node):
    """``import "path.posg";``."""

    path: str


class Comment(Node):
    """A comment with its delimiters; ``own_line`` when nothing but white space precedes it."""

    text: str
    own_line: bool


SpecItem = Import | TypeDecl | Define | Game | Sharing


class Spec(Node):
    """One file."""

    items: tuple[SpecItem, ...]
    source: Source = field(compare=False)
    comments: tuple[Comment, ...] = field(default=(), compare=False)
