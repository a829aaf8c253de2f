"""Telling payroll of a period: once, in the same bytes ever after, with what came too late before."""

from __future__ import annotations

import csv
import hashlib
import io
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any, Final

import pytest
import time_machine
from django.db import connection
from django.test import Client
from openpyxl import load_workbook

from portal.attendance.models import Adjustment, AttendanceDay, Period
from portal.attendance.selectors.periods import adjustments_for
from portal.attendance.services.periods import lock_period, make_period
from portal.audit.models import AuditEntry
from portal.core.context import Actor, Scope, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.core.policies import ALL_PERMISSIONS, permissions_of
from portal.core.vault import vault
from portal.organisation.models import Site
from portal.people.models import Person
from portal.reports.catalogue import CATALOGUE
from portal.reports.choices import choices_of
from portal.reports.selectors.making import make_report
from portal.reports.services.payroll import PayrollFile, export_payroll, kept_statement
from tests.factories import PersonFactory
from tests.factories.attendance import DayFactory, LeaveFactory, LeaveTypeFactory

pytestmark = pytest.mark.usefixtures("isolated", "administrator")

OCTOBER: Final = {"first": date(2026, 10, 1), "last": date(2026, 10, 31)}
NOVEMBER: Final = {"first": date(2026, 11, 1), "last": date(2026, 11, 30)}
WHY: Final = "Wages"


@pytest.fixture(autouse=True)
def _december() -> Iterator[None]:
    with time_machine.travel(datetime(2026, 12, 2, 12, tzinfo=UTC), tick=False):
        yield


@pytest.fixture
def site(db: None) -> Site:
    return Site.objects.create(name="Works", time_zone="Europe/Berlin")


@pytest.fixture
def ada(site: Site) -> Person:
    person = PersonFactory(site=site, department=None, code="A-1", name="Ada Lovelace")
    DayFactory(
        person=person, work_date=date(2026, 10, 1), worked_min=510, payable_min=475,
        overtime_min=30,
    )  # fmt: skip
    DayFactory(
        person=person, work_date=date(2026, 10, 2), status="absent", worked_min=0, payable_min=0
    )
    DayFactory(
        person=person, work_date=date(2026, 10, 5), status="on_leave", worked_min=0, payable_min=0
    )
    LeaveFactory(
        person=person,
        type=LeaveTypeFactory(name="Yearly"),
        first=date(2026, 10, 5),
        state="approved",
    )
    return person


def locked(dates: Any = OCTOBER, site: Site | None = None) -> Period:
    return lock_period(make_period(**dates, site=site))


def exported(period: Period, form: str = "csv", hours: str = "minutes") -> PayrollFile:
    return export_payroll(period, form=form, hours=hours, reason=WHY)


def rows_of(made: PayrollFile) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(made.content.decode("utf-8-sig"), newline="")))


def late_change(period: Period, person: Person, *, minutes: int, overtime: int = 0) -> Adjustment:
    return Adjustment.objects.create(
        period=period, person=person, work_date=date(2026, 10, 1), occurrence_no=1,
        payable_delta_min=minutes, overtime_delta_min=overtime, inputs_hash="x", cause="correction",
    )  # fmt: skip


