"""One made face: an ellipse with hair, eyes, nose and mouth, drawn upright on a small canvas.

Nobody's likeness, and no real face's statistics: it stands in where no labelled photos are.
Public surface: ``MadeFace``, ``draw_face``, ``draw_scrambled_head``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Picture

__all__ = ["CANVAS_PX", "MadeFace", "draw_face", "draw_scrambled_head"]

CANVAS_PX = 160
_MIDDLE = CANVAS_PX / 2
_SKINS = ((240, 208, 184), (226, 178, 146), (198, 140, 104), (150, 100, 70), (98, 64, 46))
_HAIRS = ((24, 20, 18), (62, 40, 26), (120, 84, 48), (190, 160, 110), (150, 150, 152))
_IRISES = ((52, 34, 22), (70, 92, 60), (70, 100, 140), (90, 90, 96))


@dataclass(frozen=True, slots=True, eq=False)
class MadeFace:
    """``alpha`` ``(H, W) float32`` is 1 on the head; ``corners`` ``(4, 2)`` are those of the box."""

    picture: Picture
    alpha: NDArray[np.float32]
    corners: NDArray[np.float64]
    landmarks: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Build:
    """Where the parts of a head lie, in pixels of the canvas."""

    half_width: float
    half_height: float
    turn: float  # how far the features lie beside the head's middle
    eye_y: float
    eye_gap: float
    nose_y: float
    mouth_y: float
    mouth_half: float

    @property
    def landmarks(self) -> NDArray[np.float64]:
        x = _MIDDLE + self.turn
        near, far = (
            1 + 0.006 * self.turn,
            1 - 0.006 * self.turn,
        )  # the farther half is foreshortened
        return np.array(
            [
                [x - self.eye_gap * near, self.eye_y],
                [x + self.eye_gap * far, self.eye_y],
                [x + 0.45 * self.turn, self.nose_y],
                [x - self.mouth_half * near, self.mouth_y],
                [x + self.mouth_half * far, self.mouth_y],
            ]
        )


def draw_face(random: np.random.Generator) -> MadeFace:
    """A face in the middle of a canvas of ``CANVAS_PX``, turned a little to one side."""
    build = _build(random)
    canvas, alpha, skin = _head(random, build)
    points = build.landmarks
    _features(canvas, random, points, build, skin)
    picture = _lit(canvas, random)
    left, right = _MIDDLE - build.half_width, _MIDDLE + build.half_width
    top, bottom = _MIDDLE - 0.86 * build.half_height, _MIDDLE + build.half_height
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    return MadeFace(picture, alpha, corners, points)


def draw_scrambled_head(random: np.random.Generator) -> tuple[Picture, NDArray[np.float32]]:
    """The same parts in the wrong places or missing: what a detector must learn to refuse."""
    build = _build(random)
    canvas, alpha, skin = _head(random, build)
    if random.random() < 0.7:
        half = 0.6 * np.array([build.half_width, build.half_height])
        points = _MIDDLE + random.uniform(-half, half, (5, 2))
        points[:2, 1] += 0.35 * build.half_height  # eyes where a mouth belongs
        points[3:, 1] -= 0.35 * build.half_height
        _features(canvas, random, points, build, skin)
    return _lit(canvas, random), alpha


def _build(random: np.random.Generator) -> _Build:
    half_height = random.uniform(54, 62)
    half_width = half_height * random.uniform(0.70, 0.82)
    return _Build(
        half_width,
        half_height,
        turn=random.uniform(-9, 9),
        eye_y=_MIDDLE - half_height * random.uniform(0.10, 0.18),
        eye_gap=half_width * random.uniform(0.38, 0.46),
        nose_y=_MIDDLE + half_height * random.uniform(0.16, 0.26),
        mouth_y=_MIDDLE + half_height * random.uniform(0.48, 0.58),
        mouth_half=half_width * random.uniform(0.30, 0.42),
    )


def _head(
    random: np.random.Generator, build: _Build
) -> tuple[Picture, NDArray[np.float32], NDArray[np.float64]]:
    """Hair, ears, neck and the face's ellipse."""
    canvas = np.zeros((CANVAS_PX, CANVAS_PX, 3), np.uint8)
    mask = np.zeros((CANVAS_PX, CANVAS_PX), np.uint8)
    skin = np.array(_SKINS[random.integers(len(_SKINS))]) + random.uniform(-14, 14, 3)
    skin = np.clip(skin, 20, 250)
    hair = np.array(_HAIRS[random.integers(len(_HAIRS))], np.float64) + random.uniform(-8, 8)
    w, h = build.half_width, build.half_height
    longer = random.uniform(1.0, 1.35)
    for image, colours in ((canvas, (hair, 0.82 * skin, skin)), (mask, (255, 255, 255))):
        of_hair, of_neck, of_face = (_colour(colour) for colour in colours)
        _ellipse(image, (_MIDDLE, _MIDDLE - 0.10 * h), (1.14 * w, 1.08 * h), of_hair)
        if longer > 1.12:
            _ellipse(image, (_MIDDLE, _MIDDLE + 0.2 * h), (1.18 * w, longer * h), of_hair)
        corners = np.array(
            [[_MIDDLE - 0.5 * w, _MIDDLE + 0.5 * h], [_MIDDLE + 0.5 * w, CANVAS_PX]]
        ).round()
        cv2.rectangle(image, corners[0].astype(int), corners[1].astype(int), of_neck, -1)
        _ellipse(image, (_MIDDLE, _MIDDLE), (w, h), of_face)
    fringe = random.uniform(0.55, 0.8)
    half = (1.02 * w, 0.5 * h)
    _ellipse(canvas, (_MIDDLE, _MIDDLE - fringe * h), half, _colour(hair), angles=(180, 360))
    return canvas, (mask / 255.0).astype(np.float32), skin


