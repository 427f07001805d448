"""Pages of the syntax codes: their examples do what they say."""

import re

import pytest

from posg.grammar.diagnostics import Bag
from posg.grammar.explain import explain
from posg.grammar.messages.syntax import MESSAGES
from posg.grammar.parser import parse
from posg.grammar.source import Source


def codes_of(text):
    bag = Bag()
    parse(Source("page.posg", text), bag)
    return {diagnostic.code for diagnostic in bag.diagnostics}


@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_examples_of_syntax_codes(code):
    page = explain(code)
    assert page is not None
    assert page.startswith(f"# {code}: ")
    headings = re.findall(r"^## .*$", page, flags=re.MULTILINE)
    assert headings == ["## What it means", "## Example", "## Fix"]
    example, fix = re.findall(r"```posg\n(.*?)```", page, flags=re.DOTALL)
    assert codes_of(example) == {code}
    assert codes_of(fix) == set()


def test_unknown_codes_have_no_page():
    assert explain("P0000") is None
    assert explain("nonsense") is None
