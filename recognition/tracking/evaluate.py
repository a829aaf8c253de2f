"""How well faces were followed: numbers exchanged, faces missed, landmarks off.

Public surface: ``evaluate_tracks`` with ``TrackingErrors``, and ``landmark_error``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Box
from recognition.geometry.boxes import iou_matrix

__all__ = ["TrackingErrors", "evaluate_tracks", "landmark_error"]


@dataclass(frozen=True, slots=True)
class TrackingErrors:
    """Counts over a sequence. ``switches`` is how often a person got another number than before.

    ``accuracy`` is MOTA (Bernardin and Stiefelhagen, 2008): one minus misses, false tracks and
    switches over the faces that were there; it may be negative.
    """

    faces: int
    misses: int
    false_tracks: int
    switches: int

    @property
    def accuracy(self) -> float:
        wrong = self.misses + self.false_tracks + self.switches
        return 1.0 - wrong / self.faces if self.faces else float(not wrong)


def evaluate_tracks(
    truth: Sequence[Mapping[str, Box]],
    tracked: Sequence[Mapping[int, Box]],
    *,
    min_overlap: float = 0.5,
) -> TrackingErrors:
    """Compare, frame by frame, who is where with which track is where.

    A pair that was joined in the frame before stays joined while it overlaps by ``min_overlap``;
    the others are joined by falling overlap. Raises ``ValueError`` for sequences of two lengths.
    """
    if len(truth) != len(tracked):
        raise ValueError(f"{len(truth)} frames of truth, {len(tracked)} tracked: they must match")
    known: dict[str, int] = {}
    faces = misses = false_tracks = switches = 0
    for people, tracks in zip(truth, tracked, strict=True):
        pairs = _pairs(people, tracks, known, min_overlap)
        switches += sum(known.get(who, number) != number for who, number in pairs.items())
        known.update(pairs)
        faces += len(people)
        misses += len(people) - len(pairs)
        false_tracks += len(tracks) - len(pairs)
    return TrackingErrors(faces, misses, false_tracks, switches)


def landmark_error(found: NDArray[Any], truth: NDArray[Any]) -> float:
    """Normalised mean error: mean distance of ``(..., 5, 2)`` points over the true eye distance.

    Raises ``ValueError`` for two shapes, or eyes that coincide in the truth.
    """
    points, goal = np.asarray(found, np.float64), np.asarray(truth, np.float64)
    if points.shape != goal.shape or points.shape[-2:] != (5, 2):
        raise ValueError(f"landmarks must both be (..., 5, 2), got {points.shape} and {goal.shape}")
    eyes = np.hypot(*np.moveaxis(goal[..., 1, :] - goal[..., 0, :], -1, 0))
    if not np.all(eyes > 0.0):
        raise ValueError("the eyes coincide in the truth: nothing to measure errors against")
    distances = np.hypot(*np.moveaxis(points - goal, -1, 0))
    return float((distances.mean(axis=-1) / eyes).mean())


def _pairs(
    people: Mapping[str, Box],
    tracks: Mapping[int, Box],
    known: Mapping[str, int],
    min_overlap: float,
) -> dict[str, int]:
    if not people or not tracks:
        return {}
    names, numbers = list(people), list(tracks)
    overlap = iou_matrix(_rows(people.values()), _rows(tracks.values()))
    # Keeping what was joined comes before any better overlap.
    preferred = np.array([[known.get(who) == number for number in numbers] for who in names])
    pairs: dict[str, int] = {}
    for flat in np.argsort(-(overlap + preferred), axis=None, kind="stable").tolist():
        row, column = divmod(flat, len(numbers))
        is_free = names[row] not in pairs and numbers[column] not in pairs.values()
        if is_free and overlap[row, column] >= min_overlap:
            pairs[names[row]] = numbers[column]
    return pairs


def _rows(boxes: Any) -> NDArray[np.float64]:
    return np.array([(box.x, box.y, box.width, box.height) for box in boxes])
