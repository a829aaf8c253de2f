"""What merging two entries would move, before anything is moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q, QuerySet
from django.utils import formats, timezone

from portal.core.context import require
from portal.people.models import Consent, Credential, FaceImage, LookalikePair, Person

if TYPE_CHECKING:
    from portal.accounts.models import User

__all__ = [
    "MERGE_ACT",
    "MOVES",
    "STAYS",
    "Merge",
    "Moving",
    "account_of",
    "anchors_of",
    "moving",
    "plan_merge",
]

MERGE_ACT: Final = "people.merge"

# Tables that point at a person and whose rows change hands; both lists together name them all.
MOVES: Final = frozenset(
    {
        "accounts.User.person",
        "attendance.Correction.person",
        "attendance.Punch.person",
        "enrolment.Enrolment.person",
        "enrolment.Invitation.person",
        "people.Consent.person",
        "people.Credential.person",
        "people.FaceImage.person",
        "people.FaceTemplate.person",
        "review.Anchor.person",
        "review.Stranger.person",
        "schedules.Assignment.person",
        "schedules.Leave.person",
        "schedules.RosterOverride.person",
        "sightings.RecognisedFace.person",
        "sightings.Visit.person",
    }
)
# Tables that point at a person and are not moved, each with the reason.
STAYS: Final = {
    "people.FormerPlace.person": "where the old entry belonged; days go by the places of the other",
    "people.Person.merged_into": "who was merged into the old entry is found through it",
    "people.LookalikePair.first": "a pair is about two entries; answers are carried over",
    "people.LookalikePair.second": "a pair is about two entries; answers are carried over",
    "journal.Act.person": "what was done to the old entry was done to that entry",
    "journal.Act.other": "what was done to the old entry was done to that entry",
    "enrolment.Frame.person": "a picture of the webcam on its way, gone within minutes",
    "enrolment.Likeness.person": "somebody else's draft, which names whom it resembled",
    "calibration.ShadowFace.person": "what a model that is not in use said of a face that is there still",
    "calibration.WhatIfChange.before_person": "what a rule was tried on; merged names are followed",
    "calibration.WhatIfChange.after_person": "what a rule was tried on; merged names are followed",
    "calibration.DriftFinding.person": "what the old entry's photos scored; the next night looks anew",
    "hygiene.Finding.person": "what was found about the old entry; the next look finds anew",
    "hygiene.Finding.other": "what was found about the old entry; the next look finds anew",
    "attendance.AttendanceDay.person": "days are computed anew of the punches that come along",
    "attendance.DayException.person": "what is odd about a day is found anew with it",
    "attendance.DayRevision.person": "what the old entry's days were is a record of that entry",
    "attendance.Adjustment.person": "what a settled day is off by is added for each entry anew",
    "attendance.StaleDays.person": "days to be computed anew: both entries' are",
    "muster.MusterEntry.person": "who was on a list at the time; what was marked stays as it was",
    "roster.RosterPhoto.other": "what an import did; its undo names the entry that it made",
    "roster.RosterRow.person": "what an import did; its undo names the entry that it made",
}


@dataclass(frozen=True, slots=True, eq=False)
class Moving:
    """The rows that change hands."""

    photos: list[FaceImage]
    consents: list[Consent]
    credentials: list[Credential]
    sightings: QuerySet[Any]
    visits: QuerySet[Any]
    strangers: QuerySet[Any]
    anchors: QuerySet[Any]
    drafts: list[Any]
    invitations: list[Any]
    punches: QuerySet[Any]
    corrections: QuerySet[Any]
    plans: list[Any]
    overrides: list[Any]
    leaves: list[Any]
    user: User | None


@dataclass(frozen=True, slots=True, eq=False)
class Merge:
    """A merge as its page shows it. ``stays`` says in plain words what does not come along, and
    ``warnings`` what speaks against it."""

    source: Person
    target: Person
    photos: int
    templates: int
    sightings: int
    punches: int
    consents: int
    credentials: int
    drafts: int
    invitations: int
    stays: tuple[str, ...]
    warnings: tuple[str, ...]


def plan_merge(source: Person, target: Person) -> Merge:
    """Count what would move; changes nothing."""
    require("people.manage")
    what = moving(source, target)
    return Merge(
        source=source,
        target=target,
        photos=sum(photo.state != FaceImage.State.REMOVED for photo in what.photos),
        templates=source.templates.filter(image__in=what.photos).count(),
        sightings=what.sightings.count(),
        punches=what.punches.count(),
        consents=len(what.consents),
        credentials=len(what.credentials),
        drafts=len(what.drafts),
        invitations=len(what.invitations),
        stays=tuple(_stays(source, target, what)),
        warnings=tuple(_warnings(source, target)),
    )


def moving(source: Person, target: Person) -> Moving:
    """Everything of ``source`` but what ``target`` can have only one of and has already."""
    consents = source.consents.all()
    if target.consents.filter(withdrawn_at=None).exists():
        consents = consents.exclude(withdrawn_at=None)
    kinds = target.credentials.filter(revoked_at=None).values_list("kind", flat=True)
    return Moving(
        photos=list(source.images.exclude(photo_sha256__in=target.images.values("photo_sha256"))),
        consents=list(consents),
        credentials=list(source.credentials.exclude(revoked_at=None, kind__in=list(kinds))),
        sightings=source.sightings.all(),
        visits=source.visits.all(),
        strangers=source.strangers.all(),
        anchors=anchors_of(source),
        drafts=list(source.enrolments.filter(state__in=["draft", "submitted"])),
        invitations=list(source.invitations.filter(used_at=None, revoked_at=None)),
        punches=source.punches.all(),
        corrections=source.corrections.all(),
        plans=_plans(source, target),
        overrides=list(
            source.roster_overrides.exclude(date__in=target.roster_overrides.values("date"))
        ),
        leaves=_leaves(source, target),
        user=None if account_of(target) is not None else account_of(source),
    )


def _plans(source: Person, target: Person) -> list[Any]:
    """Two entries' own shifts would ask one person to work both: those of ``target`` hold."""
    return [] if target.assignments.exists() else list(source.assignments.all())


