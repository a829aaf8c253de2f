"""A video looked at as it passes: faces every n-th frame, named, and still shown in between.

No camera and no window: any iterable of pictures goes in. Public surface: ``FrameRate``,
``NamedFace``, ``WatchedFrame``, ``watch_frames``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from recognition.contracts import Box, Decision, Picture

__all__ = ["FrameRate", "NamedFace", "WatchedFrame", "watch_frames"]

_RECENT_S = 2.0


@dataclass(frozen=True, slots=True)
class NamedFace:
    """A face of one frame and what was decided about it alone."""

    box: Box
    decision: Decision

    @property
    def label(self) -> str:
        """What stands beside it: the name, or why there is none."""
        if self.decision.kind == "match" and self.decision.person_id is not None:
            return f"{self.decision.person_id} {self.decision.score:.2f}"
        return self.decision.kind


@dataclass(frozen=True, slots=True, eq=False)
class WatchedFrame:
    """``faces`` are those of the newest frame that was analysed, this one where ``is_analysed``."""

    number: int
    picture: Picture
    faces: tuple[NamedFace, ...]
    is_analysed: bool
    frames_per_s: float


class FrameRate:
    """Frames a second over the last two seconds."""

    def __init__(self, *, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._times = [now()]

    def tick(self) -> float:
        """One more frame is done; 0 as long as no time has passed."""
        at = self._now()
        self._times = [*(t for t in self._times if at - t <= _RECENT_S), at]
        passed = at - self._times[0]
        return (len(self._times) - 1) / passed if passed > 0.0 else 0.0


def watch_frames(
    frames: Iterable[Picture],
    *,
    recognise: Callable[[Picture], Sequence[NamedFace]],
    every: int = 3,
    rate: FrameRate | None = None,
) -> Iterator[WatchedFrame]:
    """All frames in order; ``recognise`` is asked for the first and each ``every``-th after it.

    Raises ``ValueError`` for an interval below 1.
    """
    if every < 1:
        raise ValueError(f"every is {every}; 1 looks at each frame")
    rate = rate or FrameRate()
    faces: tuple[NamedFace, ...] = ()
    for number, picture in enumerate(frames):
        is_analysed = number % every == 0
        if is_analysed:
            faces = tuple(recognise(picture))
        yield WatchedFrame(number, picture, faces, is_analysed, rate.tick())
