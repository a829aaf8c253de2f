"""What a trained classifier is and how it names a face: numpy only, no scikit-learn.

Public surface: ``FaceClassifier`` with ``LinearWeights``, ``classify`` with ``Prediction``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import EmbeddingSpace, Vectors
from recognition.errors import IndexMismatch
from recognition.geometry.centring import centred

__all__ = ["ClassifierKind", "FaceClassifier", "LinearWeights", "Prediction", "classify"]

ClassifierKind = Literal["svm", "knn"]
Reason = Literal["accepted", "improbable", "unlike"]

Numbers = NDArray[np.float64]

# LFW, 153 people with 3 photos each, 721 other photos of them, 6,507 of strangers. Linear SVM at
# 0.2, 0.3, 0.5: named right 99.6, 99.6, 98.5 %, strangers named 0.41, 0.20, 0.02 %. The cosine
# floor alone gives 0.66 %; with nearest neighbours 99.7 and 0.66 % at 0.3. (`classify train DIR
# FILE --split --min-images-per-class 6 --train-images-per-class 3`, without the labels that
# label_conflicts.txt doubts.)
DEFAULT_MIN_PROBABILITY = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class LinearWeights:
    """One hyperplane against the rest per class, and Platt's sigmoid that calibrates it.

    ``coefficients`` is ``(C, D) float64``, the others ``(C,) float64``. The probability of a class
    is ``1 / (1 + exp(slope * f + offset))`` of its decision value ``f``, before all are divided by
    their sum.
    """

    coefficients: Numbers
    intercepts: Numbers
    slopes: Numbers
    offsets: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class FaceClassifier:
    """A classifier of one embedding space, checked when it is made.

    ``vectors`` is ``(M, D) float32``, the unit rows that it was trained on, and ``labels``
    ``(M,) int64`` their places in ``class_names``: templates of people, to be kept like any other.
    Both are centred on ``mean``, ``(D,) float32``, as whatever is to be classified will be.
    ``linear`` is set for ``svm``, ``neighbours`` counts for ``knn``. A face whose cosine to the
    nearest of the named person's vectors is below ``min_cosine`` is nobody known. Raises
    ``ValueError`` for parts that do not fit together.
    """

    kind: ClassifierKind
    space: EmbeddingSpace
    class_names: tuple[str, ...]
    mean: NDArray[np.float32]
    vectors: Vectors
    labels: NDArray[np.int64]
    min_cosine: float
    neighbours: int = 5
    linear: LinearWeights | None = None

    def __post_init__(self) -> None:
        problem = next(_problems(self), None)
        if problem is not None:
            raise ValueError(f"This classifier is inconsistent: {problem}. Train it again.")

    def probabilities(self, vectors: Vectors) -> Numbers:
        """``(N, D)`` unit rows in, ``(N, C)`` out; each row sums to 1."""
        if self.linear is None:
            return self._votes(vectors)
        values = vectors.astype(np.float64) @ self.linear.coefficients.T + self.linear.intercepts
        exponents = np.clip(self.linear.slopes * values + self.linear.offsets, -700.0, 700.0)
        chances: Numbers = 1.0 / (1.0 + np.exp(exponents))
        shares: Numbers = chances / chances.sum(axis=1, keepdims=True)
        return shares

    def nearest_cosines(self, vectors: Vectors) -> Numbers:
        """``(N, D)`` unit rows in, ``(N, C)`` out: the cosine to the nearest vector of each class."""
        cosines = (vectors @ self.vectors.T).astype(np.float64).clip(-1.0, 1.0)
        order = np.argsort(self.labels, kind="stable")
        starts = np.searchsorted(self.labels[order], np.arange(len(self.class_names)))
        nearest: Numbers = np.maximum.reduceat(cosines[:, order], starts, axis=1)
        return nearest

    def _votes(self, vectors: Vectors) -> Numbers:
        count = min(self.neighbours, len(self.vectors))
        cosines = vectors @ self.vectors.T
        nearest = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        votes = np.zeros((len(vectors), len(self.class_names)))
        np.add.at(votes, (np.arange(len(vectors))[:, None], self.labels[nearest]), 1.0 / count)
        return votes


@dataclass(frozen=True, slots=True)
class Prediction:
    """``name`` is None for an unknown face, and ``reason`` says why: too ``improbable``, or too
    ``unlike`` every photo of ``best``, the most probable class. ``cosine`` is that of the nearest
    of those photos."""

    name: str | None
    best: str
    probability: float
    cosine: float
    reason: Reason


def classify(
    classifier: FaceClassifier,
    vectors: Vectors,
    *,
    space: EmbeddingSpace,
    min_probability: float = DEFAULT_MIN_PROBABILITY,
    min_cosine: float | None = None,
) -> list[Prediction]:
    """Name each ``(D,) float32`` unit row of ``vectors``, or say that it is unknown (open set).

    Equal probabilities are settled by the nearest photo. ``min_cosine`` None means the
    classifier's own. Raises ``IndexMismatch`` for vectors of another space or shape.
    """
    if space.id != classifier.space.id:
        raise IndexMismatch(
            f"The vectors are of {space.model_id} (space {space.id}), the classifier was trained "
            f"on {classifier.space.model_id} (space {classifier.space.id}). Train it again."
        )
    if vectors.ndim != 2 or vectors.shape[1] != space.dimension or not np.isfinite(vectors).all():
        raise IndexMismatch(
            f"Vectors of shape {vectors.shape} came; finite rows of {space.dimension} are expected."
        )
    vectors = centred(vectors, mean=classifier.mean)
    floor = classifier.min_cosine if min_cosine is None else min_cosine
    predictions = []
    for shares, cosines in zip(
        classifier.probabilities(vectors), classifier.nearest_cosines(vectors), strict=True
    ):
        best = int(np.lexsort((cosines, shares))[-1])
        probability, cosine = float(shares[best]), float(cosines[best])
        reason: Reason = "accepted"
        if cosine < floor:
            reason = "unlike"
        elif probability < min_probability:
            reason = "improbable"
        name = classifier.class_names[best]
        predictions.append(
            Prediction(name if reason == "accepted" else None, name, probability, cosine, reason)
        )
    return predictions


def _problems(made: FaceClassifier) -> Iterator[str]:
    """What does not fit, the most basic first; only the first of them is to be relied on."""
    classes, width = len(made.class_names), made.space.dimension
    if made.kind not in get_args(ClassifierKind):
        yield f"its kind is {made.kind!r}, expected one of {get_args(ClassifierKind)}"
    if classes < 2 or len(set(made.class_names)) != classes:
        yield f"it has {classes} class names, expected two or more, each once"
    if not all(name.isprintable() and name.strip() for name in made.class_names):
        yield "a class name is empty or holds control characters"
    if made.mean.dtype != np.float32 or made.mean.shape != (width,):
        yield f"its mean is {made.mean.shape} {made.mean.dtype}, expected ({width},) float32"
    if not np.isfinite(made.mean).all():
        yield "its mean is not finite"
    yield from _template_problems(made.vectors, made.labels, classes, width)
    if not -1.0 <= made.min_cosine <= 1.0:
        yield f"its least cosine is {made.min_cosine}, expected -1 to 1"
    if made.neighbours < 1:
        yield f"it asks for {made.neighbours} neighbours, expected 1 or more"
    if (made.linear is not None) != (made.kind == "svm"):
        yield f"its kind {made.kind} and its weights do not belong together"
    if made.linear is not None:
        yield from _linear_problems(made.linear, classes, width)


def _template_problems(
    vectors: Vectors, labels: NDArray[np.int64], classes: int, width: int
) -> Iterator[str]:
    if vectors.dtype != np.float32 or vectors.shape != (len(labels), width):
        yield f"its vectors are {vectors.shape} {vectors.dtype} for {len(labels)} labels"
    if labels.dtype != np.int64 or labels.ndim != 1:
        yield f"its labels are {labels.shape} {labels.dtype}, expected one int64 a vector"
    if not np.array_equal(np.unique(labels), np.arange(classes)):
        yield f"its labels do not name each of {classes} classes"
    if not np.all(np.abs(np.linalg.norm(vectors, axis=1) - 1.0) < 1e-3):
        yield "its vectors are not of unit length"


def _linear_problems(linear: LinearWeights, classes: int, width: int) -> Iterator[str]:
    for field in fields(LinearWeights):
        part: Numbers = getattr(linear, field.name)
        shape = (classes, width) if field.name == "coefficients" else (classes,)
        if part.dtype != np.float64 or part.shape != shape or not np.isfinite(part).all():
            yield f"its {field.name} are {part.shape} {part.dtype}, expected {shape} finite float64"
