"""What days are computed from: which dates are holidays of a site and leave of a person."""

from __future__ import annotations

from datetime import date

import pytest

from portal.attendance.engine import Leave as DayOfLeave
from portal.attendance.engine import LeavePart
from portal.organisation.models import Site
from portal.schedules.models import Holiday, HolidayCalendar, Leave, SiteCalendar
from portal.schedules.selectors.holidays import holidays_of, names_of_holidays
from portal.schedules.selectors.leave import leaves_of
from tests.factories import PersonFactory
from tests.factories.attendance import HolidayCalendarFactory, LeaveFactory

pytestmark = pytest.mark.django_db

FULL, AM, PM = LeavePart.FULL, LeavePart.AM, LeavePart.PM
OCTOBER = {"first": date(2026, 10, 1), "last": date(2026, 10, 31)}


def _site(name: str, calendar: HolidayCalendar | None) -> Site:
    site = Site.objects.create(name=name, time_zone="Europe/Berlin")
    if calendar is not None:
        SiteCalendar.objects.create(site=site, calendar=calendar)
    return site


def _calendar(*days: date) -> HolidayCalendar:
    calendar = HolidayCalendarFactory()
    for day in days:
        Holiday.objects.create(calendar=calendar, date=day, name=f"Day {day:%d.%m.}")
    return calendar


class TestHolidays:
    def test_each_site_keeps_those_of_its_own_calendar(self) -> None:
        unity, feast = date(2026, 10, 3), date(2026, 10, 26)
        berlin, vienna = _site("Berlin", _calendar(unity)), _site("Vienna", _calendar(feast))
        nowhere = _site("Nowhere", None)

        found = holidays_of([berlin.pk, vienna.pk, nowhere.pk], **OCTOBER)

        assert found == {berlin.pk: {unity}, vienna.pk: {feast}}

    def test_two_sites_may_keep_one_calendar(self) -> None:
        calendar = _calendar(date(2026, 10, 3))
        one, other = _site("One", calendar), _site("Other", calendar)

        assert holidays_of([other.pk], **OCTOBER) == {other.pk: {date(2026, 10, 3)}}
        assert set(holidays_of(None, **OCTOBER)) == {one.pk, other.pk}

    def test_both_ends_belong_to_the_dates_and_nothing_beyond_does(self) -> None:
        days = [date(2026, 9, 30), date(2026, 10, 1), date(2026, 10, 31), date(2026, 11, 1)]
        site = _site("Berlin", _calendar(*days))

        assert holidays_of(None, **OCTOBER) == {site.pk: set(days[1:3])}

    def test_they_have_names(self) -> None:
        site = _site("Berlin", _calendar(date(2026, 10, 3)))

        assert names_of_holidays([site.pk], **OCTOBER) == {
            site.pk: {date(2026, 10, 3): "Day 03.10."}
        }

    def test_one_query_however_many_sites(self, django_assert_num_queries: object) -> None:
        calendar = _calendar(date(2026, 10, 3), date(2026, 10, 26))
        sites = [_site(f"Site {n}", calendar).pk for n in range(20)]

        with django_assert_num_queries(1):  # type: ignore[operator]
            assert len(holidays_of(sites, **OCTOBER)) == 20


def _leave(first: str, last: str = "", **fields: object) -> Leave:
    begins = date.fromisoformat(first)
    ends = date.fromisoformat(last) if last else begins
    fields.setdefault("state", Leave.State.APPROVED)
    leave: Leave = LeaveFactory(first=begins, last=ends, **fields)
    return leave


class TestLeave:
    @pytest.mark.parametrize(
        ("first", "last", "expected"),
        [
            pytest.param("2026-10-05", "2026-10-05", [5], id="one date"),
            pytest.param("2026-10-05", "2026-10-08", [5, 6, 7, 8], id="several dates"),
            # Summer time ends on the 25th: that date is 25 hours long and still one date.
            pytest.param("2026-10-24", "2026-10-26", [24, 25, 26], id="over the change of clocks"),
            pytest.param("2026-09-20", "2026-10-02", [1, 2], id="begun before"),
            pytest.param("2026-10-30", "2026-11-05", [30, 31], id="ends after"),
            pytest.param("2026-09-01", "2026-11-30", list(range(1, 32)), id="around all of it"),
            pytest.param("2026-11-01", "2026-11-05", [], id="all of it after"),
        ],
    )
    def test_it_is_told_date_by_date(self, first: str, last: str, expected: list[int]) -> None:
        leave = _leave(first, last)

        found = leaves_of([leave.person_id], **OCTOBER).get(leave.person_id, ())

        assert found == tuple(DayOfLeave(date(2026, 10, day), FULL) for day in expected)

    def test_over_the_date_on_which_summer_time_begins_too(self) -> None:
        leave = _leave("2026-03-28", "2026-03-30")

        found = leaves_of(None, first=date(2026, 3, 1), last=date(2026, 3, 31))

        assert [each.date.day for each in found[leave.person_id]] == [28, 29, 30]

    def test_two_halves_of_one_date_are_both_given(self) -> None:
        person = PersonFactory()
        for part in ("pm", "am"):
            _leave("2026-10-05", person=person, part=part)

        day = date(2026, 10, 5)
        assert leaves_of([person.pk], **OCTOBER) == {
            person.pk: (DayOfLeave(day, AM), DayOfLeave(day, PM))
        }

    @pytest.mark.parametrize("state", ["requested", "refused", "withdrawn"])
    def test_what_was_not_approved_does_not_count(self, state: str) -> None:
        _leave("2026-10-05", state=state)

        assert leaves_of(None, **OCTOBER) == {}

    def test_only_of_those_who_were_asked_about(self) -> None:
        mine, _theirs = _leave("2026-10-05"), _leave("2026-10-05")

        assert set(leaves_of([mine.person_id], **OCTOBER)) == {mine.person_id}
        assert leaves_of([], **OCTOBER) == {}

    def test_one_query_however_many_people(self, django_assert_num_queries: object) -> None:
        people = [_leave("2026-10-05", "2026-10-09").person_id for _ in range(20)]

        with django_assert_num_queries(1):  # type: ignore[operator]
            assert len(leaves_of(people, **OCTOBER)) == 20
