"""The verdicts of a draft's photos, taken anew whenever one of them or an answer changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from uuid import UUID

from portal.enrolment.likeness import Portrayed, sort_out
from portal.enrolment.models import Enrolment, EnrolmentFace, EnrolmentPhoto
from portal.enrolment.selectors import enrolled_faces, stored_print
from portal.enrolment.verdicts import Verdict, judge, judge_among
from portal.people.vectors import open_vector

__all__ = ["rejudge"]

_CHANGED = ("verdict", "message", "chosen")


def rejudge(draft: Enrolment) -> None:
    """Write down what changed; the draft must be locked. Photos that wait are not touched."""
    photos = list(
        draft.photos.filter(state=EnrolmentPhoto.State.EXAMINED).prefetch_related(
            "faces__likenesses"
        )
    )
    verdicts = {photo.pk: _alone(photo) for photo in photos}
    usable = EnrolmentPhoto.Verdict.USABLE
    good = [photo for photo in photos if verdicts[photo.pk].code == usable]
    for space_id, group in _by_space(good, verdicts):
        enrolled = enrolled_faces(draft.person_id, space_id=space_id) if draft.person_id else []
        sorting = sort_out([*enrolled, *(_portrayed(p, verdicts[p.pk]) for p in group)])
        for photo in group:
            verdicts[photo.pk] = judge_among(
                verdicts[photo.pk],
                photo_id=str(photo.pk),
                sorting=sorting,
                is_known=bool(enrolled),
            )
    changed = [photo for photo in photos if _take(photo, verdicts[photo.pk])]
    EnrolmentPhoto.objects.bulk_update(changed, _CHANGED)


def _alone(photo: EnrolmentPhoto) -> Verdict:
    faces = list(photo.faces.all())
    open_ones = ((face.position, face.open_likeness) for face in faces)
    claimed = {position: like.score for position, like in open_ones if like is not None}
    # What was chosen for want of another is no pick: the faces may have become several.
    chosen = photo.chosen if len(faces) > 1 else None
    return judge(faces, chosen=chosen, claimed=claimed)


def _by_space(
    photos: Sequence[EnrolmentPhoto], verdicts: Mapping[UUID, Verdict]
) -> Iterable[tuple[str, list[EnrolmentPhoto]]]:
    """Vectors of two spaces are never compared."""
    groups: dict[str, list[EnrolmentPhoto]] = {}
    for photo in photos:
        face = _face(photo, verdicts[photo.pk])
        groups.setdefault(face.space_id, []).append(photo)
    return groups.items()


def _portrayed(photo: EnrolmentPhoto, verdict: Verdict) -> Portrayed:
    face = _face(photo, verdict)
    return Portrayed(
        id=str(photo.pk),
        vector=open_vector(face.sealed_vector),
        quality=float(face.quality.get("score", 0.0)),
        crop=partial(stored_print, face.aligned_key),
        is_vouched=photo.is_vouched,
    )


def _face(photo: EnrolmentPhoto, verdict: Verdict) -> EnrolmentFace:
    return next(face for face in photo.faces.all() if face.position == verdict.chosen)


def _take(photo: EnrolmentPhoto, verdict: Verdict) -> bool:
    new = (verdict.code, verdict.message, verdict.chosen)
    if new == (photo.verdict, photo.message, photo.chosen):
        return False
    photo.verdict, photo.message, photo.chosen = new
    return True
