"""An engine without networks, and results as a worker would hand them in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from portal.sightings.models import Recognition
from portal.sightings.services import FaceResult, PictureResult
from recognition.contracts import (
    Candidate,
    Decision,
    EmbeddingSpace,
    Face,
    ImageAnalysis,
    StageTimings,
    VectorIndex,
    Vectors,
)
from recognition.embedding_spec import CropSpec
from recognition.errors import ImageRejected, RecognitionError
from tests.factories.faces import SPACE, vector_of
from tests.factories.people import SpaceFactory

__all__ = ["FakeEngine", "face_result", "picture_result"]


class FakeEngine:
    """Finds in a picture what a test said that it shows; refuses every other picture."""

    def __init__(self) -> None:
        self._answers: dict[bytes, ImageAnalysis | RecognitionError] = {}
        self.batches: list[list[bytes]] = []
        self.warmed_up: list[tuple[int, int]] = []

    def shows(self, data: bytes, *faces: Face) -> bytes:
        self._answers[data] = ImageAnalysis(160, 120, tuple(faces), StageTimings(1.0, 2.0, 3.0))
        return data

    @property
    def space(self) -> EmbeddingSpace:
        return SPACE

    @property
    def info(self) -> Any:
        from recognition.pipeline import EngineInfo

        return EngineInfo("cpu", "none", "f32", "fake", "fake", SPACE.id, 1)

    def analyse(
        self, images: Sequence[bytes], *, flip_fusion: bool | None = None
    ) -> list[ImageAnalysis | RecognitionError]:
        self.batches.append(list(images))
        unknown = ImageRejected("This file is not a readable picture.", code="image.not_an_image")
        return [self._answers.get(data, unknown) for data in images]

    def warm_up(
        self, *, width_px: int, height_px: int, pictures: int, flip_fusion: bool | None = None
    ) -> None:
        self.warmed_up.append((width_px, height_px))

    @property
    def crop(self) -> CropSpec:
        return CropSpec()

    def embed(self, crops: NDArray[np.uint8], *, flip_fusion: bool | None = None) -> Vectors:
        """A crop of one grey level shows the identity of that number."""
        return np.stack([vector_of(round(float(crop.mean()))) for crop in crops])

    def site_mean(self, templates: Vectors | None = None) -> NDArray[np.float32]:
        """This space's thresholds are for plain cosines."""
        return np.zeros(SPACE.dimension, np.float32)

    def new_index(self) -> VectorIndex:
        from recognition.index import FlatIndex

        return FlatIndex(SPACE)


def face_result(
    person_id: object = None,
    *,
    kind: str = "unknown",
    reason: str = "below_grey_band",
    score: float | None = None,
    candidates: Sequence[tuple[object, float]] = (),
    portrait_key: str = "",
) -> FaceResult:
    """One decided face; with a ``person_id`` a match unless ``kind`` says otherwise."""
    if person_id is not None and kind == "unknown":
        kind, reason, score = "match", "above_threshold", 0.83
        candidates = candidates or [(person_id, 0.83)]
    return FaceResult(
        box=[10.0, 12.0, 60.0, 70.0],
        landmarks=[[30, 40], [60, 40], [45, 55], [32, 70], [58, 70]],
        detector_score=0.98,
        quality={"score": 0.9, "eye_distance_px": 60.0},
        decision=Decision(
            kind=kind,
            reason=reason,
            person_id=str(person_id) if person_id is not None else None,
            score=score,
            margin=None,
            threshold=0.5,
            candidates=tuple(Candidate(str(who), value) for who, value in candidates),
        ),
        portrait_key=portrait_key,
    )


def picture_result(row: Recognition, *faces: FaceResult) -> PictureResult:
    return PictureResult(
        recognition_id=row.pk,
        width_px=160,
        height_px=120,
        threshold=0.5,
        gallery_size=1,
        space_id=SpaceFactory().pk,
        timings_ms={"queue": 1.0, "decode": 2.0, "detect": 3.0, "embed": 4.0, "search": 5.0},
        faces=faces,
    )