def _features(
    canvas: Picture,
    random: np.random.Generator,
    points: NDArray[np.float64],
    build: _Build,
    skin: NDArray[np.float64],
) -> None:
    """Eyes with brows, a nose and a mouth at their points; sometimes glasses or a beard."""
    w = build.half_width
    dark = _colour(skin * 0.45)
    if random.random() < 0.2:
        half = (0.62 * w, 0.34 * build.half_height)
        _ellipse(canvas, (points[3:].mean(axis=0)), half, dark, angles=(0, 180))
    eye = (0.19 * w, random.uniform(0.07, 0.12) * w)
    iris = _colour(np.array(_IRISES[random.integers(len(_IRISES))]))
    look = random.uniform(-0.05, 0.05) * w
    lifted = random.uniform(0.20, 0.28) * w
    for centre in points[:2]:
        _ellipse(canvas, centre, eye, (236, 236, 232))
        _ellipse(canvas, centre + np.array([look, 0]), (eye[1] * 0.95, eye[1] * 0.95), iris)
        _ellipse(canvas, centre + np.array([look, 0]), (eye[1] * 0.4, eye[1] * 0.4), (12, 12, 12))
        brow = (0.24 * w, 0.08 * w)
        _ellipse(canvas, centre - np.array([0, lifted]), brow, dark, angles=(180, 360), width_px=3)
    nose = points[2]
    _ellipse(
        canvas, nose + np.array([0, 1]), (0.16 * w, 0.09 * w), _colour(skin * 0.72), angles=(0, 180)
    )
    for side in (-1, 1):
        _ellipse(canvas, nose + np.array([side * 0.09 * w, 2]), (2.4, 1.7), dark)
    mouth = points[3:].mean(axis=0)
    lip = max(float(np.abs(points[4, 0] - points[3, 0])) / 2, 4.0)
    lips = _colour(np.clip(skin * [0.80, 0.50, 0.50], 0, 255))
    _ellipse(canvas, mouth, (lip, random.uniform(0.08, 0.2) * w), lips)
    if random.random() < 0.35:
        _ellipse(canvas, mouth, (0.8 * lip, 0.06 * w), (228, 224, 220))
    if random.random() < 0.2:
        for centre in points[:2]:
            _ellipse(canvas, centre, (0.3 * w, 0.24 * w), (30, 30, 34), width_px=2)


def _lit(canvas: Picture, random: np.random.Generator) -> Picture:
    """Light from one side, and the lens's softness."""
    grid = np.linspace(-1, 1, CANVAS_PX, dtype=np.float32)
    slope = random.uniform(-0.28, 0.28, 2)
    shade = 1.0 + slope[0] * grid[None, :] + slope[1] * grid[:, None]
    lit = np.clip(canvas * shade[..., None].astype(np.float32), 0, 255).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(lit, (0, 0), random.uniform(0.6, 1.6)), dtype=np.uint8)


def _colour(value: Any) -> tuple[float, ...]:
    return tuple(float(channel) for channel in np.atleast_1d(value))


def _ellipse(
    image: NDArray[np.uint8],
    centre: Any,
    half: tuple[float, float],
    colour: tuple[float, ...],
    *,
    angles: tuple[int, int] = (0, 360),
    width_px: int = -1,
) -> None:
    """An ellipse drawn to a sixteenth of a pixel; ``width_px`` -1 fills it."""
    at = (round(centre[0] * 16), round(centre[1] * 16))
    axes = (max(round(half[0] * 16), 8), max(round(half[1] * 16), 8))
    cv2.ellipse(image, at, axes, 0, *angles, colour, width_px, cv2.LINE_AA, 4)
