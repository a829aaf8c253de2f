"""The faces of one camera, followed from frame to frame.

Public surface: ``FollowedCamera``, ``Sighting``, ``loss_of_place``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from portal.cameras.contracts import CameraSettings
from portal.cameras.losses import BELOW_MIN_SIZE, OUTSIDE_REGION
from recognition.contracts import Detection, Face, FaceQuality
from recognition.tracking import FaceTracker, TrackerConfig
from recognition.visits import is_inside
from workers.visits.frames import SeenFrame
from workers.visits.funnel import Funnel
from workers.visits.passage import BestFace, Passage
from workers.visits.thread import Thread

__all__ = ["FollowedCamera", "Sighting", "loss_of_place"]

# A face may be missed in two frames running; at slow rates that takes longer.
_GAP_S: Final = 0.6
_MISSED_FRAMES: Final = 2.5
# At a few frames a second a walking face has moved by most of its width before its speed is known.
# A wrong link does little harm: the faces themselves tell two people apart.
_MIN_OVERLAP: Final = 0.1
# In sizes of the face, from middle to middle.
_NEAR: Final = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A face in a frame, with the thread that it continues."""

    thread: Thread
    seen: BestFace
    is_usable: bool


class FollowedCamera:
    """The tracker of one camera with its threads."""

    def __init__(self, settings: CameraSettings) -> None:
        self._settings = settings
        self._gap_s = max(_GAP_S, _MISSED_FRAMES / max(settings.rate_fps, 0.1))
        self._tracker = self._new_tracker()
        self._threads: dict[int, Thread] = {}
        self._at_s = float("-inf")

    def fits(self, settings: CameraSettings) -> bool:
        """Whether it goes on with these settings: others are followed anew."""
        return settings == self._settings

    def follow(
        self, frame: SeenFrame, funnel: Funnel, *, loss_of: Callable[[FaceQuality], str | None]
    ) -> list[Sighting]:
        """The frame's faces that count, in its order. A clock that goes back starts anew."""
        if frame.at_s < self._at_s:
            self._tracker = self._new_tracker()
            self._threads.clear()
        self._at_s = frame.at_s
        size = frame.analysis.width_px, frame.analysis.height_px
        faces = [
            face
            for face in frame.analysis.faces
            if self._counts(face.detection, size, frame, funnel)
        ]
        glimpsed = [
            found for found in frame.analysis.glimpsed if self._counts(found, size, frame, funnel)
        ]
        tracks = self._tracker.update([*(face.detection for face in faces), *glimpsed], frame.at_s)
        self._threads = {
            number: thread
            for number, thread in self._threads.items()
            if frame.at_s - thread.seen_s <= self._gap_s
        }
        sightings = []
        for face, track in zip(faces, tracks, strict=False):
            loss = loss_of(face.quality)
            funnel.face(frame.camera.id, loss=loss)
            thread = self._threads.get(track.id)
            if thread is None:
                passage = Passage(frame.camera, frame.captured_at, frame.captured_at)
                thread = self._threads[track.id] = Thread(passage)
            thread.seen_s = thread.looked_s = frame.at_s
            sightings.append(Sighting(thread, _seen(face, frame), is_usable=loss is None))
        for track in tracks[len(faces) :]:
            # Without a thread it is a newcomer, who is looked into with the next frame.
            known = self._threads.get(track.id)
            if known is not None:
                known.seen_s = frame.at_s
                funnel.face(frame.camera.id, loss=None)
                known.passage.live.glimpse(frame.camera, frame.captured_at)
        return sightings

    def wants(
        self, found: Sequence[Detection], size_px: tuple[int, int], at_s: float
    ) -> list[bool]:
        """Which of a frame's faces are worth being looked into: all but those that do not count
        at this camera, and those of people whose name is sure already."""
        expected = self._tracker.expects(found, at_s) if at_s >= self._at_s else [None] * len(found)
        wanted = []
        for face, number in zip(found, expected, strict=True):
            thread = self._threads.get(number) if number is not None else None
            is_sure = thread is not None and thread.is_sure(at_s) and not _is_crowded(face, found)
            wanted.append(not is_sure and loss_of_place(face, self._settings, size_px) is None)
        return wanted

    def _counts(
        self, found: Detection, size_px: tuple[int, int], frame: SeenFrame, funnel: Funnel
    ) -> bool:
        loss = loss_of_place(found, self._settings, size_px)
        if loss is not None:
            funnel.face(frame.camera.id, loss=loss)
        return loss is None

    def _new_tracker(self) -> FaceTracker:
        return FaceTracker(TrackerConfig(min_overlap=_MIN_OVERLAP, max_gap_s=self._gap_s))

    def present(self) -> list[Passage]:
        """Whose faces were in the last frame, but for those that may be somebody else's by now."""
        return [
            thread.passage.live
            for thread in self._threads.values()
            if thread.seen_s == self._at_s and not thread.odd
        ]

    def drop(self, passage: Passage) -> None:
        self._threads = {
            number: thread
            for number, thread in self._threads.items()
            if thread.passage.live is not passage
        }


def loss_of_place(found: Detection, camera: CameraSettings, size_px: tuple[int, int]) -> str | None:
    """Why a face does not count at this camera, however good it is."""
    x, y = found.box.centre
    width, height = max(size_px[0], 1), max(size_px[1], 1)
    if not is_inside(x / width, y / height, camera.region):
        return OUTSIDE_REGION
    if min(found.box.width, found.box.height) < camera.min_face_px:
        return BELOW_MIN_SIZE
    return None


def _is_crowded(face: Detection, found: Sequence[Detection]) -> bool:
    """Whether somebody is so near that the two might change places unseen."""
    x, y = face.box.centre
    reach = max(face.box.width, face.box.height)
    return any(
        abs(other.box.centre[0] - x) < _NEAR * reach
        and abs(other.box.centre[1] - y) < _NEAR * reach
        for other in found
        if other is not face
    )


def _seen(face: Face, frame: SeenFrame) -> BestFace:
    return BestFace(
        face=face,
        camera=frame.camera,
        width_px=frame.analysis.width_px,
        height_px=frame.analysis.height_px,
        captured_at=frame.captured_at,
        at_s=frame.at_s,
        timings=frame.analysis.timings,
        picture=frame.picture,
    )
