"""Stretches of dates that are settled, and what turned out afterwards to have been otherwise."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from portal.core.fields import VaultKeyField
from portal.core.models import Record

__all__ = ["Adjustment", "Period"]


class Period(Record):
    """Days of a site, or of all sites where none is named. Locked, its days never change: what
    would have changed them is an ``Adjustment``. Exported, payroll has it."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        LOCKED = "locked", "Locked"
        EXPORTED = "exported", "Exported"

    site = models.ForeignKey(
        "organisation.Site", null=True, blank=True, on_delete=models.PROTECT, related_name="periods"
    )
    first = models.DateField()
    last = models.DateField()
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    locked_at = models.DateTimeField(null=True, blank=True)
    locked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    exported_at = models.DateTimeField(null=True, blank=True)
    # Of the first file; what every further one is made of is kept as it was then.
    exported_sha256 = models.CharField(max_length=64, blank=True)
    statement_key = VaultKeyField(blank=True)

    class Meta:
        ordering = ("-first",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last__gte=models.F("first")), name="period_last_not_before_first"
            )
        ]

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


class Adjustment(Record):
    """By how much a locked day should have come out otherwise. Append-only: a further change is a
    further row, and the sum of a day's rows is what it is off by. ``reported_in`` is the later
    period in whose export it was paid."""

    period = models.ForeignKey(Period, on_delete=models.PROTECT, related_name="adjustments")
    person = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+")
    work_date = models.DateField()
    occurrence_no = models.PositiveSmallIntegerField()
    worked_delta_min = models.IntegerField(default=0)
    payable_delta_min = models.IntegerField(default=0)
    overtime_delta_min = models.IntegerField(default=0)
    status_before = models.CharField(max_length=20, blank=True)
    status_after = models.CharField(max_length=20, blank=True)
    inputs_hash = models.CharField(max_length=32)
    cause = models.CharField(max_length=60)
    reported_in = models.ForeignKey(
        Period, null=True, blank=True, on_delete=models.PROTECT, related_name="carried"
    )

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=["person", "work_date"], name="adjustment_of_day")]

    def __str__(self) -> str:
        return f"{self.person_id} on {self.work_date}: {self.payable_delta_min:+} min"
