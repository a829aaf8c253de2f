"""The past decided anew by a rule that is not saved yet.

The decision is ``recognition.decision.decide`` over the candidates of the ledger, as live. What
people see is per visit, and for photos per face; the ledger's rows of a visit are decided anew as
well, and counted. Public surface: ``replay_waiting``, ``Replaying``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, tzinfo
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from django.utils import timezone

from portal.calibration.models import WhatIf
from portal.calibration.selectors.what_if.past import Past, PastFace, PastVisit
from portal.calibration.services.what_if import fail, finish, take_up, tell_progress
from portal.calibration.tally import Outcome, Tally
from portal.cameras.models import Camera
from portal.engines.selectors import policy_in_force
from portal.organisation.models import Site
from portal.people.models import Person
from portal.people.selectors import gallery_people_count, guarded_people
from recognition.calibration import StoredDecision, replay
from recognition.contracts import Candidate, FaceQuality
from recognition.decision import DecisionPolicy

__all__ = ["Replaying", "replay_waiting"]

logger = structlog.get_logger(__name__)

_PART: Final = 2_000
# What was too poor to be compared stays so; of everything else the quality was found good enough,
# and a visit's is not that of any one row.
_GOOD: Final = FaceQuality(100.0, 100.0, 0.5, 0.2, 0.0, 1.0, 1.0)
_LEFT: Final = frozenset({"poor", "spoof"})
# Decided by something else than scores: consent, or a human's word about somebody alike.
_NOT_BY_SCORE: Final = frozenset({"person_gone", "named_stranger"})

# Kept between the turns of this process: other tasks get theirs in between.
_in_hand: Replaying | None = None


def replay_waiting(*, budget_s: float) -> bool:
    """Replay until nothing waits or the time is up; True where there is more to do."""
    global _in_hand  # noqa: PLW0603 - one replay at a time per process is the point
    deadline = time.monotonic() + budget_s
    while True:
        replaying, _in_hand = _in_hand, None
        what_if = take_up() if replaying is None else replaying.what_if
        if what_if is None:
            return False
        try:
            replaying = replaying or Replaying(what_if)
            is_over = replaying.step()
        except Exception:
            # A process boundary: whatever it is, this what-if must not be tried for ever.
            logger.exception("replay_failed", what_if=str(what_if.pk))
            fail(what_if.pk, "Something went wrong; the worker's log says what.")
            is_over = True
        _in_hand = None if is_over else replaying
        if time.monotonic() >= deadline:
            return True


class Replaying:
    """One what-if being replayed, part by part."""

    def __init__(self, what_if: WhatIf) -> None:
        self.what_if = what_if
        self._tally = Tally()
        self._rows = 0
        self._past = Past(what_if.from_at, what_if.to_at, at_once=_PART)
        self._parts = self._work()
        self._done, self._total = 0, self._past.parts + 1
        self._size = gallery_people_count()
        in_force = policy_in_force(self._size, space_id=what_if.space_id)
        self._policy = replace(
            in_force,
            threshold=what_if.threshold,
            grey_band=what_if.grey_band,
            min_margin=what_if.min_margin,
            guarded=guarded_people(str(what_if.space_id)),
        )
        self._offsets: dict[UUID | None, float] = dict(
            Camera.objects.values_list("pk", "threshold_offset")
        )
        self._has_offsets = len({*self._offsets.values()}) > 1
        self._policies: dict[UUID | None, DecisionPolicy] = {
            camera_id: self._policy.stricter_by(offset)
            for camera_id, offset in self._offsets.items()
        }
        self._here: tzinfo = timezone.get_default_timezone()
        self._zones: dict[UUID, tzinfo] = {
            pk: ZoneInfo(name) for pk, name in Site.objects.values_list("pk", "time_zone")
        }
        self._zone_of_camera: dict[UUID | None, tzinfo] = {
            pk: self._zones[site_id] for pk, site_id in Camera.objects.values_list("pk", "site_id")
        }
        self._people = _living_names()

    def step(self) -> bool:
        """The next part; True once it is over, to its end or not."""
        if next(self._parts, None) is None:
            finish(
                self.what_if.pk,
                changes=self._tally.listed,
                summary=self._summary(),
                replayed=self._rows,
            )
            return True
        self._done = min(self._done + 1, self._total - 1)
        return not tell_progress(self.what_if, done=self._done, total=self._total)

    def _work(self) -> Iterator[int]:
        for visits in self._past.visits():
            elsewhere = self._past.decided_at(visits) if self._has_offsets else {}
            attended = self._past.attended(visits)
            for visit in visits:
                self._visit(
                    visit,
                    decided_at=elsewhere.get(visit.id, visit.camera_id),
                    attended=attended.get(visit.id),
                )
            yield len(visits)
        for faces in self._past.faces():
            for face in faces:
                self._face(face)
            yield len(faces)

    def _visit(
        self, visit: PastVisit, *, decided_at: UUID, attended: tuple[datetime, datetime] | None
    ) -> None:
        """``attended`` is when the cameras of attendance saw it; None where none of them did."""
        zone = self._zones.get(visit.site_id, self._here)
        day = visit.first_at.astimezone(zone).date()
        was = str(visit.person_id) if visit.person_id is not None else None
        why = self._left_out(visit)
        outcome = None
        if why is None:
            policy = self._policies.get(decided_at, self._policy)
            outcome = self._decide(visit, policy, at=visit.first_at, day=day, visit_id=visit.id)
        if outcome is None:
            self._tally.leave_out(why or "gone")
        else:
            self._tally.add(outcome)
        if attended is None:
            return
        first_at, last_at = attended
        self._tally.person_days.saw(
            first_at.astimezone(zone).date(),
            first_at=first_at,
            last_at=last_at,
            site_id=visit.site_id,
            was=was,
            becomes=outcome.becomes if outcome is not None else was,
        )

    def _face(self, face: PastFace) -> None:
        self._rows += 1
        why = self._left_out(face)
        outcome = None
        if why is None:
            zone = self._zone_of_camera.get(face.camera_id, self._here)
            day = face.captured_at.astimezone(zone).date()
            policy = self._policies.get(face.camera_id, self._policy)
            outcome = self._decide(face, policy, at=face.captured_at, day=day, face_id=face.id)
        self._tally.count_row(is_changed=outcome is not None and bool(outcome.change))
        if face.visit_id is not None:
            return  # people see the visit
        if outcome is None:
            self._tally.leave_out(why or "gone")
        else:
            self._tally.add(outcome)

    def _left_out(self, row: PastVisit | PastFace) -> str | None:
        """Why no rule decides about it; None where one does."""
        if isinstance(row, PastVisit) and row.settled_as:
            return "settled"
        if row.decision in _LEFT:
            return row.decision
        if row.reason in _NOT_BY_SCORE:
            return row.reason
        if row.space_id != self.what_if.space_id:
            return "other_space"
        if row.decision == "match" and row.person_id is None:
            return "gone"
        return None

    def _decide(
        self,
        row: PastVisit | PastFace,
        policy: DecisionPolicy,
        *,
        at: datetime,
        day: date,
        visit_id: UUID | None = None,
        face_id: int | None = None,
    ) -> Outcome | None:
        """None where the rule names somebody who was erased."""
        was = str(row.person_id) if row.person_id is not None else None
        stored = StoredDecision(
            key=None,
            kind=row.decision,  # type: ignore[arg-type]
            person_id=was,
            candidates=tuple([Candidate(who, score) for who, score in row.candidates]),
            quality=_GOOD,
        )
        decision = next(replay((stored,), policy=policy)).decision
        becomes = None
        if decision.kind == "match" and decision.person_id is not None:
            # Whoever was merged since is decided about as then, and named as now.
            becomes = self._people.get(decision.person_id)
            if becomes is None:
                return None
        return Outcome(
            visit_id=visit_id,
            face_id=face_id,
            camera_id=row.camera_id,
            at=at,
            day=day,
            before=row.decision,
            after=decision.kind,
            was=was,
            becomes=becomes,
            score=decision.score,
        )

    def _summary(self) -> dict[str, Any]:
        return {
            **self._tally.summary(),
            "gallery_size": self._size,
            "guarded": len(self._policy.guarded),
            "offsets": {str(pk): offset for pk, offset in self._offsets.items() if offset},
        }


def _living_names() -> dict[str, str]:
    """Everybody who may be named, by each id that they ever had: merged entries lead to the one
    that is left. Who was erased is not in it."""
    rows = dict(
        Person.objects.exclude(status=Person.Status.ERASED).values_list("pk", "merged_into_id")
    )
    found = {}
    for pk in rows:
        last, seen = pk, {pk}
        while (following := rows.get(last)) is not None and following not in seen:
            last = following
            seen.add(last)
        if last in rows:
            found[str(pk)] = str(last)
    return found
