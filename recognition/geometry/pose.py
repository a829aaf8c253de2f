"""Head pose from five landmarks, and the rigid five-point face that it is fitted with.

Public surface: ``FACE_POINTS_MM``, ``EYE_DISTANCE_MM``, ``HeadPose``, ``estimate_pose``,
``rotation``, ``project_face``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "EYE_DISTANCE_MM",
    "FACE_POINTS_MM",
    "HeadPose",
    "estimate_pose",
    "project_face",
    "rotation",
]

EYE_DISTANCE_MM = 63.0
"""Mean distance of adult pupils; nearly all adults have 50 to 75 mm, five-year-olds from 40.
N. A. Dodgson, "Variation and extrema of human interpupillary distance", Proc. SPIE 5291 (2004)."""

# Eyes, nose tip and mouth corners: x to the right, y down, z away from the camera, nose tip at the
# origin. The one rigid, symmetric shape that best explains YuNet's landmarks on 4,000 LFW photos
# (alternating least squares of pose and shape; median error 1.2 mm a point), with eyes and mouth
# corners at one depth, which fixes what pitch 0 means. The widely used six-point model of OpenCV
# tutorials puts the nose 26 mm before the eyes.
FACE_POINTS_MM: NDArray[np.float64] = np.array(
    [
        [-31.5, -32.2, 27.3],
        [31.5, -32.2, 27.3],
        [0.0, 0.0, 0.0],
        [-26.9, 28.9, 27.3],
        [26.9, 28.9, 27.3],
    ]
)
FACE_POINTS_MM.flags.writeable = False

# As far away as people stand from a door's camera. A face without perspective is then misjudged by
# 0.6 degrees at most, one at 1 m by 1.4, one at 0.5 m by 3 (yaw to 60, pitch to 35 degrees).
_CAMERA_DISTANCE_MM = 1500.0
_CAMERA = np.diag([_CAMERA_DISTANCE_MM, _CAMERA_DISTANCE_MM, 1.0])
_DEGENERATE_PX = 1e-3


@dataclass(frozen=True, slots=True)
class HeadPose:
    """How a head is held, seen by the camera. All zero looks straight into it, upright.

    ``yaw_degrees`` is positive where the nose points to the picture's right, ``pitch_degrees``
    where it points up, ``roll_degrees`` where the head leans clockwise in the picture; the
    rotation is roll after pitch after yaw. ``px_per_mm`` is the size of the face as if it were
    frontal; ``error_px`` the RMS distance of the landmarks from the fitted face.
    """

    yaw_degrees: float
    pitch_degrees: float
    roll_degrees: float
    px_per_mm: float
    error_px: float


def estimate_pose(landmarks: NDArray[Any]) -> HeadPose:
    """Fit the rigid face to ``(5, 2)`` landmarks in pixels, in the order of ``Detection``.

    The best fit by SQPnP (Terzakis and Lourakis, ECCV 2020), as from 1.5 m away through a lens
    pointed at the face. Five points of one average face: expect a few degrees of error, more in
    pitch than in yaw, because noses differ in length. Raises ``ValueError`` for another shape, a
    coordinate that is not finite, or points that are no face.
    """
    points = np.asarray(landmarks, dtype=np.float64)
    if points.shape != (5, 2):
        raise ValueError(f"a face needs landmarks of shape (5, 2), got {points.shape}")
    centred = points - points.mean(axis=0)
    # About the face's size whichever way it is turned; what is left of it, the distance tells.
    size_px = float(np.hypot(*(points[0] + points[1] - points[3] - points[4]))) / 2
    size_px = max(size_px, float(np.hypot(*(points[1] - points[0]))))
    if not math.isfinite(size_px) or size_px < _DEGENERATE_PX:
        raise ValueError("the landmarks are not finite or lie on one point: no pose can be fitted")
    mm_per_px = EYE_DISTANCE_MM / size_px
    found, turn_vector, shift = cv2.solvePnP(
        FACE_POINTS_MM, centred * mm_per_px, _CAMERA, None, flags=cv2.SOLVEPNP_SQPNP
    )
    if not found or shift[2, 0] <= 0.0:
        raise ValueError("no rigid face explains these landmarks: their order may be wrong")
    turn = cv2.Rodrigues(turn_vector)[0]
    placed = FACE_POINTS_MM @ turn.T + shift[:, 0]
    seen = placed[:, :2] * (_CAMERA_DISTANCE_MM / placed[:, 2:])
    squared = float(((seen / mm_per_px - centred) ** 2).sum()) / len(points)
    # The scale is that of the model's own centre of gravity.
    depth = float(placed[:, 2].mean())
    (_, sine, _), (_, cosine, _), (sideways, down, ahead) = turn.tolist()
    return HeadPose(
        yaw_degrees=math.degrees(math.atan2(sideways, ahead)),
        pitch_degrees=-math.degrees(math.asin(min(max(down, -1.0), 1.0))),
        roll_degrees=math.degrees(math.atan2(-sine, cosine)),
        px_per_mm=_CAMERA_DISTANCE_MM / depth / mm_per_px,
        error_px=math.sqrt(squared),
    )


def rotation(
    *, yaw_degrees: float = 0.0, pitch_degrees: float = 0.0, roll_degrees: float = 0.0
) -> NDArray[np.float64]:
    """The ``(3, 3) float64`` rotation of ``HeadPose``'s angles, in the axes of the model."""
    yaw, pitch, roll = (math.radians(a) for a in (yaw_degrees, pitch_degrees, roll_degrees))
    about_y = np.array(
        [[math.cos(yaw), 0, -math.sin(yaw)], [0, 1, 0], [math.sin(yaw), 0, math.cos(yaw)]]
    )
    about_x = np.array(
        [[1, 0, 0], [0, math.cos(pitch), math.sin(pitch)], [0, -math.sin(pitch), math.cos(pitch)]]
    )
    about_z = np.array(
        [[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]]
    )
    turn: NDArray[np.float64] = about_z @ about_x @ about_y
    return turn


def project_face(
    turn: NDArray[np.float64],
    *,
    px_per_mm: float,
    centre: tuple[float, float] = (0.0, 0.0),
    distance_mm: float = math.inf,
) -> NDArray[np.float64]:
    """Where a camera sees the model's five points, ``(5, 2) float64`` px, turned by ``turn``.

    ``centre`` is the nose tip's place; ``distance_mm`` is the camera's distance from the nose
    tip, infinite for a parallel projection.
    """
    placed = FACE_POINTS_MM @ turn.T
    nearness = 1.0 / (1.0 + placed[:, 2:] / distance_mm)
    seen: NDArray[np.float64] = placed[:, :2] * nearness * px_per_mm + np.asarray(centre)
    return seen
