"""What somebody who enrols themselves is told about a photo: that photo alone, never the gallery.

The verdicts of administrators also say whom a face resembles, and whether it fits the person's
other photos. Behind a link both would tell a stranger who is enrolled here; so the photo is judged
anew by what was measured in it, and by nothing else.
Public surface: ``OwnPhoto``, ``own_view``, ``is_good``, ``is_pending``, ``OwnProgress``,
``progress_of``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from portal.enrolment.likeness import Angle, missing_angles
from portal.enrolment.models import EnrolmentFace, EnrolmentPhoto
from portal.enrolment.verdicts import Verdict, judge

__all__ = ["OwnPhoto", "OwnProgress", "is_good", "is_pending", "own_view", "progress_of"]

SUGGESTED: Final = 3

_V = EnrolmentPhoto.Verdict
_BADGES: Final = {
    _V.PENDING: ("processing", "Being looked at"),
    _V.USABLE: ("accepted", "Good"),
    _V.SEVERAL_FACES: ("warning", "Which face is yours?"),
}


@dataclass(frozen=True, slots=True)
class OwnPhoto:
    """One photo as its owner sees it."""

    photo: EnrolmentPhoto
    verdict: str
    message: str
    face: EnrolmentFace | None

    @property
    def badge_state(self) -> str:
        return _BADGES.get(_V(self.verdict), ("rejected", ""))[0]

    @property
    def badge_label(self) -> str:
        return _BADGES.get(_V(self.verdict), ("", "Not used"))[1]


@dataclass(frozen=True, slots=True)
class OwnProgress:
    """How far the photos have come."""

    photos: tuple[OwnPhoto, ...]

    @property
    def good(self) -> int:
        return sum(one.verdict == _V.USABLE for one in self.photos)

    @property
    def pending(self) -> int:
        return sum(one.verdict == _V.PENDING for one in self.photos)

    @property
    def suggested(self) -> int:
        return max(SUGGESTED, self.good)

    @property
    def missing(self) -> tuple[Angle, ...]:
        """The sides that no good photo shows yet."""
        shown = {one.face.pose for one in self.photos if one.verdict == _V.USABLE and one.face}
        return missing_angles(shown)

    @property
    def may_submit(self) -> bool:
        return self.good > 0 and self.pending == 0


def own_view(photo: EnrolmentPhoto) -> OwnPhoto:
    """``photo`` with its faces prefetched."""
    verdict = _judged(photo)
    face = next((f for f in photo.faces.all() if f.position == verdict.chosen), None)
    return OwnPhoto(photo, verdict.code, verdict.message, face)


def is_good(photo: EnrolmentPhoto) -> bool:
    return _judged(photo).code == _V.USABLE


def is_pending(photo: EnrolmentPhoto) -> bool:
    return photo.state == EnrolmentPhoto.State.QUEUED


def progress_of(photos: Iterable[EnrolmentPhoto]) -> OwnProgress:
    return OwnProgress(tuple(own_view(photo) for photo in photos))


def _judged(photo: EnrolmentPhoto) -> Verdict:
    if photo.state == EnrolmentPhoto.State.QUEUED:
        return Verdict(_V.PENDING, "Being looked at…", None)
    if photo.state == EnrolmentPhoto.State.FAILED:
        return Verdict(_V.UNREADABLE, photo.message, None)
    faces = list(photo.faces.all())
    verdict = judge(faces, chosen=photo.chosen if len(faces) > 1 else None)
    if verdict.code == _V.USABLE:
        return Verdict(_V.USABLE, "Sharp, light enough and large enough.", verdict.chosen)
    return verdict
