"""Which measured qualities of a face are too low for a purpose, and how to say so.

Public surface: ``QualityFloors``, ``PROBE_FLOORS``, ``ENROLMENT_FLOORS``, ``quality_issues``,
``describe_issue``.
"""

from __future__ import annotations

from dataclasses import dataclass

from recognition.contracts import FaceQuality, QualityIssue

__all__ = [
    "ENROLMENT_FLOORS",
    "PROBE_FLOORS",
    "QualityFloors",
    "describe_issue",
    "quality_issues",
]


@dataclass(frozen=True, slots=True)
class QualityFloors:
    """The worst that is still good enough; each limit itself is good enough.

    Units are those of ``contracts.FaceQuality``: pixels, grey levels squared, and parts of one.
    """

    min_eye_distance_px: float
    min_sharpness: float
    min_brightness: float
    max_brightness: float
    min_contrast: float
    max_abs_yaw: float
    min_visible_fraction: float


# Where the default model stops naming the right person (bench/threshold_prior.py, 48 people, 144
# photos made worse, share still named right at the threshold for FPIR 1 %): blur to sharpness 4.2
# 97 %, 3.0 73 %, 2.5 28 %; eyes 8 px apart 97 %, 6 px 87 %; brightness 0.053 99 %, 0.025 83 %;
# overexposed to 0.90 17 %; contrast 0.024 63 %. They were taken for others no more often than good
# ones (2.5 of 10,000 comparisons), except at a contrast of 0.012 (14): that floor guards against
# false names, the others save effort and alarms. A nose beyond an eye (yaw 1, where the measure
# ends) still gave 86 % among 1,480 people: no floor.
PROBE_FLOORS = QualityFloors(
    min_eye_distance_px=8.0,
    min_sharpness=2.8,
    min_brightness=0.03,
    max_brightness=0.92,
    min_contrast=0.02,
    max_abs_yaw=1.0,
    min_visible_fraction=0.5,
)

# A template is compared for years, so it must be like the best probes. These refuse 1.7 % of the
# main faces of 7,701 press photos, nearly all for pose, and every one that was blurred by 3 px of
# the aligned 112 (sharpness below 7); the darkest and brightest 1 % lie at 0.26 and 0.66.
ENROLMENT_FLOORS = QualityFloors(
    min_eye_distance_px=24.0,
    min_sharpness=12.0,
    min_brightness=0.15,
    max_brightness=0.80,
    min_contrast=0.06,
    max_abs_yaw=0.8,
    min_visible_fraction=0.8,
)


def quality_issues(quality: FaceQuality, floors: QualityFloors) -> tuple[QualityIssue, ...]:
    """Everything that is too low, the worst hindrance first; empty means good enough.

    A measurement that is not a number fails its floor.
    """
    is_good: dict[QualityIssue, bool] = {
        "too_small": quality.eye_distance_px >= floors.min_eye_distance_px,
        "cut_off": quality.visible_fraction >= floors.min_visible_fraction,
        "too_dark": quality.brightness >= floors.min_brightness,
        "too_bright": quality.brightness <= floors.max_brightness,
        "low_contrast": quality.contrast >= floors.min_contrast,
        "blurred": quality.sharpness >= floors.min_sharpness,
        "turned_away": abs(quality.yaw) <= floors.max_abs_yaw,
    }
    return tuple(issue for issue, good in is_good.items() if not good)


def describe_issue(issue: QualityIssue, quality: FaceQuality, floors: QualityFloors) -> str:
    """Say what was measured, what is needed, and what to do about it."""
    texts: dict[QualityIssue, str] = {
        "too_small": (
            f"The face is too small: {quality.eye_distance_px:.0f} px between the eyes, at least "
            f"{floors.min_eye_distance_px:.0f} px are needed. Come closer or use a larger photo."
        ),
        "blurred": (
            f"The face is blurred: sharpness {quality.sharpness:.0f}, at least "
            f"{floors.min_sharpness:.0f} is needed. Hold still, focus, or use another photo."
        ),
        "too_dark": (
            f"The face is too dark: brightness {quality.brightness:.0%}, at least "
            f"{floors.min_brightness:.0%} is needed. Turn towards a light."
        ),
        "too_bright": (
            f"The face is too bright: brightness {quality.brightness:.0%}, at most "
            f"{floors.max_brightness:.0%} is allowed. Avoid direct light or flash."
        ),
        "low_contrast": (
            f"The face has too little contrast: {quality.contrast:.1%}, at least "
            f"{floors.min_contrast:.1%} is needed. Use even, brighter light and a clean lens."
        ),
        "turned_away": (
            f"The face is turned away: {abs(quality.yaw):.0%} of a full turn, at most "
            f"{floors.max_abs_yaw:.0%} is allowed. Look straight at the camera."
        ),
        "cut_off": (
            f"The face is cut off: {quality.visible_fraction:.0%} of it is in the picture, at "
            f"least {floors.min_visible_fraction:.0%} is needed. Move into the middle."
        ),
    }
    return texts[issue]
