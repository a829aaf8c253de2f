"""Measuring how fit a face is for recognition; the judging is ``recognition.decision``'s."""

from recognition.quality.measure import measure

__all__ = ["measure"]
