"""Faces followed from frame to frame, without their identity: numbers, smooth landmarks, measures.

Public surface: ``FaceTracker`` with ``Track`` and ``TrackerConfig``, ``LandmarkSmoother``, and
``evaluate_tracks`` with ``TrackingErrors`` and ``landmark_error``.
"""

from recognition.tracking.evaluate import TrackingErrors, evaluate_tracks, landmark_error
from recognition.tracking.smoothing import LandmarkSmoother
from recognition.tracking.tracker import FaceTracker, Track, TrackerConfig

__all__ = [
    "FaceTracker",
    "LandmarkSmoother",
    "Track",
    "TrackerConfig",
    "TrackingErrors",
    "evaluate_tracks",
    "landmark_error",
]
