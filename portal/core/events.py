"""Live events: small hints that something changed, published only after the commit.

A page that hears one re-reads what it shows, so an event carries ids and never a face, a name
or a template. Producer and consumer share the ``TypedDict`` definitions below.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Mapping
from typing import Any, Final, Literal, TypedDict, cast

import structlog
from channels.layers import get_channel_layer
from django.db import transaction

from portal.core.context import current_actor

__all__ = [
    "AlertsChanged",
    "AttendanceChanged",
    "CalibrationChanged",
    "CameraChanged",
    "EnrolmentChanged",
    "Event",
    "FrameRead",
    "GalleryChanged",
    "JobChanged",
    "MusterChanged",
    "RecognitionsFinished",
    "ReviewChanged",
    "Topic",
    "VisitsChanged",
    "group_name",
    "publish",
    "publish_on_commit",
]

logger = structlog.get_logger(__name__)

# A command works without a running Gatehouse: it must not wait for the broker with every person,
# and the camera streams not with every frame.
_PAUSES_S: Final = {"command": 60.0, "system": 5.0}
_away_until = 0.0

Topic = Literal[
    "live",
    "review",
    "alerts",
    "jobs",
    "people",
    "cameras",
    "calibration",
    "attendance",
    "muster",
    "system",
]
"""Topics map one to one to a permission; see ``portal.core.consumers``."""


class RecognitionsFinished(TypedDict):
    """Results are in the database; ``ids`` are recognitions, ``camera_ids`` may hold "".

    ``site_ids`` (of the cameras) and ``actor_ids`` (who submitted) run parallel to ``ids``: by
    them the consumer leaves out what a listener may not see; browsers are not sent them.
    """

    type: Literal["sightings.finished"]
    ids: list[str]
    camera_ids: list[str]
    site_ids: list[str]
    actor_ids: list[str]
    faces: int


class JobChanged(TypedDict):
    type: Literal["jobs.changed"]
    id: str
    state: str


class EnrolmentChanged(TypedDict):
    type: Literal["enrolment.changed"]
    id: str


class FrameRead(TypedDict):
    """A webcam's frame was looked at; ``id`` is the frame, whose result is asked for by it."""

    type: Literal["enrolment.frame"]
    id: str


class GalleryChanged(TypedDict):
    type: Literal["gallery.changed"]
    revision: int


class CameraChanged(TypedDict):
    type: Literal["cameras.changed"]
    id: str


class VisitsChanged(TypedDict):
    """Visits began, were named, went on or ended. ``site_ids`` runs parallel to ``ids``, for the
    consumer's eyes, as in ``RecognitionsFinished``."""

    type: Literal["visits.changed"]
    ids: list[str]
    camera_ids: list[str]
    site_ids: list[str]


class ReviewChanged(TypedDict):
    """Something waits for a decision, or does no more: strangers and names to be confirmed."""

    type: Literal["review.changed"]


class AlertsChanged(TypedDict):
    """``alarms`` are those of ``ids`` that were raised just now and are of the highest severity."""

    type: Literal["alerts.changed"]
    ids: list[str]
    alarms: list[str]


class CalibrationChanged(TypedDict):
    """``part`` of the Calibration pages has something new: a run ended, a rule is in force."""

    type: Literal["calibration.changed"]
    part: Literal["rule", "run", "what_if", "switch", "own_model", "look_alikes", "drift"]


class AttendanceChanged(TypedDict):
    """Days were computed anew; pages that show any of them ask again for what they show."""

    type: Literal["attendance.changed"]


class MusterChanged(TypedDict):
    """Somebody on a roll-call was marked, or it began or ended."""

    type: Literal["muster.changed"]
    id: str


Event = (
    RecognitionsFinished
    | JobChanged
    | EnrolmentChanged
    | FrameRead
    | GalleryChanged
    | CameraChanged
    | VisitsChanged
    | ReviewChanged
    | AlertsChanged
    | CalibrationChanged
    | AttendanceChanged
    | MusterChanged
)


def group_name(topic: Topic) -> str:
    return f"topic.{topic}"


def publish_on_commit(topic: Topic, event: Event) -> None:
    """Publish once the surrounding transaction is safely in the database, else never."""
    transaction.on_commit(lambda: publish(topic, event), robust=True)


def publish(topic: Topic, event: Event) -> None:
    """Send now. A broker that is away costs the hint, not the data: pages re-read on reconnect."""
    global _away_until  # noqa: PLW0603 - of the broker, one per process
    if time.monotonic() < _away_until:
        return
    message = {"type": "topic.event", "event": cast("Mapping[str, Any]", event)}
    try:
        _loop().run(group_name(topic), message)
    except Exception as error:  # noqa: BLE001 - a process boundary: whatever the broker client raises
        logger.warning("event_not_published", topic=topic, error=str(error))
        _away_until = time.monotonic() + _PAUSES_S.get(current_actor().kind, 0.0)


class _PublisherLoop:
    """A daemon thread with one event loop, so that the channel layer keeps its connection.

    ``async_to_sync`` would make a loop, and with it a broker connection, for every event.
    """

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="events", daemon=True).start()

    def run(self, group: str, message: dict[str, Any], *, timeout_s: float = 5.0) -> None:
        layer = get_channel_layer()
        if layer is None:
            return
        future = asyncio.run_coroutine_threadsafe(layer.group_send(group, message), self._loop)
        future.result(timeout=timeout_s)


_publisher: _PublisherLoop | None = None
_publisher_lock = threading.Lock()


def _loop() -> _PublisherLoop:
    global _publisher  # noqa: PLW0603 - one loop per process; a forked child needs its own
    with _publisher_lock:
        if _publisher is None or _publisher.pid != os.getpid():
            _publisher = _PublisherLoop()
        return _publisher
