"""A threshold to begin with, before a site has scores of its own: from measured impostor scores.

The measurement is ``bench/threshold_prior.py``; it holds for the default model (SFace, faces by
YuNet, sum of the picture and its mirror image) only. Public surface: ``threshold_for``,
``estimate_threshold``, ``ThresholdEstimate``, ``IMPOSTOR_CURVE``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

__all__ = [
    "DEFAULT_FPIR",
    "IMPOSTOR_CURVE",
    "ThresholdEstimate",
    "estimate_threshold",
    "threshold_for",
]

DEFAULT_FPIR = 0.01

# False match rate per comparison -> threshold. LFW (deep-funneled, 7,687 photos of 4,269 people,
# 16 doubly named labels left out, twins and look-alikes kept in), probes against the mean of three
# photos of 747 people: 4,067,048 impostor comparisons, so 40 beyond 1e-5, 12 beyond 3e-6 and 4
# beyond 1e-6. They share people and are not independent: the last two points are uncertain by
# about 0.02. One photo against one (29,533,042 pairs, 29 beyond 1e-6) gives thresholds lower by
# 0.01 to 0.02 everywhere; the stricter curve is shipped.
IMPOSTOR_CURVE: tuple[tuple[float, float], ...] = (
    (1e-1, 0.2114),
    (3e-2, 0.2644),
    (1e-2, 0.3041),
    (3e-3, 0.3414),
    (1e-3, 0.3726),
    (3e-4, 0.4043),
    (1e-4, 0.4319),
    (3e-5, 0.4596),
    (1e-5, 0.4815),
    (3e-6, 0.5108),
    (1e-6, 0.5216),
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
        threshold=_threshold_at(fmr),
        fmr=fmr,
        fpir=-math.expm1(people * math.log1p(-fmr)),
        gallery_size=gallery_size,
        is_extrapolated=fmr != wanted,
    )


def threshold_for(gallery_size: int, *, fpir: float = DEFAULT_FPIR) -> float:
    """``estimate_threshold`` for callers that need the number alone."""
    return estimate_threshold(gallery_size, fpir=fpir).threshold


def _threshold_at(fmr: float) -> float:
    position = math.log10(fmr)
    for (upper, low), (lower, high) in pairwise(IMPOSTOR_CURVE):
        if fmr >= lower:
            part = (math.log10(upper) - position) / (math.log10(upper) - math.log10(lower))
            return low + part * (high - low)
    return IMPOSTOR_CURVE[-1][1]
