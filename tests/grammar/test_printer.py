"""Printing and parsing are inverse, and printing twice changes nothing."""

import pickle
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import posg.specs
from posg.grammar.diagnostics import Bag
from posg.grammar.parser import parse, parse_expression
from posg.grammar.printer import print_expression, print_item, print_spec
from posg.grammar.source import Source

from .trees import expressions, rules, specs, statements

FILES = sorted(Path(next(iter(posg.specs.__path__))).glob("**/*.posg"))

relaxed = settings(deadline=None, suppress_health_check=list(HealthCheck))


def parsed(text):
    bag = Bag()
    spec = parse(Source("test.posg", text), bag)
    assert bag.diagnostics == (), text
    return spec


def expression(text):
    bag = Bag()
    node = parse_expression(Source("test", text), bag)
    assert bag.diagnostics == (), text
    return node


@relaxed
@given(specs)
def test_printed_trees_parse_to_themselves(spec):
    text = print_spec(spec)
    again = parsed(text)
    assert again == spec
    assert print_spec(again) == text


@relaxed
@given(expressions)
def test_printed_expressions_parse_to_themselves(node):
    text = print_expression(node)
    assert "\n" not in text
    assert expression(text) == node


@relaxed
@given(statements, rules)
def test_printed_statements_parse_to_themselves(statement, rule):
    spec = parsed(f"game g {{ {print_item(statement)} }} sharing s {{ {print_item(rule)} }}")
    assert spec.items[0].items == (statement,)
    assert spec.items[1].items == (rule,)


COMMENTS = ["// one\n", "/* two */", "/* three\n   lines */", "\n// own line\n", "//\n", "\n\n"]


def check_comments(text, data):
    """Put comments anywhere: they are kept, and what is printed is printed the same again."""
    spec = parsed(text)
    tokens = re.finditer(r"//.*|/\*(?s:.*?)\*/|\"[^\"]*\"|\s", text)
    blanks = [token.end() for token in tokens if token[0].isspace()] or [0]
    chosen = {
        blanks[data.draw(st.integers(0, len(blanks) - 1))]
        for _ in range(data.draw(st.integers(0, 6)))
    }
    for place in sorted(chosen, reverse=True):
        text = text[:place] + data.draw(st.sampled_from(COMMENTS)) + text[place:]
    commented = parsed(text)
    printed = print_spec(commented)
    again = parsed(printed)
    assert again == spec
    assert sorted(c.text for c in again.comments) == sorted(c.text for c in commented.comments)
    assert "\n\n\n" not in printed
    assert print_spec(again) == printed


@settings(relaxed, max_examples=60)
@given(specs, st.data())
def test_comments_anywhere_are_kept(spec, data):
    check_comments(print_spec(spec), data)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@settings(relaxed, max_examples=2)
@given(data=st.data())
def test_comments_anywhere_in_specs_are_kept(path, data):
    check_comments(path.read_text(encoding="utf-8"), data)


@relaxed
@given(specs)
def test_trees_survive_pickling(spec):
    assert pickle.loads(pickle.dumps(spec)) == spec


@pytest.mark.parametrize(
    "text",
    [
        "a - b - c",
        "a - (b - c)",
        "(a == b) == c",
        "not (a or b) and c",
        "not a == b",
        "-(a + b) * -c",
        "-x % 3",
        "a * (b / c)",
        "1/2 * a",
        "a * (1/2)",
        "(all i: a[i]) or b",
        "all i: a[i] or b",
        "if a then (if b then 1 else 2) else if c then 3 else 4",
        "if all i: a[i] then 1 else sum k in 1..3: k",
        "match (a, b) { (1, _) | (_, 2) => x, _ => match b { -1 => 0, true => 1 } }",
        "match (if a then b else c) { _ => 1 }",
        "{ x': 0.5, (if a then b else c): 1/4, else: 1/4 }",
        "uniform { 1, 2 }",
        "x[1, k + 1]' in { 1, 2 }",
        "x in a + 1..b",
        "x in observation[i]",
        "max(a, if b then 1 else 2)",
        "(a, (b, c))",
        "observation[i]' == nothing and step > 1",
    ],
)
def test_parentheses_are_minimal(text):
    assert print_expression(expression(text)) == text


