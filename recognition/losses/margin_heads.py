"""Margin softmax: logits of unit vectors and unit class weights, the own class made harder.

The three heads are one formula. Public surface: ``AmSoftmaxHead`` (CosFace), ``ArcFaceHead``,
``CombinedMarginHead``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["AmSoftmaxHead", "ArcFaceHead", "CombinedMarginHead"]

# arccos and sqrt have no slope at the ends. So close to them it is about 2,000 in float32, which
# the norm of the features divides away again, and the logits stay within 1e-6 of the formula.
_EDGE = 1e-7


class CombinedMarginHead(nn.Module):
    """``s * (cos(m1 * theta + m2) - m3)`` for the own class, ``s * cos(theta_c)`` for the others.

    Deng et al. 2019 ("ArcFace", equation 4): theta is the angle between a sample and the weight of
    its class. ``(1, 0, 0)`` is the normalised softmax. Where ``m1 * theta + m2`` passes pi the
    cosine would rise again and push a sample away from its class: from there the logit falls with
    the plain cosine, for m1 = 1 on ``ArcFaceHead``'s line. The logits go to softmax cross entropy;
    without labels they are plain scaled cosines, as used to classify.
    """

    def __init__(
        self,
        *,
        classes: int,
        dimension: int,
        scale: float = 64.0,
        m1: float = 1.0,
        m2: float = 0.3,
        m3: float = 0.2,
    ) -> None:
        super().__init__()
        self.scale, self.m1, self.m2, self.m3 = scale, m1, m2, m3
        self.weight = nn.Parameter(torch.empty(classes, dimension))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        """``(N, D)`` features of any length, and ``(N,)`` labels, to ``(N, C)`` logits."""
        # Angles need every bit: half precision has no number between 0.9995 and 1.
        features = features.to(self.weight.dtype)
        cosines = functional.linear(
            functional.normalize(features), functional.normalize(self.weight)
        )
        if labels is None:
            return self.scale * cosines
        at = labels[:, None]
        own = self._with_margin(cosines.gather(1, at))
        return self.scale * cosines.scatter(1, at, own)

    def _with_margin(self, cosines: Tensor) -> Tensor:
        if self.m1 != 1.0 or self.m2 != 0.0:
            angles = torch.arccos(cosines.clamp(-1.0 + _EDGE, 1.0 - _EDGE))
            wider = self.m1 * angles + self.m2
            cosines = torch.where(wider < math.pi, torch.cos(wider), cosines - self._drop())
        return cosines - self.m3

    def _drop(self) -> float:
        """How far below the plain cosine the logit goes on where the widened angle passes pi.

        ArcFace's ``m2 sin m2``, and as much more as a wider m1 needs so that nothing rises there.
        """
        last = max((math.pi - self.m2) / self.m1, 0.0) if self.m1 else math.pi
        straight = self.m2 * math.sin(self.m2) if self.m2 < math.pi else 0.0
        return max(straight, math.cos(min(last, math.pi)) + 1.0)

    def extra_repr(self) -> str:
        classes, dimension = self.weight.shape
        return f"{dimension} -> {classes}, s {self.scale}, m {self.m1}, {self.m2}, {self.m3}"


class AmSoftmaxHead(CombinedMarginHead):
    """``s * (cos theta - m)``: AM-Softmax (Wang et al. 2018, s 30, m 0.35) and CosFace alike."""

    def __init__(
        self, *, classes: int, dimension: int, scale: float = 30.0, margin: float = 0.35
    ) -> None:
        super().__init__(classes=classes, dimension=dimension, scale=scale, m2=0.0, m3=margin)


class ArcFaceHead(CombinedMarginHead):
    """``s * cos(theta + m)``; beyond theta = pi - m, where that would rise again, a straight fall.

    Deng et al. 2019 with s 64 and m 0.5; there, as in InsightFace's code, the logit is
    ``s * (cos theta - m sin m)``.
    """

    def __init__(
        self, *, classes: int, dimension: int, scale: float = 64.0, margin: float = 0.5
    ) -> None:
        super().__init__(classes=classes, dimension=dimension, scale=scale, m2=margin, m3=0.0)

    def _with_margin(self, cosines: Tensor) -> Tensor:
        margin = self.m2
        if margin == 0.0:
            return cosines
        sines = (1.0 - cosines.square()).clamp(min=_EDGE**2).sqrt()
        wider = cosines * math.cos(margin) - sines * math.sin(margin)
        return torch.where(
            cosines > math.cos(math.pi - margin), wider, cosines - margin * math.sin(margin)
        )
