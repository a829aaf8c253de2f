"""Classifiers on disk: safetensors, numbers and JSON, nothing that is run when it is read.

Public surface: ``save_classifier``, ``load_classifier``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.classification.model import FaceClassifier, LinearWeights
from recognition.contracts import EmbeddingSpace
from recognition.errors import IndexMismatch, ModelRejected
from recognition.whole_files import write_atomically

__all__ = ["load_classifier", "save_classifier"]

_KEY = "gatehouse"
_FORMAT = "gatehouse-classifier-1"
_LINEAR = ("coefficients", "intercepts", "slopes", "offsets")


def save_classifier(classifier: FaceClassifier, path: Path) -> None:
    """Write the file at once or not at all. It holds templates of people: guard it like them.

    Only its owner may read it. Raises ``OSError`` where it cannot be written.
    """
    from safetensors.numpy import save

    tensors: dict[str, NDArray[Any]] = {
        "mean": classifier.mean,
        "vectors": classifier.vectors,
        "labels": classifier.labels,
    }
    if classifier.linear is not None:
        tensors |= {name: getattr(classifier.linear, name) for name in _LINEAR}
    tensors = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    described = {
        "format": _FORMAT,
        "kind": classifier.kind,
        "space": asdict(classifier.space),
        "class_names": list(classifier.class_names),
        "min_cosine": classifier.min_cosine,
        "neighbours": classifier.neighbours,
    }
    described["sha256"] = _digest(described, tensors)
    metadata = {_KEY: json.dumps(described, ensure_ascii=False)}
    write_atomically(path, save(tensors, metadata=metadata))


def load_classifier(path: Path, *, space: EmbeddingSpace) -> FaceClassifier:
    """Read a classifier for vectors of ``space``.

    Raises ``ModelRejected`` (``classifier.unreadable``, ``classifier.invalid``) for a file that is
    missing, damaged or of another kind, ``IndexMismatch`` for one of another embedding space.
    """
    described, tensors = _read(path)
    try:
        stored = EmbeddingSpace(**described["space"])
        classifier = FaceClassifier(
            kind=described["kind"],
            space=stored,
            class_names=tuple(described["class_names"]),
            mean=tensors["mean"],
            vectors=tensors["vectors"],
            labels=tensors["labels"],
            min_cosine=float(described["min_cosine"]),
            neighbours=int(described["neighbours"]),
            linear=LinearWeights(*(tensors[name] for name in _LINEAR))
            if described["kind"] == "svm"
            else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _invalid(path, f"it does not describe a classifier ({error})") from error
    if stored.id != space.id:
        raise IndexMismatch(
            f"{path} was trained on {stored.model_id} (space {stored.id}); the engine runs "
            f"{space.model_id} (space {space.id}). Train it again, or choose its model."
        )
    return classifier


def _read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            described = json.loads((file.metadata() or {}).get(_KEY, "{}"))
            if not isinstance(described, dict) or described.get("format") != _FORMAT:
                raise _invalid(path, f"expected the format {_FORMAT}")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except OSError as error:
        raise ModelRejected(
            f"{path} cannot be read: {error.strerror or error}.", code="classifier.unreadable"
        ) from error
    except (SafetensorError, json.JSONDecodeError, TypeError) as error:
        raise _invalid(path, f"it is no safetensors file ({error})") from error
    if described.pop("sha256", None) != _digest(described, tensors):
        raise _invalid(path, "its digest does not fit: it was changed or damaged")
    return described, tensors


def _digest(described: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> str:
    """Of everything that has a meaning, so that damage anywhere is noticed."""
    digest = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    for name, array in sorted(tensors.items()):
        digest.update(json.dumps([name, str(array.dtype), list(array.shape)]).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _invalid(path: Path, problem: str) -> ModelRejected:
    return ModelRejected(
        f"{path} is not a classifier that Gatehouse wrote: {problem}. Train it again.",
        code="classifier.invalid",
    )
