"""What a stream hands to the visits: a picture that was looked at. Public surface: ``SeenFrame``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.cameras.contracts import CameraSettings
from recognition.contracts import ImageAnalysis, Picture

__all__ = ["SeenFrame"]


@dataclass(frozen=True, slots=True, eq=False)
class SeenFrame:
    """One camera's frame with its faces.

    ``picture`` is the frame itself, kept with a decision where it is there. ``captured_at`` is the
    wall clock's time (UTC) that the visit is written under, ``at_s`` a clock that never goes back,
    in seconds: by it faces are followed.
    """

    camera: CameraSettings
    analysis: ImageAnalysis
    picture: Picture | None
    captured_at: datetime
    at_s: float
