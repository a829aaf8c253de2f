"""Crops of scenes for the three networks: drawn at random, around faces, and where a stage errs.

Figures are the published ones. Every crop is a square in whole pixels, cut exactly as the detector
cuts. Public surface: ``SamplingOptions``, ``random_samples``, ``hard_samples``, ``landmark_samples``.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Picture
from recognition.detection.mtcnn_boxes import cut_squares
from recognition.detection.training.samples import (
    INPUT_PX,
    LANDMARK,
    NEGATIVE,
    PART,
    POSITIVE,
    POSITIVE_FROM,
    Samples,
    Stage,
    best_overlaps,
    kinds_of,
    offsets_to,
    points_in,
)
from recognition.detection.training.scenes import Scene

__all__ = ["SamplingOptions", "hard_samples", "landmark_samples", "random_samples"]

_MIRRORED = [1, 0, 2, 4, 3]  # left and right eyes and mouth corners change places


@dataclass(frozen=True, slots=True)
class SamplingOptions:
    """How many crops a picture and a face give, and of which faces."""

    negatives: int = 50
    negatives_near_face: int = 5
    jittered: int = 20
    hard_negatives: int = 60
    least_face_px: float = 20.0
    landmark_shifts: int = 10
    landmark_face_px: float = 40.0
    landmark_turn_degrees: float = 5.0


def random_samples(
    scene: Scene, *, stage: Stage, options: SamplingOptions, random: np.random.Generator
) -> Samples:
    """Negatives from anywhere and from beside faces, positives and parts by shaking each face."""
    height, width = scene.picture.shape[:2]
    most = min(height, width) // 2
    crops: list[tuple[float, float, float]] = []
    if most > INPUT_PX["pnet"]:
        sides = random.integers(INPUT_PX["pnet"], most, options.negatives).tolist()
        crops += [(random.integers(width - s), random.integers(height - s), s) for s in sides]
    for x, y, w, h in _asked_faces(scene, options).tolist():
        if most > INPUT_PX["pnet"]:
            for side in random.integers(INPUT_PX["pnet"], most, options.negatives_near_face):
                left = max(int(x + random.integers(-side, max(int(w), 1))), 0)
                top = max(int(y + random.integers(-side, max(int(h), 1))), 0)
                if left + side < width and top + side < height:
                    crops.append((left, top, side))
        for _ in range(options.jittered):
            side = random.integers(int(min(w, h) * 0.8), int(np.ceil(1.25 * max(w, h))) + 1)
            shift = random.uniform(-0.2, 0.2, 2) * (w, h)
            left, top = np.trunc([x + w / 2 + shift[0] - side / 2, y + h / 2 + shift[1] - side / 2])
            crops.append((float(left), float(top), float(side)))
    return _labelled(scene, _squares(crops), stage=stage, options=options)


def hard_samples(
    scene: Scene,
    candidates: NDArray[np.float64],
    *,
    stage: Stage,
    options: SamplingOptions,
    random: np.random.Generator,
) -> Samples:
    """What the stages before let through: their errors are this stage's negatives.

    ``candidates`` are ``(N, 4)`` squares as ``MtcnnDetector.candidates`` gives them; too small ones
    are left out, and of the negatives at most ``hard_negatives`` are kept.
    """
    sides = candidates[:, 2] - candidates[:, 0] + 1
    rows = candidates[sides >= options.least_face_px]
    crops = np.concatenate([rows[:, :2] - 1, rows[:, 2:] - rows[:, :2] + 1], axis=1)
    crops = crops[random.permutation(len(crops))]
    return _labelled(
        scene, crops, stage=stage, options=options, most_negatives=options.hard_negatives
    )


def landmark_samples(
    scene: Scene, *, stage: Stage, options: SamplingOptions, random: np.random.Generator
) -> Samples:
    """Shaken crops of faces whose points are known, each also mirrored and turned either way."""
    known = scene.has_landmarks & (
        scene.boxes[:, 2:].max(axis=1, initial=0) >= options.landmark_face_px
    )
    cuts: list[NDArray[np.uint8]] = []
    points: list[NDArray[np.float32]] = []
    overlaps: list[NDArray[np.float32]] = []
    for box, landmarks in zip(scene.boxes[known], scene.landmarks[known], strict=True):
        crops = _shaken(box, options.landmark_shifts, random)
        overlap = best_overlaps(crops, box[None])[0]
        inside = points_in(crops, np.repeat(landmarks[None], len(crops), axis=0))
        good = (overlap > POSITIVE_FROM) & ((inside > 0) & (inside < 1)).all(axis=1)
        turned = random.choice([-1.0, 1.0], len(crops)) * options.landmark_turn_degrees
        for crop, fractions, own, degrees in zip(
            crops[good], inside[good], overlap[good], turned[good], strict=True
        ):
            cut = _cut(scene.picture, crop[None], stage)[0]
            versions = [(cut, fractions), _turned(scene.picture, crop, fractions, degrees, stage)]
            for version, own_points in versions:
                if not ((own_points > 0) & (own_points < 1)).all():
                    continue
                cuts += [version, version[:, ::-1]]
                points += [own_points, _mirrored(own_points)]
                overlaps += [own, own]
    side = INPUT_PX[stage]
    return Samples(
        np.array(cuts, np.uint8).reshape(-1, side, side, 3),
        np.full(len(cuts), LANDMARK, np.int8),
        np.array(overlaps, np.float32),
        np.zeros((len(cuts), 4), np.float32),
        np.array(points, np.float32).reshape(-1, 10),
    )


def _asked_faces(scene: Scene, options: SamplingOptions) -> NDArray[np.float64]:
    is_asked = scene.boxes[:, 2:].max(axis=1, initial=0) >= options.least_face_px
    return np.asarray(scene.boxes[is_asked])


def _labelled(
    scene: Scene,
    crops: NDArray[np.float64],
    *,
    stage: Stage,
    options: SamplingOptions,
    most_negatives: int | None = None,
) -> Samples:
    """The crops that lie in a band, with their targets."""
    overlaps, which = best_overlaps(crops, scene.boxes)
    kinds = kinds_of(overlaps)
    if len(scene.boxes):
        # A face that is too small to be asked for is no face's example and no negative either.
        is_small = scene.boxes[:, 2:].max(axis=1) < options.least_face_px
        keep = ~(is_small[which] & (overlaps > 0))
    else:
        keep = np.ones(len(crops), np.bool_)
    keep &= ~((best_overlaps(crops, scene.ignored)[0] > 0) & (kinds == NEGATIVE))
    keep &= np.isin(kinds, (NEGATIVE, PART, POSITIVE))
    if most_negatives is not None:
        keep &= (kinds != NEGATIVE) | (np.cumsum(keep & (kinds == NEGATIVE)) <= most_negatives)
    crops, kinds, overlaps, which = crops[keep], kinds[keep], overlaps[keep], which[keep]
    offsets = np.zeros((len(crops), 4), np.float32)
    has_box = kinds != NEGATIVE
    offsets[has_box] = offsets_to(crops[has_box], scene.boxes[which[has_box]], stage=stage)
    return Samples(
        _cut(scene.picture, crops, stage),
        kinds,
        overlaps,
        offsets,
        np.zeros((len(crops), 10), np.float32),
    )


def _shaken(
    box: NDArray[np.float64], count: int, random: np.random.Generator
) -> NDArray[np.float64]:
    """Squares about a face that mostly overlap it well."""
    w, h = box[2:]
    sides = random.integers(int(0.9 * min(w, h)), int(np.ceil(1.1 * max(w, h))) + 1, count)
    shifts = random.uniform(-0.1, 0.1, (count, 2)) * (w, h)
    near = np.trunc(box[:2] + box[2:] / 2 + shifts - sides[:, None] / 2)
    return np.concatenate([near, np.stack([sides, sides], axis=1)], axis=1).astype(np.float64)


def _turned(
    picture: Picture,
    crop: NDArray[np.float64],
    fractions: NDArray[np.float32],
    degrees: float,
    stage: Stage,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The crop of the picture turned about the crop's middle, and the points with it."""
    x, y, side = crop[:3]
    target = INPUT_PX[stage]
    turn = cv2.getRotationMatrix2D((x + side / 2 - 0.5, y + side / 2 - 0.5), degrees, 1.0)
    to_crop = turn.copy()
    to_crop[:, 2] -= (x, y)
    whole = cv2.warpAffine(picture, to_crop, (int(side), int(side)))
    cut = cv2.resize(whole, (target, target), interpolation=cv2.INTER_AREA)
    middle = fractions.reshape(2, 5).T - 0.5
    moved = middle @ turn[:, :2].T + 0.5
    return np.asarray(cut, np.uint8), moved.T.reshape(10).astype(np.float32)


def _mirrored(points: NDArray[np.float32]) -> NDArray[np.float32]:
    x, y = points.reshape(2, 5)[:, _MIRRORED]
    return np.concatenate([1 - x, y]).astype(np.float32)


def _squares(crops: list[tuple[float, float, float]]) -> NDArray[np.float64]:
    rows = np.array(crops, np.float64).reshape(-1, 3)
    return rows[:, [0, 1, 2, 2]]


def _cut(picture: Picture, crops: NDArray[np.float64], stage: Stage) -> NDArray[np.uint8]:
    corners = np.concatenate([crops[:, :2] + 1, crops[:, :2] + crops[:, 2:]], axis=1)
    return cut_squares(picture, corners, size=INPUT_PX[stage])
