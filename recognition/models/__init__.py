"""The embedding models: which there are, loading one, and adding an owner's after checking it.

Adding and checking are in ``recognition.models.admission``, which loads what it needs itself.
"""

from recognition.models.embedder import build_embedder
from recognition.models.loading import model_mean, open_model
from recognition.models.registry import (
    added_models,
    find_model,
    known_models,
    remove_model,
    store_model,
)

__all__ = [
    "added_models",
    "build_embedder",
    "find_model",
    "known_models",
    "model_mean",
    "open_model",
    "remove_model",
    "store_model",
]
