"""Steps 1 and 2: from sightings and corrections to punches.

Public surface: ``punches_of``.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter

from portal.attendance.engine.clock import local_date
from portal.attendance.engine.inputs import Correction, PersonInputs, Sighting
from portal.attendance.engine.results import Punch
from portal.attendance.engine.words import CorrectionKind, Direction, Source

__all__ = ["punches_of"]

_ORDER = (Direction.IN, Direction.UNKNOWN, Direction.OUT)
_RANK = {direction: rank for rank, direction in enumerate(_ORDER)}
_ADDING = {CorrectionKind.ADD, CorrectionKind.MOVE}
_BEFORE_ANY = datetime.min.replace(tzinfo=UTC)
_VOIDING = {CorrectionKind.VOID, CorrectionKind.MOVE}


def punches_of(inputs: PersonInputs) -> list[Punch]:
    """In the order of time; the same for any order and any repetition of the sightings."""
    sightings: Iterable[Sighting] = inputs.sightings
    if inputs.corrections:
        sightings = _corrected(inputs.sightings, inputs.corrections)
    return _debounced(_in_order(sightings), inputs)


def _corrected(
    sightings: tuple[Sighting, ...], corrections: tuple[Correction, ...]
) -> list[Sighting]:
    void = {each.target for each in corrections if each.kind in _VOIDING}
    directions = {each.key: each.direction for each in sightings}
    added = [
        Sighting(
            at=each.at,
            direction=each.direction
            if each.direction is not Direction.UNKNOWN
            else directions.get(each.target, Direction.UNKNOWN),
            source=Source.MANUAL,
            key=each.key,
        )
        for each in corrections
        if each.kind in _ADDING and each.at is not None
    ]
    return [each for each in (*sightings, *added) if each.key not in void]


def _in_order(sightings: Iterable[Sighting]) -> list[Sighting]:
    """What counts, each key once. Of one key delivered with several contents the first in time
    stays, and of several that went on the longest, so that the order of delivery does not matter.
    """
    ordered = [each for each in sightings if not each.voided]
    if any(each.until is not None for each in ordered):
        ordered.sort(key=_end, reverse=True)
    # At equal instants coming is before leaving, and the rest only makes the order a total one.
    ordered.sort(key=lambda each: (_RANK[each.direction], each.source, each.camera, each.key))
    ordered.sort(key=attrgetter("at"))
    return list({each.key: each for each in reversed(ordered)}.values())[::-1]


def _debounced(sightings: list[Sighting], inputs: PersonInputs) -> list[Punch]:
    """One punch of every run of sightings before the same cameras in the same direction."""
    punches: list[Punch] = []
    run: list[Sighting] = []
    ends = _BEFORE_ANY
    debounce_near = _Debounce(inputs)
    for sighting in sightings:
        if run:
            last = run[-1]
            if (
                sighting.source is not Source.MANUAL
                and sighting.camera == last.camera
                and sighting.direction is last.direction
                and sighting.source is last.source
                and sighting.at - ends <= debounce_near(last)
            ):
                run.append(sighting)
                ends = max(ends, _end(sighting))
                continue
            # A passage is over when the next begins: sessions never overlap.
            punches.append(_punch(run, min(ends, sighting.at)))
        run, ends = [sighting], _end(sighting)
    if run:
        punches.append(_punch(run, ends))
    return punches


def _end(sighting: Sighting) -> datetime:
    return sighting.at if sighting.until is None else sighting.until


def _punch(run: list[Sighting], ends: datetime) -> Punch:
    first = run[0]
    return Punch(
        first=first.at,
        last=ends,
        direction=first.direction,
        source=first.source,
        camera=first.camera,
        keys=tuple([each.key for each in run]),
    )


class _Debounce:
    """How long sightings run together: by the policy of the date, looked up only where it varies."""

    def __init__(self, inputs: PersonInputs) -> None:
        self._inputs = inputs
        self._by_date: dict[date, timedelta] = {}
        lengths = {
            shift.policy.debounce
            for each in inputs.schedule.assignments
            for shift in each.shifts
            if shift is not None
        }
        self._only = lengths.pop() if len(lengths) == 1 else None

    def __call__(self, sighting: Sighting) -> timedelta:
        if self._only is not None:
            return self._only
        day = local_date(sighting.at, self._inputs.zone)
        if day not in self._by_date:
            self._by_date[day] = self._inputs.schedule.policy_near(day).debounce
        return self._by_date[day]
