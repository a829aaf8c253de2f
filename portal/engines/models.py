"""Embedding spaces in use, and what each worker last said of itself."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils import timezone

from recognition.contracts import EmbeddingSpace

__all__ = ["Space", "WorkerReport"]


class Space(models.Model):
    """An embedding space as a row, so that every template points at the one it belongs to."""

    id = models.CharField(primary_key=True, max_length=16, editable=False)
    model_id = models.CharField(max_length=80)
    weights_sha256 = models.CharField(max_length=64)
    dimension = models.PositiveIntegerField()
    preprocessing = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.model_id} ({self.id})"

    @property
    def contract(self) -> EmbeddingSpace:
        return EmbeddingSpace(
            model_id=self.model_id,
            weights_sha256=self.weights_sha256,
            dimension=self.dimension,
            preprocessing=self.preprocessing,
        )


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
