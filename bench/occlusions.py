"""Draws what hides parts of a face over photos: dark glasses, bars, masks, scarves, hands.

Public surface: ``cover``, ``EYE_COVERS``, ``MOUTH_COVERS``.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.alignment import ARCFACE_TEMPLATE_112
from recognition.contracts import Picture
from recognition.geometry import fit_similarity

__all__ = ["EYE_COVERS", "MOUTH_COVERS", "cover"]

Mask = NDArray[np.uint8]
Paint = tuple[Mask, NDArray[np.float64], float, float]
"""Where, in an aligned 112 x 112 crop; colour; spread of its texture; opacity."""

_MASK_COLOURS = (
    (200, 215, 225),
    (240, 240, 240),
    (25, 25, 30),
    (120, 170, 200),
    (60, 80, 140),
)


def cover(
    picture: Picture, landmarks: NDArray[np.float32], kind: str, rng: np.random.Generator
) -> Picture:
    """A copy of ``picture`` with the ``kind`` of cover drawn over the face with these landmarks."""
    where, colour, spread, opacity = _PAINTERS[kind](picture, landmarks, rng)
    texture = cv2.GaussianBlur(
        rng.normal(0, 1, (112, 112)).astype(np.float32), (0, 0), rng.uniform(1, 6)
    )
    paint = colour + (texture * (spread / texture.std()))[..., None]
    back = cv2.invertAffineTransform(fit_similarity(landmarks, ARCFACE_TEMPLATE_112))
    size = (picture.shape[1], picture.shape[0])
    weight = cv2.warpAffine(where.astype(np.float32) * opacity, back, size)[..., None]
    placed = cv2.warpAffine(paint.astype(np.float32), back, size)
    return (picture * (1 - weight) + placed * weight).clip(0, 255).astype(np.uint8)


def _sunglasses(
    picture: Picture, landmarks: NDArray[np.float32], rng: np.random.Generator
) -> Paint:
    where = np.zeros((112, 112), np.uint8)
    half = (int(rng.uniform(13, 17)), int(rng.uniform(9, 13)))
    for x in (38, 73):
        cv2.ellipse(where, (x, 53), half, 0, 0, 360, 1, -1)
    cv2.line(where, (38, 49), (73, 49), 1, 3)
    return where, np.full(3, rng.uniform(5, 45)), rng.uniform(1, 8), rng.uniform(0.85, 1.0)


def _bar(picture: Picture, landmarks: NDArray[np.float32], rng: np.random.Generator) -> Paint:
    where = np.zeros((112, 112), np.uint8)
    half = rng.uniform(8, 13)
    where[int(52 - half) : int(52 + half), 10:102] = 1
    return where, np.full(3, rng.uniform(0, 255)), rng.uniform(0.1, 15), 1.0


def _mask(picture: Picture, landmarks: NDArray[np.float32], rng: np.random.Generator) -> Paint:
    where = np.zeros((112, 112), np.uint8)
    top = rng.uniform(62, 74)
    outline = np.array([[20, top + 8], [56, top - 4], [92, top + 8], [88, 112], [24, 112]])
    cv2.fillPoly(where, [outline.astype(np.int32)], 1)
    colour = np.array(_MASK_COLOURS[rng.integers(len(_MASK_COLOURS))], np.float64)
    return where, colour, rng.uniform(2, 14), 1.0


def _scarf(picture: Picture, landmarks: NDArray[np.float32], rng: np.random.Generator) -> Paint:
    where = np.zeros((112, 112), np.uint8)
    where[int(rng.uniform(74, 84)) :] = 1
    return where, rng.uniform(20, 220, 3), rng.uniform(10, 40), 1.0


def _hand(picture: Picture, landmarks: NDArray[np.float32], rng: np.random.Generator) -> Paint:
    where = np.zeros((112, 112), np.uint8)
    middle = (int(rng.uniform(46, 66)), 96)
    cv2.ellipse(where, middle, (30, 18), rng.uniform(-20, 20), 0, 360, 1, -1)
    x, y = landmarks[2].astype(int)
    skin = np.median(picture[max(y - 8, 0) : y + 4, max(x - 12, 0) : x + 12], axis=(0, 1))
    return where, np.nan_to_num(skin) * rng.uniform(0.8, 1.1), rng.uniform(4, 12), 1.0


_PAINTERS: dict[str, Callable[[Picture, NDArray[np.float32], np.random.Generator], Paint]] = {
    "sunglasses": _sunglasses,
    "bar": _bar,
    "mask": _mask,
    "scarf": _scarf,
    "hand": _hand,
}
EYE_COVERS = ("sunglasses", "bar")
MOUTH_COVERS = ("mask", "scarf", "hand")
