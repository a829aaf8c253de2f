"""The roster's page and what it sends: the grid, the answers, and everything that is no request."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from portal.people.models import Person
from portal.schedules.models import RosterOverride
from tests.factories import PersonFactory
from tests.factories.attendance import LeaveFactory, LeaveTypeFactory, assigned, shift_with_hours

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 11, 2)
SHOWN = {"first": MONDAY.isoformat(), "weeks": 1}


@pytest.fixture(autouse=True)
def _in_october() -> Iterator[None]:
    with time_machine.travel("2026-10-15T10:00:00Z", tick=False):
        yield


@pytest.fixture
def person() -> Person:
    made: Person = PersonFactory(name="Ada <Lovelace>", code="A1")
    assigned(shift_with_hours("06:00", "14:00", name="Early", code="E"), person=made)
    shift_with_hours("14:00", "22:00", name="Late", code="L")
    return made


@pytest.fixture
def client(client_of: Callable[..., Client]) -> Client:
    return client_of("administrator")


def send(client: Client, name: str, body: Any) -> HttpResponse:
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    response: HttpResponse = client.post(
        reverse(f"schedules:{name}"), data, content_type="application/json"
    )
    return response


def put(client: Client, *changes: dict[str, Any]) -> HttpResponse:
    return send(client, "set_cells", {**SHOWN, "changes": list(changes)})


def change(person: Person, ahead: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "person": str(person.pk),
        "day": (MONDAY + timedelta(ahead)).isoformat(),
        **fields,
    }


def page_of(client: Client, **query: Any) -> str:
    answer = client.get(reverse("schedules:roster"), {**SHOWN, **query})
    assert answer.status_code == 200
    return answer.content.decode()


class TestThePage:
    def test_names_are_escaped(self, client: Client, person: Person) -> None:
        LeaveFactory(
            person=person, type=LeaveTypeFactory(name='Leave "><b>'), first=MONDAY, state="approved"
        )
        page = page_of(client)
        assert "Ada &lt;Lovelace&gt;" in page
        assert 'data-note="Leave &quot;&gt;&lt;b&gt;"' in page
        assert "<Lovelace>" not in page

    @pytest.mark.parametrize(
        ("query", "is_there"),
        [
            ({"q": "ada"}, True),
            ({"q": "A1"}, True),
            ({"q": "nobody"}, False),
            ({"department": "none"}, False),
        ],
    )
    def test_it_is_narrowed(
        self, query: dict[str, str], is_there: bool, client: Client, person: Person
    ) -> None:
        assert (f'data-person="{person.pk}"' in page_of(client, **query)) is is_there

    @pytest.mark.parametrize(
        "query",
        [
            {"first": "yesterday"},
            {"first": "9999-12-31"},
            {"first": "0001-01-01"},
            {"weeks": "three"},
            {"weeks": "52"},
            {"site": "x", "department": "y"},
        ],
        ids=str,
    )
    def test_an_address_that_was_mistyped_still_answers(
        self, query: dict[str, str], client: Client, person: Person
    ) -> None:
        assert "Roster" in page_of(client, **query)

    def test_any_date_shows_its_whole_week(self, client: Client, person: Person) -> None:
        assert 'data-first="2026-11-02"' in page_of(client, first="2026-11-05")

    def test_who_may_look_only_has_nothing_to_plan_with(
        self, client_of: Callable[..., Client], person: Person
    ) -> None:
        page = page_of(client_of("auditor"))
        assert f'data-person="{person.pk}"' in page
        for word in ("data-cells-url", "data-brush", "copy-week"):
            assert word not in page

    def test_what_was_set_by_hand_can_be_told_from_the_plan(
        self, client: Client, person: Person
    ) -> None:
        put(client, change(person, 0, to="L"), change(person, 1, to="-"))
        page = page_of(client)
        assert page.count('data-set="L"') == 1
        assert page.count('data-set="-"') == 1


class TestSetting:
    def test_the_answer_is_the_row_the_way_back_and_what_was_done(
        self, client: Client, person: Person
    ) -> None:
        answer = put(client, change(person, to="l", seen=None)).json()

        (row,) = answer["rows"]
        assert row["person"] == str(person.pk)
        assert 'data-set="L"' in row["html"]
        assert answer["said"] == "1 day of one person set."
        (undo,) = answer["undo"]
        assert (undo["to"], undo["seen"]) == (None, "L")
        put(client, undo)
        assert not RosterOverride.objects.exists()

    def test_a_refusal_says_why_and_by_which_code(self, client: Client, person: Person) -> None:
        shift_with_hours("21:00", "07:00", name="Night", code="N")
        answer = put(client, change(person, to="N"))
        assert answer.status_code == 409
        error = answer.json()["error"]
        assert error["code"] == "schedule.overlap"
        assert "Night" in error["message"]
        assert "Early" in error["message"]

    def test_what_is_so_already_answers_the_row_as_it_is(
        self, client: Client, person: Person
    ) -> None:
        answer = put(client, change(person, to=None)).json()
        assert len(answer["rows"]) == 1
        assert answer["undo"] == []

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"", id="nothing"),
            pytest.param(b"{", id="half of it"),
            pytest.param(b"\xff\xfe", id="no text"),
            pytest.param([], id="a list"),
            pytest.param({}, id="no dates"),
            pytest.param({**SHOWN, "weeks": 3, "changes": []}, id="three weeks"),
            pytest.param({**SHOWN, "weeks": True, "changes": []}, id="weeks that are no number"),
            pytest.param({**SHOWN, "weeks": [], "changes": []}, id="weeks that are a list"),
            pytest.param({**SHOWN, "first": "2026-11-03", "changes": []}, id="no Monday"),
            pytest.param({**SHOWN, "first": "9999-12-27", "changes": []}, id="the last week"),
            pytest.param(SHOWN, id="no changes"),
            pytest.param({**SHOWN, "changes": {}}, id="changes that are no list"),
            pytest.param({**SHOWN, "changes": ["x"]}, id="a change that is none"),
            pytest.param({**SHOWN, "changes": [{}]}, id="an empty change"),
            pytest.param({**SHOWN, "changes": [{"person": "x"}]}, id="a person who is none"),
        ],
    )
    def test_what_cannot_be_understood_is_refused(self, body: Any, client: Client) -> None:
        answer = send(client, "set_cells", body)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "roster.request"

    @pytest.mark.parametrize("to", ["", 7, [], {}, "Q", "E,Q", "-,E", "," * 50])
    def test_values_that_are_none(self, to: Any, client: Client, person: Person) -> None:
        answer = put(client, change(person, to=to))
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] in {"roster.request", "roster.code"}
        assert not RosterOverride.objects.exists()


class TestCopying:
    def test_a_week(self, client: Client, person: Person) -> None:
        put(client, change(person, to="L"))
        answer = send(
            client,
            "copy_cells",
            {
                **SHOWN,
                "weeks": 2,
                "people": [str(person.pk)],
                "from": MONDAY.isoformat(),
                "to": (MONDAY + timedelta(7)).isoformat(),
            },
        ).json()
        assert answer["rows"][0]["html"].count('data-set="L"') == 2
        assert len(answer["undo"]) == 1

    def test_a_person(self, client: Client, person: Person) -> None:
        other = PersonFactory()
        body = {**SHOWN, "people": [str(other.pk)], "source": str(person.pk)}
        answer = send(client, "copy_cells", body).json()
        assert [row["person"] for row in answer["rows"]] == [str(other.pk)]
        assert answer["rows"][0]["html"].count('data-set="E"') == 7

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"people": "x"},
            {"people": ["x"], "from": "2026-11-02", "to": "2026-11-09"},
            {"people": [], "from": "2026-11-02"},
            {"people": [], "source": "x"},
        ],
        ids=str,
    )
    def test_what_cannot_be_understood_is_refused(
        self, fields: dict[str, Any], client: Client
    ) -> None:
        answer = send(client, "copy_cells", {**SHOWN, **fields})
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "roster.request"
