"""What the wording of one diagnostic consists of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """Templates of one code.

    A template names facts in braces and is used only if all of them are present. ``label`` stands
    under the underlined place, ``other`` beside each other place, ``notes`` say why and ``helps``
    what to write instead.
    """

    text: str
    label: str = ""
    other: str = ""
    notes: tuple[str, ...] = ()
    helps: tuple[str, ...] = ()
    warning: bool = False
