"""Drawn faces for tests: deterministic, nobody's likeness, and found by the real detectors.

The same identity number is the same person in every pose and light. Public surface below.
"""

from tests.faces.head import Pose
from tests.faces.light import Light
from tests.faces.scene import empty_room, render_face, render_scene

__all__ = ["Light", "Pose", "empty_room", "render_face", "render_scene"]
