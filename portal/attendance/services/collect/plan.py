"""What is to be done so that a visit's punches say what the visit says.

Public surface: ``Plan``, ``plan_of``, ``Move``, ``OWN_REASONS``. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from portal.attendance.models import Punch
from portal.attendance.passages import Passage
from portal.attendance.services.collect.verdict import Gone, Owner
from portal.attendance.services.enter import NewPunch
from portal.sightings.models import Visit, VisitLeg

__all__ = ["NOT_THIS", "OTHER", "OWN_REASONS", "TWICE", "UNSURE", "Move", "Plan", "plan_of"]

OTHER: Final = "It was somebody else"
NOT_THIS: Final = "It was not this person"
UNSURE: Final = "No longer recognised"
TWICE: Final = "Counted twice"
# What collecting struck, collecting may bring back; what a person struck stays struck.
OWN_REASONS: Final = frozenset({OTHER, NOT_THIS, UNSURE, TWICE})

# While somebody stands before a camera the end of their passage is written this often.
_STEP: Final = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Move:
    """A punch that is somebody else's: theirs takes its place."""

    punch: Punch
    new: NewPunch


@dataclass(slots=True)
class Plan:
    """``ends`` and ``states`` are new values of rows that stay; ``voids`` have their reason."""

    adds: list[NewPunch] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    voids: list[tuple[Punch, str]] = field(default_factory=list)
    ends: list[tuple[Punch, datetime]] = field(default_factory=list)
    states: list[tuple[Punch, str]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.adds or self.moves or self.voids or self.ends or self.states)


def plan_of(
    visit: Visit,
    owner: Owner | Gone | None,
    *,
    punches: Sequence[Punch],
    kiosks: Iterable[UUID],
    passages: Sequence[Passage] = (),
) -> Plan:
    """``punches`` are all of the visit that a camera or a kiosk made, struck ones too. Cameras of
    ``kiosks`` make none here: the kiosk does, which knows the direction, or tells of it in
    ``passages`` where nobody could be named at once."""
    plan, history = Plan(), _History(visit.pk, punches)
    live = sorted((p for p in punches if p.voided_at is None), key=lambda each: (each.at, each.pk))
    if isinstance(owner, Gone):
        # What is theirs stays as it is: a removal may be undone, and hours outlive a name.
        if owner.person_id is not None:
            others = (punch for punch in live if punch.person_id != owner.person_id)
            plan.voids += [(punch, NOT_THIS) for punch in others]
        return plan
    if owner is None:
        plan.voids += [(punch, NOT_THIS if visit.settled_as else UNSURE) for punch in live]
        return plan
    by_camera = _kept(plan, live)
    gone = {punch.pk for punch, _ in plan.voids}
    for punch in live:
        if punch.pk not in gone:
            _follow_owner(plan, punch, visit, owner, history)
    _follow_legs(plan, visit, owner, by_camera=by_camera, away=set(kiosks), history=history)
    for passage in passages:
        if _is_missing(passage, owner, punches):
            plan.adds.append(_registered(visit, passage, owner, history))
    return plan


def _kept(plan: Plan, live: Sequence[Punch]) -> dict[UUID | None, Punch]:
    """One punch a camera. Two visits that turned out to be one have brought one each."""
    by_camera: dict[UUID | None, Punch] = {}
    for punch in live:
        if punch.source != Punch.Source.CAMERA:
            continue
        if punch.camera_id is not None and punch.camera_id in by_camera:
            plan.voids.append((punch, TWICE))
        else:
            by_camera[punch.camera_id] = punch
    return by_camera


def _follow_owner(plan: Plan, punch: Punch, visit: Visit, owner: Owner, history: _History) -> None:
    if punch.person_id != owner.person_id:
        plan.moves.append(Move(punch, _taken_over(visit, punch, owner, history)))
    elif punch.state not in {owner.state, Punch.State.QUARANTINED}:
        plan.states.append((punch, owner.state))


