"""Made scenes for training and testing a detector where no labelled photos are at hand.

A detector that was trained on them finds made faces; what it does with real ones must be measured.
Public surface: ``MadeScenes``.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Picture
from recognition.detection.training.made_face import CANVAS_PX, draw_face, draw_scrambled_head
from recognition.detection.training.scenes import Scene
from recognition.geometry.boxes import iou_matrix

__all__ = ["MadeScenes"]

_STREAM = 48_611  # keeps these draws apart from others that begin with the same seed
_TRIES = 12


class MadeScenes:
    """``count`` scenes; the same seed and number draw the same scene. A ``SceneSource``.

    Each has up to ``most_faces`` faces of ``face_px`` (height of the box, least and most), one
    scene in ten none, and things that are no faces: blobs, stripes, rings, and heads whose parts
    are in the wrong places.
    """

    def __init__(
        self,
        count: int,
        *,
        seed: int,
        size_px: tuple[int, int] = (320, 240),
        face_px: tuple[float, float] = (24.0, 110.0),
        most_faces: int = 4,
    ) -> None:
        if count < 0 or most_faces < 1 or not 0 < face_px[0] <= face_px[1] <= min(size_px):
            raise ValueError(
                f"{count} scenes of up to {most_faces} faces of {face_px} px do not fit "
                f"{size_px} px: expected 0 < least <= most <= the shorter side"
            )
        self._count = count
        self._seed = seed
        self._size_px = size_px
        self._face_px = face_px
        self._most_faces = most_faces

    def __len__(self) -> int:
        return self._count

    def name(self, index: int) -> str:
        return f"made scene {index} of seed {self._seed}"

    def read(self, index: int) -> Scene:
        """Draw scene ``index``. Raises ``IndexError`` outside the count."""
        if not 0 <= index < self._count:
            raise IndexError(f"scene {index} of {self._count}")
        random = np.random.default_rng([self._seed, _STREAM, index])
        picture = _background(self._size_px, random)
        taken: list[tuple[float, ...]] = []
        for _ in range(random.integers(0, 4)):
            head, alpha = draw_scrambled_head(random)
            matrix = self._placement(random, taken)
            if matrix is not None:
                _lay(picture, head, alpha, matrix)
        boxes, landmarks = [], []
        wanted = 0 if random.random() < 0.1 else int(random.integers(1, self._most_faces + 1))
        for _ in range(wanted):
            face = draw_face(random)
            matrix = self._placement(random, taken)
            if matrix is None:
                continue
            _lay(picture, face.picture, face.alpha, matrix)
            corners = face.corners @ matrix[:, :2].T + matrix[:, 2]
            near, far = corners.min(axis=0), corners.max(axis=0)
            boxes.append([*near, *(far - near)])
            landmarks.append(face.landmarks @ matrix[:, :2].T + matrix[:, 2])
        return Scene(
            _exposed(picture, random),
            np.array(boxes, np.float64).reshape(-1, 4),
            np.array(landmarks, np.float64).reshape(-1, 5, 2),
            np.empty((0, 4)),
        )

    def _placement(
        self, random: np.random.Generator, taken: list[tuple[float, ...]]
    ) -> NDArray[np.float64] | None:
        """``(2, 3)`` canvas to picture, apart from what was placed before; None without room."""
        least, most = self._face_px
        for _ in range(_TRIES):
            side = float(np.exp(random.uniform(np.log(least), np.log(most))))
            scale = side / (0.68 * CANVAS_PX)  # a face's box is about so high on its canvas
            angle = np.deg2rad(random.uniform(-15, 15))
            half = 0.62 * side
            room = np.array(self._size_px) - 2 * half
            if (room <= 0).any():
                continue
            centre = half + random.uniform(0, 1, 2) * room
            place = (*(centre - half), 2 * half, 2 * half)
            if taken and iou_matrix(np.array([place]), np.array(taken)).max() > 0.05:
                continue
            taken.append(place)
            cos, sin = scale * np.cos(angle), scale * np.sin(angle)
            turn = np.array([[cos, -sin], [sin, cos]])
            shift = centre - turn @ np.full(2, CANVAS_PX / 2)
            return np.concatenate([turn, shift[:, None]], axis=1)
        return None


def _lay(
    picture: Picture, head: Picture, alpha: NDArray[np.float32], matrix: NDArray[np.float64]
) -> None:
    """Blend the head over the picture, in place, smoothed before it is made smaller."""
    corners = np.array([[0, 0], [CANVAS_PX, 0], [CANVAS_PX, CANVAS_PX], [0, CANVAS_PX]])
    reached = corners @ matrix[:, :2].T + matrix[:, 2]
    left, top = np.maximum(np.floor(reached.min(axis=0)), 0).astype(int).tolist()
    right, bottom = np.minimum(
        np.ceil(reached.max(axis=0)).astype(int), (picture.shape[1], picture.shape[0])
    ).tolist()
    window = picture[top:bottom, left:right]
    size = (right - left, bottom - top)
    within = matrix - np.array([[0, 0, left], [0, 0, top]])
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < 0.7:  # bilinear sampling alone would alias
        head = np.asarray(cv2.GaussianBlur(head, (0, 0), 0.4 / scale), np.uint8)
        alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), 0.4 / scale), np.float32)
    laid = cv2.warpAffine(head, within, size).astype(np.float32)
    over = cv2.warpAffine(alpha, within, size)[..., None]
    window[:] = (window + over * (laid - window)).round().astype(np.uint8)


def _background(size_px: tuple[int, int], random: np.random.Generator) -> Picture:
    """Soft patches, then shapes of all colours, skin's among them."""
    width, height = size_px
    cells = random.integers(2, 12)
    patches = random.uniform(20, 235, (cells, cells, 3)).astype(np.float32)
    canvas = cv2.resize(patches, size_px, interpolation=cv2.INTER_CUBIC)
    picture: Picture = np.clip(canvas, 0, 255).astype(np.uint8)
    for _ in range(random.integers(4, 22)):
        colour = tuple(random.uniform(0, 255, 3).tolist())
        at = (int(random.integers(width)), int(random.integers(height)))
        size = (int(random.integers(3, 60)), int(random.integers(3, 60)))
        width_px = int(random.choice([-1, 1, 2, 5]))
        match int(random.integers(4)):
            case 0:
                turn = float(random.uniform(0, 180))
                cv2.ellipse(picture, at, size, turn, 0, 360, colour, width_px, cv2.LINE_AA)
            case 1:
                cv2.rectangle(picture, at, (at[0] + size[0], at[1] + size[1]), colour, width_px)
            case 2:
                end = (int(random.integers(width)), int(random.integers(height)))
                cv2.line(picture, at, end, colour, max(width_px, 1), cv2.LINE_AA)
            case _:
                step = max(size[0] // 4, 2)
                for x in range(at[0], min(at[0] + 8 * step, width), 2 * step):
                    cv2.line(picture, (x, at[1]), (x, at[1] + size[1]), colour, step // 2 + 1)
    return picture


def _exposed(picture: Picture, random: np.random.Generator) -> Picture:
    """A camera's blur and grain."""
    soft = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.3, 0.9)).astype(np.float32)
    grain = random.uniform(1, 6) * random.standard_normal(picture.shape, np.float32)
    return np.clip(soft * random.uniform(0.75, 1.15) + grain, 0, 255).astype(np.uint8)
