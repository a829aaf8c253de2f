"""“It is right as it is”: answers that later scans respect, and their undo."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.hygiene.models import Finding
from portal.journal.models import Act
from portal.journal.registry import undoes
from portal.journal.services import note_act
from portal.people.models import LookalikePair

__all__ = ["dismiss", "reopen", "tell_apart"]

_DISMISSED: Final = "hygiene.dismissed"
_TOLD_APART: Final = "hygiene.told_apart"


@transaction.atomic
def dismiss(finding: Finding) -> Act:
    """Somebody looked: it is right as it is, and is not shown again."""
    actor = require("people.manage")
    locked = Finding.objects.select_for_update().select_related("person").get(pk=finding.pk)
    _refuse_twice(is_answered=locked.dismissed_at is not None)
    locked.dismissed_at, locked.dismissed_by = timezone.now(), actor.label[:254]
    locked.save(update_fields=["dismissed_at", "dismissed_by"])
    record(
        "hygiene.finding.dismissed",
        target=locked.person,
        after={"kind": locked.kind, "image": str(locked.image_id or "")},
    )
    return note_act(
        _DISMISSED,
        f"{locked.person.name}: “{locked.get_kind_display().lower()}” looked at and left as it is",
        data={"finding": str(locked.pk)},
        person_id=locked.person_id,
    )


@transaction.atomic
def tell_apart(pair: LookalikePair) -> Act:
    """They are two people who look alike; they are not shown as a pair again."""
    actor = require("people.manage")
    locked = (
        LookalikePair.objects.select_for_update().select_related("first", "second").get(pk=pair.pk)
    )
    _refuse_twice(is_answered=locked.answer != LookalikePair.Answer.OPEN)
    locked.answer = LookalikePair.Answer.DIFFERENT
    locked.answered_by, locked.answered_at = actor.label[:254], timezone.now()
    locked.save(update_fields=["answer", "answered_by", "answered_at"])
    record(
        "hygiene.pair.told_apart",
        target=locked.first,
        after={"other": str(locked.second_id), "score": round(locked.score, 4)},
    )
    return note_act(
        _TOLD_APART,
        f"{locked.first.name} and {locked.second.name} marked as different people",
        data={"pair": str(locked.pk)},
        person_id=locked.first_id,
        other_id=locked.second_id,
    )


@undoes(_DISMISSED, label="Finding left as it is", effect="The finding is shown again.")
def reopen(act: Act) -> None:
    """A finding that is gone meanwhile needs no undoing."""
    Finding.objects.filter(pk=act.data["finding"]).update(dismissed_at=None, dismissed_by="")


@undoes(
    _TOLD_APART,
    label="Marked as different people",
    effect="The two are shown as a pair of look-alikes again.",
)
def _ask_again(act: Act) -> None:
    LookalikePair.objects.filter(pk=act.data["pair"]).update(
        answer=LookalikePair.Answer.OPEN, answered_by="", answered_at=None
    )


def _refuse_twice(*, is_answered: bool) -> None:
    if is_answered:
        raise DomainError(
            "Somebody answered this already. Reload the page.",
            code="hygiene.answered",
            http_status=409,
        )
