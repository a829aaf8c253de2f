"""What was decided of a face keeps its next visit from alarming anybody, while that goes on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from portal.alerts.models import Alert, AlertRule
from portal.alerts.services import consider
from portal.organisation.models import Site
from portal.review.models import Anchor, Stranger
from portal.review.services import (
    assign_strangers,
    forget_strangers,
    ignore_strangers,
    watch_strangers,
)
from portal.sightings.models import Visit
from tests.factories import CameraFactory, PersonFactory, visit_with_face
from workers.engine_host import EngineHost
from workers.schedule import SCHEDULE
from workers.strangers import group_waiting, needs_grouping

pytestmark = pytest.mark.django_db

GUEST, ANOTHER = 9, 20
BEGAN = datetime.fromisoformat("2026-11-18T11:00:00+00:00")


@pytest.fixture(autouse=True)
def _the_rule_that_is_there_from_the_start(db: None) -> None:
    AlertRule.objects.exclude(event="stranger").delete()
    AlertRule.objects.update(created_at=BEGAN - timedelta(days=1))


def stands_there(host: EngineHost, *, identity: int, since: datetime, **fields: Any) -> Visit:
    """Somebody in view for 15 seconds, with a frame each second; alerts are looked at after each,
    and the grouping as seldom as the clock alone rings for it, behind them."""
    every_s = SCHEDULE["review-sweep"]["schedule"]
    with time_machine.travel(since, tick=False):
        visit = visit_with_face(
            identity=identity, first_at=since, closed_at=None, faces_usable=1, **fields
        )
    for second in range(1, 16):
        now = since + timedelta(seconds=second)
        with time_machine.travel(now, tick=False):
            Visit.objects.filter(pk=visit.pk).update(
                last_at=now, faces_usable=second + 1, changed_at=now
            )
            consider()
            if (second + 1) % every_s == 0 and needs_grouping():
                group_waiting(host)
    visit.refresh_from_db()
    return visit


def decided(host: EngineHost, *, at: datetime = BEGAN - timedelta(hours=2)) -> Stranger:
    """Of an earlier visit, long before anybody's rule."""
    with time_machine.travel(at, tick=False):
        visit = visit_with_face(identity=GUEST, first_at=at)
    with time_machine.travel(at + timedelta(minutes=1), tick=False):
        group_waiting(host)
    visit.refresh_from_db()
    assert visit.stranger is not None
    return visit.stranger


def test_somebody_new_is_told_of_within_seconds_as_the_stranger_they_are(host):
    visit = stands_there(host, identity=GUEST, since=BEGAN)
    alert = Alert.objects.get()
    assert alert.state == Alert.State.OPEN
    assert alert.opened_at - BEGAN < timedelta(seconds=6)
    assert visit.stranger is not None


def test_whoever_is_ignored_for_good_raises_nothing_while_they_stand_there(host):
    ignore_strangers([decided(host)])
    visit = stands_there(host, identity=GUEST, since=BEGAN)
    assert not Alert.objects.exists()
    assert visit.stranger is not None
    assert visit.stranger.state == "ignored"


def test_a_named_stranger_without_photos_raises_nothing_either(host):
    assign_strangers([decided(host)], PersonFactory())
    stands_there(host, identity=GUEST, since=BEGAN)
    assert not Alert.objects.exists()


def test_the_waiting_time_holds_for_a_visit_that_goes_on(host):
    AlertRule.objects.update(cooldown_min=10)
    first = stands_there(host, identity=GUEST, since=BEGAN)
    with time_machine.travel(BEGAN + timedelta(minutes=1), tick=False):
        Visit.objects.filter(pk=first.pk).update(closed_at=timezone.now())
    again = stands_there(host, identity=GUEST, since=BEGAN + timedelta(minutes=5))
    assert again.stranger == first.stranger
    assert Alert.objects.get().visit == first, "no second one, not even for a moment"
    stands_there(host, identity=ANOTHER, since=BEGAN + timedelta(minutes=6))
    assert Alert.objects.count() == 2, "of another stranger it is told all the same"


class TestAtAnotherSite:
    def test_whoever_is_ignored_at_one_site_is_no_alarm_at_another(self, host):
        known = decided(host)
        ignore_strangers([known])
        camera = CameraFactory(site=Site.objects.create(name="Second house"))
        visit = stands_there(host, identity=GUEST, since=BEGAN, camera=camera)
        assert not Alert.objects.exists()
        there = Stranger.objects.exclude(pk=known.pk).get()
        assert visit.stranger == there
        assert (there.state, there.site) == ("ignored", camera.site), (
            "each site sees its own visits only"
        )
        assert "another site" in there.memo, "else nobody there would know why"

    def test_somebody_else_is_one(self, host):
        ignore_strangers([decided(host)])
        camera = CameraFactory(site=Site.objects.create(name="Second house"))
        stands_there(host, identity=ANOTHER, since=BEGAN, camera=camera)
        assert Alert.objects.count() == 1

    def test_a_site_that_wants_to_be_told_is_told(self, host):
        ignore_strangers([decided(host)])
        camera = CameraFactory(site=Site.objects.create(name="Second house"))
        with time_machine.travel(BEGAN - timedelta(hours=1), tick=False):
            visit_with_face(identity=GUEST, camera=camera)
            group_waiting(host)
            watch_strangers([Stranger.objects.get(site=camera.site)], is_watched=False)
        stands_there(host, identity=GUEST, since=BEGAN, camera=camera)
        assert Alert.objects.count() == 1

    def test_one_whose_visits_are_deleted_leaves_nothing_behind(self, host):
        known = decided(host)
        ignore_strangers([known])
        visit = visit_with_face(
            identity=GUEST, camera=CameraFactory(site=Site.objects.create(name="Second house"))
        )
        group_waiting(host)
        visit.delete()
        known.visits.all().delete()
        forget_strangers()
        assert Stranger.objects.get() == known, "whose face is kept, by which they are known again"
        assert Anchor.objects.get().stranger == known
