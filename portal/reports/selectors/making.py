"""Making a report: everything in it is of one moment. Public surface: ``make_report``."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from portal.core.context import require
from portal.reports.choices import Choices
from portal.reports.kinds.base import ReportKind
from portal.reports.selectors.facts import Facts
from portal.reports.selectors.snapshot import snapshot
from portal.reports.sheet import Report, totals_of

__all__ = ["make_report"]


def make_report(kind: ReportKind, choices: Choices) -> Report:
    """Raises ``DomainError`` where the kind cannot be made of these choices."""
    require("reports.view")
    with snapshot() as as_of:
        facts = Facts(choices)
        columns = kind.columns(choices)
        sections = kind.sections(facts)
        chart = kind.chart(facts) if kind.chart else None
        notes = kind.notes(facts) if kind.notes else ()
        zones, person = facts.zones, facts.person
    rows = [row for section in sections for row in section.rows]
    zone = zones[0] if len(zones) == 1 else choices.zone
    people = {row.person_id for row in rows if row.person_id}
    return Report(
        slug=kind.slug,
        title=kind.title,
        columns=columns,
        sections=sections,
        totals=totals_of(columns, rows),
        choices=(
            *choices.words(person.name if person else ""),
            ("Times", zones[0] if len(zones) == 1 else f"of each site ({', '.join(zones)})"),
        ),
        as_of=as_of.astimezone(ZoneInfo(zone)),
        zone=zone,
        # A report about groups tells of everybody in them.
        people=len(people),
        is_wide=kind.is_wide,
        notes=notes,
        chart=chart,
    )
