"""One pass: the newest frames of the cameras whose turn it is, recognised and handed on.

Public surface: ``Looker``, ``Book``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

import structlog
from django.db import close_old_connections

from portal.cameras.contracts import CameraSettings, CameraYield
from recognition.contracts import Detection
from recognition.images import encode_jpeg
from workers.engine_host import EngineHost
from workers.streams.camera import CameraStream
from workers.streams.clocks import WallClock
from workers.streams.records import Records
from workers.streams.slot import SlotFrame
from workers.streams.tally import CameraTally, Load
from workers.visits.frames import SeenFrame

__all__ = ["Book", "Looker"]

logger = structlog.get_logger(__name__)

# More in one pass would only make the first of them wait.
BATCH: Final = 8
_STILL_S: Final = 30.0
_TICK_S: Final = 1.0
# After a pass that failed; what fails once fails often, and each failure is a page in the log.
_PAUSE_S: Final = 2.0


class Book(Protocol):
    """``workers.visits.VisitBook``."""

    def wants(
        self,
        camera: CameraSettings,
        found: Sequence[Detection],
        *,
        size_px: tuple[int, int],
        at_s: float,
    ) -> Sequence[bool]: ...
    def see(self, frames: Sequence[SeenFrame]) -> list[CameraYield]: ...
    def tick(self, now: datetime) -> object: ...
    def forget(self, camera_id: UUID) -> None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Taken:
    stream: CameraStream
    frame: SlotFrame
    captured_at: datetime


class Looker:
    def __init__(
        self, make_book: Callable[[EngineHost], Book], *, records: Records, clock: WallClock
    ) -> None:
        self._make_book, self._records, self._clock = make_book, records, clock
        self._book: Book | None = None
        self._looked_s: dict[UUID, float] = {}
        self._warm: set[tuple[int, ...]] = set()
        self._ticked_s = 0.0
        self._paused_until_s = 0.0
        self.load = Load()

    @property
    def is_ready(self) -> bool:
        """Whether frames that are there would be looked at."""
        return self._book is not None and time.monotonic() >= self._paused_until_s

    def look(
        self,
        host: EngineHost,
        streams: Mapping[UUID, CameraStream],
        tallies: Mapping[UUID, CameraTally],
        *,
        now_s: float,
    ) -> list[CameraYield]:
        """What the cameras yielded. An error is logged here, and the frames are lost."""
        if now_s < self._paused_until_s:
            return []
        try:
            return self._look(host, streams, tallies, now_s)
        except Exception:
            logger.exception("frames_lost")
            close_old_connections()
            self._paused_until_s = time.monotonic() + _PAUSE_S
            return []

    def forget(self, camera_id: UUID) -> None:
        self._looked_s.pop(camera_id, None)
        if self._book is not None:
            self._book.forget(camera_id)

    def close(self) -> None:
        book, self._book = self._book, None
        self._warm.clear()
        if book is not None:
            book.close()

    def _look(
        self,
        host: EngineHost,
        streams: Mapping[UUID, CameraStream],
        tallies: Mapping[UUID, CameraTally],
        now_s: float,
    ) -> list[CameraYield]:
        if self._book is None:
            self._book = self._make_book(host)
        taken = self._take(streams)
        yields: list[CameraYield] = []
        if taken:
            self._warm_up(host, taken)
            yields = self._see(host, self._book, taken)
            self._note(taken, tallies)
        if now_s - self._ticked_s >= _TICK_S:
            self._ticked_s = now_s
            self._book.tick(self._clock.now())
        if taken:
            self._keep_a_still(taken, tallies, now_s)
        return yields

    def _take(self, streams: Mapping[UUID, CameraStream]) -> list[_Taken]:
        """The newest frames, of ``BATCH`` cameras at most, each camera in its turn."""
        waiting = [stream for stream in streams.values() if stream.has_frame]
        if len(waiting) > BATCH:
            # Those first that were not looked at for longest.
            waiting.sort(key=lambda one: self._looked_s.get(one.settings.id, 0.0))
            waiting = waiting[:BATCH]
        now_s = time.monotonic()
        self._looked_s |= {one.settings.id: now_s for one in waiting}
        found = ((stream, stream.take()) for stream in waiting)
        return [
            _Taken(stream, frame, self._clock.at(frame.at_s))
            for stream, frame in found
            if frame is not None
        ]

    def _warm_up(self, host: EngineHost, taken: Sequence[_Taken]) -> None:
        """The first frame of a size waits a second, and not the first face."""
        for shape in {one.frame.picture.shape for one in taken} - self._warm:
            height_px, width_px, _ = shape
            host.engine.warm_up(
                width_px=width_px, height_px=height_px, pictures=BATCH, flip_fusion=False
            )
            self._warm.add(shape)

    def _see(self, host: EngineHost, book: Book, taken: Sequence[_Taken]) -> list[CameraYield]:
        began_s = time.monotonic()

        def wanted(number: int, found: Sequence[Detection]) -> Sequence[bool]:
            one = taken[number]
            height_px, width_px, _ = one.frame.picture.shape
            return book.wants(
                one.stream.settings, found, size_px=(width_px, height_px), at_s=one.frame.at_s
            )

        analyses = host.engine.analyse_pictures(
            [one.frame.picture for one in taken], flip_fusion=False, wanted=wanted
        )
        yields = book.see(
            [
                SeenFrame(
                    camera=one.stream.settings,
                    analysis=analysis,
                    picture=one.frame.picture,
                    captured_at=one.captured_at,
                    at_s=one.frame.at_s,
                )
                for one, analysis in zip(taken, analyses, strict=True)
            ]
        )
        self.load.took(time.monotonic() - began_s, frames=len(taken))
        return yields

    def _note(self, taken: Sequence[_Taken], tallies: Mapping[UUID, CameraTally]) -> None:
        done_s, now, is_settled = time.monotonic(), self._clock.now(), self._clock.is_settled
        for one in taken:
            tally = tallies[one.stream.settings.id]
            tally.looked_at(one.captured_at, latency_ms=(done_s - one.frame.at_s) * 1000.0)
            tally.watermark.advance(one.captured_at, now=now, is_settled=is_settled)

    def _keep_a_still(
        self, taken: Sequence[_Taken], tallies: Mapping[UUID, CameraTally], now_s: float
    ) -> None:
        """One in a pass at most: nobody waits for it, and faces do."""
        for one in taken:
            settings = one.stream.settings
            tally = tallies[settings.id]
            if now_s - tally.still_at_s >= _STILL_S:
                tally.still_at_s = now_s
                jpeg = encode_jpeg(one.frame.picture, quality=85)
                self._records.write_still(settings.id, jpeg, at=one.captured_at)
                return
