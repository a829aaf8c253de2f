"""Scores that fell: people who should be enrolled anew, cameras that see worse than they did; and
the weekly report about them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from portal.core.models import Record

__all__ = ["DriftFinding", "DriftLook", "DriftReport"]


class DriftFinding(Record):
    """One open finding a person, or a camera, and space; closed when the scores are well again.

    ``before`` and ``after`` are means over days. ``closed_by`` names whoever dismissed it.
    """

    class Ending(models.TextChoices):
        WELL = "well", "Well again"
        ENROLLED = "enrolled", "Enrolled anew"
        DISMISSED = "dismissed", "Dismissed"
        GONE = "gone", "No longer in use"

    person = models.ForeignKey(
        "people.Person", null=True, blank=True, on_delete=models.CASCADE, related_name="drift"
    )
    camera = models.ForeignKey(
        "cameras.Camera", null=True, blank=True, on_delete=models.CASCADE, related_name="drift"
    )
    space = models.ForeignKey("engines.Space", on_delete=models.CASCADE)
    before = models.FloatField()
    after = models.FloatField()
    # Midnight, where the person or the camera is, of the first day that was lower.
    since_at = models.DateTimeField()
    chance = models.FloatField()
    faces = models.PositiveIntegerField()
    days = models.PositiveIntegerField()
    looked_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_as = models.CharField(max_length=10, choices=Ending, blank=True)
    closed_by = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False) ^ Q(camera__isnull=False),
                name="drift_of_a_person_or_a_camera",
            ),
            models.UniqueConstraint(
                fields=["person", "space"],
                condition=Q(closed_at=None, person__isnull=False),
                name="one_open_drift_a_person",
            ),
            models.UniqueConstraint(
                fields=["camera", "space"],
                condition=Q(closed_at=None, camera__isnull=False),
                name="one_open_drift_a_camera",
            ),
        ]

    def __str__(self) -> str:
        return f"drift of {self.person_id or self.camera_id}"

    @property
    def change(self) -> float:
        return self.after - self.before


class DriftLook(Record):
    """One night's look: how many could be judged, and of how many there are too few days yet."""

    people = models.PositiveIntegerField()
    cameras = models.PositiveIntegerField()
    too_few = models.PositiveIntegerField()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"look of {self.created_at:%Y-%m-%d}"


class DriftReport(Record):
    """That the report of one week was mailed, or is being mailed: there is one row a week, and it
    is made before the mail goes, so that nobody gets two."""

    monday = models.DateField(unique=True)
    people = models.PositiveIntegerField(default=0)
    cameras = models.PositiveIntegerField(default=0)
    recipients = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-monday",)

    def __str__(self) -> str:
        return f"report of {self.monday}"
