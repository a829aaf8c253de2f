"""Cameras: sources that send snapshots with a key of their own, or a browser tab."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils import timezone

from portal.core.models import Record

__all__ = ["Camera"]


class Camera(Record):
    class Kind(models.TextChoices):
        PUSH = "push", "Sends snapshots"
        BROWSER = "browser", "Browser tab"

    # A camera that sent nothing for this long is shown as silent.
    SILENT_AFTER = timedelta(minutes=2)

    site = models.ForeignKey("organisation.Site", on_delete=models.PROTECT, related_name="cameras")
    name = models.CharField(max_length=80, unique=True)
    place = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PUSH)
    is_enabled = models.BooleanField(default=True)
    key_digest = models.CharField(max_length=64, unique=True, editable=False)
    last_seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def health(self) -> str:
        """``disabled``, ``never_seen``, ``online`` or ``silent``."""
        if not self.is_enabled:
            return "disabled"
        if self.last_seen_at is None:
            return "never_seen"
        return "online" if timezone.now() - self.last_seen_at < self.SILENT_AFTER else "silent"
