"""What a day would become with a correction that nobody has approved yet.

Public surface: ``DayPreview``, ``preview_day``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from portal.attendance.engine import PersonInputs, attendance_days
from portal.attendance.models import Correction
from portal.attendance.selectors.corrections import as_engine, corrections_for
from portal.attendance.selectors.inputs import inputs_of
from portal.attendance.selectors.periods import locked_period_of
from portal.attendance.selectors.stored_days import (
    DayChange,
    DayFacts,
    changes_between,
    facts_of,
)
from portal.core.errors import NotFound
from portal.people.models import Person

__all__ = ["DayPreview", "preview_day"]


@dataclass(frozen=True, slots=True)
class DayPreview:
    """``is_locked``: the stored day will stay, and an adjustment says what it is off by."""

    changes: tuple[DayChange, ...]
    is_locked: bool

    @property
    def is_changed(self) -> bool:
        return any(each.is_changed for each in self.changes)

    @property
    def payable_delta_min(self) -> int:
        return sum(each.payable_delta_min for each in self.changes)


def preview_day(person: Person, correction: Correction) -> DayPreview:
    """``correction`` may be unsaved. For a person, or a correction, that the actor may see: asks
    for no right, and writes nothing."""
    work_date = correction.work_date
    found = inputs_of([person.pk], first=work_date, last=work_date)
    if person.pk not in found:
        raise NotFound("There is no such person.")
    inputs = found[person.pk]
    return DayPreview(
        changes=changes_between(
            _facts(inputs, work_date), _facts(_with(inputs, person, correction), work_date)
        ),
        is_locked=locked_period_of(person.pk, work_date) is not None,
    )


def _with(inputs: PersonInputs, person: Person, correction: Correction) -> PersonInputs:
    if correction.kind != Correction.Kind.UNDO:
        return replace(inputs, corrections=(*inputs.corrections, as_engine(correction)))
    work_date = correction.work_date
    told = corrections_for(
        [person.pk], first=work_date, last=work_date, without=correction.undoes_id
    )
    return replace(inputs, corrections=told.get(person.pk, ()))


def _facts(inputs: PersonInputs, work_date: date) -> list[DayFacts]:
    return [facts_of(day) for day in attendance_days(inputs, first=work_date, last=work_date)]
