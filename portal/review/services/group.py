"""Writes of the grouping, which runs on the recognition worker: visits find their stranger.

``make_stranger``, ``join_stranger``, ``leave_strangers`` and ``suggest_person`` are called under
``standing.lock_grouping``. Public surface: see ``__all__``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import Count, F, QuerySet
from django.utils import timezone
from numpy.typing import NDArray

from portal.audit.services import record
from portal.core.context import require
from portal.core.events import ReviewChanged, publish_on_commit
from portal.core.vault import vault
from portal.engines.models import Space
from portal.journal.models import Act
from portal.people.vectors import seal_vector
from portal.review.models import Anchor, Stranger
from portal.review.services.change import REVIEW_KINDS, strangers_of
from portal.review.services.standing import lock_grouping, next_number, recount
from portal.sightings.models import RecognisedFace, Visit, VisitVector
from portal.sightings.services.visits import seal_visit_vector

__all__ = [
    "IGNORED_ELSEWHERE",
    "NAMED_STRANGER",
    "forget_strangers",
    "give_up_crop",
    "join_stranger",
    "leave_strangers",
    "make_stranger",
    "note_candidates",
    "release_recognised",
    "renew_anchor",
    "renew_visit_vector",
    "suggest_person",
]

# The reason of a visit that is like a stranger whom somebody named.
NAMED_STRANGER: Final = "named_stranger"
# The memo of a stranger who came to be ignored without anybody saying so at this site.
IGNORED_ELSEWHERE: Final = "Looks like a face that is ignored for good at another site."
_CANDIDATES: Final = 5
_LATELY: Final = timedelta(hours=1)


def make_stranger(visit: Visit, *, is_ignored: bool = False) -> Stranger:
    """A new one, with this visit alone; ``is_ignored`` where the face is ignored for good elsewhere,
    which each site may end for itself."""
    require("review.decide")
    stranger = Stranger.objects.create(
        site_id=visit.site_id,
        number=next_number(),
        first_at=visit.first_at,
        last_at=visit.last_at,
        state=Stranger.State.IGNORED if is_ignored else Stranger.State.OPEN,
        memo=IGNORED_ELSEWHERE if is_ignored else "",
    )
    if is_ignored:
        record("review.stranger.ignored_elsewhere", after={"stranger": str(stranger.pk)})
    join_stranger(visit, stranger.pk)
    return stranger


def join_stranger(visit: Visit, stranger_id: UUID) -> None:
    """The caller counts anew (``standing.recount``), once for all that joined."""
    require("review.decide")
    visit.stranger_id = stranger_id
    visit.save(update_fields=["stranger", "changed_at"])


def leave_strangers(visits: Sequence[Visit]) -> None:
    """They are nobody's again, until the caller has put them to whom they are of."""
    require("review.decide")
    strangers = {visit.stranger_id for visit in visits if visit.stranger_id}
    for visit in visits:
        visit.stranger = None
        visit.save(update_fields=["stranger", "changed_at"])
    recount(strangers)


def suggest_person(visit: Visit, person_id: UUID, *, score: float) -> None:
    """Like a stranger who was named: a name to be confirmed, as if the gallery had found it."""
    require("review.decide")
    others = [one for one in visit.candidates if str(one[0]) != str(person_id)]
    visit.decision, visit.reason = RecognisedFace.Decision.UNCERTAIN, NAMED_STRANGER
    visit.candidates = [[str(person_id), round(score, 4)], *others][:_CANDIDATES]
    visit.score = round(score, 4)
    visit.save(update_fields=["decision", "reason", "candidates", "score", "changed_at"])


@transaction.atomic
def release_recognised() -> int:
    """Visits that went on and were recognised after all are no stranger's; returns how many.

    Strangers that lost a visit otherwise, since it turned out to be part of another, are counted
    anew: whoever makes one visit of two knows no strangers.
    """
    require("review.decide")
    since = timezone.now() - _LATELY
    recognised = Visit.objects.filter(
        stranger__isnull=False,
        decision=RecognisedFace.Decision.MATCH,
        settled_as="",
        changed_at__gte=since,
    )
    miscounted = _miscounted().filter(last_at__gte=since)
    if not recognised.exists() and not miscounted.exists():
        return 0
    lock_grouping()
    visits = list(recognised.select_for_update(of=("self",)))
    strangers = {visit.stranger_id for visit in visits if visit.stranger_id}
    for visit in visits:
        visit.stranger = None
        visit.save(update_fields=["stranger", "changed_at"])
    strangers |= set(miscounted.values_list("pk", flat=True))
    recount(strangers)
    _drop_empty(strangers)
    publish_on_commit("review", ReviewChanged(type="review.changed"))
    return len(visits)


