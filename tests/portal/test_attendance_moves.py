"""Somebody who is moved to another place keeps the days that were worked at the former one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import time_machine

from portal.attendance.models import AttendanceDay
from portal.attendance.services.recompute import recompute_stale
from portal.journal.services import undo_act
from portal.organisation.models import Department, Site
from portal.organisation.services import department_at
from portal.people.models import FormerPlace, Person
from portal.people.services import PersonDetails, place_person, update_person
from portal.schedules.models import Holiday, SiteCalendar
from portal.schedules.selectors.schedules import schedules_of
from tests.factories import attendance as of
from tests.factories.people import PersonFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (f"2026-05-0{day}" for day in range(4, 9))


@pytest.fixture
def clock() -> Iterator[Any]:
    """Puts the clock to an instant in Berlin; it stands there."""
    with time_machine.travel(of.at(f"{THURSDAY} 10:00"), tick=False) as travelling:

        def move_to(text: str) -> None:
            travelling.move_to(of.at(text))

        yield move_to


@pytest.fixture
def team(clock: Any) -> tuple[Person, Department, Department]:
    """Somebody of the day shift, who worked from Monday to Wednesday; and the night shift."""
    site = of.berlin_site()
    day, night = (department_of(site, name) for name in ("Day", "Night"))
    of.assigned(of.shift_with_hours("09:00", "17:00"), department=day)
    of.assigned(of.shift_with_hours("22:00", "06:00"), department=night)
    person = PersonFactory(site=site, department=day)
    for worked in (MONDAY, TUESDAY, WEDNESDAY):
        of.seen_at(person, f"in {worked} 08:55", f"out {worked} 17:05")
    of.computed(person, MONDAY, WEDNESDAY, now=f"{THURSDAY} 09:00")
    return person, day, night


def department_of(site: Site, name: str) -> Department:
    department = department_at(site, name)
    assert department is not None
    return department


def told(person: Person) -> list[tuple[str, str, int, str]]:
    return [
        (str(day.work_date), day.status, day.payable_min, str(day.department))
        for day in AttendanceDay.objects.filter(
            person=person, work_date__lte=WEDNESDAY
        ).select_related("department")
    ]


WORKED = [
    (MONDAY, "present", 480, "Day"),
    (TUESDAY, "present", 480, "Day"),
    (WEDNESDAY, "present", 480, "Day"),
]


def test_a_move_leaves_the_days_before_it_as_they_were(team: Any) -> None:
    person, _, night = team
    assert told(person) == WORKED
    place_person(person, site=person.site, department=night)
    recompute_stale()
    of.computed(person, MONDAY, WEDNESDAY, now=f"{THURSDAY} 10:00")
    assert told(person) == WORKED
    schedule = schedules_of([person.pk], first=date(2026, 5, 4), last=date(2026, 5, 8))[person.pk]
    hours = {
        day: [f"{shift.start:%H}-{shift.end:%H}" for shift in schedule.shifts_on(day) or ()]
        for day in (date(2026, 5, 6), date(2026, 5, 7))
    }
    assert hours == {date(2026, 5, 6): ["09-17"], date(2026, 5, 7): ["22-06"]}
    today = AttendanceDay.objects.get(person=person, work_date=THURSDAY)
    assert str(today.department) == "Night"


def test_a_time_that_comes_late_is_judged_by_the_plan_of_its_day(team: Any) -> None:
    person, _, night = team
    place_person(person, site=person.site, department=night)
    of.seen_at(person, f"out {TUESDAY} 18:00")
    (day,) = of.computed(person, TUESDAY, now=f"{THURSDAY} 12:00")
    assert (day.status, day.overtime_min > 0, str(day.department)) == ("present", True, "Day")


def test_editing_a_person_moves_them_alike(team: Any) -> None:
    person, _, night = team
    update_person(person, PersonDetails(name=person.name, department=night.path))
    of.computed(person, MONDAY, WEDNESDAY, now=f"{THURSDAY} 10:00")
    assert told(person) == WORKED


@pytest.mark.parametrize("undone_at", [THURSDAY, FRIDAY])
def test_a_move_that_is_undone_has_never_been(team: Any, clock: Any, undone_at: str) -> None:
    person, day, night = team
    act = place_person(person, site=person.site, department=night)
    clock(f"{undone_at} 15:00")
    undo_act(act)
    assert not FormerPlace.objects.exists()
    person.refresh_from_db()
    assert person.department == day


def test_of_several_moves_on_one_day_only_the_first_leaves_a_place(team: Any, clock: Any) -> None:
    person, day, night = team
    other = department_of(person.site, "Office")
    place_person(person, site=person.site, department=night)
    place_person(person, site=person.site, department=other)
    former = FormerPlace.objects.get()
    assert (former.department, former.last_day) == (day, date(2026, 5, 6))
    place_person(person, site=person.site, department=day)
    assert not FormerPlace.objects.exists(), "back on the same day is as if never moved"
    clock(f"{FRIDAY} 09:00")
    place_person(person, site=person.site, department=night)
    assert FormerPlace.objects.get().last_day == date(2026, 5, 7)


def test_holidays_and_the_cameras_that_are_waited_for_are_those_of_the_day(
    team: Any, clock: Any
) -> None:
    person, _, _ = team
    oslo = Site.objects.create(name="Oslo", time_zone="Europe/Oslo")
    for site, day in ((person.site, MONDAY), (oslo, TUESDAY), (oslo, FRIDAY)):
        calendar = of.HolidayCalendarFactory()
        existing, _ = SiteCalendar.objects.get_or_create(site=site, defaults={"calendar": calendar})
        Holiday.objects.create(calendar=existing.calendar, date=day, name="Feast")
    of.assigned(of.shift_with_hours("09:00", "17:00"), site=oslo)
    place_person(person, site=oslo, department=None)
    clock("2026-05-09 12:00")
    days = {
        str(day.work_date): (day.status, day.site.name)
        for day in of.computed(person, MONDAY, FRIDAY, now="2026-05-09 12:00")
    }
    assert days == {
        MONDAY: ("present", "Berlin"),
        TUESDAY: ("present", "Berlin"),
        WEDNESDAY: ("present", "Berlin"),
        THURSDAY: ("absent", "Oslo"),
        FRIDAY: ("holiday", "Oslo"),
    }
    flags = {
        str(day.work_date): "worked_on_holiday" in day.flags
        for day in AttendanceDay.objects.filter(person=person)
    }
    assert [day for day, is_free in flags.items() if is_free] == [MONDAY]
