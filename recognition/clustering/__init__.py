"""Grouping faces by person when nobody has named them yet.

Public surface: ``cluster_vectors`` with ``Clustering`` and ``METHODS``, ``default_threshold``, and
``pairwise_scores`` with ``ClusterScores`` where the truth is known.
"""

from recognition.clustering.methods import (
    METHODS,
    Clustering,
    ClusterMethod,
    cluster_vectors,
    default_threshold,
)
from recognition.clustering.scores import ClusterScores, pairwise_scores

__all__ = [
    "METHODS",
    "ClusterMethod",
    "ClusterScores",
    "Clustering",
    "cluster_vectors",
    "default_threshold",
    "pairwise_scores",
]
