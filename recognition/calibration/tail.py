"""The share of strangers' searches that name somebody (FPIR), threshold by threshold.

Each person counts once, however often they searched: ``k`` of ``n`` people reach a threshold. The
model's prior stands beside them as so many searches, of which its own share does. What both say
is a Beta distribution: that of Rubin's Bayesian bootstrap by person with the prior among those
drawn (a Dirichlet process), of which nothing need be drawn at a single threshold. Names given
that share a person, on either side, are not independent accidents: ``k`` and ``n`` are divided by
how many come together. Public surface: ``Tail``, ``FpirEstimate``, ``CONFIDENCE``, ``RESOLUTION``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recognition.calibration.beta import beta_binomial_quantile, beta_cdf, beta_quantile
from recognition.calibration.errors import EvidenceRejected
from recognition.calibration.evidence import StrangerSearches
from recognition.calibration.prior import ModelPrior
from recognition.evaluation.bootstrap import Interval

__all__ = ["CONFIDENCE", "RESOLUTION", "FpirEstimate", "Tail"]

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
RESOLUTION = 1e-4  # of thresholds
GRID = np.round(np.arange(-9_999, 10_001) * RESOLUTION, 4)

# Fewer names than these do not tell how many come together.
_LEAST_NAMES = 30
_UPPER_PART = 0.02
_CLUMP_LEFT_OUT = 2.0  # A left out meets B, and B left out meets A: one likeness, counted twice
_CLUMP_STRANGER = 1.0
_DECADE = 0.06  # of cosine for ten times fewer impostors, where no prior tells the tail's shape
_HALF = 0.5  # a person, where nobody reached the threshold (Jeffreys)


@dataclass(frozen=True, slots=True)
class FpirEstimate:
    """FPIR at a threshold among ``gallery_size`` people: prior, evidence, and both together.

    ``named`` of ``people`` (each counted once) reached the threshold; fractions come of people
    with several searches, of searches that met smaller galleries, and of thresholds between two
    scores. ``prior`` is the model's share and counts for ``prior_searches``; None without one.
    ``value`` with ``interval`` (95 %) is what both say of any gallery like this one.

    ``clumping`` is how many names come together, 1 for independent ones; ``gallery_variation`` the
    squared variation of the share from one such gallery to another. ``is_supported`` says that
    somebody reached the threshold; else it lies beyond everything seen.
    """

    threshold: float
    gallery_size: int
    value: float
    interval: Interval
    named: float
    people: float
    prior: float | None
    prior_searches: float
    clumping: float
    gallery_variation: float
    is_supported: bool

    @property
    def observed(self) -> float | None:
        """The evidence alone; None without any."""
        return self.named / self.people if self.people else None

    def predicted(self, searches: int) -> Interval:
        """Where the share will lie (95 %) that is *counted* in so many searches, one a stranger, of
        another gallery like this one: the interval, and the luck of that gallery and that count."""
        together = 1.0 + searches * self.value * self.gallery_variation
        trials = max(1, round(searches / together))
        a, b = _beta(self.named, self.people, self.prior, self.prior_searches, self.clumping)
        a_high, _ = _beta(
            max(self.named, _HALF), self.people, self.prior, self.prior_searches, self.clumping
        )
        tail = (1.0 - CONFIDENCE) / 2.0
        low = beta_binomial_quantile(tail, a=a, b=b, trials=trials)
        high = beta_binomial_quantile(1.0 - tail, a=a_high, b=b, trials=trials)
        return Interval(low / trials, high / trials, CONFIDENCE)


class Tail:
    """Strangers' searches as a falling curve, with or without a model's prior.

    ``gallery_size`` is the present one. A search that met fewer people counts for that part of a
    search; one that met more counts as one.
    """

    def __init__(
        self, searches: StrangerSearches, *, gallery_size: int, prior: ModelPrior | None
    ) -> None:
        """Raises ``EvidenceRejected`` without searches and without a prior, or for no gallery."""
        if gallery_size < 1 or (prior is None and not len(searches)):
            raise EvidenceRejected(
                f"{len(searches)} searches of a gallery of {gallery_size} and no model's prior came. "
                "Expected one person enrolled at least, and a search or a prior."
            )
        ordered = searches.only(np.argsort(-searches.scores, kind="stable"))
        weights = _person_weights(ordered)
        exposures = weights * np.minimum(ordered.gallery_sizes / gallery_size, 1.0)
        self.gallery_size = gallery_size
        self.prior = prior
        self.people = float(exposures.sum())
        self.highest = float(ordered.scores[0]) if len(ordered) else -1.0
        self.prior_searches = prior.searches if prior else 0.0
        self.clumping, self.gallery_variation = _togetherness(ordered, weights, gallery_size)
        self._scores = ordered.scores
        self._reached = np.cumsum(weights)
        values, ties = np.unique(-self._scores, return_counts=True)
        counts = self._reached[np.cumsum(ties) - 1]
        self._curve = np.append(0.0, self._shape(-values)), np.append(0.0, counts)

    def named(self, thresholds: Any) -> Floats:
        """``k`` at each threshold. Between two scores, and beyond the highest, it falls in the shape
        of the model's curve: counted as a step, the lowest threshold that will do would always
        hide just below the next stranger."""
        at = np.asarray(thresholds, np.float64)
        if not len(self._scores):
            return np.zeros_like(at)
        return np.asarray(np.minimum(np.interp(self._shape(at), *self._curve), self.people))

    def counted(self, threshold: float) -> float:
        """How many people reached it, as counted; nothing between scores is guessed."""
        rows = int(np.searchsorted(-self._scores, -threshold, side="right"))
        return min(float(self._reached[rows - 1]), self.people) if rows else 0.0

    def values(self, thresholds: Any) -> Floats:
        """The FPIR that prior and evidence together say, at each threshold; it never rises."""
        a, b = self._beta_at(thresholds)
        return np.asarray(a / (a + b))

    def quantile(self, share: float, threshold: float) -> float:
        """What the FPIR is at most with this probability; beyond all scores as if half a person had
        reached the threshold, so that it does not look surer the further it is from the evidence."""
        return beta_quantile(share, *self._outer(share, threshold))

    def estimate(self, threshold: float) -> FpirEstimate:
        """Everything about one threshold."""
        prior = self._prior_at(threshold)
        tail = (1.0 - CONFIDENCE) / 2.0
        return FpirEstimate(
            threshold=threshold,
            gallery_size=self.gallery_size,
            value=float(self.values(threshold)),
            interval=Interval(
                self.quantile(tail, threshold),
                self.quantile(1.0 - tail, threshold),
                CONFIDENCE,
            ),
            named=float(self.named(threshold)),
            people=self.people,
            prior=None if prior is None else float(prior),
            prior_searches=self.prior_searches,
            clumping=self.clumping,
            gallery_variation=self.gallery_variation,
            is_supported=threshold <= self.highest,
        )

    def lowest_threshold(self, fpir: float, *, assurance: float | None = None) -> float | None:
        """The lowest threshold (of steps of 0.0001) at which the FPIR is at most this: on average,
        or with the probability ``assurance``. None where not even 1 is enough."""
        low, high = 0, len(GRID) - 1
        if not self._grants(fpir, float(GRID[high]), assurance):
            return None
        while low < high:
            middle = (low + high) // 2
            is_enough = self._grants(fpir, float(GRID[middle]), assurance)
            low, high = (low, middle) if is_enough else (middle + 1, high)
        return float(GRID[high])

    def _grants(self, fpir: float, threshold: float, assurance: float | None) -> bool:
        if assurance is None:
            return float(self.values(threshold)) <= fpir
        return beta_cdf(fpir, *self._outer(assurance, threshold)) >= assurance

    def _outer(self, share: float, threshold: float) -> tuple[float, float]:
        named = float(self.named(threshold))
        if share > _HALF:
            named = max(named, min(_HALF, self.people))
        prior = self._prior_at(threshold)
        a, b = _beta(named, self.people, prior, self.prior_searches, self.clumping)
        return float(a), float(b)

    def _beta_at(self, thresholds: Any) -> tuple[Any, Any]:
        named, prior = self.named(thresholds), self._prior_at(thresholds)
        return _beta(named, self.people, prior, self.prior_searches, self.clumping)

    def _prior_at(self, thresholds: Any) -> Any:
        if self.prior is None:
            return None
        return self.prior.fpir(thresholds, gallery_size=self.gallery_size)

    def _shape(self, thresholds: Floats) -> Floats:
        if self.prior is None:
            return np.asarray(10.0 ** (-thresholds / _DECADE))
        return self.prior.fmr(thresholds)


def _beta(
    named: Any, people: float, prior: Any, prior_searches: float, clumping: float
) -> tuple[Any, Any]:
    """The two parameters of what evidence and prior say."""
    share = 0.0 if prior is None else prior
    a = np.maximum(prior_searches * share + named / clumping, 1e-9)
    b = prior_searches * (1.0 - share) + np.maximum(people - named, min(_HALF, people)) / clumping
    return a, b


def _person_weights(searches: StrangerSearches) -> Floats:
    """``(S,)``: one for each person, shared among their searches."""
    _, codes, counts = np.unique(searches.person_ids, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / counts[codes]) if len(counts) else np.zeros(0)


def _togetherness(
    searches: StrangerSearches, weights: Floats, gallery_size: int
) -> tuple[float, float]:
    """``clumping`` and ``gallery_variation``, from the highest scores.

    The first is the dyadic cluster estimate of a count's variance (Fafchamps and Gubert 2007) over
    that of as many independent people: all pairs of names that share a person, by the names.
    The second is the chance that two strangers are taken for the same person, less what
    it would be if everybody were taken for as often as anybody else.
    """
    if not len(searches):
        return 1.0, 0.0
    upper = min(len(searches), max(_LEAST_NAMES, round(_UPPER_PART * len(searches))))
    top = searches.only(np.arange(upper))
    weight = weights[:upper]
    codes = np.unique(np.concatenate([top.person_ids, top.nearest_ids]), return_inverse=True)[1]
    first, second = codes[:upper], codes[upper:]
    by_person = np.bincount(first, weight, len(codes)) + np.bincount(second, weight, len(codes))
    pair = np.minimum(first, second) * len(codes) + np.maximum(first, second)
    by_pair = np.bincount(np.unique(pair, return_inverse=True)[1], weight)
    together = float((by_person**2).sum() - (by_pair**2).sum()) / float(weight.sum())
    expected = np.where(top.sources == "leave_one_out", _CLUMP_LEFT_OUT, _CLUMP_STRANGER)
    expected_mean = float(np.average(expected, weights=weight))
    # so many names' worth of what is expected steadies few names of one's own
    own = upper / (upper + _LEAST_NAMES / 3)
    clumping = max(1.0, own * together + (1.0 - own) * expected_mean)
    aimed = np.bincount(second, weight, len(codes))
    same = float((aimed**2).sum() - (weight**2).sum())
    chance = same / max(float(weight.sum()) ** 2 - float((weight**2).sum()), 1e-9)
    return clumping, max(0.0, chance - 1.0 / gallery_size)
