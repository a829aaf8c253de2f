"""Galleries whose scores are drawn, so that every rate is known, and trials of a promise.

Part of ``bench.calibration``. Public surface: the names in ``__all__``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from recognition.calibration import (
    SHIPPED_PRIOR,
    Calibration,
    Evidence,
    FpirEstimate,
    ModelPrior,
    StrangerSearches,
    Wish,
    calibrate,
    grown,
)
from recognition.decision import DecisionPolicy
from recognition.evaluation.bootstrap import draw_people

__all__ = [
    "FPIR",
    "HEADER",
    "POLICY",
    "SIZES",
    "Trial",
    "fitted",
    "made_evidence",
    "made_galleries",
    "report",
]

FPIR = 0.01
SIZES = (50, 500, 1500)
POLICY = DecisionPolicy(threshold=0.5)  # its threshold is replaced
# Comparisons of made strangers: about as SFace's, in cosine.
MADE_MEAN, MADE_SPREAD = 0.0, 0.093
MADE_STRANGERS = 1000
LEFT_OUT_SIZES = (150, 500, 1500)  # of 50 left out, 1 % is refused

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Trial:
    """One split: what was promised, and what was counted then, in as many searches."""

    estimate: FpirEstimate
    counted: float
    searches: int
    truth: float | None = None

    def is_inside(self) -> tuple[bool, bool]:
        """Whether the count lies in the interval for so many searches, and in that of the rate."""
        promised = self.estimate.predicted(self.searches)
        plain = self.estimate.interval
        value = self.counted if self.truth is None else self.truth
        return (
            promised.low - 1e-12 <= self.counted <= promised.high + 1e-12,
            plain.low <= value <= plain.high,
        )


HEADER = (
    "| enrolled | threshold | counted FPIR | **inside the promise** | its mean width | inside the "
    "rate's own interval | its mean |\n|---|---|---|---|---|---|---|"
)


def report(label: str, trials: list[Trial]) -> None:
    inside = np.array([trial.is_inside() for trial in trials])
    promised = [trial.estimate.predicted(trial.searches) for trial in trials]
    width = np.mean([each.high - each.low for each in promised])
    low, high = (
        np.mean([getattr(trial.estimate.interval, end) for trial in trials])
        for end in ("low", "high")
    )
    thresholds = [trial.estimate.threshold for trial in trials]
    print(
        f"| {label} | {np.mean(thresholds):.3f} ± {np.std(thresholds):.3f} | "
        f"{np.mean([trial.counted for trial in trials]):.2%} | **{inside[:, 0].sum()} of "
        f"{len(trials)}** | {width:.2%} | {inside[:, 1].sum()} of {len(trials)} | {low:.2%} to "
        f"{high:.2%} |",
        flush=True,
    )


def made_galleries(splits: int) -> None:
    """Scores of strangers are drawn, so that every rate is known exactly.

    "alike": all comparisons from one normal distribution. "lambs": each enrolled person draws
    strangers more or less (normal, a quarter of the spread's square). "wrong prior": the model's
    curve is 0.04 too low, which is ten times too few impostors.
    """
    print(f"\n## Made galleries, {MADE_STRANGERS} strangers and leave-one-out\n\n{HEADER}")
    for name, lambs, error in (
        ("alike", 0.0, 0.0),
        ("lambs", 0.5, 0.0),
        ("wrong prior", 0.0, -0.04),
    ):
        for size in SIZES:
            random = np.random.default_rng(size)
            prior = made_prior(error)
            found = [made_trial(random, size, lambs, prior) for _ in range(splits)]
            report(f"{size}, {name}", found)
    print("\nLeave-one-out alone, beside the usual percentile bootstrap by person:\n")
    for size in LEFT_OUT_SIZES:
        random = np.random.default_rng(size + 1)
        held = np.array([made_left_out(random, size) for _ in range(splits)]).sum(axis=0)
        print(f"{size} enrolled: the truth in our interval {held[0]}, in the bootstrap's {held[1]}")


def made_prior(error: float) -> ModelPrior:
    rates = 10.0 ** -np.arange(1.0, 6.5, 0.5)
    curve = tuple((float(rate), normal_quantile(1 - rate) + error) for rate in rates)
    return ModelPrior("made", "made scores", curve, SHIPPED_PRIOR.searches)


def normal_quantile(share: float) -> float:
    return NormalDist(MADE_MEAN, MADE_SPREAD).inv_cdf(share)


def made_scores(
    random: np.random.Generator, searches: int, lean: Floats, spread: float
) -> tuple[Floats, Rows]:
    """The best score of each search, and whose: normal comparisons leaning by person."""
    best, whose = np.empty(searches), np.empty(searches, np.int64)
    for start in range(0, searches, 250):
        part = slice(start, min(start + 250, searches))
        scores = random.normal(MADE_MEAN, spread, (part.stop - start, len(lean))) + lean
        whose[part] = scores.argmax(axis=1)
        best[part] = scores.max(axis=1)
    return best.clip(-1, 1), whose


def made_evidence(
    random: np.random.Generator, size: int, lambs: float
) -> tuple[StrangerSearches, Callable[[], Floats]]:
    """Searches by strangers and by everybody left out, whose likeness is mutual; and strangers'
    scores against another gallery of this kind."""
    own = MADE_SPREAD * math.sqrt(1 - lambs**2)
    lean = random.normal(0, MADE_SPREAD * lambs, size)
    best, whose = made_scores(random, MADE_STRANGERS, lean, own)
    strangers = StrangerSearches.of(
        best,
        person_ids=[f"s{n}" for n in range(len(best))],
        nearest_ids=[f"p{n}" for n in whose],
        gallery_size=size,
    )
    pairs = np.triu(random.normal(MADE_MEAN, own, (size, size)), 1)
    pairs += pairs.T + lean
    np.fill_diagonal(pairs, -1)
    left_out = StrangerSearches.of(
        pairs.max(axis=1).clip(-1, 1),
        person_ids=[f"p{n}" for n in range(size)],
        nearest_ids=[f"p{n}" for n in pairs.argmax(axis=1)],
        gallery_size=max(1, size - 1),
        source="leave_one_out",
    )

    def another() -> Floats:
        lean = random.normal(0, MADE_SPREAD * lambs, size)
        return made_scores(random, MADE_STRANGERS, lean, own)[0]

    return strangers.joined(left_out), another


def made_truth(threshold: float, size: int) -> float:
    """Comparisons of two made people chosen at random are normal whatever the lambs."""
    return grown(1 - NormalDist(MADE_MEAN, MADE_SPREAD).cdf(threshold), factor=size)


def made_trial(random: np.random.Generator, size: int, lambs: float, prior: ModelPrior) -> Trial:
    searches, another = made_evidence(random, size, lambs)
    found = fitted(searches, size, prior)
    fresh = another()
    counted = float((fresh >= found.threshold).mean())
    return Trial(found, counted, len(fresh), made_truth(found.threshold, size))


def made_left_out(random: np.random.Generator, size: int) -> tuple[bool, bool]:
    """Whether the interval of the FPIR at the threshold found holds the truth: ours, bootstrap's."""
    searches = made_evidence(random, size, 0.0)[0]
    searches = searches.only(searches.sources == "leave_one_out")
    found = fitted(searches, size, made_prior(0.0))
    truth = made_truth(found.threshold, size)
    hits = searches.scores >= found.threshold
    drawn = draw_people(len(hits), replicates=1000, seed=int(random.integers(2**31)))
    low, high = np.quantile(drawn @ hits / len(hits), [0.025, 0.975])
    return found.interval.low <= truth <= found.interval.high, bool(low <= truth <= high)


def fitted(searches: StrangerSearches, size: int, prior: ModelPrior | None) -> FpirEstimate:
    evidence = Evidence.of_searches(gallery_size=size, strangers=searches)
    found = calibrate(evidence, wish=Wish(FPIR), policy=POLICY, prior=prior)
    if not isinstance(found, Calibration):
        raise SystemExit(f"no threshold: {found}")
    return found.fpir
