"""Importing files of punches: the dry run, the deed, the same again, and workers that are lost."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from portal.attendance.models import (
    Punch,
    PunchImport,
    PunchImportPart,
    PunchImportRow,
    StaleDays,
)
from portal.attendance.services import punch_import_reading
from portal.attendance.services.punch_import_apply import apply_lot, begin_import
from portal.attendance.services.punch_import_lease import LEASE, claim
from portal.attendance.services.punch_import_lifecycle import purge_imports, take_in
from portal.attendance.services.punch_import_reading import read_in_steps
from portal.audit.models import AuditEntry
from portal.core.context import SYSTEM, Actor, acting_as
from portal.core.errors import DomainError
from portal.jobs.services import cancel_job
from portal.organisation.models import Site
from portal.people.models import Person
from tests.factories import PersonFactory, UserFactory
from tests.roster_files import csv_file
from workers import punch_import as worker
from workers.punch_import import import_waiting

pytestmark = pytest.mark.django_db

HEAD = "Code,Time,Direction,Place,Id"


@pytest.fixture(autouse=True)
def _a_new_process():
    worker._begun.clear()


@pytest.fixture
def committing(django_capture_on_commit_callbacks):
    """Within it, what waits for the end of a transaction is done, as it would be in earnest."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def hr():
    return UserFactory(role="hr")


@pytest.fixture
def ada():
    return PersonFactory(code="A-1", name="Ada Okafor")


def acting(user):
    return acting_as(
        Actor(
            kind="user",
            id=str(user.pk),
            label=user.get_username(),
            permissions=user.permissions,
            scope=user.scope(),
        )
    )


def uploaded(user, data: bytes, *, name: str = "terminal.csv", zone: str = "UTC") -> PunchImport:
    with acting(user):
        return take_in([data], file_name=name, time_zone=zone)


def work(budget_s: float = 60) -> bool:
    with acting_as(SYSTEM):
        return import_waiting(budget_s=budget_s)


def checked(user, data: bytes, **options) -> PunchImport:
    imported = uploaded(user, data, **options)
    work()
    imported.refresh_from_db()
    return imported


def applied(user, data: bytes, **options) -> PunchImport:
    imported = checked(user, data, **options)
    with acting(user):
        begin_import(imported.pk)
    work()
    imported.refresh_from_db()
    return imported


def counts(imported: PunchImport) -> tuple[int, int, int, int]:
    return (
        imported.rows_total,
        imported.rows_new,
        imported.rows_known,
        imported.rows_refused,
    )


def reasons(imported: PunchImport) -> dict[int, str]:
    return dict(imported.refused.values_list("line", "reason"))


def days(*codes: str, count: int, first: datetime | None = None) -> bytes:
    """Two times a day of each."""
    first = first or datetime(2026, 1, 5, 8, tzinfo=UTC)
    lines = []
    for n in range(count):
        for code in codes:
            day = first + timedelta(days=n)
            lines.append(f"{code},{day:%Y-%m-%d %H:%M},in,,")
            lines.append(f"{code},{day + timedelta(hours=9):%Y-%m-%d %H:%M},out,,")
    return csv_file(HEAD, *lines)


