"""The pages of shifts, policies and assignments."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.attendance.engine import BreakWindow, Pairing, Policy, RoundMode, Status
from portal.organisation.models import Site
from portal.organisation.services import department_at
from portal.people.models import Person
from portal.schedules import changes
from portal.schedules.bars import bar_of
from portal.schedules.changes import DayCount
from portal.schedules.forms.policies import PolicyForm
from portal.schedules.models import Assignment, PolicyVersion, Shift, WorkPolicy
from portal.schedules.selectors.versions import engine_policy
from portal.schedules.sentences import (
    days_in_words,
    duration,
    hours_in_words,
    policy_sentences,
)
from portal.schedules.starters import STARTERS
from portal.schedules.trial import TrialError, try_day
from tests.conftest import SIGN_IN_BACKEND
from tests.factories import PersonFactory, UserFactory
from tests.factories.attendance import WorkPolicyFactory, assigned, shift_with_hours

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(client_of) -> Client:
    return client_of("hr")


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def get(client: Client, name: str, *arguments, **query) -> str:
    response = client.get(reverse(f"schedules:{name}", args=arguments), query)
    assert response.status_code == 200
    return text_of(response)


def rules_as_posted(policy: Policy | None = None, **changes_) -> dict:
    """What a browser sends of the form of rules as it was opened."""
    form = PolicyForm(rules=policy or Policy())
    values = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    # A browser sends 0, and leaves out what is empty or not ticked.
    posted = {
        name: value
        for name, value in values.items()
        if value is not None and value is not False and value != ""
    }
    return {**posted, **changes_}


def hours_as_posted(policy: WorkPolicy, **changes_) -> dict:
    posted = {
        "name": "Night",
        "code": "N",
        "colour": "blue",
        "site": "",
        "start": "22:00",
        "end": "06:00",
        "days": ["0", "1", "2", "3", "4"],
        "policy": str(policy.pk),
    }
    return {**posted, **changes_}


# --- words ---


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "0 minutes"),
        (1, "1 minute"),
        (60, "1 hour"),
        (90, "1 hour 30 minutes"),
        (480, "8 hours"),
    ],
)
def test_durations_are_said_as_people_say_them(minutes, words):
    assert duration(minutes) == words


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ([0, 1, 2, 3, 4, 5, 6], "every day"),
        ([0, 1, 2, 3, 4], "Mon–Fri"),
        ([5, 6], "Sat and Sun"),
        ([0, 2, 4], "Mon, Wed and Fri"),
        ([0, 1, 2, 4], "Mon–Wed and Fri"),
        ([6], "Sun"),
    ],
)
def test_weekdays_are_said_in_runs(days, words):
    assert days_in_words(days) == words


@pytest.mark.parametrize(
    ("start", "end", "flexible", "words"),
    [
        (time(9), time(17), None, "09:00 to 17:00"),
        (time(22), time(6), None, "22:00 to 06:00 the next day"),
        (time(8), time(8), None, "24 hours from 08:00"),
        (time(6), time(22), 480, "8 hours between 06:00 and 22:00"),
    ],
)
def test_hours_are_said_in_words(start, end, flexible, words):
    assert hours_in_words(start, end, flexible) == words


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        (Policy(), "5 minutes of grace for coming late, and as much for leaving early."),
        (
            Policy(grace_late_min=10),
            "10 minutes of grace for coming late, 5 minutes for leaving early.",
        ),
        (
            Policy(grace_late_min=0, grace_early_min=0),
            "There is no grace: a minute late is late.",
        ),
        (
            Policy(break_min=30),
            "A break of 30 minutes is taken off after 6 hours, less any that was taken outside.",
        ),
        (
            Policy(break_window=BreakWindow(time(12), time(13))),
            "The break from 12:00 to 13:00 is taken off.",
        ),
        (Policy(), "No break is taken off."),
        (Policy(), "Overtime counts from 30 minutes on, in quarter hours."),
        (
            Policy(overtime_after_min=0, overtime_unit_min=7),
            "Overtime counts from the first minute, in steps of 7 minutes.",
        ),
        (Policy(), "Paid time is not rounded."),
        (
            Policy(round_unit_min=15, round_mode=RoundMode.DOWN),
            "Paid time is rounded down to full 15 minutes.",
        ),
        (Policy(half_day_below_min=240), "Less than 4 hours of work is half a day."),
        (Policy(absent_below_min=60), "Less than 1 hour of work counts as absent."),
        (Policy(count_early=True), "Time before the start of a shift is paid too."),
        (
            Policy(pairing=Pairing.PAIRS),
            "Work goes from each coming to the leaving after it; time outside is no work.",
        ),
        (
            Policy(auto_close=True),
            (
                "Whoever is not seen leaving is taken to have left at the end of the shift, and "
                "the day says so."
            ),
        ),
    ],
)
def test_rules_are_said_in_plain_sentences(policy, sentence):
    assert sentence in policy_sentences(policy)


def test_a_night_is_drawn_in_two_parts_and_a_guard_all_around():
    night = bar_of("Night", start=time(22), end=time(6))
    assert [(b.x, b.width, b.is_next) for b in night.blocks] == [
        (1320, 120, False),
        (0, 360, True),
    ]
    guard = bar_of("Guard", start=time(8), end=time(8))
    assert sum(block.width for block in guard.blocks) == 1440
    until_midnight = bar_of("Late", start=time(16), end=time(0))
    assert [(b.x, b.width) for b in until_midnight.blocks] == [(960, 480)]


# --- trying rules on a day ---


@pytest.mark.parametrize(
    ("times", "policy", "expected"),
    [
        ("09:00 in, 17:00 out", Policy(), (Status.PRESENT, 480, 480, 0, 0)),
        ("9:06, 17:00", Policy(), (Status.PRESENT, 474, 474, 6, 0)),
        ("09:00 in; 17:45 out", Policy(), (Status.PRESENT, 525, 480, 0, 45)),
        ("09:00 in\n17:00 out", Policy(break_min=30), (Status.PRESENT, 450, 450, 0, 0)),
        ("09:00 in", Policy(), (Status.INCOMPLETE, 0, 0, 0, 0)),
        ("", Policy(), (Status.ABSENT, 0, 0, 0, 0)),
    ],
)
def test_a_day_is_tried_with_the_engine_itself(times, policy, expected):
    day = try_day(times, policy=policy, start=time(9), end=time(17)).day
    found = (day.status, day.worked_min, day.payable_min, day.late_min, day.overtime_min)
    assert found == expected


@pytest.mark.parametrize(
    ("times", "late", "worked"),
    [
        ("22:00 in, 06:00 out", 0, 480),
        ("21:30 in, 06:00 out", 0, 510),
        # After midnight already, still of the shift that began before it.
        ("00:40 in, 06:00 out", 160, 320),
    ],
)
def test_times_of_a_night_go_on_after_midnight(times, late, worked):
    day = try_day(times, policy=Policy(), start=time(22), end=time(6)).day
    assert (day.late_min, day.worked_min) == (late, worked)


def test_times_that_are_none_say_what_is_expected():
    with pytest.raises(TrialError, match="“25:00” is no time"):
        try_day("25:00", policy=Policy(), start=time(9), end=time(17))


def test_the_box_shows_the_day_that_rules_would_make_and_saves_nothing(client):
    posted = rules_as_posted(grace_late_min=15) | {
        "try_times": "09:10 in, 17:40 out",
        "try_start": "09:00",
        "try_end": "17:00",
    }
    response = client.post(reverse("schedules:try_policy"), posted)
    assert response.status_code == 200
    assert "8 hours 30 minutes worked" in text_of(response)
    assert "30 minutes of overtime" in text_of(response)
    assert "late," not in text_of(response)
    assert not WorkPolicy.objects.exists()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"grace_late_min": "-1"}, "expected a whole number of minutes from 0 to"),
        ({"grace_late_min": "x"}, "Give a whole number."),
        ({"try_times": "noon"}, "“noon” is no time"),
        ({"try_start": "30:00"}, "Shift from"),
    ],
)
def test_the_box_says_what_is_missing_for_a_day(client, changed, words):
    day = {"try_times": "09:00", "try_start": "09:00", "try_end": "17:00"}
    response = client.post(reverse("schedules:try_policy"), rules_as_posted() | day | changed)
    assert response.status_code == 200
    assert words in text_of(response)


# --- policies ---


def test_a_policy_is_made_as_it_was_typed(client):
    posted = rules_as_posted(
        name="Office",
        grace_late_min=10,
        break_kind="fixed",
        break_start="12:00",
        break_end="12:45",
        round_unit_min="15",
        round_mode="down",
        auto_close="on",
    )
    response = client.post(reverse("schedules:add_policy"), posted)
    policy = WorkPolicy.objects.get()
    assert response.headers["Location"] == reverse("schedules:policy", args=[policy.pk])
    assert engine_policy(policy.versions.get()) == Policy(
        grace_late_min=10,
        break_window=BreakWindow(time(12), time(12, 45)),
        round_unit_min=15,
        round_mode=RoundMode.DOWN,
        auto_close=True,
    )
    assert "The break from 12:00 to 12:45 is taken off." in get(client, "policy", policy.pk)
    assert "Office" in get(client, "policies")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"grace_late_min": "-1"}, "-1 is given; expected a whole number of minutes from 0"),
        ({"overtime_unit_min": "0"}, "0 is given; expected at least 1 minute"),
        ({"max_session_min": "99999"}, "99999 is given"),
        ({"break_kind": "fixed"}, "Say when the break begins."),
        ({"break_kind": "auto", "break_min": ""}, "Say how long the break is."),
        ({"name": ""}, "This field is required"),
        ({"break_kind": "auto", "break_min": "500"}, "A break of 500 minutes cannot"),
    ],
)
def test_rules_that_cannot_be_are_refused_at_their_field(client, changed, words):
    response = client.post(reverse("schedules:add_policy"), rules_as_posted(name="Odd") | changed)
    assert response.status_code == 422
    assert words in text_of(response)
    assert not WorkPolicy.objects.exists()


def test_opening_a_policy_and_saving_it_as_it_is_changes_nothing(client):
    rules = Policy(
        grace_late_min=7,
        break_min=45,
        break_after_min=300,
        round_unit_min=12,
        pairing=Pairing.PAIRS,
        count_early=True,
    )
    policy = WorkPolicyFactory()
    PolicyVersion.objects.filter(policy=policy).update(
        grace_late_min=7,
        break_min=45,
        break_after_min=300,
        round_unit_min=12,
        pairing="pairs",
        count_early=True,
    )
    posted = rules_as_posted(rules, valid_from=timezone.localdate(), reason="Nothing")
    response = client.post(reverse("schedules:change_policy", args=[policy.pk]), posted)
    assert response.status_code == 422
    assert "the rules that hold already" in text_of(response)


def test_a_change_from_today_on_is_a_version_and_the_history_says_who_and_why(client):
    policy = WorkPolicyFactory()
    posted = rules_as_posted(
        grace_late_min=12, valid_from=timezone.localdate(), reason="Agreed in May"
    )
    response = client.post(reverse("schedules:change_policy", args=[policy.pk]), posted)
    assert response.status_code == 302
    page = get(client, "policy", policy.pk)
    assert "Version 2" in page
    assert "“Agreed in May”" in page
    assert "12 minutes of grace for coming late, 5 minutes for leaving early." in page


def test_a_change_in_the_past_is_shown_before_it_is_made(client, monkeypatch):
    monkeypatch.setattr(changes, "_COUNTERS", [lambda change: DayCount(42, 12)])
    policy = WorkPolicyFactory()
    assigned(shift_with_hours(policy=policy), person=PersonFactory())
    url = reverse("schedules:change_policy", args=[policy.pk])
    past = timezone.localdate() - timedelta(days=30)
    posted = rules_as_posted(grace_late_min=12, valid_from=past.isoformat(), reason="Late")
    response = client.post(url, posted)
    page = text_of(response)
    assert response.status_code == 200
    assert "42 days of 12 people" in page
    assert policy.versions.count() == 1
    confirmed = response.context["form"].fingerprint
    # Something else than what was shown is shown again.
    other = client.post(url, posted | {"grace_late_min": 13, "confirmed": confirmed})
    assert "42 days of 12 people" in text_of(other)
    assert policy.versions.count() == 1
    assert client.post(url, posted | {"confirmed": confirmed}).status_code == 302
    assert policy.versions.get(number=2).valid_from == past


def test_a_preview_is_honest_where_nobody_counts_days_and_where_nobody_is_concerned(
    client, monkeypatch
):
    monkeypatch.setattr(changes, "_COUNTERS", [])
    policy = WorkPolicyFactory()
    url = reverse("schedules:change_policy", args=[policy.pk])
    past = timezone.localdate() - timedelta(days=30)
    posted = rules_as_posted(grace_late_min=12, valid_from=past.isoformat(), reason="Late")
    assert "no day changes" in text_of(client.post(url, posted))
    assigned(shift_with_hours(policy=policy), person=PersonFactory())
    assert "1 person" in text_of(client.post(url, posted))


def test_a_policy_is_renamed_retired_and_brought_back(client):
    policy = WorkPolicyFactory(name="Old")
    client.post(reverse("schedules:rename_policy", args=[policy.pk]), {"name": "New"})
    retire = reverse("schedules:retire_policy", args=[policy.pk])
    client.post(retire)
    policy.refresh_from_db()
    assert (policy.name, policy.retired_at is not None) == ("New", True)
    assert "Retired: 1" in get(client, "policies")
    client.post(retire, {"back": "1"})
    policy.refresh_from_db()
    assert policy.retired_at is None
    shift_with_hours(policy=policy, name="Day")
    page = text_of(client.post(retire, follow=True))
    assert "is the policy of “Day”" in page


# --- shifts ---


@pytest.mark.parametrize("starter", STARTERS, ids=lambda each: each.key)
def test_the_empty_page_offers_plans_that_can_be_begun_with(client, starter):
    assert starter.title in get(client, "shifts")
    response = client.post(reverse("schedules:begin"), {"key": starter.key})
    assert Shift.objects.count() == len(starter.shifts)
    assert WorkPolicy.objects.get().name == "Standard"
    form = client.get(response.headers["Location"]).context["form"]
    if starter.turns:
        assert form["what"].value() == "rotation"
    else:
        assert form["shift"].value() == str(Shift.objects.order_by("id")[0].pk)
    page = get(client, "shifts")
    assert starter.shifts[0].name in page
    # Begun with twice, it is there once.
    client.post(reverse("schedules:begin"), {"key": starter.key})
    assert Shift.objects.count() == len(starter.shifts)


def test_a_night_shift_is_made_and_drawn(client):
    policy = WorkPolicyFactory(name="Office")
    response = client.post(reverse("schedules:add_shift"), hours_as_posted(policy))
    shift = Shift.objects.get()
    assert response.headers["Location"] == reverse("schedules:shift", args=[shift.pk])
    version = shift.versions.get()
    assert (version.start, version.end, version.days) == (time(22), time(6), [0, 1, 2, 3, 4])
    page = get(client, "shifts")
    assert "22:00 to 06:00 the next day, Mon–Fri" in page
    assert 'aria-label="Night: 22:00 to 06:00 the next day"' in page
    assert "5 minutes of grace" in page


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"start": "09:00", "end": "09:00"}, "it would last 0 hours"),
        ({"end": "30:00"}, "A shift lasts at most 24 hours"),
        ({"days": []}, "at least one day of the week"),
        ({"is_flexible": "on"}, "Say how many hours are owed"),
        ({"is_flexible": "on", "flexible_hours": "30"}, "30 hours cannot be worked"),
        ({"is_24_h": "on"}, "is not 24 hours"),
        ({"code": ""}, "This field is required"),
        ({"policy": "x"}, "Select a valid choice"),
        ({"colour": "pink"}, "Select a valid choice"),
    ],
)
def test_hours_that_cannot_be_are_refused_with_the_reason(client, changed, words):
    policy = WorkPolicyFactory()
    response = client.post(reverse("schedules:add_shift"), hours_as_posted(policy) | changed)
    assert response.status_code == 422
    assert words in text_of(response)
    assert not Shift.objects.exists()


def test_a_shift_needs_a_policy_first(client):
    assert "There is no policy yet" in get(client, "add_shift")


def test_changed_hours_are_a_version_and_the_past_is_asked_for_once(client):
    shift = shift_with_hours("09:00", "17:00", name="Day")
    policy = shift.versions.get().policy
    url = reverse("schedules:change_hours", args=[shift.pk])
    posted = {
        "start": "08:00",
        "end": "16:00",
        "days": list("01234"),
        "policy": str(policy.pk),
        "valid_from": (timezone.localdate() + timedelta(days=7)).isoformat(),
        "reason": "Summer",
    }
    assert client.post(url, posted).status_code == 302
    page = get(client, "shift", shift.pk)
    assert "Coming" in page
    assert "“Summer”" in page
    assert "Other rules" in get(client, "shifts")
    posted["valid_from"] = (timezone.localdate() - timedelta(days=7)).isoformat()
    assert "This reaches into the past" in text_of(client.post(url, posted))
    assert client.post(url, posted | {"valid_from": "0001-01-01"}).status_code == 422


def test_a_shift_is_called_otherwise_retired_and_brought_back(client):
    shift = shift_with_hours(name="Day", code="D")
    look = {"name": "Office", "code": "OF", "colour": "red", "site": ""}
    assert client.post(reverse("schedules:change_look", args=[shift.pk]), look).status_code == 302
    retire = reverse("schedules:retire_shift", args=[shift.pk])
    client.post(retire)
    assert "Retired: 1" in get(client, "shifts")
    client.post(retire, {"back": "1"})
    shift.refresh_from_db()
    assert (shift.name, shift.retired_at) == ("Office", None)


# --- assignments ---


def assign_as_posted(**changes_) -> dict:
    posted = {"what": "shift", "first": timezone.localdate().isoformat(), "beside": "instead"}
    return {**posted, **changes_}


def test_a_department_is_given_a_shift_and_whoever_has_none_is_listed(client):
    shift = shift_with_hours(name="Day", code="D")
    person = PersonFactory(name="Ada Lovelace")
    PersonFactory(name="Left Alone", department=None)
    PersonFactory(name="Gone Already", department=None, status="left")
    tomorrow = timezone.localdate() + timedelta(days=1)
    PersonFactory(name="Not Yet", department=None, employed_from=tomorrow)
    assert "2 people are planned for nothing" in get(client, "assignments")
    response = client.post(
        reverse("schedules:assign"),
        assign_as_posted(whom="department", department=person.department_id, shift=shift.pk),
    )
    assert response.headers["Location"] == reverse("schedules:assignments")
    page = get(client, "assignments")
    assert "Laboratory" in page
    assert "1 person is planned for nothing" in page
    assert "Left Alone" in page
    unplanned = get(client, "unplanned")
    assert "Left Alone" in unplanned
    assert not {"Ada Lovelace", "Gone Already", "Not Yet"} & {
        name for name in Person.objects.values_list("name", flat=True) if name in unplanned
    }


@pytest.mark.parametrize("reach", ["everybody", "site", "above", "person"])
def test_nobody_is_called_planned_for_nothing_whom_something_reaches(client, reach):
    shift = shift_with_hours()
    person = PersonFactory(department_path="Works / Hall")
    whom = {
        "everybody": {},
        "site": {"site": person.site},
        "above": {"department": department_at(person.site, "Works")},
        "person": {"person": person},
    }[reach]
    assert person.name in get(client, "unplanned")
    assigned(shift, **whom)
    assert "Everybody has a shift" in get(client, "unplanned")


def test_whoever_has_none_is_given_one_from_their_list(client):
    shift = shift_with_hours()
    people = PersonFactory.create_batch(3, department=None)
    form = client.get(
        reverse("schedules:assign"), {"ids": [str(each.pk) for each in people]}
    ).context["form"]
    posted = assign_as_posted(
        whom=form["whom"].value(), people=form["people"].value(), shift=shift.pk
    )
    assert client.post(reverse("schedules:assign"), posted).status_code == 302
    assert Assignment.objects.filter(person__in=people).count() == 3


def test_a_rotation_is_typed_by_codes(client):
    early, late = shift_with_hours(code="E"), shift_with_hours(code="L")
    posted = assign_as_posted(whom="everybody", what="rotation", turns="E e L, l - -")
    assert client.post(reverse("schedules:assign"), posted).status_code == 302
    turns = Assignment.objects.get().turns.values_list("shift_id", flat=True)
    assert list(turns) == [early.pk, early.pk, late.pk, late.pk, None, None]
    assert "E E L L – –" in get(client, "assignments")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"whom": "department"}, "Choose a department."),
        ({"whom": "site", "site": ""}, "Choose a site."),
        ({"whom": "people", "people": " "}, "Nobody is given"),
        ({"whom": "people", "people": ",;"}, "0 people are given"),
        ({"whom": "people", "people": "C-1\nnobody"}, "Nobody has the code nobody."),
        ({"whom": "people", "people": "twice@example.org"}, "Several people have"),
        ({"whom": "everybody", "shift": ""}, "Choose a shift."),
        ({"whom": "everybody", "what": "rotation", "turns": "Q"}, "No shift has the code Q."),
        ({"whom": "everybody", "what": "rotation", "turns": "- -"}, "days off only"),
        ({"whom": "everybody", "what": "rotation", "turns": ""}, "Say what is worked"),
        ({"whom": "everybody", "last": "2020-01-01"}, "The last date lies before the first"),
        ({"whom": "everybody", "first": "1066-10-14"}, "cannot be meant"),
        ({"whom": "everybody", "first": "soon"}, "Enter a valid date"),
        ({"whom": "nobody"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_assigned_is_refused_at_its_field(client, changed, words):
    shift = shift_with_hours(code="D")
    PersonFactory(code="C-1", email="twice@example.org")
    PersonFactory(code="C-2", email="twice@example.org")
    response = client.post(
        reverse("schedules:assign"), assign_as_posted(shift=str(shift.pk)) | changed
    )
    assert response.status_code == 422
    assert words in text_of(response)
    assert not Assignment.objects.exists()


def test_a_night_beside_the_morning_after_it_is_refused_on_the_page(client):
    night = shift_with_hours("22:00", "06:00", name="Night", code="N")
    early = shift_with_hours("05:00", "13:00", name="Early", code="E")
    person = PersonFactory(code="C-1")
    assigned(night, person=person, first=timezone.localdate())
    posted = assign_as_posted(whom="people", people="C-1", shift=early.pk, beside="as_well")
    response = client.post(reverse("schedules:assign"), posted)
    assert response.status_code == 422
    assert "“Night” and “Early” overlap" in text_of(response)
    assert "one person would have to work both" in text_of(response)


def test_an_assignment_is_ended_and_moves_to_what_is_over(client):
    person = PersonFactory(name="Ada Lovelace")
    today = timezone.localdate()
    assignment = assigned(shift_with_hours(), person=person, first=today - timedelta(days=9))
    url = reverse("schedules:end_assignment", args=[assignment.pk])
    yesterday = (today - timedelta(days=1)).isoformat()
    assert client.post(url, {"last": yesterday}).status_code == 302
    assert "Ada Lovelace" not in get(client, "assignments").partition("<tbody>")[2]
    assert "Ada Lovelace" in get(client, "assignments", when="past")
    long_ago = {"last": (today - timedelta(days=5)).isoformat()}
    response = client.post(url, long_ago)
    assert "This reaches into the past" in text_of(response)
    confirmed = {"confirmed": response.context["form"].fingerprint}
    assert client.post(url, long_ago | confirmed).status_code == 302


def test_assignments_are_found_by_name_code_department_and_shift(client):
    day, night = shift_with_hours(name="Day"), shift_with_hours(name="Night")
    ada = PersonFactory(name="Ada Lovelace", code="A-1", department_path="Engines")
    assigned(day, person=ada)
    assigned(night, department=ada.department)

    def rows(**query) -> list[str]:
        response = client.get(
            reverse("schedules:assignments"), query, headers={"HX-Request": "true"}
        )
        return [row.whom for row in response.context["rows"]]

    assert rows() == ["Engines", "Ada Lovelace"]
    assert rows(q="lovel") == ["Ada Lovelace"]
    assert rows(q="a-1") == ["Ada Lovelace"]
    assert rows(q="engines") == ["Engines"]
    assert rows(shift=str(day.pk)) == ["Ada Lovelace"]
    assert rows(shift="no id") == ["Engines", "Ada Lovelace"]
    assert rows(q="nobody at all") == []


# --- who sees and may do what ---


def test_a_manager_looks_at_plans_of_their_department_and_changes_nothing():
    shift = shift_with_hours(name="Day")
    mine, other = (
        PersonFactory(name="Mine Own", department_path="Ours"),
        PersonFactory(name="Somebody Else", department_path="Theirs"),
    )
    assigned(shift, person=mine, first=date(2026, 1, 1))
    assigned(shift, person=other, first=date(2026, 1, 1))
    manager = UserFactory(role="manager")
    manager.departments.add(mine.department)
    client = Client()
    client.force_login(manager, backend=SIGN_IN_BACKEND)
    page = get(client, "assignments")
    assert "Mine Own" in page
    assert "Somebody Else" not in page
    for name in ("shifts", "policies", "assignments"):
        page = get(client, name)
        assert "New shift" not in page
        assert "New policy" not in page
        assert "Assign a shift" not in page


def test_whoever_answers_for_one_site_is_offered_what_they_may_change(client):
    here, far = PersonFactory().site, Site.objects.create(name="Far", time_zone="UTC")
    theirs = shift_with_hours(name="Ours", site=here)
    common, foreign = shift_with_hours(name="Common"), shift_with_hours(name="Foreign", site=far)
    user = UserFactory(role="hr")
    user.sites.add(here)
    limited = Client()
    limited.force_login(user, backend=SIGN_IN_BACKEND)
    page = get(limited, "shifts")
    assert "Common" in page
    assert "Foreign" not in page
    assert "Change the hours" in get(limited, "shift", theirs.pk)
    assert "Change the hours" not in get(limited, "shift", common.pk)
    assert limited.get(reverse("schedules:shift", args=[foreign.pk])).status_code == 404
    assert "New policy" not in get(limited, "policies")
    assert "Everybody without another plan" not in get(limited, "assign")
    assert "Everybody without another plan" in get(client, "assign")
