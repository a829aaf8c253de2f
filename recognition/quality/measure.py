"""The measured components of a face's quality, named after ISO/IEC 29794-5 in ``decision.quality``.

Public surface: ``measure``.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from recognition.contracts import Box, Detection, FaceQuality, Picture
from recognition.geometry.pose import EYE_DISTANCE_MM, HeadPose, estimate_pose
from recognition.quality.light import measure_light
from recognition.quality.structure import measure_structure

__all__ = ["measure"]

# From between the eyes to the chin, in mm of the face of ``geometry.pose``: 1.73 times the 61 mm
# from the eyes to the mouth, by the mean face of OpenFace's 68 points (align_dlib.py).
_EYES_TO_CHIN_MM = 1.73 * 61.1
_UNKNOWN_POSE = HeadPose(90.0, 0.0, 0.0, px_per_mm=0.0, error_px=0.0)


def measure(
    picture: Picture, detection: Detection, aligned: Picture, *, scale: float = 1.0
) -> FaceQuality:
    """Measure one face; the meaning of each number is told in ``contracts.FaceQuality``.

    ``detection`` is in pixels of ``picture``; ``aligned`` is its ``(112, 112, 3) uint8`` RGB crop;
    ``scale`` is picture pixels per source pixel, where the decoder shrank the source.
    """
    height_px, width_px = picture.shape[:2]
    grey = np.asarray(cv2.cvtColor(aligned, cv2.COLOR_RGB2GRAY), np.uint8)
    mean, deviation = (float(value[0, 0]) for value in cv2.meanStdDev(grey))
    _, edges = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))
    sharpness = float(edges[0, 0]) ** 2
    brightness, contrast = mean / 255.0, deviation / 255.0
    eye_distance, yaw = _eyes(detection.landmarks)
    visible = _visible_fraction(detection.box, width_px, height_px)
    pose = _pose(detection.landmarks)
    left, right, above, below = _room(detection.landmarks, pose, width_px, height_px)
    light = measure_light(grey)
    eyes_structure, mouth_structure = measure_structure(grey)
    score = min(
        # Each component on its own scale, 0 useless to 1 as good as it gets. The lower ends are
        # the probe floors of recognition.decision or below them. The upper ends are what about
        # nine in ten of LFW's 7,701 press photos pass; 37 px is also about the template's own eye
        # distance (35 px), from where the crop invents no pixel any more.
        _ramp(eye_distance, 6.0, 37.0),
        _ramp(np.log1p(sharpness), np.log1p(5.0), np.log1p(65.0)),
        _ramp(brightness, 0.05, 0.25),
        _ramp(1.0 - brightness, 0.02, 0.15),
        _ramp(contrast, 0.02, 0.12),
        _ramp(1.0 - abs(yaw), 0.0, 0.6),
        _ramp(visible, 0.4, 0.9),
    )
    return FaceQuality(
        eye_distance_px=eye_distance / scale,
        sharpness=sharpness,
        brightness=brightness,
        contrast=contrast,
        yaw=yaw,
        visible_fraction=visible,
        score=score,
        yaw_degrees=pose.yaw_degrees,
        pitch_degrees=pose.pitch_degrees,
        roll_degrees=pose.roll_degrees,
        light_evenness=light.evenness,
        dark_fraction=light.dark_fraction,
        bright_fraction=light.bright_fraction,
        dynamic_range_bits=light.dynamic_range_bits,
        face_height_fraction=detection.box.height / height_px,
        crop_left=left,
        crop_right=right,
        crop_above=above,
        crop_below=below,
        eyes_structure=eyes_structure,
        mouth_structure=mouth_structure,
    )


def _ramp(value: float, low: float, high: float) -> float:
    """0 up to ``low``, 1 from ``high``, straight in between."""
    return float(min(max((value - low) / (high - low), 0.0), 1.0))


def _eyes(landmarks: NDArray[np.float32]) -> tuple[float, float]:
    """Distance between the eyes, and where along them the nose stands: -1 over the left one."""
    (left_x, left_y), (right_x, right_y), (nose_x, nose_y) = landmarks[:3].tolist()
    axis_x, axis_y = right_x - left_x, right_y - left_y
    squared = axis_x * axis_x + axis_y * axis_y
    if squared == 0.0:  # one eye hides the other: as turned as can be
        return 0.0, 1.0
    along = ((nose_x - left_x) * axis_x + (nose_y - left_y) * axis_y) / squared
    return squared**0.5, min(max(2.0 * along - 1.0, -1.0), 1.0)


def _pose(landmarks: NDArray[np.float32]) -> HeadPose:
    try:
        return estimate_pose(landmarks)
    except ValueError:  # points that are no face: nothing to recognise, and no reason to stop
        return _UNKNOWN_POSE


def _room(
    landmarks: NDArray[np.float32], pose: HeadPose, width_px: int, height_px: int
) -> tuple[float, float, float, float]:
    """Ways to the picture's left, right, upper and lower edge, as the standard counts them."""
    if pose.px_per_mm == 0.0:
        return 0.0, 0.0, 0.0, 0.0
    (left_x, left_y), (right_x, right_y) = landmarks[:2].tolist()
    aside, updown = pose.px_per_mm * EYE_DISTANCE_MM, pose.px_per_mm * _EYES_TO_CHIN_MM
    middle_y = (left_y + right_y) / 2
    return (
        min(left_x, right_x) / aside,
        (width_px - max(left_x, right_x)) / aside,
        middle_y / updown,
        (height_px - middle_y) / updown,
    )


def _visible_fraction(box: Box, width_px: int, height_px: int) -> float:
    if box.area <= 0.0:
        return 0.0
    inside_x = min(box.x + box.width, width_px) - max(box.x, 0.0)
    inside_y = min(box.y + box.height, height_px) - max(box.y, 0.0)
    return max(inside_x, 0.0) * max(inside_y, 0.0) / box.area