class TestTheDryRun:
    def test_nothing_is_entered_before_somebody_says_so(self, hr, ada):
        imported = checked(hr, days("A-1", count=2))
        assert (imported.state, counts(imported)) == ("checked", (4, 4, 0, 0))
        assert not Punch.objects.exists()
        assert imported.first_at == datetime(2026, 1, 5, 8, tzinfo=UTC)
        assert imported.last_at == datetime(2026, 1, 6, 17, tzinfo=UTC)

    def test_each_line_that_cannot_be_used_says_why_and_costs_no_other(self, hr, ada):
        imported = checked(
            hr,
            csv_file(
                HEAD,
                "A-1,2026-10-24 08:00,in,Gate,1",
                "Z-9,2026-10-24 08:00,in,Gate,2",
                "A-1,2026-02-30 08:00,in,Gate,3",
                "A-1,2026-10-25 02:30,in,Gate,4",
                "A-1,2026-03-29 02:30,in,Gate,5",
                "A-1,2096-10-24 08:00,in,Gate,6",
                "A-1,2026-10-24 08:00,in,Gate,1",
                "A-1,2026-10-24 17:00,out,Gate,8",
            ),
            zone="Europe/Berlin",
        )
        assert counts(imported) == (8, 2, 0, 6)
        said = reasons(imported)
        assert sorted(said) == [3, 4, 5, 6, 7, 8]
        assert "Nobody has the code “Z-9”" in said[3]
        assert "no such day" in said[4]
        assert "was twice" in said[5]
        assert "was not at all" in said[6]
        assert "in the future" in said[7]
        assert "Line 2 has the same id" in said[8]

    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("A-1,2026-03-01 08:00,in", "before their first day, 2026-03-02"),
            ("A-1,2026-03-02 00:10,in", ""),
            ("A-1,2026-06-30 22:00,in", ""),
            # Whoever came on the last evening leaves on the morning after.
            ("A-1,2026-07-01 06:00,out", ""),
            ("A-1,2026-07-01 06:00,", ""),
            ("A-1,2026-07-01 06:00,in", "after their last day, 2026-06-30"),
            ("A-1,2026-07-02 06:00,out", "after their last day"),
        ],
    )
    def test_nobody_comes_before_joining_or_after_leaving(self, hr, line, words):
        PersonFactory(code="A-1", employed_from=date(2026, 3, 2), employed_to=date(2026, 6, 30))
        imported = checked(hr, csv_file("Code,Time,Direction", line))
        assert (imported.rows_refused == 1) is bool(words)
        assert words in "".join(reasons(imported).values())

    def test_the_day_of_joining_is_that_of_the_persons_site(self, hr, ada):
        site = Site.objects.create(name="Apia", time_zone="Pacific/Apia")
        PersonFactory(code="S-1", site=site, employed_from=date(2026, 3, 2), department=None)
        # 2 March has begun there, while it is 1 March in UTC.
        imported = checked(
            hr, csv_file("Code,Time", "S-1,2026-03-01 12:00", "S-1,2026-03-01 10:00")
        )
        assert sorted(reasons(imported)) == [3]

    @pytest.mark.parametrize("status", ["removed", "merged", "erased"])
    def test_who_is_gone_is_unknown(self, hr, ada, status):
        Person.objects.filter(pk=ada.pk).update(status=status)
        imported = checked(hr, days("A-1", count=1))
        assert counts(imported) == (2, 0, 0, 2)

    def test_codes_are_found_however_they_are_spelled(self, hr, ada):
        imported = checked(hr, csv_file("Code,Time", "a-1,2026-03-01 12:00"))
        assert counts(imported) == (1, 1, 0, 0)

    def test_people_of_other_sites_are_unknown_to_who_may_not_see_them(self, ada):
        elsewhere = Site.objects.create(name="Elsewhere")
        user = UserFactory(role="hr")
        user.sites.set([elsewhere])
        imported = checked(user, days("A-1", count=1))
        assert "or you may not see them" in reasons(imported)[2]
        assert counts(imported) == (2, 0, 0, 2)

    @pytest.mark.parametrize(
        ("data", "words"),
        [
            (b"", "it is empty"),
            (csv_file("Code~Time", "1~2026-11-02 08:00"), "one column only"),
            (csv_file("Name,When", "Ada,2026-11-02 08:00"), "no column holds"),
            (csv_file("Code,Time", "1,2026-11-02 08:00") + b"\x81\x8d", "neither UTF-8"),
            (b"\x89PNG\r\n\x1a\n\0\0", "no text"),
            (b"PK\x03\x04 cut short", "not a ZIP file"),
        ],
        ids=["empty", "delimiter", "headings", "encoding", "a picture", "half a workbook"],
    )
    def test_a_file_that_cannot_be_used_at_all_is_refused_at_once(
        self, hr, vault_files, data, words
    ):
        with pytest.raises(DomainError, match=words):
            uploaded(hr, data)
        assert not PunchImport.objects.exists()
        assert vault_files.blobs() == set()

    def test_what_shows_only_below_the_headings_refuses_the_file_as_well(
        self, hr, vault_files, committing
    ):
        with committing():
            imported = checked(hr, csv_file("Code,Time"))
        assert imported.state == "refused"
        assert "no line below" in imported.message
        assert vault_files.blobs() == set()

    def test_too_large_a_file_is_refused_while_it_comes(self, hr, vault_files):
        piece = b"x" * (1024 * 1024)
        with pytest.raises(DomainError, match="more than 24 MB") as refused, acting(hr):
            take_in((piece for _ in range(25)), file_name="x.csv", time_zone="UTC")
        assert refused.value.http_status == 413
        assert vault_files.blobs() == set()


