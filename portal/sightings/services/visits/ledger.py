"""The ledger's rows of live pictures, and which face is a visit's best.

Public surface: ``LedgerRows``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.utils import timezone

from portal.core.events import RecognitionsFinished, publish_on_commit
from portal.sightings.models import RecognisedFace, Recognition, Visit
from portal.sightings.services.visits.contracts import LedgerFace, RuleInForce, VisitUpdate
from portal.sightings.services.visits.standing import Verdict

__all__ = ["LedgerRows"]

# A face that is no clearer than this above the best one does not take its place.
_CLEARLY_BETTER: Final = 0.02
# Who comes back in view is given no row again unless the face is so much clearer.
_MUCH_BETTER: Final = 0.1


class LedgerRows:
    """Gathers rows of live faces, and the faces of snapshots that others write."""

    def __init__(self, rule: RuleInForce) -> None:
        self._rule = rule
        self._recognitions: list[Recognition] = []
        self._faces: list[tuple[RecognisedFace, Visit]] = []
        self._owners: dict[tuple[UUID, int], Visit] = {}
        self._best: dict[UUID, RecognisedFace] = {}
        self._sites: list[str] = []

    def add(self, visit: Visit, update: VisitUpdate, verdict: Verdict) -> None:
        for face in update.faces:
            recognition = self._recognition(update, face, verdict)
            row = RecognisedFace(
                recognition=recognition,
                position=0,
                box=face.box,
                landmarks=face.landmarks,
                detector_score=face.detector_score,
                quality=dict(face.quality),
                portrait_key=face.portrait_key,
                aligned_key=face.aligned_key,
                decision=verdict.decision.kind,
                reason=face.reason or verdict.decision.reason,
                person_id=verdict.name,
                score=verdict.decision.score,
                margin=verdict.decision.margin,
                candidates=verdict.candidates,
            )
            self._recognitions.append(recognition)
            self._sites.append(str(update.site_id))
            self._faces.append((row, visit))
        for known in update.known_faces:
            self._owners[known.recognition_id, known.position] = visit

    def adopt(self, faces: Iterable[RecognisedFace]) -> None:
        """Give the faces of snapshots, not yet written, to their visits."""
        for face in faces:
            visit = self._owners.get((face.recognition_id, face.position))
            if visit is not None:
                face.visit_id = visit.pk
                self._weigh(visit, face)

    def is_clearer(self, visit: Visit, update: VisitUpdate) -> bool:
        """Whether the update's faces are much clearer than the best that the visit has."""
        best = self._best.get(visit.pk) or visit.best_face
        if best is None:
            return True
        least = _quality(best) + _MUCH_BETTER
        return any(face.quality.get("score", 0.0) > least for face in update.faces)

    def move(self, gone: Visit, survivor: Visit) -> None:
        self._faces = [(f, survivor if v is gone else v) for f, v in self._faces]
        self._owners = {key: survivor if v is gone else v for key, v in self._owners.items()}

    def save(self) -> None:
        """Write the rows, and note in each visit which face is its best by now."""
        for face, visit in self._faces:
            face.visit_id = visit.pk
            self._weigh(visit, face)
        Recognition.objects.bulk_create(self._recognitions)
        RecognisedFace.objects.bulk_create([face for face, _ in self._faces])
        if self._recognitions:
            publish_on_commit(
                "live",
                RecognitionsFinished(
                    type="sightings.finished",
                    ids=[str(row.pk) for row in self._recognitions],
                    camera_ids=[str(row.camera_id) for row in self._recognitions],
                    site_ids=self._sites,
                    actor_ids=[row.actor_id for row in self._recognitions],
                    faces=len(self._faces),
                ),
            )

    def put_best(self, visit: Visit) -> None:
        """Once the faces have their numbers."""
        if visit.pk in self._best:
            visit.best_face = self._best[visit.pk]

    def _weigh(self, visit: Visit, face: RecognisedFace) -> None:
        best = self._best.get(visit.pk) or visit.best_face
        if best is None or _is_better(face, best, visit):
            self._best[visit.pk] = face

    def _recognition(self, update: VisitUpdate, face: LedgerFace, verdict: Verdict) -> Recognition:
        return Recognition(
            source=Recognition.Source.CAMERA,
            camera_id=update.camera_id,
            actor_id=str(update.camera_id),
            actor_label=update.camera_name[:254],
            picture_key=face.picture_key,
            picture_sha256=face.picture_sha256,
            captured_at=face.captured_at,
            state=Recognition.State.DONE,
            finished_at=timezone.now(),
            width_px=face.width_px,
            height_px=face.height_px,
            threshold=verdict.decision.threshold,
            gallery_size=self._rule.gallery_size,
            space_id=self._rule.space_id,
            rule_id=self._rule.rule_id,
            timings_ms=dict(face.timings_ms),
            face_count=1,
        )


def _is_better(face: RecognisedFace, best: RecognisedFace, visit: Visit) -> bool:
    """A face that bears the visit's name goes before any that does not: whoever may see certain
    people only sees faces by their names."""
    if not face.portrait_key:
        return False
    if not best.portrait_key:
        return True
    fits = _id(face.person_id) == _id(visit.person_id)
    if fits != (_id(best.person_id) == _id(visit.person_id)):
        return fits
    return _quality(face) > _quality(best) + _CLEARLY_BETTER


def _quality(face: RecognisedFace) -> float:
    return float(face.quality.get("score", 0.0))


def _id(person_id: object) -> str:
    return str(person_id or "")
