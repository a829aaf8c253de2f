"""The pages of leave and holidays: forms, who sees what, and what a refusal looks like."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from portal.organisation.models import Site
from portal.people.models import Person
from portal.schedules.models import Holiday, HolidayCalendar, Leave, LeaveType, SiteCalendar
from tests.conftest import SIGN_IN_BACKEND
from tests.factories import PersonFactory, UserFactory
from tests.factories.attendance import LeaveFactory, LeaveTypeFactory

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 11, 2)


@pytest.fixture(autouse=True)
def _in_october() -> Iterator[None]:
    with time_machine.travel("2026-10-15T10:00:00Z", tick=False):
        yield


@pytest.fixture
def person() -> Person:
    made: Person = PersonFactory(name="Ada Lovelace", code="A1")
    return made


@pytest.fixture
def kind() -> LeaveType:
    made: LeaveType = LeaveTypeFactory(name="Annual")
    return made


def signed_in(role: str, **fields: Any) -> Client:
    client = Client()
    client.force_login(UserFactory(role=role, **fields), backend=SIGN_IN_BACKEND)
    return client


def address(name: str, *args: object) -> str:
    return reverse(f"schedules:{name}", args=args)


def form(kind: LeaveType, **fields: Any) -> dict[str, Any]:
    return {"type": kind.pk, "first": MONDAY.isoformat(), "last": "", "part": "full", **fields}


class TestAsking:
    def test_an_employee_asks_for_a_day(self, person: Person, kind: LeaveType) -> None:
        client = signed_in("employee", person=person)
        answer = client.post(address("my_leave"), form(kind, reason="The sea"), follow=True)
        leave = Leave.objects.get()
        assert (leave.person, leave.first, leave.last) == (person, MONDAY, MONDAY)
        assert "1 day of leave asked for" in answer.content.decode()

    def test_a_person_in_the_form_is_not_looked_at(self, person: Person, kind: LeaveType) -> None:
        other = PersonFactory(code="B1")
        client = signed_in("employee", person=person)
        client.post(address("my_leave"), form(kind, person=other.code))
        assert Leave.objects.get().person == person

    def test_an_account_of_nobody_is_told_so(self, kind: LeaveType) -> None:
        client = signed_in("employee")
        assert "not linked to a person" in client.get(address("my_leave")).content.decode()
        assert client.post(address("my_leave"), form(kind)).status_code == 403
        assert not Leave.objects.exists()

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"first": ""}, "required"),
            ({"first": "31.02.2026"}, "valid date"),
            ({"last": "2026-11-01"}, "before the first"),
            ({"last": "2026-11-03", "part": "am"}, "Half a day"),
            ({"part": "evening"}, "valid choice"),
            ({"type": "x"}, "not a valid"),
            ({"reason": "x" * 301}, "300"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field(
        self, fields: dict[str, str], said: str, person: Person, kind: LeaveType
    ) -> None:
        client = signed_in("employee", person=person)
        answer = client.post(address("my_leave"), form(kind, **fields))
        assert answer.status_code == 422
        assert said in answer.content.decode()
        assert not Leave.objects.exists()

    @pytest.mark.parametrize("text", ["A1", "a1", "Ada Lovelace", "Ada Lovelace (A1)"])
    def test_a_manager_names_somebody_by_code_or_name(
        self, text: str, person: Person, kind: LeaveType
    ) -> None:
        client = signed_in("hr")
        assert client.post(address("add_leave"), form(kind, person=text)).status_code == 302
        assert Leave.objects.get().person == person

    def test_two_of_one_name_need_a_code(self, person: Person, kind: LeaveType) -> None:
        PersonFactory(name=person.name)
        answer = signed_in("hr").post(address("add_leave"), form(kind, person=person.name))
        assert "Give the code" in answer.content.decode()

    def test_people_out_of_reach_are_not_known(self, person: Person, kind: LeaveType) -> None:
        user = UserFactory(role="manager")
        user.departments.add(PersonFactory(department_path="Elsewhere").department)
        client = Client()
        client.force_login(user, backend=SIGN_IN_BACKEND)
        page = client.get(address("add_leave")).content.decode()
        assert person.name not in page
        answer = client.post(address("add_leave"), form(kind, person=person.code))
        assert answer.status_code == 422
        assert not Leave.objects.exists()

    def test_without_a_kind_of_leave_the_page_says_what_to_do(self, person: Person) -> None:
        page = signed_in("employee", person=person).get(address("my_leave")).content.decode()
        assert "cannot be asked for yet" in page


class TestDeciding:
    def test_the_queue_approves_and_comes_back(self, person: Person, kind: LeaveType) -> None:
        leave = LeaveFactory(person=person, type=kind, first=MONDAY, reason="The sea")
        client = signed_in("hr")
        assert "The sea" in client.get(address("leave_queue")).content.decode()
        answer = client.post(
            address("approve_leave", leave.pk),
            {"note": "Enjoy", "next": address("leave_queue")},
            follow=True,
        )
        assert answer.redirect_chain == [(address("leave_queue"), 302)]
        assert "Nothing waits" in answer.content.decode()
        leave.refresh_from_db()
        assert (leave.state, leave.decision_note) == ("approved", "Enjoy")

    def test_it_comes_back_to_no_other_site(self, person: Person) -> None:
        leave = LeaveFactory(person=person, first=MONDAY)
        answer = signed_in("hr").post(
            address("approve_leave", leave.pk), {"next": "https://example.org/"}
        )
        assert answer.headers["Location"] == address("leave_queue")

    def test_a_refusal_without_a_word_keeps_what_was_typed(self, person: Person) -> None:
        leave = LeaveFactory(person=person, first=MONDAY)
        answer = signed_in("hr").post(address("refuse_leave", leave.pk), {"note": " "})
        assert answer.status_code == 400
        assert "Say in a few words why" in answer.content.decode()
        leave.refresh_from_db()
        assert leave.state == "requested"

    def test_ones_own_request_shows_no_button_and_answers_none(self, person: Person) -> None:
        user = UserFactory(role="hr", person=person)
        client = Client()
        client.force_login(user, backend=SIGN_IN_BACKEND)
        leave = LeaveFactory(person=person, first=MONDAY)
        page = client.get(address("leave_detail", leave.pk)).content.decode()
        assert "Somebody else decides" in page
        assert address("approve_leave", leave.pk) not in page
        assert client.post(address("approve_leave", leave.pk)).status_code == 403
        leave.refresh_from_db()
        assert leave.state == "requested"

    def test_one_that_was_decided_meanwhile_says_so(self, person: Person) -> None:
        leave = LeaveFactory(person=person, first=MONDAY, state="withdrawn")
        answer = signed_in("hr").post(address("approve_leave", leave.pk))
        assert answer.status_code == 409
        assert "withdrawn already" in answer.content.decode()

    def test_the_tabs_count_what_waits(self, person: Person) -> None:
        LeaveFactory(person=person, first=MONDAY)
        assert '<span class="c-tabs__count">1</span>' in (
            signed_in("hr").get(address("leave")).content.decode()
        )
        assert "c-tabs__count" not in signed_in("auditor").get(address("leave")).content.decode()


class TestWhatIsSeen:
    def test_reasons_are_for_whoever_decides_and_for_oneself(self, person: Person) -> None:
        leave = LeaveFactory(
            person=person, first=MONDAY, reason="An operation", decision_note="Get well"
        )
        url = address("leave_detail", leave.pk)
        for client, is_shown in (
            (signed_in("auditor"), False),
            (signed_in("hr"), True),
            (signed_in("employee", person=person), True),
        ):
            assert ("An operation" in client.get(url).content.decode()) is is_shown

    def test_leave_of_others_is_not_there_for_an_employee(self, person: Person) -> None:
        leave = LeaveFactory(first=MONDAY)
        client = signed_in("employee", person=person)
        assert client.get(address("leave_detail", leave.pk)).status_code == 404
        assert client.post(address("withdraw_leave", leave.pk)).status_code == 404

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ({}, 3),
            ({"q": "ada"}, 1),
            ({"state": "approved"}, 1),
            ({"since": "2026-11-03"}, 1),
            ({"until": "2026-11-02"}, 2),
            ({"state": "?", "type": "?", "since": "?", "until": "?", "page": "?"}, 3),
        ],
        ids=str,
    )
    def test_the_list_is_narrowed(
        self, query: dict[str, str], count: int, person: Person, kind: LeaveType
    ) -> None:
        LeaveFactory(person=person, type=kind, first=MONDAY)
        LeaveFactory(first=MONDAY, state="approved")
        LeaveFactory(first=date(2026, 11, 20))
        page = signed_in("hr").get(address("leave"), query).content.decode()
        assert page.count("c-row-link") == count

    @pytest.mark.parametrize("month", ["2026-11", "2026-13", "9999-12", "0001-01", "x"])
    def test_the_calendar_answers_any_month(self, month: str, person: Person) -> None:
        LeaveFactory(person=person, first=MONDAY, state="approved")
        answer = signed_in("hr").get(address("leave_calendar"), {"month": month})
        assert answer.status_code == 200
        assert (person.name in answer.content.decode()) is (month == "2026-11")

    def test_the_calendar_tells_away_half_and_asked_for_apart(
        self, person: Person, kind: LeaveType
    ) -> None:
        for day, fields in (
            (2, {"state": "approved"}),
            (3, {"state": "approved", "part": "am"}),
            (4, {"state": "requested"}),
            (5, {"state": "refused"}),
        ):
            LeaveFactory(person=person, type=kind, first=date(2026, 11, day), **fields)
        for part in ("am", "pm"):
            LeaveFactory(
                person=person, type=kind, first=date(2026, 11, 6), part=part, state="approved"
            )
        answer = signed_in("hr").get(address("leave_calendar"), {"month": "2026-11"})
        (row,) = answer.context["away"].rows
        assert [day.letter for day in row.days[1:6]] == ["●", "½", "?", "", "●"]
        assert answer.context["away"].away[:6] == (0, 1, 1, 0, 0, 1)


class TestKinds:
    def test_the_usual_ones_are_made_once(self) -> None:
        client = signed_in("hr")
        for _ in range(2):
            client.post(address("begin_leave_types"))
        assert LeaveType.objects.count() == 4

    def test_one_is_added_renamed_retired_and_brought_back(self) -> None:
        client = signed_in("hr")
        client.post(address("leave_types"), {"name": "Jury duty", "is_paid": "on"})
        kind = LeaveType.objects.get()
        client.post(address("leave_type", kind.pk), {"name": "Court"})
        kind.refresh_from_db()
        assert (kind.name, kind.is_paid) == ("Court", False)
        for is_retired in (True, False):
            client.post(address("switch_leave_type", kind.pk))
            kind.refresh_from_db()
            assert (kind.retired_at is not None) is is_retired

    def test_a_name_that_is_taken_is_refused(self, kind: LeaveType) -> None:
        answer = signed_in("hr").post(address("leave_types"), {"name": "annual"})
        assert answer.status_code == 422
        assert LeaveType.objects.count() == 1

    def test_they_are_for_whoever_answers_for_every_site(self, kind: LeaveType) -> None:
        user = UserFactory(role="hr")
        user.sites.add(Site.objects.create(name="One of several"))
        client = Client()
        client.force_login(user, backend=SIGN_IN_BACKEND)
        assert client.post(address("switch_leave_type", kind.pk)).status_code == 403


class TestHolidays:
    @pytest.fixture
    def client(self) -> Client:
        return signed_in("hr")

    def _make(self, client: Client, **fields: Any) -> Any:
        data = {
            "country": "DE",
            "subdivision": "BY",
            "language": "en_US",
            "first_year": "2026",
            "last_year": "2027",
            "name": "Bavaria",
            **fields,
        }
        return client.post(address("add_calendar"), data)

    def test_what_is_chosen_is_shown_before_anything_is_made(self, client: Client) -> None:
        answer = client.get(address("add_calendar"), {"country": "DE", "subdivision": "BY"})
        page = answer.content.decode()
        assert "Heilige Drei Könige" in page
        assert "Sachsen" in page
        assert not HolidayCalendar.objects.exists()

    @pytest.mark.parametrize(
        "query", [{"country": "XX"}, {"country": "DE", "subdivision": "XX"}, {"first_year": "x"}]
    )
    def test_what_cannot_be_chosen_shows_nothing(
        self, query: dict[str, str], client: Client
    ) -> None:
        answer = client.get(address("add_calendar"), query)
        assert answer.status_code == 200
        assert answer.context["days"] == ()

    def test_one_is_made(self, client: Client) -> None:
        answer = self._make(client)
        calendar = HolidayCalendar.objects.get()
        assert answer.headers["Location"] == address("calendar", calendar.pk)
        assert "Epiphany" in client.get(address("calendar", calendar.pk)).content.decode()

    @pytest.mark.parametrize(
        "fields",
        [
            {"country": "XX"},
            {"subdivision": "XX"},
            {"language": "xx"},
            {"first_year": "2027", "last_year": "2026"},
            {"first_year": "1800"},
            {"name": ""},
        ],
        ids=str,
    )
    def test_what_is_not_in_the_lists_is_refused(
        self, fields: dict[str, str], client: Client
    ) -> None:
        assert self._make(client, **fields).status_code == 422
        assert not HolidayCalendar.objects.exists()

    def test_without_a_country_it_begins_empty(self, client: Client) -> None:
        self._make(client, country="", subdivision="", language="")
        calendar = HolidayCalendar.objects.get()
        page = client.get(address("calendar", calendar.pk)).content.decode()
        assert "No day in this year" in page
        assert "Take further years" not in page

    def test_days_are_added_and_removed(self, client: Client) -> None:
        self._make(client)
        calendar = HolidayCalendar.objects.get()
        before = calendar.holidays.count()
        answer = client.post(
            address("add_holiday", calendar.pk),
            {"day": "2026-12-24", "name": "Eve", "until_year": "2027"},
        )
        assert answer.headers["Location"].endswith("?year=2026")
        assert calendar.holidays.count() == before + 2
        for holiday in calendar.holidays.filter(name="Eve"):
            client.post(address("remove_holiday", holiday.pk))
        assert calendar.holidays.count() == before

    def test_one_that_was_removed_already_is_not_found(self, client: Client) -> None:
        calendar = HolidayCalendar.objects.create(name="Ours")
        holiday = Holiday.objects.create(calendar=calendar, date=MONDAY, name="Feast")
        url = address("remove_holiday", holiday.pk)
        assert [client.post(url).status_code for _ in range(2)] == [302, 404]

    @pytest.mark.parametrize("name", ["rename_calendar", "copy_calendar"])
    def test_a_name_that_is_taken_is_said_on_the_page(self, name: str, client: Client) -> None:
        HolidayCalendar.objects.create(name="Taken")
        calendar = HolidayCalendar.objects.create(name="Ours")
        answer = client.post(address(name, calendar.pk), {"name": "Taken"})
        assert answer.status_code == 422
        assert "called Taken already" in answer.content.decode()

    def test_a_site_keeps_one_and_then_none(self, client: Client) -> None:
        site = Site.objects.create(name="Here")
        calendar = HolidayCalendar.objects.create(name="Ours")
        client.post(address("assign_calendar", site.pk), {"calendar": calendar.pk})
        assert SiteCalendar.objects.get(site=site).calendar == calendar
        assert "cannot be deleted" in (
            client.post(address("delete_calendar", calendar.pk), follow=True).content.decode()
        )
        client.post(address("assign_calendar", site.pk), {"calendar": ""})
        assert not SiteCalendar.objects.exists()

    def test_a_calendar_that_is_gone_is_not_kept(self, client: Client) -> None:
        site = Site.objects.create(name="Here")
        answer = client.post(
            address("assign_calendar", site.pk), {"calendar": str(site.pk)}, follow=True
        )
        assert "deleted in the meantime" in answer.content.decode()

    def test_who_may_look_only_changes_nothing(self, client_of: Callable[..., Client]) -> None:
        calendar = HolidayCalendar.objects.create(name="Ours")
        Site.objects.create(name="Here")
        for url in (address("holidays"), address("calendar", calendar.pk)):
            page = client_of("auditor").get(url).content.decode()
            assert "Ours" in page
            assert "<form" not in page.partition("<main")[2].partition("</main>")[0]
