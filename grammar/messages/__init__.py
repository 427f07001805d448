"""The wording of every diagnostic, one module a stage.

Codes are ``Pnnyy``: ``nn`` is the stage (00 syntax, 01 names, 02 types, 03 dynamics,
04 information, 05 properties, 06 size, 07 solving and policies, 08 files and requests, 09 other formats, 99 our own
bugs). A code is never reused for something else.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import (
    dynamics,
    formats,
    information,
    internal,
    names,
    properties,
    python_structures,
    requests,
    size,
    solving,
    syntax,
    types,
)
from .message import Message

__all__ = ["MESSAGES", "Message"]

MESSAGES: Mapping[str, Message] = {
    code: message
    for stage in (
        syntax,
        names,
        types,
        dynamics,
        information,
        python_structures,
        properties,
        size,
        solving,
        requests,
        formats,
        internal,
    )
    for code, message in stage.MESSAGES.items()
}
