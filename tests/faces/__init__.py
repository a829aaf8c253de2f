"""Drawn faces for tests: deterministic, nobody's likeness, and found by the real detectors.

The same identity number is the same person in every pose and light. Public surface below.
"""

from tests.faces.files import jpeg_bytes, write_roster
from tests.faces.head import Pose
from tests.faces.light import Light
from tests.faces.people import BETWEEN_AT_MOST, DISTINCT, WITHIN_AT_LEAST, name_of, photo
from tests.faces.scene import empty_room, render_face, render_scene
from tests.faces.video import portrait_frames, write_mjpeg, write_y4m

__all__ = [
    "BETWEEN_AT_MOST",
    "DISTINCT",
    "WITHIN_AT_LEAST",
    "Light",
    "Pose",
    "empty_room",
    "jpeg_bytes",
    "name_of",
    "photo",
    "portrait_frames",
    "render_face",
    "render_scene",
    "write_mjpeg",
    "write_roster",
    "write_y4m",
]
