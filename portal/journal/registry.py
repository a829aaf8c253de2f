"""Which function undoes which kind of act. Apps register theirs; the journal knows none of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from portal.journal.models import Act

__all__ = ["Undo", "undo_of", "undoes"]

Undo = Callable[[Act], None]

_UNDO: Final[dict[str, Undo]] = {}


def undoes(kind: str) -> Callable[[Undo], Undo]:
    """Registers the function that takes back acts of ``kind``; it runs in the undo's transaction
    and raises ``DomainError`` where what happened since makes that impossible."""

    def register(function: Undo) -> Undo:
        _UNDO[kind] = function
        return function

    return register


def undo_of(kind: str) -> Undo | None:
    return _UNDO.get(kind)
