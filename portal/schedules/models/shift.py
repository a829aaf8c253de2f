"""When work begins and ends: a shift under its name, and its versions."""

from __future__ import annotations

from django.db import models

from portal.core.models import Record
from portal.schedules.models.policy import WorkPolicy

__all__ = ["Shift", "ShiftVersion"]


class Shift(Record):
    """The name that versions share. ``site`` None: of use everywhere. A retired one can be given
    to nobody any more."""

    class Colour(models.TextChoices):
        BLUE = "blue", "Blue"
        GREEN = "green", "Green"
        AMBER = "amber", "Amber"
        VIOLET = "violet", "Violet"
        RED = "red", "Red"
        TEAL = "teal", "Teal"

    name = models.CharField(max_length=60, unique=True)
    # Two or three letters for the cells of a roster.
    code = models.CharField(max_length=4, unique=True)
    colour = models.CharField(max_length=8, choices=Colour, default=Colour.BLUE)
    site = models.ForeignKey(
        "organisation.Site", null=True, blank=True, on_delete=models.PROTECT, related_name="shifts"
    )
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ShiftVersion(Record):
    """What holds from ``valid_from`` on, as in ``PolicyVersion``. Wall times are those of the site
    of whoever works; an end that is not after the start lies on the next date, equal is 24 hours.
    ``days`` counts from Monday = 0; ``flexible_minutes`` is what is owed between start and end.
    """

    shift = models.ForeignKey(Shift, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    valid_from = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    made_by = models.CharField(max_length=254, blank=True)

    start = models.TimeField()
    end = models.TimeField()
    days = models.JSONField(default=list)
    flexible_minutes = models.PositiveIntegerField(null=True, blank=True)
    policy = models.ForeignKey(WorkPolicy, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("shift", "-number")
        constraints = [
            models.UniqueConstraint(fields=["shift", "number"], name="shift_version_number")
        ]

    def __str__(self) -> str:
        return f"{self.shift_id} version {self.number}"
