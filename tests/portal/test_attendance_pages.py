"""The month grid, a person's time card and calendar, a date's evidence, and one's own pages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.accounts.models import Role
from portal.attendance.models import Adjustment, AttendanceDay, Correction, DayRevision, Punch
from portal.attendance.months import Month
from portal.attendance.selectors.evidence import date_evidence
from portal.attendance.selectors.month import MonthFilter, month_grid
from portal.attendance.selectors.time_card import time_card
from portal.attendance.selectors.whose import Whose, member
from portal.attendance.words import STATUS_WORDS
from portal.core.context import SYSTEM, acting_as
from portal.organisation.services import department_at
from portal.schedules.models import PolicyVersion
from tests.conftest import SIGN_IN_BACKEND
from tests.factories import UserFactory
from tests.factories.attendance import (
    CorrectionFactory,
    DayExceptionFactory,
    DayFactory,
    PeriodFactory,
    PunchFactory,
    WorkPolicyFactory,
    computed,
    seen_at,
    shift_with_hours,
    worker_on_shift,
)
from tests.factories.people import PersonFactory
from tests.factories.visits import visit_with_face

pytestmark = pytest.mark.django_db

MAY = Month(2026, 5)
MONDAY = date(2026, 5, 4)


def at(hour: int, minute: int = 0, *, day: date = MONDAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def worked(
    person: Any,
    day: date = MONDAY,
    *,
    came: tuple[int, int] = (9, 0),
    left: tuple[int, int] = (17, 0),
    **fields: Any,
) -> AttendanceDay:
    """A day of nine to five with its two punches, as the engine would have stored it."""
    begins, ends = at(*came, day=day), at(*left, day=day)
    punches = [PunchFactory(person=person, at=moment) for moment in (begins, ends)]
    minutes = (ends - begins) // timedelta(minutes=1)
    return DayFactory(
        person=person,
        work_date=day,
        first_in=begins,
        last_out=ends,
        sessions=[{"start": begins.isoformat(), "end": ends.isoformat(), "minutes": minutes}],
        punch_keys=[str(punch.pk) for punch in punches],
        **{"worked_min": minutes, "payable_min": min(minutes, 480), **fields},
    )


def with_rules(**policy: Any) -> dict[str, Any]:
    """The versions that a day points at: nine to five, and a policy with these rules."""
    work_policy = WorkPolicyFactory(name="Office rules")
    PolicyVersion.objects.filter(policy=work_policy).update(**policy)
    shift = shift_with_hours(name="Office", policy=work_policy)
    return {"shift": shift.versions.get(), "policy": work_policy.versions.get()}


def grid_of(wanted: MonthFilter | None = None, **options: Any) -> Any:
    with acting_as(SYSTEM):
        return month_grid(MAY, wanted or MonthFilter(), **options)


def whose(person: Any) -> Whose:
    with acting_as(SYSTEM):
        return member(person.pk)


def evidence(person: Any, day: date = MONDAY) -> Any:
    with acting_as(SYSTEM):
        return date_evidence(whose(person), day)


def line(row: Any, label: str) -> str:
    return next(each.text for each in row.lines if each.label == label)


def signed_in(**fields: Any) -> Client:
    client = Client()
    departments = fields.pop("departments", [])
    user = UserFactory(**fields)
    user.departments.set(departments)
    client.force_login(user, backend=SIGN_IN_BACKEND)
    return client


# --- the same totals everywhere ---


def test_the_grid_the_card_and_the_days_come_to_the_same():
    person = PersonFactory()
    figures = [
        {"worked_min": 480, "payable_min": 480},
        {"worked_min": 500, "payable_min": 470, "late_min": 10, "overtime_min": 15},
        {"worked_min": 0, "payable_min": 0, "status": "absent"},
        {"worked_min": 200, "payable_min": 200, "early_min": 40, "status": "half_day"},
        {"worked_min": 0, "payable_min": 0, "status": "half_leave_absent"},
    ]
    for ahead, each in enumerate(figures):
        DayFactory(person=person, work_date=MONDAY + timedelta(days=9 * ahead % 28), **each)
    # A second shift of one date, and a date of another month.
    DayFactory(person=person, work_date=MONDAY, occurrence_no=2, worked_min=60, payable_min=50)
    DayFactory(person=person, work_date=date(2026, 6, 1))

    grid = grid_of()
    row = next(row for row in grid.rows if row.person_id == person.pk)
    card = time_card(whose(person), MAY, today=MONDAY)
    assert row.totals == card.totals == grid.totals
    assert (row.totals.worked_min, row.totals.payable_min) == (1240, 1200)
    assert (row.totals.late_min, row.totals.late_count, row.totals.absences) == (10, 1, 2)
    for name in ("worked_min", "payable_min", "late_min", "early_min", "overtime_min"):
        assert sum(getattr(week.totals, name) for week in card.weeks) == getattr(card.totals, name)
    assert sum(cell.minutes for cell in row.cells if cell) == row.totals.worked_min


# --- the grid ---


def test_a_cell_of_several_shifts_shows_the_one_to_be_looked_at_and_all_minutes():
    person = PersonFactory()
    DayFactory(person=person, work_date=MONDAY, worked_min=240)
    DayFactory(
        person=person, work_date=MONDAY, occurrence_no=2, worked_min=60, status="incomplete",
        late_min=7,
    )  # fmt: skip
    cell = grid_of().rows[0].cells[MONDAY.day - 1]
    assert cell == ("incomplete", 300, True, 2)


@pytest.mark.parametrize("status", sorted(STATUS_WORDS))
def test_each_status_has_a_letter_of_its_own_in_the_grid(client_of, status):
    letters = [word.letter for word in STATUS_WORDS.values()]
    assert len(set(letters)) == len(letters)
    DayFactory(work_date=MONDAY, status=status, worked_min=0)
    page = client_of("hr").get(reverse("attendance:month"), {"month": "2026-05"})
    assert f">{STATUS_WORDS[status].letter}" in page.content.decode()


def test_who_is_found_by_site_department_shift_status_and_words():
    ada, bruno = PersonFactory(name="Ada"), PersonFactory(name="Bruno")
    bruno.department = department_at(bruno.site, "Laboratory / Night")
    bruno.save()
    rules = with_rules()
    DayFactory(person=ada, work_date=MONDAY, **rules)
    DayFactory(person=bruno, work_date=MONDAY, status="absent")

    def names(**fields: Any) -> list[str]:
        return [row.name for row in grid_of(MonthFilter(**fields)).rows]

    assert names() == ["Ada", "Bruno"]
    assert names(site_id=ada.site_id) == ["Ada", "Bruno"]
    assert names(department_ids=(bruno.department_id,)) == ["Bruno"]
    assert names(has_no_department=True) == []
    assert names(shift_id=rules["shift"].shift_id) == ["Ada"]
    assert names(status="absent") == ["Bruno"]
    assert names(text="ad") == ["Ada"]


def test_nobodys_past_disappears_from_the_grid_and_nobody_is_in_it_before_they_came():
    left = PersonFactory(name="Left", status="left")
    DayFactory(person=left, work_date=MONDAY)
    PersonFactory(name="Gone", status="left")
    PersonFactory(name="New", employed_from=date(2026, 6, 1))
    PersonFactory(name="Here")
    assert [row.name for row in grid_of().rows] == ["Here", "Left"]


def test_the_grid_is_sorted_by_what_people_come_to():
    for number in (2, 3, 1):
        DayFactory(person__name=f"P{number}", work_date=MONDAY, overtime_min=number)
    rows = grid_of(sort="overtime", descending=True).rows
    assert [row.name for row in rows] == ["P3", "P2", "P1"]


def test_what_is_in_a_name_is_no_markup(client_of):
    DayFactory(person__name="<b>Ada</b>", person__code="<i>", work_date=MONDAY)
    page = client_of("hr").get(reverse("attendance:month"), {"month": "2026-05"})
    text = page.content.decode()
    assert "&lt;b&gt;Ada&lt;/b&gt;" in text
    assert "<b>Ada" not in text
    assert "<i>" not in text


@pytest.mark.parametrize(
    "query",
    [
        {"month": "2026-13"},
        {"month": "0001-01"},
        {"month": "9999-12"},
        {"month": "x"},
        {"site": "x", "department": "x", "shift": "x", "status": "x", "sort": "x"},
        {"q": "a " * 60},
    ],
)
def test_an_address_that_was_mistyped_still_answers(client_of, query):
    assert client_of("hr").get(reverse("attendance:month"), query).status_code == 200


def test_the_partial_is_the_grid_alone_and_its_address_says_what_is_shown(client_of):
    DayFactory(person__name="Ada", work_date=MONDAY)
    answer = client_of("hr").get(
        reverse("attendance:month"),
        {"month": "2026-05", "q": "ada", "status": ""},
        headers={"HX-Request": "true"},
    )
    assert "<html" not in answer.content.decode()
    assert answer["HX-Replace-Url"] == f"{reverse('attendance:month')}?month=2026-05&q=ada"


def test_the_grid_asks_as_much_for_many_people_as_for_one(django_assert_num_queries):
    def ask() -> None:
        with acting_as(SYSTEM):
            month_grid(MAY, MonthFilter())

    DayFactory(work_date=MONDAY)
    with django_assert_num_queries(2):
        ask()
    for _ in range(20):
        DayFactory(work_date=MONDAY)
    with django_assert_num_queries(2):
        ask()


# --- rights ---


def test_a_manager_sees_the_days_of_their_departments_alone():
    ours, theirs = PersonFactory(name="Ours"), PersonFactory(name="Theirs")
    theirs.department = department_at(theirs.site, "Kitchen")
    theirs.save()
    for person in (ours, theirs):
        worked(person)
    client = signed_in(role=Role.MANAGER, departments=[ours.department])
    page = client.get(reverse("attendance:month"), {"month": "2026-05"}).content.decode()
    assert "Ours" in page
    assert "Theirs" not in page
    for name, arguments in (("person", []), ("day", [MONDAY])):
        assert (
            client.get(reverse(f"attendance:{name}", args=[ours.pk, *arguments])).status_code == 200
        )
        assert (
            client.get(reverse(f"attendance:{name}", args=[theirs.pk, *arguments])).status_code
            == 404
        )


def test_an_employee_sees_their_own_days_and_nobody_elses():
    me, other = PersonFactory(name="Me"), PersonFactory(name="Other")
    for person in (me, other):
        worked(person)
    client = signed_in(role=Role.EMPLOYEE, person=me)
    mine = client.get(reverse("dashboard:my_month"), {"month": "2026-05"})
    assert "8:00" in mine.content.decode()
    assert "Other" not in mine.content.decode()
    assert client.get(reverse("dashboard:my_day", args=[MONDAY])).status_code == 200
    for address in (
        reverse("attendance:month"),
        reverse("attendance:person", args=[me.pk]),
        reverse("attendance:person", args=[other.pk]),
        reverse("attendance:day", args=[other.pk, MONDAY]),
    ):
        assert client.get(address).status_code == 403


def test_ones_own_pages_are_of_oneself_whatever_else_one_may_see():
    me, other = PersonFactory(name="Me"), PersonFactory(name="Other")
    worked(other)
    me.department = department_at(me.site, "Kitchen")
    me.save()
    worked(me, came=(9, 0), left=(12, 0))
    client = signed_in(role=Role.MANAGER, person=me, departments=[other.department])
    page = client.get(reverse("dashboard:my_month"), {"month": "2026-05"}).content.decode()
    assert "3:00" in page
    assert "8:00" not in page


def test_an_account_that_is_nobodys_has_no_days():
    client = signed_in(role=Role.EMPLOYEE)
    assert client.get(reverse("dashboard:my_month")).status_code == 404
    assert client.get(reverse("dashboard:my_day", args=[MONDAY])).status_code == 404


def test_whose_days_may_be_read_cannot_be_made_up():
    with pytest.raises(TypeError):
        Whose(PersonFactory(), True, object())


@pytest.mark.parametrize(("role", "sees"), [("administrator", True), ("hr", False)])
def test_crops_are_for_those_who_may_see_sightings(client_of, role, sees):
    day, face = day_with_face()
    page = client_of(role).get(reverse("attendance:day", args=[day.person_id, MONDAY]))
    assert (reverse("sightings:crop", args=[face.pk]) in page.content.decode()) is sees
    assert (reverse("sightings:visit", args=[face.visit_id]) in page.content.decode()) is sees


def test_ones_own_crop_is_shown_by_ones_own_page():
    day, face = day_with_face()
    client = signed_in(role=Role.EMPLOYEE, person=day.person)
    page = client.get(reverse("dashboard:my_day", args=[MONDAY])).content.decode()
    assert reverse("dashboard:my_sighting", args=[face.pk]) in page
    assert reverse("sightings:crop", args=[face.pk]) not in page
    assert reverse("sightings:visit", args=[face.visit_id]) not in page


def day_with_face() -> tuple[AttendanceDay, Any]:
    person = PersonFactory()
    day = worked(person)
    visit = visit_with_face(person=person, decision="match", is_confirmed=True, score=0.8)
    face = visit.best_face
    Punch.objects.filter(person=person, at=at(9)).update(visit=visit, face=face, score=0.8)
    return day, face


# --- the evidence of a date ---


@pytest.mark.parametrize(
    ("came", "late", "expected"),
    [
        ((9, 6), 6, "Came 09:06, the shift began 09:00, and grace is 5 minutes"),
        ((9, 4), 0, "Came 09:04, the shift began 09:00: within the grace of 5 minutes."),
        ((8, 50), 0, "Came 08:50, in time for 09:00."),
    ],
)
def test_lateness_is_explained_by_the_rule_that_made_it(came, late, expected):
    person = PersonFactory()
    worked(person, came=came, late_min=late, **with_rules())
    assert line(evidence(person).rows[0], "Late").startswith(expected)


def test_excused_lateness_says_so():
    person = PersonFactory()
    worked(person, came=(9, 40), late_min=0, **with_rules())
    CorrectionFactory(person=person, work_date=MONDAY, state=Correction.State.APPROVED)
    assert line(evidence(person).rows[0], "Late").endswith("This was excused.")


@pytest.mark.parametrize(
    ("rules", "figures", "label", "expected"),
    [
        ({}, {}, "Worked", "09:00 to 17:00 is 8 h."),
        (
            {"break_min": 30},
            {"worked_min": 450, "payable_min": 450},
            "Worked",
            "30 minutes are taken off: 30 minutes of break are owed from 6 h on, less what was taken.",
        ),
        ({"round_unit_min": 15}, {}, "Payable", "Rounded to the nearest 15 minutes."),
        ({}, {"left": (17, 34), "overtime_min": 30}, "Overtime", "Left 34 minutes after 17:00"),
        (
            {},
            {"left": (16, 50), "early_min": 10},
            "Left early",
            "Left 16:50, the shift ended 17:00",
        ),
        (
            {},
            {"came": (8, 40)},
            "Payable",
            "Of it only work from 09:00 to 17:00, the hours of the shift, counts.",
        ),
    ],
)
def test_each_figure_is_explained(rules, figures, label, expected):
    person = PersonFactory()
    worked(person, **with_rules(**rules), **figures)
    assert expected in line(evidence(person).rows[0], label)


def test_a_punch_that_did_nothing_says_why():
    person = PersonFactory()
    rules = with_rules()
    day = worked(person, **rules)
    between = PunchFactory(person=person, at=at(12))
    again = PunchFactory(person=person, at=at(9, 0) + timedelta(seconds=30))
    stray = PunchFactory(person=person, at=at(6))
    AttendanceDay.objects.filter(pk=day.pk).update(
        punch_keys=[*day.punch_keys, *(str(each.pk) for each in (between, again, stray))]
    )
    pending = PunchFactory(person=person, at=at(13), state=Punch.State.PENDING)
    void = PunchFactory(
        person=person, at=at(14), voided_at=at(15), void_reason="Somebody else's face."
    )
    found = evidence(person)
    roles = {each.punch_id: each for each in (*found.rows[0].punches, *found.others)}
    assert roles[between.pk].role == "In between"
    assert roles[again.pk].why == "Within 60 s of the one before, in the same direction."
    assert roles[stray.pk].why == "Punches count for this shift from 08:00 to 21:00."
    assert (roles[pending.pk].kind, roles[void.pk].kind) == ("waiting", "void")
    assert roles[void.pk].why == "Somebody else's face."
    assert [each.role for each in found.rows[0].punches if each.kind == "counted"] == [
        "Came",
        "Left",
    ]


def test_a_punch_of_the_night_before_is_not_taken_for_one_of_this_date():
    person = PersonFactory()
    leaving = PunchFactory(person=person, at=at(6))
    DayFactory(
        person=person,
        work_date=MONDAY - timedelta(days=1),
        punch_keys=[str(leaving.pk)],
        **with_rules(),
    )
    (other,) = evidence(person).others
    assert other.role == "Counts for another day"
    assert other.why == "It belongs to 3 May, Office."


def test_a_night_over_the_end_of_summer_time_says_that_it_had_nine_hours(client_of):
    night = date(2026, 10, 24)
    person = PersonFactory()
    person.site.time_zone = "Europe/Berlin"
    person.site.save()
    DayFactory(
        person=person,
        work_date=night,
        zone="Europe/Berlin",
        start=datetime(2026, 10, 24, 20, tzinfo=UTC),
        end=datetime(2026, 10, 25, 5, tzinfo=UTC),
        worked_min=540,
    )
    expected = "The clocks went back during this shift: 22:00 to 06:00 is 8 h by the clock, but it had 9 h."
    assert evidence(person, night).rows[0].clock_note == expected
    assert "which has 25 h" in evidence(person, date(2026, 10, 25)).clock_note
    page = client_of("hr").get(reverse("attendance:person", args=[person.pk]), {"month": "2026-10"})
    assert expected in page.content.decode()


def test_what_a_day_was_before_is_told_with_its_cause():
    person = PersonFactory()
    worked(person)
    DayRevision.objects.create(
        person=person,
        work_date=MONDAY,
        occurrence_no=1,
        revision=2,
        before={"status": "incomplete", "worked_min": 0, "flags": ["missing_out"]},
        after={"status": "present", "worked_min": 480, "flags": ["corrected"]},
        cause="correction",
        at=at(18),
    )
    (revision,) = evidence(person).revisions
    assert revision.cause == "Correction"
    assert revision.changes == (
        ("Status", "Incomplete", "Present"),
        ("Worked", "0:00", "8:00"),
        ("Remarks", "No leaving", "Corrected"),
    )


def test_a_settled_day_says_so_and_what_it_is_off_by(client_of):
    person = PersonFactory()
    worked(person)
    period = PeriodFactory(first=date(2026, 5, 1), last=date(2026, 5, 31), state="locked")
    Adjustment.objects.create(
        period=period,
        person=person,
        work_date=MONDAY,
        occurrence_no=1,
        payable_delta_min=-30,
        inputs_hash="x",
        cause="correction",
    )
    assert evidence(person).is_locked
    client = client_of("hr")
    card = client.get(reverse("attendance:person", args=[person.pk]), {"month": "2026-05"})
    assert "−0:30 later" in card.content.decode()
    day = client.get(reverse("attendance:day", args=[person.pk, MONDAY])).content.decode()
    assert "This day is settled" in day


def test_the_card_shows_open_exceptions_and_waiting_corrections(client_of):
    person = PersonFactory()
    day = worked(person)
    DayExceptionFactory(day=day)
    DayExceptionFactory(day=day, kind="late", state="waived")
    CorrectionFactory(person=person, work_date=MONDAY)
    page = client_of("hr").get(reverse("attendance:person", args=[person.pk]), {"month": "2026-05"})
    text = page.content.decode()
    assert "No leaving" in text
    assert "Correction waits" in text
    calendar = client_of("hr").get(
        reverse("attendance:person", args=[person.pk]), {"month": "2026-05", "view": "calendar"}
    )
    assert "c-calendar" in calendar.content.decode()


def test_a_busy_day_asks_no_more_than_a_quiet_one():
    person = PersonFactory()
    day = worked(person, **with_rules())

    def pass_by(minute: int) -> None:
        visit = visit_with_face(person=person)
        punch = PunchFactory(person=person, at=at(10, minute), visit=visit, face=visit.best_face)
        day.punch_keys.append(str(punch.pk))
        day.save()

    def questions() -> int:
        with acting_as(SYSTEM), CaptureQueriesContext(connection) as captured:
            date_evidence(member(person.pk), MONDAY)
        return len(captured)

    pass_by(0)
    quiet = questions()
    for minute in range(1, 20):
        pass_by(minute)
    assert questions() == quiet


# --- days that the engine made ---


@pytest.mark.parametrize(
    ("name", "start", "end", "punches", "roles"),
    [
        ("on time", "09:00", "17:00", ["in 09:00", "out 17:00"], ["Came", "Left"]),
        ("no leaving", "09:00", "17:00", ["in 09:00"], ["Came"]),
        ("no coming", "09:00", "17:00", ["out 17:00"], ["Left"]),
        (
            "left before coming",
            "09:00",
            "17:00",
            ["out 08:30", "in 09:00", "out 17:00"],
            ["Ignored", "Came", "Left"],
        ),
        (
            "seen twice within a minute",
            "09:00",
            "17:00",
            ["in 09:00", "in 09:00:40", "out 17:00"],
            ["Came", "The same passage", "Left"],
        ),
        (
            "passed at noon",
            "09:00",
            "17:00",
            ["unknown 09:00", "unknown 12:00", "unknown 17:00"],
            ["Came", "In between", "Left"],
        ),
        (
            "too early for the window",
            "09:00",
            "17:00",
            ["in 06:00", "in 09:00", "out 17:00"],
            ["Outside the shift", "Came", "Left"],
        ),
        ("over midnight", "22:00", "06:00", ["in 22:00", "out +06:00"], ["Came", "Left"]),
    ],
)
def test_each_punch_of_a_computed_day_is_told(name, start, end, punches, roles):
    person = worker_on_shift(start, end)
    for punch in punches:
        direction, clock = punch.split()
        on = MONDAY + timedelta(days=clock.startswith("+"))
        seen_at(person, f"{direction} {on} {clock.removeprefix('+')}")
    (day,) = computed(person, str(MONDAY))
    (row,) = evidence(person).rows
    assert [each.role for each in row.punches] == roles, name
    assert {each.key for each in row.punches} == set(day.punch_keys)
    assert all(each.text for each in row.lines)


def test_a_time_that_a_correction_added_stands_among_the_punches():
    person = worker_on_shift()
    seen_at(person, f"in {MONDAY} 09:00")
    CorrectionFactory(
        person=person,
        work_date=MONDAY,
        kind=Correction.Kind.ADD,
        at=datetime(2026, 5, 4, 15, tzinfo=UTC),
        direction="out",
        state=Correction.State.APPROVED,
        reason="Left by the back door.",
    )
    computed(person, str(MONDAY))
    (row,) = evidence(person).rows
    assert [(each.role, each.why) for each in row.punches] == [
        ("Came", "Time worked begins here."),
        ("Added time", "Approved: Left by the back door."),
    ]
    assert row.day.worked_min == 480
