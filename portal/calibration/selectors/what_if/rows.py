"""What-ifs and their changes as the pages list them, with the names joined.

Public surface: ``visible_what_ifs``, ``visible_what_if``, ``visible_changes``, ``change_rows`` with
``ChangeRow``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from portal.calibration.models import WhatIf, WhatIfChange
from portal.core.context import EVERYTHING, current_actor, require
from portal.core.errors import NotFound
from portal.people.selectors import PersonName, names_of, portraits_of
from portal.sightings.models import RecognisedFace, Visit
from portal.sightings.selectors import faces_within, visits_within
from portal.ui.scores import percentage

__all__ = ["ChangeRow", "change_rows", "visible_changes", "visible_what_if", "visible_what_ifs"]


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change. ``was`` and ``becomes`` are names that the actor may see, ``suggested`` whom a
    doubtful face resembles most; ``old`` and ``new`` are the thresholds then and proposed."""

    change: WhatIfChange
    was: PersonName | None
    becomes: PersonName | None
    suggested: PersonName | None
    portrait_id: UUID | None
    crop_id: int | None
    old: float | None
    new: float

    @property
    def beside(self) -> PersonName | None:
        """Whose enrolled photo stands beside the crop."""
        return self.was or self.becomes or self.suggested

    @property
    def score_at(self) -> str | None:
        return None if self.change.score is None else percentage(self.change.score)

    @property
    def old_at(self) -> str | None:
        return None if self.old is None else percentage(self.old)

    @property
    def new_at(self) -> str:
        return percentage(self.new)


def visible_what_ifs() -> QuerySet[WhatIf]:
    """Newest first."""
    require("calibration.view")
    return WhatIf.objects.select_related("job", "run")


def visible_what_if(what_if_id: UUID) -> WhatIf:
    row = visible_what_ifs().filter(pk=what_if_id).first()
    if row is None:
        raise NotFound("There is no such what-if, or it was deleted after its time.")
    return row


def visible_changes(what_if: WhatIf) -> QuerySet[WhatIfChange]:
    """Those whose visits and faces the actor may see; none for whoever may see none at all."""
    actor = require("calibration.view")
    changes = what_if.changes.order_by("-at", "-id")
    if not actor.may("sightings.view"):
        return changes.none()
    if actor.scope == EVERYTHING:
        return changes
    visits = Visit.objects.filter(visits_within(actor)).order_by()
    faces = RecognisedFace.objects.filter(faces_within(actor)).order_by()
    return changes.filter(Q(visit__in=visits) | Q(face__in=faces, visit=None))


def change_rows(what_if: WhatIf, changes: Sequence[WhatIfChange]) -> list[ChangeRow]:
    """``changes`` come with ``camera``, ``visit__best_face`` and ``face__recognition`` joined."""
    wanted = {
        str(pk) for one in changes for pk in (one.before_person_id, one.after_person_id) if pk
    }
    wanted |= {nearest for one in changes if (nearest := _nearest(one))}
    names = names_of(wanted) if wanted and current_actor().may("people.view") else {}
    rows = [_row(what_if, one, names) for one in changes]
    beside = {UUID(row.beside.id) for row in rows if row.beside is not None}
    portraits = portraits_of(beside) if beside else {}
    return [
        row
        if row.beside is None
        else ChangeRow(
            row.change, row.was, row.becomes, row.suggested, portraits.get(UUID(row.beside.id)),
            row.crop_id, row.old, row.new,
        )
        for row in rows
    ]  # fmt: skip


def _row(what_if: WhatIf, one: WhatIfChange, names: dict[str, PersonName]) -> ChangeRow:
    face = one.visit.best_face if one.visit is not None else one.face
    if one.visit is not None:
        old = one.visit.threshold
    else:
        old = one.face.recognition.threshold if one.face is not None else None
    offset = what_if.summary.get("offsets", {}).get(str(one.camera_id), 0.0)
    return ChangeRow(
        change=one,
        was=names.get(str(one.before_person_id)),
        becomes=names.get(str(one.after_person_id)),
        suggested=names.get(_nearest(one)),
        portrait_id=None,
        crop_id=face.pk if face is not None and face.portrait_key else None,
        old=old,
        new=what_if.threshold + offset,
    )


def _nearest(one: WhatIfChange) -> str:
    """Whom it resembles most."""
    source = one.visit if one.visit is not None else one.face
    candidates: list[Any] = source.candidates if source is not None else []
    return str(candidates[0][0]) if candidates else ""
