"""Training with a margin head: AM-Softmax (CosFace), ArcFace, or the combined margin.

Public surface: ``MarginKind``, ``MarginSettings``, ``train_margin``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from recognition.losses import AmSoftmaxHead, ArcFaceHead, CombinedMarginHead
from recognition.training.classifier import train_classifier_network
from recognition.training.objectives import LossWeights
from recognition.training.session import Outcome, RunSettings
from recognition.training.sources import Source

__all__ = ["MarginKind", "MarginSettings", "train_margin"]

MarginKind = Literal["am", "arcface", "combined"]
_SCALES: dict[MarginKind, float] = {"am": 30.0, "arcface": 64.0, "combined": 64.0}
_MARGINS: dict[MarginKind, float] = {"am": 0.35, "arcface": 0.5}


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginSettings:
    """``scale`` and ``margin`` None are the papers'; ``margins`` (m1, m2, m3) are of ``combined``."""

    kind: MarginKind = "arcface"
    scale: float | None = None
    margin: float | None = None
    margins: tuple[float, float, float] = (1.0, 0.3, 0.2)

    def build(self, classes: int, dimension: int) -> CombinedMarginHead:
        scale = _SCALES[self.kind] if self.scale is None else self.scale
        if self.kind == "combined":
            m1, m2, m3 = self.margins
            return CombinedMarginHead(
                classes=classes, dimension=dimension, scale=scale, m1=m1, m2=m2, m3=m3
            )
        margin = _MARGINS[self.kind] if self.margin is None else self.margin
        head = AmSoftmaxHead if self.kind == "am" else ArcFaceHead
        return head(classes=classes, dimension=dimension, scale=scale, margin=margin)


def train_margin(
    source: Source,
    settings: RunSettings,
    *,
    margin: MarginSettings = MarginSettings(),
    weights: LossWeights = LossWeights(),  # noqa: B008 - frozen
    arguments: Mapping[str, Any] | None = None,
    say: Callable[[str], None] = print,
    on_epoch: Callable[[Mapping[str, float]], None] | None = None,
) -> Outcome:
    """Train ``settings.network`` under a margin head; raises ``TrainingError``."""
    return train_classifier_network(
        source,
        settings,
        weights=weights,
        build_head=margin.build,
        kind="margin",
        arguments=arguments or {},
        say=say,
        on_epoch=on_epoch,
    )
