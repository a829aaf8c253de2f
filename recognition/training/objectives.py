"""What is minimised: a network, what stands on it while it is trained, and the losses together.

Public surface: ``ClassificationObjective``, ``Objective``, ``Parts``, ``TripletObjective``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn

from recognition.losses import (
    CenterLoss,
    CombinedMarginHead,
    bootstrap_cross_entropy,
    prelogits_norm,
    softmax_cross_entropy,
    triplet_loss,
)
from recognition.losses.triplet import Reduction

if TYPE_CHECKING:
    from recognition.networks.base import FaceNetwork

__all__ = [
    "HISTOGRAM_BINS",
    "ClassificationObjective",
    "LossWeights",
    "Objective",
    "Parts",
    "TripletObjective",
]

HISTOGRAM_BINS = 1000
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.SyncBatchNorm)
Parts = Mapping[str, Tensor]


class Objective(nn.Module):
    """``forward(pixels, labels)`` gives the loss, and its parts for the records.

    ``group`` pictures stay together when a batch is divided. ``is_sum``: the loss adds up over
    pictures, where others are means.
    """

    group = 1
    is_sum = False

    def __init__(self, network: FaceNetwork) -> None:
        super().__init__()
        self.network = network
        self.is_trunk_held = False

    @abstractmethod
    def forward(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Parts]: ...

    @property
    def fewest(self) -> int:
        """Pictures that a step needs in each process: statistics of a batch need two."""
        return max(2, self.group)

    def train(self, mode: bool = True) -> Self:
        """A trunk that is held still keeps the statistics of its normalisation, too."""
        super().train(mode)
        if mode and self.is_trunk_held:
            for name, module in self.network.named_modules():
                if isinstance(module, _BATCH_NORMS) and not self.network.is_of_head(f"{name}."):
                    module.eval()
        return self

    def decayed_extras(self) -> list[nn.Parameter]:
        """Weights beyond those of convolutions and linear layers that weight decay applies to."""
        return []

    def end_step(self) -> None:
        """What else changes once a step, behind the last part of its batch."""

    def held_still(self) -> list[nn.Parameter]:
        """What does not learn now: the network without its head, while ``is_trunk_held``."""
        if not self.is_trunk_held:
            return []
        named = self.network.named_parameters()
        return [parameter for name, parameter in named if not self.network.is_of_head(name)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LossWeights:
    """facenet's factors; 0 leaves a loss out, ``bootstrap_beta=1`` is plain cross entropy."""

    center: float = 0.0
    center_alpha: float = 0.95
    prelogits_norm: float = 0.0
    prelogits_order: float = 1.0
    bootstrap_beta: float = 1.0
    histogram_max: float = 10.0


class ClassificationObjective(Objective):
    """Cross entropy of a linear layer's or a margin head's logits, and what facenet adds to it."""

    def __init__(
        self, network: FaceNetwork, head: nn.Linear | CombinedMarginHead, weights: LossWeights
    ) -> None:
        super().__init__(network)
        self.head = head
        self.weights = weights
        classes, dimension = head.weight.shape
        self.center = (
            CenterLoss(classes=classes, dimension=dimension, alpha=weights.center_alpha)
            if weights.center
            else None
        )
        # How large prelogits are, since it was last emptied; of the records, not of the state.
        self.histogram: Tensor
        self.register_buffer("histogram", torch.zeros(HISTOGRAM_BINS), persistent=False)

    def forward(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Parts]:
        prelogits = self.network(pixels).float()
        logits = self._logits(prelogits, labels)
        beta = self.weights.bootstrap_beta
        entropy = (
            softmax_cross_entropy(logits, labels)
            if beta == 1.0
            else bootstrap_cross_entropy(logits, labels, beta=beta)
        )
        parts = {"cross_entropy": entropy.detach()}
        loss = entropy
        if self.center is not None:
            center = self.center(prelogits, labels)
            loss = loss + self.weights.center * center
            parts["center"] = center.detach()
        if self.weights.prelogits_norm:
            norm = prelogits_norm(prelogits, order=self.weights.prelogits_order)
            loss = loss + self.weights.prelogits_norm * norm
            parts["prelogits_norm"] = norm.detach()
        parts["accuracy"] = self._note(prelogits.detach(), labels)
        return loss, parts

    def classify(self, pixels: Tensor) -> Tensor:
        """``(N, C)`` logits without a margin, as a user of the head would have them."""
        return self._logits(self.network(pixels).float(), None)

    def end_step(self) -> None:
        if self.center is not None:
            self.center.follow()

    def decayed_extras(self) -> list[nn.Parameter]:
        return [] if isinstance(self.head, nn.Linear) else [self.head.weight]

    def _logits(self, prelogits: Tensor, labels: Tensor | None) -> Tensor:
        # Losses in single precision, whatever the network computes in.
        with torch.autocast(prelogits.device.type, enabled=False):
            if isinstance(self.head, nn.Linear):
                logits: Tensor = self.head(prelogits)
            else:
                logits = self.head(prelogits, labels)
        return logits

    @torch.no_grad()
    def _note(self, prelogits: Tensor, labels: Tensor) -> Tensor:
        largest = self.weights.histogram_max
        if self.training:
            sizes = prelogits.abs().clamp(max=largest)
            self.histogram += torch.histc(sizes, bins=HISTOGRAM_BINS, min=0.0, max=largest)
        return (self._logits(prelogits, None).argmax(dim=1) == labels).float().mean()


class TripletObjective(Objective):
    """Triplet loss of the embeddings of (anchor, positive, negative), three pictures after another."""

    group = 3

    def __init__(
        self, network: FaceNetwork, *, margin: float = 0.2, reduction: Reduction = "mean"
    ) -> None:
        super().__init__(network)
        self.margin = margin
        self.reduction: Reduction = reduction
        self.is_sum = reduction == "sum"

    def forward(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Parts]:
        vectors = self.network.embed(pixels).float()
        anchors, positives, negatives = vectors[0::3], vectors[1::3], vectors[2::3]
        loss = triplet_loss(
            anchors, positives, negatives, margin=self.margin, reduction=self.reduction
        )
        gaps = (anchors - negatives).square().sum(1) - (anchors - positives).square().sum(1)
        return loss, {
            "gap": gaps.detach().mean(),
            "satisfied": (gaps >= self.margin).float().mean(),
        }
