"""Measuring how fit a face is for recognition; the judging is ``recognition.decision``'s.

``measure`` for one face's components, ``measure_size`` for its angle and distance.
"""

from recognition.quality.measure import measure
from recognition.quality.size import FaceSize, SizeGate, measure_size

__all__ = ["FaceSize", "SizeGate", "measure", "measure_size"]
