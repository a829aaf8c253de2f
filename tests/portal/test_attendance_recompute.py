"""Days from punches in the database: computed, stored, computed anew, and settled."""

from __future__ import annotations

from datetime import date

import pytest

from portal.attendance.models import AttendanceDay, DayException, DayRevision
from tests.factories import attendance as of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

MONDAY = "2026-05-04"
TUESDAY = "2026-05-05"


def test_a_day_from_nine_to_five_is_stored_with_what_it_is_made_of():
    person = of.worker_on_shift()
    came, left = of.seen_at(person, f"in {MONDAY} 09:00", f"out {MONDAY} 17:00")
    (day,) = of.computed(person, MONDAY)
    assert (day.status, day.worked_min, day.payable_min) == ("present", 480, 480)
    assert (day.first_in, day.last_out) == (came.at, left.at)
    assert day.punch_keys == [str(came.pk), str(left.pk)]
    assert day.sessions == [
        {"start": came.at.isoformat(), "end": left.at.isoformat(), "minutes": 480}
    ]
    assert (day.site, day.department, day.zone) == (
        person.site, person.department, "Europe/Berlin",
    )  # fmt: skip
    assert day.shift.shift.turns.get().assignment.person == person
    assert day.policy.policy == day.shift.policy
    assert (day.revision, day.due_at) == (1, None)


def test_nobody_seen_is_absent_once_the_window_is_over():
    person = of.worker_on_shift()
    statuses = [
        of.computed(person, MONDAY, now=f"{MONDAY} {now}")[0].status
        for now in ("08:59", "09:00", "17:00", "21:00")
    ]
    assert statuses == ["expected", "not_arrived", "pending", "absent"]
    assert AttendanceDay.objects.get().revision == 4
    assert not DayRevision.objects.exists(), "that the clock went on needs no explanation"
    assert DayException.objects.get().kind == "absent"


def test_no_day_lies_beyond_tomorrow():
    person = of.worker_on_shift()
    days = of.computed(person, MONDAY, "2026-05-30", now=f"{MONDAY} 12:00")
    assert [day.work_date for day in days] == [date(2026, 5, 4), date(2026, 5, 5)]
