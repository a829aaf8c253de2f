"""Recognising waiting pictures: many in one pass through the networks, each written down once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from uuid import UUID

import structlog

from portal.cameras.selectors import settings_of
from portal.core.vault import VaultError, vault
from portal.sightings.services import (
    Claimed,
    FaceResult,
    PictureFailure,
    PictureResult,
    claim_waiting,
    complete_recognitions,
)
from recognition.contracts import Face, ImageAnalysis, StageTimings
from recognition.errors import RecognitionError
from recognition.images import encode_jpeg
from workers.engine_host import EngineHost
from workers.visits.rules import rules_of
from workers.visits.snapshots import SnapshotBook

__all__ = ["BATCH", "recognise_waiting"]

logger = structlog.get_logger(__name__)

# Large enough to fill a pass through the embedder, small enough that the first of a burst does
# not wait for the last.
BATCH = 16


def recognise_waiting(
    host: EngineHost, *, budget_s: float, follow: Callable[[], EngineHost] | None = None
) -> bool:
    """Work until nothing waits or the time is up; True where pictures may be waiting still.

    ``follow`` gives the engine that decides by now. All of a batch is decided by one: the one
    that was adopted when the pictures were claimed.
    """
    deadline = time.monotonic() + budget_s
    while time.monotonic() < deadline:
        if follow is not None:
            # What takes time to load is loaded before anything is leased.
            host = follow()
        claimed = claim_waiting(host.owner, limit=BATCH)
        if not claimed:
            return False
        if follow is not None:
            host = follow()
        _recognise_batch(host, claimed)
    return True


def _recognise_batch(host: EngineHost, claimed: Sequence[Claimed]) -> None:
    failures: list[PictureFailure] = []
    readable: list[Claimed] = []
    pictures: list[bytes] = []
    for item in claimed:
        try:
            pictures.append(vault().get(item.picture_key))
        except VaultError as error:
            failures.append(PictureFailure(item.id, error.code, error.message))
        else:
            readable.append(item)
    analysed: list[tuple[Claimed, ImageAnalysis]] = []
    for item, outcome in zip(readable, _analyse(host, pictures), strict=True):
        if isinstance(outcome, RecognitionError):
            failures.append(PictureFailure(item.id, outcome.code, outcome.message))
        else:
            analysed.append((item, outcome))
    book = SnapshotBook.of(host)
    results = _decide(host, analysed, book)
    kept = complete_recognitions(
        results, failures=failures, owner=host.owner, snapshots=book.take()
    )
    _forget_crops(results, {row.pk for row in kept})
    book.count()


def _analyse(host: EngineHost, pictures: Sequence[bytes]) -> list[ImageAnalysis | RecognitionError]:
    """Probes are seen without their mirror images: little more than half the work. Of 1,482 people
    with one photo each, enrolled with them, 5.3 instead of 4.9 % are missed at 0.3 % of strangers
    named, of 374 with three 0.6 instead of 0.4 % (bench/ACCURACY.md)."""
    return host.engine.analyse(pictures, flip_fusion=False)


def _decide(
    host: EngineHost, analysed: Sequence[tuple[Claimed, ImageAnalysis]], book: SnapshotBook
) -> list[PictureResult]:
    started = time.perf_counter()
    rules = rules_of(host)
    rules.refresh()
    probes = [face.embedding for _, analysis in analysed for face in analysis.faces]
    found = iter(rules.nearest(probes))
    cameras = settings_of({item.camera_id for item, _ in analysed if item.camera_id})
    search_ms = (time.perf_counter() - started) * 1000 / max(len(analysed), 1)
    results = []
    for item, analysis in analysed:
        camera = cameras.get(item.camera_id) if item.camera_id else None
        offset = camera.threshold_offset if camera is not None else 0.0
        near = [next(found) for _ in analysis.faces]
        decided = [
            (rules.decide(people, quality=face.quality, offset=offset), people)
            for face, people in zip(analysis.faces, near, strict=True)
        ]
        if camera is not None:
            book.add(item.id, camera, item.captured_at, analysis, decided)
        faces = [
            FaceResult(
                box=[round(v, 1) for v in _box_of(face)],
                landmarks=[[round(float(x), 1), round(float(y), 1)] for x, y in _points_of(face)],
                detector_score=round(float(face.detection.score), 4),
                quality=asdict(face.quality),
                decision=decision,
                portrait_key=vault().put("crops", encode_jpeg(face.portrait)),
                aligned_key=_aligned(face) if camera is not None else "",
            )
            for face, (decision, _) in zip(analysis.faces, decided, strict=True)
        ]
        results.append(
            PictureResult(
                recognition_id=item.id,
                width_px=analysis.width_px,
                height_px=analysis.height_px,
                threshold=rules.policy(offset).threshold,
                gallery_size=len(host.gallery),
                space_id=host.space.id,
                rule_id=rules.deciding().rule_id,
                timings_ms=_timings(
                    replace(analysis.timings, search_ms=search_ms), waited_ms=item.waited_ms
                ),
                faces=faces,
            )
        )
    return results


def _forget_crops(results: Sequence[PictureResult], kept: set[UUID]) -> None:
    """Crops of pictures that somebody else finished meanwhile are not referred to by any row."""
    for result in results:
        if result.recognition_id not in kept:
            for face in result.faces:
                vault().delete_all(filter(None, (face.portrait_key, face.aligned_key)))


def _aligned(face: Face) -> str:
    """Kept with a camera's faces: whoever is given a name later is enrolled with it."""
    return vault().put("aligned", encode_jpeg(face.aligned, quality=95))


def _box_of(face: Face) -> tuple[float, float, float, float]:
    box = face.detection.box
    return box.x, box.y, box.width, box.height


def _points_of(face: Face) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in face.detection.landmarks]


def _timings(timings: StageTimings, *, waited_ms: float) -> dict[str, float]:
    return {
        "queue": round(waited_ms, 2),
        "decode": round(timings.decode_ms, 2),
        "detect": round(timings.detect_ms, 2),
        "embed": round(timings.embed_ms, 2),
        "search": round(timings.search_ms, 2),
    }
