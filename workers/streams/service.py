"""The loop: newest frames of all cameras, one pass through the engine, on to the visits.

Nothing is queued. A frame that comes while the engine is busy takes the place of the one before,
so that a machine with too much to do looks at each camera equally less often, and never later.
Public surface: ``StreamService``.
"""

from __future__ import annotations

import selectors
import threading
import time
from collections.abc import Callable
from typing import Final
from uuid import UUID

import structlog
from django.db import close_old_connections

from portal.cameras.contracts import CameraSettings, CameraYield
from workers.engine_host import EngineHost
from workers.streams.camera import CameraStream, Prepare
from workers.streams.child import DecoderChild, Launch
from workers.streams.clocks import WallClock
from workers.streams.engine import EngineKeeper
from workers.streams.looking import Book, Looker
from workers.streams.records import Records
from workers.streams.tally import CameraTally, added
from workers.streams.timers import Every, Guard

__all__ = ["StreamService"]

logger = structlog.get_logger(__name__)

# How soon a change of settings, a due attempt or a request to stop is noticed at the latest.
_LONGEST_WAIT_S: Final = 0.25
_SETTINGS_S: Final = 1.0
_REPORT_S: Final = 3.0
_HEARTBEAT_S: Final = 10.0
_CAPACITY_S: Final = 300.0
# A camera that is switched off and on again finds the engine still there.
_RELEASE_S: Final = 60.0


class StreamService:
    def __init__(
        self,
        *,
        records: Records,
        build_host: Callable[[], EngineHost],
        make_book: Callable[[EngineHost], Book],
        prepare: Prepare,
        launch: Launch = DecoderChild,
        clock: WallClock | None = None,
        is_outdated: Callable[[EngineHost], bool] | None = None,
    ) -> None:
        self._records = records
        self._is_outdated = is_outdated
        self._host: EngineHost | None = None
        self._prepare, self._launch = prepare, launch
        self._clock = clock or WallClock()
        self._engine = EngineKeeper(build_host, on_change=records.tell_engine)
        self._looker = Looker(make_book, records=records, clock=self._clock)
        self._streams: dict[UUID, CameraStream] = {}
        self._tallies: dict[UUID, CameraTally] = {}
        self._yields: list[CameraYield] = []
        self._guarded = Guard()
        self._selector = selectors.DefaultSelector()
        self._settings, self._report = Every(_SETTINGS_S), Every(_REPORT_S)
        self._heartbeat, self._capacity = Every(_HEARTBEAT_S), Every(_CAPACITY_S)
        self._empty_since_s = time.monotonic()

    def run(self, stopped: threading.Event) -> None:
        """Until ``stopped``; no error ends it."""
        self._guarded("tell", lambda: self._records.tell_engine(None, None))
        try:
            while not stopped.is_set():
                self.step(_LONGEST_WAIT_S)
        finally:
            self.close()

    def step(self, longest_wait_s: float) -> None:
        """Wait for a frame, or for so long, and do what is due."""
        self._listen(longest_wait_s)
        now_s = time.monotonic()
        if self._settings.is_due(now_s):
            close_old_connections()
            self._guarded("follow", self._follow)
        jump_s = self._clock.check()
        if jump_s:
            logger.warning("clock_jumped", seconds=round(jump_s, 1))
        for stream in self._streams.values():
            self._guarded("tick", lambda one=stream: self._tick(one, now_s))  # type: ignore[misc]
        self._look(now_s)
        self._write(now_s)

    def close(self) -> None:
        """End all decoders, and write down what is left to write."""
        for stream in self._streams.values():
            stream.stop()
        self._guarded("close", self._looker.close)
        self._guarded("report", self._write_reports)
        self._selector.close()

    def _listen(self, longest_wait_s: float) -> None:
        listened: dict[int, CameraStream] = {}
        for stream in self._streams.values():
            if stream.child is not None:
                listened[stream.child.fileno()] = stream
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fd)
        for fd in listened:
            self._selector.register(fd, selectors.EVENT_READ)
        wait_s = 0.0 if self._looker.is_ready and self._has_frames() else longest_wait_s
        for key, _ in self._selector.select(wait_s):
            listened[key.fd].listen(time.monotonic())

    def _has_frames(self) -> bool:
        return any(stream.has_frame for stream in self._streams.values())

    def _tick(self, stream: CameraStream, now_s: float) -> None:
        stream.tick(now_s, self._clock.now())
        if stream.is_changed:
            self._report.hurry()

    def _follow(self) -> None:
        wanted = {one.id: one for one in self._records.cameras()}
        for camera_id in self._streams.keys() - wanted.keys():
            self._streams.pop(camera_id).stop()
            self._tallies.pop(camera_id)
            self._looker.forget(camera_id)
        for camera_id, settings in wanted.items():
            stream = self._streams.get(camera_id)
            if stream is None:
                self._add(settings)
            elif stream.settings != settings and stream.follow(settings):
                self._looker.forget(camera_id)
        if self._streams:
            self._empty_since_s = time.monotonic()
        elif time.monotonic() - self._empty_since_s > _RELEASE_S:
            self._looker.close()
            self._engine.release()
        if (
            self._host is not None
            and self._is_outdated is not None
            and self._is_outdated(self._host)
        ):
            self._engine.renew()

    def _add(self, settings: CameraSettings) -> None:
        self._streams[settings.id] = CameraStream(
            settings, launch=self._launch, prepare=self._prepare
        )
        self._tallies[settings.id] = CameraTally()

    def _look(self, now_s: float) -> None:
        host = self._engine.get() if self._streams else None
        if host is not self._host:
            # What was seen with the one is written before the other looks: no passage has both.
            self._guarded("change engine", self._looker.close)
            self._host = host
        if host is None:
            return
        self._yields += self._looker.look(host, self._streams, self._tallies, now_s=now_s)

    def _write(self, now_s: float) -> None:
        if self._report.is_due(now_s):
            self._guarded("report", self._write_reports)
        if self._heartbeat.is_due(now_s):
            host = self._engine.get() if self._streams else None
            self._guarded("heartbeat", lambda: self._records.tell_alive(host))
        bears = self._looker.load.cameras(s.settings.rate_fps for s in self._streams.values())
        if bears is not None and self._capacity.is_due(now_s):
            logger.info("capacity", cameras=len(self._streams), bears_cameras=bears)

    def _write_reports(self) -> None:
        now_s, at = time.monotonic(), self._clock.now()
        reports = [
            self._tallies[camera_id].report(stream, now_s=now_s, at=at)
            for camera_id, stream in self._streams.items()
        ]
        # Kept until they are written; as sums, so that they do not grow while they cannot be.
        self._yields = added(self._yields)
        if reports or self._yields:
            self._records.write_health(reports, self._yields)
            self._yields = []
