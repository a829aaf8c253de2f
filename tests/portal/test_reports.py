"""Reports: the same totals everywhere, one moment, scope, and the right to take files away."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
import time_machine
from django.db import connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.attendance.models import AttendanceDay, Correction, DayException
from portal.attendance.totals import Totals
from portal.audit.models import AuditEntry
from portal.core.context import Actor, Scope, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.core.policies import ALL_PERMISSIONS, permissions_of
from portal.organisation.models import Department, Site
from portal.people.models import Person
from portal.reports.catalogue import CATALOGUE
from portal.reports.choices import Choices, choices_of
from portal.reports.selectors.facts import Facts
from portal.reports.selectors.making import make_report
from portal.reports.selectors.snapshot import snapshot
from portal.reports.services.export import export_report
from portal.reports.sheet import Clock, Kind, Report, h_mm, shown
from portal.reports.spans import Span, dates_of
from portal.schedules.models import PolicyVersion, ShiftVersion
from tests.conftest import rolled_back
from tests.factories import PersonFactory
from tests.factories.attendance import (
    CorrectionFactory,
    DayExceptionFactory,
    DayFactory,
    LeaveFactory,
    LeaveTypeFactory,
    PunchFactory,
    WorkPolicyFactory,
    shift_with_hours,
)

FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)
OCTOBER: Final = {"first": "2026-10-01", "last": "2026-10-31"}
THE_FIFTH = date(2026, 10, 5)

# By which key each total stands in every report that has it.
TOTALS: Final = ("worked", "payable", "late", "early", "overtime", "absent", "leave")


@pytest.fixture
def site(db: None) -> Site:
    return Site.objects.create(name="Works", time_zone="Europe/Berlin")


def made(slug: str, **asked: str) -> Report:
    return make_report(CATALOGUE[slug], choices_of({**OCTOBER, **asked}))


def cells_of(report: Report, key: str) -> list[Any]:
    number = [column.key for column in report.columns].index(key)
    return [row.cells[number] for section in report.sections for row in section.rows]


def somebody(site: Site, **fields: Any) -> Person:
    return PersonFactory(site=site, **{"department": None, **fields})


_STATUSES = st.sampled_from(
    ["present", "absent", "half_day", "on_leave", "half_leave_absent", "half_leave_present",
     "day_off", "holiday", "incomplete"]
)  # fmt: skip
_MINUTES = st.integers(0, 700)
_DAY = st.tuples(
    st.integers(0, 3),  # who
    st.integers(0, 30),  # on which date of October
    st.integers(1, 2),  # which shift of the date
    _STATUSES,
    _MINUTES, _MINUTES,
    st.integers(0, 90), st.integers(0, 90), st.integers(0, 240),
)  # fmt: skip


@pytest.mark.usefixtures("isolated", "administrator")
class TestTotals:
    @pytest.mark.django_db
    @settings(
        max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(days=st.lists(_DAY, max_size=25, unique_by=lambda day: day[:3]))
    def test_every_report_that_has_a_total_has_the_same(self, days: list[tuple[Any, ...]]) -> None:
        """Worked, payable, late, early, overtime, absences and leave over the same dates and
        people, in the reports and in what the other pages add up."""
        with rolled_back():
            reports = self._reports(days)
            stored = Totals.of(AttendanceDay.objects.filter(work_date__range=(FIRST, LAST)))
        expected = {
            "worked": stored.worked_min,
            "payable": stored.payable_min,
            "late": stored.late_min,
            "early": stored.early_min,
            "overtime": stored.overtime_min,
            "absent": stored.absences,
        }
        leave = reports["daily"].total("leave")
        checked = set()
        for slug, report in reports.items():
            for key in TOTALS:
                if any(column.key == key and column.is_total for column in report.columns):
                    checked.add((slug, key))
                    assert report.total(key) == (leave if key == "leave" else expected[key]), (
                        slug, key,
                    )  # fmt: skip
        assert {slug for slug, key in checked if key == "absent"} == {
            "daily", "monthly", "time-card", "departments", "absent", "trend",
        }  # fmt: skip
        assert {slug for slug, key in checked if key == "late"} == {
            "daily", "monthly", "time-card", "departments", "late-early", "trend",
        }  # fmt: skip
        assert {slug for slug, key in checked if key == "leave"} == {
            "daily", "monthly", "time-card", "departments", "leave",
        }  # fmt: skip

    def _reports(self, days: list[tuple[Any, ...]]) -> dict[str, Report]:
        here = Site.objects.create(name="Cross", time_zone="Europe/Berlin")
        team = Department.objects.create(site=here, name="A", path="A")
        people = [PersonFactory(site=here, department=d) for d in (team, team, None, None)]
        LeaveFactory(person=people[0], first=FIRST, last=LAST, state="approved")
        for who, on, shift, status, worked, payable, late, early, overtime in days:
            DayFactory(
                person=people[who],
                site=here,
                work_date=FIRST + timedelta(days=on),
                occurrence_no=shift,
                status=status,
                worked_min=worked,
                payable_min=min(worked, payable),
                late_min=late,
                early_min=early,
                overtime_min=overtime,
                **({} if worked else {"first_in": None, "last_out": None}),
            )
        # Days of the neighbouring months are in none of them.
        DayFactory(person=people[0], site=here, work_date=date(2026, 11, 1), late_min=7)
        choices = choices_of({**OCTOBER, "site": str(here.pk)})
        return {slug: make_report(kind, choices) for slug, kind in CATALOGUE.items()}

    @pytest.mark.django_db
    def test_sums_of_the_sections_are_the_sums_of_the_report(self, site: Site) -> None:
        for name in ("Ada", "Bo"):
            person = somebody(site, name=name)
            for n in range(3):
                DayFactory(person=person, work_date=FIRST + timedelta(days=n), late_min=n)
        report = made("time-card")
        number = [column.key for column in report.columns].index("late")
        assert [section.totals[number] for section in report.sections] == [3, 3]
        assert report.total("late") == 6


@pytest.mark.django_db
@pytest.mark.usefixtures("isolated", "administrator")
class TestContents:
    def test_a_night_is_shown_under_its_date_with_the_leaving_on_the_next(self, site: Site) -> None:
        came = datetime(2026, 10, 24, 20, tzinfo=UTC)
        left = datetime(2026, 10, 25, 5, tzinfo=UTC)  # nine hours later: summer time ends
        DayFactory(
            person=somebody(site), work_date=date(2026, 10, 24), zone="Europe/Berlin",
            first_in=came, last_out=left, worked_min=540,
            sessions=[{"start": came.isoformat(), "end": left.isoformat(), "minutes": 540}],
        )  # fmt: skip
        report = made("daily")
        (row,) = report.sections[0].rows
        texts = [
            shown(value, column.kind)
            for value, column in zip(row.cells, report.columns, strict=True)
        ]
        assert texts[0] == "Sat 24 Oct 2026"
        assert {"22:00", "06:00 +1", "9:00"} <= set(texts)
        assert cells_of(made("time-card"), "times") == ["22:00–06:00 +1"]
        assert cells_of(made("first-last"), "between") == [540]

    def test_the_grid_has_hours_letters_and_both_shifts_of_a_date_in_one_cell(
        self, site: Site
    ) -> None:
        person = somebody(site)
        DayFactory(person=person, work_date=FIRST, worked_min=240)
        DayFactory(person=person, work_date=FIRST, occurrence_no=2, worked_min=200)
        DayFactory(
            person=person, work_date=date(2026, 10, 2), status="absent",
            worked_min=0, payable_min=0, first_in=None, last_out=None,
        )  # fmt: skip
        report = made("monthly")
        assert cells_of(report, "2026-10-01") == [440]
        assert cells_of(report, "2026-10-02") == ["A"]
        assert cells_of(report, "2026-10-03") == [None]
        assert "A absent" in report.notes[0]

    def test_the_grid_refuses_more_than_a_month_and_names_what_has_no_limit(self) -> None:
        with pytest.raises(DomainError) as refused:
            made("monthly", last="2026-11-01")
        assert "Daily attendance" in refused.value.message

    def test_leave_is_taken_on_working_days_by_type_and_halves_are_halves(self, site: Site) -> None:
        person = somebody(site)
        yearly, sick = LeaveTypeFactory(name="Yearly"), LeaveTypeFactory(name="Sick")
        LeaveFactory(
            person=person, type=yearly, first=FIRST, last=date(2026, 10, 4), state="approved"
        )
        LeaveFactory(person=person, type=sick, first=THE_FIFTH, part="am", state="approved")
        LeaveFactory(person=person, type=sick, first=date(2026, 10, 6), state="refused")
        for n, status in enumerate(["on_leave", "on_leave", "day_off", "day_off"]):
            DayFactory(person=person, work_date=FIRST + timedelta(days=n), status=status)
        DayFactory(person=person, work_date=THE_FIFTH, status="half_leave_present")
        # A second shift of a day on leave does not make it two days.
        DayFactory(person=person, work_date=FIRST, occurrence_no=2, status="on_leave")
        # Leave that was withdrawn after the day was settled.
        DayFactory(person=person, work_date=date(2026, 10, 20), status="on_leave")
        report = made("leave")
        taken = dict(zip(cells_of(report, "type"), cells_of(report, "leave"), strict=True))
        assert taken["Yearly"] == 4
        assert sorted(n or 0 for n in cells_of(report, "leave")) == [0, 1, 2, 4]
        assert report.total("leave") == made("daily").total("leave") == 7
        assert shown(7, Kind.DAYS) == "3.5"

    def test_rounding_shows_what_it_gives_and_takes_and_the_exact_minutes(self, site: Site) -> None:
        policy = WorkPolicyFactory(version__round_unit_min=15)
        shift = shift_with_hours("09:00", "17:00", policy=policy)
        version = ShiftVersion.objects.get(shift=shift)
        rules = PolicyVersion.objects.get(policy=policy)
        person = somebody(site)
        for n, (late, payable) in enumerate([(7, 480), (8, 465), (0, 480)]):
            day = FIRST + timedelta(days=n)
            start = datetime(2026, 10, 1 + n, 9, tzinfo=UTC)
            came, left = start + timedelta(minutes=late), start + timedelta(hours=8)
            DayFactory(
                person=person, work_date=day, shift=version, policy=rules, start=start, end=left,
                first_in=came, last_out=left, worked_min=480 - late, payable_min=payable,
                sessions=[{"start": came.isoformat(), "end": left.isoformat(), "minutes": 480 - late}],
            )  # fmt: skip
        report = made("rounding")
        assert (report.total("payable"), report.total("exact")) == (1425, 1425)
        assert (report.total("up"), report.total("down"), report.total("effect")) == (7, 7, 0)

    def test_departments_count_a_mover_in_both_each_day_once(self, site: Site) -> None:
        old = Department.objects.create(site=site, name="Old", path="Old")
        new = Department.objects.create(site=site, name="New", path="New")
        person = somebody(site, department=new)
        DayFactory(person=person, department=old, work_date=FIRST, worked_min=100)
        DayFactory(person=person, department=new, work_date=date(2026, 10, 2), worked_min=200)
        report = made("departments")
        assert list(
            zip(cells_of(report, "department"), cells_of(report, "worked"), strict=True)
        ) == [("New", 200), ("Old", 100)]

    def test_evidence_is_listed_with_local_times(self, site: Site) -> None:
        person = somebody(site, name="Ada")
        PunchFactory(person=person, at=datetime(2026, 9, 30, 22, 30, tzinfo=UTC))  # 1 October there
        PunchFactory(person=person, at=datetime(2026, 10, 31, 23, 30, tzinfo=UTC))  # November there
        CorrectionFactory(
            person=person, work_date=THE_FIFTH, kind=Correction.Kind.ADD,
            at=datetime(2026, 10, 5, 15, tzinfo=UTC), reason="Door was open",
        )  # fmt: skip
        DayExceptionFactory(day__person=person, day__work_date=THE_FIFTH, detail="No leaving")
        (clock,) = cells_of(made("punches"), "at")
        assert isinstance(clock, Clock)
        assert (clock.text, clock.day) == ("00:30", FIRST)
        assert cells_of(made("corrections"), "reason") == ["Door was open"]
        assert cells_of(made("corrections"), "time")[0].text == "17:00"
        assert cells_of(made("exceptions"), "detail") == ["No leaving"]

    def test_pictures_say_the_finding(self, site: Site) -> None:
        for n in range(3):
            start = datetime(2026, 10, 5, 7, 5 + n, tzinfo=UTC)
            end = start + timedelta(hours=2)
            DayFactory(
                person=somebody(site), work_date=THE_FIFTH, zone="Europe/Berlin", first_in=start,
                late_min=1 if n else 0, status="present",
                sessions=[{"start": start.isoformat(), "end": end.isoformat(), "minutes": 120}],
            )  # fmt: skip
        arrivals = made("arrivals")
        assert arrivals.chart is not None
        assert arrivals.chart.title == "Most people come between 09:00 and 09:15: 3 of 3 arrivals"
        assert (arrivals.total("arrivals"), arrivals.total("late_arrivals")) == (3, 2)
        presence = made("presence", first="2026-10-05", last="2026-10-05")
        assert presence.chart is not None
        assert presence.chart.title == (
            "Fullest on Mondays from 10:00 to 11:00: 3.0 people on average"
        )
        assert cells_of(presence, "day0") == [2.7, 3.0, 0.3]
        assert made("trend").chart is not None
        assert made("trend", first="2026-10-06").chart is None

    def test_nothing_is_said_of_an_empty_month(self) -> None:
        for slug in CATALOGUE:
            report = made(slug)
            assert report.chart is None, slug
            assert report.people == 0, slug


@pytest.mark.django_db
@pytest.mark.usefixtures("isolated", "administrator")
class TestChoices:
    @pytest.mark.parametrize(
        ("span", "first", "last"),
        [
            (Span.TODAY, "2026-11-04", "2026-11-04"),
            (Span.YESTERDAY, "2026-11-03", "2026-11-03"),
            (Span.THIS_WEEK, "2026-11-02", "2026-11-04"),
            (Span.LAST_WEEK, "2026-10-26", "2026-11-01"),
            (Span.THIS_MONTH, "2026-11-01", "2026-11-04"),
            (Span.LAST_MONTH, "2026-10-01", "2026-10-31"),
            (Span.LAST_30_DAYS, "2026-10-06", "2026-11-04"),
            (Span.LAST_12_WEEKS, "2026-08-10", "2026-11-01"),
        ],
    )
    def test_words_mean_dates(self, span: Span, first: str, last: str) -> None:
        assert [str(day) for day in dates_of(span, date(2026, 11, 4))] == [first, last]

    def test_today_is_that_of_the_site(self) -> None:
        auckland = Site.objects.create(name="Auckland", time_zone="Pacific/Auckland")
        lima = Site.objects.create(name="Lima", time_zone="America/Lima")
        with time_machine.travel(datetime(2026, 11, 3, 23, tzinfo=UTC), tick=False):
            assert choices_of({"span": "today", "site": str(auckland.pk)}).first.day == 4
            assert choices_of({"span": "today", "site": str(lima.pk)}).first.day == 3

    @pytest.mark.parametrize(
        "asked",
        [
            {"first": "2026-10-31", "last": "2026-10-01"},
            {"first": "2026-02-30"},
            {"first": "yesterday"},
            {"span": "never"},
            {"first": "2025-01-01", "last": "2026-01-02"},
            {"first": "0001-01-01"},
            {"site": "nowhere"},
            {"site": "0190a9a0-0000-7000-8000-000000000000"},
            {"department": "1"},
            {"status": "asleep"},
            {"shift": "'; DROP TABLE"},
        ],
        ids=str,
    )
    def test_what_cannot_be_is_refused_in_words(self, asked: dict[str, str]) -> None:
        with pytest.raises(DomainError) as refused:
            choices_of(asked)
        assert refused.value.code == "report.choice"

    def test_they_come_back_from_an_address_as_they_were(self, site: Site) -> None:
        chosen = choices_of({"span": "last_month", "site": str(site.pk), "person": "Ada"})
        assert choices_of(chosen.parameters()) == chosen

    def test_a_department_means_what_lies_below_it_too(self, site: Site) -> None:
        plant = Department.objects.create(site=site, name="Plant", path="Plant")
        team = Department.objects.create(site=site, name="T", path="Plant / T", parent=plant)
        office = Department.objects.create(site=site, name="Office", path="Office")
        for department in (plant, team, office):
            DayFactory(person=somebody(site, department=department), work_date=THE_FIFTH)
        assert made("daily", department=str(plant.pk)).rows == 2

    @pytest.mark.parametrize("how", ["id", "code", "name"])
    def test_a_person_is_found_by_link_code_or_part_of_a_name(self, site: Site, how: str) -> None:
        ada = somebody(site, name="Ada Lovelace", code="A-1")
        for person in (ada, somebody(site, name="Bo", code="A-12")):
            DayFactory(person=person, work_date=THE_FIFTH)
        asked = {"id": str(ada.pk), "code": "a-1", "name": "lovel"}[how]
        report = made("daily", person=asked)
        assert cells_of(report, "name") == ["Ada Lovelace"]
        assert ("Person", "Ada Lovelace") in report.choices

    def test_shift_and_status_narrow(self, site: Site) -> None:
        early = shift_with_hours()
        DayFactory(
            person=somebody(site), work_date=THE_FIFTH, status="absent",
            shift=ShiftVersion.objects.get(shift=early),
        )  # fmt: skip
        DayFactory(person=somebody(site), work_date=THE_FIFTH)
        assert made("daily", shift=str(early.pk)).rows == 1
        assert made("daily", status="absent").rows == 1
        assert made("daily", status="absent", shift=str(early.pk)).rows == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("isolated")
class TestRights:
    def test_every_report_tells_only_of_whom_the_actor_may_see(self, site: Site) -> None:
        other = Site.objects.create(name="Elsewhere", time_zone="UTC")
        sick = LeaveTypeFactory()
        for place in (site, other):
            person = somebody(place, name=f"Somebody of {place.name}")
            DayFactory(
                person=person, work_date=THE_FIFTH, late_min=9, overtime_min=30,
                sessions=[{"start": "2026-10-05T09:00:00+00:00", "end": "2026-10-05T17:00:00+00:00"}],
            )  # fmt: skip
            DayFactory(person=person, work_date=date(2026, 10, 6), status="absent")
            DayFactory(person=person, work_date=date(2026, 10, 7), status="on_leave")
            LeaveFactory(person=person, type=sick, first=date(2026, 10, 7), state="approved")
            PunchFactory(person=person, at=datetime(2026, 10, 5, 9, tzinfo=UTC))
            CorrectionFactory(person=person, work_date=THE_FIFTH)
            DayExceptionFactory(day__person=person, day__work_date=date(2026, 10, 8))
        everything = Actor("user", permissions=ALL_PERMISSIONS)
        of_site = Actor(
            "user", permissions=permissions_of("hr"), scope=Scope(site_ids=frozenset({site.pk}))
        )
        for slug, kind in CATALOGUE.items():
            with acting_as(everything):
                assert make_report(kind, choices_of(OCTOBER)).rows, slug
            with acting_as(of_site):
                report = make_report(kind, choices_of(OCTOBER))
                text = repr(report.sections)
                assert "Elsewhere" not in text, slug
                assert report.rows, slug
        with acting_as(everything):
            assert made("arrivals").total("arrivals") == 8
        with acting_as(of_site):
            assert made("arrivals").total("arrivals") == 4
            with pytest.raises(DomainError):
                choices_of({**OCTOBER, "site": str(other.pk)})

    @pytest.mark.parametrize("role", ["officer", "employee"])
    def test_without_the_right_there_is_no_report(self, role: str) -> None:
        choices = Choices(first=FIRST, last=LAST, span="dates", zone="UTC")
        with (
            acting_as(Actor("user", permissions=permissions_of(role))),
            pytest.raises(PermissionMissing),
        ):
            make_report(CATALOGUE["daily"], choices)

    def test_an_auditor_reads_and_takes_nothing_away(self) -> None:
        with acting_as(Actor("user", permissions=permissions_of("auditor"))):
            assert made("daily").rows == 0
            with pytest.raises(PermissionMissing):
                export_report(CATALOGUE["daily"], choices_of(OCTOBER), form="csv", reason="Audit")

    def test_more_than_one_person_leaves_with_a_reason_only(
        self, site: Site, administrator: Actor
    ) -> None:
        ada = somebody(site)
        DayFactory(person=ada, work_date=THE_FIFTH)
        one = choices_of({**OCTOBER, "person": str(ada.pk)})
        export_report(CATALOGUE["daily"], one, form="csv").file.close()
        DayFactory(person=somebody(site), work_date=THE_FIFTH)
        for reason in ("", " x "):
            with pytest.raises(DomainError) as refused:
                export_report(CATALOGUE["daily"], choices_of(OCTOBER), form="csv", reason=reason)
            assert refused.value.code == "export.reason"
        export_report(
            CATALOGUE["daily"], choices_of(OCTOBER), form="pdf", reason="Asked by the works council"
        ).file.close()
        first, last = AuditEntry.objects.filter(action="reports.exported").order_by("seq")
        assert first.after["people"] == 1
        assert (last.after["people"], last.after["rows"], last.reason) == (
            2, 2, "Asked by the works council",
        )  # fmt: skip
        # Of groups nobody is named: no reason is asked for.
        export_report(CATALOGUE["departments"], choices_of(OCTOBER), form="csv").file.close()


@pytest.fixture
def connect(transactional_db: None, tmp_path: Path) -> Iterator[Callable[[], Any]]:
    """Gives a thread a connection of its own. On SQLite the tests' database lies in memory, where
    readers and writers wait for each other: it is copied to a file, as in production."""
    if connection.vendor != "sqlite":
        yield lambda: connections["default"]
        return
    path = tmp_path / "on-disk.sqlite3"
    with closing(sqlite3.connect(path)) as copy:
        connection.ensure_connection()
        connection.connection.backup(copy)
    options = {**connection.settings_dict, "NAME": str(path)}
    kept = connections["default"]

    def connect() -> Any:
        connections["default"] = type(kept)(options, "default")
        return connections["default"]

    on_disk = connect()
    yield connect
    on_disk.close()
    connections["default"] = kept


@pytest.mark.usefixtures("isolated", "administrator")
def test_a_report_made_while_days_are_computed_anew_is_of_one_moment(
    connect: Callable[[], Any],
) -> None:
    """Case 103: between two reads of one report another worker moves an hour from one person to
    the other. Either both have moved in it, or neither has; and the worker does not wait."""
    site = Site.objects.create(name="Works", time_zone="Europe/Berlin")
    people = [somebody(site) for _ in range(2)]
    for person in people:
        DayFactory(person=person, work_date=THE_FIFTH, worked_min=480, zone="Europe/Berlin")
    looked, written = threading.Event(), threading.Event()

    def recompute() -> None:
        own = connect()
        try:
            looked.wait(10)
            with transaction.atomic():
                AttendanceDay.objects.filter(person=people[0]).update(worked_min=420)
                AttendanceDay.objects.filter(person=people[1]).update(worked_min=540)
                DayException.objects.create(
                    person=people[0], work_date=THE_FIFTH, occurrence_no=1, kind="late"
                )
            written.set()
        finally:
            own.close()

    def minutes(facts: Facts) -> list[int]:
        return sorted(day.worked_min for day in facts.days)

    writer = threading.Thread(target=recompute)
    writer.start()
    with snapshot() as as_of:
        first = Facts(choices_of(OCTOBER))
        before = minutes(first)
        looked.set()
        was_written = written.wait(10)
        after = (minutes(Facts(choices_of(OCTOBER))), first.exceptions)
    writer.join()
    assert was_written
    assert before == [480, 480]
    assert after == ([480, 480], [])
    report = made("daily")
    assert sorted(cells_of(report, "worked")) == [420, 540]
    assert report.as_of > as_of
    assert report.as_of_words.endswith("(Europe/Berlin)")


def test_minutes_are_shown_as_hours_and_minutes() -> None:
    assert [h_mm(n) for n in (0, 5, 60, 605, 60000, -90)] == [
        "0:00", "0:05", "1:00", "10:05", "1000:00", "-1:30",
    ]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.usefixtures("isolated")
class TestPages:
    @pytest.fixture
    def hr(self, client_of: Callable[..., Client]) -> Client:
        return client_of("hr")

    @pytest.fixture
    def _days(self, site: Site) -> None:
        person = somebody(site, name="Ada Lovelace")
        DayFactory(person=person, work_date=THE_FIFTH, late_min=12)

    def test_the_first_page_says_what_each_report_answers(self, hr: Client) -> None:
        text = hr.get("/reports/").content.decode()
        for kind in CATALOGUE.values():
            assert kind.title in text
            assert kind.question.split(",")[0].split("'")[0] in text

    @pytest.mark.usefixtures("_days")
    @pytest.mark.parametrize("slug", list(CATALOGUE))
    def test_every_report_opens(self, hr: Client, slug: str) -> None:
        answer = hr.get(f"/reports/{slug}/", OCTOBER)
        assert answer.status_code == 200
        assert "as of" in answer.content.decode()

    def test_what_cannot_be_asked_is_told_above_the_form(self, hr: Client) -> None:
        answer = hr.get("/reports/monthly/", {"first": "2026-10-05", "last": "2026-01-01"})
        assert answer.status_code == 400
        text = answer.content.decode()
        assert "The last day lies before the first one." in text
        assert 'name="span"' in text

    def test_a_report_that_is_none_is_not_found(self, hr: Client) -> None:
        assert hr.get("/reports/horoscope/").status_code == 404

    @pytest.mark.usefixtures("_days")
    @pytest.mark.parametrize("form", ["csv", "xlsx", "pdf"])
    def test_a_file_is_sent_with_its_name_and_never_cached(self, hr: Client, form: str) -> None:
        answer = hr.post(
            "/reports/daily/file/", {"query": "first=2026-10-01&last=2026-10-31", "form": form}
        )
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "private, no-store"
        assert answer["Content-Disposition"].startswith('attachment; filename="gatehouse-daily-')
        assert b"".join(answer.streaming_content)

    @pytest.mark.usefixtures("_days")
    def test_a_picture_is_an_svg_that_says_the_finding(self, hr: Client) -> None:
        answer = hr.get("/reports/arrivals/chart.svg", OCTOBER)
        assert answer["Content-Type"] == "image/svg+xml"
        assert b"<title>Most people come between" in answer.content
        assert hr.get("/reports/daily/chart.svg", OCTOBER).status_code == 404

    @pytest.mark.parametrize(
        "path",
        [
            *(f"/reports/{slug}/?first=2026-10-01&last=2026-10-31" for slug in CATALOGUE),
            "/reports/",
            "/reports/periods/",
        ],
    )
    def test_more_rows_ask_no_more(self, hr: Client, site: Site, path: str) -> None:
        def count() -> int:
            with CaptureQueriesContext(connection) as asked:
                assert hr.get(path).status_code == 200
            return len(asked)

        self._crowd(site, 2)
        count()
        few = count()
        self._crowd(site, 12)
        assert count() == few <= 22

    def _crowd(self, site: Site, count: int) -> None:
        kind = LeaveTypeFactory()
        for _ in range(count):
            team = Department.objects.create(site=site, name=uuid4().hex, path=uuid4().hex)
            person = somebody(site, department=team)
            DayFactory(
                person=person, work_date=THE_FIFTH, late_min=5, overtime_min=30,
                sessions=[{"start": "2026-10-05T09:00:00+00:00", "end": "2026-10-05T17:00:00+00:00"}],
            )  # fmt: skip
            DayFactory(person=person, work_date=date(2026, 10, 6), status="on_leave")
            DayFactory(person=person, work_date=date(2026, 10, 7), status="absent")
            LeaveFactory(person=person, type=kind, first=date(2026, 10, 6), state="approved")
            PunchFactory(person=person, at=datetime(2026, 10, 5, 9, tzinfo=UTC))
            CorrectionFactory(person=person, work_date=THE_FIFTH)
            DayExceptionFactory(day__person=person, day__work_date=date(2026, 10, 8))
