"""What a correction does: to the day, to its exception, to a settled period; and who is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse
from PIL import Image

from portal.accounts.models import Role, User
from portal.attendance.models import (
    Adjustment,
    AttendanceDay,
    Correction,
    DayException,
    Period,
    Punch,
)
from portal.attendance.selectors.preview import preview_day
from portal.attendance.services.corrections import Wish, ask_correction, ask_undo
from portal.attendance.services.decisions import approve_correction, refuse_correction
from portal.attendance.services.evidence import (
    MAX_BYTES,
    check_size,
    evidence_of,
    read_evidence,
)
from portal.attendance.services.letters import tell_decisions
from portal.attendance.services.recompute import recompute_people
from portal.attendance.wall_times import instant_of_wall
from portal.core.errors import DomainError
from portal.core.vault import vault
from portal.organisation.models import Site
from portal.people.models import Person
from tests.conftest import SIGN_IN_BACKEND
from tests.factories import PersonFactory, UserFactory
from tests.factories.attendance import PunchFactory, assigned, shift_with_hours
from tests.factories.pictures import jpeg
from tests.portal.test_corrections import signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated", "_november")]

THE_DAY = date(2026, 11, 2)


@pytest.fixture
def _november() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 11, 3, 12, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def grace(db: None) -> Person:
    person = PersonFactory(name="Grace", email="grace@example.org")
    assigned(shift_with_hours("09:00", "17:00"), person=person)
    return person


@pytest.fixture
def hr(db: None) -> User:
    return UserFactory(role=Role.HR)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime.combine(THE_DAY, time(hour, minute), UTC)


def came(person: Person, hour: int, minute: int = 0, **fields: Any) -> Punch:
    return PunchFactory(
        person=person, at=at(hour, minute), **{"direction": Punch.Direction.IN, **fields}
    )


def computed(person: Person) -> AttendanceDay:
    recompute_people([person.pk], first=THE_DAY, last=THE_DAY, cause="test")
    return the_day(person)


def the_day(person: Person) -> AttendanceDay:
    return AttendanceDay.objects.get(person=person, work_date=THE_DAY)


def leaving(hour: int = 17, minute: int = 0) -> Wish:
    return Wish(
        work_date=THE_DAY,
        kind=Correction.Kind.ADD,
        at=at(hour, minute),
        direction=Punch.Direction.OUT,
        reason="The camera at the gate was dark.",
    )


def asked(person: Person, wish: Wish) -> Correction:
    with signed_in(UserFactory(role=Role.HR)):
        return ask_correction(person, wish)


class TestTheDay:
    def test_changes_with_the_approval_and_its_exception_closes_by_itself(
        self, grace: Person, hr: User
    ) -> None:
        punch = came(grace, 9)
        day = computed(grace)
        exception = DayException.objects.get(person=grace, kind="missing_out")
        assert (day.status, exception.state) == ("incomplete", "open")

        row = asked(grace, leaving())
        assert the_day(grace).status == "incomplete"
        expected = preview_day(grace, row)
        with signed_in(hr):
            row = approve_correction(row)

        day = the_day(grace)
        assert (day.status, day.worked_min, day.last_out) == ("present", 480, at(17))
        assert "corrected" in day.flags
        exception.refresh_from_db()
        assert exception.state == "resolved"
        assert (row.before["days"][0]["status"], row.after["days"][0]["status"]) == (
            "incomplete",
            "present",
        )
        assert expected.changes[0].after.worked_min == 480
        punch.refresh_from_db()
        assert (punch.at, punch.voided_at, Punch.objects.count()) == (at(9), None, 1)

    @pytest.mark.parametrize(
        ("kind", "expected"),
        [
            ("move", ("present", 0, 480)),
            ("void", ("incomplete", 0, 0)),
            ("excuse", ("present", 0, 450)),
        ],
    )
    def test_by_kind(
        self, grace: Person, hr: User, kind: str, expected: tuple[str, int, int]
    ) -> None:
        late = came(grace, 9, 30)
        came(grace, 17, direction=Punch.Direction.OUT)
        assert computed(grace).late_min == 30
        wish = Wish(
            work_date=THE_DAY,
            kind=Correction.Kind(kind),
            at=at(9) if kind == "move" else None,
            punch=late if kind != "excuse" else None,
            reason="The clock of the door was wrong.",
        )
        row = asked(grace, wish)
        promised = preview_day(grace, row).changes[0].after
        with signed_in(hr):
            approve_correction(row)
        day = the_day(grace)
        assert (day.status, day.late_min, day.worked_min) == expected
        assert (promised.status, promised.late_min, promised.worked_min) == expected

    def test_is_as_it_was_once_the_correction_was_taken_back(self, grace: Person, hr: User) -> None:
        came(grace, 9)
        before = computed(grace)
        with signed_in(hr):
            row = approve_correction(asked(grace, leaving()))
            undo = ask_undo(row, reason="It was Tuesday.")
        assert the_day(grace).status == "present"
        assert preview_day(grace, undo).changes[0].after.status == "incomplete"
        with signed_in(UserFactory(role=Role.HR)):
            approve_correction(undo)
        day = the_day(grace)
        assert (day.status, day.inputs_hash) == (before.status, before.inputs_hash)
        row.refresh_from_db()
        assert row.state == "approved"

    def test_stays_where_a_correction_is_refused(self, grace: Person, hr: User) -> None:
        came(grace, 9)
        before = computed(grace)
        with signed_in(hr):
            refuse_correction(asked(grace, leaving()), note="You left at noon.")
        assert the_day(grace).revision == before.revision

    def test_of_a_settled_period_stays_and_an_adjustment_arises(
        self, grace: Person, hr: User
    ) -> None:
        """Case 91."""
        came(grace, 9)
        before = computed(grace)
        period = Period.objects.create(first=THE_DAY, last=THE_DAY, state=Period.State.LOCKED)
        row = asked(grace, leaving())
        assert preview_day(grace, row).is_locked
        with signed_in(hr):
            row = approve_correction(row)
        day = the_day(grace)
        assert (day.status, day.worked_min, day.revision) == (
            before.status,
            before.worked_min,
            before.revision,
        )
        adjustment = Adjustment.objects.get(period=period, person=grace)
        assert (adjustment.worked_delta_min, adjustment.status_after) == (480, "present")
        assert row.before == row.after
        page = Client()
        page.force_login(hr, backend=SIGN_IN_BACKEND)
        text = page.get(reverse("attendance:correction", args=[row.pk])).content.decode()
        assert "It is off by 8 h of paid time" in text

    def test_the_second_half_past_two_is_another_than_the_first(self, hr: User) -> None:
        """A night over the end of summer time: which of the two was meant is an hour of work."""
        berlin = Site.objects.create(name="Berlin", time_zone="Europe/Berlin")
        person = PersonFactory(site=berlin, department=None)
        assigned(shift_with_hours("22:00", "02:30"), person=person)
        night, morning = date(2026, 10, 24), date(2026, 10, 25)
        PunchFactory(
            person=person,
            at=datetime(2026, 10, 24, 20, tzinfo=UTC),
            direction=Punch.Direction.IN,
        )
        worked = []
        for which in (0, 1):
            left = instant_of_wall(morning, time(2, 30), "Europe/Berlin", which=which)
            wish = Wish(
                work_date=night,
                kind=Correction.Kind.ADD,
                at=left,
                direction=Punch.Direction.OUT,
                reason="Nobody was at the door.",
            )
            with signed_in(hr):
                worked.append(preview_day(person, wish.unsaved(person)).changes[0].after.worked_min)
        assert worked == [270, 330]


class TestEvidence:
    def test_a_picture_is_written_anew_and_sealed_with_the_persons_key(
        self, grace: Person, hr: User
    ) -> None:
        picture = Image.new("RGB", (300, 200), "teal")
        exif = picture.getexif()
        exif[0x010E] = "at the dentist's"
        sent = BytesIO()
        picture.save(sent, "JPEG", exif=exif)
        assert b"dentist" in sent.getvalue()
        with signed_in(hr):
            row = ask_correction(
                grace, leaving(), evidence=evidence_of("../a/No te.JPG", sent.getvalue())
            )
        found = read_evidence(row)
        assert b"dentist" not in found.data
        assert (found.name, found.is_pdf) == ("No te.jpg", False)
        grace.refresh_from_db()
        (path,) = [p for p in vault()._root.rglob("evidence/*/*") if p.is_file()]
        assert found.data[:50] not in path.read_bytes()
        assert path.read_bytes()[4:20] == grace.data_key_id.bytes

    def test_a_pdf_stays_as_it_is(self) -> None:
        pdf = b"%PDF-1.7\nsomething\n%%EOF\n"
        assert (evidence_of("Doctor.PDF", pdf).data, evidence_of("x", pdf).is_pdf) == (pdf, True)

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", "image.empty"),
            (b"MZ\x90 a program", "image.not_an_image"),
            (b"<html><script>alert(1)</script>", "image.not_an_image"),
            (b"%PDF-1.7\nthe rest is missing", "evidence.truncated"),
            (jpeg(64, 64)[:200], "image.truncated"),
        ],
    )
    def test_what_is_neither_is_refused(self, data: bytes, code: str) -> None:
        with pytest.raises(DomainError) as refused:
            evidence_of("note.jpg", data)
        assert refused.value.code == code

    def test_what_is_too_large_is_refused_by_its_size_alone(self) -> None:
        check_size(MAX_BYTES)
        with pytest.raises(DomainError) as refused:
            check_size(MAX_BYTES + 1)
        assert (refused.value.code, refused.value.http_status) == ("evidence.too_large", 413)


class TestLetters:
    @pytest.fixture(autouse=True)
    def _mail_server(self, settings: Any) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    def test_go_to_who_asked_and_to_the_person_once(self, grace: Person, hr: User) -> None:
        row = asked(grace, leaving())
        with signed_in(hr):
            refuse_correction(row, note="You left at noon.")
        assert (tell_decisions(), tell_decisions()) == (1, 0)
        assert {each.to[0] for each in mail.outbox} == {
            "grace@example.org",
            row.requested_by.email,
        }
        assert all("You left at noon." in str(each.body) for each in mail.outbox)
        # Why somebody was late is nobody's whose mailbox it passes through.
        assert not any("camera at the gate" in str(each.body) for each in mail.outbox)

    def test_one_to_who_asked_for_themselves(self, grace: Person, hr: User) -> None:
        account = UserFactory(role=Role.EMPLOYEE, person=grace, email="grace@example.org")
        with signed_in(account):
            row = ask_correction(grace, leaving())
        with signed_in(hr):
            approve_correction(row)
        tell_decisions()
        assert [each.to for each in mail.outbox] == [["grace@example.org"]]

    def test_none_about_what_waits_or_was_withdrawn(self, grace: Person) -> None:
        asked(grace, leaving())
        assert tell_decisions() == 0
        assert mail.outbox == []

    def test_wait_where_the_server_is_away(
        self, grace: Person, hr: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*_: object) -> None:
            raise OSError("no route")

        with signed_in(hr):
            approve_correction(asked(grace, leaving()))
        with monkeypatch.context() as broken:
            broken.setattr("portal.attendance.services.letters.send_mail", away)
            assert tell_decisions() == 0
        assert tell_decisions() == 1

    def test_none_without_a_mail_server(self, grace: Person, hr: User, settings: Any) -> None:
        settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
        with signed_in(hr):
            approve_correction(asked(grace, leaving()))
        assert tell_decisions() == 0
