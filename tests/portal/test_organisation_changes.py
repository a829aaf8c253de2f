"""What becomes of plans and days when a site's clock or a department's place changes."""

from __future__ import annotations

from datetime import date

import pytest
import time_machine

from portal.attendance.models import AttendanceDay, StaleDays
from portal.attendance.services.recompute import recompute_stale
from portal.core.errors import DomainError
from portal.organisation.models import Department, Site
from portal.organisation.services import (
    SiteDetails,
    change_department,
    create_department,
    update_site,
)
from portal.people.models import Person
from tests.factories import PersonFactory
from tests.factories import attendance as of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("administrator", "_thursday"),
]

MONDAY, WEDNESDAY, THURSDAY = "2026-05-04", "2026-05-06", "2026-05-07"


@pytest.fixture
def _thursday():
    with time_machine.travel(of.at(f"{THURSDAY} 20:00"), tick=False):
        yield


@pytest.fixture
def works() -> Department:
    """Whose people work from six, in the department below it too."""
    works = create_department(of.berlin_site(), name="Works")
    of.assigned(of.shift_with_hours("06:00", "14:00"), department=works)
    return works


def stale() -> dict[Person, tuple[date, str]]:
    return {row.person: (row.first, row.cause) for row in StaleDays.objects.select_related()}


class TestTheClockOfASite:
    def test_its_days_are_computed_anew_by_the_new_one(self) -> None:
        person = of.worker_on_shift("09:00", "17:00")
        of.seen_at(person, f"in {WEDNESDAY} 09:00", f"out {WEDNESDAY} 17:00")
        of.computed(person, MONDAY, THURSDAY, now=f"{THURSDAY} 20:00")
        lima = Site.objects.create(name="Lima", time_zone="America/Lima")
        elsewhere = PersonFactory(site=lima, department=None)
        StaleDays.objects.all().delete()

        update_site(person.site, SiteDetails(name="Berlin", time_zone="Europe/London"))
        first, cause = stale()[person]
        assert first <= date(2026, 5, 6)
        assert cause == "site_time_zone"
        assert elsewhere not in stale()
        recompute_stale()
        day = AttendanceDay.objects.get(person=person, work_date=WEDNESDAY)
        assert (day.zone, day.start) == ("Europe/London", of.at(f"{WEDNESDAY} 10:00"))

    def test_another_name_or_address_makes_no_day_another(self) -> None:
        person = of.worker_on_shift()
        StaleDays.objects.all().delete()
        update_site(
            person.site, SiteDetails(name="Berlin North", time_zone=of.BERLIN, address="Gate 1")
        )
        assert stale() == {}


class TestTheDepartmentAbove:
    def test_days_of_all_below_follow_the_plans_of_the_new_place(self, works: Department) -> None:
        site = of.berlin_site()
        team = create_department(site, name="Team")
        shift_b = create_department(site, name="B", parent=team)
        person = PersonFactory(site=site, department=shift_b)
        other = PersonFactory(site=site, department=create_department(site, name="Office"))
        of.seen_at(person, f"in {WEDNESDAY} 06:10", f"out {WEDNESDAY} 14:00")
        of.computed(person, MONDAY, THURSDAY, now=f"{THURSDAY} 20:00")
        assert AttendanceDay.objects.get(work_date=WEDNESDAY).shift is None
        StaleDays.objects.all().delete()

        change_department(team, name="Team", parent=works)
        first, cause = stale()[person]
        assert first <= date(2026, 5, 6)
        assert cause == "department_moved"
        assert other not in stale()
        recompute_stale()
        day = AttendanceDay.objects.get(person=person, work_date=WEDNESDAY)
        assert (day.late_min, day.start) == (10, of.at(f"{WEDNESDAY} 06:00"))

    def test_another_name_makes_no_day_another(self, works: Department) -> None:
        PersonFactory(site=works.site, department=works)
        StaleDays.objects.all().delete()
        change_department(works, name="Factory", parent=None)
        assert stale() == {}

    def test_a_move_that_would_have_somebody_work_two_shifts_at_once_is_refused(
        self, works: Department
    ) -> None:
        """A night of the roster, and then the morning of the new department."""
        team = create_department(works.site, name="Team")
        person = PersonFactory(site=works.site, department=team)
        person.roster_overrides.create(
            date=date(2026, 5, 11), shift=of.shift_with_hours("23:00", "07:00")
        )
        with pytest.raises(DomainError) as refused:
            change_department(team, name="Team", parent=works)
        assert refused.value.code == "schedule.overlap"
        team.refresh_from_db()
        assert (team.parent, team.path) == (None, "Team")
