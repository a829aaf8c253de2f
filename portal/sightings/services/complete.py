"""Writing down what a worker decided: one short transaction per batch, at most once a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal.core.events import RecognitionsFinished, publish_on_commit
from portal.jobs.services import advance_job
from portal.people.consents import recognisable_people
from portal.sightings.models import RecognisedFace, Recognition
from portal.sightings.services.visits import SnapshotFaces, attach_snapshots
from recognition.contracts import Decision

__all__ = ["FaceResult", "PictureFailure", "PictureResult", "complete_recognitions"]


@dataclass(frozen=True, slots=True)
class FaceResult:
    """One face as decided; ``box`` is [x, y, w, h] and ``landmarks`` five [x, y], in pixels."""

    box: list[float]
    landmarks: list[list[float]]
    detector_score: float
    quality: Mapping[str, float]
    decision: Decision
    portrait_key: str
    aligned_key: str = ""


@dataclass(frozen=True, slots=True)
class PictureResult:
    recognition_id: UUID
    width_px: int
    height_px: int
    threshold: float
    gallery_size: int
    space_id: str
    timings_ms: Mapping[str, float]
    faces: Sequence[FaceResult] = field(default=())
    # The saved rule that decided; None is the shipped one.
    rule_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PictureFailure:
    recognition_id: UUID
    code: str
    message: str


@transaction.atomic
def complete_recognitions(
    results: Sequence[PictureResult],
    *,
    failures: Sequence[PictureFailure] = (),
    owner: str,
    snapshots: SnapshotFaces | None = None,
) -> list[Recognition]:
    """Write results and failures; returns the rows that this call finished.

    Faces in ``snapshots`` are counted to visits in the same transaction, so that none is lost or
    counted twice.

    A row that is finished already, or whose lease went to another worker meanwhile, is left
    alone, so a task that is delivered twice leaves one result. ``owner=""`` skips the check of
    the lease.
    """
    by_id = {r.recognition_id: r for r in results}
    failed = {f.recognition_id: f for f in failures}
    rows = [
        row
        for row in Recognition.objects.select_for_update(of=("self",))
        .select_related("camera")
        .filter(pk__in=[*by_id, *failed])
        if not row.is_finished and owner in {"", row.lease_owner}
    ]
    # Asked for again here: whoever was erased or suspended, or withdrew the consent, while the
    # picture was in the worker's hands is not matched any more.
    matched = {
        person_id
        for result in by_id.values()
        for face in result.faces
        if (person_id := _named(face.decision)) is not None
    }
    living = recognisable_people(matched)
    now = timezone.now()
    faces: list[RecognisedFace] = []
    for row in rows:
        row.finished_at, row.lease_owner, row.lease_until = now, "", None
        if row.pk in failed:
            row.state = Recognition.State.FAILED
            row.error_code = failed[row.pk].code[:60]
            row.error_message = failed[row.pk].message[:500]
            continue
        result = by_id[row.pk]
        row.state = Recognition.State.DONE
        row.width_px, row.height_px = result.width_px, result.height_px
        row.threshold, row.gallery_size = result.threshold, result.gallery_size
        row.space_id, row.timings_ms = result.space_id, dict(result.timings_ms)
        row.rule_id = result.rule_id
        row.face_count = len(result.faces)
        faces += [_row_of(row, n, face, living) for n, face in enumerate(result.faces)]
    # The rows are there and locked, so every one of them "conflicts" and is updated. bulk_update
    # builds a CASE per column and row, which took 70 % of the time of this whole function.
    Recognition.objects.bulk_create(
        rows, update_conflicts=True, update_fields=_RESULT_FIELDS, unique_fields=["id"]
    )
    visits = attach_snapshots(snapshots, kept={row.pk for row in rows}) if snapshots else None
    if visits is not None:
        visits.adopt(faces)
    RecognisedFace.objects.bulk_create(faces)
    if visits is not None:
        visits.save()
    _advance_jobs(rows)
    if rows:
        publish_on_commit(
            "live",
            RecognitionsFinished(
                type="sightings.finished",
                ids=[str(row.pk) for row in rows],
                camera_ids=[str(row.camera_id or "") for row in rows],
                site_ids=[str(row.camera.site_id) if row.camera else "" for row in rows],
                actor_ids=[row.actor_id for row in rows],
                faces=len(faces),
            ),
        )
    return rows


def _row_of(row: Recognition, position: int, face: FaceResult, living: set[str]) -> RecognisedFace:
    decision = face.decision
    kind, reason, person_id = decision.kind, decision.reason, _named(decision)
    if person_id is not None and person_id not in living:
        kind, reason, person_id = "unknown", "person_gone", None
    values: dict[str, Any] = {
        "person_id": person_id,
        "decision": kind,
        "reason": reason,
        "score": decision.score,
        "margin": decision.margin,
        # Unrounded: a replay must decide as it was decided.
        "candidates": [[c.person_id, float(c.score)] for c in decision.candidates],
    }
    return RecognisedFace(
        recognition=row,
        position=position,
        box=face.box,
        landmarks=face.landmarks,
        detector_score=face.detector_score,
        quality=dict(face.quality),
        portrait_key=face.portrait_key,
        aligned_key=face.aligned_key,
        **values,
    )


def _named(decision: Decision) -> str | None:
    """Only a match gives anybody a name; an uncertain face keeps its candidates, no more."""
    return decision.person_id if decision.kind == "match" else None


def _advance_jobs(rows: Sequence[Recognition]) -> None:
    done = Counter(row.job_id for row in rows if row.state == Recognition.State.DONE)
    failed = Counter(row.job_id for row in rows if row.state == Recognition.State.FAILED)
    for job_id in {*done, *failed}:
        if job_id is not None:
            advance_job(job_id, done=done[job_id], failed=failed[job_id])


_RESULT_FIELDS = [
    "state",
    "finished_at",
    "lease_owner",
    "lease_until",
    "width_px",
    "height_px",
    "threshold",
    "gallery_size",
    "space",
    "rule",
    "timings_ms",
    "face_count",
    "error_code",
    "error_message",
]
