"""Plans as the engine gets them: versions, precedence, rotations, coming and leaving, overrides."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.attendance.engine import Schedule
from portal.core.errors import DomainError
from portal.organisation.models import Site
from portal.organisation.services import default_site, department_at
from portal.people.models import Person
from portal.schedules.models import PolicyVersion, RosterOverride, Shift, ShiftVersion
from portal.schedules.selectors.schedules import schedules_of
from portal.schedules.selectors.versions import version_ids
from portal.schedules.services.check import check_plan
from tests.factories import PersonFactory
from tests.factories.attendance import (
    ShiftFactory,
    WorkPolicyFactory,
    assigned,
    shift_with_hours,
)

pytestmark = pytest.mark.django_db

MONDAY = date(2026, 5, 4)
FRIDAY = MONDAY + timedelta(days=4)
DAYS = [MONDAY + timedelta(days=n) for n in range(7)]


def schedule_of(person: Person, first: date = MONDAY, last: date = DAYS[-1]) -> Schedule:
    return schedules_of([person.pk], first=first, last=last)[person.pk]


def plan(person: Person, days: list[date] = DAYS) -> list[str | None]:
    """What begins on each date: codes, an empty word on a day off, None where nobody plans."""
    codes = {str(pk): code for pk, code in Shift.objects.values_list("id", "code")}
    schedule = schedule_of(person, days[0], days[-1])
    answers = []
    for day in days:
        shifts = schedule.shifts_on(day)
        answers.append(
            None if shifts is None else "+".join(sorted(codes[each.name] for each in shifts))
        )
    return answers


def new_version(shift: Shift, valid_from: date | None, start: str, end: str, **fields) -> None:
    last = shift.versions.order_by("-number").first()
    ShiftVersion.objects.create(
        shift=shift,
        number=last.number + 1,
        valid_from=valid_from,
        start=time.fromisoformat(start),
        end=time.fromisoformat(end),
        days=fields.pop("days", last.days),
        policy=fields.pop("policy", last.policy),
    )


def starts(person: Person, days: list[date] = DAYS) -> list[str]:
    schedule = schedule_of(person, days[0], days[-1])
    return [
        "".join(f"{each.start:%H}" for each in schedule.shifts_on(day) or ()) or "-" for day in days
    ]


def test_whoever_is_planned_for_nothing_has_an_empty_schedule():
    person = PersonFactory()
    assert schedule_of(person) == Schedule()
    assert schedules_of([], first=MONDAY, last=MONDAY) == {}


def test_hours_are_those_of_the_site_of_whoever_works():
    far = Site.objects.create(name="Far", time_zone="Asia/Kolkata")
    near, away = PersonFactory(), PersonFactory(site=far, department=None)
    assigned(shift_with_hours())
    found = schedules_of([near.pk, away.pk], first=MONDAY, last=MONDAY)
    zones = [found[each.pk].shifts_on(MONDAY)[0].zone.key for each in (near, away)]
    assert zones == [default_site().time_zone, "Asia/Kolkata"]


# --- whose plan counts ---


def test_override_before_person_before_department_before_site_before_everybody():
    person = PersonFactory()
    everybody, site, department, own, swap = (
        shift_with_hours(code=code) for code in ("E", "S", "D", "P", "O")
    )
    assigned(everybody)
    assert plan(person) == ["E"] * 7
    assigned(site, site=person.site)
    assert plan(person) == ["S"] * 7
    assigned(department, department=person.department)
    assert plan(person) == ["D"] * 7
    assigned(own, person=person)
    assert plan(person) == ["P"] * 7
    RosterOverride.objects.create(person=person, date=FRIDAY, shift=swap)
    assert plan(person) == ["P", "P", "P", "P", "O", "P", "P"]
    assert plan(PersonFactory()) == ["D"] * 7


def test_the_nearest_department_that_plans_a_date_decides():
    site = default_site()
    top, middle = department_at(site, "Works"), department_at(site, "Works / Hall")
    leaf = department_at(site, "Works / Hall / Line 1")
    person = PersonFactory(department=leaf)
    elsewhere = PersonFactory(department=department_at(site, "Works / Yard"))
    assigned(shift_with_hours(code="T"), department=top)
    assert plan(person) == ["T"] * 7
    assigned(shift_with_hours(code="M"), department=middle, first=DAYS[1], last=DAYS[3])
    assigned(shift_with_hours(code="L"), department=leaf, first=DAYS[2], last=DAYS[2])
    assert plan(person) == ["T", "M", "L", "M", "T", "T", "T"]
    assert plan(elsewhere) == ["T"] * 7


def test_where_a_nearer_plan_ends_a_rotation_goes_on_in_its_step():
    person = PersonFactory()
    early, late = shift_with_hours(code="E"), shift_with_hours(code="L")
    assigned(early, late, None, first=MONDAY)
    assigned(shift_with_hours(code="S"), site=person.site, first=DAYS[1], last=DAYS[2])
    assert plan(person) == ["E", "S", "S", "E", "L", "", "E"]


def test_two_plans_of_one_person_on_one_date_are_two_shifts():
    person = PersonFactory()
    assigned(shift_with_hours("06:00", "10:00", code="A"), person=person)
    assigned(shift_with_hours("14:00", "18:00", code="B"), person=person)
    assert plan(person, [MONDAY]) == ["A+B"]


def test_a_day_off_is_planned_and_a_weekday_that_is_not_worked_is_one():
    person, other = PersonFactory(), PersonFactory()
    assigned(shift_with_hours(code="W", days=[0, 1, 2, 3, 4]))
    assigned(None, person=other, first=MONDAY, last=DAYS[1])
    assert plan(person) == ["W", "W", "W", "W", "W", "", ""]
    assert plan(other) == ["", "", "W", "W", "W", "", ""]


def test_overrides_can_be_a_day_off_and_two_shifts():
    person = PersonFactory()
    assigned(shift_with_hours(code="W"))
    early = shift_with_hours("06:00", "10:00", code="A")
    late = shift_with_hours("14:00", "18:00", code="B")
    RosterOverride.objects.create(person=person, date=MONDAY, shift=None)
    RosterOverride.objects.create(person=person, date=DAYS[1], shift=early)
    RosterOverride.objects.create(person=person, date=DAYS[1], shift=late)
    assert plan(person, DAYS[:3]) == ["", "A+B", "W"]


# --- versions ---


def test_a_new_version_holds_from_its_date_and_past_dates_keep_theirs():
    person = PersonFactory()
    shift = shift_with_hours("09:00", "17:00")
    assigned(shift)
    new_version(shift, DAYS[2], "07:00", "15:00")
    assert starts(person) == ["09", "09", "07", "07", "07", "07", "07"]


@pytest.mark.parametrize(
    ("valid_froms", "expected"),
    [
        ([3], "1112222"),
        # A later version that begins earlier takes all that comes after its beginning.
        ([4, 2], "1133333"),
        ([2, 4], "1122333"),
        # Two of one date: the higher number.
        ([3, 3], "1113333"),
        # Since ever: nothing is left of those before.
        ([3, None], "3333333"),
    ],
)
def test_of_versions_that_hold_on_a_date_the_highest_number_counts(valid_froms, expected):
    person = PersonFactory()
    shift = shift_with_hours("01:00", "09:00")
    assigned(shift)
    for number, day in enumerate(valid_froms, start=2):
        new_version(shift, None if day is None else DAYS[day], f"{number:02}:00", "10:00")
    assert "".join(word[1] for word in starts(person)) == expected


def test_a_shift_is_planned_from_its_first_version_on():
    person = PersonFactory()
    shift = ShiftFactory(code="N")
    ShiftVersion.objects.create(
        shift=shift,
        number=1,
        valid_from=DAYS[2],
        start=time(9),
        end=time(17),
        days=list(range(7)),
        policy=WorkPolicyFactory(),
    )
    assigned(shift)
    assert plan(person) == [None, None, "N", "N", "N", "N", "N"]
    assert plan(person, [FRIDAY]) == ["N"]
    assigned(ShiftFactory(), person=person)
    assert plan(person) == [None, None, "N", "N", "N", "N", "N"]


def test_a_new_version_of_the_policy_holds_from_its_date():
    person, policy = PersonFactory(), WorkPolicyFactory()
    assigned(shift_with_hours(policy=policy))
    PolicyVersion.objects.create(policy=policy, number=2, valid_from=DAYS[3], grace_late_min=20)
    schedule = schedule_of(person)
    graces = [schedule.shifts_on(day)[0].policy.grace_late_min for day in DAYS]
    assert graces == [5, 5, 5, 20, 20, 20, 20]


def test_a_version_may_bring_another_policy_with_versions_of_its_own():
    person = PersonFactory()
    first, second = WorkPolicyFactory(version__grace_late_min=1), WorkPolicyFactory()
    PolicyVersion.objects.filter(policy=second).update(grace_late_min=2)
    PolicyVersion.objects.create(policy=first, number=2, valid_from=DAYS[4], grace_late_min=9)
    PolicyVersion.objects.create(policy=second, number=2, valid_from=DAYS[5], grace_late_min=3)
    shift = shift_with_hours(policy=first)
    assigned(shift)
    new_version(shift, DAYS[2], "09:00", "17:00", policy=second)
    schedule = schedule_of(person)
    graces = [schedule.shifts_on(day)[0].policy.grace_late_min for day in DAYS]
    assert graces == [1, 1, 2, 2, 2, 3, 3]


@pytest.mark.parametrize("boundary", range(1, 7))
def test_a_rotation_keeps_its_step_where_a_version_begins(boundary):
    person = PersonFactory()
    early, late = shift_with_hours("06:00", "14:00"), shift_with_hours("14:00", "22:00")
    begins = MONDAY - timedelta(days=11)
    assigned(early, early, late, None, first=begins, person=person)
    before = plan(person)
    new_version(late, DAYS[boundary], "15:00", "23:00")
    assert plan(person) == before
    later = [h for day, h in zip(DAYS, starts(person), strict=True) if h in {"14", "15"}]
    expected = [
        "15" if day >= DAYS[boundary] else "14" for day in DAYS if (day - begins).days % 4 == 2
    ]
    assert later == expected


def test_a_shift_with_another_name_is_the_same_shift():
    person = PersonFactory()
    shift = shift_with_hours()
    assigned(shift)
    before = schedule_of(person)
    shift.name = "Called otherwise"
    shift.save()
    assert schedule_of(person) == before


def test_the_versions_of_a_day_are_found_by_its_shift_and_date():
    policy = WorkPolicyFactory()
    shift = shift_with_hours(policy=policy)
    new_version(shift, DAYS[2], "07:00", "15:00")
    PolicyVersion.objects.create(policy=policy, number=2, valid_from=DAYS[4])
    versions = {v.pk: f"s{v.number}" for v in ShiftVersion.objects.all()}
    versions |= {v.pk: f"p{v.number}" for v in PolicyVersion.objects.all()}
    name = str(shift.pk)
    with CaptureQueriesContext(connection) as queries:
        found = version_ids((name, day) for day in DAYS)
    assert len(queries) == 2
    words = [versions[found[name, d].shift_id] + versions[found[name, d].policy_id] for d in DAYS]
    assert words == ["s1p1", "s1p1", "s2p1", "s2p1", "s2p2", "s2p2", "s2p2"]


# --- who is there ---


def test_nobody_is_planned_before_they_come_and_after_they_leave():
    person = PersonFactory(employed_from=DAYS[1], employed_to=DAYS[4])
    early, late = shift_with_hours(code="E"), shift_with_hours(code="L")
    assigned(early, late, first=MONDAY)
    RosterOverride.objects.create(person=person, date=MONDAY, shift=early)
    RosterOverride.objects.create(person=person, date=DAYS[6], shift=early)
    assert plan(person) == [None, "L", "E", "L", "E", None, None]


@pytest.mark.parametrize(
    ("status", "is_planned"),
    [
        # Somebody who is suspended may come back, and is missed meanwhile.
        ("suspended", True),
        ("left", False),
        ("removed", False),
        ("erased", False),
        ("merged", False),
    ],
)
def test_whoever_is_gone_without_a_last_day_has_no_days_to_come(status, is_planned):
    person = PersonFactory(status=status)
    assigned(shift_with_hours(code="W"))
    tomorrow = person.updated_at.date() + timedelta(days=1)
    assert plan(person, [tomorrow]) == ["W" if is_planned else None]


@pytest.mark.parametrize("status", ["left", "removed", "erased"])
def test_whoever_is_gone_keeps_the_days_that_were(status):
    person = PersonFactory(status=status)
    assigned(shift_with_hours(code="W"))
    assert plan(person, [MONDAY]) == ["W"]


def test_whoever_was_merged_into_another_has_no_days_at_all():
    person = PersonFactory(status="merged")
    assigned(shift_with_hours(code="W"), person=person)
    assert schedule_of(person) == Schedule()


# --- many at once ---


def test_five_thousand_people_cost_as_many_queries_as_five():
    site = default_site()
    departments = [department_at(site, f"Works / Hall {n}") for n in range(5)]
    shift = shift_with_hours()
    for department in departments:
        assigned(shift, None, department=department, first=MONDAY)
    people = PersonFactory.create_batch(5, department=departments[0])

    def count(ids) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert len(schedules_of(ids, first=MONDAY, last=FRIDAY)) == len(ids)
        return len(queries)

    few = count([each.pk for each in people])
    rows = [
        Person(code=f"M{n}", name=f"Many {n}", site=site, department=departments[n % 5])
        for n in range(4_995)
    ]
    Person.objects.bulk_create(rows)
    ids = list(Person.objects.values_list("pk", flat=True))
    assert count(ids) == few == 7
    assert schedules_of(None, first=MONDAY, last=FRIDAY) == schedules_of(
        ids, first=MONDAY, last=FRIDAY
    )


# --- refused plans ---


def test_a_night_and_the_morning_after_it_are_refused_by_name_count_and_date():
    first, second = PersonFactory(), PersonFactory()
    night = shift_with_hours("22:00", "06:00", name="Night")
    early = shift_with_hours("05:00", "13:00", name="Early")
    for person in (first, second):
        assigned(night, person=person, first=MONDAY)
    check_plan(None, around=MONDAY)
    assigned(early, person=first, first=MONDAY)
    with pytest.raises(DomainError) as refusal:
        check_plan(None, around=MONDAY)
    assert refusal.value.data == {
        "first": "Night",
        "second": "Early",
        "on": "2026-05-05",
        "people": 1,
    }
    assigned(early, person=second, first=MONDAY)
    with pytest.raises(DomainError, match="2 people would have to work both at once"):
        check_plan([first.pk, second.pk], around=MONDAY)


def test_only_one_date_of_a_year_at_which_two_shifts_overlap_is_found():
    """Summer time begins: half past two in the morning is half past three."""
    site = Site.objects.create(name="Berlin", time_zone="Europe/Berlin")
    person = PersonFactory(site=site, department=None)
    assigned(shift_with_hours("22:00", "02:30", name="Late"), site=site, first=MONDAY)
    assigned(shift_with_hours("03:00", "08:00", name="Early"), site=site, first=MONDAY)
    with pytest.raises(DomainError) as refusal:
        check_plan([person.pk], around=MONDAY)
    assert refusal.value.data["on"] == "2027-03-28"


def test_an_override_beside_a_night_is_refused():
    person = PersonFactory()
    night = shift_with_hours("22:00", "06:00", name="Night")
    early = shift_with_hours("05:00", "13:00", name="Early")
    assigned(night)
    RosterOverride.objects.create(person=person, date=FRIDAY, shift=early)
    with pytest.raises(DomainError) as refusal:
        check_plan([person.pk], around=MONDAY)
    assert refusal.value.data["on"] == FRIDAY.isoformat()


def test_what_overlaps_only_before_somebody_comes_is_no_overlap():
    person = PersonFactory(employed_from=FRIDAY)
    assigned(shift_with_hours("22:00", "06:00"), person=person, last=DAYS[2])
    assigned(shift_with_hours("05:00", "13:00"), person=person, last=DAYS[2])
    check_plan([person.pk], around=MONDAY)


def test_shifts_one_after_the_other_are_allowed():
    person = PersonFactory()
    assigned(shift_with_hours("06:00", "14:00"), person=person)
    assigned(shift_with_hours("14:00", "22:00"), person=person)
    check_plan([person.pk], around=MONDAY)
