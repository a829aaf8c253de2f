"""What the portal knows of its cameras: their settings, how they are, and what they yield."""

from portal.cameras.models.camera import Camera
from portal.cameras.models.health import CameraHealth, CameraHour

__all__ = ["Camera", "CameraHealth", "CameraHour"]
