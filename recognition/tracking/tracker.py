"""Following faces over frames by where they are, not by who they are.

Public surface: ``FaceTracker``, ``Track``, ``TrackerConfig``. No pictures and no networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Box, Detection
from recognition.geometry.boxes import iou_matrix
from recognition.tracking.smoothing import LandmarkSmoother

__all__ = ["FaceTracker", "Track", "TrackerConfig"]


@dataclass(frozen=True, slots=True)
class TrackerConfig:
    """``min_overlap`` is the least intersection over union of a face with where it was expected;
    ``max_gap_s`` how long a face may stay unseen; ``min_hits`` how often it must have been seen
    before it counts, so that a detector's single error starts no track. ``max_speed`` bounds the
    expected motion in box widths a second: faster than people move past a camera is a mistake."""

    min_overlap: float = 0.25
    max_gap_s: float = 0.6
    min_hits: int = 1
    max_speed: float = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A face in one frame under the number that it keeps.

    ``landmarks`` are smoothed, ``(5, 2) float32``; ``detection`` is as it was found. ``age`` is
    the number of frames in which the face was seen, this one included.
    """

    id: int
    detection: Detection
    landmarks: NDArray[np.float32]
    age: int


class _Followed:
    """A track between frames: where it was last, and how it moves, in pixels a second."""

    def __init__(self, number: int, detection: Detection, at_s: float) -> None:
        self.id = number
        self.detection = detection
        self.seen_s = at_s
        self.age = 1
        self.speed = np.zeros(2)
        self.smoother = LandmarkSmoother()
        self.landmarks = self.smoother.update(detection.landmarks, at_s)

    def expected(self, at_s: float, max_speed: float) -> tuple[float, float, float, float]:
        """The box where steady motion has brought it by now."""
        box = self.detection.box
        fastest = max_speed * max(box.width, box.height)
        length = float(np.hypot(*self.speed))
        speed = self.speed * min(1.0, fastest / length) if length > 0.0 else self.speed
        shift_x, shift_y = (speed * (at_s - self.seen_s)).tolist()
        return box.x + shift_x, box.y + shift_y, box.width, box.height

    def see(self, detection: Detection, at_s: float) -> None:
        step_s = at_s - self.seen_s
        if step_s > 0.0:
            moved = np.subtract(detection.box.centre, self.detection.box.centre) / step_s
            # Half old, half new: a box jitters by a few percent of its size from frame to frame.
            self.speed = moved if self.age == 1 else (self.speed + moved) / 2
        self.detection, self.seen_s = detection, at_s
        self.age += 1
        self.landmarks = self.smoother.update(detection.landmarks, at_s)


class FaceTracker:
    """Gives every face a number that it keeps while it is in view. Not thread-safe.

    Each track expects its box where steady motion brings it; pairs of tracks and detections are
    joined greedily by falling overlap. Two people who cross can exchange numbers: positions alone
    cannot tell, and whoever names faces must name them anew after a crossing.
    """

    def __init__(self, config: TrackerConfig | None = None) -> None:
        self._config = config or TrackerConfig()
        self._followed: list[_Followed] = []
        self._next = 1
        self._now_s = float("-inf")

    def update(self, detections: Sequence[Detection], at_s: float) -> list[Track]:
        """The faces of the frame at ``at_s`` seconds, in the order of ``detections``.

        Faces that have not been seen ``min_hits`` times yet are left out. Raises ``ValueError``
        for a frame that is earlier than the last one.
        """
        if not at_s >= self._now_s:
            raise ValueError(
                f"frame at {at_s} s after one at {self._now_s} s: time must not go back"
            )
        self._now_s = at_s
        config = self._config
        self._followed = [t for t in self._followed if at_s - t.seen_s <= config.max_gap_s]
        tracks = self._join(detections, at_s)
        for position, detection in enumerate(detections):
            if position not in tracks:
                tracks[position] = _Followed(self._next, detection, at_s)
                self._followed.append(tracks[position])
                self._next += 1
        return [
            Track(track.id, track.detection, track.landmarks, track.age)
            for _, track in sorted(tracks.items())
            if track.age >= config.min_hits
        ]

    def expects(self, detections: Sequence[Detection], at_s: float) -> list[int | None]:
        """For each detection the number that ``update`` would give it; None for a new face."""
        known = {position: track.id for position, track in self._pairs(detections, at_s).items()}
        return [known.get(position) for position in range(len(detections))]

    def _join(self, detections: Sequence[Detection], at_s: float) -> dict[int, _Followed]:
        """Known tracks by the position of the detection that continues them."""
        joined = self._pairs(detections, at_s)
        for position, track in joined.items():
            track.see(detections[position], at_s)
        return joined

    def _pairs(self, detections: Sequence[Detection], at_s: float) -> dict[int, _Followed]:
        followed = [t for t in self._followed if at_s - t.seen_s <= self._config.max_gap_s]
        if not detections or not followed:
            return {}
        expected = [t.expected(at_s, self._config.max_speed) for t in followed]
        found = [_row(detection.box) for detection in detections]
        overlap = iou_matrix(np.array(expected), np.array(found))
        pairs: dict[int, _Followed] = {}
        taken: set[int] = set()
        for flat in np.argsort(-overlap, axis=None, kind="stable").tolist():
            row, column = divmod(flat, len(found))
            if overlap[row, column] < self._config.min_overlap:
                break
            if row not in taken and column not in pairs:
                taken.add(row)
                pairs[column] = followed[row]
        return pairs


def _row(box: Box) -> tuple[float, float, float, float]:
    return box.x, box.y, box.width, box.height
