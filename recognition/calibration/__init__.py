"""The match threshold in terms of what a site can bear, from evidence whose answers are known.

Numbers in, numbers out: numpy alone, no pictures, no networks, no clock. ``docs/calibration.md``
explains the method, ``bench/calibration.py`` proves it. Public surface: the names in ``__all__``.
"""

from recognition.calibration.beta import upper_bound
from recognition.calibration.ceilings import (
    Ceilings,
    ConfusablePair,
    Nearest,
    ceilings,
    confusable_bar,
    confusable_pairs,
)
from recognition.calibration.curves import (
    DetPoint,
    GrowthPoint,
    SizePoint,
    default_sizes,
    det_curve,
    fpir_by_size,
    grown,
    growth,
)
from recognition.calibration.drift import Drift, detect_drift
from recognition.calibration.errors import EvidenceRejected
from recognition.calibration.evidence import (
    Evidence,
    EvidenceCounts,
    MatedSearches,
    MatedSource,
    StrangerSearches,
    StrangerSource,
)
from recognition.calibration.gallery import (
    Gallery,
    Labelled,
    build_evidence,
    leave_one_out,
    search_enrolled,
    search_strangers,
)
from recognition.calibration.histogram import Histogram
from recognition.calibration.missed import (
    CAMERA_PEOPLE,
    CameraRate,
    LowMargin,
    MissRate,
    Rate,
    camera_rates,
    low_margin,
    miss_rate,
)
from recognition.calibration.prior import SHIPPED_PRIOR, ModelPrior
from recognition.calibration.replay import (
    Change,
    Replayed,
    ReplaySummary,
    StoredDecision,
    replay,
    summarise,
)
from recognition.calibration.seed_rules import RuleName, SeedRule, seed_rules
from recognition.calibration.tail import FpirEstimate
from recognition.calibration.threshold import (
    Calibration,
    Claim,
    InsufficientEvidence,
    PriorThreshold,
    Rates,
    calibrate,
    rates_at,
)
from recognition.calibration.wish import Wish
from recognition.evaluation.bootstrap import Interval

__all__ = [
    "CAMERA_PEOPLE",
    "SHIPPED_PRIOR",
    "Calibration",
    "CameraRate",
    "Ceilings",
    "Change",
    "Claim",
    "ConfusablePair",
    "DetPoint",
    "Drift",
    "Evidence",
    "EvidenceCounts",
    "EvidenceRejected",
    "FpirEstimate",
    "Gallery",
    "GrowthPoint",
    "Histogram",
    "InsufficientEvidence",
    "Interval",
    "Labelled",
    "LowMargin",
    "MatedSearches",
    "MatedSource",
    "MissRate",
    "ModelPrior",
    "Nearest",
    "PriorThreshold",
    "Rate",
    "Rates",
    "ReplaySummary",
    "Replayed",
    "RuleName",
    "SeedRule",
    "SizePoint",
    "StoredDecision",
    "StrangerSearches",
    "StrangerSource",
    "Wish",
    "build_evidence",
    "calibrate",
    "camera_rates",
    "ceilings",
    "confusable_bar",
    "confusable_pairs",
    "default_sizes",
    "det_curve",
    "detect_drift",
    "fpir_by_size",
    "grown",
    "growth",
    "leave_one_out",
    "low_margin",
    "miss_rate",
    "rates_at",
    "replay",
    "search_enrolled",
    "search_strangers",
    "seed_rules",
    "summarise",
    "upper_bound",
]
