"""Where the rule applies: the site-wide threshold, and what each camera makes of it.

Public surface: ``where_it_applies`` with ``Where``, ``CameraThreshold``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portal.calibration.selectors.history import History, history
from portal.cameras.models import Camera
from portal.cameras.selectors import visible_cameras
from portal.engines.models import DecisionRule

__all__ = ["CameraThreshold", "Where", "where_it_applies"]

# As ``workers.visits.rules`` bounds it.
_HIGHEST = 0.99


@dataclass(frozen=True, slots=True)
class CameraThreshold:
    camera: Camera
    threshold: float

    @property
    def offset(self) -> float:
        return self.camera.threshold_offset

    @property
    def words(self) -> str:
        """ "0.03 stricter"; empty where the camera does as all do."""
        if not self.offset:
            return ""
        return f"{abs(self.offset):.2f} {'stricter' if self.offset > 0 else 'more lenient'}"


@dataclass(frozen=True, slots=True)
class Where:
    history: History
    rows: Sequence[CameraThreshold]

    @property
    def rule(self) -> DecisionRule | None:
        return self.history.in_force


def where_it_applies() -> Where:
    """The cameras that the actor may see, by site and name."""
    found = history()
    cameras = visible_cameras().order_by("site__name", "name")
    return Where(
        found,
        [
            CameraThreshold(
                camera,
                min(max(found.threshold + camera.threshold_offset, -_HIGHEST), _HIGHEST),
            )
            for camera in cameras
        ],
    )
