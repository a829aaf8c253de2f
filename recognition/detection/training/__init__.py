"""Training MTCNN: scenes, samples in their bands, three losses, three networks one after the other.

``cascade``, ``fitting``, ``losses``, ``colours`` and ``networks`` import torch and are imported by
name; what is here does not. Public surface: the names in ``__all__``.
"""

from recognition.detection.training.annotations import PhotoScenes, read_imglab, read_wider
from recognition.detection.training.made_scenes import MadeScenes
from recognition.detection.training.samples import Samples
from recognition.detection.training.sampling import SamplingOptions
from recognition.detection.training.scenes import (
    Scene,
    SceneSource,
    TrainingDataRejected,
    checked_scenes,
)
from recognition.detection.training.scoring import DetectionScore, score_detector

__all__ = [
    "DetectionScore",
    "MadeScenes",
    "PhotoScenes",
    "Samples",
    "SamplingOptions",
    "Scene",
    "SceneSource",
    "TrainingDataRejected",
    "checked_scenes",
    "read_imglab",
    "read_wider",
    "score_detector",
]
