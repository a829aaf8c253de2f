"""What becomes of stored days when a plan changes: punches lie in one day, whatever is planned."""

from __future__ import annotations

from datetime import date

import pytest
import time_machine

from portal.attendance.models import AttendanceDay
from portal.attendance.services.recompute import recompute_stale
from portal.people.models import Person
from portal.schedules.changes import PlanChange, counted
from portal.schedules.models import RosterOverride, Shift
from portal.schedules.services.roster import CellChange, set_cells
from tests.factories import attendance as of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

MONDAY, TUESDAY = date(2026, 5, 4), date(2026, 5, 5)


@pytest.fixture
def person() -> Person:
    """Planned for the morning, and came for the night of Monday already."""
    person = of.worker_on_shift("06:00", "14:00")
    of.seen_at(
        person, "in 2026-05-04 21:55", "out 2026-05-05 06:02", "in 2026-05-05 06:30",
        "out 2026-05-05 14:00",
    )  # fmt: skip
    of.computed(person, "2026-05-03", "2026-05-06", now="2026-05-07 12:00")
    return person


@pytest.fixture
def night() -> Shift:
    return of.shift_with_hours("22:00", "06:00")


def keys_of_days(person: Person) -> list[str]:
    days = AttendanceDay.objects.filter(person=person)
    return [key for day in days for key in day.punch_keys]


@time_machine.travel("2026-05-07 10:00Z", tick=False)
def test_a_night_planned_afterwards_takes_the_leaving_out_of_the_next_day(
    person: Person, night: Shift
) -> None:
    """Of a punch that two days have, the minutes are paid twice."""
    assert len(keys_of_days(person)) == 4
    set_cells([CellChange(person.pk, MONDAY, (night.pk,))])
    recompute_stale()
    keys = keys_of_days(person)
    assert sorted(keys) == sorted(set(keys))
    assert len(keys) == 4
    worked = {day.work_date: day.first_in for day in AttendanceDay.objects.filter(person=person)}
    assert worked[MONDAY] == of.at("2026-05-04 21:55")
    assert worked[TUESDAY] == of.at("2026-05-05 06:30")


@time_machine.travel("2026-05-07 10:00Z", tick=False)
def test_the_count_beforehand_has_the_days_around_in_it(person: Person, night: Shift) -> None:
    before = {day.work_date: day.inputs_hash for day in AttendanceDay.objects.all()}
    RosterOverride.objects.create(person=person, date=MONDAY, shift=night)
    change = PlanChange(
        person_ids=frozenset({person.pk}), first=MONDAY, last=MONDAY, cause="roster"
    )
    said = counted(change)
    assert said is not None
    RosterOverride.objects.all().delete()

    set_cells([CellChange(person.pk, MONDAY, (night.pk,))])
    recompute_stale()
    after = {day.work_date: day.inputs_hash for day in AttendanceDay.objects.all()}
    others = [day for day, known in before.items() if after.get(day) != known]
    assert said.days == len(others) == 2
