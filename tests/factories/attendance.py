"""Days, punches and rosters, as they lie in the database."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from portal.attendance.models import AttendanceDay, Correction, DayException, Period, Punch
from portal.attendance.services.recompute import recompute_people
from portal.organisation.models import Site
from portal.organisation.services import default_site
from portal.people.models import Person
from portal.schedules.models import (
    Assignment,
    AssignmentTurn,
    HolidayCalendar,
    Leave,
    LeaveType,
    PolicyVersion,
    Shift,
    ShiftVersion,
    WorkPolicy,
)
from tests.factories.people import PersonFactory

__all__ = [
    "BERLIN",
    "CorrectionFactory",
    "DayExceptionFactory",
    "DayFactory",
    "HolidayCalendarFactory",
    "LeaveFactory",
    "LeaveTypeFactory",
    "PeriodFactory",
    "PunchFactory",
    "ShiftFactory",
    "WorkPolicyFactory",
    "assigned",
    "at",
    "berlin_site",
    "computed",
    "seen_at",
    "shift_with_hours",
    "worker_on_shift",
]

BERLIN = "Europe/Berlin"


class WorkPolicyFactory(DjangoModelFactory):
    """The specification's defaults, since ever."""

    class Meta:
        model = WorkPolicy
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Policy {n}")

    @factory.post_generation
    def version(policy: Any, create: bool, extracted: Any, **fields: Any) -> None:  # noqa: N805
        if create:
            PolicyVersion.objects.create(policy=policy, number=1, **fields)


class ShiftFactory(DjangoModelFactory):
    """Without a version; ``shift_with_hours`` makes one that can be worked."""

    class Meta:
        model = Shift

    name = factory.Sequence(lambda n: f"Shift {n}")
    code = factory.Sequence(lambda n: f"S{n}")


def shift_with_hours(
    start: str = "09:00", end: str = "17:00", *, policy: WorkPolicy | None = None, **fields: Any
) -> Shift:
    """A shift since ever, on every day of the week unless ``days`` says otherwise."""
    days = fields.pop("days", [0, 1, 2, 3, 4, 5, 6])
    flexible = fields.pop("flexible_minutes", None)
    shift = ShiftFactory(**fields)
    ShiftVersion.objects.create(
        shift=shift,
        number=1,
        start=time.fromisoformat(start),
        end=time.fromisoformat(end),
        days=days,
        flexible_minutes=flexible,
        policy=policy or WorkPolicyFactory(),
    )
    return shift


def assigned(shift: Shift | None, *turns: Shift | None, **whom: Any) -> Assignment:
    """``shift`` (and further ``turns``) for a person, a department, a site, or everybody."""
    assignment = Assignment.objects.create(**whom)
    for position, each in enumerate((shift, *turns)):
        AssignmentTurn.objects.create(assignment=assignment, position=position, shift=each)
    return assignment


class HolidayCalendarFactory(DjangoModelFactory):
    class Meta:
        model = HolidayCalendar

    name = factory.Sequence(lambda n: f"Calendar {n}")


class LeaveTypeFactory(DjangoModelFactory):
    class Meta:
        model = LeaveType

    name = factory.Sequence(lambda n: f"Leave {n}")


class LeaveFactory(DjangoModelFactory):
    class Meta:
        model = Leave

    person = factory.SubFactory(PersonFactory)
    type = factory.SubFactory(LeaveTypeFactory)
    first = factory.LazyFunction(timezone.localdate)
    last = factory.SelfAttribute("first")


class PunchFactory(DjangoModelFactory):
    class Meta:
        model = Punch

    person = factory.SubFactory(PersonFactory)
    at = factory.LazyFunction(timezone.now)
    last_at = factory.SelfAttribute("at")
    received_at = factory.SelfAttribute("last_at")
    source = Punch.Source.CAMERA
    idempotency_key = factory.LazyFunction(lambda: f"test:{uuid4()}")


def at(text: str, zone: str = BERLIN) -> datetime:
    """``2026-05-04 09:00`` on the clocks of a place."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def berlin_site() -> Site:
    site, _ = Site.objects.get_or_create(name="Berlin", defaults={"time_zone": BERLIN})
    return site


def worker_on_shift(start: str = "09:00", end: str = "17:00", **fields: Any) -> Person:
    """Somebody in Berlin with a shift since ever, on every day; ``shift__policy=…`` and the like
    are the shift's, the rest the person's."""
    of_shift = {key[7:]: fields.pop(key) for key in list(fields) if key.startswith("shift__")}
    fields.setdefault("site", berlin_site())
    person: Person = PersonFactory(**fields)
    assigned(shift_with_hours(start, end, **of_shift), person=person)
    return person


def seen_at(person: Person, *moments: str, zone: str = BERLIN, **fields: Any) -> list[Punch]:
    """Punches such as ``in 2026-05-04 09:00``, as a camera makes them."""
    punches = []
    for moment in moments:
        direction, text = moment.split(" ", 1)
        punches.append(
            PunchFactory(person=person, at=at(text, zone), direction=direction, **fields)
        )
    return punches


def computed(
    person: Person, first: str, last: str = "", *, now: str = "", **options: Any
) -> list[AttendanceDay]:
    """The person's days as they are stored once they are computed, by default long after."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    recompute_people(
        [person.pk],
        first=begin,
        last=end,
        cause="test",
        now=at(now) if now else datetime.combine(end + timedelta(days=3), time(12), UTC),
        **options,
    )
    return list(AttendanceDay.objects.filter(person=person, work_date__range=(begin, end)))


class DayFactory(DjangoModelFactory):
    """A day of nine to five, UTC, that was worked, unless told otherwise."""

    class Meta:
        model = AttendanceDay

    person = factory.SubFactory(PersonFactory)
    site = factory.LazyAttribute(lambda o: o.person.site or default_site())
    department = factory.SelfAttribute("person.department")
    work_date = factory.LazyFunction(timezone.localdate)
    occurrence_no = 1
    zone = "UTC"
    status = "present"
    start = factory.LazyAttribute(lambda o: _at(o.work_date, 9))
    end = factory.LazyAttribute(lambda o: _at(o.work_date, 17))
    window_start = factory.LazyAttribute(lambda o: _at(o.work_date, 8))
    window_end = factory.LazyAttribute(lambda o: _at(o.work_date, 21))
    first_in = factory.SelfAttribute("start")
    last_out = factory.SelfAttribute("end")
    worked_min = 480
    payable_min = 480
    inputs_hash = factory.LazyFunction(lambda: uuid4().hex)
    computed_at = factory.LazyFunction(timezone.now)


class DayExceptionFactory(DjangoModelFactory):
    class Meta:
        model = DayException

    day = factory.SubFactory(DayFactory)
    person = factory.SelfAttribute("day.person")
    work_date = factory.SelfAttribute("day.work_date")
    occurrence_no = factory.SelfAttribute("day.occurrence_no")
    kind = DayException.Kind.MISSING_OUT


class CorrectionFactory(DjangoModelFactory):
    class Meta:
        model = Correction

    person = factory.SubFactory(PersonFactory)
    work_date = factory.LazyFunction(timezone.localdate)
    kind = Correction.Kind.EXCUSE
    reason = "The train was late."


class PeriodFactory(DjangoModelFactory):
    """An open month of all sites."""

    class Meta:
        model = Period

    first = date(2026, 10, 1)
    last = date(2026, 10, 31)


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), UTC)
