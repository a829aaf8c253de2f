"""The past, decided anew by a rule that is not saved yet."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from portal.core.models import Record

__all__ = ["WhatIf", "WhatIfChange"]


class WhatIf(Record):
    """A proposed rule and the span of the ledger that it was tried on."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Being replayed"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"
        FAILED = "failed", "Failed"

    job = models.ForeignKey(
        "jobs.Job", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    space = models.ForeignKey("engines.Space", null=True, on_delete=models.PROTECT)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    threshold = models.FloatField()
    grey_band = models.FloatField()
    min_margin = models.FloatField()
    wish = models.JSONField(default=dict)
    run = models.ForeignKey(
        "calibration.CalibrationRun",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="what_ifs",
    )
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    replayed = models.PositiveIntegerField(default=0)
    # Counts by kind of change, person, camera and day; the changes themselves are rows.
    summary = models.JSONField(default=dict)
    error = models.CharField(max_length=500, blank=True)
    author_id = models.CharField(max_length=64, blank=True)
    author_label = models.CharField(max_length=254, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"what if {self.threshold:.3f}"


class WhatIfChange(models.Model):
    """One decision that would have been another. It goes with the face or visit that it is of."""

    class Change(models.TextChoices):
        APPEARS = "appears", "A name appears"
        DISAPPEARS = "disappears", "A name disappears"
        CHANGES = "changes", "Another name"
        # No name before or after, but for or not for review any more.
        KIND = "kind", "Another decision"

    what_if = models.ForeignKey(WhatIf, on_delete=models.CASCADE, related_name="changes")
    change = models.CharField(max_length=10, choices=Change)
    visit = models.ForeignKey(
        "sightings.Visit", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    face = models.ForeignKey(
        "sightings.RecognisedFace",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
    )
    camera = models.ForeignKey(
        "cameras.Camera", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    at = models.DateTimeField()
    before_kind = models.CharField(max_length=10)
    after_kind = models.CharField(max_length=10)
    before_person = models.ForeignKey(
        "people.Person", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    after_person = models.ForeignKey(
        "people.Person", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    score = models.FloatField(null=True)

    class Meta:
        ordering = ("-at", "-id")
        indexes = [models.Index(fields=["what_if", "change", "-at"], name="what_if_change_at")]
        constraints = [
            models.CheckConstraint(
                condition=Q(visit__isnull=False) | Q(face__isnull=False),
                name="what_if_change_is_of_something",
            )
        ]

    def __str__(self) -> str:
        return f"{self.change} in {self.what_if_id}"
