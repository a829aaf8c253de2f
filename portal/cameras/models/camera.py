"""A source of pictures: one that sends them, a browser tab, or one that is asked for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import models
from django.utils import timezone

from portal.core.fields import VaultKeyField
from portal.core.models import Record
from portal.core.week import Week

__all__ = ["Camera"]

# By what the streams say; within its hours only a file that was played to its end rests.
_UNLIKE_ONLINE: Final = {
    "offline": "offline",
    "refused": "refusing",
    "connecting": "connecting",
    "resting": "ended",
}
# A camera that is asked seldom may miss so many turns.
_MISSED_TURNS: Final = 3


class Camera(Record):
    class Kind(models.TextChoices):
        PUSH = "push", "Sends snapshots"
        BROWSER = "browser", "Browser tab"
        RTSP = "rtsp", "RTSP stream"
        MJPEG = "mjpeg", "MJPEG stream"
        SNAPSHOT = "snapshot", "Snapshots by HTTP"
        FILE = "file", "Video file"

    class Direction(models.TextChoices):
        NONE = "none", "Not told"
        IN = "in", "In"
        OUT = "out", "Out"

    # Kinds that Gatehouse fetches pictures from, by ``workers.streams``.
    LIVE: Final = frozenset({Kind.RTSP, Kind.MJPEG, Kind.SNAPSHOT, Kind.FILE})
    # A camera that sent nothing for this long is shown as silent.
    SILENT_AFTER: Final = timedelta(minutes=2)
    # The same for one that Gatehouse asks for pictures itself.
    OFFLINE_AFTER: Final = timedelta(seconds=30)

    site = models.ForeignKey("organisation.Site", on_delete=models.PROTECT, related_name="cameras")
    name = models.CharField(max_length=80, unique=True)
    place = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PUSH)
    is_enabled = models.BooleanField(default=True)
    key_digest = models.CharField(max_length=64, unique=True, editable=False)
    last_seen_at = models.DateTimeField(null=True, blank=True)

    # Where a live camera's pictures come from, password and all: sealed, and never shown again.
    sealed_address = models.BinaryField(null=True, blank=True, editable=False)
    # Whether the camera's TLS certificate must be valid; those of most cameras are their own.
    verifies_certificate = models.BooleanField(default=True)
    direction = models.CharField(max_length=5, choices=Direction, default=Direction.NONE)
    is_for_attendance = models.BooleanField(default=True)
    is_for_access = models.BooleanField(default=False)
    is_for_security = models.BooleanField(default=True)
    # Corners [[x, y], …] as fractions of width and height; faces centred outside are left out.
    region = models.JSONField(default=list, blank=True)
    # 0: as the engine is configured.
    min_face_px = models.PositiveSmallIntegerField(default=0)
    # Added to the threshold in force; above 0 is stricter.
    threshold_offset = models.FloatField(default=0.0)
    # The most pictures that are looked at; a snapshot camera is asked this often.
    rate_fps = models.FloatField(default=5.0)
    # ``portal.core.week``; empty means always.
    schedule = models.JSONField(default=list, blank=True)
    # Raised by whatever the streams must follow, so that they re-read the settings.
    revision = models.PositiveIntegerField(default=1)
    still_key = VaultKeyField(blank=True)
    still_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def is_live(self) -> bool:
        """Whether Gatehouse fetches the pictures itself."""
        return self.kind in self.LIVE

    @property
    def silent_after(self) -> timedelta:
        """How long the camera may give no sign of life before that is a fault."""
        if not self.is_live:
            return self.SILENT_AFTER
        return max(self.OFFLINE_AFTER, timedelta(seconds=_MISSED_TURNS / max(self.rate_fps, 0.001)))

    @property
    def health(self) -> str:
        """``disabled``, ``resting``, ``ended``, ``refusing``, ``offline``, ``connecting``,
        ``never_seen``, ``online`` or ``silent``: a live camera that yields nothing is offline, one
        that sends its pictures itself is silent."""
        now = timezone.now()
        if not self.is_enabled:
            return "disabled"
        if self.schedule and not Week.of(self.schedule).covers(now, self.site.time_zone):
            return "resting"
        if self.is_live and (fault := self._unlike_online()):
            return fault
        if self.last_seen_at is None:
            return "never_seen"
        if now - self.last_seen_at < self.silent_after:
            return "online"
        return "offline" if self.is_live else "silent"

    def _unlike_online(self) -> str:
        """What the streams say where they say anything else; a row that nobody wrote says nothing."""
        status = getattr(self, "status", None)
        state = status.state if status is not None else ""
        return _UNLIKE_ONLINE.get(state, "")
