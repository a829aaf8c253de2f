"""Classifiers over face vectors that know when a face is nobody's, kept without pickle.

Public surface: ``train_classifier``, ``FaceClassifier``, ``classify`` with ``Prediction``,
``save_classifier``, ``load_classifier``, ``split_by_class`` with ``ClassSplit``, and
``score_names`` with ``NamingScores``.
"""

from recognition.classification.files import load_classifier, save_classifier
from recognition.classification.model import (
    ClassifierKind,
    FaceClassifier,
    LinearWeights,
    Prediction,
    classify,
)
from recognition.classification.scores import NamingScores, score_names
from recognition.classification.split import ClassSplit, split_by_class
from recognition.classification.training import train_classifier

__all__ = [
    "ClassSplit",
    "ClassifierKind",
    "FaceClassifier",
    "LinearWeights",
    "NamingScores",
    "Prediction",
    "classify",
    "load_classifier",
    "save_classifier",
    "score_names",
    "split_by_class",
    "train_classifier",
]