class TestTheDeed:
    def test_times_become_punches_with_what_the_file_says(self, hr, ada):
        imported = applied(hr, csv_file(HEAD, "A-1,2026-11-02 08:58:12,in,Main gate,20718"))
        assert (imported.state, imported.job.state) == ("applied", "done")
        punch = Punch.objects.get()
        assert (punch.person, punch.source, punch.direction) == (ada, "import", "in")
        assert (punch.place, punch.punch_import, punch.state) == ("Main gate", imported, "counted")
        assert punch.at == datetime(2026, 11, 2, 8, 58, 12, tzinfo=UTC)
        assert punch.idempotency_key == "import:#20718"
        assert punch.entered_by == hr.get_username()

    def test_their_days_are_computed_anew(self, hr, ada):
        applied(hr, days("A-1", count=3))
        stale = StaleDays.objects.get(person=ada)
        assert stale.first <= date(2026, 1, 5)
        assert stale.last >= date(2026, 1, 7)

    def test_the_same_file_twice_enters_nothing_and_says_so(self, hr, ada, client_of):
        data = days("A-1", count=5)
        first = applied(hr, data)
        assert counts(first) == (10, 10, 0, 0)
        second = applied(hr, data)
        assert counts(second) == (10, 0, 10, 0)
        assert (second.state, second.job) == ("applied", None)
        assert Punch.objects.count() == 10
        page = client_of("administrator").get(reverse("attendance:import_detail", args=[second.pk]))
        assert "10 times of this file were there already" in page.content.decode()

    def test_the_same_time_in_another_spelling_is_the_same(self, hr, ada):
        applied(hr, csv_file("Code,Time,Direction", "A-1,2026-11-02 08:58,in"))
        again = applied(
            hr,
            csv_file("Time;Employee no;In/Out", "2026-11-02T09:58:00+01:00;a-1;Check-In"),
        )
        assert counts(again) == (1, 0, 1, 0)

    def test_a_longer_file_of_the_same_terminal_enters_what_is_new(self, hr, ada):
        applied(hr, days("A-1", count=2))
        longer = applied(hr, days("A-1", count=5))
        assert counts(longer) == (10, 6, 4, 0)

    def test_an_id_that_stands_for_another_time_is_refused(self, hr, ada):
        applied(hr, csv_file(HEAD, "A-1,2026-11-02 08:00,in,,7"))
        other = applied(hr, csv_file(HEAD, "A-1,2026-11-02 09:00,in,,7"))
        assert counts(other) == (1, 0, 0, 1)
        assert "imported before with another time" in reasons(other)[2]

    def test_good_lines_are_entered_beside_refused_ones(self, hr, ada):
        imported = applied(
            hr, csv_file("Code,Time", "A-1,2026-11-02 08:00", "Z-9,2026-11-02 08:00", "A-1,soon")
        )
        assert counts(imported) == (3, 1, 0, 2)
        assert Punch.objects.count() == 1

    def test_whoever_left_between_the_dry_run_and_the_deed_is_refused(self, hr, ada):
        imported = checked(hr, days("A-1", count=1))
        Person.objects.filter(pk=ada.pk).update(employed_to=date(2025, 12, 31))
        with acting(hr):
            begin_import(imported.pk)
        work()
        imported.refresh_from_db()
        assert counts(imported) == (2, 0, 0, 2)
        assert (imported.state, imported.job.failed) == ("applied", 2)
        assert not Punch.objects.exists()

    def test_nothing_of_the_file_lies_about_afterwards(self, hr, ada, vault_files, committing):
        with committing():
            imported = applied(hr, days("A-1", count=3))
        assert not PunchImportPart.objects.exists()
        assert vault_files.blobs() == set()
        held = AuditEntry.objects.filter(target_id=str(imported.pk))
        assert [entry.action for entry in held.order_by("seq")] == [
            "attendance.import.uploaded",
            "attendance.import.begun",
            "attendance.import.ended",
        ]
        assert "A-1" not in str([entry.after for entry in held])

    def test_what_is_applied_is_not_applied_again(self, hr, ada):
        imported = applied(hr, days("A-1", count=1))
        with pytest.raises(DomainError, match="only once"), acting(hr):
            begin_import(imported.pk)


