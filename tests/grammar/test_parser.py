"""Texts become the trees that they should, or diagnostics; never an exception."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import posg.specs
from posg.grammar import parse_expression, parse_structure, syntax
from posg.grammar.diagnostics import Bag
from posg.grammar.parser import parse
from posg.grammar.printer import print_spec
from posg.grammar.render import render_text, to_json
from posg.grammar.source import Source

SPECS = Path(next(iter(posg.specs.__path__)))
FILES = sorted(SPECS.glob("**/*.posg"))


def parsed(text):
    bag = Bag()
    spec = parse(Source("test.posg", text), bag)
    return spec, bag.diagnostics


def statement(text):
    spec, diagnostics = parsed(f"game g {{ {text} }}")
    assert diagnostics == (), text
    return spec.items[0].items[0]


def expression(text):
    bag = Bag()
    node = parse_expression(Source("test", text), bag)
    assert bag.diagnostics == (), text
    return node


def codes(text):
    return [diagnostic.code for diagnostic in parsed(text)[1]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_specs_parse_and_print(path):
    text = path.read_text(encoding="utf-8")
    spec, diagnostics = parsed(text)
    assert diagnostics == ()
    assert parsed(print_spec(spec))[0] == spec


def test_ranges_are_not_decimals():
    domain = statement("type T = 1..3;").domain
    assert (domain.low.value, domain.high.value) == (1, 3)
    domain = statement("type T = 1.5..2.25;").domain
    assert (domain.low.value, domain.high.value) == (Fraction(3, 2), Fraction(9, 4))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.85", Fraction(17, 20)),
        ("2.5e-3", Fraction(1, 400)),
        ("1E3", Fraction(1000)),
        ("007", Fraction(7)),
        ("1e300", Fraction(10) ** 300),
        ("0e300", Fraction(0)),
        ("0." + "3" * 399, Fraction(int("3" * 399), 10**399)),
        ("1e" + "0" * 398 + "3", Fraction(1000)),
    ],
)
def test_numbers_are_exact(text, value):
    assert expression(text).value == value


@pytest.mark.parametrize(
    "text",
    [
        "1e999999999",
        "1e301",
        "1e-301",
        "0e9999",
        "9" * 301,
        "0." + "3" * 400,
        "9" * 5000,
        "1e" + "0" * 5000,
    ],
)
def test_absurd_numbers_are_refused(text):
    assert codes(f"game g {{ horizon {text}; }}") == ["P0022"]


@pytest.mark.parametrize(
    "scrutinee",
    [
        "count i: m[i]",
        "any i in { a, b }: m[i] and m[a]",
        "max i: sum j in 0..2: m[i] * j",
        "min k in 1..2: (match k { 1 => 2, _ => 3 })",
    ],
)
def test_a_match_looks_at_a_quantifier(scrutinee):
    node = expression(f"match {scrutinee} {{ 0 => 0, _ => {{ a: 1/2, else: 1/2 }} }}")
    assert node == expression(f"match ({scrutinee}) {{ 0 => 0, _ => {{ a: 1/2, else: 1/2 }} }}")
    assert isinstance(node.subject, syntax.Quantified)
    assert len(node.arms) == 2


def test_precedence():
    node = expression("not a == b + c * -d or e and f in 1..2")
    assert node.op is syntax.BinaryOp.OR
    assert node.left.op is syntax.UnaryOp.NOT
    assert node.left.operand.op is syntax.BinaryOp.EQ
    assert node.left.operand.right.op is syntax.BinaryOp.ADD
    assert node.left.operand.right.right.right.op is syntax.UnaryOp.NEGATE
    assert node.right.op is syntax.BinaryOp.AND
    assert isinstance(node.right.right, syntax.Membership)


def test_domains_behind_in():
    kinds = {
        "x in { a, b, }": syntax.SetDomain,
        "x in a..b + 1": syntax.RangeDomain,
        "x in Side": syntax.NamedDomain,
        "x in see[i]": syntax.NamedDomain,
        "x in see[i]..2": syntax.RangeDomain,
        "x in action[i]": syntax.NamedDomain,
    }
    for text, kind in kinds.items():
        assert isinstance(expression(text).domain, kind), text


def test_spans_cover_what_they_should():
    text = "game g { x[k + 1]' ~ (1 + 2) * 3; }"
    equation = parsed(text)[0].items[0].items[0]
    assert equation.span.text == "x[k + 1]' ~ (1 + 2) * 3;"
    assert equation.targets[0].span.text == "x[k + 1]'"
    assert equation.targets[0].name_span.text == "x"
    assert equation.value.span.text == "(1 + 2) * 3"
    assert equation.value.op_span.text == "*"


def test_expectations():
    node = statement(
        "expect not value[a] >= -1 + 2 +- 1e-3 with sharing s(a, d = 1), compression last(2),"
        " horizon 3, concept nash, set p = 1/2;"
    )
    assert node.negated
    assert node.tolerance.value == Fraction(1, 1000)
    assert [setting.key for setting in node.settings] == [
        "sharing",
        "compression",
        "horizon",
        "concept",
        "set",
    ]
    assert node.settings[0].structure.named[0][0] == "d"
    assert node.settings[3].name == "nash"
    assert node.settings[4].name == "p"
    assert statement("expect assumption_3;").op is None


def test_words_with_a_meaning_in_expectations_are_names_elsewhere():
    _, diagnostics = parsed(
        "game g { agents concept, set; define value(gap) = gap +- 1; param number = 2;"
        " expect set == concept; expect concept with concept set, set concept = concept; }"
    )
    assert diagnostics == ()


def test_greek_letters():
    spec, diagnostics = parsed("sharing s { ξ m[i]' = 1; χ m[i]; xi m[i]' = 1; }")
    assert diagnostics == ()
    assert spec.items[0].items[0] == spec.items[0].items[2]


@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_tabs_and_byte_order_marks(start, newline):
    text = f"{start}game g {{{newline}\thorizon 3; // three{newline}}}{newline}"
    spec, diagnostics = parsed(text)
    assert diagnostics == ()
    assert [comment.text for comment in spec.comments] == ["// three"]
    assert not spec.comments[0].own_line


@pytest.mark.parametrize(
    "character", ["\0", "\x0b", "\x0c", "\u00a0", "\u2028", "\ufeff", "é", "`"]
)
def test_other_characters_are_refused(character):
    assert codes(f"game g {{ horizon {character}3; }}") == ["P0003"]


def test_comments():
    spec, diagnostics = parsed("/* one */ // two\ngame g { /**/ horizon 3; // 'three'\n // four\n}")
    assert diagnostics == ()
    assert [(c.text, c.own_line) for c in spec.comments] == [
        ("/* one */", True),
        ("// two", False),
        ("/**/", False),
        ("// 'three'", False),
        ("// four", True),
    ]


def test_command_line_values():
    bag = Bag()
    structure = parse_structure(Source("--sharing", "delayed(a, d = 2)"), bag)
    assert structure is not None
    assert structure.name == "delayed"
    assert [name for name, _ in structure.named] == ["d"]
    assert parse_structure(Source("--sharing", "none"), bag).positional == ()
    assert parse_expression(Source("--set", "1/3"), bag).op is syntax.BinaryOp.DIV
    assert bag.diagnostics == ()


@pytest.mark.parametrize("text", ["", "delayed(", "delayed(d = )", "delayed(1) x", "1", "d;", "$"])
def test_bad_structures(text):
    bag = Bag()
    assert parse_structure(Source("--sharing", text), bag) is None
    assert len(bag.diagnostics) == 1


@pytest.mark.parametrize(
    "text", ["", "1 2", "(", "a ==", "1;", "if", "1e999999", "{ else: 1, a: 2 }"]
)
def test_bad_expressions(text):
    bag = Bag()
    assert parse_expression(Source("--set", text), bag) is None
    assert len(bag.diagnostics) == 1


DEEP = 10_000


@pytest.mark.parametrize(
    "value",
    [
        "(" * DEEP + "1" + ")" * DEEP,
        "f(" * DEEP + "1" + ")" * DEEP,
        "(" * DEEP,
        "{" * DEEP,
        "-" * DEEP + "1",
        "not " * DEEP + "x",
        "1" + " + 1" * DEEP,
        "if a then b else " * DEEP + "c",
        "if a then " * DEEP + "c" + " else b" * DEEP,
        "all i: " * DEEP + "x",
        "match x { _ => " * DEEP + "1" + "}" * DEEP,
        "x[" * DEEP + "1" + "]" * DEEP,
    ],
)
def test_deep_nesting_is_refused(value):
    found = codes(f"game g {{ reward = {value}; }}")
    assert found
    assert set(found) == {"P0021"}


def check(text):
    """Anything at all: no exception, and diagnostics that can be shown."""
    spec, diagnostics = parsed(text)
    render_text(diagnostics, color=True)
    to_json(diagnostics)
    for diagnostic in diagnostics:
        assert diagnostic.span is not None
        assert diagnostic.message.text.format_map(diagnostic.facts)  # all the facts are there
    assert isinstance(spec, syntax.Spec)
    if not diagnostics:
        assert parsed(print_spec(spec))[0] == spec


TEXTS = [path.read_text(encoding="utf-8") for path in FILES]
PIECES = [
    "",
    ";",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "'",
    '"',
    "/*",
    "=",
    "==",
    "=>",
    "~",
    ":",
    ",",
    "..",
]
PIECES += [
    "if",
    "then",
    "else",
    "game",
    "share",
    "in",
    "with",
    "expect",
    "+-",
    "1e9",
    "é",
    "\0",
    "\n",
]

fuzzed = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))


@fuzzed
@given(st.sampled_from(TEXTS), st.data())
def test_mutated_files(text, data):
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 8)))
        text = text[:start] + data.draw(st.sampled_from(PIECES)) + text[end:]
    check(text)


@fuzzed
@given(st.lists(st.sampled_from(sorted({w for text in TEXTS for w in text.split()})), max_size=40))
def test_shuffled_words(words):
    check(" ".join(words))


@fuzzed
@given(st.text(max_size=60))
def test_any_text(text):
    check(text)
    check(f"game g {{ reward = {text}; }}")


def test_a_file_of_something_else_gives_up_early():
    _, diagnostics = parsed('{"key": [1, 2, "three", null]},\n' * 5000)
    assert 0 < len(diagnostics) <= 200
    for line in ("§ $ ` \0", "# comment\n", "a && b\n", 'x "y\n', "1st "):
        _, diagnostics = parsed(line * 5000)
        assert 0 < len(diagnostics) <= 200, line


def test_numbers_that_a_repair_makes_up_are_read():
    assert codes("game g { reward = match (c, d) { (-, 0) => 2 }; }") == ["P0001"]
    check("game {=match(convicted,guilty)(-,false=>2")
