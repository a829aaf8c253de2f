"""Cutting a detected face out of its picture the way an embedding model wants it.

Public surface: ``cut_face``.
"""

from __future__ import annotations

from recognition.alignment import align_faces
from recognition.alignment.margins import crop_resized, margin_box
from recognition.contracts import Detection, Picture
from recognition.embedding_spec import CropSpec

__all__ = ["cut_face"]


def cut_face(
    picture: Picture, detection: Detection, *, spec: CropSpec, scale: float = 1.0
) -> Picture:
    """``(size, size, 3) uint8`` RGB of one face of ``picture``, ``(H, W, 3) uint8`` RGB.

    ``scale`` is the decoded picture's size over the original's: a margin in source pixels shrinks
    with it. Raises ``ValueError`` for landmarks or a box from which nothing can be cut.
    """
    if spec.alignment == "arcface112-similarity":
        aligned: Picture = align_faces(picture, [detection.landmarks], size=spec.size_px)[0]
        return aligned
    height, width = picture.shape[:2]
    is_source_px = spec.margin_convention == "facenet"
    area = margin_box(
        detection.box,
        width_px=width,
        height_px=height,
        margin=spec.margin_px * (scale if is_source_px else 1.0),
        size=spec.size_px,
        convention=spec.margin_convention,
    )
    return crop_resized(picture, area, size=spec.size_px)
