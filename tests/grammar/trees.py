"""Syntax trees drawn at random, for hypothesis."""

from fractions import Fraction

from hypothesis import strategies as st

from posg.grammar import syntax
from posg.grammar.source import Source, Span

NOWHERE = Span(Source("drawn", ""), 0, 0)

names = st.sampled_from(
    ["x", "y2", "alice", "_hidden", "value", "concept", "set", "agents_", "maximum", "Side", "nash"]
)
numbers = st.builds(
    lambda text: syntax.Number(span=NOWHERE, text=text, value=Fraction(text)),
    st.sampled_from(["0", "1", "12", "0.85", "2.5e-3", "007", "1E3", "1e+2"]),
)
whole_numbers = st.builds(
    lambda n: syntax.Number(span=NOWHERE, text=str(n), value=Fraction(n)), st.integers(0, 9)
)
booleans = st.builds(syntax.Boolean, span=st.just(NOWHERE), value=st.booleans())
nothing = st.just(syntax.Nothing(span=NOWHERE))
step = st.just(syntax.Step(span=NOWHERE))


def tuples(elements, least=1, most=3):
    return st.lists(elements, min_size=least, max_size=most).map(tuple)


def node(kind, /, **fields):
    """Nodes of a kind; spans are filled in."""
    own = {key for key in kind.defaults if key.endswith("span")}
    return st.builds(kind, **{key: st.just(NOWHERE) for key in own}, **fields)


def plain_names(indices):
    return node(
        syntax.Name,
        name=names,
        indices=tuples(indices, 0, 2),
        primed=st.just(False),
    )


def primed_names(indices):
    return node(
        syntax.Name,
        name=names,
        indices=tuples(indices, 0, 2),
        primed=st.just(True),
    )


def heads(indices):
    """`observation[i]'`, `action[i]`, `reward[i]`."""
    values = node(
        syntax.Name,
        name=st.sampled_from(["observation", "action"]),
        indices=tuples(indices, 1, 2),
        primed=st.booleans(),
    )
    rewards = node(
        syntax.Name,
        name=st.just("reward"),
        indices=tuples(indices, 1, 1),
        primed=st.just(False),
    )
    return values | rewards


def domains_of(inner):
    agent_values = node(
        syntax.NamedDomain,
        name=st.sampled_from(["observation", "action"]),
        indices=tuples(inner, 1, 1),
    )
    return (
        node(syntax.SetDomain, values=tuples(inner, 1, 4))
        | node(syntax.RangeDomain, low=inner, high=inner)
        | node(syntax.NamedDomain, name=names, indices=tuples(inner, 0, 1))
        | agent_values
    )


def extend(inner):
    """Expressions one level deeper."""
    functions = names | st.sampled_from(["max", "min"])
    arms = node(syntax.Arm, pattern=patterns, value=inner)
    entries = node(syntax.Entry, value=inner, probability=inner)
    laws = node(
        syntax.Distribution, entries=tuples(entries, 0, 3), otherwise=st.none() | inner
    ).filter(lambda law: law.entries or law.otherwise)
    return (
        plain_names(inner)
        | primed_names(inner)
        | heads(inner)
        | node(syntax.Call, function=functions, arguments=tuples(inner))
        | node(syntax.Unary, op=st.sampled_from(syntax.UnaryOp), operand=inner)
        | node(syntax.Binary, op=st.sampled_from(syntax.BinaryOp), left=inner, right=inner)
        | node(syntax.Membership, value=inner, domain=domains_of(inner))
        | node(syntax.TupleExpr, items=tuples(inner, 2))
        | node(syntax.If, condition=inner, then=inner, otherwise=inner)
        | node(syntax.Match, subject=inner, arms=tuples(arms))
        | node(
            syntax.Quantified,
            quantifier=st.sampled_from(syntax.Quantifier),
            name=names,
            domain=st.none() | domains_of(inner),
            body=inner,
        )
        | node(syntax.Uniform, values=st.none() | tuples(inner))
        | laws
    )


negative_numbers = node(syntax.Unary, op=st.just(syntax.UnaryOp.NEGATE), operand=numbers)
pattern_values = numbers | negative_numbers | booleans | nothing | plain_names(numbers)
patterns = st.recursive(
    node(syntax.WildcardPattern) | node(syntax.ValuePattern, value=pattern_values),
    lambda inner: (
        node(syntax.TuplePattern, items=tuples(inner, 2))
        | node(syntax.AlternativePattern, options=tuples(inner, 2))
    ),
    max_leaves=4,
)

