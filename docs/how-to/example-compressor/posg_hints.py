"""Remember how much more often left was heard than right since a door was opened last."""

from collections.abc import Hashable, Mapping
from fractions import Fraction

from posg.runtime import Automaton, AutomatonCompressor, Game, Increment, InformationStructure


def count_hints(
    game: Game, information: InformationStructure, options: Mapping[str, Fraction]
) -> Automaton:
    """Make an automaton with the states -most .. most."""
    most = options["most"]
    if most < 1 or most.denominator > 1:
        raise ValueError(f"most is a whole number of at least 1, not {most}")
    if not all({"left", "right"} <= set(names) for names in game.labels.observations):
        raise ValueError(f"agents of {game.name} do not hear left and right")

    def follow(balance: Hashable, increment: Increment) -> Hashable:
        assert isinstance(balance, int)
        for name, value in increment.values.items():
            if name.startswith("act[") and value != "listen":
                return 0
            if name.startswith("hear["):
                balance += {"left": 1, "right": -1}[value]
        return max(-int(most), min(int(most), balance))

    return Automaton(initial=0, follow=follow)


hints = AutomatonCompressor(build=count_hints, parameters={"most": 3})
