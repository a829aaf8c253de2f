"""What a person's day came to, what it was before, and what is odd about it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.attendance.engine import Status
from portal.core.models import Record

__all__ = ["AttendanceDay", "DayException", "DayRevision"]

_STATUSES = [(status.value, status.value.replace("_", " ").capitalize()) for status in Status]


class AttendanceDay(Record):
    """One ``attendance.engine.Day`` as stored. Never edited by hand: a function of punches,
    schedule, corrections and watermarks, whose ``inputs_hash`` says whether any of them changed.

    ``site`` and ``department`` are the person's when it was computed last, so that reports by
    department add up. ``due_at`` is when the clock alone may make it another day.
    """

    person = models.ForeignKey(
        "people.Person", on_delete=models.PROTECT, related_name="attendance_days"
    )
    site = models.ForeignKey("organisation.Site", on_delete=models.PROTECT, related_name="+")
    department = models.ForeignKey(
        "organisation.Department",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    work_date = models.DateField()
    occurrence_no = models.PositiveSmallIntegerField()
    zone = models.CharField(max_length=64)
    shift = models.ForeignKey(
        "schedules.ShiftVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    policy = models.ForeignKey(
        "schedules.PolicyVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    status = models.CharField(max_length=20, choices=_STATUSES)
    start = models.DateTimeField(null=True, blank=True)
    end = models.DateTimeField(null=True, blank=True)
    window_start = models.DateTimeField(null=True, blank=True)
    window_end = models.DateTimeField(null=True, blank=True)
    first_in = models.DateTimeField(null=True, blank=True)
    last_out = models.DateTimeField(null=True, blank=True)
    worked_min = models.PositiveIntegerField(default=0)
    payable_min = models.PositiveIntegerField(default=0)
    late_min = models.PositiveIntegerField(default=0)
    early_min = models.PositiveIntegerField(default=0)
    overtime_min = models.PositiveIntegerField(default=0)
    flags = models.JSONField(default=list)
    # [{"start": ISO UTC, "end": ISO UTC, "minutes": n}, …]
    sessions = models.JSONField(default=list)
    # Keys of the punches and corrections it is made of, in the order of time.
    punch_keys = models.JSONField(default=list)
    inputs_hash = models.CharField(max_length=32)
    revision = models.PositiveIntegerField(default=1)
    computed_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("work_date", "person_id", "occurrence_no")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "work_date", "occurrence_no"], name="one_row_a_day_and_shift"
            )
        ]
        indexes = [
            models.Index(fields=["work_date", "site", "status"], name="day_board"),
            models.Index(fields=["due_at"], name="day_due", condition=Q(due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} on {self.work_date} ({self.occurrence_no})"


class DayRevision(models.Model):
    """What a stored day was before it was computed anew, and why it was. Append-only.

    ``before`` and ``after`` hold status, minutes, ends, flags and versions; None where there was,
    or is, no such day.
    """

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey("people.Person", on_delete=models.PROTECT, related_name="+")
    work_date = models.DateField()
    occurrence_no = models.PositiveSmallIntegerField()
    revision = models.PositiveIntegerField()
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    cause = models.CharField(max_length=60)
    actor_label = models.CharField(max_length=254, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        indexes = [models.Index(fields=["person", "work_date"], name="revision_of_day")]

    def __str__(self) -> str:
        return f"{self.person_id} on {self.work_date}: revision {self.revision}"


class DayException(Record):
    """Something about a day that a person should look at; each kind once a day and shift.

    Opened and closed by what the day says; ``waived`` is a person's word and stays while the day
    says the same.
    """

    class Kind(models.TextChoices):
        MISSING_OUT = "missing_out", "No leaving"
        MISSING_IN = "missing_in", "No coming"
        LATE = "late", "Late"
        EARLY = "early", "Left early"
        ABSENT = "absent", "Absent"
        UNSCHEDULED = "unscheduled", "Worked without a shift"
        WORKED_ON_LEAVE = "worked_on_leave", "Worked on leave"
        WORKED_ON_HOLIDAY = "worked_on_holiday", "Worked on a holiday"
        OUTSIDE_WINDOW = "outside_window", "Seen at a time of no shift"
        TWO_PLACES = "two_places", "In two places at once"
        LOW_MARGIN = "low_margin", "A name that was close"
        PENDING_NAME = "pending_name", "A name to be confirmed"
        CAMERA_GAP = "camera_gap", "A camera has not reported"
        LATE_DELIVERY = "late_delivery", "Delivered late"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        RESOLVED = "resolved", "Resolved"
        WAIVED = "waived", "Waived"

    person = models.ForeignKey(
        "people.Person", on_delete=models.CASCADE, related_name="day_exceptions"
    )
    day = models.ForeignKey(
        AttendanceDay, null=True, blank=True, on_delete=models.SET_NULL, related_name="exceptions"
    )
    work_date = models.DateField()
    occurrence_no = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=20, choices=Kind)
    # In words, with the figures: "12 minutes after the start".
    detail = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=254, blank=True)
    memo = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("-work_date", "id")
        constraints = [
            models.UniqueConstraint(
                fields=["person", "work_date", "occurrence_no", "kind"],
                name="exception_once_a_day_and_kind",
            )
        ]
        indexes = [
            models.Index(
                fields=["-work_date", "kind"], name="exception_open", condition=Q(state="open")
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.person_id} on {self.work_date}"