class TestWorkers:
    LOTS = 4

    @pytest.fixture(autouse=True)
    def _small_lots(self, monkeypatch):
        monkeypatch.setattr(punch_import_reading, "_LOT", 5)

    @pytest.fixture
    def long_file(self, ada) -> bytes:
        return days("A-1", count=self.LOTS * 5 // 2)

    def test_a_little_is_done_at_a_time(self, hr, long_file):
        imported = uploaded(hr, long_file)
        assert work(budget_s=0) is True
        imported.refresh_from_db()
        assert (imported.state, imported.rows_total) == ("checking", 5)
        assert work(budget_s=0) is True
        imported.refresh_from_db()
        assert imported.rows_total == 10
        while work(budget_s=0):
            pass
        imported.refresh_from_db()
        assert (imported.state, counts(imported)) == ("checked", (20, 20, 0, 0))

    def test_a_reader_that_is_lost_is_replaced_by_one_that_begins_anew(self, hr, long_file):
        imported = uploaded(hr, long_file + b"Z-9,2026-01-01 08:00,,,\r\n")
        work(budget_s=0)
        self._lose(imported)
        work()
        imported.refresh_from_db()
        assert (imported.state, counts(imported)) == ("checked", (21, 20, 0, 1))
        assert imported.refused.count() == 1
        assert imported.parts.count() == self.LOTS

    def test_a_reader_that_was_thought_lost_writes_nothing_more(self, hr, long_file):
        imported = uploaded(hr, long_file)
        with acting(hr):
            slow = read_in_steps(claim("slow"), owner="slow")
            next(slow)
            PunchImport.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
            quick = read_in_steps(claim("quick"), owner="quick")
            next(quick)
            assert list(slow) == []
            assert len(list(quick)) == self.LOTS - 1
        imported.refresh_from_db()
        assert (imported.state, counts(imported)) == ("checked", (20, 20, 0, 0))

    def test_a_worker_that_is_killed_in_the_middle_of_the_deed_is_replaced(self, hr, long_file):
        imported = checked(hr, long_file)
        with acting(hr):
            begin_import(imported.pk)
            assert apply_lot(claim("killed"), owner="killed")
        assert Punch.objects.count() == 5
        assert work() is False
        imported.refresh_from_db()
        assert imported.state == "applying", "another holds it still"
        self._lose(imported)
        work()
        imported.refresh_from_db()
        assert (imported.state, counts(imported)) == ("applied", (20, 20, 0, 0))
        assert (imported.job.done, imported.job.state) == (20, "done")
        assert Punch.objects.count() == 20

    def test_a_file_that_kills_every_worker_is_given_up(self, hr, long_file):
        imported = uploaded(hr, long_file)
        for _ in range(6):
            claim(f"killed {_}")
            self._lose(imported)
        work()
        imported.refresh_from_db()
        assert imported.state == "refused"
        assert "workers were lost" in imported.message

    def test_a_cancelled_job_stops_and_keeps_what_was_entered(self, hr, long_file, administrator):
        imported = checked(hr, long_file)
        with acting(hr):
            begin_import(imported.pk)
        work(budget_s=0)
        imported.refresh_from_db()
        cancel_job(imported.job)
        work()
        imported.refresh_from_db()
        assert imported.state == "stopped"
        assert Punch.objects.count() == 5
        assert not PunchImportPart.objects.exists()

    def test_rights_that_were_taken_away_end_the_import(self, hr, long_file):
        imported = checked(hr, long_file)
        with acting(hr):
            begin_import(imported.pk)
        hr.role = "officer"
        hr.save()
        work()
        imported.refresh_from_db()
        assert imported.state == "stopped"
        assert not Punch.objects.exists()

    @staticmethod
    def _lose(imported: PunchImport) -> None:
        worker._begun.clear()
        gone = timezone.now() - LEASE
        PunchImport.objects.filter(pk=imported.pk).update(leased_by="lost", leased_until=gone)


class TestThePages:
    @pytest.fixture
    def desk(self, client_of):
        return client_of("administrator")

    def test_from_the_upload_to_the_report(self, desk, ada):
        file = SimpleUploadedFile("door.csv", csv_file("Code,Time", "A-1,2026-11-02 08:00", "Z,x"))
        answer = desk.post(
            reverse("attendance:imports"), {"file": file, "time_zone": "Europe/Berlin"}
        )
        imported = PunchImport.objects.get()
        assert answer.url == reverse("attendance:import_detail", args=[imported.pk])
        assert "Reading the lines" in desk.get(answer.url).content.decode()
        work()
        page = desk.get(answer.url).content.decode()
        assert "Applying enters 1 time" in page
        assert "“x” is no date" in page
        desk.post(reverse("attendance:import_apply", args=[imported.pk]))
        work()
        assert "1 time entered" in desk.get(answer.url).content.decode()
        assert Punch.objects.get().at == datetime(2026, 11, 2, 7, tzinfo=UTC)
        history = desk.get(reverse("attendance:imports")).content.decode()
        assert "door.csv" in history

    def test_a_page_of_a_former_state_is_loaded_anew(self, desk, hr, ada):
        imported = checked(hr, days("A-1", count=1))
        url = reverse("attendance:import_detail", args=[imported.pk])
        answer = desk.get(url, {"was": "checking"}, headers={"HX-Request": "true"})
        assert (answer.status_code, answer.headers["HX-Refresh"]) == (204, "true")

    def test_a_file_that_is_refused_leaves_the_form_with_the_reason(self, desk):
        file = SimpleUploadedFile("x.csv", b"just words")
        answer = desk.post(reverse("attendance:imports"), {"file": file, "time_zone": "UTC"})
        assert answer.status_code == 422
        assert "one column only" in answer.content.decode()

    def test_the_zone_is_that_of_the_site_unless_told_otherwise(self, desk):
        Site.objects.create(name="Head office", time_zone="Europe/Berlin")
        form = desk.get(reverse("attendance:imports")).context["form"]
        assert form["time_zone"].value() == "Europe/Berlin"

    def test_refused_lines_are_downloaded_safely_and_noted(self, desk, hr):
        imported = checked(hr, csv_file("Code,Time", "=cmd,2026-11-02 08:00", "@x,1"))
        answer = desk.get(reverse("attendance:import_refused", args=[imported.pk]))
        text = b"".join(answer.streaming_content).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text)))
        assert rows[0] == ["Line", "Reason", "What the line held"]
        assert [row[0] for row in rows[1:]] == ["2", "3"]
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
        assert AuditEntry.objects.filter(action="attendance.import.exported").count() == 1

    def test_somebody_of_one_site_sees_their_own_imports_only(self, hr, ada, client_of):
        imported = checked(hr, days("A-1", count=1))
        other = UserFactory(role="hr")
        other.sites.set([ada.site])
        from django.test import Client

        from tests.conftest import SIGN_IN_BACKEND

        browser = Client()
        browser.force_login(other, backend=SIGN_IN_BACKEND)
        url = reverse("attendance:import_detail", args=[imported.pk])
        assert browser.get(url).status_code == 404
        assert imported.file_name not in browser.get(reverse("attendance:imports")).content.decode()

    def test_a_file_is_discarded_whole(self, desk, hr, ada, vault_files, committing):
        with committing():
            imported = checked(hr, days("A-1", count=1))
            desk.post(reverse("attendance:import_discard", args=[imported.pk]))
        assert not PunchImport.objects.exists()
        assert vault_files.blobs() == set()

    def test_stopping_keeps_what_was_entered(self, desk, hr, ada):
        imported = checked(hr, days("A-1", count=1))
        stop = reverse("attendance:import_stop", args=[imported.pk])
        assert desk.post(stop).status_code == 409
        with acting(hr):
            begin_import(imported.pk)
        desk.post(stop)
        imported.refresh_from_db()
        assert (imported.state, imported.job.state) == ("stopped", "cancelled")

    def test_what_nobody_applied_and_old_reasons_are_forgotten(
        self, hr, ada, vault_files, committing
    ):
        now = timezone.now()
        with committing():
            stale = checked(hr, days("A-1", count=1))
            old = applied(hr, csv_file("Code,Time", "Z-9,2026-11-02 08:00"))
            fresh = applied(hr, csv_file("Code,Time", "Z-8,2026-11-02 08:00"))
            PunchImport.objects.filter(pk=stale.pk).update(changed_at=now - timedelta(hours=25))
            PunchImport.objects.filter(pk=old.pk).update(ended_at=now - timedelta(days=91))
            assert purge_imports() == 2
        assert set(PunchImport.objects.all()) == {old, fresh}
        assert PunchImportRow.objects.get().punch_import == fresh
        assert vault_files.blobs() == set()
