"""How a camera is at present, and what it yielded hour by hour."""

from __future__ import annotations

from typing import Final

from django.db import models

__all__ = ["CameraHealth", "CameraHour"]


class CameraHealth(models.Model):
    """One row a camera, written every few seconds by whoever takes its pictures in."""

    class State(models.TextChoices):
        CONNECTING = "connecting", "Connecting"
        ONLINE = "online", "Online"
        OFFLINE = "offline", "Offline"
        # The address or the credentials are no good: trying again will not help.
        REFUSED = "refused", "Refused"
        RESTING = "resting", "Outside its hours"

    camera = models.OneToOneField(
        "cameras.Camera", primary_key=True, on_delete=models.CASCADE, related_name="status"
    )
    state = models.CharField(max_length=10, choices=State, default=State.CONNECTING)
    state_since = models.DateTimeField()
    # What went wrong last, in words, without any address.
    detail = models.CharField(max_length=300, blank=True)
    last_frame_at = models.DateTimeField(null=True, blank=True)
    fps = models.FloatField(default=0.0)
    latency_ms = models.FloatField(null=True, blank=True)
    # By how much the camera's own clock is ahead of ours; None where it tells no time.
    skew_ms = models.FloatField(null=True, blank=True)
    width_px = models.PositiveIntegerField(default=0)
    height_px = models.PositiveIntegerField(default=0)
    decode_errors = models.PositiveIntegerField(default=0)
    reconnects = models.PositiveIntegerField(default=0)
    # Every visit that began before this instant is in the database: monotone, never in the future.
    complete_until = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.camera_id}: {self.state}"


class CameraHour(models.Model):
    """One camera's yield in one hour (UTC): people → faces → usable → recognised."""

    # What is counted of the pictures, as ``CameraYield`` names it too.
    COUNTS: Final = (
        "frames",
        "faces",
        "usable_faces",
        "visits",
        "usable_visits",
        "recognised_visits",
        "uncertain_visits",
        "stranger_visits",
    )

    camera = models.ForeignKey("cameras.Camera", on_delete=models.CASCADE, related_name="hours")
    hour = models.DateTimeField()
    frames = models.PositiveIntegerField(default=0)
    faces = models.PositiveIntegerField(default=0)
    usable_faces = models.PositiveIntegerField(default=0)
    visits = models.PositiveIntegerField(default=0)
    usable_visits = models.PositiveIntegerField(default=0)
    recognised_visits = models.PositiveIntegerField(default=0)
    uncertain_visits = models.PositiveIntegerField(default=0)
    stranger_visits = models.PositiveIntegerField(default=0)
    # Why faces were lost, {reason code: faces}, and why people got no name, {reason code: visits}.
    losses = models.JSONField(default=dict)
    online_s = models.PositiveIntegerField(default=0)
    decode_errors = models.PositiveIntegerField(default=0)
    reconnects = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-hour",)
        constraints = [
            models.UniqueConstraint(fields=["camera", "hour"], name="one_row_a_camera_and_hour")
        ]

    def __str__(self) -> str:
        return f"{self.camera_id} at {self.hour:%Y-%m-%d %H}h"
