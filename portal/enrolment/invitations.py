"""Reads of invitations: the administrators' lists, and what a link opens.

Public surface: ``invitations``, ``visible_invitation``, ``submissions``, ``refusals``,
``waiting_count``, ``review_of`` with ``Review``; for the page behind a link ``open_by_token``,
``own_draft``, ``own_photos``, ``own_photo`` and ``own_face``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from portal.core.bearer import digest_of
from portal.core.context import current_actor, require
from portal.core.errors import NotFound
from portal.enrolment.models import Enrolment, EnrolmentFace, EnrolmentPhoto, Invitation
from portal.enrolment.selectors import DraftView, Lookalike, draft_view, lookalikes_of
from portal.people.models import Person
from portal.people.selectors import within_scope

__all__ = [
    "Review",
    "invitations",
    "open_by_token",
    "own_draft",
    "own_face",
    "own_photo",
    "own_photos",
    "refusals",
    "review_of",
    "submissions",
    "visible_invitation",
    "waiting_count",
]

# How long the list shows what is over.
SHOWN_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Review:
    """What was sent in, for the administrator who answers it."""

    invitation: Invitation
    draft: DraftView
    lookalikes: tuple[Lookalike, ...]

    @property
    def moved_to(self) -> Person | None:
        """Whose photos these were said to be, where that is not whom the link was made for."""
        whose = self.draft.enrolment.person
        return whose if whose is not None and whose.pk != self.invitation.person_id else None


def invitations() -> QuerySet[Invitation]:
    """Of people within the actor's scope, newest first."""
    actor = require("people.manage")
    return (
        Invitation.objects.filter(
            within_scope(actor.scope, path="person__"),
            # Of two entries that were merged, the photos went to the one that lives on.
            Q(person__status__in=Person.LIVING) | Q(enrolment__person__status__in=Person.LIVING),
            _WAITS | Q(created_at__gt=timezone.now() - SHOWN_FOR),
        )
        .select_related("person__department", "enrolment", "policy")
        .order_by("-id")
    )


def visible_invitation(invitation_id: UUID) -> Invitation:
    invitation = invitations().filter(pk=invitation_id).first()
    if invitation is None:
        raise NotFound("There is no such invitation any more.")
    return invitation


def submissions() -> QuerySet[Invitation]:
    """Those that wait for approval, the oldest first, with ``photo_count``."""
    return (
        invitations()
        .filter(_WAITS)
        .annotate(photo_count=Count("enrolment__photos"))
        .order_by("used_at")
    )


def refusals() -> QuerySet[Invitation]:
    """Those of people who do not want this, until somebody takes note."""
    return invitations().filter(_REFUSED).order_by("refused_at")


def waiting_count() -> int:
    """How many of both an administrator still has to answer."""
    return invitations().order_by().filter(_WAITS | _REFUSED).count()


def review_of(invitation: Invitation) -> Review:
    """Raises ``NotFound`` where it does not wait any more."""
    require("people.manage")
    draft = invitation.enrolment
    if draft is None or draft.state != Enrolment.State.SUBMITTED:
        raise NotFound("This was answered already, or its time is over. Look at the list.")
    view = draft_view(draft)
    return Review(invitation, view, tuple(lookalikes_of(view)))


def open_by_token(token: str) -> Invitation | None:
    """The invitation behind a link; None for a link that leads nowhere, for whatever reason."""
    return (
        Invitation.objects.select_related("person", "enrolment")
        .filter(
            digest=digest_of(token),
            expires_at__gt=timezone.now(),
            used_at=None,
            revoked_at=None,
            refused_at=None,
            declined_at=None,
            person__status__in=Person.LIVING,
        )
        .first()
    )


def own_draft(invitation: Invitation) -> Enrolment:
    """The draft of whoever holds the link; ``NotFound`` before they agreed."""
    _require_own(invitation)
    draft = invitation.enrolment
    if draft is None or draft.state != Enrolment.State.DRAFT:
        raise NotFound("There is nothing here yet. Open the link again from the start.")
    return draft


def own_photos(invitation: Invitation) -> list[EnrolmentPhoto]:
    return list(own_draft(invitation).photos.prefetch_related("faces"))


def own_photo(invitation: Invitation, photo_id: UUID) -> EnrolmentPhoto:
    photo = own_draft(invitation).photos.filter(pk=photo_id).first()
    if photo is None:
        raise NotFound("There is no such photo any more.")
    return photo


def own_face(invitation: Invitation, face_id: int) -> EnrolmentFace:
    draft = own_draft(invitation)
    face = EnrolmentFace.objects.filter(photo__enrolment=draft, pk=face_id).first()
    if face is None:
        raise NotFound("There is no such face any more.")
    return face


def _require_own(invitation: Invitation) -> None:
    actor = current_actor()
    if actor.kind != "invitation" or actor.id != str(invitation.pk):
        raise NotFound("There is nothing here.")


_WAITS = Q(enrolment__state=Enrolment.State.SUBMITTED, used_at__isnull=False)
_REFUSED = Q(refused_at__isnull=False, noted_at=None)
