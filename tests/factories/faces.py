"""Vectors and faces without a network: identity ``n`` is the ``n``-th unit vector."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from recognition.config import DEFAULT_MODEL
from recognition.contracts import Box, Detection, EmbeddingSpace, Face, FaceQuality

__all__ = ["GOOD_QUALITY", "SPACE", "face_of", "quality", "vector_of", "vector_towards"]

# In the place of the shipped model: rules go back to the shipped one, and follow the gallery.
SPACE = EmbeddingSpace(
    model_id=DEFAULT_MODEL, weights_sha256="ab" * 32, dimension=64, preprocessing="none-1"
)

_LANDMARKS = np.array([[30, 40], [60, 40], [45, 55], [32, 70], [58, 70]], dtype=np.float32)


def quality(**changes: float) -> FaceQuality:
    """Good enough for every purpose, but for the ``changes``."""
    values = {
        "eye_distance_px": 60.0,
        "sharpness": 100.0,
        "brightness": 0.5,
        "contrast": 0.2,
        "yaw": 0.0,
        "visible_fraction": 1.0,
        "score": 0.9,
    }
    return FaceQuality(**{**values, **changes})


GOOD_QUALITY = quality()


def vector_of(identity: int) -> NDArray[np.float32]:
    """``(64,) float32``; two identities have the similarity 0."""
    vector = np.zeros(SPACE.dimension, dtype=np.float32)
    vector[identity % SPACE.dimension] = 1.0
    return vector


def vector_towards(identity: int, *, similarity: float, other: int = 63) -> NDArray[np.float32]:
    """A unit vector of exactly this similarity to ``identity``, the rest points to ``other``."""
    rest = math.sqrt(1.0 - similarity**2)
    return (similarity * vector_of(identity) + rest * vector_of(other)).astype(np.float32)


def face_of(vector: int | NDArray[np.float32], *, measured: FaceQuality = GOOD_QUALITY) -> Face:
    """A face as the engine hands it out, of an identity or with a vector of its own."""
    embedding = vector_of(vector) if isinstance(vector, int) else vector
    return Face(
        detection=Detection(Box(10.0, 12.0, 60.0, 70.0), _LANDMARKS.copy(), 0.98),
        quality=measured,
        embedding=embedding,
        aligned=np.full((112, 112, 3), 120, dtype=np.uint8),
        portrait=np.full((160, 160, 3), 130, dtype=np.uint8),
    )
