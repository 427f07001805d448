"""P03xx: distributions, transitions and rewards."""

from __future__ import annotations

from collections.abc import Mapping

from .message import Message

MESSAGES: Mapping[str, Message] = {}
