"""One-step delay, and a bell that rings at once when agents hear the same."""

from collections.abc import Hashable, Mapping
from fractions import Fraction

from posg.runtime import CommonUpdate, Game, PrivateUpdate, UpdateSharing

Seen = Mapping[str, str | None]


def build(game: Game, options: Mapping[str, Fraction | str]) -> tuple[CommonUpdate, PrivateUpdate]:
    """Make χ and ξ; the bell rings when ``least`` agents or more hear the same."""
    least = options["least"]
    if isinstance(least, str) or not 1 < least <= len(game.agents):
        raise ValueError(f"least is 2 to {len(game.agents)}, not {least}")

    def chi(h: int, p: Mapping[str, Hashable], a: Seen, o: Seen) -> Hashable:
        """z_h: what is new in common information at step h."""
        heard = list(o.values())
        bell = h > 1 and max(map(heard.count, heard)) >= least
        return None if h == 1 else (bell, tuple(p.values()), tuple(a.values()))

    def xi(h: int, agent: str, p: Hashable, a: str | None, o: str | None) -> Hashable:
        """p_{i,h}: what an agent knows beyond that."""
        return o

    return chi, xi


bell = UpdateSharing(build=build, parameters={"least": 2}, name="bell")
