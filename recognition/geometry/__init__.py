"""Plane geometry of faces: boxes and their overlaps, similarity transforms of landmarks.

Pure numpy; no pictures and no networks. Public surface: the names in ``__all__``.
"""

from recognition.geometry.boxes import iou_matrix, non_maximum_suppression
from recognition.geometry.similarity import fit_similarity

__all__ = ["fit_similarity", "iou_matrix", "non_maximum_suppression"]
