"""Rules: what raises an alert, once and no more, and what closes it again."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from portal.alerts.matching import asks_for_visit, rule_view
from portal.alerts.models import Alert, AlertRule, Delivery, Watermark
from portal.alerts.services import consider
from portal.audit.models import AuditEntry
from portal.core.context import SYSTEM, acting_as
from portal.organisation.models import Site
from portal.review.models import Stranger
from portal.sightings.services.visits.absorb import absorb
from tests.factories import (
    CameraFactory,
    StrangerFactory,
    VisitFactory,
    VisitLegFactory,
    enrolled_person,
)
from tests.factories.alerts import ChannelFactory, RuleFactory
from tests.portal.alerting import someone, sweep

pytestmark = pytest.mark.django_db

# A Wednesday, 12:00 in Berlin.
NOON = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)
NIGHTS = [{"days": [0, 1, 2, 3, 4], "from": "19:00", "to": "07:00"}]


@pytest.fixture(autouse=True)
def _only_our_rules(db: None) -> None:
    AlertRule.objects.all().delete()


# --- which visits a rule asks for ---


@dataclass(frozen=True)
class Case:
    why: str
    event: str
    asked: bool
    rule: dict[str, Any] = field(default_factory=dict)
    visit: dict[str, Any] = field(default_factory=dict)
    stranger: str = ""
    age_s: float = 10
    camera: str = "gate"
    named: tuple[str, ...] = ()


CASES = [
    Case("an unknown face", "stranger", True),
    Case("a known one", "stranger", False, visit={"decision": "match"}),
    Case("one too poor to tell", "stranger", False, visit={"decision": "poor"}),
    Case("enough faces", "stranger", True, {"min_faces": 3}, {"faces_usable": 3}),
    Case("one face too few", "stranger", False, {"min_faces": 4}, {"faces_usable": 3}),
    Case("stayed long enough", "stranger", True, {"min_dwell_s": 10}),
    Case("left a second early", "stranger", False, {"min_dwell_s": 11}),
    Case("ignored for good", "stranger", False, stranger="ignored"),
    Case("said to be no face", "stranger", False, stranger="not_a_face"),
    Case("named meanwhile", "stranger", False, stranger="named"),
    Case("a stranger to be looked at", "stranger", True, stranger="open"),
    Case("a watched stranger is one as well", "stranger", True, stranger="watched"),
    Case("settled by somebody", "stranger", False, visit={"settled_as": "not_a_face"}),
    Case("may still be grouped", "stranger", False, age_s=1),
    Case("the clock rings for the grouping after this", "stranger", False, age_s=4),
    Case("grouped at once", "stranger", True, stranger="open", age_s=1),
    Case(
        "its next frames may say who it is",
        "stranger",
        False,
        visit={"closed_at": None},
        stranger="open",
        age_s=2,
    ),
    Case(
        "grouped, and they did not",
        "stranger",
        True,
        visit={"closed_at": None},
        stranger="open",
        age_s=3,
    ),
    Case("at a camera of the rule", "stranger", True, named=("gate",)),
    Case("at another camera", "stranger", False, named=("yard",)),
    Case("passed a camera of the rule later", "stranger", True, named=("hall",)),
    Case("a camera that is not for security", "stranger", False, camera="clock"),
    Case("unless the rule names it", "stranger", True, camera="clock", named=("clock",)),
    Case("by day, for a rule of the night", "stranger", False, {"schedule": NIGHTS}),
    Case(
        "came by day and stayed into the rule's hours",
        "stranger",
        True,
        {"schedule": NIGHTS},
        {"first_at": NOON.replace(hour=17, minute=59), "last_at": NOON.replace(hour=18, minute=1)},
        age_s=8 * 3600,
    ),
    Case(
        "19:30 by the site's clocks, 18:30 by ours",
        "stranger",
        True,
        {"schedule": NIGHTS},
        {"first_at": NOON.replace(hour=18, minute=30)},
        age_s=8 * 3600,
    ),
    Case(
        "Saturday early still belongs to Friday's night",
        "stranger",
        True,
        {"schedule": NIGHTS},
        {"first_at": datetime(2026, 11, 21, 5, 0, tzinfo=UTC)},
        age_s=90 * 3600,
    ),
    Case(
        "Sunday early does not",
        "stranger",
        False,
        {"schedule": NIGHTS},
        {"first_at": datetime(2026, 11, 22, 5, 0, tzinfo=UTC)},
        age_s=100 * 3600,
    ),
    Case("the rule of another site", "stranger", False, {"site": "elsewhere"}),
    Case("the rule of this site", "stranger", True, {"site": "here"}),
    Case("was there before the rule", "stranger", False, {"created_at": NOON + timedelta(hours=1)}),
    Case("somebody watched", "watched", True, stranger="watched"),
    Case("somebody else", "watched", False, stranger="open"),
    Case("nobody yet", "watched", False),
    Case("watched, at too few faces", "watched", False, {"min_faces": 4}, stranger="watched"),
    Case("a name to be confirmed", "uncertain", True, visit={"decision": "uncertain"}),
    Case(
        "confirmed already",
        "uncertain",
        False,
        visit={"decision": "uncertain", "settled_as": "confirmed"},
    ),
    Case(
        "its next frames may settle it",
        "uncertain",
        False,
        visit={"decision": "uncertain", "closed_at": None},
        age_s=1,
    ),
    Case("an unknown face is no arrival", "arrival", False),
    Case("a provisional name is none", "arrival", False, visit={"decision": "match"}),
    Case("a name that holds", "arrival", True, visit={"decision": "match", "is_confirmed": True}),
    Case(
        "a name that somebody confirmed",
        "arrival",
        True,
        visit={"decision": "uncertain", "settled_as": "confirmed"},
    ),
    Case(
        "a name that somebody gave",
        "arrival",
        True,
        visit={"decision": "unknown", "settled_as": "assigned"},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.event}: {case.why}")
def test_a_rule_asks_for_the_visits_that_it_describes(case):
    site = Site.objects.create(name="Berlin", time_zone="Europe/Berlin")
    cameras = {
        name: CameraFactory(name=name, site=site, is_for_security=name != "clock")
        for name in ("gate", "hall", "yard", "clock")
    }
    sites = {"here": site, "elsewhere": Site.objects.create(name="Elsewhere")}
    created_at = case.rule.get("created_at", NOON - timedelta(days=1))
    rule_fields = {k: v for k, v in case.rule.items() if k != "created_at"}
    if "site" in rule_fields:
        rule_fields["site"] = sites[rule_fields["site"]]
    named = [cameras[name] for name in case.named]
    rule = RuleFactory(event=case.event, cameras=named, **rule_fields)
    rule.created_at = created_at
    stranger = StrangerFactory(state=case.stranger, site=site) if case.stranger else None
    person = enrolled_person(1) if case.event == "arrival" else None
    visit = VisitFactory(
        **{
            "first_at": NOON,
            "person": person,
            "camera": cameras[case.camera],
            "stranger": stranger,
            **case.visit,
        }
    )
    if case.camera == "gate":
        VisitLegFactory(visit=visit, camera=cameras["hall"])
    visit.created_at = visit.first_at
    now = visit.first_at + timedelta(seconds=case.age_s)
    assert asks_for_visit(rule_view(rule), visit, now=now) is case.asked


def test_a_rule_whose_hours_cannot_be_read_does_not_silence_the_others():
    RuleFactory(schedule=[{"days": "never"}])
    RuleFactory()
    someone()
    assert sweep() == 1


# --- once, and no more ---


def test_a_stranger_who_stands_there_for_ten_minutes_is_one_alert():
    RuleFactory(min_faces=3)
    began = timezone.now()
    with time_machine.travel(began, tick=False):
        visit = VisitFactory(first_at=began, closed_at=None, faces_usable=0)
    raised = 0
    for frame in range(600):
        with time_machine.travel(began + timedelta(seconds=frame), tick=False):
            visit.last_at, visit.faces_usable = timezone.now(), frame
            visit.save()
            if frame % 5 == 0:
                with acting_as(SYSTEM):
                    raised += consider()
    assert raised == 1
    alert = Alert.objects.get()
    assert (alert.visit, alert.camera, alert.site) == (visit, visit.camera, visit.site)
    assert alert.opened_at - began < timedelta(seconds=10)


def test_what_was_looked_at_twice_is_told_of_once_and_in_the_log(published, sent_tasks):
    channel = ChannelFactory()
    RuleFactory(severity="danger", channels=[channel])
    someone()
    assert [sweep(), sweep(after_s=10), sweep(after_s=20)] == [1, 0, 0]
    alert = Alert.objects.get()
    assert Delivery.objects.get().channel == channel
    entry = AuditEntry.objects.get(action="alerts.alert.raised")
    assert (entry.target_id, entry.after["channels"]) == (str(alert.pk), 1)


@pytest.mark.django_db(transaction=True)
def test_an_alert_is_announced_and_its_delivery_rung_for_once_it_is_written(published, sent_tasks):
    AlertRule.objects.all().delete()
    RuleFactory(severity="danger", channels=[ChannelFactory()])
    someone()
    sweep()
    alert = Alert.objects.get()
    assert [event for topic, event in published if topic == "alerts"] == [
        {"type": "alerts.changed", "ids": [str(alert.pk)], "alarms": [str(alert.pk)]}
    ]
    assert [task for task, _, _ in sent_tasks] == ["alerts.deliver"]


def test_two_workers_that_look_at_once_raise_one_alert(monkeypatch):
    """The other one is through while this one has weighed and not written yet."""
    RuleFactory(cooldown_min=10)
    stranger = StrangerFactory()
    someone(stranger=stranger)
    someone(stranger=stranger)
    module = sys.modules[consider.__module__]
    raised_by_the_other = []

    def interrupted(view, visit, *, now):
        monkeypatch.setattr(module, "asks_for_visit", asks_for_visit)
        raised_by_the_other.append(consider())
        return asks_for_visit(view, visit, now=now)

    monkeypatch.setattr(module, "asks_for_visit", interrupted)
    assert sweep() == 0
    assert raised_by_the_other == [1]
    assert Alert.objects.count() == 1


def test_two_rules_tell_of_one_visit_each_for_itself():
    RuleFactory()
    RuleFactory()
    someone()
    assert sweep() == 2


def test_what_happened_while_no_worker_ran_is_told_of_later():
    RuleFactory()
    sweep()
    someone()
    assert sweep(after_s=5 * 3600) == 1


@pytest.mark.parametrize("back", [timedelta(minutes=2), timedelta(hours=5)], ids=str)
def test_a_clock_that_was_set_back_silences_nobody(back):
    RuleFactory()
    AlertRule.objects.update(created_at=timezone.now() - timedelta(days=1))
    someone()
    assert sweep() == 1
    with time_machine.travel(timezone.now() - back, tick=False):
        assert sweep() == 0, "what was told of before is not told of again"
        someone()
        assert sweep(after_s=12) == 1
        reached = Watermark.objects.get().at
        assert reached <= timezone.now() + timedelta(seconds=12)
        someone()
        assert sweep(after_s=24) == 1


def test_an_old_visit_that_somebody_touches_alarms_nobody():
    RuleFactory()
    visit = someone()
    Watermark.objects.create(pk=1, at=timezone.now() + timedelta(hours=3))
    with time_machine.travel(timezone.now() + timedelta(hours=3), tick=False):
        visit.save()
    assert sweep(after_s=3 * 3600 + 5) == 0


def test_more_visits_than_one_batch_are_all_looked_at(monkeypatch):
    monkeypatch.setattr(sys.modules[consider.__module__], "BATCH", 3)
    RuleFactory()
    with time_machine.travel(timezone.now(), tick=False):
        for _ in range(8):
            someone()
    assert sweep() == 8


# --- the waiting time ---


@pytest.mark.parametrize(
    ("after", "cooldown_min", "raised", "why"),
    [
        (9, 10, 1, "within the waiting time"),
        (11, 10, 2, "after it"),
        (1, 0, 2, "without one every visit counts"),
    ],
)
def test_the_same_stranger_raises_no_second_alert_so_soon(after, cooldown_min, raised, why):
    RuleFactory(cooldown_min=cooldown_min)
    stranger, began = StrangerFactory(), timezone.now()
    someone(stranger=stranger, first_at=began)
    first = sweep()
    with time_machine.travel(began + timedelta(minutes=after), tick=False):
        someone(stranger=stranger)
        second = sweep()
    assert first + second == raised, why


def test_another_stranger_is_told_of_all_the_same():
    RuleFactory(cooldown_min=10)
    someone(stranger=StrangerFactory())
    someone(stranger=StrangerFactory())
    someone(stranger=None)
    assert sweep() == 3


def test_a_visit_that_began_in_the_waiting_time_does_not_outlast_it():
    RuleFactory(cooldown_min=10)
    stranger, began = StrangerFactory(), timezone.now()
    someone(stranger=stranger, first_at=began)
    sweep()
    with time_machine.travel(began + timedelta(minutes=9), tick=False):
        visit = someone(stranger=stranger, closed_at=None)
    for minute in (10, 12, 15):
        with time_machine.travel(began + timedelta(minutes=minute), tick=False):
            visit.last_at = timezone.now()
            visit.save()
            assert sweep() == 0


def test_an_alert_closes_when_the_visit_turns_out_to_be_the_same_strangers():
    RuleFactory(cooldown_min=10)
    stranger = StrangerFactory()
    someone(stranger=stranger)
    late = someone(stranger=None)
    assert sweep() == 2
    late.stranger = stranger
    late.save()
    assert sweep() == 0
    superfluous = Alert.objects.get(state=Alert.State.CLOSED)
    assert superfluous.closed_by == ""
    assert "shortly before" in superfluous.memo
    assert Alert.objects.filter(state=Alert.State.OPEN).count() == 1


@pytest.mark.parametrize(
    ("change", "memo"),
    [
        ({"decision": "match", "is_confirmed": True}, "recognised after all"),
        ({"settled_as": "not_a_face"}, "Not a face"),
        ({"settled_as": "assigned"}, "its name"),
        ({"stranger__state": "ignored"}, "ignored for good"),
        ({"decision": "match", "is_confirmed": False}, None),
        ({"stranger__state": "watched"}, None),
    ],
)
def test_an_alert_closes_when_it_has_no_ground_any_more(change, memo):
    RuleFactory()
    visit = someone(stranger=StrangerFactory())
    sweep()
    for name, value in change.items():
        if name == "stranger__state":
            Stranger.objects.filter(pk=visit.stranger_id).update(state=value)
            visit.stranger.refresh_from_db()
        else:
            setattr(visit, name, value)
    visit.save()
    sweep()
    alert = Alert.objects.get()
    assert (alert.state == Alert.State.CLOSED) is (memo is not None)
    assert (memo or "") in alert.memo


@pytest.mark.parametrize(
    ("change", "memo"),
    [
        ({"settled_as": "confirmed"}, "its name"),
        ({"settled_as": "assigned"}, "its name"),
        ({"settled_as": "refused"}, "not"),
        ({"settled_as": "not_a_face"}, "Not a face"),
        ({"decision": "match", "is_confirmed": True, "closed_at": None}, "recognised after all"),
        ({"decision": "match"}, "any more"),
        ({"decision": "unknown"}, "any more"),
        ({"decision": "match", "closed_at": None}, None),
        ({"faces_seen": 9}, None),
    ],
    ids=str,
)
def test_a_name_to_be_confirmed_closes_once_it_is_none_any_more(change, memo):
    RuleFactory(event="uncertain")
    visit = someone(decision="uncertain")
    assert sweep() == 1
    for name, value in change.items():
        setattr(visit, name, value)
    visit.save()
    sweep()
    alert = Alert.objects.get()
    assert (alert.state == Alert.State.CLOSED) is (memo is not None)
    assert (memo or "") in alert.memo


def test_two_visits_that_turn_out_to_be_one_leave_one_alert_open():
    RuleFactory()
    first, second = someone(), someone()
    assert sweep() == 2
    absorb(second, first)
    first.save()
    assert sweep(after_s=6) == 0
    states = Alert.objects.filter(visit=first).values_list("state", flat=True)
    assert sorted(states) == ["closed", "open"]


# --- arrivals ---


def arrival(person: Any, at: datetime, **fields: Any) -> Any:
    return VisitFactory(
        person=person, decision="match", is_confirmed=True, first_at=at, site=person.site, **fields
    )


def test_an_arrival_is_told_of_once_a_day_of_the_site():
    person = enrolled_person(1, name="Ada")
    Site.objects.update(time_zone="Asia/Tokyo")
    person.site.refresh_from_db()
    # 23:30 and 00:30 in Tokyo are two days there, and one in UTC.
    evening = datetime(2026, 11, 18, 14, 30, tzinfo=UTC)
    with time_machine.travel(evening - timedelta(hours=1), tick=False):
        RuleFactory(event="arrival")
    raised = []
    for minutes in (0, 10, 60, 70):
        with time_machine.travel(evening + timedelta(minutes=minutes), tick=False):
            arrival(person, timezone.now())
            raised.append(sweep())
    assert raised == [1, 0, 1, 0]


def test_a_return_past_the_rules_camera_is_no_arrival():
    person = enrolled_person(1, name="Ada")
    gate, hall = CameraFactory(), CameraFactory()
    RuleFactory(event="arrival", cameras=[hall])
    now = timezone.now()
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    with time_machine.travel(noon, tick=False):
        arrival(person, timezone.now(), camera=gate)
        assert sweep() == 0
    with time_machine.travel(noon + timedelta(hours=1), tick=False):
        arrival(person, timezone.now(), camera=hall)
        assert sweep() == 0


@pytest.mark.parametrize("said", ["confirmed", "assigned"])
def test_a_name_that_somebody_gave_is_an_arrival_and_later_ones_are_returns(said):
    person = enrolled_person(1, name="Ada")
    RuleFactory(event="arrival")
    noon = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    with time_machine.travel(noon, tick=False):
        visit = someone(decision="uncertain", site=person.site)
        assert sweep() == 0
        visit.settled_as, visit.person = said, person
        visit.save()
        assert sweep() == 1
    with time_machine.travel(noon + timedelta(hours=1), tick=False):
        arrival(person, timezone.now())
        assert sweep() == 0


def test_a_name_given_long_after_is_not_told_of_and_makes_later_visits_returns():
    person = enrolled_person(1, name="Ada")
    RuleFactory(event="arrival")
    morning = timezone.now().replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=1)
    with time_machine.travel(morning, tick=False):
        visit = someone(decision="uncertain", site=person.site)
        sweep()
    with time_machine.travel(morning + timedelta(hours=4), tick=False):
        sweep()
        visit.settled_as, visit.person = "confirmed", person
        visit.save()
        assert sweep() == 0, "that somebody tidies up at noon is no arrival"
    with time_machine.travel(morning + timedelta(hours=5), tick=False):
        arrival(person, timezone.now())
        assert sweep() == 0, "nor is the return after lunch"


def test_the_same_name_to_be_confirmed_waits_as_well():
    RuleFactory(event="uncertain", cooldown_min=10)
    ada, bob = enrolled_person(1), enrolled_person(2)
    for who in (ada, ada, bob):
        someone(decision="uncertain", candidates=[[str(who.pk), 0.47]])
    assert sweep() == 2
