"""Keeps secrets that lie in addresses out of the log. Public surface: ``hide_links``."""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["hide_links"]

# A link by which somebody enrols themselves is a password: whoever reads it may use it.
_LINK: Final = re.compile(r"(/join/)[^/\s?\"']+")


def hide_links(_logger: object, _name: str, event: dict[str, Any]) -> dict[str, Any]:
    """A structlog processor: every text of the entry, tracebacks too, without the links' tokens."""
    for name, value in event.items():
        if isinstance(value, str) and "/join/" in value:
            event[name] = _LINK.sub(r"\1…", value)
    return event
