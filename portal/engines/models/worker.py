"""What each worker last said of itself."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils import timezone

__all__ = ["WorkerReport"]


class WorkerReport(models.Model):
    """One row per worker process slot, overwritten by each of its successors."""

    class Role(models.TextChoices):
        RECOGNITION = "recognition", "Recognition"
        LIGHT = "light", "Light work and clock"
        STREAMS = "streams", "Camera streams"

    # Three missed heartbeats of ten seconds each.
    SILENT_AFTER = timedelta(seconds=30)

    class State(models.TextChoices):
        READY = "ready", "Ready"
        FAILED = "failed", "Failed"
        STOPPED = "stopped", "Stopped"

    name = models.CharField(primary_key=True, max_length=120)
    role = models.CharField(max_length=16, choices=Role)
    state = models.CharField(max_length=10, choices=State)
    pid = models.PositiveIntegerField()
    engine = models.JSONField(default=dict)
    checks = models.JSONField(default=list)
    gallery_revision = models.PositiveBigIntegerField(default=0)
    gallery_size = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()

    class Meta:
        ordering = ("role", "name")

    def __str__(self) -> str:
        return self.name

    @property
    def is_alive(self) -> bool:
        return (
            self.state == self.State.READY
            and timezone.now() - self.heartbeat_at < self.SILENT_AFTER
        )

    @property
    def live_state(self) -> str:
        """``online``, ``failed`` or ``offline``."""
        if self.state == self.State.FAILED:
            return "failed"
        return "online" if self.is_alive else "offline"
