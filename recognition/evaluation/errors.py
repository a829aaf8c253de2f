"""What keeps figures from being computed. Public surface: ``TooFewComparisons``."""

from recognition.errors import RecognitionError

__all__ = ["TooFewComparisons"]


class TooFewComparisons(RecognitionError, ValueError):
    """Comparisons of a kind are missing, in all or in a fold, so that no rate exists."""

    code = "evaluation.too_few"
