"""Another model beside the fake engine's: its own space, its own dimension, the same people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import EmbeddingSpace, ImageAnalysis, VectorIndex, Vectors
from recognition.embedding_spec import CropSpec
from recognition.errors import ImageRejected, RecognitionError

__all__ = ["OTHER_SPACE", "OtherEngine"]

OTHER_SPACE = EmbeddingSpace(
    model_id="other-model", weights_sha256="cd" * 32, dimension=32, preprocessing="none-1"
)


class OtherEngine:
    """Embeds an aligned crop of one grey level as the identity of that number, as the fake engine
    does, in a space of half as many dimensions and the other way round."""

    def __init__(self) -> None:
        self.embedded = 0
        self.is_closed = False

    @property
    def space(self) -> EmbeddingSpace:
        return OTHER_SPACE

    @property
    def info(self) -> Any:
        from recognition.pipeline import EngineInfo

        return EngineInfo("cpu", "none", "f32", "fake", "fake", OTHER_SPACE.id, 1)

    @property
    def crop(self) -> CropSpec:
        return CropSpec()

    def embed(self, crops: NDArray[np.uint8], *, flip_fusion: bool | None = None) -> Vectors:
        self.embedded += len(crops)
        vectors = np.zeros((len(crops), OTHER_SPACE.dimension), np.float32)
        for row, crop in zip(vectors, crops, strict=True):
            row[-1 - round(float(crop.mean())) % OTHER_SPACE.dimension] = 1.0
        return vectors

    def analyse(
        self, images: Sequence[bytes], *, flip_fusion: bool | None = None
    ) -> list[ImageAnalysis | RecognitionError]:
        refused = ImageRejected("This file is not a readable picture.", code="image.not_an_image")
        return [refused for _ in images]

    def site_mean(self, templates: Vectors | None = None) -> NDArray[np.float32]:
        return np.zeros(OTHER_SPACE.dimension, np.float32)

    def new_index(self) -> VectorIndex:
        from recognition.index import FlatIndex

        return FlatIndex(OTHER_SPACE)

    def close(self) -> None:
        self.is_closed = True
