"""A threshold to begin with, before a site has scores of its own: from measured impostor scores.

The measurement is ``bench/threshold_prior.py``; it holds for the default model (SFace, faces by
YuNet, looked at twice) and for scores about a mean only. Public surface: ``threshold_for``,
``estimate_threshold``, ``ThresholdEstimate``, ``verification_threshold`` and the two curves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

__all__ = [
    "DEFAULT_FPIR",
    "IMPOSTOR_CURVE",
    "VERIFICATION_CURVE",
    "ThresholdEstimate",
    "estimate_threshold",
    "threshold_for",
    "verification_threshold",
]

Curve = tuple[tuple[float, float], ...]

DEFAULT_FPIR = 0.01

# False match rate per comparison -> threshold. LFW (deep-funneled, 7,687 photos of 4,269 people,
# 16 doubly named labels left out, twins and look-alikes kept in), probes as the live pipeline makes
# them against the mean of three enrolled photos of 747 people, about these people's mean
# (``index.CentredIndex``): 4,067,048 impostor comparisons, so 40 beyond 1e-5, 12 beyond 3e-6 and 4
# beyond 1e-6. They share people and are not independent: the last two points are uncertain by
# about 0.02. With the model's own mean for a prior one curve serves galleries of all sizes: at 10
# people the threshold for a given FPIR lies 0.008 from where a well-known mean would put it, from
# 30 on 0.003 (bench/ACCURACY.md).
IMPOSTOR_CURVE: Curve = (
    (1e-1, 0.1184),
    (3e-2, 0.1754),
    (1e-2, 0.2182),
    (3e-3, 0.2597),
    (1e-3, 0.2939),
    (3e-4, 0.3289),
    (1e-4, 0.3599),
    (3e-5, 0.3890),
    (1e-5, 0.4111),
    (3e-6, 0.4388),
    (1e-6, 0.4714),
)

# The same for two photos outside any gallery, both made as at enrolment, about the model's own mean:
# 29,533,042 pairs of strangers, 29 of them beyond 1e-6.
VERIFICATION_CURVE: Curve = (
    (1e-1, 0.1675),
    (3e-2, 0.2219),
    (1e-2, 0.2624),
    (3e-3, 0.3010),
    (1e-3, 0.3327),
    (3e-4, 0.3643),
    (1e-4, 0.3918),
    (3e-5, 0.4199),
    (1e-5, 0.4444),
    (3e-6, 0.4716),
    (1e-6, 0.4976),
)


@dataclass(frozen=True, slots=True)
class ThresholdEstimate:
    """A threshold with the rates that it was read off for.

    ``fmr`` is the rate per comparison that the threshold stands for, ``fpir`` the share of
    strangers that would then be named in a gallery of ``gallery_size`` people. Where
    ``is_extrapolated``, the data end before the wish: the threshold is that of the curve's end,
    and ``fmr`` and ``fpir`` are those of this end, not those that were asked for.
    """

    threshold: float
    fmr: float
    fpir: float
    gallery_size: int
    is_extrapolated: bool


def estimate_threshold(gallery_size: int, *, fpir: float = DEFAULT_FPIR) -> ThresholdEstimate:
    """The threshold at which a stranger is named with probability ``fpir`` among so many people.

    A stranger meets everyone enrolled, so FPIR = 1 - (1 - FMR)^N (ISO/IEC 19795-1); the curve is
    read between its points along the logarithm of the FMR. An empty gallery counts as one person.
    Raises ``ValueError`` for a negative size or an ``fpir`` outside (0, 1).
    """
    if gallery_size < 0:
        raise ValueError(f"gallery_size is {gallery_size}; a number of people is needed.")
    if not 0.0 < fpir < 1.0:
        raise ValueError(f"fpir is {fpir}; a share between 0 and 1 is needed.")
    people = max(1, gallery_size)
    wanted = -math.expm1(math.log1p(-fpir) / people)
    highest, lowest = IMPOSTOR_CURVE[0][0], IMPOSTOR_CURVE[-1][0]
    fmr = min(max(wanted, lowest), highest)
    return ThresholdEstimate(
        threshold=_threshold_at(fmr, IMPOSTOR_CURVE),
        fmr=fmr,
        fpir=-math.expm1(people * math.log1p(-fmr)),
        gallery_size=gallery_size,
        is_extrapolated=fmr != wanted,
    )


def threshold_for(gallery_size: int, *, fpir: float = DEFAULT_FPIR) -> float:
    """``estimate_threshold`` for callers that need the number alone."""
    return estimate_threshold(gallery_size, fpir=fpir).threshold


def verification_threshold(fmr: float) -> float:
    """The cosine that this share of pairs of strangers reaches when two photos are compared (1:1).

    Read off ``VERIFICATION_CURVE``, and its end where the data end before the wish. Raises
    ``ValueError`` for a share outside (0, 1).
    """
    if not 0.0 < fmr < 1.0:
        raise ValueError(f"fmr is {fmr}; a share between 0 and 1 is needed.")
    highest, lowest = VERIFICATION_CURVE[0][0], VERIFICATION_CURVE[-1][0]
    return _threshold_at(min(max(fmr, lowest), highest), VERIFICATION_CURVE)


def _threshold_at(fmr: float, curve: Curve) -> float:
    position = math.log10(fmr)
    for (upper, low), (lower, high) in pairwise(curve):
        if fmr >= lower:
            part = (math.log10(upper) - position) / (math.log10(upper) - math.log10(lower))
            return low + part * (high - low)
    return curve[-1][1]
