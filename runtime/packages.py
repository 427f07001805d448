"""Packages that only some parts need: extras, imported when they are used."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .errors import ProblemError


def require_package(package: str, extra: str, purpose: str) -> Any:
    """Import a package that an extra of posg installs.

    Parameters
    ----------
    package
        Its name for ``import``.
    purpose
        What needs it, in words.

    Raises
    ------
    ProblemError
        P0825, if it is not installed.
    """
    try:
        return import_module(package)
    except ImportError:
        raise ProblemError("P0825", purpose=purpose, package=package, extra=extra) from None
