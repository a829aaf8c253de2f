"""What each punch did to a day, or why it did nothing, in words.

Public surface: ``Evidence``, ``added_time``, ``evidence_of``. Told from what was stored: where a
session begins and ends is where a punch made it do so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from portal.attendance.models import AttendanceDay, Correction, Punch
from portal.attendance.selectors.time_card import CardSession, sessions_of
from portal.attendance.words import wall_time
from portal.schedules.models import PolicyVersion

__all__ = ["Evidence", "added_time", "evidence_of"]

_ICONS: Final = {
    Punch.Source.CAMERA: "camera",
    Punch.Source.KIOSK: "scan-face",
    Punch.Source.PIN: "key",
    Punch.Source.QR: "smartphone",
    Punch.Source.MANUAL: "pencil",
    Punch.Source.IMPORT: "upload",
}


class _Role(NamedTuple):
    kind: str
    label: str
    why: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """A punch or an added time as a page shows it. ``kind``: counted, ignored, waiting, void.

    ``face_id`` and ``visit_id`` are filled in by whoever knows what the actor may see.
    """

    key: str
    at: datetime
    last_at: datetime
    zone: str
    work_date: date
    direction: str
    source: str
    icon: str
    place: str
    kind: str
    role: str
    why: str
    note: str = ""
    score: float | None = None
    threshold: float | None = None
    punch_id: UUID | None = None
    face_id: int | None = None
    visit_id: UUID | None = None

    @property
    def title(self) -> str:
        """For the drawing."""
        return f"{wall_time(self.at, self.zone, on=self.work_date)} {self.source}: {self.role}"


def evidence_of(
    day: AttendanceDay | None,
    punches: Sequence[Punch],
    standing: Sequence[Correction],
    *,
    homes: Mapping[str, AttendanceDay] | None = None,
    zone: str = "",
    on: date | None = None,
) -> list[Evidence]:
    """``punches`` in the order of time: those of ``day``, or, without one, those that made none of
    the date ``on``; ``homes`` says which day has a punch, by its key."""
    struck = {
        each.punch_id: each
        for each in standing
        if each.kind in {Correction.Kind.VOID, Correction.Kind.MOVE}
    }
    sessions = sessions_of(day) if day is not None else ()
    found: list[Evidence] = []
    before: Punch | None = None
    for punch in punches:
        role = _set_aside(punch, struck.get(punch.pk))
        if role is None and day is not None:
            role = _role(punch, day, sessions, before)
            before = punch
        elif role is None:
            role = _elsewhere(homes.get(str(punch.pk)) if homes else None)
        found.append(_evidence(punch, role, day, zone=zone, on=on))
    return found


def added_time(day: AttendanceDay, correction: Correction) -> Evidence:
    """A time that an approved correction added to a day, or moved a punch to."""
    at = correction.at or day.computed_at
    is_move = correction.kind == Correction.Kind.MOVE
    return Evidence(
        key=str(correction.pk),
        at=at,
        last_at=at,
        zone=day.zone,
        work_date=day.work_date,
        direction=correction.get_direction_display(),
        source="Correction",
        icon="pencil",
        place="",
        kind="counted",
        role="Changed time" if is_move else "Added time",
        why=f"Approved: {correction.reason}",
    )


def _evidence(
    punch: Punch, role: _Role, day: AttendanceDay | None, *, zone: str, on: date | None
) -> Evidence:
    made = Evidence(
        key=str(punch.pk),
        at=punch.at,
        last_at=punch.last_at,
        zone=day.zone if day is not None else zone,
        work_date=day.work_date if day is not None else on or punch.at.date(),
        direction=punch.get_direction_display(),
        source=punch.get_source_display(),
        icon=_ICONS.get(Punch.Source(punch.source), "circle-dot"),
        place=punch.camera.name if punch.camera is not None else punch.place,
        kind=role.kind,
        role=role.label,
        why=role.why,
        note=_note(punch),
        score=punch.score,
        punch_id=punch.pk,
        visit_id=punch.visit_id,
        face_id=punch.face_id,
    )
    if punch.visit is None:
        return made
    return replace(
        made,
        threshold=punch.visit.threshold,
        face_id=punch.face_id or punch.visit.best_face_id,
    )


def _note(punch: Punch) -> str:
    parts = [f"Entered by {punch.entered_by}." if punch.entered_by else "", punch.note]
    return " ".join(filter(None, parts))


def _set_aside(punch: Punch, struck: Correction | None) -> _Role | None:
    """Punches that count nowhere, whatever the day."""
    if punch.voided_at is not None:
        # Whose it turned out to be is told on their own day, to those who may see it.
        why = punch.void_reason or "This punch was struck out."
        return _Role("void", "Struck out", why)
    if struck is not None:
        moved = struck.kind == Correction.Kind.MOVE
        label = "Changed" if moved else "Struck by a correction"
        return _Role("void", label, f"Approved: {struck.reason}")
    if punch.state == Punch.State.PENDING:
        return _Role(
            "waiting",
            "Waits for the name",
            "The camera was not sure enough whose face it is. It counts once somebody confirms it.",
        )
    if punch.state == Punch.State.QUARANTINED:
        return _Role("waiting", "From the future", "The clock of what sent it is wrong.")
    return None


def _elsewhere(home: AttendanceDay | None) -> _Role:
    if home is None:
        return _Role("ignored", "Not counted yet", "No day has it yet; days are being computed.")
    shift = f", {home.shift.shift.name}" if home.shift is not None else ""
    return _Role(
        "ignored", "Counts for another day", f"It belongs to {home.work_date:%-d %B}{shift}."
    )


def _role(
    punch: Punch, day: AttendanceDay, sessions: Sequence[CardSession], before: Punch | None
) -> _Role:
    ends = _end_of_session(punch, sessions)
    if ends is not None:
        return ends
    if (
        before is not None
        and day.policy is not None
        and _is_same_passage(punch, before, day.policy)
    ):
        return _Role(
            "ignored",
            "The same passage",
            f"Within {day.policy.debounce_s} s of the one before, in the same direction.",
        )
    if _is_stray(punch, day):
        return _Role(
            "ignored",
            "Outside the shift",
            f"Punches count for this shift from {_wall(day.window_start, day)} to "
            f"{_wall(day.window_end, day)}.",
        )
    if punch.at == day.first_in:
        return _Role("counted", "Came", "No leaving followed, so no time is known.")
    if punch.last_at == day.last_out:
        return _Role("counted", "Left", "No coming was before it, so no time is known.")
    return _ignored(punch, day, sessions)


def _end_of_session(punch: Punch, sessions: Sequence[CardSession]) -> _Role | None:
    opens = any(each.start == punch.at for each in sessions)
    closes = any(each.end == punch.last_at for each in sessions)
    if opens and closes:
        return _Role("counted", "Came and left", "One passage began and ended the time worked.")
    if opens:
        return _Role("counted", "Came", "Time worked begins here.")
    if closes:
        return _Role("counted", "Left", "Time worked ends here.")
    return None


def _ignored(punch: Punch, day: AttendanceDay, sessions: Sequence[CardSession]) -> _Role:
    within = any(each.start < punch.at < each.end for each in sessions)
    first_last = day.policy is None or day.policy.pairing == PolicyVersion.Pairing.FIRST_LAST
    if within and first_last:
        why = "From the first coming to the last leaving counts; what lies between changes nothing."
        return _Role("ignored", "In between", why)
    if within:
        return _Role("ignored", "Ignored", "Came in while already in.")
    if day.first_in is not None and punch.at < day.first_in:
        return _Role("ignored", "Ignored", "A leaving before the first coming.")
    if punch.direction == Punch.Direction.OUT:
        return _Role("ignored", "Ignored", "A leaving while already out, or too long after coming.")
    return _Role("counted", "Came", "No leaving followed, so no time is known from here.")


def _is_same_passage(punch: Punch, before: Punch, policy: PolicyVersion) -> bool:
    return (
        _means(punch) == _means(before) != Punch.Source.MANUAL
        and punch.direction == before.direction
        and punch.at - before.last_at <= timedelta(seconds=policy.debounce_s)
    )


def _means(punch: Punch) -> str:
    """Cameras and kiosks saw somebody, and are one for this; the others are each their own."""
    is_told = punch.source in {Punch.Source.MANUAL, Punch.Source.IMPORT}
    return punch.source if is_told else Punch.Source.CAMERA


def _is_stray(punch: Punch, day: AttendanceDay) -> bool:
    if day.start is None or day.window_start is None or day.window_end is None:
        return False
    return not day.window_start <= punch.at <= day.window_end


def _wall(at: datetime | None, day: AttendanceDay) -> str:
    return wall_time(at, day.zone, on=day.work_date)
