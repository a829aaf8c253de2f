"""Acts as the journal shows them: with the name of their kind and what undoing them would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from portal.journal.models import Act
from portal.journal.registry import kind_of

__all__ = ["ActView", "act_views"]


@dataclass(frozen=True, slots=True)
class ActView:
    """An act as the journal shows it."""

    act: Act
    label: str
    effect: str
    can_be_undone: bool
    # Which right undoing needs.
    permission: str


def act_views(acts: Sequence[Act]) -> list[ActView]:
    now = timezone.now()
    views = []
    for act in acts:
        kind = kind_of(act.kind)
        views.append(
            ActView(
                act=act,
                label=kind.label if kind else act.kind,
                effect=kind.effect if kind else "",
                permission=kind.permission if kind else "",
                can_be_undone=kind is not None and act.undone_at is None and act.expires_at > now,
            )
        )
    return views
