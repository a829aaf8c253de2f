"""Reports that are kept, and mailed by themselves: each turn once, with the owner's rights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.core.context import SYSTEM, Actor, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.organisation.models import Department, Site
from portal.reports.catalogue import CATALOGUE
from portal.reports.choices import choices_of
from portal.reports.models import ReportRun, SavedReport
from portal.reports.selectors.saved import owned_reports
from portal.reports.services import send as sending
from portal.reports.services.saved import Wanted, forget_report, keep_report
from portal.reports.services.send import send_due
from portal.reports.turns import next_turn
from tests.factories import PersonFactory, UserFactory
from tests.factories.attendance import DayFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated")]

# A Tuesday.
NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


@pytest.fixture
def site() -> Site:
    return Site.objects.create(name="Works", time_zone="UTC")


@pytest.fixture
def owner() -> User:
    return UserFactory(role="hr", email="hana@example.org", name="Hana")


def acting(user: User) -> Any:
    return acting_as(
        Actor("user", str(user.pk), user.email, permissions=user.permissions, scope=user.scope())
    )


def kept(
    owner: User, slug: str = "daily", *, span: str = "yesterday", **wanted: Any
) -> SavedReport:
    asked = {
        "name": "Morning", "rhythm": "daily", "form": "csv",
        "recipients": ["boss@example.org"], "reason": "The daily look",
    } | wanted  # fmt: skip
    with acting(owner):
        return keep_report(CATALOGUE[slug], choices_of({"span": span}), Wanted(**asked))


def sent(clock: Any, at: datetime) -> int:
    clock.move_to(at)
    with acting_as(SYSTEM):
        return send_due()


class TestKeeping:
    def test_it_is_ones_own_and_means_other_dates_every_time(self, owner: User, clock: Any) -> None:
        report = kept(owner, rhythm="", recipients=[])
        assert (report.choices, report.next_at) == ({"span": "yesterday"}, None)
        with acting(UserFactory(role="administrator")):
            assert not owned_reports()
        with acting(owner):
            assert list(owned_reports()) == [report]
            clock.move_to(NOW + timedelta(days=9))
            assert choices_of(report.choices).first == date(2026, 11, 11)

    def test_a_name_that_was_used_before_is_replaced(self, owner: User) -> None:
        first = kept(owner)
        assert kept(owner, "monthly", span="last_month").pk == first.pk
        assert SavedReport.objects.get().kind == "monthly"

    @pytest.mark.parametrize(
        ("wanted", "words"),
        [
            ({"name": "  "}, "name"),
            ({"name": "x" * 81}, "name"),
            ({"recipients": []}, "addresses"),
            ({"recipients": [f"a{n}@example.org" for n in range(21)]}, "addresses"),
            ({"recipients": ["boss"]}, "not an e-mail"),
            ({"recipients": ["a@example.org\nBcc: b@example.org"]}, "not an e-mail"),
            ({"reason": ""}, "mails are for"),
            ({"rhythm": "hourly"}, "lists"),
            ({"form": "docx"}, "lists"),
        ],
    )
    def test_what_cannot_be_mailed_is_refused_in_words(
        self, owner: User, wanted: dict[str, Any], words: str
    ) -> None:
        with pytest.raises(DomainError) as refused:
            kept(owner, **wanted)
        assert words in refused.value.message
        assert not SavedReport.objects.exists()

    def test_fixed_dates_are_not_mailed_again_and_again(self, owner: User) -> None:
        with acting(owner), pytest.raises(DomainError) as refused:
            keep_report(
                CATALOGUE["daily"],
                choices_of({"first": "2026-10-01"}),
                Wanted(name="x", rhythm="daily", recipients=["a@example.org"], reason="why not"),
            )
        assert "dates in words" in refused.value.message

    def test_who_may_export_nothing_mails_nothing(self) -> None:
        with pytest.raises(PermissionMissing):
            kept(UserFactory(role="auditor"))

    def test_it_is_forgotten_with_its_past(self, owner: User) -> None:
        report = kept(owner)
        ReportRun.objects.create(report=report, due_at=NOW, state="sent")
        with acting(owner):
            forget_report(report)
        assert not ReportRun.objects.exists()
        assert AuditEntry.objects.filter(action="reports.forgotten").exists()


class TestTurns:
    @pytest.mark.parametrize(
        ("rhythm", "zone", "after", "due"),
        [
            ("daily", "UTC", "2026-11-03T05:59", "2026-11-03T06:00"),
            ("daily", "UTC", "2026-11-03T06:00", "2026-11-04T06:00"),
            ("weekly", "UTC", "2026-11-03T12:00", "2026-11-09T06:00"),
            ("monthly", "UTC", "2026-11-03T12:00", "2026-12-01T06:00"),
            # Six in Berlin: an hour later by UTC once summer time is over.
            ("daily", "Europe/Berlin", "2026-10-24T05:00", "2026-10-25T05:00"),
            ("daily", "Europe/Berlin", "2026-10-23T05:00", "2026-10-24T04:00"),
            ("daily", "Pacific/Auckland", "2026-11-03T12:00", "2026-11-03T17:00"),
        ],
    )
    def test_it_is_six_in_the_morning_where_the_report_is_of(
        self, rhythm: str, zone: str, after: str, due: str
    ) -> None:
        found = next_turn(rhythm, zone=zone, after=datetime.fromisoformat(f"{after}+00:00"))
        assert found == datetime.fromisoformat(f"{due}+00:00")

    def test_never_has_no_turn(self) -> None:
        assert next_turn("", zone="UTC", after=NOW) is None


class TestSending:
    def test_the_file_of_the_turn_is_mailed_to_those_named(
        self, owner: User, site: Site, clock: Any
    ) -> None:
        DayFactory(person=PersonFactory(site=site, name="Ada"), work_date=date(2026, 11, 3))
        report = kept(owner, recipients=["boss@example.org", "Boss@example.org", "b@example.org"])
        assert sent(clock, NOW) == 0
        assert sent(clock, datetime(2026, 11, 4, 6, 1, tzinfo=UTC)) == 1
        (message,) = mail.outbox
        assert message.to == ["boss@example.org", "b@example.org"]
        ((name, content, kind),) = message.attachments
        assert (name.endswith(".csv"), kind) == (True, "text/csv")
        assert "Ada" in str(content)
        assert "As of: 4 Nov 2026, 06:01:00 (UTC)" in message.body
        run = ReportRun.objects.get()
        assert (run.state, run.rows, run.due_at.hour) == ("sent", 1, 6)
        report.refresh_from_db()
        assert report.next_at == datetime(2026, 11, 5, 6, tzinfo=UTC)
        entry = AuditEntry.objects.get(action="reports.sent")
        assert (entry.actor_label, entry.after["people"]) == ("hana@example.org", 1)

    def test_a_turn_is_taken_once_however_often_it_is_asked_for(
        self, owner: User, clock: Any
    ) -> None:
        report = kept(owner)
        due = report.next_at
        assert due is not None
        sent(clock, due)
        assert sent(clock, due) == 0
        # A row that another worker made in the same moment.
        SavedReport.objects.filter(pk=report.pk).update(next_at=due)
        assert sent(clock, due) == 0
        assert len(mail.outbox) == 1

    def test_turns_that_nobody_was_there_for_are_sent_late_and_once(
        self, owner: User, clock: Any
    ) -> None:
        kept(owner)
        assert sent(clock, datetime(2026, 11, 9, 12, tzinfo=UTC)) == 1
        assert sent(clock, datetime(2026, 11, 9, 13, tzinfo=UTC)) == 0
        # The day before the turn, not before the moment of sending.
        assert "Tuesday 3 November 2026" in mail.outbox[0].body

    def test_it_tells_of_whom_its_owner_may_see_now(self, site: Site, clock: Any) -> None:
        other = Site.objects.create(name="Depot", time_zone="UTC")
        for place in (site, other):
            DayFactory(
                person=PersonFactory(site=place, name=f"Of {place.name}"),
                work_date=date(2026, 11, 3),
            )
        owner = UserFactory(role="hr")
        kept(owner)
        owner.sites.add(site)
        sent(clock, datetime(2026, 11, 4, 6, tzinfo=UTC))
        content = str(mail.outbox[0].attachments[0][1])
        assert "Of Works" in content
        assert "Of Depot" not in content

    def test_a_right_that_was_taken_away_fails_and_says_so(self, owner: User, clock: Any) -> None:
        kept(owner)
        User.objects.filter(pk=owner.pk).update(role="auditor")
        sent(clock, datetime(2026, 11, 4, 6, tzinfo=UTC))
        assert not mail.outbox
        run = ReportRun.objects.get()
        assert run.state == "failed"
        assert "reports.export" in run.message

    def test_a_department_that_is_no_longer_theirs_mails_nothing_of_it(
        self, owner: User, site: Site, clock: Any
    ) -> None:
        other = Site.objects.create(name="Depot", time_zone="UTC")
        team = Department.objects.create(site=other, name="T", path="T")
        report = kept(owner)
        SavedReport.objects.filter(pk=report.pk).update(
            choices={"span": "yesterday", "department": str(team.pk)}
        )
        owner.sites.add(site)
        sent(clock, datetime(2026, 11, 4, 6, tzinfo=UTC))
        assert not mail.outbox
        assert "not one of yours" in ReportRun.objects.get().message

    def test_an_account_that_was_switched_off_stops_it(self, owner: User, clock: Any) -> None:
        report = kept(owner)
        User.objects.filter(pk=owner.pk).update(is_active=False)
        sent(clock, datetime(2026, 11, 4, 6, tzinfo=UTC))
        report.refresh_from_db()
        assert report.next_at is None
        assert "switched off" in ReportRun.objects.get().message

    def test_what_no_mail_can_carry_is_not_tried(
        self, owner: User, clock: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sending, "LARGEST_BYTES", 10)
        kept(owner)
        sent(clock, datetime(2026, 11, 4, 6, tzinfo=UTC))
        assert not mail.outbox
        assert "at most" in ReportRun.objects.get().message

    def test_a_mail_server_that_refuses_fails_one_turn_and_not_the_others(
        self, owner: User, clock: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(self: Any) -> int:
            if self.subject.endswith("Morning"):
                raise ConnectionRefusedError
            mail.outbox.append(self)
            return 1

        monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
        kept(owner)
        kept(owner, name="Evening")
        assert sent(clock, datetime(2026, 11, 4, 6, tzinfo=UTC)) == 2
        assert len(mail.outbox) == 1
        states = dict(ReportRun.objects.values_list("report__name", "state"))
        assert states == {"Morning": "failed", "Evening": "sent"}

    def test_a_worker_that_dies_on_the_way_has_sent_too_little_and_never_twice(
        self, owner: User, clock: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def die(self: Any) -> int:
            raise SystemExit

        kept(owner)
        with monkeypatch.context() as patched:
            patched.setattr("django.core.mail.EmailMessage.send", die)
            with pytest.raises(SystemExit):
                sent(clock, datetime(2026, 11, 4, 6, tzinfo=UTC))
        assert sent(clock, datetime(2026, 11, 4, 6, 5, tzinfo=UTC)) == 0
        run = ReportRun.objects.get()
        assert (run.state, "stopped while" in run.message) == ("failed", True)


class TestPages:
    def test_it_is_kept_opened_and_removed_on_the_pages(
        self, client_of: Callable[..., Client]
    ) -> None:
        hr = client_of("hr")
        told = hr.post(
            "/reports/late-early/keep/",
            {
                "query": "span=last_week",
                "name": "Who was late",
                "rhythm": "weekly",
                "format": "pdf",
                "recipients": "a@example.org, b@example.org",
                "reason": "Weekly meeting",
            },
            follow=True,
        ).content.decode()
        assert "mailed from the next turn on" in told
        assert "Who was late" in told
        report = SavedReport.objects.get()
        assert report.recipients == ["a@example.org", "b@example.org"]
        opened = hr.get(f"/reports/saved/{report.pk}/")
        assert opened["Location"] == "/reports/late-early/?span=last_week"
        assert client_of("hr").get(f"/reports/saved/{report.pk}/").status_code == 404
        hr.post(f"/reports/saved/{report.pk}/forget/")
        assert not SavedReport.objects.exists()

    def test_a_failure_is_shown_with_its_reason(self, client_of: Callable[..., Client]) -> None:
        hr = client_of("hr")
        owner = User.objects.get(role="hr")
        report = SavedReport.objects.create(owner=owner, name="x", kind="daily", rhythm="daily")
        ReportRun.objects.create(
            report=report, due_at=NOW, state="failed", message="The mail server did not take it."
        )
        text = hr.get("/reports/saved/").content.decode()
        assert "Failed" in text
        assert "The mail server did not take it." in text

    def test_what_is_refused_is_told_on_the_report(self, client_of: Callable[..., Client]) -> None:
        told = client_of("hr").post(
            "/reports/daily/keep/",
            {"query": "span=yesterday", "name": "x", "rhythm": "daily", "recipients": "nobody"},
            follow=True,
        )
        assert "is not an e-mail address" in told.content.decode()