def _leaves(source: Person, target: Person) -> list[Any]:
    """But not where ``target`` is on leave, or asked for it, on any of these dates already."""
    return [
        leave
        for leave in source.leaves.all()
        if not target.leaves.filter(
            first__lte=leave.last, last__gte=leave.first, state__in=["requested", "approved"]
        ).exists()
    ]


def account_of(person: Person) -> User | None:
    try:
        return person.user
    except ObjectDoesNotExist:
        return None


def anchors_of(person: Person) -> QuerySet[Any]:
    """What was said not to be this person's face. No relation of theirs: the faces are others'."""
    return apps.get_model("review", "Anchor")._default_manager.filter(person=person)


def _stays(source: Person, target: Person, what: Moving) -> list[str]:
    said = [f"The code {source.code} stays taken and is given to nobody else."]
    repeated = source.images.exclude(pk__in=[photo.pk for photo in what.photos]).count()
    if repeated:
        are = "photo is" if repeated == 1 else "photos are"
        said.append(f"{repeated} {are} the same in both entries and not needed twice.")
    moved = {credential.pk for credential in what.credentials}
    said += [
        f"The {credential.get_kind_display()} of {source.name} stops working: {target.name} has one "
        "already."
        for credential in source.credentials.filter(revoked_at=None)
        if credential.pk not in moved
    ]
    if source.consents.count() > len(what.consents):
        said.append(f"{target.name} has a consent of their own; {source.name}'s stays on record.")
    if source.assignments.count() > len(what.plans):
        said.append(f"{target.name} has shifts of their own, which hold; {source.name}'s do not.")
    if source.leaves.count() > len(what.leaves):
        said.append(
            f"{target.name} is on leave on some dates already; {source.name}'s stays there."
        )
    if what.user is None and account_of(source) is not None:
        said.append(f"{source.name}'s sign-in stays as it is: {target.name} has one already.")
    return said


def _warnings(source: Person, target: Person) -> list[str]:
    said = []
    first, second = sorted((source.pk, target.pk))
    pair = LookalikePair.objects.filter(
        Q(first=first, second=second), answer=LookalikePair.Answer.DIFFERENT
    ).first()
    if pair is not None:
        at = pair.answered_at or pair.created_at
        day = formats.date_format(timezone.localtime(at), "j F Y")
        by = f" by {pair.answered_by}" if pair.answered_by else ""
        said.append(
            f"These two were marked as different people who look alike, on {day}{by}. Merge them "
            "only if that was an error."
        )
    if target.status != Person.Status.ACTIVE:
        said.append(
            f"{target.name} is “{target.get_status_display()}”, so nobody will be recognised by these "
            "photos until that changes."
        )
    if source.site_id != target.site_id:
        said.append(
            f"{source.name} belongs to {source.site}, {target.name} to {target.site}. The entry that "
            "remains stays where it is."
        )
    return said
