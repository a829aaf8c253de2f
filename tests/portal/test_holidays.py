"""Holiday calendars: taken from the library, added to by hand, kept by sites."""

from __future__ import annotations

import socket
from datetime import date
from typing import Any

import pytest

from portal.core.context import EVERYTHING, Actor, Scope, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.core.policies import permissions_of
from portal.organisation.models import Site
from portal.schedules import changes
from portal.schedules.changes import PlanChange
from portal.schedules.models import Holiday, HolidayCalendar, SiteCalendar
from portal.schedules.public_holidays import (
    countries,
    country_name,
    languages_of,
    public_holidays,
    subdivisions_of,
)
from portal.schedules.services.holidays import (
    CalendarPlace,
    add_holiday,
    assign_calendar,
    copy_calendar,
    create_calendar,
    delete_calendar,
    remove_holiday,
    rename_calendar,
    take_years,
)
from tests.factories import PersonFactory

pytestmark = pytest.mark.django_db

BAVARIA = CalendarPlace(country="DE", subdivision="BY", language="de")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[PlanChange]:
    heard: list[PlanChange] = []
    monkeypatch.setattr(changes, "_LISTENERS", [heard.append])
    return heard


def _site(name: str, calendar: HolidayCalendar | None = None) -> Site:
    site = Site.objects.create(name=name)
    if calendar is not None:
        SiteCalendar.objects.create(site=site, calendar=calendar)
    return site


def _dates(calendar: HolidayCalendar) -> list[str]:
    return [f"{day:%d.%m.%Y}" for day in calendar.holidays.values_list("date", flat=True)]


class TestTheLibrary:
    def test_no_network_is_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise AssertionError("a connection was opened")

        monkeypatch.setattr(socket.socket, "connect", refuse)
        assert public_holidays("NZ", first_year=2026, last_year=2031)

    def test_countries_are_chosen_by_their_names(self) -> None:
        names = [each.name for each in countries()]
        assert len(names) == len(set(names)) > 200
        assert {"Germany", "United Kingdom", "Bosnia and Herzegovina"} <= set(names)
        assert country_name("AT") == "Austria"

    def test_parts_of_a_country_have_names_and_their_own_days(self) -> None:
        assert {"Bayern", "Berlin"} <= {each.name for each in subdivisions_of("DE")}
        bavaria, whole = (
            {
                day
                for day, _ in public_holidays(
                    "DE", subdivision=part, first_year=2026, last_year=2026
                )
            }
            for part in ("BY", "")
        )
        assert date(2026, 1, 6) in bavaria - whole  # Epiphany is one of the South alone

    @pytest.mark.parametrize(
        ("language", "name"),
        [
            ("de", "Neujahr"),
            ("en_US", "New Year's Day"),
            # Left to itself the library would choose by the server's language.
            pytest.param("", "Neujahr", id="none chosen: the country's own"),
            pytest.param("xx", "Neujahr", id="unknown: the country's own"),
        ],
    )
    def test_days_have_names_in_the_language_chosen(
        self, language: str, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LANGUAGE", "en_US")
        found = public_holidays("DE", language=language, first_year=2026, last_year=2026)
        assert found[0] == (date(2026, 1, 1), name)

    def test_the_countrys_own_language_comes_first(self) -> None:
        assert languages_of("DE")[0].name == "German"

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (("XX", "", 2026, 2026), "holidays.unknown_place"),
            (("DE", "Atlantis", 2026, 2026), "holidays.unknown_place"),
            (("DE", "", 2027, 2026), "holidays.years"),
            (("DE", "", 2026, 2126), "holidays.years"),
        ],
    )
    def test_what_it_does_not_know_is_refused_with_a_reason(
        self, arguments: tuple[str, str, int, int], code: str
    ) -> None:
        country, part, first, last = arguments
        with pytest.raises(DomainError) as refused:
            public_holidays(country, subdivision=part, first_year=first, last_year=last)
        assert refused.value.code == code

    def test_every_country_can_be_chosen_and_fits_its_column(self) -> None:
        longest = HolidayCalendar._meta.get_field("subdivision").max_length
        assert longest is not None
        for country in countries():
            assert all(len(part.code) <= longest for part in subdivisions_of(country.code))


