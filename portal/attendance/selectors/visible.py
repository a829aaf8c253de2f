"""What of days and punches the actor may see: every other read begins with one of these.

Public surface: ``visible_corrections``, ``visible_days``, ``visible_exceptions``,
``visible_members``, ``visible_punches``. Whoever has ``self.view`` alone sees their own.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet

from portal.attendance.models import AttendanceDay, Correction, DayException, Punch
from portal.core.context import current_actor, require
from portal.people.models import Person
from portal.people.selectors import within_scope

__all__ = [
    "visible_corrections",
    "visible_days",
    "visible_exceptions",
    "visible_members",
    "visible_punches",
]


def _condition(path: str) -> Q:
    actor = current_actor()
    if actor.may("attendance.view"):
        return within_scope(actor.scope, path=path)
    # Employees reach the person of their account alone, which their scope names.
    actor = require("self.view")
    if actor.scope.person_id is None:
        return Q(pk__in=[])
    return within_scope(actor.scope, path=path)


def visible_members() -> QuerySet[Person]:
    """Known people whose days the actor may see, by name."""
    return (
        Person.objects.filter(_condition(""), status__in=Person.LIVING)
        .select_related("site", "department")
        .order_by("name", "code")
    )


def visible_days() -> QuerySet[AttendanceDay]:
    return AttendanceDay.objects.filter(_condition("person__"))


def visible_punches() -> QuerySet[Punch]:
    return Punch.objects.filter(_condition("person__"))


def visible_exceptions() -> QuerySet[DayException]:
    return DayException.objects.filter(_condition("person__"))


def visible_corrections() -> QuerySet[Correction]:
    return Correction.objects.filter(_condition("person__"))
