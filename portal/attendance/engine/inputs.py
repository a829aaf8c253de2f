"""What the engine is told about one person. Public surface: see ``__all__``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from portal.attendance.engine.clock import as_utc
from portal.attendance.engine.errors import InvalidRule
from portal.attendance.engine.schedule import Schedule
from portal.attendance.engine.words import CorrectionKind, Direction, LeavePart, Source

__all__ = ["Correction", "Leave", "PersonInputs", "Sighting"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody was seen, or an entry says so. ``key`` is the same whenever it is delivered again.

    ``until`` is the last instant of the same passage, where that lasted; without it, ``at``.
    ``camera`` names the group of cameras that look at one passage. Only sightings that count for
    attendance come here: a sure match before a camera with that purpose.
    """

    at: datetime
    direction: Direction = Direction.UNKNOWN
    camera: str = ""
    source: Source = Source.CAMERA
    voided: bool = False
    key: str = ""
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is not UTC:
            object.__setattr__(self, "at", as_utc(self.at, "at"))
        if self.until is not None:
            if self.until.tzinfo is not UTC:
                object.__setattr__(self, "until", as_utc(self.until, "until"))
            if self.until < self.at:
                raise InvalidRule("until", self.until.isoformat(), "not before the first instant")
        if not self.key:
            same = (self.source, self.camera, self.direction, self.at.isoformat(), self.until)
            object.__setattr__(self, "key", "|".join(map(str, same)))


@dataclass(frozen=True, slots=True)
class Leave:
    """Approved leave of one date. Of a half, the moment is half the elapsed shift."""

    date: date
    part: LeavePart = LeavePart.FULL


@dataclass(frozen=True, slots=True)
class Correction:
    """An approved correction. ``key`` is its own, ``target`` the key of the sighting it is about.

    ADD needs ``at``; VOID ``target``; MOVE both; EXCUSE ``date``: its lateness does not count.
    """

    kind: CorrectionKind
    key: str = ""
    target: str = ""
    at: datetime | None = None
    direction: Direction = Direction.UNKNOWN
    date: date | None = None

    def __post_init__(self) -> None:
        if self.kind in {CorrectionKind.ADD, CorrectionKind.MOVE} and self.at is None:
            raise InvalidRule("at", None, f"the instant to {self.kind} to the day")
        if self.kind in {CorrectionKind.VOID, CorrectionKind.MOVE} and not self.target:
            raise InvalidRule("target", self.target, f"the key of the sighting to {self.kind}")
        if self.kind is CorrectionKind.EXCUSE and self.date is None:
            raise InvalidRule("date", None, "the date to excuse")


@dataclass(frozen=True, slots=True)
class PersonInputs:
    """One person's days depend on this and nothing else.

    ``watermark`` is the instant up to which every camera of the person's shifts has reported
    (``earliest_mark``); None where one of them never did. ``zone`` names days without a shift.
    ``unsure`` are instants at which somebody was seen who may be this person: of a row in whose
    window one of them lies, not everything is known either.
    """

    zone: ZoneInfo
    now: datetime
    watermark: datetime | None
    schedule: Schedule = field(default_factory=Schedule)
    sightings: tuple[Sighting, ...] = ()
    leaves: tuple[Leave, ...] = ()
    holidays: frozenset[date] = frozenset()
    corrections: tuple[Correction, ...] = ()
    unsure: tuple[datetime, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "now", as_utc(self.now, "now"))
        if self.watermark is not None:
            object.__setattr__(self, "watermark", as_utc(self.watermark, "watermark"))
