"""Every quality component with its number, its limit and a verdict, under the standard's names.

Public surface: ``assess`` with ``ComponentVerdict``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from recognition.contracts import FaceQuality
from recognition.decision.quality import QualityFloors

__all__ = ["ComponentVerdict", "assess"]


@dataclass(frozen=True, slots=True)
class ComponentVerdict:
    """One component: ``lowest`` and ``highest`` are good enough, None is no limit.

    ``verdict`` is ``no limit`` where the number is told and nothing is asked of it. ``iso_name``
    is the component of ISO/IEC 29794-5:2025 that it stands for (the names of its reference
    implementation, OFIQ 1.0), empty for our own. The numbers are not OFIQ's 0..100 scores.
    """

    component: str
    value: float
    unit: str
    lowest: float | None
    highest: float | None
    verdict: Literal["good", "poor", "no limit"]
    iso_name: str

    @property
    def limit(self) -> str:
        """The limit in words, empty where there is none."""
        parts = []
        if self.lowest is not None:
            parts.append(f"≥ {self.lowest:g}")
        if self.highest is not None:
            parts.append(f"≤ {self.highest:g}")
        return " and ".join(parts)


@dataclass(frozen=True, slots=True)
class _Component:
    name: str
    unit: str
    iso_name: str
    lowest: Callable[[QualityFloors], float] | None = None
    highest: Callable[[QualityFloors], float] | None = None


# OFIQ counts a crop "downward" by what lies above the eyes, and "upward" by what lies below
# (CropOfTheFaceImage.cpp).
_COMPONENTS = (
    _Component("score", "", "UnifiedQualityScore"),
    _Component("eye_distance_px", "px", "InterEyeDistance", lambda f: f.min_eye_distance_px),
    _Component("face_height_fraction", "of picture", "HeadSize"),
    _Component("visible_fraction", "of box", "", lambda f: f.min_visible_fraction),
    _Component(
        "crop_left", "eye distances", "LeftwardCropOfTheFaceImage", lambda f: f.min_crop_aside
    ),
    _Component(
        "crop_right", "eye distances", "RightwardCropOfTheFaceImage", lambda f: f.min_crop_aside
    ),
    _Component(
        "crop_above", "eyes to chin", "DownwardCropOfTheFaceImage", lambda f: f.min_crop_above
    ),
    _Component(
        "crop_below", "eyes to chin", "UpwardCropOfTheFaceImage", lambda f: f.min_crop_below
    ),
    _Component("sharpness", "grey²", "Sharpness", lambda f: f.min_sharpness),
    _Component(
        "brightness",
        "of white",
        "LuminanceMean",
        lambda f: f.min_brightness,
        lambda f: f.max_brightness,
    ),
    _Component("contrast", "of white", "LuminanceVariance", lambda f: f.min_contrast),
    _Component("dynamic_range_bits", "bit", "DynamicRange"),
    _Component("dark_fraction", "of face", "UnderExposurePrevention"),
    _Component(
        "bright_fraction",
        "of face",
        "OverExposurePrevention",
        highest=lambda f: f.max_bright_fraction,
    ),
    _Component(
        "light_evenness", "of other cheek", "IlluminationUniformity", lambda f: f.min_light_evenness
    ),
    _Component("yaw", "-1..1", "", lambda f: -f.max_abs_yaw, lambda f: f.max_abs_yaw),
    _Component("yaw_degrees", "°", "HeadPoseYaw"),
    _Component(
        "pitch_degrees",
        "°",
        "HeadPosePitch",
        lambda f: -f.max_abs_pitch_degrees,
        lambda f: f.max_abs_pitch_degrees,
    ),
    _Component("roll_degrees", "°", "HeadPoseRoll"),
    _Component("eyes_structure", "of face's", "EyesVisible", lambda f: f.min_eyes_structure),
    _Component(
        "mouth_structure",
        "of face's",
        "MouthOcclusionPrevention",
        lambda f: f.min_mouth_structure,
    ),
)


def assess(quality: FaceQuality, floors: QualityFloors) -> tuple[ComponentVerdict, ...]:
    """Every component of ``quality`` beside its limit in ``floors``.

    The verdicts agree with ``quality_issues``: a face has none exactly when nothing is poor. A
    number that is not one is poor where there is a limit. Of a blurred face, eyes and mouth have
    no verdict, because blur hides them as a mask does.
    """
    is_blurred = not quality.sharpness >= floors.min_sharpness
    return tuple(_judge(component, quality, floors, is_blurred) for component in _COMPONENTS)


def _judge(
    component: _Component, quality: FaceQuality, floors: QualityFloors, is_blurred: bool
) -> ComponentVerdict:
    value = float(getattr(quality, component.name))
    lowest = component.lowest(floors) if component.lowest else None
    highest = component.highest(floors) if component.highest else None
    is_free = lowest is None and highest is None
    verdict: Literal["good", "poor", "no limit"]
    if is_free or (is_blurred and component.name in {"eyes_structure", "mouth_structure"}):
        verdict = "no limit"
    else:
        is_good = (lowest is None or value >= lowest) and (highest is None or value <= highest)
        verdict = "good" if is_good else "poor"
    return ComponentVerdict(
        component.name, value, component.unit, lowest, highest, verdict, component.iso_name
    )
