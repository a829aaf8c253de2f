"""Rules about cameras: outages, told of once, and what becomes of a rule without its cameras."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
import time_machine
from django.apps import apps
from django.utils import timezone

from portal.alerts.models import Alert, AlertRule
from portal.cameras.models import Camera, CameraHealth
from portal.cameras.services import delete_camera
from portal.core.context import SYSTEM, acting_as
from tests.factories import (
    CameraFactory,
)
from tests.factories.alerts import RuleFactory
from tests.portal.alerting import someone, sweep

pytestmark = pytest.mark.django_db

# A Wednesday, 12:00 in Berlin.
NOON = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)
NIGHTS = [{"days": [0, 1, 2, 3, 4], "from": "19:00", "to": "07:00"}]


@pytest.fixture(autouse=True)
def _only_our_rules(db: None) -> None:
    AlertRule.objects.all().delete()


def health(camera: Camera, state: str, *, since: datetime | None = None) -> CameraHealth:
    row, _ = CameraHealth.objects.update_or_create(
        camera=camera, defaults={"state": state, "state_since": since or timezone.now()}
    )
    return row


def test_an_outage_is_one_alert_that_closes_itself_when_the_camera_is_back():
    RuleFactory(event="camera_offline", severity="danger")
    camera, began = CameraFactory(kind="rtsp"), timezone.now()
    health(camera, "offline", since=began)
    assert [sweep(), sweep(after_s=8)] == [1, 0]
    alert = Alert.objects.get()
    assert alert.subject == f"outage:{camera.pk}:{began.isoformat()}"
    with time_machine.travel(began + timedelta(seconds=75), tick=False):
        health(camera, "online", since=timezone.now())
        sweep(after_s=1)
    alert.refresh_from_db()
    assert (alert.state, alert.memo) == (Alert.State.CLOSED, "Back after 75 s.")
    with time_machine.travel(began + timedelta(minutes=5), tick=False):
        health(camera, "offline", since=timezone.now())
        assert sweep() == 1, "the next outage is another one"


@pytest.mark.parametrize(
    ("rule", "state", "raised", "why"),
    [
        ({}, "offline", 1, "offline"),
        ({}, "refused", 1, "the wrong password yields no pictures either"),
        ({}, "connecting", 0, "it may come at once"),
        ({}, "resting", 0, "outside its hours nobody expects it"),
        ({}, "online", 0, "all is well"),
        ({"min_dwell_s": 60}, "offline", 0, "not for long enough"),
        ({"schedule": "never now"}, "offline", 0, "outside the rule's hours"),
    ],
)
def test_which_cameras_are_told_of(rule, state, raised, why):
    now = timezone.now()
    if "schedule" in rule:
        tomorrow = (now.weekday() + 2) % 7
        rule = {"schedule": [{"days": [tomorrow], "from": "10:00", "to": "11:00"}]}
    RuleFactory(event="camera_offline", **rule)
    health(CameraFactory(kind="rtsp"), state, since=now - timedelta(seconds=20))
    assert sweep() == raised, why


@pytest.mark.parametrize("kind", ["push", "browser"])
def test_a_camera_that_sends_by_itself_is_missed_only_where_the_rule_names_it(kind):
    camera = CameraFactory(kind=kind)
    health(camera, "offline")
    RuleFactory(event="camera_offline")
    assert sweep() == 0, "a page was closed, or nothing moved"
    RuleFactory(event="camera_offline", cameras=[camera])
    assert sweep(after_s=10) == 1


@pytest.mark.parametrize("event", ["stranger", "uncertain", "camera_offline"])
def test_a_rule_that_loses_its_last_camera_does_not_come_to_hold_for_all(event):
    yard, lobby = CameraFactory(name="Yard", kind="rtsp"), CameraFactory(kind="rtsp")
    RuleFactory(event=event, cameras=[yard])
    with acting_as(SYSTEM):
        delete_camera(yard)
    someone(camera=lobby, decision="unknown" if event == "stranger" else "uncertain")
    health(lobby, "offline", since=timezone.now() - timedelta(minutes=1))
    assert sweep() == 0


def test_rules_of_before_keep_the_cameras_that_they_had():
    named, everywhere = RuleFactory(), RuleFactory()
    named.cameras.set([CameraFactory(), CameraFactory()])
    keep_meaning = import_module("portal.alerts.migrations.0004_all_cameras").keep_meaning
    keep_meaning(apps, None)
    told = AlertRule.objects.values_list("pk", "is_for_all_cameras")
    assert dict(told) == {named.pk: False, everywhere.pk: True}


def test_a_word_that_changes_in_an_outage_makes_no_second_alert():
    RuleFactory(event="camera_offline")
    camera = CameraFactory(kind="rtsp")
    health(camera, "offline")
    sweep()
    health(camera, "refused", since=timezone.now() + timedelta(seconds=5))
    assert sweep(after_s=10) == 0


def test_a_camera_that_nobody_watches_any_more_is_an_outage_within_a_minute():
    RuleFactory(event="camera_offline")
    health(CameraFactory(kind="rtsp"), "online")
    assert sweep(after_s=20) == 0
    assert sweep(after_s=55) == 1


def test_a_camera_that_was_switched_off_is_no_outage_and_ends_one():
    RuleFactory(event="camera_offline")
    camera = CameraFactory(kind="rtsp")
    health(camera, "offline")
    sweep()
    Camera.objects.update(is_enabled=False)
    sweep(after_s=30)
    alert = Alert.objects.get()
    assert alert.state == Alert.State.CLOSED
    assert alert.memo.startswith("Switched off after")
    assert sweep(after_s=40) == 0


def test_a_camera_that_comes_and_goes_is_told_of_once_in_the_waiting_time():
    RuleFactory(event="camera_offline", cooldown_min=10)
    camera, began = CameraFactory(kind="rtsp"), timezone.now()
    raised = []
    for minute in range(0, 24, 2):
        for offset, state in ((0, "offline"), (1, "online")):
            with time_machine.travel(began + timedelta(minutes=minute + offset), tick=False):
                health(camera, state, since=timezone.now())
                raised.append(sweep())
    assert sum(raised) == 3


def test_the_first_rules_are_there_without_anybody_making_them():
    from importlib import import_module

    from django.apps import apps

    migration = import_module("portal.alerts.migrations.0003_first_rules")
    migration.make_rules(apps, None)
    rules = {r.event: r for r in AlertRule.objects.all()}
    assert {e: r.is_enabled for e, r in rules.items()} == {
        "stranger": True,
        "camera_offline": True,
        "uncertain": False,
    }
    assert rules["stranger"].min_faces == 3
    assert not any(rule.channels.exists() for rule in rules.values())
