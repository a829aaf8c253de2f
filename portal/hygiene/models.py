"""What a look through the gallery found. Pairs of look-alikes are ``people.LookalikePair``."""

from __future__ import annotations

from django.db import models

from portal.core.models import Record
from portal.people.models import FaceImage

__all__ = ["Finding", "Scan"]


class Scan(Record):
    """One look through the whole gallery. The newest is what the page speaks of."""

    job = models.ForeignKey("jobs.Job", null=True, blank=True, on_delete=models.SET_NULL)
    space = models.ForeignKey("engines.Space", on_delete=models.CASCADE)
    people = models.PositiveIntegerField()
    photos = models.PositiveIntegerField()
    # A pair of people nearer than this can be taken for each other.
    ceiling = models.FloatField()
    # Of the gallery that was looked at: a greater one by now means that something changed since.
    revision = models.PositiveBigIntegerField()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"scan {self.pk}"


class Finding(Record):
    """Something about one person's photos that wants mending.

    It is shown while it still holds: a photo that was moved, set aside or deleted since drops out,
    and comes back if that is undone. One that was answered stays answered in later scans.
    """

    class Kind(models.TextChoices):
        UNLIKE = "unlike", "Unlike their own person"
        REDUNDANT = "redundant", "Nearly the same as another"
        POOR = "poor", "Poor photos only"
        FEW = "few", "Too few photos"
        ONE_SIDED = "one_sided", "All from one side"
        NO_TEMPLATE = "no_template", "Cannot be recognised"

    kind = models.CharField(max_length=12, choices=Kind)
    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="findings")
    # The photo that it is about; without one it is about the person.
    image = models.ForeignKey(
        FaceImage, null=True, blank=True, on_delete=models.CASCADE, related_name="findings"
    )
    # What it is compared with: a photo of the same person.
    beside = models.ForeignKey(
        FaceImage, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    # Whom an unlike photo resembles.
    other = models.ForeignKey(
        "people.Person", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    score = models.FloatField(null=True, blank=True)
    other_score = models.FloatField(null=True, blank=True)
    count = models.PositiveSmallIntegerField(default=0)
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering = ("score", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "image"],
                condition=models.Q(image__isnull=False),
                name="finding_once_per_photo",
            ),
            models.UniqueConstraint(
                fields=["kind", "person"],
                condition=models.Q(image=None),
                name="finding_once_per_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.pk}"
