"""What keeps a calibration from being made. Public surface: ``EvidenceRejected``."""

from recognition.errors import RecognitionError

__all__ = ["EvidenceRejected"]


class EvidenceRejected(RecognitionError, ValueError):
    """Scores, people or wishes that contradict each other, or that no rule can follow."""

    code = "calibration.evidence"
