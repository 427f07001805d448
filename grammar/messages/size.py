"""P06xx: limits of size, memory and time."""

from __future__ import annotations

from collections.abc import Mapping

from .message import Message

MESSAGES: Mapping[str, Message] = {}
