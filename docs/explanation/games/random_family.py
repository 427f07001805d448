"""Write a family of random games: the same observations for all members, other rules for each.

python docs/explanation/games/random_family.py sharp 0.9 3 > docs/explanation/games/sharp.posg
"""

import random
import sys
from itertools import product

MEMBERS, STATES, SIDES = 2, 3, ("false", "true")


def tenths(dice: random.Random) -> str:
    """A distribution over the states, in tenths."""
    cuts = sorted(dice.sample(range(1, 10), STATES - 1))
    parts = [b - a for a, b in zip([0, *cuts], [*cuts, 10], strict=True)]
    return ", ".join(f"{state}: {part / 10}" for state, part in enumerate(parts))


def family(name: str, accuracy: str, seed: int) -> str:
    """The text of a game with a parameter that chooses the member."""
    dice = random.Random(seed)
    situations = list(product(range(1, MEMBERS + 1), range(STATES), SIDES, SIDES))
    moves = [f"    ({', '.join(map(str, s))}) => {{ {tenths(dice)} }}," for s in situations]
    pay = [f"    ({', '.join(map(str, s))}) => {dice.randint(0, 10) / 10}," for s in situations]
    lines = [
        f"// Made by random_family.py {name} {accuracy} {seed}.",
        f"game {name} {{",
        "  agents alice, bob;",
        "  horizon 4;",
        f"  param member in 1..{MEMBERS} = 1;",
        f"  param accuracy in [0, 1] = {accuracy};",
        f"  state x in 0..{STATES - 1};",
        "  action act[i] in bool;",
        f"  observation see[i] in 0..{STATES - 1};",
        "  init x ~ uniform;",
        "  x' ~ match (member, x, act[alice], act[bob]) {",
        *moves,
        "  };",
        "  see[i]' ~ { x': accuracy, else: 1 - accuracy };",
        "  reward = match (member, x, act[alice], act[bob]) {",
        *pay,
        "  };",
        "  use sharing full;",
        "}",
    ]
    return "\n".join(lines)


print(family(sys.argv[1], sys.argv[2], int(sys.argv[3])))
