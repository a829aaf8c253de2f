"""Reads for one person's page: photos with their templates, ways in, look-alikes, who looked.

Public surface: see ``__all__``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.core.context import current_actor, require
from portal.people.history import words_of
from portal.people.listing import ENOUGH_PHOTOS
from portal.people.models import Credential, FaceImage, LookalikePair, Person
from portal.people.selectors import portraits_of, within_scope

__all__ = [
    "AuditLine",
    "Lookalike",
    "PhotoView",
    "WayIn",
    "acts_condition",
    "angles_advice",
    "audit_lines",
    "lookalikes_of",
    "may_see_who_looked",
    "photo_views",
    "ways_in",
]

_PERSON: Final = Person._meta.label_lower


@dataclass(frozen=True, slots=True)
class PhotoView:
    """A photo with the models that hold a template of it."""

    image: FaceImage
    models: tuple[str, ...]

    @property
    def is_used(self) -> bool:
        return self.image.state == FaceImage.State.ACTIVE

    @property
    def title(self) -> str:
        return self.image.get_pose_display() or "Angle not known"

    @property
    def quality_words(self) -> str:
        """The score in a word, with the numbers behind it."""
        score = self.image.quality_score
        word = next(w for least, w in _QUALITY if score >= least)
        eyes_px = self.image.quality.get("eye_distance_px")
        size = f", {eyes_px:.0f} px between the eyes" if eyes_px else ""
        return f"{word} quality, {score:.2f} of 1{size}"

    @property
    def model_words(self) -> str:
        return f"Template: {', '.join(self.models)}" if self.models else "No template"


_QUALITY: Final = ((0.75, "Very good"), (0.55, "Good"), (0.35, "Fair"), (float("-inf"), "Weak"))


def photo_views(person: Person) -> list[PhotoView]:
    """Those in use first, best first; then those set aside."""
    require("people.view")
    images = (
        person.images.exclude(state=FaceImage.State.REMOVED)
        .prefetch_related("templates__space")
        .order_by("state", "-quality_score")
    )
    return [
        PhotoView(image, tuple(sorted({t.space.model_id for t in image.templates.all()})))
        for image in images
    ]


def angles_advice(photos: Iterable[PhotoView]) -> str:
    """Which photo would help most; empty where there are enough from enough sides."""
    used = [photo.image for photo in photos if photo.is_used]
    seen = {image.pose for image in used if image.pose}
    if not used:
        return ""
    if not seen:
        missing = ENOUGH_PHOTOS - len(used)
        if missing <= 0:
            return ""
        return (
            f"{missing} more photo{'s' if missing > 1 else ''} would help: from the front, and a "
            "little from either side."
        )
    wanted = [pose for pose in _USEFUL if pose.value not in seen]
    if not wanted:
        return ""
    named = " and ".join(f"“{pose.label.lower()}”" for pose in wanted)
    return f"No photo shows the angle {named}. Adding it makes recognition surer."


# Up and down matter to cameras that hang high or low only.
_USEFUL: Final = (FaceImage.Pose.FRONT, FaceImage.Pose.LEFT, FaceImage.Pose.RIGHT)


@dataclass(frozen=True, slots=True)
class WayIn:
    """The PIN or QR code in use; ``credential`` is None where there is none."""

    kind: str
    label: str
    hint: str
    credential: Credential | None
    is_over: bool


_HINTS: Final = {
    Credential.Kind.PIN: "A number, typed together with the code.",
    Credential.Kind.QR: "A printed card, held before a camera.",
}


def ways_in(person: Person) -> list[WayIn]:
    require("people.view")
    used = {c.kind: c for c in person.credentials.filter(revoked_at=None)}
    today = timezone.localdate(timezone=ZoneInfo(person.site.time_zone))
    return [
        WayIn(
            kind=kind.value,
            label=str(kind.label),
            hint=_HINTS[kind],
            credential=(credential := used.get(kind.value)),
            is_over=bool(credential and credential.valid_to and credential.valid_to < today),
        )
        for kind in Credential.Kind
    ]


@dataclass(frozen=True, slots=True)
class Lookalike:
    """Somebody with a similar face, and what was said of the two."""

    person: Person
    portrait_id: UUID | None
    score: float
    answer: str
    answered_by: str
    wants_answer: bool

    @property
    def is_open(self) -> bool:
        """Somebody should say whether they are one."""
        return self.wants_answer and self.answer == LookalikePair.Answer.OPEN


def lookalikes_of(person: Person) -> list[Lookalike]:
    """Most similar first; only people whom the actor may see."""
    scope = require("people.view").scope
    pairs = (
        LookalikePair.objects.filter(Q(first=person) | Q(second=person))
        .filter(
            within_scope(scope, path="first__"),
            within_scope(scope, path="second__"),
            first__status__in=Person.LIVING,
            second__status__in=Person.LIVING,
            is_alike=True,
        )
        .select_related("first", "second")
    )
    others = [(pair.second if pair.first_id == person.pk else pair.first, pair) for pair in pairs]
    portraits = portraits_of([other.pk for other, _ in others]) if others else {}
    return [
        Lookalike(
            person=other,
            portrait_id=portraits.get(other.pk),
            score=pair.score,
            answer=pair.answer,
            answered_by=pair.answered_by,
            wants_answer=pair.wants_answer,
        )
        for other, pair in others
    ]


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did or looked at what, and when."""

    at: datetime
    actor: str
    words: str
    reason: str
    # Looks that follow each other, as many portraits on one page are, are one line.
    count: int = 1


def acts_condition(person: Person) -> Q:
    """The acts of the journal that name this person."""
    return Q(person=person) | Q(other=person)


def may_see_who_looked() -> bool:
    actor = current_actor()
    return actor.may("audit.view") or actor.may("people.manage")


def audit_lines(person: Person, *, limit: int = 15) -> Sequence[AuditLine]:
    """What the audit log says about this person, newest first."""
    if not may_see_who_looked():
        require("audit.view")
    entries = AuditEntry.objects.filter(target_type=_PERSON, target_id=str(person.pk))
    lines: list[AuditLine] = []
    for entry in entries.order_by("-seq")[: limit * _LOOKS_A_LINE]:
        line = AuditLine(
            at=entry.at,
            actor=entry.actor_label or entry.actor_kind,
            words=words_of(entry.action),
            reason=entry.reason,
        )
        last = lines[-1] if lines else None
        is_repeated = last is not None and (last.actor, last.words) == (line.actor, line.words)
        if last is not None and is_repeated and entry.action.endswith(".viewed"):
            lines[-1] = replace(last, count=last.count + 1)
        elif len(lines) == limit:
            break
        else:
            lines.append(line)
    return lines


_LOOKS_A_LINE: Final = 10
