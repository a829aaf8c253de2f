"""Landmarks without their jitter: still where the face is still, prompt where it moves.

Public surface: ``LandmarkSmoother``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["LandmarkSmoother"]


class LandmarkSmoother:
    """The 1-euro filter (Casiez, Roussel and Vogel, CHI 2012) over one face's landmarks.

    A low-pass whose cut-off rises with speed: ``still_hz`` for a face that does not move,
    ``reach`` more hertz for each eye distance a second. Speeds are counted in eye distances, so
    that near and far faces are smoothed alike. The defaults halve the jitter of a still face at
    25 frames a second and stay within a twentieth of an eye distance behind one that crosses the
    picture at one eye distance a second.
    """

    def __init__(self, *, still_hz: float = 1.5, reach: float = 3.0, speed_hz: float = 2.0) -> None:
        self._still_hz, self._reach, self._speed_hz = still_hz, reach, speed_hz
        self._last: NDArray[np.float64] | None = None
        self._raw: NDArray[np.float64] | None = None
        self._speed: NDArray[np.float64] | None = None
        self._at_s = 0.0

    def update(self, landmarks: NDArray[np.float32], at_s: float) -> NDArray[np.float32]:
        """Smooth ``(N, 2)`` landmarks seen at ``at_s`` seconds; the first come back as they are.

        A time that does not advance leaves the smoothed points where they are.
        """
        points = np.asarray(landmarks, dtype=np.float64)
        if self._last is None or self._raw is None or self._speed is None:
            self._last = self._raw = points
            self._speed = np.zeros(2)
            self._at_s = at_s
            return points.astype(np.float32)
        step_s = at_s - self._at_s
        if step_s <= 0.0:
            return self._last.astype(np.float32)
        size = max(float(np.hypot(*(points[1] - points[0]))), 1e-6)
        # One speed for the whole face: its points move together, and five average out the noise.
        speed = (points - self._raw).mean(axis=0) / (size * step_s)
        self._speed = self._speed + _weight(self._speed_hz, step_s) * (speed - self._speed)
        cut_off_hz = self._still_hz + self._reach * float(np.hypot(*self._speed))
        self._last = self._last + _weight(cut_off_hz, step_s) * (points - self._last)
        self._raw, self._at_s = points, at_s
        return self._last.astype(np.float32)


def _weight(cut_off_hz: float, step_s: float) -> float:
    """How much of the way to a new value a first-order low-pass goes in one step."""
    return 1.0 / (1.0 + 1.0 / (2.0 * math.pi * cut_off_hz * step_s))