LAYOUT = """\
// About the file.

import "posg:sharing";

type Side = { left, right };  // two doors

// About the game.
game g {  // open
  agents a, robot[1..3];

  param p in [0, 1/2] = 0.3;
  param n in 1..5 = 3;
  state x[k in 1..3] in bool;
  // before the action
  action act[i] in { go, stay };
  x[k]' ~ match act[a] {
    // the first arm
    go => { true: p, else: 1 - p },  // behind it
    stay => x[k],
    // the last word
  };
  reward = if x[1] then 1  // first
           else if x[2] then 2
           // third
           else 3;
  init x[k] ~ {
    true: 1/2,  /* why */
    false: 1/2,
  };
  use sharing delayed(d = 1);
  expect not assumption_3 with sharing delayed(2), horizon 3, concept nash, set p = 0.1;
  expect value[a] == 8.815 +- 0.001;
  // at the end
}

sharing none { }

/* A block
   comment. */
sharing quiet {
  // says nothing
}

sharing s(d = 1, who: agent, trigger: define = f) {
  share observation[who], f(x[who]) to who after d when trigger(who);
  keep action[i] for 2;
  forget x;
  memory m[i] in observation[i];
  xi m[i]' = observation[i]';
  chi m[i], action[i];
}
// The end.
"""


def test_layout_is_stable():
    assert print_spec(parsed(LAYOUT)) == LAYOUT


def test_messy_text_is_laid_out():
    messy = """game   g{agents a,b;// who
      /* c */ horizon 3 ;


      state x
        in bool; x'=x; reward={a:1,}; reward=match x{a=>1,} ; define f(  x )=x ;}
      sharing s{chi a;} // end"""
    assert print_spec(parsed(messy)) == (
        """\
game g {
  agents a, b;  // who
  /* c */
  horizon 3;

  state x in bool;
  x' = x;
  reward = { a: 1 };
  reward = match x { a => 1 };
  define f(x) = x;
}

sharing s {
  chi a;
}  // end
"""
    )


def test_comments_inside_a_statement_move_before_it():
    spec = parsed("game g {\n  horizon // why\n    3; // behind\n}\n")
    assert print_spec(spec) == "game g {\n  // why\n  horizon 3;  // behind\n}\n"


def test_blank_lines_in_braces_are_kept_one_at_a_time():
    text = """\
game g {
  x' = match x {

    // one


    // two
    a => 1,
    b =>

      // three
      2,

    c => 3,

    // four

    // five
  };
}
"""
    assert print_spec(parsed(text)) == (
        """\
game g {
  x' = match x {
    // one

    // two
    a => 1,
    // three
    b => 2,

    c => 3,

    // four

    // five
  };
}
"""
    )


def test_comments_stay_at_their_element():
    text = """\
game g {
  agents a,  // one
         b;  // two
  define moves(i) = act[i] == forward  // it tries

                    // and is not stopped
                    and (clash  // by the other
                         or not open(i));
  reward = max(  // the larger of
             x,  // one
             y  // two
           );
  expect value == 1
    with horizon 2,  // short
         sharing full;  // enough
}

sharing s(
  d = 1,  // delay
  who: agent  // one only
) {
  share observation[who], action[who]  // what
    // whom
    to who
    after d  // when
    when f;  // if
}
"""
    assert print_spec(parsed(text)) == text


def test_comments_of_an_empty_file():
    assert print_spec(parsed("\n// only\n\n\n/* this */\n")) == "// only\n\n/* this */\n"
    assert print_spec(parsed("  \n")) == ""


def test_greek_letters_are_spelt_out():
    assert "xi m[i]' = 1;" in print_spec(parsed("sharing s { ξ m[i]' = 1; χ m[i]; }"))


def test_long_lines_are_broken():
    word = "a_rather_long_name"
    long = f"game g {{ reward = {' + '.join([word] * 9)}; reward = f({', '.join([word] * 9)}); }}"
    chain = f"if {word} == {word} then {word} else "
    long += f" game h {{ reward = {chain * 4} {word}; agents {', '.join([word] * 9)};"
    long += f" type T = {{ {', '.join([word] * 20)} }};"
    long += f" reward = match {word} {{ {' | '.join([word] * 7)} => {chain * 3}{word}, }};"
    long += f" expect value with {', '.join(['sharing ' + word] * 6)};"
    long += f" x' ~ {{ {', '.join([f'{word}: {word}'] * 4)} }}; }}"
    spec = parsed(long)
    printed = print_spec(spec)
    assert max(map(len, printed.splitlines())) <= 100
    assert parsed(printed) == spec
    assert print_spec(parsed(printed)) == printed


def test_depth_at_the_limit_needs_no_deep_stack():
    nested = "all i: " * 199 + "x"
    assert print_expression(expression(nested)) == nested
    brackets = "f(" * 99 + "x" + ")" * 99
    assert print_expression(expression(brackets)) == brackets
    arms = "match x { _ => " * 99 + "x" + " }" * 99
    assert expression(print_expression(expression(arms))) == expression(arms)
