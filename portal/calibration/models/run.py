"""What was measured on the site's own gallery, and when."""

from __future__ import annotations

from django.db import models

from portal.core.models import Record

__all__ = ["CalibrationRun"]


class CalibrationRun(Record):
    """One measurement for one wish. ``result`` is what the page shows: figures, intervals, curves
    and counts, never a vector; its form is ``portal.calibration.figures``'s."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Being measured"
        DONE = "done", "Done"
        # Fewer strangers than the wish needs: ``result`` says how many more, and what can be said.
        INSUFFICIENT = "insufficient", "Not enough evidence"
        FAILED = "failed", "Failed"

    job = models.ForeignKey(
        "jobs.Job", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    space = models.ForeignKey("engines.Space", null=True, on_delete=models.PROTECT)
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    wish = models.JSONField(default=dict)
    gallery_size = models.PositiveIntegerField(default=0)
    gallery_revision = models.BigIntegerField(default=-1)
    result = models.JSONField(default=dict)
    error = models.CharField(max_length=500, blank=True)
    author_label = models.CharField(max_length=254, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"calibration of {self.created_at:%Y-%m-%d}"