@pytest.mark.usefixtures("administrator")
class TestCalendars:
    def test_one_is_made_with_the_days_of_some_years(self) -> None:
        calendar = create_calendar("Munich", BAVARIA, first_year=2026, last_year=2028)

        assert {"06.01.2026", "06.01.2027", "06.01.2028"} <= set(_dates(calendar))
        assert (calendar.country, calendar.subdivision) == ("DE", "BY")

    def test_further_years_add_what_is_missing_and_keep_what_has_a_name(self) -> None:
        calendar = create_calendar("Munich", BAVARIA, first_year=2026, last_year=2026)
        Holiday.objects.filter(calendar=calendar, date=date(2026, 1, 1)).update(name="First day")
        before = calendar.holidays.count()

        assert take_years(calendar, first_year=2026, last_year=2026) == 0
        assert take_years(calendar, first_year=2026, last_year=2027) > 10
        assert calendar.holidays.filter(date__year=2026).count() == before
        assert calendar.holidays.get(date=date(2026, 1, 1)).name == "First day"

    def test_a_calendar_of_ones_own_has_nothing_to_take(self) -> None:
        with pytest.raises(DomainError) as refused:
            take_years(create_calendar("Ours"), first_year=2026, last_year=2026)
        assert refused.value.code == "calendar.without_country"

    @pytest.mark.parametrize("name", ["", "  ", "Munich", "MUNICH "])
    def test_a_name_is_needed_and_had_once(self, name: str) -> None:
        create_calendar("Munich")
        with pytest.raises(DomainError):
            create_calendar(name)

    def test_it_can_be_renamed_into_its_own_name_in_capitals(self) -> None:
        calendar = create_calendar("Munich")
        assert rename_calendar(calendar, "MUNICH").name == "MUNICH"

    @pytest.mark.parametrize(
        ("day", "until", "expected"),
        [
            pytest.param("2026-12-24", None, ["24.12.2026"], id="once"),
            pytest.param(
                "2026-12-24",
                2028,
                ["24.12.2026", "24.12.2027", "24.12.2028"],
                id="every year until",
            ),
            pytest.param("2028-02-29", 2030, ["29.02.2028"], id="29 February is not every year"),
        ],
    )
    def test_a_day_of_ones_own(self, day: str, until: int | None, expected: list[str]) -> None:
        calendar = create_calendar("Ours")
        add_holiday(calendar, day=date.fromisoformat(day), name="Ours", until_year=until)
        assert _dates(calendar) == expected

    @pytest.mark.parametrize(
        ("day", "name", "until", "code"),
        [
            ("2026-12-25", "Ours", None, "holiday.taken"),
            ("2026-12-24", " ", None, "holiday.name"),
            ("2026-12-24", "x" * 121, None, "holiday.name"),
            ("2026-12-24", "Ours", 2025, "holiday.years"),
            ("2026-12-24", "Ours", 2040, "holiday.years"),
        ],
    )
    def test_a_day_that_cannot_be_added(
        self, day: str, name: str, until: int | None, code: str
    ) -> None:
        calendar = create_calendar("Munich", BAVARIA, first_year=2026)
        with pytest.raises(DomainError) as refused:
            add_holiday(calendar, day=date.fromisoformat(day), name=name, until_year=until)
        assert refused.value.code == code

    def test_a_copy_has_the_days_and_goes_its_own_way(self) -> None:
        calendar = create_calendar("Munich", BAVARIA, first_year=2026)
        site = _site("Munich", calendar)
        copy = copy_calendar(calendar, "Munich, half")
        add_holiday(copy, day=date(2026, 12, 24), name="Christmas Eve")

        assert set(_dates(copy)) - set(_dates(calendar)) == {"24.12.2026"}
        assert SiteCalendar.objects.get(site=site).calendar == calendar

    def test_one_that_a_site_keeps_is_not_deleted(self) -> None:
        calendar = create_calendar("Munich")
        site = _site("Munich", calendar)
        with pytest.raises(DomainError) as refused:
            delete_calendar(calendar)
        assert refused.value.code == "calendar.in_use"

        assign_calendar(site, None)
        delete_calendar(calendar)
        assert not HolidayCalendar.objects.exists()


