"""One camera's stream: its decoder is started, watched, killed and started again.

Knows no database; it is told the time. Public surface: ``CameraStream``, ``Prepare``.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from datetime import datetime
from typing import Final

import structlog

from portal.cameras.contracts import CameraSettings
from workers.streams.backoff import Backoff
from workers.streams.child import DecoderChild, Launch, Measured
from workers.streams.messages import ENDED, REFUSALS, TROUBLES, Assignment, Trouble
from workers.streams.slot import SlotFrame

__all__ = ["CameraStream", "Prepare"]

logger = structlog.get_logger(__name__)

Prepare = Callable[[CameraSettings], "Future[Assignment]"]

# A name server that does not answer.
_PREPARE_S: Final = 20.0
# Until the first picture: the connection, the login, the stream's description, a key frame.
_FIRST_PICTURE_S: Final = 25.0
# The decoder itself gives up earlier; this is for one that hangs.
SILENCE_S: Final = 12.0
_HEALTHY_S: Final = 10.0

_NOTHING: Final = Measured(0, 0, 0.0, None, 0, 0)


class CameraStream:
    """``state`` and ``detail`` are those of ``CameraHealth``. ``launch`` starts a decoder,
    ``prepare`` looks its address up without being waited for."""

    def __init__(self, settings: CameraSettings, *, launch: Launch, prepare: Prepare) -> None:
        self.settings = settings
        self.state = "connecting"
        self.detail = ""
        self.is_changed = True
        self.reconnects = 0
        self.errors = 0
        self.decoded = 0
        self.measured = _NOTHING
        self.child: DecoderChild | None = None
        self._launch, self._prepare = launch, prepare
        self._backoff = Backoff()
        # A user name that is tried too often may be locked.
        self._slow = Backoff(first_s=60.0, longest_s=600.0)
        self._preparing: Future[Assignment] | None = None
        self._since_s = 0.0
        self._retry_at_s = 0.0
        self._online_s: float | None = None
        self._was_online = False
        self._is_over = False

    def follow(self, settings: CameraSettings) -> bool:
        """Take over new settings; True where the pictures come from elsewhere now."""
        is_other = _source_of(settings) != _source_of(self.settings)
        self.settings = settings
        if is_other:
            self.stop()
            self._backoff.reset()
            self._slow.reset()
            self._retry_at_s, self._is_over, self._was_online = 0.0, False, False
            self._enter("connecting", "")
        return is_other

    def tick(self, now_s: float, wall: datetime) -> None:
        """What is due. ``now_s`` is of a clock that never jumps."""
        if not self.settings.schedule.covers(wall, self.settings.time_zone):
            self.stop()
            self._was_online = False
            self._enter("resting", "")
            return
        if self._is_over:
            return
        if self.state == "resting":
            self._retry_at_s = now_s
            self._enter("connecting", "")
        if self.child is not None:
            self._watch(self.child, now_s)
        elif self._preparing is not None:
            self._begin(self._preparing, now_s)
        elif now_s >= self._retry_at_s:
            self._preparing, self._since_s = self._prepare(self.settings), now_s

    def listen(self, now_s: float) -> None:
        """The decoder said something, or ended."""
        if self.child is None:
            return
        code = self.child.listen()
        if code == ENDED:
            self.stop()
            self._is_over = True
            self._enter("resting", TROUBLES[ENDED])
        elif code:
            self._fail(code, now_s)

    def take(self) -> SlotFrame | None:
        return self.child.newest() if self.child is not None else None

    @property
    def has_frame(self) -> bool:
        return self.child is not None and self.child.has_news

    def stop(self) -> None:
        """End the decoder, if there is one."""
        if self._preparing is not None:
            self._preparing.cancel()
            self._preparing = None
        if self.child is not None:
            self.child.kill()
            self.child = None
        self.measured, self._online_s = _NOTHING, None

    def _begin(self, preparing: Future[Assignment], now_s: float) -> None:
        if not preparing.done():
            if now_s - self._since_s > _PREPARE_S:
                self._fail("unreachable", now_s)
            return
        self._preparing = None
        try:
            self.child = self._launch(preparing.result())
        except Trouble as trouble:
            self._fail(trouble.code, now_s)
        except (OSError, CancelledError) as error:
            # No process could be made; nothing of the address is in its name.
            logger.error(
                "decoder_not_started", camera=str(self.settings.id), error=type(error).__name__
            )
            self._fail("crashed", now_s)
        else:
            self._since_s = now_s

    def _watch(self, child: DecoderChild, now_s: float) -> None:
        before, after = self.measured, child.measured()
        self.measured = after
        self.errors += max(after.errors - before.errors, 0)
        self.decoded += max(after.decoded - before.decoded, 0)
        if after.decoded > before.decoded:
            # Not the decoder's own word: one that lies would never be found silent.
            self._since_s = now_s
            self._be_online(now_s)
        limit_s = _FIRST_PICTURE_S
        if after.decoded:
            limit_s = SILENCE_S + 3.0 / max(self.settings.rate_fps, 0.01)
        if now_s - self._since_s > limit_s:
            self._fail("silent", now_s)

    def _be_online(self, now_s: float) -> None:
        if self._online_s is None:
            self._online_s = now_s
            self.reconnects += self._was_online
            self._was_online = True
            self._enter("online", "")
        elif now_s - self._online_s > _HEALTHY_S:
            self._backoff.reset()
            self._slow.reset()

    def _fail(self, code: str, now_s: float) -> None:
        self.stop()
        is_refused = code in REFUSALS
        wait_s = (self._slow if is_refused else self._backoff).wait_s()
        self._retry_at_s = now_s + wait_s
        self._enter("refused" if is_refused else "offline", TROUBLES[code], code=code)

    def _enter(self, state: str, detail: str, *, code: str = "") -> None:
        if (state, detail) == (self.state, self.detail):
            return
        self.state, self.detail, self.is_changed = state, detail, True
        tell = logger.warning if state in {"offline", "refused"} else logger.info
        tell("camera_state", camera=str(self.settings.id), state=state, cause=code)


def _source_of(settings: CameraSettings) -> tuple[object, ...]:
    """What a running decoder was told."""
    return (*(settings.kind, settings.address, settings.verifies_certificate, settings.rate_fps),)