@transaction.atomic
def note_candidates(found: Mapping[UUID, Sequence[tuple[str, float]]], *, revision: int) -> None:
    """Whom these strangers resemble, as of this revision of the gallery."""
    require("review.decide")
    rows = list(Stranger.objects.select_for_update().filter(pk__in=found))
    is_news = False
    for stranger in rows:
        candidates: list[list[Any]] = [[who, round(score, 4)] for who, score in found[stranger.pk]]
        is_news = is_news or [c[0] for c in candidates] != [c[0] for c in stranger.candidates]
        stranger.candidates, stranger.candidates_revision = candidates, revision
    Stranger.objects.bulk_update(rows, ["candidates", "candidates_revision"])
    if is_news:
        publish_on_commit("review", ReviewChanged(type="review.changed"))


@transaction.atomic
def renew_anchor(anchor_id: UUID, vector: NDArray[np.float32], space: Space) -> None:
    """The vector in another space, of the same crop: what was said of the face stays said."""
    require("review.decide")
    sealed = seal_vector(vector, dimension=space.dimension, data_key=vault().keys.installation())
    Anchor.objects.filter(pk=anchor_id).update(space=space, sealed_vector=sealed)


@transaction.atomic
def renew_visit_vector(visit_id: UUID, vector: NDArray[np.float32], space: Space) -> None:
    """The same for a stranger's visit, so that whoever comes again is the same stranger."""
    require("review.decide")
    VisitVector.objects.filter(pk=visit_id).update(
        space=space, sealed_vector=seal_visit_vector(vector)
    )


def give_up_crop(anchor_id: UUID) -> None:
    """The crop cannot be read: the anchor holds in its own space only, and is not asked about."""
    Anchor.objects.filter(pk=anchor_id).update(aligned_key="")


@transaction.atomic
def forget_strangers() -> int:
    """Delete strangers whose last visit was deleted after its retention time; returns how many.

    Kept are those that are ignored for good and would be known again, and those that an act in the
    journal may bring back.
    """
    require("review.decide")
    recount(list(_miscounted().values_list("pk", flat=True)))
    wanted = _wanted_back()
    empty = Stranger.objects.filter(visit_count=0).exclude(
        state=Stranger.State.IGNORED,
        pk__in=Anchor.objects.filter(stranger__isnull=False).values("stranger"),
    )
    gone = [one.pk for one in empty if str(one.pk) not in wanted]
    Stranger.objects.filter(pk__in=gone).delete()
    if gone:
        record("review.strangers.forgotten", after={"strangers": len(gone)})
    return len(gone)


def _drop_empty(stranger_ids: set[UUID]) -> None:
    """One that nobody has looked at, and that was no stranger."""
    empty = Stranger.objects.filter(
        pk__in=stranger_ids,
        visit_count=0,
        state=Stranger.State.OPEN,
        acknowledged_at=None,
        enrolment=None,
    )
    if gone := set(empty.values_list("pk", flat=True)):
        wanted = _wanted_back()
        Stranger.objects.filter(pk__in=[pk for pk in gone if str(pk) not in wanted]).delete()


def _miscounted() -> QuerySet[Stranger]:
    there = Stranger.objects.annotate(there=Count("visits")).order_by()
    return there.exclude(there=F("visit_count"))


def _wanted_back() -> set[str]:
    """Strangers that an act in the journal may bring back, or to whom it may give a visit back."""
    acts = Act.objects.filter(
        kind__startswith=REVIEW_KINDS, undone_at=None, expires_at__gte=timezone.now()
    )
    return {pk for act in acts.iterator(chunk_size=200) for pk in strangers_of(act)}
