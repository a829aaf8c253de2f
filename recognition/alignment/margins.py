"""Crops by the detector's box and a margin, in both conventions of the FaceNet family.

Public surface: ``margin_box``, ``crop_resized``, ``centre_crop``.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from recognition.contracts import Box, Picture
from recognition.embedding_spec import MarginConvention

__all__ = ["centre_crop", "crop_resized", "margin_box"]


def margin_box(
    box: Box,
    *,
    width_px: int,
    height_px: int,
    margin: float,
    size: int,
    convention: MarginConvention = "facenet",
) -> tuple[int, int, int, int]:
    """The pixels to cut: left, top, right, bottom, the last two exclusive, inside the picture.

    ``facenet`` adds ``margin`` *source* pixels, half on each side, whatever the face's size
    (davidsandberg/facenet, align_dataset_mtcnn.py). ``facenet-pytorch`` means ``margin`` pixels of
    the *output* of ``size`` px: margin * side / (size - margin), each axis for itself (timesler's
    extract_face). The two are not interchangeable: for a face 90 px wide and 160 px of output a
    margin of 14 adds 14 source px here and 8.6 there. Neither makes the box square. Coordinates
    are cut down to whole pixels. Raises ``ValueError`` for a margin below 0, one that fills the
    output, or a box with no whole pixel inside the picture.
    """
    if margin < 0.0 or not np.isfinite(margin):
        raise ValueError(f"margin is {margin}; 0 or more pixels are needed")
    across, down = margin, margin
    if convention == "facenet-pytorch":
        if margin >= size:
            raise ValueError(f"a margin of {margin} px leaves no face in an output of {size} px")
        across, down = (margin * side / (size - margin) for side in (box.width, box.height))
    left, top = max(box.x - across / 2, 0.0), max(box.y - down / 2, 0.0)
    right = min(box.x + box.width + across / 2, float(width_px))
    bottom = min(box.y + box.height + down / 2, float(height_px))
    if int(right) <= int(left) or int(bottom) <= int(top):
        raise ValueError(f"{box} has no whole pixel in a picture of {width_px} x {height_px} px")
    return int(left), int(top), int(right), int(bottom)


def crop_resized(picture: Picture, area: tuple[int, int, int, int], *, size: int) -> Picture:
    """Cut ``area`` (left, top, right, bottom) and stretch it to ``(size, size, 3) uint8``.

    Pillow's bilinear filter, as both originals use: it averages where it shrinks, unlike OpenCV's.
    """
    left, top, right, bottom = area
    part = Image.fromarray(np.ascontiguousarray(picture[top:bottom, left:right]))
    return np.asarray(part.resize((size, size), Image.Resampling.BILINEAR), np.uint8)


def centre_crop(picture: Picture, *, size: int, scale: float = 1.0) -> Picture:
    """The middle of the picture, ``(size, size, 3) uint8``, after resizing it by ``scale``.

    For pictures that are aligned already: LFW funneled with ``scale=0.87`` and 110 px is FaceNet's
    fallback where its aligner found no face. Where the picture is smaller, black is added evenly
    (one pixel more below and on the right). ``scale=1`` changes no pixel. Raises ``ValueError``
    for a scale that leaves no pixel.
    """
    height, width = int(picture.shape[0] * scale), int(picture.shape[1] * scale)
    if width < 1 or height < 1:
        raise ValueError(f"scale {scale} leaves nothing of {picture.shape[1]} x {picture.shape[0]}")
    if scale != 1.0:
        resized = Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR)
        picture = np.asarray(resized, np.uint8)
    top, left = max(height - size, 0) // 2, max(width - size, 0) // 2
    part = picture[top : top + size, left : left + size]
    below, beside = size - part.shape[0], size - part.shape[1]
    if below or beside:
        room = (below // 2, below - below // 2), (beside // 2, beside - beside // 2), (0, 0)
        part = np.pad(part, room)
    return np.ascontiguousarray(part)
