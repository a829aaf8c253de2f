"""Days on which nobody is expected: public holidays by site, and leave by person."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from portal.core.models import Record

__all__ = ["Holiday", "HolidayCalendar", "Leave", "LeaveType", "SiteCalendar"]


class HolidayCalendar(Record):
    """Dates under a name; with ``country`` (ISO 3166-1) they were taken from the ``holidays``
    library, ``subdivision`` and all, and further years can be."""

    name = models.CharField(max_length=80, unique=True)
    country = models.CharField(max_length=2, blank=True)
    subdivision = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Holiday(Record):
    calendar = models.ForeignKey(HolidayCalendar, on_delete=models.CASCADE, related_name="holidays")
    date = models.DateField()
    name = models.CharField(max_length=120)

    class Meta:
        ordering = ("date",)
        constraints = [
            models.UniqueConstraint(fields=["calendar", "date"], name="one_holiday_a_date")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.date}"


class SiteCalendar(models.Model):
    """Which holidays a site keeps. A site without a row keeps none."""

    site = models.OneToOneField(
        "organisation.Site", primary_key=True, on_delete=models.CASCADE, related_name="calendar"
    )
    calendar = models.ForeignKey(HolidayCalendar, on_delete=models.PROTECT, related_name="sites")

    def __str__(self) -> str:
        return f"{self.site_id}: {self.calendar_id}"


class LeaveType(Record):
    name = models.CharField(max_length=60, unique=True)
    is_paid = models.BooleanField(default=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Leave(Record):
    """Leave from one date to another, both included; halves are of single dates. Only approved
    leave counts, and whoever decides is neither who asked nor whose leave it is."""

    class Part(models.TextChoices):
        FULL = "full", "Whole days"
        AM = "am", "First half of the day"
        PM = "pm", "Second half of the day"

    class State(models.TextChoices):
        REQUESTED = "requested", "Requested"
        APPROVED = "approved", "Approved"
        REFUSED = "refused", "Refused"
        WITHDRAWN = "withdrawn", "Withdrawn"

    person = models.ForeignKey("people.Person", on_delete=models.CASCADE, related_name="leaves")
    type = models.ForeignKey(LeaveType, on_delete=models.PROTECT, related_name="leaves")
    first = models.DateField()
    last = models.DateField()
    part = models.CharField(max_length=4, choices=Part, default=Part.FULL)
    reason = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.REQUESTED)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-first",)
        indexes = [models.Index(fields=["person", "first"], name="leave_of_person")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(last__gte=models.F("first")), name="leave_last_not_before_first"
            ),
            models.CheckConstraint(
                condition=models.Q(decided_by=None)
                | models.Q(requested_by=None)
                | ~models.Q(decided_by=models.F("requested_by")),
                name="leave_decided_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"leave of {self.person_id} from {self.first}"
