"""What is asked of Python's callers: the checks that the command line makes of its options."""

from __future__ import annotations

import math
from numbers import Integral, Real

from posg.runtime import Policy

CONCEPTS = ("nash", "ce", "cce", "team")
METHODS = ("dynamic-programming", "sequence-form", "person-by-person")
SELECTIONS = ("welfare", "egalitarian")


def require_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Refuse what is neither None nor one of the choices.

    Raises
    ------
    ValueError
        With the choices.
    """
    if value is not None and value not in choices:
        known = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} is one of {known}, not {value!r}")


def require_whole(name: str, value: object, least: int) -> None:
    """Refuse what is neither None nor a whole number of at least ``least``.

    Raises
    ------
    TypeError
        For what is no whole number.
    ValueError
        For one that is too small.
    """
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} is a whole number, not {value!r}")
    if int(value) < least:
        raise ValueError(f"{name} is at least {least}, not {value}")


def require_positive(name: str, value: object, *, zero: bool = False) -> None:
    """Refuse what is neither None nor a finite positive number; 0 only where it makes sense.

    Raises
    ------
    TypeError
        For what is no number.
    ValueError
        For one that is too small, or not finite.
    """
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} is a number, not {value!r}")
    if not math.isfinite(value) or float(value) < 0 or not (value or zero):
        raise ValueError(
            f"{name} is a {'number of at least 0' if zero else 'positive number'}, not {value}"
        )


def require_policy(value: object) -> None:
    """Refuse what is neither None nor a policy.

    Raises
    ------
    TypeError
        With where to find a policy.
    """
    if value is not None and not isinstance(value, Policy):
        raise TypeError(
            f"policy is a Policy, not {described(value)}: a Result has one as `policy`, and "
            "posg.load_policy reads one from a file"
        )


def described(value: object) -> str:
    """What was given, in words."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return "None" if value is None else f"an object of {type(value).__name__}"
