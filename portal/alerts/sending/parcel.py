"""What is sent over a channel, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Outcome", "Parcel"]


@dataclass(frozen=True, slots=True)
class Parcel:
    """One delivery, with all that its sender needs: no sender asks the database.

    ``target`` and ``secret`` are open here and nowhere else: they must reach no log and no page.
    """

    delivery_id: str
    kind: str
    target: Mapping[str, Any] = field(repr=False)
    secret: str = field(repr=False)
    content: Mapping[str, Any] = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)

    @property
    def body(self) -> bytes:
        return json.dumps(self.content, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Outcome:
    """``words`` say it to people, without any address; ``is_gone`` where the receiver asks to be
    sent nothing any more."""

    is_sent: bool
    words: str
    is_gone: bool = False
