"""Asking: with a reason that is written down for good, and not too often."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import Actor, require
from portal.core.errors import DomainError, NotFound
from portal.core.vault import vault
from portal.facesearch.models import FaceSearch
from portal.jobs.dispatch import dispatch_on_commit
from portal.review.models import Stranger
from portal.sightings.models import Visit
from recognition.errors import ImageRejected
from recognition.intake import inspect_image

__all__ = ["MOST_AN_HOUR", "SHORTEST_REASON", "ask", "choose_face"]

# A reason that says anything is longer than this.
SHORTEST_REASON: Final = 10
# Far more than an incident needs, far fewer than a list of people to be followed.
MOST_AN_HOUR: Final = 20


@transaction.atomic
def ask(
    reason: str,
    *,
    photo: bytes | None = None,
    visit: Visit | None = None,
    stranger: Stranger | None = None,
) -> FaceSearch:
    """Search by a photo, or by the face of a visit or a stranger that is known already.

    Raises ``DomainError`` for a reason that is none, for what is no picture, and for too many
    searches within an hour.
    """
    actor = require("faces.search")
    reason = " ".join(reason.split())
    if len(reason) < SHORTEST_REASON:
        raise DomainError(
            f"Say why you search, in at least {SHORTEST_REASON} letters. It is kept in the audit "
            "log.",
            code="search.reason",
            http_status=422,
        )
    if [photo, visit, stranger].count(None) != 2:
        raise DomainError(
            "Choose a photo with the face to search for.", code="search.no_face", http_status=422
        )
    _not_too_often(actor)
    if photo is not None:
        _inspect(photo)
    now = timezone.now()
    sites = actor.scope.site_ids
    search = FaceSearch.objects.create(
        actor_id=actor.id,
        actor_label=actor.label[:254],
        reason=reason[:300],
        photo_key=vault().put("searches", photo) if photo is not None else "",
        visit=visit,
        stranger=stranger,
        site_ids=None if sites is None else sorted(str(site) for site in sites),
        expires_at=now + FaceSearch.LIFE,
    )
    by = "photo" if photo is not None else "visit" if visit is not None else "stranger"
    record("faces.search.asked", target=search, after={"by": by}, reason=search.reason)
    dispatch_on_commit("faces.search", str(search.pk))
    return search


@transaction.atomic
def choose_face(search: FaceSearch, position: int) -> FaceSearch:
    """Which of the photo's faces is meant."""
    require("faces.search")
    row = FaceSearch.objects.select_for_update().get(pk=search.pk)
    if row.state != FaceSearch.State.CHOOSE:
        raise DomainError("A face was chosen already.", code="search.chosen", http_status=409)
    if not row.faces.filter(position=position).exists():
        raise NotFound("There is no such face in the photo.")
    row.position, row.state = position, FaceSearch.State.QUEUED
    row.save(update_fields=["position", "state"])
    dispatch_on_commit("faces.search", str(row.pk))
    return row


def _not_too_often(actor: Actor) -> None:
    since = timezone.now() - timedelta(hours=1)
    asked = FaceSearch.objects.filter(actor_id=actor.id, created_at__gte=since).count()
    if asked >= MOST_AN_HOUR:
        raise DomainError(
            f"You have searched {MOST_AN_HOUR} times within an hour, which is the most. Wait a "
            "little.",
            code="search.too_many",
            http_status=429,
        )


def _inspect(photo: bytes) -> None:
    try:
        inspect_image(photo)
    except ImageRejected as error:
        status = 413 if error.code == "image.too_many_bytes" else 422
        raise DomainError(error.message, code=error.code, http_status=status) from error
