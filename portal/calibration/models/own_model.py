"""A model that was adapted to this site: the work, its outcome, and whether its file is kept."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.db.models import Q

from portal.core.models import Record

__all__ = ["OwnModel"]


class OwnModel(Record):
    """waiting → training → better, no_gain or too_few; or cancelled, or failed. One at a time.

    ``scores`` are those of the steps that are done, so that a worker that was lost costs none of
    them; they hold for the sample of ``sample_digest`` alone. ``figures`` is the outcome. Neither
    holds a vector. ``model`` is the id under which it can be prepared; empty while there is none.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        TRAINING = "training", "Being trained"
        BETTER = "better", "Better"
        NO_GAIN = "no_gain", "No gain"
        TOO_FEW = "too_few", "Too few people"
        CANCELLED = "cancelled", "Cancelled"
        FAILED = "failed", "Failed"

    OPEN: Final = (State.WAITING, State.TRAINING)

    job = models.ForeignKey(
        "jobs.Job", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    space = models.ForeignKey("engines.Space", on_delete=models.PROTECT, related_name="+")
    base = models.CharField(max_length=120)
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    # Whose it is while it is trained.
    worker = models.CharField(max_length=254, blank=True)
    sample_digest = models.CharField(max_length=64, blank=True)
    scores = models.JSONField(default=dict)
    figures = models.JSONField(default=dict)
    sightings = models.PositiveIntegerField(default=0)
    cameras = models.PositiveIntegerField(default=0)
    model = models.CharField(max_length=64, blank=True)
    error = models.CharField(max_length=500, blank=True)
    author_label = models.CharField(max_length=254, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    removal_asked_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.UniqueConstraint(
                models.Value(1),
                condition=Q(state__in=["waiting", "training"]),
                name="one_own_model_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"own model of {self.created_at:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def is_kept(self) -> bool:
        """Whether its file is there to be used."""
        return bool(self.model) and self.removal_asked_at is None
