"""A large game compiles without dense tables over pairs of states."""

import pytest

from posg.compiler.pipeline import Request, compile_game
from posg.compiler.program import load
from posg.grammar.diagnostics import Bag
from posg.grammar.source import Source

MOVES = ", ".join(f"(x + {k} * (act[a] + 1) + act[b]) % 10000: 1/20" for k in range(1, 21))
LARGE = f"""
game large {{
  agents a, b;
  horizon 3;
  state x in 0..9999;
  action act[i] in 0..4;
  observation see[i] in bool;
  init x ~ uniform;
  x' ~ {{ {MOVES} }};
  see[i]' ~ {{ x' > 5000: 0.9, else: 0.1 }};
  reward = if x == 0 then 1 else 0;
  use sharing full;
}}
"""


@pytest.mark.slow
def test_five_million_transitions() -> None:
    bag = Bag()
    program = load(Source("large", LARGE), lambda path: "", bag)
    assert program is not None
    compiled = compile_game(program, Request(), bag)
    assert compiled is not None, bag.diagnostics
    dynamics = compiled.game.dynamics[0]
    assert compiled.game.state_count == 10_000
    assert len(dynamics.successor) == 5_000_000
    assert len(compiled.game.dynamics) == 1
