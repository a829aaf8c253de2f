"""Two models on the same faces of the ledger: what the one said, and what the other would have.

Of a stream the model in use decided about a passage, from many pictures together, and the ledger's
row says that; the new one has one crop of it. Of single pictures both had one. Public surface:
``compare``, ``compare_pictures`` with ``Comparison``, ``Known``; ``examples`` with ``Example``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import Count, F, Q, QuerySet

from portal.calibration.models import ModelSwitch, ShadowFace
from portal.calibration.selectors.shadow import UNREADABLE
from portal.calibration.selectors.shares import Share
from portal.cameras.models import Camera
from portal.core.context import require
from portal.people.selectors import PersonName, names_of
from portal.review.models import Stranger
from portal.sightings.models import Visit
from portal.sightings.selectors.visits import visits_within

__all__ = ["Comparison", "Example", "Known", "compare", "compare_pictures", "examples"]

_SETTLED: Final = (Visit.Settled.CONFIRMED, Visit.Settled.ASSIGNED)
_STRANGERS: Final = (Stranger.State.IGNORED, Stranger.State.WATCHED)
_SHOWN: Final = 12

# Of cameras whose pictures are decided one by one. Where the camera is gone nobody can tell.
_IS_PICTURE = Q(
    face__recognition__camera__kind__in=[kind for kind in Camera.Kind if kind not in Camera.LIVE]
)
_OLD_NAME = Q(face__decision="match", face__person__isnull=False)
_NEW_NAME = Q(decision="match", person__isnull=False)
_SAME = Q(face__person=F("person"))
# Who it was, as a human said.
_IS_KNOWN = Q(face__visit__settled_as__in=_SETTLED, face__visit__person__isnull=False)
_IS_STRANGER = Q(face__visit__stranger__state__in=_STRANGERS, face__visit__person=None)


@dataclass(frozen=True, slots=True)
class Known:
    """Of faces of whom a human said who they are, or that they are nobody enrolled."""

    missed: Share
    strangers_named: Share


@dataclass(frozen=True, slots=True)
class Comparison:
    """Counts of faces. ``unreadable`` ones could not be shown to the other model."""

    faces: int
    same_name: int
    no_name: int
    appears: int
    disappears: int
    changes: int
    unreadable: int
    old: Known
    new: Known

    @property
    def agree(self) -> int:
        return self.same_name + self.no_name

    @property
    def differ(self) -> int:
        return self.appears + self.disappears + self.changes


@dataclass(frozen=True, slots=True)
class Example:
    """A face about which the two differ. Names only where they may be said."""

    face_id: int
    kind: str
    before_kind: str
    after_kind: str
    before: PersonName | None
    after: PersonName | None


def compare(switch: ModelSwitch) -> Comparison:
    """One query. Each side is judged by its own threshold, and by what it saw: of a stream that is
    more for the model in use."""
    require("calibration.view")
    return _counted(ShadowFace.objects.filter(switch=switch))


def compare_pictures(switch: ModelSwitch) -> Comparison:
    """``compare`` without streams: both models decided about one picture of each face."""
    require("calibration.view")
    return _counted(ShadowFace.objects.filter(_IS_PICTURE, switch=switch))


def _counted(rows: QuerySet[ShadowFace]) -> Comparison:
    readable = ~Q(reason=UNREADABLE)
    known, stranger = readable & _IS_KNOWN, readable & _IS_STRANGER
    found = rows.aggregate(
        faces=Count("pk", filter=readable),
        same=Count("pk", filter=readable & _OLD_NAME & _NEW_NAME & _SAME),
        none=Count("pk", filter=readable & ~_OLD_NAME & ~_NEW_NAME),
        appears=Count("pk", filter=readable & ~_OLD_NAME & _NEW_NAME),
        disappears=Count("pk", filter=readable & _OLD_NAME & ~_NEW_NAME),
        changes=Count("pk", filter=readable & _OLD_NAME & _NEW_NAME & ~_SAME),
        unreadable=Count("pk", filter=~readable),
        known=Count("pk", filter=known),
        old_right=Count("pk", filter=known & _OLD_NAME & Q(face__person=F("face__visit__person"))),
        new_right=Count("pk", filter=known & _NEW_NAME & Q(person=F("face__visit__person"))),
        strangers=Count("pk", filter=stranger),
        old_named=Count("pk", filter=stranger & _OLD_NAME),
        new_named=Count("pk", filter=stranger & _NEW_NAME),
    )
    return Comparison(
        faces=found["faces"],
        same_name=found["same"],
        no_name=found["none"],
        appears=found["appears"],
        disappears=found["disappears"],
        changes=found["changes"],
        unreadable=found["unreadable"],
        old=Known(
            Share(found["known"] - found["old_right"], found["known"]),
            Share(found["old_named"], found["strangers"]),
        ),
        new=Known(
            Share(found["known"] - found["new_right"], found["known"]),
            Share(found["new_named"], found["strangers"]),
        ),
    )


def examples(switch: ModelSwitch) -> list[Example]:
    """The newest faces about which the two differ, of visits that the actor may see."""
    actor = require("calibration.view")
    if not actor.may("sightings.view"):
        return []
    rows = list(
        _differing(switch)
        .filter(face__visit__in=Visit.objects.filter(visits_within(actor)).values("pk"))
        .order_by("-face_id")
        .values_list("face_id", "face__decision", "decision", "face__person_id", "person_id")[
            :_SHOWN
        ]
    )
    names = (
        names_of({str(pk) for row in rows for pk in filter(None, row[3:])})
        if actor.may("people.view")
        else {}
    )
    return [
        Example(
            face_id=face_id,
            kind="changes"
            if old == new == "match"
            else "appears"
            if new == "match"
            else "disappears",
            before_kind=old,
            after_kind=new,
            before=names.get(str(before)) if old == "match" else None,
            after=names.get(str(after)) if new == "match" else None,
        )
        for face_id, old, new, before, after in rows
    ]


def _differing(switch: ModelSwitch) -> QuerySet[ShadowFace]:
    return (
        ShadowFace.objects.filter(switch=switch)
        .exclude(reason=UNREADABLE)
        .filter(
            (_OLD_NAME & ~_NEW_NAME) | (~_OLD_NAME & _NEW_NAME) | (_OLD_NAME & _NEW_NAME & ~_SAME)
        )
    )
