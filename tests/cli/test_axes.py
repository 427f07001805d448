"""``--vary``: the values that are gone through, as exact numbers."""

import argparse
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posg.cli import main
from posg.cli.axes import axis, plain

DECTIGER = str(Path(__file__).parents[2] / "specs" / "dectiger.posg")


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("horizon = 3..5", "horizon", "3 4 5"),
        ("accuracy=0.6:0.95:0.05", "accuracy", "0.6 0.65 0.7 0.75 0.8 0.85 0.9 0.95"),
        ("p = 0:1:1/3", "p", "0 1/3 2/3 1"),
        ("p = 1 : 0.5 : -0.25", "p", "1 0.75 0.5"),
        ("p = 0:1:0.3", "p", "0 0.3 0.6 0.9"),
        ("p = 0.50, 1/2, 2/3, 2e-1", "p", "0.5 2/3 0.2"),
        ("n = -1..1, 1..2", "n", "-1 0 1 2"),
        ("compression = merge, last(1..2)", "compression", "merge last(1) last(2)"),
        ("compression=net(0.1:0.2:0.1)", "compression", "net(0.1) net(0.2)"),
        ("sharing . d = -1..0", "sharing.d", "-1 0"),
        ("sharing = f(1..2,d=0..1)", "sharing", "f(1,d=0) f(1,d=1) f(2,d=0) f(2,d=1)"),
    ],
)
def test_values_are_listed(text: str, name: str, values: str) -> None:
    found = axis(text)
    assert (found.name, found.values) == (name, tuple(values.split()))


def test_arguments_stay_together() -> None:
    found = axis("sharing = asymmetric(a, b, d = 1..2), full")
    assert found.values == ("asymmetric(a, b, d = 1)", "asymmetric(a, b, d = 2)", "full")


@given(
    low=st.integers(-300, 300),
    step=st.integers(-50, 50).filter(bool),
    count=st.integers(1, 40),
    short=st.fractions(0, 1).filter(lambda part: part < 1),
    digits=st.integers(0, 6),
)
def test_ranges_are_exact(low: int, step: int, count: int, short: Fraction, digits: int) -> None:
    unit = Fraction(1, 10**digits)
    wanted = [(low + index * step) * unit for index in range(count)]
    high = wanted[-1] + short * step * unit
    found = axis(f"x = {plain(str(wanted[0]))}:{plain(str(high))}:{plain(str(step * unit))}")
    assert [Fraction(value) for value in found.values] == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("horizon", "not of the form NAME=VALUES"),
        ("horizon =", "not of the form NAME=VALUES"),
        ("= 3", "not of the form NAME=VALUES"),
        ("a.b.c = 3", "not of the form NAME=VALUES"),
        ("x = 1,,2", "does not list 1 to 1000 values"),
        ("x = 0..99999", "does not list 1 to 1000 values"),
        ("x = 0:1:0.0000000000001", "does not list 1 to 1000 values"),
        ("x = f(0..99, 0..99)", "does not list 1 to 1000 values"),
        ("x = 0:1:0", "the range '0:1:0' is empty"),
        ("x = 5..1", "the range '5..1' is empty"),
        ("x = 0:1:-0.1", "the range '0:1:-0.1' is empty"),
        ("x = 0:1", "no range such as"),
        ("x = 0..n", "no range such as"),
        ("x = 0.5..2", "no range such as"),
        ("x = 1/0:1:0.1", "no range such as"),
        ("x = 2 - 1..3", "no range such as"),
    ],
)
def test_wrong_usage(text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        axis(text)
    assert main(["sweep", DECTIGER, "--vary", text]) == 2
    assert said in capsys.readouterr().err


def test_columns_that_do_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sweep", DECTIGER, "--vary", "horizon = 1", "--show", "nodes,cost"]) == 2
    assert "'cost' is no column; there are sharing," in capsys.readouterr().err
