"""facenet's ``train_softmax``: cross entropy, with center loss, prelogits norm and bootstrapping.

Public surface: ``train_softmax``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from recognition.training.classifier import linear_head, train_classifier_network
from recognition.training.objectives import LossWeights
from recognition.training.session import Outcome, RunSettings
from recognition.training.sources import Source

__all__ = ["train_softmax"]


def train_softmax(
    source: Source,
    settings: RunSettings,
    *,
    weights: LossWeights = LossWeights(),  # noqa: B008 - frozen
    arguments: Mapping[str, Any] | None = None,
    say: Callable[[str], None] = print,
    on_epoch: Callable[[Mapping[str, float]], None] | None = None,
) -> Outcome:
    """Train ``settings.network`` to classify the people of ``source``; raises ``TrainingError``."""
    return train_classifier_network(
        source,
        settings,
        weights=weights,
        build_head=linear_head,
        kind="softmax",
        arguments=arguments or {},
        say=say,
        on_epoch=on_epoch,
    )
