"""How large a face is to the camera: in pixels, as an angle, and how far away it must be.

Public surface: ``measure_size`` with ``FaceSize``, and ``SizeGate``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from recognition.contracts import Detection
from recognition.geometry.pose import EYE_DISTANCE_MM, estimate_pose

__all__ = ["FaceSize", "SizeGate", "measure_size"]


@dataclass(frozen=True, slots=True)
class FaceSize:
    """``angle_degrees`` is what the box's width subtends; ``distance_m`` is for a mean adult.

    The distance is off by what the person's eyes differ from 63 mm: most adults have 50 to 75 mm,
    so it may be a fifth too far or too near; children seem half as far again as they are.
    """

    width_px: float
    angle_degrees: float
    distance_m: float


@dataclass(frozen=True, slots=True)
class SizeGate:
    """Which faces a door looks at: not those far behind, though they may be large in pixels.

    Each limit itself is good enough; the defaults let every face pass.
    """

    min_width_px: float = 0.0
    min_angle_degrees: float = 0.0
    max_distance_m: float = math.inf

    def admits(self, size: FaceSize) -> bool:
        """A size that is not a number is not admitted."""
        return (
            size.width_px >= self.min_width_px
            and size.angle_degrees >= self.min_angle_degrees
            and size.distance_m <= self.max_distance_m
        )


def measure_size(
    detection: Detection, *, picture_width_px: int, horizontal_fov_degrees: float
) -> FaceSize:
    """Measure a face in pixels of a picture that the camera's whole horizontal field fills.

    A pinhole camera without distortion: focal length = half the width over the tangent of half
    the field of view. The distance is along the camera's axis, from the size of the face as if it
    were frontal, so that a turned head does not seem far away. Raises ``ValueError`` for a field
    of view outside 1..179 degrees, an empty picture, or landmarks that are no face.
    """
    if not 1.0 <= horizontal_fov_degrees <= 179.0:
        raise ValueError(
            f"the camera's horizontal field of view is {horizontal_fov_degrees} degrees; 1 to 179 "
            "are possible (a door camera has 60 to 110; its data sheet says)"
        )
    if picture_width_px < 1:
        raise ValueError(f"the picture is {picture_width_px} px wide; at least 1 is needed")
    middle = picture_width_px / 2
    focal_px = middle / math.tan(math.radians(horizontal_fov_degrees) / 2)
    box = detection.box
    right = math.atan((box.x + box.width - middle) / focal_px)
    left = math.atan((box.x - middle) / focal_px)
    eyes_px = estimate_pose(detection.landmarks).px_per_mm * EYE_DISTANCE_MM
    return FaceSize(
        width_px=box.width,
        angle_degrees=math.degrees(right - left),
        distance_m=focal_px * EYE_DISTANCE_MM / eyes_px / 1000.0,
    )
