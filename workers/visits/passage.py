"""One visit as it is being followed in memory. Public surface: ``BestFace``, ``Passage``, ``Seen``."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from portal.cameras.contracts import CameraSettings
from recognition.contracts import Face, Picture, StageTimings
from recognition.visits import Look, Standing, Vote

__all__ = ["BestFace", "Passage", "Seen"]

_BEST: Final = 3
# Two of the best faces are not neighbouring frames.
_APART_S: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class BestFace:
    """A face worth keeping, with where and when it was seen."""

    face: Face
    camera: CameraSettings
    width_px: int
    height_px: int
    captured_at: datetime
    at_s: float
    timings: StageTimings = field(default_factory=StageTimings)
    # The whole frame, while it is at hand.
    picture: Picture | None = None

    @property
    def score(self) -> float:
        return float(self.face.quality.score)


@dataclass(slots=True, eq=False)
class Seen:
    """What one camera added to a visit since it was last written."""

    camera: CameraSettings
    first_at: datetime
    last_at: datetime
    faces: int = 0
    usable: int = 0


@dataclass(slots=True, eq=False)
class Passage:
    """A visit: the votes of all its tracks, its best faces, and what is not written down yet."""

    camera: CameraSettings
    first_at: datetime
    last_at: datetime
    vote: Vote = field(default_factory=Vote)
    standing: Standing | None = None
    visit_id: UUID | None = None
    faces: int = 0
    seen: dict[UUID, Seen] = field(default_factory=dict)
    # Clearest first; without their frames, which are large.
    best: list[BestFace] = field(default_factory=list)
    current: BestFace | None = None
    # Those that have their row in the ledger.
    kept: list[BestFace] = field(default_factory=list)
    # Visits of people who were in the same picture: never this one.
    apart_from: set[UUID] = field(default_factory=set)
    written: Standing | None = None
    written_at: datetime | None = None
    # Another passage of the same visit goes on in this one's place.
    merged_into: Passage | None = None

    def add(self, seen: BestFace, *, look: Look | None) -> None:
        """One more face of this visit."""
        self.faces += 1
        part = self._count(seen.camera, seen.captured_at)
        self.current = seen
        if look is not None:
            if not self.vote.usable:
                # Whatever was too poor to be compared is not worth keeping any more.
                self.best.clear()
            part.usable += 1
            self.vote = self.vote.with_look(look)
        if look is not None or not self.vote.usable:
            self._keep(seen)

    def glimpse(self, camera: CameraSettings, at: datetime) -> None:
        """Still there, as far as can be told from where the face is."""
        self.faces += 1
        self._count(camera, at)

    def absorb(self, other: Passage) -> None:
        """``other`` turned out to be the same visit."""
        self.vote = self.vote.merged(other.vote)
        self.faces += other.faces
        self.first_at = min(self.first_at, other.first_at)
        self.last_at = max(self.last_at, other.last_at)
        for camera_id, part in other.seen.items():
            mine = self.seen.setdefault(camera_id, part)
            if mine is not part:
                mine.first_at = min(mine.first_at, part.first_at)
                mine.last_at = max(mine.last_at, part.last_at)
                mine.faces += part.faces
                mine.usable += part.usable
        for seen in other.best:
            self._keep(seen)
        self.current = other.current or self.current
        self.kept += other.kept
        self.apart_from |= other.apart_from
        other.merged_into = self

    def leave_out(self, camera_id: UUID) -> None:
        """That camera is no more: nothing of it can be written."""
        self.seen.pop(camera_id, None)
        self.best = [one for one in self.best if one.camera.id != camera_id]
        if self.current is not None and self.current.camera.id == camera_id:
            self.current = None

    @property
    def live(self) -> Passage:
        """This passage, or the one that it became part of."""
        passage = self
        while passage.merged_into is not None:
            passage = passage.merged_into
        return passage

    def _count(self, camera: CameraSettings, at: datetime) -> Seen:
        self.first_at = min(self.first_at, at)
        self.last_at = max(self.last_at, at)
        part = self.seen.setdefault(camera.id, Seen(camera, at, at))
        part.first_at = min(part.first_at, at)
        part.last_at = max(part.last_at, at)
        part.faces += 1
        return part

    def _keep(self, seen: BestFace) -> None:
        near = [one for one in self.best if abs(one.at_s - seen.at_s) < _APART_S]
        if near and max(one.score for one in near) >= seen.score:
            return
        self.best = [one for one in self.best if one not in near]
        self.best.append(replace(seen, picture=None))
        self.best.sort(key=lambda one: -one.score)
        del self.best[_BEST:]
