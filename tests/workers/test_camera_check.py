"""The clock's look at all cameras, and what it does not believe."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.cameras.models import Camera, CameraHealth
from tests.factories import CameraFactory, RecognitionFactory
from workers import cameras
from workers.streams.clocks import SETTLE_S, WallClock
from workers.tasks.cameras import check

pytestmark = pytest.mark.django_db


@pytest.fixture
def clocks(monkeypatch):
    """What wall and steady clock show, in seconds; both stand until they are moved."""
    shown = {"wall": 1_000.0, "steady": 50.0}
    clock = WallClock(wall=lambda: shown["wall"], steady=lambda: shown["steady"])
    monkeypatch.setattr(cameras, "_clock", clock)
    return shown


def silent_camera() -> Camera:
    camera = CameraFactory(kind=Camera.Kind.RTSP)
    heard = timezone.now() - timedelta(minutes=2)
    CameraHealth.objects.create(
        camera=camera, state="online", state_since=heard, last_frame_at=heard
    )
    return camera


def state() -> str:
    return CameraHealth.objects.get().state


def test_silence_is_noticed_and_the_watermark_raised(clocks):
    silent_camera()
    sender = CameraFactory(last_seen_at=timezone.now())
    CameraHealth.objects.create(
        camera=sender,
        state="online",
        state_since=timezone.now(),
        last_frame_at=timezone.now(),
    )
    picture = RecognitionFactory(camera=sender, source="camera", is_done=True)
    check()
    states = CameraHealth.objects.order_by("state").values_list("state", "complete_until")
    assert list(states) == [("offline", None), ("online", picture.captured_at)]


@pytest.mark.parametrize("leap_s", [3_600.0, -3_600.0, 3.0])
def test_a_clock_that_leaps_makes_no_outage(clocks, leap_s):
    silent_camera()
    clocks["wall"] += leap_s
    check()
    assert state() == "online", "by the new time everybody was silent for an hour"
    for name in clocks:
        clocks[name] += SETTLE_S + 1
    check()
    assert state() == "offline", "what is silent all the same is noticed once the clock settled"
