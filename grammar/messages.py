"""The wording of every diagnostic, in one table.

A template names facts in braces and is used only if all of them are present. Codes are
``Pnnyy``: ``nn`` is the stage (00 syntax, 01 names, 02 types, 03 dynamics, 04 information,
05 properties, 06 size, 07 solving and policies, 08 files and requests, 99 our own bugs).
A code is never reused for something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """Templates of one code.

    ``label`` stands under the underlined place, ``other`` beside each other place, ``notes`` say
    why and ``helps`` what to write instead.
    """

    text: str
    label: str = ""
    other: str = ""
    notes: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()
    warning: bool = False


MESSAGES: Mapping[str, Message] = {}