@pytest.mark.django_db
class TestContents:
    def test_a_person_has_one_row_with_times_absences_and_leave_by_type(self, ada: Person) -> None:
        (row,) = rows_of(exported(locked()))
        assert row == {
            "Code": "A-1", "Name": "Ada Lovelace", "Site": "Works", "Department": "",
            "From": "2026-10-01", "To": "2026-10-31",
            "Worked (min)": "510", "Payable (min)": "475", "Overtime (min)": "30",
            "Absences": "1", "Leave: Yearly (days)": "1",
            "Adjusted payable (min)": "0", "Adjusted overtime (min)": "0",
            "Total payable (min)": "475", "Total overtime (min)": "30",
        }  # fmt: skip

    def test_who_has_moved_away_since_is_paid_for_what_was_worked_here(
        self, ada: Person, site: Site
    ) -> None:
        """Exported once and kept for good, by somebody whose rights end at the site."""
        ada.site = Site.objects.create(name="Depot", time_zone="Europe/Berlin")
        ada.save()
        DayFactory(person=ada, work_date=date(2026, 10, 30), payable_min=60)  # at the depot
        locked(site=site)
        hr = Actor("user", permissions=ALL_PERMISSIONS, scope=Scope(site_ids=frozenset({site.pk})))
        with acting_as(hr):
            (row,) = rows_of(exported(Period.objects.get()))
        assert (row["Name"], row["Payable (min)"], row["Absences"]) == ("Ada Lovelace", "475", "1")
        assert (row["Site"], row["Leave: Yearly (days)"]) == ("Works", "1")

    def test_hours_have_two_places_and_sums_are_of_minutes(self, ada: Person, site: Site) -> None:
        for n in range(2):
            DayFactory(
                person=PersonFactory(site=site), work_date=date(2026, 10, 1 + n), worked_min=20,
                payable_min=20,
            )  # fmt: skip
        period = locked()
        made = exported(period, hours="hours")
        assert [row["Payable (h)"] for row in rows_of(made)] == ["7.92", "0.33", "0.33"]
        sheet = load_workbook(io.BytesIO(exported(period, "xlsx", "hours").content))["Report"]
        # 475 + 20 + 20 minutes, not 7.92 + 0.33 + 0.33.
        assert sheet.cell(5, 8).value == 8.58
        assert sheet.cell(5, 1).value == "Total"

    def test_totals_are_those_of_the_reports(self, ada: Person) -> None:
        made = rows_of(exported(locked()))
        daily = make_report(
            CATALOGUE["daily"], choices_of({"first": "2026-10-01", "last": "2026-10-31"})
        )
        for label, key in (
            ("Worked (min)", "worked"), ("Payable (min)", "payable"),
            ("Overtime (min)", "overtime"), ("Absences", "absent"),
        ):  # fmt: skip
            assert sum(int(row[label]) for row in made) == daily.total(key)
        assert sum(2 * float(row["Leave: Yearly (days)"]) for row in made) == daily.total("leave")

    def test_only_the_site_of_the_period_is_in_it(self, ada: Person, site: Site) -> None:
        other = Site.objects.create(name="Depot", time_zone="UTC")
        DayFactory(person=PersonFactory(site=other, code="B-2"), work_date=date(2026, 10, 1))
        assert [row["Code"] for row in rows_of(exported(locked(site=site)))] == ["A-1"]
        assert [row["Code"] for row in rows_of(exported(locked(site=other)))] == ["B-2"]

    def test_no_cell_is_a_formula(self, ada: Person) -> None:
        Person.objects.filter(pk=ada.pk).update(name="=1+1")
        period = locked()
        assert rows_of(exported(period))[0]["Name"] == "'=1+1"
        sheet = load_workbook(io.BytesIO(exported(period, "xlsx").content))["Report"]
        assert sheet["B2"].data_type == "s"


