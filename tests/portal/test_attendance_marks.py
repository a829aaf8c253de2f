"""Whose word attendance waits for before it calls anybody absent: tablets, and pictures in a queue."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from portal.attendance.models import DayException
from portal.cameras.models import Camera, CameraHealth
from portal.organisation.models import Site
from tests.factories import attendance as of
from tests.factories.kiosks import KioskFactory
from tests.factories.sightings import CameraFactory, RecognitionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("administrator")]

MONDAY = "2026-05-04"
EVENING = of.at(f"{MONDAY} 22:00")
NOON = of.at(f"{MONDAY} 12:00")
APRIL = of.at("2026-04-01 08:00")


def tablet(site: Any, *, delivered: datetime | None, **fields: Any) -> CameraHealth | None:
    """Paired in April; ``delivered`` is when it last said that it has nothing left to deliver."""
    fields = {"paired_at": APRIL, "camera__name": "Side tablet", **fields}
    kiosk = KioskFactory(camera__site=site, **fields)
    if delivered is None:
        return None
    return CameraHealth.objects.create(
        camera=kiosk.camera, state="silent", state_since=APRIL, complete_until=delivered
    )


@pytest.mark.parametrize(
    ("delivered", "fields", "status"),
    [
        pytest.param(NOON, {}, "pending", id="went silent at noon: it may keep somebody's coming"),
        pytest.param(None, {}, "pending", id="never had nothing to deliver"),
        pytest.param(EVENING, {}, "absent", id="delivered everything after the window's end"),
        pytest.param(NOON, {"revoked_at": NOON}, "absent", id="switched off: it delivers no more"),
        pytest.param(
            NOON, {"camera__is_enabled": False}, "absent", id="its camera is off: it is refused"
        ),
        pytest.param(NOON, {"paired_at": None}, "absent", id="no tablet has opened its link"),
        pytest.param(None, {"paired_at": EVENING}, "absent", id="in use only since the evening"),
    ],
)
def test_a_tablet_is_waited_for_until_it_has_delivered(
    delivered: datetime | None, fields: dict[str, Any], status: str
) -> None:
    person = of.worker_on_shift()
    tablet(person.site, delivered=delivered, **fields)
    assert of.computed(person, MONDAY)[0].status == status


def test_a_tablet_elsewhere_holds_nothing_up() -> None:
    person = of.worker_on_shift()
    KioskFactory(paired_at=APRIL, camera__site=Site.objects.create(name="Oslo"))
    assert of.computed(person, MONDAY)[0].status == "absent"


def test_the_inbox_names_the_tablet_and_the_day_follows_its_queue() -> None:
    person = of.worker_on_shift()
    health = tablet(person.site, delivered=NOON)
    of.computed(person, MONDAY)
    gap = DayException.objects.get()
    assert (gap.kind, gap.detail) == ("camera_gap", "Side tablet has reported up to 12:00")
    of.seen_at(person, f"in {MONDAY} 13:00", f"out {MONDAY} 17:00", source="pin")
    assert health is not None
    health.complete_until = EVENING
    health.save()
    (day,) = of.computed(person, MONDAY)
    assert (day.status, day.worked_min) == ("present", 240)


def test_nobody_waits_longer_than_a_kept_event_is_taken() -> None:
    """Fourteen days; what comes later is refused (``portal.kiosk.clock``)."""
    person = of.worker_on_shift()
    tablet(person.site, delivered=NOON)
    statuses = [
        of.computed(person, MONDAY, now=f"{day} 22:00")[0].status
        for day in ("2026-05-17", "2026-05-18")
    ]
    assert statuses == ["pending", "absent"]


@pytest.mark.parametrize(
    ("camera", "picture", "status"),
    [
        pytest.param({}, {}, "pending", id="a face may be in it"),
        pytest.param({}, {"state": "running"}, "pending", id="it is being looked at"),
        pytest.param({}, {"is_done": True}, "absent", id="it was looked at"),
        pytest.param({}, {"state": "failed"}, "absent", id="it will never be looked at"),
        pytest.param({}, {"captured_at": EVENING}, "absent", id="taken after the window's end"),
        pytest.param({"kind": Camera.Kind.BROWSER}, {}, "pending", id="from a browser tab"),
        pytest.param({"is_for_attendance": False}, {}, "absent", id="of no use here"),
        pytest.param({"is_enabled": False}, {}, "pending", id="sent before the camera went off"),
    ],
)
def test_a_picture_that_nobody_has_looked_at_is_waited_for(
    camera: dict[str, Any], picture: dict[str, Any], status: str
) -> None:
    person = of.worker_on_shift()
    sender = CameraFactory(site=person.site, **camera)
    taken = {"captured_at": NOON, "source": "camera", **picture}
    RecognitionFactory(camera=sender, **taken)
    assert of.computed(person, MONDAY)[0].status == status


def test_pictures_in_a_queue_hold_up_what_came_after_them_alone() -> None:
    person = of.worker_on_shift()
    sender = CameraFactory(site=person.site)
    for hours in range(3):
        taken = of.at("2026-05-05 12:00") + timedelta(hours=hours)
        RecognitionFactory(camera=sender, captured_at=taken, source="camera")
    days = of.computed(person, MONDAY, "2026-05-05")
    assert [day.status for day in days] == ["absent", "pending"]


# Of a shift from nine to five the window ends at nine in the evening.
HOURS = [{"days": [0, 1, 2, 3, 4, 5, 6], "from": "06:00", "to": "19:00"}]


def entrance(site: Any, told: str, *, rests_since: str = "19:00", **fields: Any) -> Camera:
    """A stream with hours, in April already, that told of everything until ``told``."""
    fields = {"kind": "rtsp", "schedule": HOURS, "name": "Entrance", **fields}
    state = fields.pop("state", "resting")
    added = of.at(f"{MONDAY} {fields.pop('added')}") if "added" in fields else APRIL
    camera = CameraFactory(site=site, **fields)
    Camera.objects.filter(pk=camera.pk).update(created_at=added)
    CameraHealth.objects.create(
        camera=camera,
        state=state,
        state_since=of.at(f"{MONDAY} {rests_since}"),
        complete_until=of.at(f"{MONDAY} {told}") if told else None,
    )
    return camera


@pytest.mark.parametrize(
    ("told", "fields", "status"),
    [
        pytest.param("07:30", {}, "pending", id="its stream died in the morning"),
        pytest.param("", {}, "pending", id="in use since April, and never gave a picture"),
        pytest.param("18:59", {}, "pending", id="a minute is missing, in which it was offline"),
        pytest.param("18:59:40", {}, "absent", id="its last picture before its hours ended"),
        pytest.param("18:58", {"rate_fps": 0.02}, "absent", id="it is asked seldom"),
        pytest.param("", {"added": "18:00"}, "absent", id="added on that day"),
        pytest.param("07:30", {"added": "06:30"}, "pending", id="added, and died on that day"),
        pytest.param("12:00", {"rests_since": "12:00:05"}, "absent", id="off since noon, on again"),
        pytest.param("07:30", {"rests_since": "12:00:05"}, "pending", id="switched off when dead"),
        pytest.param("", {"rests_since": "05:00"}, "absent", id="off throughout the day, on again"),
        pytest.param("07:30", {"is_enabled": False}, "absent", id="switched off"),
        pytest.param("07:30", {"kind": "file"}, "absent", id="a film was played to its end"),
    ],
)
def test_a_camera_that_failed_in_its_hours_is_waited_for_after_them(
    told: str, fields: dict[str, Any], status: str
) -> None:
    person = of.worker_on_shift()
    entrance(person.site, told, **fields)
    (day,) = of.computed(person, MONDAY, now=f"{MONDAY} 21:30")
    assert day.status == status
    gaps = DayException.objects.filter(kind="camera_gap")
    assert gaps.exists() == (status == "pending"), "somebody is told why the day waits"


@pytest.mark.parametrize(
    ("told", "status"),
    [
        pytest.param("19:00", "absent", id="it told of all of its hours yesterday"),
        pytest.param("07:30", "pending", id="it died yesterday morning, and nothing came since"),
    ],
)
def test_a_camera_that_is_offline_this_morning_puts_yesterday_in_no_doubt(
    told: str, status: str
) -> None:
    person = of.worker_on_shift()
    entrance(person.site, told, state="offline")
    (day,) = of.computed(person, MONDAY, now="2026-05-05 07:00")
    assert day.status == status
