"""A cast for end-to-end tests: made people whom the default embedder tells apart, and photos.

Public surface: ``DISTINCT``, ``WITHIN_AT_LEAST``, ``BETWEEN_AT_MOST``, ``name_of``, ``photo``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.faces.head import Pose
from tests.faces.light import Light
from tests.faces.scene import render_face

__all__ = ["BETWEEN_AT_MOST", "DISTINCT", "WITHIN_AT_LEAST", "name_of", "photo"]

# Chosen among 110 identities as a set in which no two look alike to SFace; the bounds leave room
# around what was measured on three photos each with MTCNN alignment and flip-sum: 0.93 and 0.47.
DISTINCT = (30, 44, 45, 57, 75, 80, 82, 88, 90, 101)
WITHIN_AT_LEAST = 0.90
BETWEEN_AT_MOST = 0.50

_NAMES = {
    30: "Ada Brink", 44: "Ben Okoro", 45: "Cora Lindt", 57: "Dan Iwata", 75: "Elif Sand",
    80: "Finn Moreau", 82: "Gus Hale", 88: "Hana Reyes", 90: "Ivo Petrov", 101: "June Adeyemi",
}  # fmt: skip

_LIGHTS = (Light(), Light(azimuth=30), Light(azimuth=-50, strength=0.7, warmth=0.6))
_POSES = (Pose(), Pose(yaw=12, pitch=3, roll=4), Pose(yaw=-10, pitch=-4, roll=-6))


def name_of(identity: int) -> str:
    """A name for the person; made up like the face."""
    return _NAMES.get(identity, f"Person {identity:03d}")


def photo(
    identity: int,
    number: int = 0,
    *,
    size_px: tuple[int, int] = (640, 480),
    face_fraction: float | None = None,
) -> NDArray[np.uint8]:
    """The person's n-th photo: number 0 is frontal; pose, light and place of the wall vary."""
    turn = number % len(_POSES)
    again = number // len(_POSES)  # later rounds repeat the poses a little less turned
    pose = _POSES[turn]
    ease = 1 - 0.25 * min(again, 3)
    default_fraction = (0.55, 0.55, 0.45)[turn]
    return render_face(
        identity,
        pose=Pose(pose.yaw * ease, pose.pitch * ease, pose.roll * ease),
        light=_LIGHTS[turn],
        seed=number,
        size_px=size_px,
        face_fraction=default_fraction if face_fraction is None else face_fraction,
    )
