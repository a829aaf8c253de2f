"""How well a detector finds the faces of scenes. Public surface: ``DetectionScore``, ``score_detector``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Detection, Detector
from recognition.detection.training.samples import best_overlaps
from recognition.detection.training.scenes import Scene, SceneSource, checked_scenes
from recognition.errors import ImageRejected
from recognition.geometry.boxes import iou_matrix

__all__ = ["DetectionScore", "score_detector"]


@dataclass(frozen=True, slots=True)
class DetectionScore:
    """``false_alarms`` overlap no face enough. ``landmark_error`` is the mean distance of the points
    of found faces in eye distances; None where no face with points was found."""

    scenes: int
    faces: int
    found: int
    false_alarms: int
    landmark_error: float | None
    unreadable: tuple[str, ...]

    @property
    def recall(self) -> float | None:
        return self.found / self.faces if self.faces else None

    @property
    def precision(self) -> float | None:
        answered = self.found + self.false_alarms
        return self.found / answered if answered else None


def score_detector(
    detector: Detector,
    scenes: SceneSource,
    *,
    overlap: float = 0.5,
    least_face_px: float = 20.0,
) -> DetectionScore:
    """Match each face, the best-scored detection first, to one detection of IoU ``overlap`` or more.

    Faces below ``least_face_px`` and ignored ones count neither way. Raises
    ``TrainingDataRejected`` without scenes.
    """
    faces = found = false_alarms = 0
    errors: list[float] = []
    unreadable: list[str] = []
    for index in range(len(checked_scenes(scenes))):
        try:
            scene = scenes.read(index)
        except ImageRejected as error:
            unreadable.append(f"{scenes.name(index)}: {error.message}")
            continue
        (seen,) = detector.detect([scene.picture])
        is_asked = scene.boxes[:, 2:].max(axis=1, initial=0) >= least_face_px
        matches = _matches(seen, scene, overlap)
        faces += int(is_asked.sum())
        found += sum(bool(is_asked[face]) for face in matches.values())
        free = np.concatenate([scene.ignored, scene.boxes[~is_asked]])
        others = [number for number in range(len(seen)) if number not in matches]
        excused = best_overlaps(_rows([seen[number] for number in others]), free)[0] >= 0.3
        false_alarms += len(others) - int(excused.sum())
        for number, face in matches.items():
            if scene.has_landmarks[face]:
                errors.append(_error(seen[number].landmarks, scene.landmarks[face]))
    return DetectionScore(
        len(scenes) - len(unreadable),
        faces,
        found,
        false_alarms,
        float(np.mean(errors)) if errors else None,
        tuple(unreadable),
    )


def _matches(seen: list[Detection], scene: Scene, overlap: float) -> dict[int, int]:
    """Detection to face."""
    overlaps = iou_matrix(_rows(seen), scene.boxes)
    taken: dict[int, int] = {}
    for number in np.argsort([-face.score for face in seen], kind="stable").tolist():
        row = overlaps[number].copy()
        row[list(taken.values())] = 0.0
        if len(row) and row.max() >= overlap:
            taken[number] = int(row.argmax())
    return taken


def _rows(seen: list[Detection]) -> NDArray[np.float64]:
    rows = [(f.box.x, f.box.y, f.box.width, f.box.height) for f in seen]
    return np.array(rows, np.float64).reshape(-1, 4)


def _error(points: NDArray[np.float32], truth: NDArray[np.float64]) -> float:
    distance = np.linalg.norm(points - truth, axis=1).mean()
    return float(distance / np.linalg.norm(truth[1] - truth[0]))
