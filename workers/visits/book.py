"""The visits of all cameras in one process. Public surface: ``VisitBook``."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from portal.cameras.contracts import CameraSettings, CameraYield
from portal.sightings.services.visits import (
    GAP,
    RuleInForce,
    VisitUpdate,
    VisitWritten,
    close_visits,
    write_visits,
)
from recognition.contracts import Candidate, Detection
from recognition.visits import ConfirmRule, Look, judge
from workers.engine_host import EngineHost
from workers.visits.followed import FollowedCamera, Sighting
from workers.visits.frames import SeenFrame
from workers.visits.funnel import Funnel
from workers.visits.keeping import closing_updates, is_due, updates_of
from workers.visits.passage import Passage
from workers.visits.rules import Rules

__all__ = ["VisitBook"]


class VisitBook:
    """Follows faces in the frames of all cameras, votes over them, and writes visits down.

    Not thread-safe. What it holds in memory is a copy: after a restart the visits of the database
    are taken up again. Errors of the database are the caller's; what could not be written then is
    written with the next frames.
    """

    def __init__(self, host: EngineHost) -> None:
        self._rules = Rules(host)
        self._cameras: dict[UUID, FollowedCamera] = {}
        self._passages: dict[int, Passage] = {}
        self._by_visit: dict[UUID, Passage] = {}
        self._funnel = Funnel()

    def see(self, frames: Sequence[SeenFrame]) -> list[CameraYield]:
        """Take in the frames of one pass, and return what each camera's came to since the last.

        Everything is searched at once and written in one transaction.
        """
        self._rules.refresh()
        rule = self._rules.in_force()
        sightings = [
            sighting
            for frame in sorted(frames, key=lambda frame: frame.at_s)
            for sighting in self._follow(frame)
        ]
        touched = self._vote(sightings, rule)
        self._judge(touched)
        due = [p for p in touched if is_due(p, p.last_at)]
        self._write([(p, u) for p in due for u in updates_of(p, beside=self._beside(p))], rule)
        return self._funnel.take()

    def wants(
        self,
        camera: CameraSettings,
        found: Sequence[Detection],
        *,
        size_px: tuple[int, int],
        at_s: float,
    ) -> list[bool]:
        """Which of the faces found in a camera's frame are to be recognised: that is most of the
        work, and whose name is sure already needs it only now and then."""
        return self._camera(camera).wants(found, size_px, at_s)

    def tick(self, now: datetime) -> None:
        """Write what has waited, and end what is over by ``now``. To be called every second or
        so, whether frames come or not."""
        rule = self._rules.in_force()
        ended = [p for p in self._passages.values() if abs(now - p.last_at) > GAP]
        waiting = [p for p in self._passages.values() if p not in ended and is_due(p, now)]
        self._write(
            [
                *((p, u) for p in waiting for u in updates_of(p, beside=self._beside(p))),
                *((p, u) for p in ended for u in closing_updates(p)),
            ],
            rule,
        )
        for passage in ended:
            self._end(passage)
        close_visits(now)

    def forget(self, camera_id: UUID) -> None:
        """The camera was removed or its source changed: its faces are followed no more."""
        self._cameras.pop(camera_id, None)
        for passage in list(self._passages.values()):
            if passage.camera.id == camera_id:
                self._drop(passage)
            else:
                passage.leave_out(camera_id)

    def close(self) -> None:
        """Write down what is left to write; visits stay open for whoever takes them up."""
        rule = self._rules.in_force()
        left = list(self._passages.values())
        self._write([(p, u) for p in left for u in closing_updates(p)], rule)
        self._cameras.clear()
        self._passages.clear()
        self._by_visit.clear()

    def _follow(self, frame: SeenFrame) -> list[Sighting]:
        self._funnel.frame(frame.camera.id, frame.captured_at)
        return self._camera(frame.camera).follow(frame, self._funnel, loss_of=self._rules.loss)

    def _camera(self, settings: CameraSettings) -> FollowedCamera:
        camera = self._cameras.get(settings.id)
        if camera is None or not camera.fits(settings):
            camera = self._cameras[settings.id] = FollowedCamera(settings)
        return camera

    def _vote(self, sightings: Sequence[Sighting], rule: RuleInForce) -> list[Passage]:
        """Each face to its passage; returns the passages that this changed."""
        usable = [one for one in sightings if one.is_usable]
        started = time.perf_counter()
        found = self._rules.nearest([one.seen.face.embedding for one in usable])
        search_ms = (time.perf_counter() - started) * 1000 / max(len(usable), 1)
        nearest = {id(one): people for one, people in zip(usable, found, strict=True)}
        touched: dict[int, Passage] = {}
        for one in sightings:
            people = nearest.get(id(one))
            look = None if people is None else _look(one, people)
            timings = replace(one.seen.timings, search_ms=search_ms)
            passage = one.thread.put(replace(one.seen, timings=timings), look=look, mean=rule.mean)
            touched[id(passage)] = self._passages[id(passage)] = passage
        return list(touched.values())

    def _judge(self, passages: Sequence[Passage]) -> None:
        """What the fused vectors decide, all searched at once."""
        fused = {id(p): vector for p in passages if (vector := p.vote.fused) is not None}
        found = dict(zip(fused, self._rules.nearest(list(fused.values())), strict=True))
        for passage in passages:
            if not passage.best:
                continue
            camera = passage.camera
            decision = self._rules.decide(
                found.get(id(passage), ()),
                quality=passage.best[0].face.quality,
                offset=camera.threshold_offset,
            )
            passage.standing = judge(passage.vote, decision, ConfirmRule.at_rate(camera.rate_fps))

    def _beside(self, passage: Passage) -> list[Passage]:
        """Those of others who are in the same pictures."""
        return [
            other
            for camera in self._cameras.values()
            if passage in (present := camera.present())
            for other in present
            if other is not passage
        ]

    def _write(self, updates: Sequence[tuple[Passage, VisitUpdate]], rule: RuleInForce) -> None:
        if not updates:
            return
        answers = write_visits([update for _, update in updates], rule)
        for (passage, update), written in zip(updates, answers, strict=True):
            if written is None:
                self._drop(passage.live)
            else:
                self._note(passage.live, update, written)

    def _note(self, passage: Passage, update: VisitUpdate, written: VisitWritten) -> None:
        passage.seen.pop(update.camera_id, None)
        if written.is_row_spared and passage.kept:
            passage.kept.pop()
        passage.written, passage.written_at = update.standing, passage.last_at
        if passage.visit_id != written.visit_id and passage.visit_id is not None:
            self._by_visit.pop(passage.visit_id, None)
        passage.visit_id = written.visit_id
        other = self._by_visit.get(written.visit_id)
        if other is not None and other is not passage:
            other.absorb(passage)
            self._passages.pop(id(passage), None)
            return
        if written.before is not None:
            passage.vote = passage.vote.merged(written.before)
        self._by_visit[written.visit_id] = passage

    def _end(self, passage: Passage) -> None:
        if passage.visit_id is not None:
            self._funnel.visit(passage)
        self._drop(passage)

    def _drop(self, passage: Passage) -> None:
        self._passages.pop(id(passage), None)
        if passage.visit_id is not None:
            self._by_visit.pop(passage.visit_id, None)
        for camera in self._cameras.values():
            camera.drop(passage)


def _look(one: Sighting, people: Iterable[Candidate]) -> Look:
    best = max(people, key=lambda candidate: candidate.score, default=None)
    face = one.seen.face
    return Look(
        vector=face.embedding,
        quality=float(face.quality.score),
        at_s=one.seen.captured_at.timestamp(),
        nearest=best.person_id if best is not None else None,
    )
