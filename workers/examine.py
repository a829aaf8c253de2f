"""Examining one enrolment photo: every face in it, its fitness, and whom it resembles."""

from __future__ import annotations

from dataclasses import asdict, replace
from uuid import UUID

from portal.core.vault import VaultError, vault
from portal.enrolment.likeness import angle_of
from portal.enrolment.models import EnrolmentPhoto
from portal.enrolment.services import (
    ExaminedFace,
    Resembled,
    data_key_of,
    examination_failed,
    record_examination,
)
from recognition.contracts import Candidate, Face
from recognition.decision import ENROLMENT_FLOORS, decide, describe_issue, quality_issues
from recognition.errors import RecognitionError
from recognition.images import encode_jpeg
from workers.engine_host import EngineHost

__all__ = ["examine_photo", "examined"]


def examine_photo(host: EngineHost, photo_id: UUID) -> None:
    """Does nothing for a photo that was dropped or examined meanwhile."""
    photo = (
        EnrolmentPhoto.objects.select_related("enrolment")
        .filter(pk=photo_id, state=EnrolmentPhoto.State.QUEUED)
        .first()
    )
    if photo is None:
        return
    try:
        outcome = host.engine.analyse([vault().get(photo.photo_key)])[0]
    except VaultError as error:
        examination_failed(photo_id, error.message)
        return
    if isinstance(outcome, RecognitionError):
        examination_failed(photo_id, outcome.message)
        return
    host.gallery.refresh()
    found = host.gallery.nearest([face.embedding for face in outcome.faces])
    faces = [
        examined(host, face, candidates, data_key=data_key_of(photo.enrolment))
        for face, candidates in zip(outcome.faces, found, strict=True)
    ]
    recorded = record_examination(
        photo_id, space_id=host.space.id, dimension=host.space.dimension, faces=faces
    )
    if recorded is None:
        # Dropped or examined by another meanwhile: no row refers to these pictures.
        vault().delete_all(key for face in faces for key in (face.portrait_key, face.aligned_key))


def examined(
    host: EngineHost, face: Face, candidates: tuple[Candidate, ...], *, data_key: UUID
) -> ExaminedFace:
    """A face as the enrolment service wants it, its pictures sealed with ``data_key`` already."""
    box = face.detection.box
    policy = host.duplicate_policy()
    decision = decide(candidates, quality=face.quality, policy=policy)
    # A face like those of two enrolled twins is nobody's by the rule, and still not a new one.
    alone = replace(policy, min_margin=0.0)
    is_somebody = decide(candidates, quality=face.quality, policy=alone).kind == "match"
    return ExaminedFace(
        box=[round(v, 1) for v in (box.x, box.y, box.width, box.height)],
        quality=asdict(face.quality),
        issues=[
            {"code": issue, "text": describe_issue(issue, face.quality, ENROLMENT_FLOORS)}
            for issue in quality_issues(face.quality, ENROLMENT_FLOORS)
        ],
        portrait_key=vault().put("portraits", encode_jpeg(face.portrait), data_key=data_key),
        aligned_key=vault().put(
            "aligned", encode_jpeg(face.aligned, quality=95), data_key=data_key
        ),
        vector=face.embedding,
        nearest_id=candidates[0].person_id if candidates else None,
        nearest_score=candidates[0].score if candidates else None,
        is_match=decision.kind == "match",
        pose=angle_of(
            yaw_degrees=face.quality.yaw_degrees, pitch_degrees=face.quality.pitch_degrees
        ),
        resembles=[
            Resembled(one.person_id, one.score, policy.threshold)
            for one in candidates
            if is_somebody and one.score >= policy.threshold
        ],
    )
