"""What can be set on MTCNN, checked when it is made. Public surface: ``MtcnnOptions``."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["WINDOW_PX", "MtcnnOptions"]

WINDOW_PX = 12
"""P-Net's window: no smaller face can be asked for."""


@dataclass(frozen=True, slots=True)
class MtcnnOptions:
    """The published defaults (``detect_face.py``).

    ``min_face_px`` is the smallest face to look for, at least 12. ``min_face_ratio`` replaces it
    by this share of a picture's shorter side, and by 12 px where that is less: the rule of
    ``bulk_detect_face``. ``thresholds`` are the least scores after the three networks, the last
    one is the score that a detection carries. ``factor`` is the step of the pyramid.

    Raises ``ValueError`` for a value out of range.
    """

    min_face_px: int = 20
    min_face_ratio: float | None = None
    thresholds: tuple[float, float, float] = (0.6, 0.7, 0.7)
    factor: float = 0.709

    def __post_init__(self) -> None:
        if self.min_face_px < WINDOW_PX:
            raise ValueError(
                f"min_face_px must be at least {WINDOW_PX}, the networks' window: "
                f"{self.min_face_px}"
            )
        if self.min_face_ratio is not None and not 0.0 < self.min_face_ratio <= 1.0:
            raise ValueError(
                f"min_face_ratio is a share of the shorter side, above 0 and at most 1, got "
                f"{self.min_face_ratio}; None leaves it to min_face_px"
            )
        if [0.0 <= threshold <= 1.0 for threshold in self.thresholds] != [True] * 3:
            raise ValueError(f"thresholds must be three numbers in [0, 1], got {self.thresholds}")
        if not 0.0 < self.factor < 1.0:
            raise ValueError(f"factor must lie between 0 and 1, got {self.factor}")

    def smallest_face_px(self, height_px: int, width_px: int) -> float:
        """The smallest face to look for in a picture of this size."""
        if self.min_face_ratio is None:
            return self.min_face_px
        return max(self.min_face_ratio * min(height_px, width_px), WINDOW_PX)

    def scales(self, height_px: int, width_px: int) -> list[float]:
        """The pyramid: scales at which a face of the smallest size or more fills the window.

        Falling; empty where the picture is smaller than the smallest face.
        """
        scale = WINDOW_PX / self.smallest_face_px(height_px, width_px)
        scales = []
        while min(height_px, width_px) * scale >= WINDOW_PX:
            scales.append(scale)
            scale *= self.factor
        return scales
