"""The tables of the Accuracy page as rows for a spreadsheet: numbers unrounded, one unit a column.

Public surface: ``accuracy_tables`` with ``Table``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.calibration.figures import MissedFigure, Span
from portal.calibration.selectors.accuracy import Accuracy, CameraLine, Measured
from portal.calibration.selectors.leads import Lead, MeasuredLead
from portal.calibration.selectors.neglected import Neglected
from portal.calibration.selectors.observed import Names, Observed
from portal.calibration.selectors.shares import Share
from portal.calibration.selectors.waits import Waits

__all__ = ["Table", "accuracy_tables"]

Cell = str | int | float | None
Rows = Sequence[Sequence[Cell]]

_NAMES = ("given", "confirmed", "refused", "corrected", "no face", "not looked at")
_SHARE = ("wrong", "share wrong", "95 % from", "95 % to")


@dataclass(frozen=True, slots=True)
class Table:
    """``names_people`` says that it tells who somebody is."""

    head: tuple[str, ...]
    rows: Rows
    names_people: bool = False


def accuracy_tables(found: Accuracy) -> dict[str, Table]:
    """By name; a part that the actor may not see, or that was never measured, has none."""
    tables: dict[str, Table] = {}
    if found.measured:
        tables["measured"] = _measured(found.measured)
    if found.observed:
        tables["names"] = _names(found.observed)
        tables["weeks"] = _weeks(found.observed)
    if found.cameras is not None:
        tables["cameras"] = _cameras(found.cameras)
    if found.waits:
        tables["review"] = _waits(found.waits)
    if found.leads is not None:
        tables["leads"] = _leads(found.leads)
    if found.measured_leads:
        tables["measured-leads"] = _measured_leads(found.measured_leads)
    if found.not_seen:
        tables["not-seen"] = _neglected(found.not_seen, "last seen")
    if found.old_photos:
        tables["old-photos"] = _neglected(found.old_photos, "newest photo")
    return tables


def _measured(measured: Measured) -> Table:
    figures, now = measured.figures, measured.figures.now
    rows: list[Sequence[Cell]] = []
    if now.strangers:
        counted = now.strangers.people
        rows.append(("strangers named (FPIR)", *_span(now.strangers.rate), counted, "people"))
    if now.missed:
        counts = (now.missed.searches, "searches")
        rows += [
            ("enrolled people missed (FNIR)", *_span(now.missed.rate), *counts),
            ("enrolled people asked about", *_span(now.missed.to_review), *counts),
            ("enrolled people given another's name", *_span(now.missed.misnamed), *counts),
        ]
    at = _moment(measured.run.finished_at)
    return Table(
        (
            "figure",
            "value",
            "95 % from",
            "95 % to",
            "counted",
            "of",
            "threshold",
            "people",
            "as of",
        ),
        [(*row, now.threshold, figures.gallery_size, at) for row in rows],
    )


def _names(observed: Observed) -> Table:
    rows = [(one.camera_name, *_counts(one.names)) for one in observed.cameras]
    return Table(("camera", *_NAMES, *_SHARE), [*rows, ("all", *_counts(observed.total))])


def _weeks(observed: Observed) -> Table:
    rows = [(one.start.isoformat(), *_counts(one.names)) for one in observed.weeks]
    return Table(("week from", *_NAMES, *_SHARE), rows)


def _cameras(lines: Iterable[CameraLine]) -> Table:
    head = ("camera", "people seen", "good enough", "recognised", "to be confirmed", "strangers")
    rows = [
        (
            line.camera.name,
            line.funnel.visits,
            line.funnel.usable_visits,
            line.funnel.recognised_visits,
            line.funnel.uncertain_visits,
            line.funnel.stranger_visits,
            *_missed(line.missed.missed if line.missed else None),
            next((loss.label for loss in line.funnel.ranked_losses), ""),
        )
        for line in lines
    ]
    missed = ("missed (FNIR)", "95 % from", "95 % to", "searches")
    return Table((*head, *missed, "most frequent loss"), rows)


def _waits(waits: Waits) -> Table:
    return Table(
        ("figure", "value"),
        [
            ("passages", waits.asked.whole),
            ("asked about", waits.asked.part),
            ("answered", waits.answered),
            ("middle wait in seconds", _seconds(waits.middle)),
            ("longest wait in seconds", _seconds(waits.longest)),
            ("waiting", waits.waiting),
            ("waiting since", _moment(waits.oldest_at)),
        ],
    )


def _leads(leads: Iterable[Lead]) -> Table:
    return Table(
        ("code", "name", "passages", "mean lead", "least lead", "next most similar"),
        [
            (
                lead.person.code,
                lead.person.name,
                lead.passages,
                lead.mean,
                lead.least,
                lead.second.code if lead.second else "",
            )
            for lead in leads
        ],
        names_people=True,
    )


def _measured_leads(leads: Iterable[MeasuredLead]) -> Table:
    return Table(
        ("code", "name", "lead", "own score", "next most similar"),
        [
            (
                lead.person.code,
                lead.person.name,
                lead.lead,
                lead.own_score,
                lead.second.code if lead.second else "",
            )
            for lead in leads
        ],
        names_people=True,
    )


def _neglected(found: Neglected, last: str) -> Table:
    rows = [(one.code, one.name, _moment(one.last_at)) for one in found.first]
    return Table(("code", "name", last), rows, names_people=True)


def _counts(names: Names) -> tuple[Cell, ...]:
    counts = (names.given, names.confirmed, names.refused, names.corrected, names.no_face)
    return (*counts, names.not_looked_at, *_share(names.contradicted))


def _share(share: Share) -> tuple[Cell, ...]:
    if share.value is None:
        return (0, None, None, None)
    return (share.part, share.value, share.low, share.high)


def _missed(missed: MissedFigure | None) -> tuple[Cell, ...]:
    return (*_span(missed.rate), missed.searches) if missed else (None, None, None, None)


def _span(span: Span) -> tuple[float, float, float]:
    return span.value, span.low, span.high


def _moment(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""


def _seconds(length: timedelta | None) -> int | None:
    return round(length.total_seconds()) if length is not None else None