def _follow_legs(
    plan: Plan,
    visit: Visit,
    owner: Owner,
    *,
    by_camera: Mapping[UUID | None, Punch],
    away: set[UUID],
    history: _History,
) -> None:
    for leg in visit.legs.all():
        known = by_camera.get(leg.camera_id)
        if known is not None and _goes_on(known, leg, visit):
            plan.ends.append((known, leg.last_at))
        elif known is None and _counts(leg, away, owner, history):
            plan.adds.append(_new(visit, leg, owner, history))


def _counts(leg: VisitLeg, away: set[UUID], owner: Owner, history: _History) -> bool:
    return (
        leg.camera.is_for_attendance
        and leg.camera_id not in away
        and not history.is_struck(leg.camera_id, owner.person_id)
    )


def _is_missing(passage: Passage, owner: Owner, punches: Sequence[Punch]) -> bool:
    """Whether no punch of it counts or waits, and nobody struck it for good."""
    made = [
        each for each in punches if (each.camera_id, each.at) == (passage.camera_id, passage.at)
    ]
    return all(
        each.voided_at is not None
        and (each.void_reason in OWN_REASONS or each.person_id != owner.person_id)
        for each in made
        if each.source == Punch.Source.KIOSK
    )


def _goes_on(punch: Punch, leg: VisitLeg, visit: Visit) -> bool:
    if leg.last_at <= punch.last_at:
        return False
    return visit.closed_at is not None or leg.last_at - punch.last_at >= _STEP


class _History:
    """What was made of a visit before: keys are never used twice."""

    def __init__(self, visit_id: UUID, punches: Sequence[Punch]) -> None:
        self._visit_id = visit_id
        self._punches = punches
        self._keys = {each.idempotency_key for each in punches}

    def key(self, camera_id: UUID | None, person_id: UUID) -> str:
        base = f"visit:{self._visit_id.hex}:{camera_id.hex if camera_id else '-'}:{person_id.hex}"
        return self.unused(base)

    def unused(self, base: str) -> str:
        key, number = base, 1
        while key in self._keys:
            number += 1
            key = f"{base}:{number}"
        self._keys.add(key)
        return key

    def is_struck(self, camera_id: UUID, person_id: UUID) -> bool:
        """By a person, for good."""
        return any(
            each.camera_id == camera_id
            and each.person_id == person_id
            and each.voided_at is not None
            and each.void_reason not in OWN_REASONS
            for each in self._punches
        )


def _new(visit: Visit, leg: VisitLeg, owner: Owner, history: _History) -> NewPunch:
    directions = {"in": Punch.Direction.IN, "out": Punch.Direction.OUT}
    return NewPunch(
        person_id=owner.person_id,
        at=leg.first_at,
        last_at=leg.last_at,
        direction=directions.get(leg.camera.direction, Punch.Direction.UNKNOWN),
        source=Punch.Source.CAMERA,
        state=owner.state,
        camera_id=leg.camera_id,
        place=leg.camera.name,
        visit_id=visit.pk,
        face_id=visit.best_face_id,
        score=visit.score,
        idempotency_key=history.key(leg.camera_id, owner.person_id),
    )


def _registered(visit: Visit, passage: Passage, owner: Owner, history: _History) -> NewPunch:
    return NewPunch(
        person_id=owner.person_id,
        at=passage.at,
        direction=passage.direction,
        source=Punch.Source.KIOSK,
        state=owner.state,
        camera_id=passage.camera_id,
        place=passage.place,
        visit_id=visit.pk,
        face_id=visit.best_face_id,
        score=visit.score,
        received_at=passage.received_at,
        idempotency_key=history.unused(passage.idempotency_key),
    )


def _taken_over(visit: Visit, punch: Punch, owner: Owner, history: _History) -> NewPunch:
    """The same passage, of whom it really was."""
    return NewPunch(
        person_id=owner.person_id,
        at=punch.at,
        last_at=punch.last_at,
        direction=punch.direction,
        source=punch.source,
        state=owner.state,
        camera_id=punch.camera_id,
        place=punch.place,
        visit_id=visit.pk,
        face_id=punch.face_id,
        score=punch.score,
        received_at=punch.received_at,
        idempotency_key=history.key(punch.camera_id, owner.person_id),
    )
