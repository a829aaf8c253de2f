"""A visit as a row shows it: its state, where and how long, and what may be decided about it.

Public surface: ``VisitRow``, ``rows_of``, ``duration_words``, ``stay_words``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from django.urls import NoReverseMatch, reverse

from portal.core.context import current_actor
from portal.people.selectors import PersonName
from portal.sightings.models import Visit, VisitLeg
from portal.sightings.selectors import VisitView
from portal.sightings.selectors.live import state_of

__all__ = ["VisitRow", "duration_words", "rows_of", "stay_words"]


@dataclass(frozen=True, slots=True)
class VisitRow:
    """``face_id`` is the crop to show, None where there is none (any more). ``confirm_url`` and
    ``refuse_url`` are empty where nothing is to be decided, or not by this actor."""

    view: VisitView
    face_id: int | None
    confirm_url: str
    refuse_url: str

    @property
    def visit(self) -> Visit:
        return self.view.visit

    @property
    def state(self) -> str:
        return state_of(self.visit)

    @property
    def is_watched(self) -> bool:
        stranger = self.visit.stranger
        return stranger is not None and stranger.state == "watched"

    @property
    def portrait_id(self) -> UUID | None:
        """The enrolled photo beside the crop, where somebody is named or suggested."""
        return self.view.portrait_id if self.enrolled else None

    @property
    def enrolled(self) -> PersonName | None:
        """Who is named or suggested: whose photo that is, and who is confirmed or refused."""
        if self.view.person is not None:
            return self.view.person
        return self.view.suggested if self.state == "uncertain" else None

    @property
    def legs(self) -> list[VisitLeg]:
        """The cameras passed, in that order."""
        return list(self.visit.legs.all())

    @property
    def stay(self) -> str:
        return stay_words(self.visit)


def rows_of(views: Iterable[VisitView]) -> list[VisitRow]:
    actor = current_actor()
    may_decide = actor.may("review.decide")
    sees_certain_people = (
        actor.scope.department_ids is not None or actor.scope.person_id is not None
    )
    rows = []
    for view in views:
        face = view.visit.best_face
        is_shown = face is not None and bool(face.portrait_key)
        if face is not None and sees_certain_people:
            # A crop is theirs only where the ledger's own row names their person.
            is_shown &= face.person_id is not None and face.person_id == view.visit.person_id
        row = VisitRow(view, face.pk if face and is_shown else None, confirm_url="", refuse_url="")
        if may_decide and not view.visit.settled_as and row.enrolled is not None:
            # Whoever may not see who is meant cannot compare them either.
            is_open = row.state in {"uncertain", "provisional"}
            row = replace(
                row,
                confirm_url=_address("review:confirm", view.id) if is_open else "",
                refuse_url=_address("review:refuse", view.id),
            )
        rows.append(row)
    return rows


def _address(name: str, visit_id: UUID) -> str:
    try:
        return reverse(name, args=[visit_id])
    except NoReverseMatch:
        return ""


def stay_words(visit: Visit) -> str:
    """How long the visit lasted, or has lasted so far."""
    words = duration_words(visit.last_at - visit.first_at)
    return f"{words} so far" if visit.closed_at is None else words


def duration_words(length: timedelta) -> str:
    """ "1 s", "45 s", "3 min", "1 h 5 min": never finer than is of use."""
    seconds = max(1, round(length.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
