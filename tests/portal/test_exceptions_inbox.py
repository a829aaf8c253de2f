"""The exceptions inbox and its pages: who sees and does what, and what a fix proposes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.accounts.models import Role, User
from portal.attendance.models import Correction, DayException, Punch
from portal.attendance.selectors.exceptions import fixes_of, open_exception_count
from portal.attendance.services.exceptions_inbox import (
    ask_excuses,
    ask_fix,
    assign_exceptions,
    waive_exceptions,
)
from portal.attendance.services.recompute import recompute_people
from portal.core.errors import DomainError, NotFound, PermissionMissing
from portal.journal.services import undo_act
from portal.organisation.models import Site
from portal.people.models import Person
from tests.conftest import SIGN_IN_BACKEND
from tests.factories import CameraFactory, PersonFactory, UserFactory, visit_with_face
from tests.factories.attendance import (
    CorrectionFactory,
    DayExceptionFactory,
    DayFactory,
    PunchFactory,
    assigned,
    shift_with_hours,
)
from tests.factories.pictures import jpeg
from tests.portal.test_corrections import manager_of, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated", "_november")]

THE_DAY = date(2026, 11, 2)
Kind = DayException.Kind


@pytest.fixture
def _november() -> Iterator[None]:
    cache.clear()
    with time_machine.travel(datetime(2026, 11, 3, 12, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def grace(db: None) -> Person:
    return PersonFactory(name="Grace Hopper", code="G-1", department_path="Laboratory")


@pytest.fixture
def hr(db: None) -> User:
    return UserFactory(role=Role.HR)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend=SIGN_IN_BACKEND)
    return client


def at(hour: int, minute: int = 0) -> datetime:
    return datetime.combine(THE_DAY, time(hour, minute), UTC)


def odd(person: Person, kind: str = Kind.LATE, **fields: Any) -> DayException:
    return DayExceptionFactory(
        day=fields.pop("day", None) or DayFactory(person=person, work_date=THE_DAY, **fields),
        kind=kind,
    )


class TestAnIncompleteDay:
    @pytest.mark.parametrize(
        ("hour", "direction", "kind"),
        [(9, Punch.Direction.IN, Kind.MISSING_OUT), (17, Punch.Direction.OUT, Kind.MISSING_IN)],
    )
    def test_appears_exactly_once_however_often_it_is_computed(
        self, grace: Person, hr: User, hour: int, direction: str, kind: str
    ) -> None:
        assigned(shift_with_hours(), person=grace)
        PunchFactory(person=grace, at=at(hour), direction=direction)
        for _ in range(3):
            recompute_people([grace.pk], first=THE_DAY, last=THE_DAY, cause="test")
        page = browser(hr).get(reverse("attendance:exceptions")).content.decode()
        assert page.count("data-exception>") == 1
        assert Kind(kind).label in page


class TestFixes:
    def test_of_a_missing_leaving_are_the_shifts_end_and_when_seen_last(
        self, grace: Person, hr: User
    ) -> None:
        camera = CameraFactory()
        visit_with_face(
            camera=camera,
            person=grace,
            decision="match",
            is_confirmed=True,
            first_at=at(16, 40),
            last_at=at(16, 42),
        )
        exception = odd(grace, Kind.MISSING_OUT, last_out=None, status="incomplete")
        fixes = fixes_of(exception)
        assert [(fix.key, fix.at, fix.direction) for fix in fixes] == [
            ("shift", at(17), "out"),
            ("seen", at(16, 42), "out"),
        ]
        assert "17:00" in fixes[0].label
        with signed_in(hr):
            row = ask_fix(exception, "seen", reason="She left by the cellar.")
        assert (row.kind, row.at, row.direction, row.state) == (
            "add",
            at(16, 42),
            "out",
            "requested",
        )
        exception.refresh_from_db()
        assert exception.state == "open"

    def test_of_a_missing_coming(self, grace: Person) -> None:
        exception = odd(grace, Kind.MISSING_IN, first_in=None, status="incomplete")
        assert [(fix.key, fix.at, fix.direction) for fix in fixes_of(exception)] == [
            ("shift", at(9), "in")
        ]

    def test_propose_no_leaving_before_the_coming_nor_one_that_has_not_come(
        self, grace: Person
    ) -> None:
        came_late = odd(grace, Kind.MISSING_OUT, first_in=at(18), last_out=None)
        assert fixes_of(came_late) == ()
        tonight = DayFactory(
            person=grace,
            work_date=date(2026, 11, 3),
            last_out=None,
            end=datetime(2026, 11, 3, 17, tzinfo=UTC),
        )
        assert fixes_of(odd(grace, Kind.MISSING_OUT, day=tonight)) == ()

    def test_take_no_time_from_the_page_and_nothing_that_is_not_proposed(
        self, grace: Person, hr: User
    ) -> None:
        exception = odd(grace, Kind.MISSING_OUT, last_out=None)
        with signed_in(hr), pytest.raises(DomainError) as refused:
            ask_fix(exception, "2026-11-02T23:00", reason="Because.")
        assert refused.value.code == "exception.fix"
        DayException.objects.update(state="waived")
        exception.refresh_from_db()
        assert fixes_of(exception) == ()


class TestMany:
    def test_are_assigned_and_taken_back(self, grace: Person, hr: User) -> None:
        rows = [odd(grace), odd(PersonFactory())]
        manager = manager_of("Laboratory")
        with signed_in(hr):
            act = assign_exceptions([row.pk for row in rows], manager.pk)
            assert set(DayException.objects.values_list("assignee", flat=True)) == {manager.pk}
            undo_act(act)
        assert set(DayException.objects.values_list("assignee", flat=True)) == {None}

    def test_are_not_assigned_to_somebody_who_could_not_see_them(
        self, grace: Person, hr: User
    ) -> None:
        row = odd(grace)
        with signed_in(hr):
            with pytest.raises(DomainError) as refused:
                assign_exceptions([row.pk], manager_of("Kitchen").pk)
            assert refused.value.code == "exception.scope"
            for nobody in (UserFactory(role=Role.AUDITOR), UserFactory(role=Role.EMPLOYEE)):
                with pytest.raises(NotFound):
                    assign_exceptions([row.pk], nobody.pk)

    def test_are_waived_with_a_memo_and_taken_back(self, grace: Person, hr: User) -> None:
        row = odd(grace)
        with signed_in(hr):
            with pytest.raises(DomainError, match="in a few words"):
                waive_exceptions([row.pk], memo=" ")
            act = waive_exceptions([row.pk], memo="The lift was out of order.")
            row.refresh_from_db()
            assert (row.state, row.memo, row.closed_by) == (
                "waived",
                "The lift was out of order.",
                hr.email,
            )
            undo_act(act)
        row.refresh_from_db()
        assert (row.state, row.memo, row.closed_at) == ("open", "", None)

    def test_are_not_waived_by_the_one_whose_day_it_is(self, grace: Person) -> None:
        own = UserFactory(role=Role.HR, person=grace)
        rows = [odd(grace), odd(PersonFactory())]
        with signed_in(own), pytest.raises(DomainError) as refused:
            waive_exceptions([row.pk for row in rows], memo="It was nothing.")
        assert refused.value.code == "exception.own"
        assert DayException.objects.filter(state="open").count() == 2

    def test_excuses_are_asked_for_once_a_day_and_others_are_told_of(
        self, grace: Person, hr: User
    ) -> None:
        late, early = odd(grace), None
        early = DayExceptionFactory(day=late.day, kind=Kind.EARLY)
        absent = odd(PersonFactory(), Kind.ABSENT)
        with signed_in(hr):
            asked = ask_excuses([late.pk, early.pk, absent.pk], reason="The trains stood still.")
            assert (asked.sent, [number for _, number in asked.refused]) == (1, [1])
            again = ask_excuses([late.pk], reason="The trains stood still.")
        assert (again.sent, again.refused) == (
            0,
            (("The same was asked for already and waits.", 1),),
        )
        row = Correction.objects.get()
        assert (row.kind, row.person, row.work_date) == ("excuse", grace, THE_DAY)

    @pytest.mark.parametrize(
        "act",
        [
            lambda ids: assign_exceptions(ids, None),
            lambda ids: waive_exceptions(ids, memo="It was nothing."),
            lambda ids: ask_excuses(ids, reason="The train."),
        ],
        ids=["assign", "waive", "excuse"],
    )
    @pytest.mark.parametrize("role", [Role.AUDITOR, Role.OFFICER, Role.EMPLOYEE])
    def test_by_nobody_without_the_right(
        self, grace: Person, act: Callable[..., Any], role: str
    ) -> None:
        row = odd(grace)
        with signed_in(UserFactory(role=role)), pytest.raises(PermissionMissing):
            act([row.pk])

    def test_a_manager_asks_but_neither_assigns_nor_waives(self, grace: Person) -> None:
        row = odd(grace)
        with signed_in(manager_of("Laboratory")):
            assert ask_excuses([row.pk], reason="The train.").sent == 1
            with pytest.raises(PermissionMissing):
                assign_exceptions([row.pk], None)
            with pytest.raises(PermissionMissing):
                waive_exceptions([row.pk], memo="It was nothing.")

    def test_of_others_are_not_there(self, grace: Person) -> None:
        row = odd(grace)
        elsewhere = UserFactory(role=Role.HR)
        elsewhere.sites.add(Site.objects.create(name="Lima", time_zone="America/Lima"))
        with signed_in(elsewhere), pytest.raises(DomainError):
            waive_exceptions([row.pk], memo="It was nothing.")
        with signed_in(manager_of("Kitchen")), pytest.raises(DomainError):
            ask_excuses([row.pk], reason="The train.")
        row.refresh_from_db()
        assert row.state == "open"


class TestTheInbox:
    def ticked(self, page: str) -> set[str]:
        return set(re.findall(r'<tr id="exception-([0-9a-f-]+)"', page))

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, {"late", "absent", "mine"}),
            ({"kind": "late", "state": "open"}, {"late"}),
            ({"state": "waived"}, {"waived"}),
            ({"state": ""}, {"late", "absent", "mine", "waived"}),
            ({"assignee": "me", "state": "open"}, {"mine"}),
            ({"assignee": "nobody", "state": "open"}, {"late", "absent"}),
            ({"q": "g-1"}, {"late"}),
            ({"since": "2026-11-03"}, set()),
            ({"until": "2026-11-02", "kind": "absent"}, {"absent"}),
            ({"kind": "nonsense"}, {"late", "absent", "mine", "waived"}),
            ({"group": "person"}, {"late", "absent", "mine"}),
        ],
    )
    def test_by_filter(
        self, grace: Person, hr: User, query: dict[str, str], expected: set[str]
    ) -> None:
        rows = {
            "late": odd(grace),
            "absent": odd(PersonFactory(), Kind.ABSENT),
            "mine": odd(PersonFactory(), Kind.EARLY),
            "waived": odd(PersonFactory(), Kind.TWO_PLACES),
        }
        DayException.objects.filter(pk=rows["mine"].pk).update(assignee=hr)
        DayException.objects.filter(pk=rows["waived"].pk).update(state="waived")
        page = browser(hr).get(reverse("attendance:exceptions"), query).content.decode()
        assert self.ticked(page) == {str(rows[name].pk) for name in expected}

    def test_shows_a_manager_their_own_people_only(self, grace: Person) -> None:
        own = odd(grace)
        odd(PersonFactory(department_path="Kitchen"))
        page = browser(manager_of("Laboratory")).get(reverse("attendance:exceptions"))
        assert self.ticked(page.content.decode()) == {str(own.pk)}

    def test_counts_each_kind_whatever_kind_is_chosen(self, grace: Person, hr: User) -> None:
        odd(grace)
        for _ in range(2):
            odd(PersonFactory(), Kind.ABSENT)
        page = browser(hr).get(reverse("attendance:exceptions"), {"kind": "late", "state": "open"})
        assert page.context["kinds"] == [("late", "Late", 1), ("absent", "Absent", 2)]

    def test_tells_of_a_correction_that_waits(self, grace: Person, hr: User) -> None:
        odd(grace)
        CorrectionFactory(person=grace, work_date=THE_DAY)
        page = browser(hr).get(reverse("attendance:exceptions")).content.decode()
        assert "A correction waits" in page

    def test_the_number_stands_beside_attendance_on_every_page(
        self, grace: Person, hr: User
    ) -> None:
        odd(grace)
        page = browser(hr).get(reverse("people:list"))
        counts = {item.label: item.count for item in page.context["navigation"]}
        assert counts["Attendance"] == 1

    def test_the_badge_counts_what_is_open_within_the_scope(self, grace: Person, hr: User) -> None:
        odd(grace)
        row = odd(PersonFactory(department_path="Kitchen"))
        with signed_in(manager_of("Laboratory")):
            assert open_exception_count() == 1
        with signed_in(hr):
            assert open_exception_count() == 2
            waive_exceptions([row.pk], memo="It was nothing.")
            assert open_exception_count() == 1


class TestPages:
    def test_an_employee_asks_sees_it_and_withdraws_it(self, grace: Person) -> None:
        DayFactory(person=grace, work_date=THE_DAY)
        client = browser(UserFactory(role=Role.EMPLOYEE, person=grace))
        url = reverse("attendance:correct", args=[grace.pk, THE_DAY])
        assert client.get(url).status_code == 200
        answer = client.post(
            url,
            {
                "kind": "add",
                "on": "2026-11-02",
                "time": "17:30",
                "direction": "out",
                "reason": "The gate was dark.",
                "evidence": SimpleUploadedFile("gate.jpg", jpeg(64, 64)),
            },
        )
        row = Correction.objects.get()
        assert answer["Location"] == reverse("attendance:correction", args=[row.pk])
        assert (row.at, row.direction, row.state) == (at(17, 30), "out", "requested")
        assert row.reason in client.get(reverse("attendance:corrections")).content.decode()
        assert row.reason in client.get(answer["Location"]).content.decode()
        picture = client.get(reverse("attendance:correction_evidence", args=[row.pk]))
        assert picture["Content-Type"] == "image/jpeg"
        assert "sandbox" in picture["Content-Security-Policy"]
        client.post(reverse("attendance:withdraw_correction", args=[row.pk]))
        row.refresh_from_db()
        assert row.state == "withdrawn"

    def test_an_employee_sees_no_other_persons(self, grace: Person) -> None:
        other = CorrectionFactory(work_date=THE_DAY, reason="Nobody else's business")
        client = browser(UserFactory(role=Role.EMPLOYEE, person=grace))
        assert other.reason not in client.get(reverse("attendance:corrections")).content.decode()
        for name in ("correction", "correction_evidence"):
            assert client.get(reverse(f"attendance:{name}", args=[other.pk])).status_code == 404
        for name in ("withdraw_correction", "undo_correction"):
            assert client.post(reverse(f"attendance:{name}", args=[other.pk])).status_code == 404
        url = reverse("attendance:correct", args=[other.person.pk, THE_DAY])
        assert (client.get(url).status_code, client.get(url[:-11]).status_code) == (404, 404)

    @pytest.mark.parametrize("who", ["requester", "subject"])
    def test_case_92_by_the_page(self, grace: Person, who: str) -> None:
        user = UserFactory(role=Role.ADMINISTRATOR, person=grace if who == "subject" else None)
        row = CorrectionFactory(
            person=grace, work_date=THE_DAY, requested_by=user if who == "requester" else None
        )
        client = browser(user)
        page = client.get(reverse("attendance:correction", args=[row.pk])).content.decode()
        assert "Not yours to decide" in page or "Nobody else can decide" in page
        assert ">Approve<" not in page
        for name in ("approve", "refuse"):
            url = reverse(f"attendance:{name}_correction", args=[row.pk])
            answer = client.post(url, {"note": "It is fine."}, follow=True)
            assert "somebody else decides on it" in answer.content.decode()
        row.refresh_from_db()
        assert row.state == "requested"

    def test_a_sole_administrator_is_told_plainly(self, grace: Person) -> None:
        only = UserFactory(role=Role.ADMINISTRATOR)
        client = browser(only)
        url = reverse("attendance:correct", args=[grace.pk, THE_DAY])
        assert "Nobody else could decide on this" in client.get(url).content.decode()
        row = CorrectionFactory(person=grace, work_date=THE_DAY, requested_by=only)
        detail = reverse("attendance:correction", args=[row.pk])
        assert "Nobody else can decide on this" in client.get(detail).content.decode()
        UserFactory(role=Role.HR)
        assert "Nobody else" not in client.get(url).content.decode()
        assert "Nobody else" not in client.get(detail).content.decode()

    def test_which_of_two_half_past_twos_is_asked_only_then(self, hr: User) -> None:
        berlin = Site.objects.create(name="Berlin", time_zone="Europe/Berlin")
        person = PersonFactory(site=berlin, department=None)
        url = reverse("attendance:correct", args=[person.pk, date(2026, 10, 25)])
        client, sent = browser(hr), {"kind": "add", "reason": "Night.", "direction": "out"}
        twice = client.post(url, {**sent, "on": "2026-10-25", "time": "02:30"})
        assert twice.status_code == 422
        assert "came twice" in twice.content.decode()
        answer = client.post(url, {**sent, "on": "2026-10-25", "time": "02:30", "which": "1"})
        assert answer.status_code == 302
        assert Correction.objects.get().at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
        plain = client.post(url, {**sent, "on": "2026-10-25", "time": "04:30"})
        assert plain.status_code == 302
        assert 'name="which"' not in client.get(url).content.decode()

    def test_a_time_that_did_not_exist_is_refused_where_it_was_typed(self) -> None:
        berlin = Site.objects.create(name="Berlin", time_zone="Europe/Berlin")
        person = PersonFactory(site=berlin, department=None)
        url = reverse("attendance:correct", args=[person.pk, date(2026, 3, 29)])
        client = browser(UserFactory(role=Role.HR))
        sent = {"kind": "add", "reason": "Night.", "on": "2026-03-29", "time": "02:30"}
        answer = client.post(url, sent)
        assert (answer.status_code, Correction.objects.count()) == (422, 0)
        assert "did not exist on 29 March 2026" in str(answer.context["form"].errors["time"])

    @pytest.mark.parametrize(
        ("sent", "words"),
        [
            ({"kind": "add"}, "appears here"),
            ({"kind": "add", "time": "17:00"}, "Present"),
            ({"kind": "excuse"}, "stays as it is"),
            ({"kind": "add", "time": "nonsense"}, "Give a time such as 17:30."),
            ({"kind": "nonsense"}, "valid choice"),
        ],
    )
    def test_the_preview_says_what_would_become(
        self, grace: Person, hr: User, sent: dict[str, str], words: str
    ) -> None:
        assigned(shift_with_hours(), person=grace)
        PunchFactory(person=grace, at=at(9), direction=Punch.Direction.IN)
        url = reverse("attendance:preview_correction", args=[grace.pk, THE_DAY])
        answer = browser(hr).post(url, {"on": "2026-11-02", "direction": "out", **sent})
        assert (answer.status_code, Correction.objects.count()) == (200, 0)
        assert words in answer.content.decode()

    def test_a_manager_finds_whom_to_ask_for(self, grace: Person) -> None:
        namesake = PersonFactory(name="Grace Kelly", department_path="Laboratory")
        PersonFactory(name="Grace Jones", department_path="Kitchen")
        client = browser(manager_of("Laboratory"))
        url = reverse("attendance:start_correction")
        by_code = client.get(url, {"person": "g-1", "date": "2026-11-02"})
        assert by_code["Location"] == reverse("attendance:correct", args=[grace.pk, THE_DAY])
        several = client.get(url, {"person": "Grace", "date": "2026-11-02"})
        assert list(several.context["found"]) == [grace, namesake]
        nobody = client.get(url, {"person": "Xavier", "date": "2026-11-02"})
        assert "Nobody found" in nobody.content.decode()
        assert client.get(url, {"person": "g-1", "date": "2026-02-30"}).status_code == 422

    def test_an_account_without_a_person_is_told_so(self) -> None:
        page = browser(UserFactory(role=Role.EMPLOYEE)).get(reverse("attendance:start_correction"))
        assert "names no person" in page.content.decode()

    def test_punches_are_listed_with_what_became_of_them_and_entered_nowhere(
        self, grace: Person, hr: User
    ) -> None:
        PunchFactory(person=grace, at=at(9))
        PunchFactory(person=grace, at=at(10), voided_at=at(11), void_reason="Somebody else")
        PunchFactory(person=grace, at=at(12), state=Punch.State.PENDING)
        url = reverse("attendance:punches")
        client = browser(hr)
        page = client.get(url).content.decode()
        assert "Somebody else" in page
        assert len(client.get(url, {"state": "voided"}).context["page_obj"]) == 1
        assert len(client.get(url, {"state": "counted"}).context["page_obj"]) == 1
        before = Punch.objects.count()
        client.post(url, {"person": str(grace.pk), "at": "2026-11-02T17:00"})
        assert Punch.objects.count() == before

    def test_the_evidence_link_is_for_those_who_may_look(self, grace: Person, hr: User) -> None:
        visit = visit_with_face(camera=CameraFactory(), person=grace, decision="match")
        PunchFactory(person=grace, at=at(9), visit=visit)
        link = reverse("sightings:visit", args=[visit.pk])
        url = reverse("attendance:punches")
        assert link not in browser(hr).get(url).content.decode()
        administrator = browser(UserFactory(role=Role.ADMINISTRATOR))
        assert link in administrator.get(url).content.decode()

    def test_what_is_no_id_is_no_error_of_ours(self, hr: User) -> None:
        client = browser(hr)
        for name in ("assign", "waive", "excuse"):
            url = reverse(f"attendance:{name}_exceptions")
            assert client.post(url, {"ids": "nonsense"}).status_code == 302
            assert client.post(url, {"ids": str(uuid4()), "memo": "Gone."}).status_code == 302
            assert client.post(url, {"next": "https://evil.example/"})["Location"].startswith("/")


class TestQuestions:
    @pytest.mark.parametrize("page", ["exceptions", "corrections", "punches"])
    def test_are_as_many_for_thirty_rows_as_for_three(
        self, hr: User, page: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("portal.core.kept_count.KEPT_S", 3600)
        client, url = browser(hr), reverse(f"attendance:{page}")
        asked = []
        for rows in (3, 30):
            for _ in range(rows):
                person = PersonFactory(department_path="Laboratory")
                punch = PunchFactory(person=person, at=at(9), camera=CameraFactory())
                odd(person, punch_keys=[str(punch.pk)])
                CorrectionFactory(person=person, work_date=THE_DAY, requested_by=UserFactory())
            client.get(url)
            with CaptureQueriesContext(connection) as captured:
                response = client.get(url)
            assert len(response.context["page_obj"]) >= rows
            asked.append(len(captured))
        assert asked[0] == asked[1]
