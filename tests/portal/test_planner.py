"""The roster: what each cell says, how cells are set, and what is refused or warned of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from portal.audit.models import AuditEntry
from portal.core.context import SYSTEM, Actor, Scope, acting_as
from portal.core.errors import DomainError, NotFound, PermissionMissing
from portal.core.policies import permissions_of
from portal.organisation.models import Site
from portal.people.models import Person
from portal.schedules import changes
from portal.schedules.changes import PlanChange
from portal.schedules.models import Holiday, RosterOverride, Shift, ShiftVersion, SiteCalendar
from portal.schedules.selectors.roster import RosterFilter, RosterRow, roster
from portal.schedules.services.roster import MOST_AT_ONCE, Applied, CellChange, set_cells
from portal.schedules.services.roster_copy import copy_person, copy_week
from tests.factories import PersonFactory
from tests.factories.attendance import (
    HolidayCalendarFactory,
    LeaveFactory,
    LeaveTypeFactory,
    WorkPolicyFactory,
    assigned,
    shift_with_hours,
)

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 11, 2)
TUESDAY, WEDNESDAY, THURSDAY = (MONDAY + timedelta(n) for n in (1, 2, 3))


@pytest.fixture(autouse=True)
def _planner() -> Iterator[None]:
    """Everything here is done in October by somebody with every right, unless told otherwise."""
    with time_machine.travel("2026-10-15T10:00:00Z", tick=False), acting_as(SYSTEM):
        yield


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[PlanChange]:
    heard: list[PlanChange] = []
    monkeypatch.setattr(changes, "_LISTENERS", [heard.append])
    return heard


@pytest.fixture
def berlin() -> Site:
    return Site.objects.create(name="Berlin", time_zone="Europe/Berlin")


@pytest.fixture
def person(berlin: Site) -> Person:
    made: Person = PersonFactory(name="Ada Lovelace", site=berlin)
    return made


@pytest.fixture
def early() -> Shift:
    return shift_with_hours("06:00", "14:00", name="Early", code="E")


@pytest.fixture
def late() -> Shift:
    return shift_with_hours("14:00", "22:00", name="Late", code="L")


@pytest.fixture
def night() -> Shift:
    return shift_with_hours("22:00", "06:00", name="Night", code="N")


def put(person: Person, *days_and_shifts: tuple[date, Shift | str | None]) -> Applied:
    """A shift, None for a day off, or "plan" for what the plan says."""
    return set_cells([_change(person, day, shift) for day, shift in days_and_shifts])


def _change(person: Person, day: date, shift: Shift | str | None) -> CellChange:
    if isinstance(shift, str):
        return CellChange(person.pk, day, None)
    return CellChange(person.pk, day, (shift.pk,) if shift else ())


def row_of(person: Person, *, weeks: int = 1, first: date = MONDAY) -> RosterRow:
    rows = roster(first, weeks, RosterFilter()).rows
    return next(row for row in rows if row.person == person)


def codes(person: Person, *, weeks: int = 1, first: date = MONDAY) -> str:
    """A word a date: the codes of its shifts, ``-`` for a day off, ``.`` for no plan."""
    return " ".join(
        "." if cell.shifts is None else "+".join(each.code for each in cell.shifts) or "-"
        for cell in row_of(person, weeks=weeks, first=first).cells
    )


class TestWhatACellSays:
    def test_the_most_particular_plan_decides_and_is_named(
        self, person: Person, early: Shift, late: Shift, night: Shift
    ) -> None:
        def origin() -> tuple[str, str]:
            cell = row_of(person).cells[0]
            assert cell.shifts is not None
            return str(cell.origin), cell.shifts[0].code

        everybodys = shift_with_hours(code="A")
        assigned(everybodys)
        assert origin() == ("everybody", "A")
        assigned(early, site=person.site)
        assert origin() == ("site", "E")
        assigned(late, department=person.department)
        assert origin() == ("department", "L")
        assigned(night, person=person)
        assert origin() == ("person", "N")
        put(person, (MONDAY, early))
        assert origin() == ("override", "E")

    def test_a_sites_plan_that_is_over_leaves_the_date_to_everybodys(
        self, person: Person, early: Shift, late: Shift
    ) -> None:
        assigned(early)
        assigned(late, site=person.site, last=MONDAY)
        assert [str(cell.origin) for cell in row_of(person).cells[:2]] == ["site", "everybody"]

    def test_days_off_and_no_plan_are_told_apart(self, person: Person, early: Shift) -> None:
        assert codes(person) == ". . . . . . ."
        assigned(shift_with_hours(days=[0, 1, 2, 3, 4], code="W"), person=person)
        put(person, (TUESDAY, None))
        assert codes(person) == "W - W W W - -"

    def test_leave_and_holidays_are_in_it_and_are_no_work(
        self, person: Person, early: Shift
    ) -> None:
        assigned(early, person=person)
        calendar = HolidayCalendarFactory()
        SiteCalendar.objects.create(site=person.site, calendar=calendar)
        Holiday.objects.create(calendar=calendar, date=MONDAY, name="Feast")
        kind = LeaveTypeFactory(name="Annual")
        for day, part, state in (
            (TUESDAY, "full", "approved"),
            (WEDNESDAY, "am", "approved"),
            (THURSDAY, "full", "requested"),
        ):
            LeaveFactory(person=person, type=kind, first=day, part=part, state=state)

        cells = row_of(person).cells
        assert cells[0].holiday == "Feast"
        assert [cell.is_away for cell in cells[:4]] == [False, True, False, False]
        assert [cell.minutes for cell in cells[:5]] == [0, 0, 240, 480, 480]
        assert [note.is_approved for cell in cells[1:4] for note in cell.leaves] == [
            True,
            True,
            False,
        ]

    def test_a_holiday_of_everybody_shown_is_in_the_head(
        self, person: Person, berlin: Site
    ) -> None:
        calendar = HolidayCalendarFactory()
        SiteCalendar.objects.create(site=berlin, calendar=calendar)
        Holiday.objects.create(calendar=calendar, date=MONDAY, name="Feast")
        assert roster(MONDAY, 1, RosterFilter()).holidays == {MONDAY: "Feast"}
        PersonFactory(site=Site.objects.create(name="Elsewhere"))
        assert roster(MONDAY, 1, RosterFilter()).holidays == {}

    def test_dates_before_the_first_day_of_work_are_beyond(
        self, berlin: Site, early: Shift
    ) -> None:
        assigned(early)
        person = PersonFactory(site=berlin, employed_from=TUESDAY, employed_to=THURSDAY)
        assert codes(person) == ". E E E . . ."
        assert [cell.is_beyond for cell in row_of(person).cells] == [
            True, False, False, False, True, True, True,
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("fields", "is_there"),
        [
            ({"status": "active"}, True),
            ({"status": "suspended"}, True),
            ({"status": "left"}, False),
            pytest.param({"status": "left", "employed_to": TUESDAY}, True, id="left this week"),
            pytest.param(
                {"status": "left", "employed_to": MONDAY - timedelta(1)}, False, id="before"
            ),
            pytest.param({"employed_from": MONDAY + timedelta(7)}, False, id="comes next week"),
            ({"status": "erased"}, False),
        ],
    )
    def test_who_is_in_it(self, fields: dict[str, Any], is_there: bool) -> None:
        PersonFactory(**fields)
        assert bool(roster(MONDAY, 1, RosterFilter()).rows) is is_there


class TestHours:
    @pytest.mark.parametrize(
        ("start", "end", "first", "expected"),
        [
            ("09:00", "17:00", MONDAY, 8),
            ("22:00", "06:00", MONDAY, 8),
            ("07:00", "07:00", MONDAY, 24),
            pytest.param("22:00", "06:00", date(2026, 10, 24), 9, id="summer time ends"),
            pytest.param("22:00", "06:00", date(2027, 3, 27), 7, id="summer time begins"),
        ],
    )
    def test_are_those_that_really_pass(
        self, start: str, end: str, first: date, expected: int, person: Person
    ) -> None:
        assigned(shift_with_hours(start, end), person=person)
        monday = first - timedelta(first.weekday())
        cell = row_of(person, first=monday).cells[first.weekday()]
        assert cell.minutes == expected * 60

    @pytest.mark.parametrize(
        ("policy", "flexible", "expected"),
        [
            pytest.param({"break_min": 30}, None, 450, id="a break that is owed"),
            pytest.param({"break_min": 30, "break_after_min": 480}, None, 480, id="not yet owed"),
            pytest.param(
                {"break_start": "12:00", "break_end": "12:45"}, None, 435, id="a break window"
            ),
            pytest.param({}, 300, 300, id="flexible hours"),
        ],
    )
    def test_are_less_the_break(
        self, policy: dict[str, Any], flexible: int | None, expected: int, person: Person
    ) -> None:
        rules = WorkPolicyFactory()
        rules.versions.update(**policy)
        assigned(shift_with_hours(policy=rules, flexible_minutes=flexible), person=person)
        assert row_of(person).cells[0].minutes == expected


class TestWarnings:
    def test_less_than_eleven_hours_of_rest(
        self, person: Person, early: Shift, late: Shift
    ) -> None:
        put(person, (MONDAY, late), (TUESDAY, early))
        (rest,) = row_of(person).rests
        assert (rest.day, rest.minutes) == (TUESDAY, 8 * 60)

    def test_the_work_of_the_sunday_before_counts(
        self, person: Person, early: Shift, late: Shift
    ) -> None:
        put(person, (MONDAY - timedelta(1), late), (MONDAY, early))
        assert [rest.day for rest in row_of(person).rests] == [MONDAY]

    def test_eleven_hours_are_enough(self, person: Person, late: Shift) -> None:
        put(person, (MONDAY, late), (TUESDAY, shift_with_hours("09:00", "17:00")))
        assert row_of(person).rests == ()

    def test_the_hour_that_summer_time_takes_is_missing(self, person: Person, late: Shift) -> None:
        after = shift_with_hours("09:00", "17:00")
        saturday = date(2027, 3, 27)
        put(person, (saturday, late), (saturday + timedelta(1), after))
        (rest,) = row_of(person, first=saturday - timedelta(5)).rests
        assert rest.minutes == 10 * 60

    def test_the_pause_of_a_split_shift_is_no_short_night(self, person: Person) -> None:
        split = (shift_with_hours("08:00", "12:00"), shift_with_hours("16:00", "20:00"))
        set_cells([CellChange(person.pk, MONDAY, tuple(each.pk for each in split))])
        assert row_of(person).rests == ()

    def test_leave_in_between_is_rest(self, person: Person, early: Shift, late: Shift) -> None:
        put(person, (MONDAY, late), (TUESDAY, early))
        LeaveFactory(person=person, first=TUESDAY, state="approved")
        assert row_of(person).rests == ()

    @pytest.mark.parametrize(("days", "is_over"), [(6, False), (7, True)])
    def test_more_than_48_hours_a_week(
        self, days: int, is_over: bool, person: Person, early: Shift
    ) -> None:
        put(person, *((MONDAY + timedelta(n), early) for n in range(days)))
        (week,) = row_of(person).weeks
        assert (week.minutes, week.is_over) == (days * 480, is_over)

    def test_neither_is_refused(self, person: Person, early: Shift, late: Shift) -> None:
        put(person, *((MONDAY + timedelta(n), late if n % 2 else early) for n in range(7)))
        row = row_of(person)
        assert row.weeks[0].is_over
        assert row.rests


class TestSetting:
    def test_a_shift_a_day_off_and_back_to_the_plan(
        self, person: Person, early: Shift, late: Shift
    ) -> None:
        assigned(early, person=person)
        put(person, (MONDAY, late), (TUESDAY, None))
        assert codes(person) == "L - E E E E E"
        put(person, (MONDAY, "plan"), (TUESDAY, "plan"))
        assert codes(person) == "E E E E E E E"
        assert not RosterOverride.objects.exists()

    def test_two_shifts_on_one_date(self, person: Person, early: Shift, late: Shift) -> None:
        set_cells([CellChange(person.pk, MONDAY, (late.pk, early.pk))])
        assert codes(person).split()[0] == "E+L"

    def test_taking_it_back_brings_every_cell_to_what_it_was(
        self, person: Person, early: Shift, late: Shift
    ) -> None:
        assigned(early, person=person)
        put(person, (MONDAY, late), (TUESDAY, None))
        before = codes(person)
        applied = put(person, (MONDAY, None), (TUESDAY, "plan"), (WEDNESDAY, late))
        assert codes(person) == "- E L E E E E"

        set_cells(applied.undo)
        assert codes(person) == before

    def test_what_is_so_already_is_no_change(
        self, person: Person, early: Shift, told: list[PlanChange]
    ) -> None:
        put(person, (MONDAY, early))
        told.clear()
        entries = AuditEntry.objects.count()
        assert put(person, (MONDAY, early), (TUESDAY, "plan")) == Applied((), ())
        assert (told, AuditEntry.objects.count()) == ([], entries)

    def test_it_is_told_of_by_dates_and_written_into_the_log(
        self, person: Person, early: Shift, told: list[PlanChange]
    ) -> None:
        other, far = PersonFactory(), PersonFactory()
        set_cells(
            [
                _change(each, day, early)
                for each, days in ((person, (MONDAY, TUESDAY)), (other, (MONDAY, TUESDAY)))
                for day in days
            ]
            + [_change(far, MONDAY + timedelta(60), early)]
        )
        assert {(c.person_ids, c.first, c.last) for c in told} == {
            (frozenset({person.pk, other.pk}), MONDAY, TUESDAY),
            (frozenset({far.pk}), *([MONDAY + timedelta(60)] * 2)),
        }
        entry = AuditEntry.objects.get(action="schedules.roster.changed")
        assert (entry.after["days"], entry.after["people"]) == (5, 3)
        assert [str(person.pk), "2026-11-02", str(early.pk)] in entry.after["cells"]
        assert [str(person.pk), "2026-11-02", "plan"] in entry.before["cells"]

    def test_what_somebody_else_has_set_since_is_not_overwritten_unseen(
        self, person: Person, early: Shift, late: Shift
    ) -> None:
        put(person, (MONDAY, late))  # by another, after this page was read
        with pytest.raises(DomainError) as refused:
            set_cells([CellChange(person.pk, MONDAY, (early.pk,), seen=None, is_seen=True)])
        assert refused.value.code == "roster.stale"
        assert codes(person).split()[0] == "L"
        set_cells([CellChange(person.pk, MONDAY, (early.pk,), seen=(late.pk,), is_seen=True)])
        assert codes(person).split()[0] == "E"


class TestRefusing:
    @pytest.mark.parametrize(
        "monday",
        [
            pytest.param(MONDAY, id="an ordinary night"),
            pytest.param(date(2026, 10, 24), id="the night in which summer time ends"),
            pytest.param(date(2027, 3, 27), id="the night in which summer time begins"),
            pytest.param(date(2026, 12, 31), id="the last night of the year"),
        ],
    )
    @pytest.mark.parametrize("order", [1, -1])
    def test_22_to_06_and_then_05_to_13_naming_both(
        self, monday: date, order: int, person: Person, night: Shift, told: list[PlanChange]
    ) -> None:
        dawn = shift_with_hours("05:00", "13:00", name="Dawn")
        cells = [(monday, night), (monday + timedelta(1), dawn)][::order]
        put(person, cells[0])
        told.clear()

        with pytest.raises(DomainError) as refused:
            put(person, cells[1])

        assert refused.value.code == "schedule.overlap"
        for word in ("Ada Lovelace", "Night", "Dawn"):
            assert word in refused.value.message
        assert RosterOverride.objects.count() == 1
        assert told == []

    def test_06_to_22_and_then_22_to_06_touch_and_are_no_conflict(
        self, person: Person, early: Shift, night: Shift
    ) -> None:
        put(person, (MONDAY, night), (TUESDAY, early))
        assert codes(person).split()[:2] == ["N", "E"]

    def test_a_night_against_the_plan_of_the_next_morning(
        self, person: Person, night: Shift
    ) -> None:
        assigned(shift_with_hours("05:00", "13:00", name="Dawn"), department=person.department)
        with pytest.raises(DomainError, match="Dawn"):
            put(person, (MONDAY, night))
        put(person, (MONDAY, night), (TUESDAY, None))

    def test_one_conflict_undoes_them_all_and_names_whose_it_is(
        self, person: Person, early: Shift, night: Shift
    ) -> None:
        others = [PersonFactory(name=f"Other {n}") for n in range(3)]
        put(person, (TUESDAY, shift_with_hours("05:00", "13:00")))
        with pytest.raises(DomainError, match=r"^Ada Lovelace:"):
            set_cells([_change(each, MONDAY, night) for each in (*others, person)])
        assert RosterOverride.objects.count() == 1

    def test_a_retired_shift(self, person: Person, early: Shift) -> None:
        Shift.objects.filter(pk=early.pk).update(retired_at=timezone.now())
        with pytest.raises(DomainError, match="given to nobody"):
            put(person, (MONDAY, early))

    def test_a_shift_that_does_not_exist(self, person: Person) -> None:
        with pytest.raises(DomainError) as refused:
            set_cells([CellChange(person.pk, MONDAY, (uuid4(),))])
        assert refused.value.code == "roster.shift"

    def test_a_shift_of_another_site(self, person: Person) -> None:
        vienna = Site.objects.create(name="Vienna")
        shift = shift_with_hours(name="Dawn", site=vienna)
        with pytest.raises(DomainError, match="Vienna"):
            put(person, (MONDAY, shift))

    def test_a_shift_before_it_has_hours(self, person: Person, early: Shift) -> None:
        ShiftVersion.objects.filter(shift=early).update(valid_from=TUESDAY)
        with pytest.raises(DomainError, match="no hours yet"):
            put(person, (MONDAY, early))
        put(person, (TUESDAY, early))

    @pytest.mark.parametrize(
        "day", [date(2020, 1, 1), date(2036, 1, 1)], ids=["long ago", "far ahead"]
    )
    def test_dates_that_nobody_plans(self, day: date, person: Person, early: Shift) -> None:
        with pytest.raises(DomainError) as refused:
            put(person, (day, early))
        assert refused.value.code == "roster.dates"

    def test_dates_on_which_the_person_does_not_belong_here(self, early: Shift) -> None:
        with pytest.raises(DomainError, match="does not belong here"):
            put(PersonFactory(employed_from=TUESDAY), (MONDAY, early))

    def test_one_date_named_twice(self, person: Person, early: Shift, late: Shift) -> None:
        with pytest.raises(DomainError, match="twice"):
            put(person, (MONDAY, early), (MONDAY, late))

    def test_more_than_anybody_means(self, person: Person) -> None:
        many = [CellChange(UUID(int=n), MONDAY, ()) for n in range(MOST_AT_ONCE + 1)]
        with pytest.raises(DomainError, match="At most"):
            set_cells(many)

    @pytest.mark.parametrize("role", ["manager", "auditor", "employee", "officer"])
    def test_who_may_not(self, role: str, person: Person, early: Shift) -> None:
        actor = Actor(kind="user", id="1", permissions=permissions_of(role))
        with acting_as(actor), pytest.raises(PermissionMissing):
            put(person, (MONDAY, early))

    @pytest.mark.parametrize(
        "act",
        [
            pytest.param(lambda mine, theirs: put(theirs, (MONDAY, None)), id="set"),
            pytest.param(
                lambda mine, theirs: copy_week([theirs.pk], from_first=MONDAY, to_first=TUESDAY),
                id="copy a week",
            ),
            pytest.param(
                lambda mine, theirs: copy_person(mine.pk, [theirs.pk], first=MONDAY), id="copy to"
            ),
            pytest.param(
                lambda mine, theirs: copy_person(theirs.pk, [mine.pk], first=MONDAY),
                id="copy from",
            ),
        ],
    )
    def test_people_out_of_reach(
        self, act: Callable[[Person, Person], object], person: Person
    ) -> None:
        site = Site.objects.create(name="Elsewhere")
        mine = PersonFactory(site=site)
        actor = Actor(
            kind="user",
            id="1",
            permissions=permissions_of("hr"),
            scope=Scope(site_ids=frozenset({site.pk})),
        )
        with acting_as(actor), pytest.raises(NotFound):
            act(mine, person)


class TestCopying:
    def test_a_week_to_the_next(self, person: Person, early: Shift, late: Shift) -> None:
        assigned(early, person=person)
        put(person, (MONDAY, late), (TUESDAY, None))
        applied = copy_week([person.pk], from_first=MONDAY, to_first=MONDAY + timedelta(7))

        assert codes(person, weeks=2) == "L - E E E E E L - E E E E E"
        # What the plan says by itself was not written down once more.
        assert len(applied.changed) == 2
        set_cells(applied.undo)
        assert codes(person, weeks=2) == "L - E E E E E E E E E E E E"

    def test_over_a_week_that_was_set_otherwise(
        self, person: Person, early: Shift, late: Shift
    ) -> None:
        assigned(early, person=person)
        put(person, (MONDAY + timedelta(7), late), (MONDAY + timedelta(8), None))
        copy_week([person.pk], from_first=MONDAY, to_first=MONDAY + timedelta(7))
        assert codes(person, weeks=2) == " ".join("E" * 14)
        assert not RosterOverride.objects.exists()

    def test_one_persons_weeks_to_others(self, person: Person, early: Shift, late: Shift) -> None:
        others = [PersonFactory() for _ in range(2)]
        assigned(late, person=others[0])
        put(person, (MONDAY, early), (TUESDAY, None), (WEDNESDAY, late))
        copy_person(person.pk, [each.pk for each in others], first=MONDAY)

        assert codes(others[0]) == "E - L - - - -"
        # Nobody plans anything for the second: no plan is as good as a day off.
        assert codes(others[1]) == "E . L . . . ."

    def test_whoever_leaves_in_between_gets_the_days_until_then(
        self, person: Person, early: Shift
    ) -> None:
        other = PersonFactory(employed_to=TUESDAY)
        assigned(early, person=person)
        copy_person(person.pk, [other.pk], first=MONDAY)
        assert codes(other) == "E E . . . . ."

    def test_leave_and_holidays_are_not_copied(self, person: Person, early: Shift) -> None:
        other = PersonFactory()
        assigned(early, person=person)
        LeaveFactory(person=person, first=MONDAY, last=MONDAY + timedelta(6), state="approved")
        copy_person(person.pk, [other.pk], first=MONDAY)
        assert codes(other) == " ".join("E" * 7)

    @pytest.mark.parametrize("weeks", [0, 5])
    def test_so_many_weeks_are_not_copied_at_once(self, weeks: int, person: Person) -> None:
        with pytest.raises(DomainError):
            copy_person(person.pk, [PersonFactory().pk], first=MONDAY, weeks=weeks)

    def test_to_nobody_or_onto_itself_is_a_mistake(self, person: Person) -> None:
        with pytest.raises(DomainError):
            copy_person(person.pk, [person.pk], first=MONDAY)
        with pytest.raises(DomainError):
            copy_week([person.pk], from_first=MONDAY, to_first=MONDAY)


def test_a_hundred_people_ask_as_much_as_two(early: Shift, late: Shift) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            roster(MONDAY, 4, RosterFilter())
        return len(captured)

    def join(count: int) -> None:
        for _ in range(count):
            person = PersonFactory()
            assigned(late, person=person)
            put(person, (MONDAY, early))
            LeaveFactory(person=person, first=TUESDAY, state="approved")

    assigned(early)
    join(2)
    few = queries()
    join(98)
    assert len(roster(MONDAY, 4, RosterFilter()).rows) == 100
    assert queries() == few
    assert few <= 12
