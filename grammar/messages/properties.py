"""P05xx: properties of a game under a sharing structure."""

from __future__ import annotations

from collections.abc import Mapping

from .message import Message

MESSAGES: Mapping[str, Message] = {}
