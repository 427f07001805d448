"""Names of a table's agents and values as names of a spec."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from posg.grammar.tables import reserved_words

from .tabular import TabularGame

_FUNCTIONS = ("abs", "clamp", "max", "min")


@dataclass(frozen=True, slots=True, kw_only=True)
class PosgNames:
    """Names in a spec; ``index`` runs over agents.

    ``dummy`` and ``seen`` are for an agent that is added.
    """

    game: str
    agents: tuple[str, ...]
    states: tuple[str, ...]
    actions: tuple[tuple[str, ...], ...]
    observations: tuple[tuple[str, ...], ...]
    state: str
    action: str
    observation: str
    index: str
    discount: str
    dummy: str
    seen: str


def choose_names(game: TabularGame) -> PosgNames:
    """Keep the names of a table as far as the language has them.

    Values may have the same name in several domains; agents and variables have names of their own.
    """
    words = reserved_words().union(_FUNCTIONS)
    states = _distinct(game.states, words)
    actions = tuple(_distinct(names, words) for names in game.actions)
    observations = tuple(_distinct(names, words) for names in game.observations)
    taken = words.union(states, *actions, *observations)
    agents = _distinct(game.agents, taken)
    state, action, observation, index, discount, dummy, seen = _distinct(
        ("s", "act", "obs", "i", "gamma", "dummy", "seen"), taken.union(agents)
    )
    return PosgNames(
        game=_distinct((game.name,), words)[0],
        agents=agents,
        states=states,
        actions=actions,
        observations=observations,
        state=state,
        action=action,
        observation=observation,
        index=index,
        discount=discount,
        dummy=dummy,
        seen=seen,
    )


def distinct_names(names: Iterable[str], taken: Iterable[str]) -> tuple[str, ...]:
    """Keep names as far as the language has them, apart from each other and from what is taken."""
    return _distinct(names, reserved_words().union(_FUNCTIONS, taken))


def _distinct(names: Iterable[str], taken: frozenset[str]) -> tuple[str, ...]:
    """Names with `_` for what the language does not allow, and behind what is taken."""
    found: dict[str, None] = {}
    for name in names:
        word = re.sub(r"\W", "_", name, flags=re.ASCII)
        if not word[:1].isalpha():
            word = f"game_{word}"
        while word in taken or word in found:
            word += "_"
        found[word] = None
    return tuple(found)
