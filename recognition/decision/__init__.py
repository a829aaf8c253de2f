"""What a score means: quality floors, thresholds and the open-set rules. Needs no network.

Public surface: ``decide`` with ``DecisionPolicy``, ``threshold_for`` a gallery's size,
``quality_issues`` with its floors, and ``main_face_order``.
"""

from recognition.decision.components import ComponentVerdict, assess
from recognition.decision.policy import DecisionPolicy
from recognition.decision.prior import ThresholdEstimate, estimate_threshold, threshold_for
from recognition.decision.quality import (
    ENROLMENT_FLOORS,
    PROBE_FLOORS,
    QualityFloors,
    describe_issue,
    quality_issues,
)
from recognition.decision.rules import REASON_TEXT, ReasonCode, decide
from recognition.decision.selection import main_face_order

__all__ = [
    "ENROLMENT_FLOORS",
    "PROBE_FLOORS",
    "REASON_TEXT",
    "ComponentVerdict",
    "DecisionPolicy",
    "QualityFloors",
    "ReasonCode",
    "ThresholdEstimate",
    "assess",
    "decide",
    "describe_issue",
    "estimate_threshold",
    "main_face_order",
    "quality_issues",
    "threshold_for",
]
