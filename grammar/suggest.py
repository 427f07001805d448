"""The names that a misspelt one may stand for."""

from __future__ import annotations

from collections.abc import Iterable

MAX_SUGGESTIONS = 3


def nearest(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """Return the candidates close to a name, nearest first, at most three.

    One that differs only in case wins alone; otherwise those within an edit distance of a third
    of the name's length, and of 1 for short names. A single letter is near to nothing else.
    """
    names = sorted(set(candidates) - {name})
    same = tuple(c for c in names if c.casefold() == name.casefold())
    if same:
        return same[:MAX_SUGGESTIONS]
    limit = max(1, len(name) // 3) if len(name) > 1 else 0
    close = [(distance, c) for c in names if (distance := edit_distance(name, c)) <= limit]
    return tuple(c for _, c in sorted(close)[:MAX_SUGGESTIONS])


def edit_distance(first: str, second: str) -> int:
    """Least number of letters inserted, deleted, changed or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, letter in enumerate(first, 1):
        last, before, row = before, row, [i]
        for j, other in enumerate(second, 1):
            cost = min(row[j - 1] + 1, before[j] + 1, before[j - 1] + (letter != other))
            swapped = i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other
            row.append(min(cost, last[j - 2] + 1) if swapped else cost)
    return row[-1]