@pytest.mark.usefixtures("administrator")
class TestWhoIsTold:
    def test_everybody_at_the_sites_that_keep_it_and_of_the_dates_added_alone(
        self, told: list[PlanChange]
    ) -> None:
        calendar = create_calendar("Ours")
        here, elsewhere = _site("Here", calendar), _site("Elsewhere")
        people = {PersonFactory(site=here).pk for _ in range(2)}
        PersonFactory(site=elsewhere)

        add_holiday(calendar, day=date(2026, 12, 24), name="Christmas Eve", until_year=2027)

        assert told == [
            PlanChange(
                person_ids=frozenset(people),
                first=date(2026, 12, 24),
                last=date(2027, 12, 24),
                cause="holidays",
            )
        ]

    def test_a_day_removed_is_told_of(self, told: list[PlanChange]) -> None:
        calendar = create_calendar("Ours")
        PersonFactory(site=_site("Here", calendar))
        add_holiday(calendar, day=date(2026, 12, 24), name="Christmas Eve")
        told.clear()

        holiday = calendar.holidays.get()
        remove_holiday(holiday)
        remove_holiday(holiday)  # by somebody else a moment later

        assert [(c.first, c.last) for c in told] == [(date(2026, 12, 24),) * 2]
        assert not calendar.holidays.exists()

    def test_nobody_of_what_changes_nobodys_days(self, told: list[PlanChange]) -> None:
        calendar = create_calendar("Munich", BAVARIA, first_year=2026)
        take_years(calendar, first_year=2026, last_year=2026)
        rename_calendar(calendar, "Bavaria")
        assert told == []

    def test_another_calendar_tells_of_the_dates_in_which_they_differ(
        self, told: list[PlanChange]
    ) -> None:
        one, other = create_calendar("One"), create_calendar("Other")
        for calendar, days in ((one, (1, 10)), (other, (10, 20))):
            for day in days:
                add_holiday(calendar, day=date(2026, 5, day), name="Feast")
        site = _site("Here", one)
        person = PersonFactory(site=site)

        assign_calendar(site, other)
        assign_calendar(site, other)

        assert told == [
            PlanChange(
                person_ids=frozenset({person.pk}),
                first=date(2026, 5, 1),
                last=date(2026, 5, 20),
                cause="holidays",
            )
        ]


def _hr(*site_ids: Any) -> Actor:
    scope = Scope(site_ids=frozenset(site_ids)) if site_ids else EVERYTHING
    return Actor(kind="user", id="9", label="hr", permissions=permissions_of("hr"), scope=scope)


class TestRights:
    @pytest.mark.parametrize("role", ["manager", "auditor", "officer", "employee"])
    def test_who_may_not_change_holidays(self, role: str) -> None:
        actor = Actor(kind="user", id="9", permissions=permissions_of(role))
        with acting_as(actor), pytest.raises(PermissionMissing):
            create_calendar("Ours")

    def test_whoever_is_limited_to_a_site_leaves_others_their_holidays(self) -> None:
        calendar = HolidayCalendar.objects.create(name="Both")
        mine, theirs = _site("Mine", calendar), _site("Theirs", calendar)
        with acting_as(_hr(mine.pk)):
            with pytest.raises(PermissionMissing, match="Copy it"):
                add_holiday(calendar, day=date(2026, 12, 24), name="Ours")
            with pytest.raises(PermissionMissing):
                assign_calendar(theirs, None)
            copy = copy_calendar(calendar, "Mine alone")
            assign_calendar(mine, copy)
            assert add_holiday(copy, day=date(2026, 12, 24), name="Ours") == 1

    def test_whoever_answers_for_every_site_that_keeps_it_may(self) -> None:
        calendar = HolidayCalendar.objects.create(name="Both")
        sites = [_site(name, calendar).pk for name in ("One", "Two")]
        with acting_as(_hr(*sites)):
            assert add_holiday(calendar, day=date(2026, 12, 24), name="Ours") == 1
