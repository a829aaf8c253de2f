"""The golden face, cut as a model wants it, and what a model answers for it.

A drawn face of nobody; ``assets/golden_face.json`` tells how it was made. Public surface:
``GoldenFace``, ``golden_face``, ``measure_golden``, ``shipped_golden``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Box, Detection, Embedder, Picture
from recognition.embedding.cutting import cut_face
from recognition.embedding_spec import CropSpec
from recognition.images import decode_image
from recognition.weights import Golden

__all__ = ["GoldenFace", "golden_face", "measure_golden", "shipped_golden"]

_ASSETS = Path(__file__).parent.parent / "assets"


@dataclass(frozen=True, slots=True, eq=False)
class GoldenFace:
    """The file, its picture ``(H, W, 3) uint8`` RGB, and where the face is in it.

    It is cut by ``detection``, which never changes: vectors were stored for these crops.
    ``detected`` is where the shipped detector of today finds the landmarks, ``(5, 2) float32``.
    """

    data: bytes
    picture: Picture
    detection: Detection
    detected: NDArray[np.float32]

    def crop(self, spec: CropSpec) -> NDArray[np.uint8]:
        """``(1, S, S, 3) uint8`` RGB."""
        return cut_face(self.picture, self.detection, spec=spec)[None]


def golden_face() -> GoldenFace:
    """The shipped one; the places are stored, no detector is asked."""
    data = (_ASSETS / "golden_face.png").read_bytes()
    stored = _stored()
    landmarks, detected = (
        np.array(stored[name], dtype=np.float32) for name in ("landmarks", "detected")
    )
    return GoldenFace(
        data, decode_image(data).picture, Detection(Box(*stored["box"]), landmarks, 1.0), detected
    )


def shipped_golden() -> Golden:
    """What the shipped model answered in f32 when the golden face was made."""
    stored = _stored()
    return Golden(
        plain=tuple(stored["vector_plain"]),
        flip=tuple(stored["vector_flip"]),
        swap_distance=stored["swap_distance"],
    )


def measure_golden(embedder: Embedder, *, crop: CropSpec) -> Golden:
    """What ``embedder`` answers now, rounded to seven digits."""
    face = golden_face().crop(crop)
    swapped = np.ascontiguousarray(face[..., ::-1])
    plain, flip, other = (
        embedder.embed(picture, flip_fusion=fused)[0].astype(np.float64).round(7)
        for picture, fused in ((face, False), (face, True), (swapped, False))
    )
    return Golden(
        plain=tuple(plain.tolist()),
        flip=tuple(flip.tolist()),
        swap_distance=round(1.0 - float(plain @ other), 4),
    )


def _stored() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads((_ASSETS / "golden_face.json").read_text("utf-8"))
    return stored
