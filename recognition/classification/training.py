"""Training: scikit-learn finds the weights once, and only numbers are kept of it.

Public surface: ``train_classifier``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recognition.classification.model import ClassifierKind, FaceClassifier, LinearWeights
from recognition.config import DEFAULT_MODEL
from recognition.contracts import EmbeddingSpace, Vectors
from recognition.decision import threshold_for
from recognition.geometry.centring import centred

__all__ = ["train_classifier"]

_MAX_FOLDS = 5
_MAX_ITERATIONS = 10_000


def train_classifier(
    vectors: Vectors,
    *,
    names: Sequence[str],
    space: EmbeddingSpace,
    mean: NDArray[np.float32] | None = None,
    kind: ClassifierKind = "svm",
    neighbours: int = 5,
    min_cosine: float | None = None,
    seed: int = 666,
) -> FaceClassifier:
    """Learn to tell people apart from ``(M, D) float32`` unit rows and whose each is.

    ``svm``: a linear support vector machine, each class against the rest, with Platt's sigmoid
    fitted to decision values that cross-validation gives (as many folds as the smallest class has
    photos, at most 5). ``knn``: the share of the ``neighbours`` nearest photos; no more are asked
    than the smallest class has photos, or its people could never be sure.
    ``mean``, ``(D,)``, is what the vectors are centred on, now and when others are classified;
    None leaves them as they are. ``min_cosine`` None means ``decision.threshold_for(M)``, since a stranger meets all M photos:
    1 stranger in 100 passes at most. It is known for the default model alone. Raises
    ``ValueError`` for fewer than two people, a person with one photo (``svm``), another model
    without ``min_cosine``, and parts that do not fit together.
    """
    if len(names) != len(vectors):
        raise ValueError(f"{len(names)} names came with {len(vectors)} vectors. Send one for each.")
    class_names = tuple(sorted(set(names)))
    if len(class_names) < 2:
        raise ValueError(f"{len(class_names)} people came; to tell apart, two or more are needed.")
    if min_cosine is None:
        if space.model_id != DEFAULT_MODEL:
            raise ValueError(
                f"For {space.model_id} no cosine is known that keeps strangers out. Measure its "
                "scores and name min_cosine."
            )
        min_cosine = threshold_for(len(vectors))
    place = {name: number for number, name in enumerate(class_names)}
    labels = np.array([place[name] for name in names], dtype=np.int64)
    fewest = int(np.bincount(labels).min())
    mean = np.zeros(space.dimension, np.float32) if mean is None else mean
    vectors = centred(vectors, mean=mean)
    return FaceClassifier(
        kind=kind,
        space=space,
        class_names=class_names,
        mean=mean,
        vectors=vectors,
        labels=labels,
        min_cosine=min_cosine,
        neighbours=min(neighbours, fewest),
        linear=_fit(vectors, labels, fewest, seed) if kind == "svm" else None,
    )


def _fit(vectors: Vectors, labels: NDArray[np.int64], fewest: int, seed: int) -> LinearWeights:
    if fewest < 2:
        raise ValueError(
            "A person has one photo only, and probabilities need two: one to learn from, one to "
            "check with. Add photos, leave such people out, or train knn."
        )
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.model_selection import StratifiedKFold
    from sklearn.svm import LinearSVC

    folds = StratifiedKFold(min(_MAX_FOLDS, fewest), shuffle=True, random_state=seed)
    machine = LinearSVC(C=1.0, random_state=seed, max_iter=_MAX_ITERATIONS)
    fitted = CalibratedClassifierCV(machine, method="sigmoid", cv=folds, ensemble=False)
    (calibrated,) = fitted.fit(vectors, labels).calibrated_classifiers_
    coefficients = calibrated.estimator.coef_.astype(np.float64)
    intercepts = calibrated.estimator.intercept_.astype(np.float64)
    slopes = np.array([sigmoid.a_ for sigmoid in calibrated.calibrators], dtype=np.float64)
    offsets = np.array([sigmoid.b_ for sigmoid in calibrated.calibrators], dtype=np.float64)
    if len(coefficients) == 1:  # of two classes scikit-learn keeps the second; the first mirrors it
        coefficients = np.concatenate([-coefficients, coefficients])
        intercepts = np.concatenate([-intercepts, intercepts])
        slopes = np.concatenate([slopes, slopes])
        offsets = np.concatenate([-offsets, offsets])
    return LinearWeights(coefficients, intercepts, slopes, offsets)
