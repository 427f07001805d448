"""Windows counted against windows listed."""

from __future__ import annotations

import numpy as np
import pytest

from posg.compiler.pipeline import Compiled
from posg.runtime import count_windows, expand_windows, require_exact, require_windows
from posg.runtime.errors import LimitError
from posg.runtime.limits import DEFAULT_MEMORY

from ..runtime.test_sizes import reachable
from .random_specs import random_spec
from .slow import compile_bag, compiled
from .test_windows import SHELL


def kept(made: Compiled, common: tuple[int, ...], length: int) -> tuple[int, ...]:
    """What a window has of each increment of c_h."""
    atoms, step = made.timestamps.increments, len(common)
    return tuple(
        int(atoms[at - 1].keep(np.array([z]), length - (step - at))[0])
        for at, z in enumerate(common, 1)
        if step - at < length
    )


@pytest.mark.parametrize("block", range(4))
def test_counts_are_those_of_listed_windows(block: int) -> None:
    compared = models = 0
    for seed in range(12 * block, 12 * block + 12):
        text, sharing = random_spec(seed)
        made, _ = compile_bag(text, sharing=sharing)
        if made is None:
            continue
        game, information, timestamps = made.game, made.information, made.timestamps
        histories = reachable(game, information)
        if max(map(len, histories)) > 600:
            continue
        for length in range(game.horizon + 1):
            sizes = count_windows(game, information, timestamps, length)
            assert sizes.length == length
            assert len(sizes.steps) == game.horizon
            listed = [len({kept(made, c, length) for c in cells}) for cells in histories]
            assert [step and step.reached for step in sizes.steps] == listed, (seed, length)
            compared += 1
            if length < timestamps.shortest_window():
                continue
            try:
                nodes = expand_windows(game, information, timestamps, length, max_nodes=600)
            except LimitError:
                continue
            models += 1
            for step, built, count in zip(sizes.steps, nodes.steps, nodes.node_counts, strict=True):
                assert step is not None
                assert step.reached <= count <= step.made
                assert len(built.beliefs.index) <= step.entries
                assert built.edges is None or len(built.edges.increment) <= step.edges
            used = sum(
                step.beliefs.nbytes + (0 if step.edges is None else step.edges.nbytes)
                for step in nodes.steps
            )
            assert sizes.bytes is not None
            assert used <= sizes.bytes
    assert compared > 15 and models > 5


@pytest.mark.parametrize(
    ("sharing", "length", "last"),
    [
        # a_{h-1}; then o_{h-1} and a_{h-2} too: 4 joint actions and observations each
        ("delayed(d = 1)", 1, 4),
        ("delayed(d = 1)", 2, 4 * 4 * 4),
        ("full", 1, 4 * 4),
        ("full", 3, (4 * 4) ** 3),
        # o_1 of this step and the last, a_1 of the two last ones; the o_2 are not common yet
        ("asymmetric(a, b, d = 2)", 2, 2**4),
        ("observations_delayed(d = 2)", 3, 4),
    ],
)
def test_what_a_window_holds(sharing: str, length: int, last: int) -> None:
    """o_t in c_h with t > h - L, and a_t in c_h with t >= h - L; also in games of 100 steps."""
    made = compiled(SHELL.format(agents="a, b", horizon=100), sharing=sharing)
    sizes = count_windows(made.game, made.information, made.timestamps, length)
    step = sizes.steps[-1]
    assert step is not None
    assert step.reached == step.made == last
    assert step.edges == step.products == 0
    assert sizes.products is not None and sizes.products > 0


def test_a_restart_may_reach_more() -> None:
    """The game starts in a known state and stays there; its windows do not know that."""
    text = SHELL.format(agents="a, b", horizon=4)
    text = text.replace("init x ~ uniform; x' ~ uniform;", "init x = true; x' = x;")
    text = text.replace("o[i]' ~ uniform;", "o[i]' = x';")
    made = compiled(text, sharing="full", all_states=True)
    assert made.game.state_count == 2
    sizes = count_windows(made.game, made.information, made.timestamps, 1)
    assert [step and step.reached for step in sizes.steps] == [1, 4, 4, 4]
    assert [step and step.made for step in sizes.steps] == [1, 4, 8, 8]


def test_too_many_supports_are_not_counted() -> None:
    made = compiled(SHELL.format(agents="a, b", horizon=4), sharing="full")
    sizes = count_windows(made.game, made.information, made.timestamps, 2, max_supports=0)
    assert sizes.steps == (None,) * 4
    assert sizes.bytes is None
    assert sizes.products is None
    whole = count_windows(made.game, made.information, made.timestamps, 2)
    assert whole.bytes is not None
    assert whole.bytes < DEFAULT_MEMORY


def test_windows_that_do_not_fit_are_refused() -> None:
    made = compiled(SHELL.format(agents="a, b", horizon=12), sharing="full")
    sizes = [
        count_windows(made.game, made.information, made.timestamps, length).bytes
        for length in (1, 2, 3)
    ]
    one, two, three = (size for size in sizes if size is not None)
    assert one < two < three
    require_windows(made.game, made.information, made.timestamps, 3, three)
    for memory, fits in ((three - 1, "2"), (two, "2"), (two - 1, "1"), (one, "1")):
        with pytest.raises(LimitError) as caught:
            require_windows(made.game, made.information, made.timestamps, 3, memory)
        assert (caught.value.code, caught.value.facts["fits"]) == ("P0616", fits)
        with pytest.raises(LimitError) as caught:
            require_exact(made.game, made.information, memory, made.timestamps)
        assert (caught.value.code, caught.value.facts["window"]) == ("P0614", fits)
