"""What is known of a model before a site has scores of its own.

Public surface: ``ModelPrior``, ``SHIPPED_PRIOR``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.decision.prior import IMPOSTOR_CURVE, Curve

__all__ = ["SHIPPED_PRIOR", "ModelPrior"]


@dataclass(frozen=True, slots=True)
class ModelPrior:
    """A measured curve of false matches, and how much it weighs beside a site's own searches.

    ``curve`` are pairs of false match rate and threshold, the rate falling; ``searches`` is how
    many searches of the site's own it counts for; ``measured_on`` is told to whoever reads it.
    Beyond its ends the curve goes on in a straight line along the logarithm of the rate, which
    is a guess and is labelled one.
    """

    name: str
    measured_on: str
    curve: Curve
    searches: float

    def fmr(self, thresholds: Any) -> NDArray[np.float64]:
        """The share of comparisons of strangers that reach each threshold."""
        at = np.asarray(thresholds, np.float64)
        scores = np.array([threshold for _, threshold in self.curve])
        logs = np.log10([rate for rate, _ in self.curve])
        value = np.interp(at, scores, logs)
        first = (logs[1] - logs[0]) / (scores[1] - scores[0])
        last = (logs[-1] - logs[-2]) / (scores[-1] - scores[-2])
        value = np.where(at < scores[0], logs[0] + first * (at - scores[0]), value)
        value = np.where(at > scores[-1], logs[-1] + last * (at - scores[-1]), value)
        return np.asarray(np.minimum(10.0**value, 1.0 - 1e-12))

    def fpir(self, thresholds: Any, *, gallery_size: int) -> NDArray[np.float64]:
        """The share of searches of strangers that name somebody: 1 - (1 - FMR)^N."""
        return np.asarray(-np.expm1(gallery_size * np.log1p(-self.fmr(thresholds))))

    def is_beyond(self, threshold: float) -> bool:
        """Whether the measurement ends before this threshold."""
        return not self.curve[0][1] <= threshold <= self.curve[-1][1]

    def threshold_for(self, fpir: float, *, gallery_size: int) -> float:
        """Where ``fpir`` is reached, by the curve alone."""
        wanted = math.log10(-math.expm1(math.log1p(-fpir) / gallery_size))
        low, high = -1.0, 1.0
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if math.log10(self.fmr(middle)) > wanted else (low, middle)
        return high


SHIPPED_PRIOR = ModelPrior(
    name="SFace, faces by YuNet looked at twice, about the site's mean",
    measured_on="LFW, 7,687 photos of 4,269 people: 4,067,048 comparisons of strangers",
    curve=IMPOSTOR_CURVE,
    searches=50.0,
)