@pytest.mark.django_db
class TestOnce:
    @pytest.mark.parametrize("form", ["csv", "xlsx"])
    @pytest.mark.parametrize("hours", ["minutes", "hours"])
    def test_exporting_again_gives_the_same_bytes_whatever_changed(
        self, ada: Person, site: Site, form: str, hours: str
    ) -> None:
        period = locked()
        first = exported(period, form, hours)
        period.refresh_from_db()
        assert (first.is_first, period.state) == (True, Period.State.EXPORTED)
        assert period.exported_sha256 == first.sha256 == hashlib.sha256(first.content).hexdigest()
        # A new name, a new site's name, a day that should never have been touched.
        Person.objects.filter(pk=ada.pk).update(name="Ada King", code="A-9")
        Site.objects.filter(pk=site.pk).update(name="Mill")
        AttendanceDay.objects.update(payable_min=1)
        late_change(period, ada, minutes=-60)
        with time_machine.travel(datetime(2027, 1, 9, tzinfo=UTC), tick=False):
            again = exported(period, form, hours)
        assert again.content == first.content
        assert not again.is_first
        period.refresh_from_db()
        assert period.exported_at == datetime(2026, 12, 2, 12, tzinfo=UTC)

    def test_every_export_is_audited_with_its_checksum_and_reason(self, ada: Person) -> None:
        period = locked()
        made = [exported(period), exported(period, "xlsx")]
        entries = AuditEntry.objects.filter(action="payroll.exported").order_by("seq")
        assert [entry.after["sha256"] for entry in entries] == [one.sha256 for one in made]
        assert [entry.after["again"] for entry in entries] == [False, True]
        assert {entry.reason for entry in entries} == {WHY}
        assert "Ada" not in repr([entry.after for entry in entries])

    def test_a_person_who_was_erased_since_is_no_longer_named(
        self, ada: Person, django_capture_on_commit_callbacks: Any
    ) -> None:
        period = locked()
        exported(period)
        period.refresh_from_db()
        assert [line.name for line in kept_statement(period).lines] == ["Ada Lovelace"]
        # What erasing does to whatever is sealed for somebody.
        ada.refresh_from_db()
        assert ada.data_key_id is not None
        with django_capture_on_commit_callbacks(execute=True):
            vault().keys.destroy(ada.data_key_id)
        (row,) = rows_of(exported(period))
        assert (row["Name"], row["Payable (min)"]) == ("Erased person", "475")

    def test_an_open_period_is_not_exported(self, ada: Person) -> None:
        period = make_period(**OCTOBER)
        with pytest.raises(DomainError) as refused:
            exported(period)
        assert refused.value.code == "period.open"
        period.refresh_from_db()
        assert (period.state, period.statement_key) == (Period.State.OPEN, "")

    @pytest.mark.parametrize(
        ("form", "hours", "reason", "code"),
        [
            ("pdf", "minutes", WHY, "export.kind"),
            ("csv", "days", WHY, "export.kind"),
            ("csv", "minutes", "  ", "export.reason"),
        ],
    )
    def test_what_is_no_export_changes_nothing(
        self, ada: Person, form: str, hours: str, reason: str, code: str
    ) -> None:
        period = locked()
        with pytest.raises(DomainError) as refused:
            export_payroll(period, form=form, hours=hours, reason=reason)
        assert refused.value.code == code
        period.refresh_from_db()
        assert period.state == Period.State.LOCKED


@pytest.mark.django_db
class TestAdjustments:
    def test_what_came_after_the_lock_is_in_the_next_export_once(self, ada: Person) -> None:
        """Case 91, from payroll's side."""
        october = locked()
        exported(october)
        late_change(october, ada, minutes=-35, overtime=15)
        late_change(october, ada, minutes=5)
        DayFactory(person=ada, work_date=date(2026, 11, 3), payable_min=480)
        november = locked(NOVEMBER)
        assert sum(one.payable_delta_min for one in adjustments_for(november)) == -30
        (row,) = rows_of(exported(november))
        assert (row["Payable (min)"], row["Adjusted payable (min)"], row["Total payable (min)"]) == (
            "480", "-30", "450",
        )  # fmt: skip
        assert (row["Adjusted overtime (min)"], row["Total overtime (min)"]) == ("15", "15")
        assert set(Adjustment.objects.values_list("reported_in", flat=True)) == {november.pk}
        # The next period carries nothing of it any more, and November tells of it still.
        december = make_period(first=date(2026, 12, 1), last=date(2026, 12, 31))
        assert not adjustments_for(december)
        november.refresh_from_db()
        assert len(adjustments_for(november)) == 2

    def test_who_has_an_adjustment_only_has_a_row_too(self, ada: Person) -> None:
        october = locked()
        late_change(october, ada, minutes=60)
        (row,) = rows_of(exported(locked(NOVEMBER)))
        assert (row["Code"], row["Payable (min)"], row["Total payable (min)"]) == ("A-1", "0", "60")

    def test_they_are_carried_by_the_export_of_their_own_site(
        self, ada: Person, site: Site
    ) -> None:
        other = Site.objects.create(name="Depot", time_zone="UTC")
        late_change(locked(site=site), ada, minutes=60)
        depot, works = make_period(**NOVEMBER, site=other), make_period(**NOVEMBER, site=site)
        assert not adjustments_for(depot)
        assert len(adjustments_for(works)) == 1

    def test_those_of_later_periods_wait_for_their_own_next(self, ada: Person) -> None:
        late_change(locked(NOVEMBER), ada, minutes=60)
        assert not adjustments_for(make_period(**OCTOBER))