bare_names = node(syntax.Name, name=names, indices=st.just(()), primed=st.booleans())
atoms = numbers | booleans | nothing | step | bare_names
expressions = st.recursive(atoms, extend, max_leaves=12)
small = st.recursive(atoms, extend, max_leaves=3)
domains = domains_of(small)

structures = node(
    syntax.StructureCall,
    name=names,
    positional=tuples(small, 0, 2),
    named=tuples(st.tuples(names, small), 0, 2),
)
indices = tuples(
    node(syntax.IndexBinder, name=names, domain=domains)
    | node(syntax.IndexValue, value=plain_names(small)),
    0,
    2,
)
type_decls = node(syntax.TypeDecl, name=names, domain=domains)
defines = node(syntax.Define, name=names, parameters=st.none() | tuples(names), body=expressions)
settings = (
    node(syntax.Setting, key=st.sampled_from(["sharing", "compression"]), structure=structures)
    | node(syntax.Setting, key=st.just("horizon"), value=small)
    | node(syntax.Setting, key=st.just("concept"), name=names)
    | node(syntax.Setting, key=st.just("set"), name=names, value=small)
)
comparisons = st.sampled_from(
    [op for op in syntax.BinaryOp if op.value in ("==", "!=", "<", "<=", ">", ">=")]
)
agent_groups = node(syntax.AgentGroup, name=names, low=st.none(), high=st.none()) | node(
    syntax.AgentGroup, name=names, low=small, high=small
)
statements = st.one_of(
    node(syntax.AgentsDecl, groups=tuples(agent_groups)),
    node(syntax.HorizonDecl, value=small),
    node(syntax.DiscountDecl, value=small),
    node(
        syntax.ParamDecl,
        name=names,
        range=st.none() | domains | node(syntax.Interval, low=small, high=small),
        value=small,
    ),
    type_decls,
    node(
        syntax.VariableDecl,
        kind=st.sampled_from(syntax.VariableKind),
        name=names,
        indices=indices,
        domain=domains,
    ),
    defines,
    node(syntax.Init, targets=tuples(plain_names(small)), value=expressions, random=st.booleans()),
    node(
        syntax.Equation,
        targets=tuples(primed_names(small)),
        value=expressions,
        random=st.booleans(),
    ),
    node(syntax.Reward, index=st.none() | small, value=expressions),
    node(syntax.Use, kind=st.sampled_from(syntax.UseKind), structure=structures),
    node(
        syntax.Expect,
        negated=st.booleans(),
        subject=names,
        index=st.none() | small,
        op=st.none(),
        value=st.none(),
        tolerance=st.none(),
        settings=tuples(settings, 0),
    ),
    node(
        syntax.Expect,
        negated=st.booleans(),
        subject=names,
        index=st.none() | small,
        op=comparisons,
        value=small,
        tolerance=st.none() | small,
        settings=tuples(settings, 0),
    ),
)
rules = st.one_of(
    node(
        syntax.Share,
        values=tuples(small),
        recipient=st.none() | small,
        delay=small,
        condition=st.none() | small,
    ),
    node(syntax.Keep, values=tuples(small), steps=small),
    node(syntax.Forget, values=tuples(small)),
    node(syntax.Memory, name=names, indices=indices, domain=domains),
    node(syntax.Xi, target=primed_names(small), value=expressions),
    node(syntax.Chi, values=tuples(small)),
)
parameters = node(
    syntax.SharingParameter,
    name=names,
    kind=st.sampled_from(syntax.ParameterKind),
    default=st.none() | small,
)
items = st.one_of(
    node(syntax.Import, path=st.sampled_from(["posg:sharing", "games/a.posg", "ü.posg"])),
    type_decls,
    defines,
    node(syntax.Game, name=names, items=tuples(statements, 0, 6)),
    node(
        syntax.Sharing,
        name=names,
        parameters=tuples(parameters, 0, 2),
        items=tuples(rules, 0, 4),
    ),
)
specs = node(
    syntax.Spec, items=tuples(items, 0, 3), source=st.just(NOWHERE.source), comments=st.just(())
)
