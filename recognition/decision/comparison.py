"""Comparing 1:1, 1:N and N:N, and the two settings in which it is done.

N:N beyond a matrix is ``index.all_pairs_above``. Public surface: ``PROFILES`` with
``ComparisonProfile``, ``verify`` with ``Verification``, ``identify``, ``cosine_matrix``,
``distance_matrix``, ``false_match_rate`` with ``FalseMatchRate``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recognition.contracts import (
    Decision,
    FaceQuality,
    QualityIssue,
    VectorIndex,
    Vectors,
)
from recognition.decision.policy import DecisionPolicy
from recognition.decision.prior import (
    IMPOSTOR_CURVE,
    Curve,
    threshold_for,
    verification_threshold,
)
from recognition.decision.quality import (
    ENROLMENT_FLOORS,
    PROBE_FLOORS,
    QualityFloors,
    quality_issues,
)
from recognition.decision.rules import decide

__all__ = [
    "PROFILES",
    "ComparisonProfile",
    "FalseMatchRate",
    "ProfileName",
    "Verification",
    "cosine_matrix",
    "distance_matrix",
    "false_match_rate",
    "identify",
    "verify",
]

ProfileName = Literal["cooperative", "non-cooperative"]
Verdict = Literal["same", "different", "poor"]


@dataclass(frozen=True, slots=True)
class ComparisonProfile:
    """Quality floors and error rates of a setting, from which its thresholds follow.

    ``fmr`` is the share of two strangers called the same in a 1:1 comparison, ``fpir`` the share
    of strangers named in a 1:N search.
    """

    name: ProfileName
    enrolment_floors: QualityFloors
    probe_floors: QualityFloors
    fmr: float
    fpir: float

    def verification_threshold(self) -> float:
        """The cosine at which two pictures show the same person."""
        return verification_threshold(self.fmr)

    def identification_threshold(self, gallery_size: int) -> float:
        """The cosine at which a face is named among so many people."""
        return threshold_for(gallery_size, fpir=self.fpir)


# Cooperative: the person wants to be recognised, stands still and may be asked to try again, so a
# probe must be as good as an enrolment photo, and 1 in 10,000 is FIDO's limit for a false match
# (Biometric Component Certification, FAR). Non-cooperative: a camera sees whoever passes and
# nobody can be asked, so poorer faces are taken, and because strangers come in numbers, their
# share that may be taken for somebody is lower. LFW, at these thresholds: of its 3,000 pairs of one
# person 98.0 and 96.4 % are called the same, none of the strangers; among 374 people with three
# photos 99.4 % are named right with either, and 0.7 and 0.1 % of strangers named.
PROFILES: Mapping[ProfileName, ComparisonProfile] = {
    "cooperative": ComparisonProfile(
        "cooperative", ENROLMENT_FLOORS, ENROLMENT_FLOORS, fmr=1e-4, fpir=0.01
    ),
    "non-cooperative": ComparisonProfile(
        "non-cooperative", ENROLMENT_FLOORS, PROBE_FLOORS, fmr=1e-5, fpir=0.003
    ),
}


@dataclass(frozen=True, slots=True)
class FalseMatchRate:
    """A rate per comparison; where the measured curve has ended, only a bound of it."""

    value: float
    bound: Literal["is", "at_least", "at_most"]

    def __str__(self) -> str:
        sign = {"is": "", "at_least": "at least ", "at_most": "at most "}[self.bound]
        return f"{sign}{self.value:.1e}"


def false_match_rate(threshold: float, *, curve: Curve = IMPOSTOR_CURVE) -> FalseMatchRate:
    """How many comparisons of strangers reach this cosine: ``prior.threshold_for`` backwards.

    ``curve`` is ``prior.VERIFICATION_CURVE`` for two photos compared outside any gallery.
    Holds for the default model only, like the curve. Raises ``ValueError`` for NaN.
    """
    if math.isnan(threshold):
        raise ValueError("threshold is NaN; a cosine is needed.")
    if threshold <= curve[0][1]:
        exact = threshold == curve[0][1]
        return FalseMatchRate(curve[0][0], "is" if exact else "at_least")
    for (upper, low), (lower, high) in pairwise(curve):
        if threshold <= high:
            part = (threshold - low) / (high - low)
            exponent = math.log10(upper) + part * (math.log10(lower) - math.log10(upper))
            return FalseMatchRate(10.0**exponent, "is")
    return FalseMatchRate(curve[-1][0], "at_most")


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of a 1:1 comparison. ``distance`` is the Euclidean one of the unit vectors, in
    [0, 2]; ``issues`` says why a face was too poor, and is empty otherwise."""

    verdict: Verdict
    cosine: float
    distance: float
    threshold: float
    issues: tuple[QualityIssue, ...] = ()


def verify(
    cosine: float,
    *,
    qualities: Sequence[FaceQuality],
    profile: ComparisonProfile,
    threshold: float | None = None,
) -> Verification:
    """Judge two faces by their cosine similarity and by the quality of both.

    ``threshold`` None means the profile's own. A face below the profile's probe floors makes the
    verdict ``poor``, however similar. Raises ``ValueError`` for a cosine that is not finite.
    """
    if not math.isfinite(cosine):
        raise ValueError(f"The cosine is {cosine}; a finite number is needed.")
    limit = profile.verification_threshold() if threshold is None else threshold
    issues = tuple(
        dict.fromkeys(
            issue
            for quality in qualities
            for issue in quality_issues(quality, profile.probe_floors)
        )
    )
    verdict: Verdict = "poor" if issues else "same" if cosine >= limit else "different"
    distance = math.sqrt(max(0.0, 2.0 - 2.0 * cosine))
    return Verification(verdict, cosine, distance, limit, issues)


def identify(
    index: VectorIndex,
    vectors: Vectors,
    *,
    qualities: Sequence[FaceQuality],
    policy: DecisionPolicy,
    top_k: int = 5,
) -> list[Decision]:
    """Decide about each ``(D,) float32`` unit row of ``vectors`` among everyone in ``index`` (1:N).

    An id of the index is a person; ``index.PersonGallery`` is one for several photos each. Raises
    ``ValueError`` where ``qualities`` are not as many as ``vectors``, and what ``index.search``
    raises.
    """
    if len(qualities) != len(vectors):
        raise ValueError(
            f"{len(qualities)} qualities came with {len(vectors)} vectors. Send one for each."
        )
    # two people at least, or nobody could know the margin
    found = index.search(vectors, k=max(2, top_k))
    return [
        decide(candidates, quality=quality, policy=policy, top_k=top_k)
        for candidates, quality in zip(found, qualities, strict=True)
    ]


def cosine_matrix(vectors: Vectors) -> NDArray[np.float64]:
    """``(N, D)`` unit rows in, ``(N, N)`` out: exactly symmetric, ones on the diagonal."""
    rows = vectors.astype(np.float64)
    product = rows @ rows.T
    cosines: NDArray[np.float64] = np.clip((product + product.T) / 2.0, -1.0, 1.0)
    np.fill_diagonal(cosines, 1.0)
    return cosines


def distance_matrix(vectors: Vectors) -> NDArray[np.float64]:
    """Euclidean distances, ``(N, N)`` in [0, 2]: exactly symmetric, zeros on the diagonal."""
    distances: NDArray[np.float64] = np.sqrt(2.0 - 2.0 * cosine_matrix(vectors))
    return distances