@pytest.mark.django_db
class TestRights:
    @pytest.mark.parametrize("role", ["manager", "auditor", "officer"])
    def test_only_who_manages_payroll_exports(self, ada: Person, role: str) -> None:
        period = locked()
        with (
            acting_as(Actor("user", permissions=permissions_of(role))),
            pytest.raises(PermissionMissing),
        ):
            exported(period)

    def test_whoever_reaches_a_part_exports_nothing(self, ada: Person, site: Site) -> None:
        period = locked()
        part = Actor(
            "user", permissions=ALL_PERMISSIONS, scope=Scope(site_ids=frozenset({site.pk}))
        )
        with acting_as(part), pytest.raises(DomainError) as refused:
            exported(period)
        assert refused.value.code == "period.reach"


@pytest.mark.django_db
class TestPages:
    @pytest.fixture
    def hr(self, client_of: Callable[..., Client]) -> Client:
        return client_of("hr")

    def test_october_is_made_locked_and_exported_on_the_pages(
        self, hr: Client, ada: Person
    ) -> None:
        made = hr.post("/reports/periods/new/", {"first": "2026-10-01", "last": "2026-10-31"})
        assert made.status_code == 302
        page = made["Location"]
        assert "Nothing is in the way" in hr.get(page).content.decode()
        assert hr.post(f"{page}lock/").status_code == 302
        assert "Export for payroll" in hr.get(page).content.decode()
        file = hr.post(f"{page}payroll/", {"form": "csv", "hours": "hours", "reason": WHY})
        assert file["Content-Disposition"] == (
            'attachment; filename="gatehouse-payroll-2026-10-01-2026-10-31.csv"'
        )
        assert b"Ada Lovelace" in b"".join(file.streaming_content)
        text = hr.get(page).content.decode()
        assert Period.objects.get().exported_sha256 in text
        assert "7.92" in text

    def test_what_is_in_the_way_is_listed_with_a_link_to_the_day(
        self, hr: Client, ada: Person
    ) -> None:
        AttendanceDay.objects.filter(work_date=date(2026, 10, 2)).update(status="pending")
        period = make_period(**OCTOBER)
        text = hr.get(f"/reports/periods/{period.pk}/").content.decode()
        assert "This period cannot be locked yet" in text
        assert f"/attendance/people/{ada.pk}/2026-10-02/" in text
        told = hr.post(f"/reports/periods/{period.pk}/lock/", follow=True).content.decode()
        assert "1 day is not over or not certain" in told

    def test_overlapping_dates_are_told_on_the_page(self, hr: Client) -> None:
        make_period(**OCTOBER)
        answer = hr.post("/reports/periods/new/", {"first": "2026-10-31", "last": "2026-11-30"})
        assert answer.status_code == 409
        assert "is a period already" in answer.content.decode()

    def test_without_a_reason_nothing_is_exported(self, hr: Client, ada: Person) -> None:
        period = locked()
        answer = hr.post(
            f"/reports/periods/{period.pk}/payroll/", {"form": "csv", "hours": "hours"}
        )
        assert answer.status_code == 400
        assert "Nothing was exported" in answer.content.decode()
        period.refresh_from_db()
        assert period.state == Period.State.LOCKED


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite has one writer anyway")
def test_who_writes_days_and_who_locks_wait_for_each_other(ada: Person) -> None:
    """On PostgreSQL: a period is not locked between another worker's look and its write."""
    from django.db import transaction

    from portal.attendance.selectors.periods import locked_period_of

    period, order = make_period(**OCTOBER), []
    looked = threading.Event()

    def write() -> None:
        try:
            with transaction.atomic():
                assert locked_period_of(ada.pk, date(2026, 10, 1)) is None
                looked.set()
                threading.Event().wait(0.3)
                order.append("written")
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert looked.wait(10)
    lock_period(period)
    order.append("locked")
    writer.join()
    assert order == ["written", "locked"]
