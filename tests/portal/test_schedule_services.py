"""Policies, shifts and assignments: versions, refusals, who is told of what."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from django.utils import timezone

from portal.attendance.engine import BreakWindow, Policy
from portal.audit.models import AuditEntry
from portal.core.context import Actor, Scope, acting_as
from portal.core.errors import DomainError, PermissionMissing
from portal.core.policies import ALL_PERMISSIONS, permissions_of
from portal.organisation.models import Site
from portal.organisation.services import default_site, delete_site, department_at
from portal.schedules import changes
from portal.schedules.changes import DayCount, PlanChange
from portal.schedules.models import Assignment, Shift, ShiftVersion
from portal.schedules.selectors.schedules import schedules_of
from portal.schedules.selectors.versions import engine_policy
from portal.schedules.services.assignments import Beside, Plan, Whom, assign, end_assignment
from portal.schedules.services.changing import preview_of
from portal.schedules.services.policies import (
    change_policy,
    create_policy,
    reinstate_policy,
    rename_policy,
    retire_policy,
)
from portal.schedules.services.shifts import (
    ShiftHours,
    ShiftLook,
    change_hours,
    change_look,
    create_shift,
    reinstate_shift,
    retire_shift,
)
from tests.factories import PersonFactory
from tests.factories.attendance import WorkPolicyFactory, assigned, shift_with_hours

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

MONDAY = date(2026, 5, 4)
EVERY_DAY = frozenset(range(7))


@pytest.fixture
def told(monkeypatch) -> list[PlanChange]:
    heard: list[PlanChange] = []
    monkeypatch.setattr(changes, "_LISTENERS", [heard.append])
    return heard


def hours(start="09:00", end="17:00", *, policy=None, **fields) -> ShiftHours:
    return ShiftHours(
        start=time.fromisoformat(start),
        end=time.fromisoformat(end),
        policy_id=(policy or WorkPolicyFactory()).pk,
        **fields,
    )


def plans(person, first=MONDAY, days=7) -> list[str]:
    """What begins on each date: codes, ``-`` where nothing does."""
    codes = {str(pk): code for pk, code in Shift.objects.values_list("id", "code")}
    schedule = schedules_of([person.pk], first=first, last=first + timedelta(days=days))[person.pk]
    dates = [first + timedelta(days=n) for n in range(days)]
    return [
        "+".join(sorted(codes[each.name] for each in schedule.shifts_on(day) or ())) or "-"
        for day in dates
    ]


def refusal(code: str):
    return pytest.raises(DomainError, check=lambda error: error.code == code)


def last_audit() -> AuditEntry:
    return AuditEntry.objects.order_by("-seq")[0]


# --- policies ---


def test_a_policy_holds_since_ever_and_is_written_down():
    rules = Policy(grace_late_min=10, break_window=BreakWindow(time(12), time(13)))
    policy = create_policy("Office", rules)
    version = policy.versions.get()
    assert (version.number, version.valid_from) == (1, None)
    assert engine_policy(version) == rules
    entry = last_audit()
    assert entry.action == "schedules.policy.created"
    assert entry.after["grace_late_min"] == 10
    assert entry.after["break_start"] == "12:00"


def test_a_changed_policy_leaves_past_days_their_rules(told):
    policy = create_policy("Office", Policy())
    person = PersonFactory()
    assigned(shift_with_hours(policy=policy))
    version = change_policy(
        policy, Policy(grace_late_min=15), valid_from=MONDAY, reason="Agreed with the council"
    )
    assert (version.number, version.valid_from, version.made_by) == (2, MONDAY, "ada@example.org")
    schedule = schedules_of([person.pk], first=MONDAY, last=MONDAY)[person.pk]
    graces = [
        schedule.shifts_on(day)[0].policy.grace_late_min
        for day in (MONDAY - timedelta(days=1), MONDAY)
    ]
    assert graces == [5, 15]
    assert told == [
        PlanChange(
            person_ids=frozenset({person.pk}), first=MONDAY, last=None, cause="policy_version"
        )
    ]
    entry = last_audit()
    assert entry.reason == "Agreed with the council"
    assert (entry.before["grace_late_min"], entry.after["grace_late_min"]) == (5, 15)


def test_a_change_needs_a_reason_and_a_difference():
    policy = create_policy("Office", Policy())
    with refusal("schedule.reason"):
        change_policy(policy, Policy(grace_late_min=1), valid_from=MONDAY, reason="  ")
    with refusal("policy.unchanged"):
        change_policy(policy, Policy(), valid_from=MONDAY, reason="Nothing")
    change_policy(policy, Policy(grace_late_min=1), valid_from=MONDAY, reason="Less")
    with refusal("policy.unchanged"):
        change_policy(policy, Policy(grace_late_min=1), valid_from=MONDAY, reason="Again")
    # The same rules from an earlier date on are a change.
    change_policy(
        policy, Policy(grace_late_min=1), valid_from=MONDAY - timedelta(days=7), reason="Earlier"
    )


def test_nobody_is_told_where_nobody_works_by_it(told):
    change_policy(
        create_policy("Office", Policy()), Policy(grace_late_min=1), valid_from=MONDAY, reason="x"
    )
    assert told == []


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        (Policy(break_window=BreakWindow(time(12), time(12))), "policy.break"),
        (Policy(break_window=BreakWindow(time(12), time(13)), break_min=30), "policy.break"),
        (Policy(break_min=400, break_after_min=360), "policy.break"),
        (Policy(absent_below_min=240, half_day_below_min=240), "policy.thresholds"),
    ],
)
def test_rules_that_nobody_means_are_refused(rules, code):
    with refusal(code):
        create_policy("Odd", rules)


def test_a_break_outside_a_shift_is_refused_from_either_side():
    lunch = Policy(break_window=BreakWindow(time(12), time(13)))
    policy = create_policy("Lunch", lunch)
    create_shift(ShiftLook(name="Day", code="D"), hours(policy=policy))
    with refusal("policy.break_outside"):
        create_shift(ShiftLook(name="Night", code="N"), hours("22:00", "06:00", policy=policy))
    with pytest.raises(DomainError, match="lies outside “Day”"):
        change_policy(
            policy,
            replace(lunch, break_window=BreakWindow(time(16, 45), time(17, 15))),
            valid_from=MONDAY,
            reason="Later",
        )


@pytest.mark.parametrize(
    ("start", "end", "fits"),
    [
        ("02:00", "02:30", True),
        ("22:00", "22:30", True),
        ("05:30", "06:00", True),
        ("23:45", "00:15", True),
        ("05:30", "06:15", False),
        ("12:00", "12:30", False),
        ("21:30", "22:30", False),
    ],
)
def test_a_break_of_a_night_may_lie_after_midnight(start, end, fits):
    window = BreakWindow(time.fromisoformat(start), time.fromisoformat(end))
    policy = create_policy("Night", Policy(break_window=window))

    def make() -> Shift:
        return create_shift(
            ShiftLook(name="Night", code="N"), hours("22:00", "06:00", policy=policy)
        )

    if fits:
        assert make().versions.count() == 1
    else:
        with refusal("policy.break_outside"):
            make()


def test_a_policy_in_use_is_not_retired_and_a_retired_one_is_given_to_no_shift():
    policy = create_policy("Office", Policy())
    shift = create_shift(ShiftLook(name="Day", code="D"), hours(policy=policy))
    with pytest.raises(DomainError, match="“Day”"):
        retire_policy(policy)
    retire_shift(shift)
    assert retire_policy(policy).retired_at is not None
    with refusal("shift.policy"):
        create_shift(ShiftLook(name="Other", code="O"), hours(policy=policy))
    reinstate_policy(policy)
    create_shift(ShiftLook(name="Other", code="O"), hours(policy=policy))


def test_names_of_policies_are_one_of_a_kind():
    create_policy("Office", Policy())
    other = create_policy("Yard", Policy())
    with refusal("policy.name_taken"):
        create_policy("office", Policy())
    assert rename_policy(other, "Gate").name == "Gate"
    with refusal("policy.name_taken"):
        rename_policy(other, "Office")


# --- shifts ---


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"start": "09:00", "end": "09:00"}, "shift.length", "0 hours"),
        ({"start": "09:00", "end": "17:00", "is_24_h": True}, "shift.length", "not 24 hours"),
        ({"days": frozenset()}, "shift.days", "at least one day"),
        ({"days": frozenset({7})}, "shift.rule", "weekdays from 0"),
        ({"flexible_minutes": 1800}, "shift.length", "30 hours cannot be worked"),
        ({"flexible_minutes": 0}, "shift.rule", "from 1 to 1440"),
    ],
)
def test_hours_that_cannot_be_worked_are_refused_with_the_reason(fields, code, words):
    given = {"start": "09:00", "end": "17:00", **fields}
    with pytest.raises(DomainError, match=words) as refused:
        create_shift(ShiftLook(name="Odd", code="O"), hours(**given))
    assert refused.value.code == code
    assert refused.value.data["field"] in {"end", "days", "flexible_minutes"}
    assert not ShiftVersion.objects.exists()


def test_a_guard_of_24_hours_is_a_shift_where_that_is_meant():
    shift = create_shift(ShiftLook(name="Guard", code="G"), hours("08:00", "08:00", is_24_h=True))
    assigned(shift)
    assert plans(PersonFactory()) == ["G"] * 7


def test_changed_hours_hold_from_their_date_and_past_days_keep_theirs(told):
    person = PersonFactory()
    shift = create_shift(ShiftLook(name="Day", code="D"), hours())
    assigned(shift, person=person, first=MONDAY - timedelta(days=30))
    version = change_hours(shift, hours("08:00", "16:00"), valid_from=MONDAY, reason="Summer")
    assert version.number == 2
    schedule = schedules_of([person.pk], first=MONDAY, last=MONDAY)[person.pk]
    assert schedule.shifts_on(MONDAY)[0].start == time(8)
    assert schedule.shifts_on(MONDAY - timedelta(days=1))[0].start == time(9)
    assert [(each.person_ids, each.first) for each in told] == [({person.pk}, MONDAY)]
    with refusal("shift.unchanged"):
        same = hours("08:00", "16:00", policy=version.policy)
        change_hours(shift, same, valid_from=MONDAY + timedelta(days=3), reason="Again")


def test_hours_that_would_overlap_another_shift_of_somebody_are_refused(told):
    person = PersonFactory()
    early = create_shift(ShiftLook(name="Early", code="E"), hours("06:00", "14:00"))
    late = create_shift(ShiftLook(name="Late", code="L"), hours("14:00", "22:00"))
    assigned(early, person=person, first=MONDAY)
    assigned(late, person=person, first=MONDAY)
    with pytest.raises(DomainError, match="“Early” and “Late” overlap") as refused:
        change_hours(
            early,
            hours("06:00", "15:00"),
            valid_from=MONDAY + timedelta(days=7),
            reason="Longer",
        )
    assert refused.value.data["on"] == "2026-05-11"
    assert early.versions.count() == 1
    assert told == []


def test_another_name_or_colour_makes_no_day_another_one(told):
    shift = create_shift(ShiftLook(name="Day", code="d"), hours())
    assigned(shift, person=PersonFactory())
    changed = change_look(shift, ShiftLook(name="Office", code="of", colour="red"))
    assert (changed.name, changed.code, changed.colour) == ("Office", "OF", "red")
    assert last_audit().action == "schedules.shift.renamed"
    assert told == []
    with refusal("shift.code_taken"):
        create_shift(ShiftLook(name="Other", code="Of"), hours())


def test_a_shift_that_is_worked_elsewhere_cannot_be_of_one_site():
    here = default_site()
    far = Site.objects.create(name="Far", time_zone="Asia/Kolkata")
    shift = shift_with_hours(name="Day", code="D")
    look = ShiftLook(name="Day", code="D", site_id=here.pk)
    assigned(shift, person=PersonFactory(site=here))
    assert change_look(shift, look).site == here
    change_look(shift, replace(look, site_id=None))
    elsewhere = assigned(shift, person=PersonFactory(site=far, department=None))
    with refusal("shift.site"):
        change_look(shift, look)
    elsewhere.delete()
    assigned(shift)
    with refusal("shift.site"):
        change_look(shift, look)


def test_a_site_with_shifts_of_its_own_is_not_deleted():
    Site.objects.create(name="Near", time_zone="UTC")
    site = Site.objects.create(name="Far", time_zone="Asia/Kolkata")
    shift_with_hours(site=site)
    with pytest.raises(DomainError, match="shifts of its own"):
        delete_site(site)


def test_a_retired_shift_is_given_to_nobody_and_whoever_works_it_goes_on():
    shift = create_shift(ShiftLook(name="Day", code="D"), hours())
    person, other = PersonFactory(), PersonFactory()
    assign(Whom(person_ids=frozenset({person.pk})), Plan(shift_ids=(shift.pk,), first=MONDAY))
    retire_shift(shift)
    assert plans(person) == ["D"] * 7
    with pytest.raises(DomainError, match="“Day” is retired"):
        assign(Whom(person_ids=frozenset({other.pk})), Plan(shift_ids=(shift.pk,), first=MONDAY))
    reinstate_shift(shift)
    assign(Whom(person_ids=frozenset({other.pk})), Plan(shift_ids=(shift.pk,), first=MONDAY))


# --- previews ---


def test_a_preview_says_what_a_change_in_the_past_would_do_and_does_nothing(told, monkeypatch):
    people = PersonFactory.create_batch(3)
    shift = create_shift(ShiftLook(name="Day", code="D"), hours())
    assigned(shift)
    seen = []

    def counter(change: PlanChange) -> DayCount:
        # The plans are as they would be.
        schedule = schedules_of(change.person_ids, first=MONDAY, last=MONDAY)
        seen.append({each.shifts_on(MONDAY)[0].start for each in schedule.values()})
        return DayCount(days=42, people=3)

    monkeypatch.setattr(changes, "_COUNTERS", [counter])
    entries = AuditEntry.objects.count()
    preview = preview_of(
        lambda: change_hours(shift, hours("07:00", "15:00"), valid_from=MONDAY, reason="x"),
        first=MONDAY,
    )
    assert preview.past == DayCount(days=42, people=3)
    assert preview.people == len(people)
    assert seen == [{time(7)}]
    assert shift.versions.count() == 1
    assert AuditEntry.objects.count() == entries
    assert told == []


def test_a_preview_raises_what_the_change_would():
    shift = create_shift(ShiftLook(name="Day", code="D"), hours())
    with refusal("schedule.reason"):
        preview_of(lambda: change_hours(shift, hours(), valid_from=MONDAY, reason=""), first=MONDAY)


# --- assignments ---


def test_a_department_is_given_a_rotation_with_days_off(told):
    site = default_site()
    works, hall = department_at(site, "Works"), department_at(site, "Works / Hall")
    inside, below = PersonFactory(department=works), PersonFactory(department=hall)
    PersonFactory(department=department_at(site, "Office"))
    early, late = (
        shift_with_hours("06:00", "14:00", code="E"),
        shift_with_hours("14:00", "22:00", code="L"),
    )
    (made,) = assign(
        Whom(department_id=works.pk),
        Plan(shift_ids=(early.pk, late.pk, None), first=MONDAY),
    )
    assert plans(inside) == plans(below) == ["E", "L", "-", "E", "L", "-", "E"]
    assert [each.person_ids for each in told] == [{inside.pk, below.pk}]
    assert made.made_by == "ada@example.org"
    assert last_audit().action == "schedules.assignment.made"


def test_many_people_are_given_a_shift_in_one_go_or_none_of_them():
    people = PersonFactory.create_batch(4)
    night = shift_with_hours("22:00", "06:00", code="N")
    early = shift_with_hours("05:00", "13:00", code="E")
    assigned(night, person=people[2], first=MONDAY)
    everyone = frozenset(each.pk for each in people)
    with pytest.raises(DomainError, match="one person would have to work both"):
        assign(
            Whom(person_ids=everyone),
            Plan(shift_ids=(early.pk,), first=MONDAY),
            beside=Beside.AS_WELL,
        )
    assert Assignment.objects.count() == 1
    assert len(assign(Whom(person_ids=everyone), Plan(shift_ids=(early.pk,), first=MONDAY))) == 4
    assert plans(people[2]) == ["E"] * 7


def test_a_shift_instead_of_another_leaves_what_lies_before_and_after_it():
    person = PersonFactory()
    early, late, day = (shift_with_hours(code=code, name=code) for code in ("E", "L", "D"))
    whom = Whom(person_ids=frozenset({person.pk}))
    assign(whom, Plan(shift_ids=(early.pk, late.pk, None), first=MONDAY))
    assert plans(person) == ["E", "L", "-", "E", "L", "-", "E"]
    assign(
        whom,
        Plan(
            shift_ids=(day.pk,),
            first=MONDAY + timedelta(days=1),
            last=MONDAY + timedelta(days=2),
        ),
    )
    assert plans(person) == ["E", "D", "D", "E", "L", "-", "E"]


def test_a_split_shift_is_two_shifts_of_one_day():
    person = PersonFactory()
    morning, evening = (
        shift_with_hours("10:00", "14:00", code="A"),
        shift_with_hours("18:00", "22:00", code="B"),
    )
    whom = Whom(person_ids=frozenset({person.pk}))
    assign(whom, Plan(shift_ids=(morning.pk,), first=MONDAY))
    assign(whom, Plan(shift_ids=(evening.pk,), first=MONDAY), beside=Beside.AS_WELL)
    assert plans(person, days=1) == ["A+B"]


def test_an_assignment_ends_and_one_that_never_began_is_taken_back(told):
    person = PersonFactory()
    shift = shift_with_hours(code="D")
    whom = Whom(person_ids=frozenset({person.pk}))
    (made,) = assign(whom, Plan(shift_ids=(shift.pk,), first=MONDAY))
    told.clear()
    end_assignment(made, last=MONDAY + timedelta(days=1))
    assert plans(person, days=3) == ["D", "D", "-"]
    assert [each.first for each in told] == [MONDAY + timedelta(days=2)]
    with refusal("assignment.dates"):
        end_assignment(made, last=MONDAY + timedelta(days=5))
    assert end_assignment(made, last=MONDAY - timedelta(days=1)) is None
    assert not Assignment.objects.exists()
    assert told[-1].first == MONDAY


@pytest.mark.parametrize(
    ("turns", "dates", "code"),
    [
        (0, (0, None), "assignment.turns"),
        (57, (0, None), "assignment.turns"),
        (1, (0, -1), "assignment.dates"),
    ],
)
def test_plans_that_cannot_be_worked_are_refused(turns, dates, code):
    shift = shift_with_hours()
    first = MONDAY + timedelta(days=dates[0])
    last = None if dates[1] is None else MONDAY + timedelta(days=dates[1])
    with refusal(code):
        assign(
            Whom(person_ids=frozenset({PersonFactory().pk})),
            Plan(shift_ids=(shift.pk,) * turns, first=first, last=last),
        )


def test_a_shift_of_one_site_is_given_to_nobody_elsewhere():
    here, far = default_site(), Site.objects.create(name="Far", time_zone="Asia/Kolkata")
    shift = shift_with_hours(site=here)
    inside, outside = PersonFactory(site=here), PersonFactory(site=far, department=None)
    plan = Plan(shift_ids=(shift.pk,), first=MONDAY)
    assign(Whom(person_ids=frozenset({inside.pk})), plan)
    assign(Whom(site_id=here.pk), plan)
    for whom in (Whom(person_ids=frozenset({outside.pk})), Whom(site_id=far.pk), Whom()):
        with refusal("assignment.shift"):
            assign(whom, plan)


# --- rights ---


def test_whoever_may_only_look_changes_nothing():
    shift = shift_with_hours()
    policy = WorkPolicyFactory()
    plan = Plan(shift_ids=(shift.pk,), first=MONDAY)
    acts = [
        lambda: create_policy("Mine", Policy()),
        lambda: change_policy(policy, Policy(), valid_from=MONDAY, reason="x"),
        lambda: rename_policy(policy, "Mine"),
        lambda: retire_policy(policy),
        lambda: reinstate_policy(policy),
        lambda: create_shift(ShiftLook(name="Mine", code="M"), hours()),
        lambda: change_hours(shift, hours(), valid_from=MONDAY, reason="x"),
        lambda: change_look(shift, ShiftLook(name="Mine", code="M")),
        lambda: retire_shift(shift),
        lambda: reinstate_shift(shift),
        lambda: assign(Whom(), plan),
        lambda: end_assignment(assigned(shift), last=timezone.localdate()),
    ]
    viewer = Actor(kind="user", id="9", permissions=permissions_of("manager"))
    for act in acts:
        with acting_as(viewer), pytest.raises(PermissionMissing):
            act()


def test_whoever_answers_for_one_site_plans_its_people_alone():
    here, far = default_site(), Site.objects.create(name="Far", time_zone="Asia/Kolkata")
    everywhere, theirs = shift_with_hours(), shift_with_hours(site=here)
    plan = Plan(shift_ids=(everywhere.pk,), first=MONDAY)
    inside, outside = PersonFactory(site=here), PersonFactory(site=far, department=None)
    other = department_at(far, "Yard")
    of_all = assigned(everywhere)
    limited = Actor(
        kind="user",
        id="9",
        permissions=ALL_PERMISSIONS,
        scope=Scope(site_ids=frozenset({here.pk})),
    )
    with acting_as(limited):
        assign(Whom(person_ids=frozenset({inside.pk})), plan)
        assign(Whom(department_id=inside.department_id), plan)
        assign(Whom(site_id=here.pk), plan)
        change_hours(theirs, hours("08:00", "16:00"), valid_from=MONDAY, reason="x")
        create_shift(ShiftLook(name="Ours", code="OU", site_id=here.pk), hours())
        refused = [
            lambda: assign(Whom(), plan),
            lambda: assign(Whom(site_id=far.pk), plan),
            lambda: assign(Whom(department_id=other.pk), plan),
            lambda: end_assignment(of_all, last=MONDAY),
            lambda: change_hours(everywhere, hours(), valid_from=MONDAY, reason="x"),
            lambda: create_shift(ShiftLook(name="All", code="AL"), hours()),
            lambda: create_policy("Mine", Policy()),
        ]
        for act in refused:
            with pytest.raises(PermissionMissing):
                act()
        with refusal("assignment.whom"):
            assign(Whom(person_ids=frozenset({outside.pk})), plan)
