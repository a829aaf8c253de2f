"""Which function undoes which kind of act. Apps register theirs; the journal knows none of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from portal.journal.models import Act

__all__ = [
    "ActKind",
    "Expiry",
    "Undo",
    "expiry_of",
    "forgets",
    "kind_of",
    "kinds",
    "undo_of",
    "undoes",
]

Undo = Callable[[Act], None]
Expiry = Callable[[Act], None]


@dataclass(frozen=True, slots=True)
class ActKind:
    """``label`` names the kind in a list of kinds, ``effect`` says what undoing it will do, and
    ``permission`` is the right that undoing needs: the one that the act itself needed."""

    undo: Undo
    label: str
    effect: str
    permission: str = "people.manage"


_KINDS: Final[dict[str, ActKind]] = {}
_EXPIRY: Final[dict[str, Expiry]] = {}


def undoes(
    kind: str, *, label: str = "", effect: str = "", permission: str = "people.manage"
) -> Callable[[Undo], Undo]:
    """Registers the function that takes back acts of ``kind``; it runs in the undo's transaction
    and raises ``DomainError`` where what happened since makes that impossible."""

    def register(function: Undo) -> Undo:
        words = label or kind.rpartition(".")[2].replace("_", " ").capitalize()
        _KINDS[kind] = ActKind(
            function, words, effect or "Everything is as it was before.", permission
        )
        return function

    return register


def forgets(kind: str) -> Callable[[Expiry], Expiry]:
    """Registers what is deleted for good once acts of ``kind`` can no longer be undone; it runs in
    the transaction that deletes the act, and not for one that was undone."""

    def register(function: Expiry) -> Expiry:
        _EXPIRY[kind] = function
        return function

    return register


def undo_of(kind: str) -> Undo | None:
    known = _KINDS.get(kind)
    return known.undo if known else None


def kind_of(kind: str) -> ActKind | None:
    return _KINDS.get(kind)


def kinds() -> dict[str, str]:
    """Every registered kind with its label, by label."""
    return {name: kind.label for name, kind in sorted(_KINDS.items(), key=lambda k: k[1].label)}


def expiry_of(kind: str) -> Expiry | None:
    return _EXPIRY.get(kind)
