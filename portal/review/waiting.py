"""What the recognition worker reads for strangers and anchors; whoever asks, of all sites.

Public surface: see ``__all__``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import numpy as np
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone
from numpy.typing import NDArray

from portal.core.vault import VaultError
from portal.people.selectors import gallery_revision
from portal.people.vectors import open_vector
from portal.review.cameras import groups_at
from portal.review.models import Anchor, Stranger
from portal.sightings.models import RecognisedFace, Visit, VisitLeg, VisitVector
from portal.sightings.services.visits import open_visit_vector

__all__ = [
    "AnchorState",
    "Member",
    "OpenedAnchor",
    "anchor_state",
    "anchors_to_renew",
    "ended_named_visits",
    "grouped_visits",
    "open_anchors",
    "outdated_strangers",
    "stale_vectors",
    "ungrouped_visits",
    "vectors_of",
]

# From so long after it began on a visit is grouped, whether it is over or not: before that its next
# frames may well name it. The alerts wait for this (``portal.alerts.matching.GROUPING_TIME``).
LONG_ENOUGH: Final = timedelta(seconds=2)
# Visits that ended longer ago than this are looked at no more.
_LATELY: Final = timedelta(hours=1)
_State = Stranger.State
_UNKNOWN: Final = RecognisedFace.Decision.UNKNOWN
_REFUSED: Final = Visit.Settled.REFUSED

# Count and newest of the anchors of one space: another pair means that they changed.
AnchorState = tuple[int, object]


@dataclass(frozen=True, slots=True)
class Member:
    """A visit that has found its stranger; ``person_id`` is who that was said to be."""

    visit_id: UUID
    stranger_id: UUID
    site_id: UUID
    state: str
    person_id: UUID | None
    # Its vector may be another since.
    changed_at: datetime


@dataclass(frozen=True, slots=True, eq=False)
class OpenedAnchor:
    """``vector`` is ``(D,) float32``; an ignored one has no ``person_id``."""

    id: UUID
    person_id: str | None
    stranger_id: UUID | None
    visit_id: UUID | None
    vector: NDArray[np.float32]


def ungrouped_visits(space_id: str | None = None) -> QuerySet[Visit]:
    """Visits of nobody known that can be compared and have no stranger yet, oldest first.

    They are over, or long enough, and passed a camera that strangers are looked for at; what was
    refused as somebody's is nobody's known, too, at whatever camera. Without ``space_id`` those of
    any space, for whoever does not know which one is in use.
    """
    legs = VisitLeg.objects.filter(groups_at(), visit=OuterRef("pk"))
    is_unknown = (
        Q(decision=_UNKNOWN, settled_as="")
        & (Q(closed_at__isnull=False) | Q(first_at__lte=timezone.now() - LONG_ENOUGH))
        & Q(Exists(legs))
    )
    vectors = VisitVector.objects.filter(visit=OuterRef("pk"))
    if space_id is not None:
        vectors = vectors.filter(space=space_id)
    return Visit.objects.filter(
        is_unknown | Q(settled_as=_REFUSED),
        # Asked of each visit and not joined, so that the index of these two columns is used: almost
        # all visits have a person or a stranger.
        Exists(vectors),
        person=None,
        stranger=None,
        faces_usable__gte=1,
    ).order_by("first_at", "id")


def ended_named_visits() -> QuerySet[Visit]:
    """Visits that joined a named stranger while they went on, are over now, and were not recognised:
    now it can be asked whether they are that person's."""
    return (
        Visit.objects.filter(
            stranger__state=_State.NAMED,
            person=None,
            settled_as="",
            closed_at__isnull=False,
            changed_at__gte=timezone.now() - _LATELY,
        )
        .exclude(decision=RecognisedFace.Decision.MATCH)
        .order_by("first_at", "id")
    )


def grouped_visits(space_id: str) -> list[Member]:
    """All visits of strangers that can be compared."""
    rows = (
        Visit.objects.filter(stranger__isnull=False, vector__space=space_id)
        .order_by("id")
        .values_list("pk", "stranger", "site", "stranger__state", "stranger__person", "changed_at")
    )
    return [Member(*row) for row in rows]


def vectors_of(visit_ids: Collection[UUID]) -> dict[UUID, NDArray[np.float32]]:
    """``(D,) float32`` by visit; one that cannot be opened is left out."""
    found: dict[UUID, NDArray[np.float32]] = {}
    ids = list(visit_ids)
    for start in range(0, len(ids), 500):
        rows = VisitVector.objects.filter(pk__in=ids[start : start + 500])
        for pk, sealed in rows.values_list("pk", "sealed_vector"):
            try:
                found[pk] = open_visit_vector(sealed)
            except VaultError:
                continue
    return found


def outdated_strangers(*, limit: int) -> list[UUID]:
    """Strangers that are looked at, and whose resemblances are of another gallery."""
    rows = Stranger.objects.filter(state__in=(_State.OPEN, _State.WATCHED), visit_count__gt=0)
    outdated = rows.exclude(candidates_revision=gallery_revision())
    return list(outdated.order_by("-last_at").values_list("pk", flat=True)[:limit])


def anchor_state(space_id: str) -> AnchorState:
    """Cheap: asked before every search."""
    found = _in_force().filter(space=space_id).aggregate(n=Count("pk"), last=Max("created_at"))
    return found["n"], found["last"]


def open_anchors(space_id: str) -> list[OpenedAnchor]:
    """Those in force: whoever is ignored no more is no longer in the way."""
    found = []
    for row in _in_force().filter(space=space_id).order_by("id"):
        try:
            vector = open_vector(row.sealed_vector)
        except VaultError:
            continue
        named = str(row.person_id) if row.person_id is not None else None
        found.append(OpenedAnchor(row.pk, named, row.stranger_id, row.visit_id, vector))
    return found


def anchors_to_renew(space_id: str, *, limit: int) -> Sequence[tuple[UUID, str]]:
    """Ids and aligned crops of anchors that another model made."""
    rows = Anchor.objects.exclude(space=space_id).exclude(aligned_key="").order_by("id")
    return list(rows.values_list("pk", "aligned_key")[:limit])


def stale_vectors(space_id: str, *, limit: int) -> Sequence[tuple[UUID, str]]:
    """The same for visits: id and the best face's aligned crop. First those of strangers and of
    nobody, whom alerts ask about, then those that have a name: the search by a face compares all."""
    rows = (
        VisitVector.objects.exclude(space=space_id)
        .exclude(visit__best_face=None)
        .exclude(visit__best_face__aligned_key="")
        .order_by("-pk")
        .values_list("pk", "visit__best_face__aligned_key")
    )
    nobodys = Q(visit__stranger__isnull=False) | Q(visit__person=None)
    first = list(rows.filter(nobodys)[:limit])
    named = rows.filter(visit__stranger=None, visit__person__isnull=False)
    return first + list(named[: limit - len(first)])


def _in_force() -> QuerySet[Anchor]:
    ignored = Q(kind=Anchor.Kind.IGNORED) & (Q(stranger=None) | Q(stranger__state=_State.IGNORED))
    return Anchor.objects.filter(Q(kind=Anchor.Kind.NOT_PERSON) | ignored).order_by()
