"""Who works which shift, and from when to when."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from portal.core.models import Record
from portal.schedules.models.shift import Shift

__all__ = ["Assignment", "AssignmentTurn", "RosterOverride"]


class Assignment(Record):
    """Shifts for a person, else for a department and what lies below it, else for a site, else,
    with none of the three named, for everybody: the most particular one decides. Several turns are
    a rotation, one turn a date from ``first`` on. Several assignments of one person over the same
    dates are several shifts a day, and may not overlap in time.
    """

    person = models.ForeignKey(
        "people.Person", null=True, blank=True, on_delete=models.CASCADE, related_name="assignments"
    )
    department = models.ForeignKey(
        "organisation.Department",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="assignments",
    )
    site = models.ForeignKey(
        "organisation.Site",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="assignments",
    )
    first = models.DateField(null=True, blank=True)
    last = models.DateField(null=True, blank=True)
    made_by = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering = ("first", "id")
        constraints = [
            models.CheckConstraint(
                condition=Q(last=None) | Q(first=None) | Q(last__gte=models.F("first")),
                name="assignment_last_not_before_first",
            ),
            models.CheckConstraint(
                condition=Q(person=None, department=None)
                | Q(person=None, site=None)
                | Q(department=None, site=None),
                name="assignment_for_one_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"assignment {self.pk}"


class AssignmentTurn(models.Model):
    """One date of a rotation; without a shift a day off."""

    assignment = models.ForeignKey(Assignment, on_delete=models.CASCADE, related_name="turns")
    position = models.PositiveSmallIntegerField()
    shift = models.ForeignKey(
        Shift, null=True, blank=True, on_delete=models.PROTECT, related_name="turns"
    )

    class Meta:
        ordering = ("assignment", "position")
        constraints = [
            models.UniqueConstraint(fields=["assignment", "position"], name="one_turn_a_position")
        ]

    def __str__(self) -> str:
        return f"turn {self.position} of {self.assignment_id}"


class RosterOverride(Record):
    """What a person works on one date in place of anything else; without a shift a day off."""

    person = models.ForeignKey(
        "people.Person", on_delete=models.CASCADE, related_name="roster_overrides"
    )
    date = models.DateField()
    shift = models.ForeignKey(
        Shift, null=True, blank=True, on_delete=models.PROTECT, related_name="overrides"
    )
    made_by = models.CharField(max_length=254, blank=True)

    class Meta:
        ordering = ("date", "id")
        indexes = [models.Index(fields=["date"], name="override_date")]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "date", "shift"],
                name="override_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.person_id} on {self.date}"
