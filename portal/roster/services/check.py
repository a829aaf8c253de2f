"""The dry run: every line with what it would do and why, every photo with whose it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal.core.context import Actor, require
from portal.core.errors import DomainError
from portal.organisation.models import Site
from portal.organisation.selectors import visible_sites
from portal.people.consents import active_consents
from portal.people.models import Person
from portal.people.selectors import is_within
from portal.roster.matching import match_photos
from portal.roster.models import RosterImport, RosterPart, RosterPhoto, RosterRow
from portal.roster.photos import PhotoSource
from portal.roster.planning import PersonNow, Plan, plan_row
from portal.roster.records import ReadOptions, Record, RowRefused, name_in, read_record
from portal.roster.services.check_photos import chunks, photo_rows, read_photos
from portal.roster.services.lifecycle import refuse_roster
from portal.roster.sheets import Sheet, read_sheet
from portal.roster.storage import stored_bytes

__all__ = ["run_check"]


@dataclass(slots=True)
class _Line:
    """One line on its way to a row."""

    code: str = ""
    name: str = ""
    refusal: str = ""
    record: Record | None = None
    site_id: UUID | None = None
    person: Person | None = None
    plan: Plan | None = None


def run_check(
    roster: RosterImport, source: PhotoSource | None, *, renew: Callable[[], None]
) -> RosterImport:
    """Read everything once and write the rows in one transaction; a repetition replaces them.

    ``renew`` is called while photos are read. A file that is refused as a whole is closed with
    the reason.
    """
    actor = require("people.import")
    try:
        sheet = read_sheet(stored_bytes(roster, RosterPart.Kind.SHEET))
        read = read_photos(source, renew)
    except DomainError as error:
        refuse_roster(roster, error.message)
        return RosterImport.objects.get(pk=roster.pk)
    lines = _read_lines(roster, sheet)
    _find_people(lines, actor)
    good = {n: line.record for n, line in lines.items() if line.record and not line.refusal}
    matching = match_photos(good, [*read.digests, *read.unreadable])
    with transaction.atomic():
        locked = RosterImport.objects.select_for_update().get(pk=roster.pk)
        if locked.state != RosterImport.State.CHECKING:
            return locked  # discarded, or checked by another, meanwhile
        locked.rows.all().delete()
        locked.photos.all().delete()
        rows = _write_rows(locked, lines)
        photos = photo_rows(
            locked,
            matching,
            rows,
            read,
            may_use={n for n, line in lines.items() if line.plan and line.plan.may_use_photos},
        )
        RosterPhoto.objects.bulk_create(photos, batch_size=500)
        _mark_pending(rows, photos)
        locked.state = RosterImport.State.CHECKED
        locked.leased_by, locked.leased_until = "", None
        locked.save()
    return locked


def _read_lines(roster: RosterImport, sheet: Sheet) -> dict[int, _Line]:
    options, today = ReadOptions.of(roster.options), timezone.localdate()
    sites = {site.name.casefold(): site for site in visible_sites()}
    lines: dict[int, _Line] = {}
    first_of: dict[str, int] = {}
    for row in sheet.rows:
        line = lines[row.line] = _Line(
            code=row.cells[roster.mapping["code"]][:40], name=name_in(row, roster.mapping)[:120]
        )
        try:
            line.record = read_record(row, roster.mapping, options=options, today=today)
            line.site_id = _site_of(line.record, sites, roster.default_site)
        except RowRefused as error:
            line.refusal = str(error)
            continue
        first = first_of.setdefault(line.code.casefold(), row.line)
        if first != row.line:
            line.refusal = f"Line {first} has the same code. A code is one person's."
    return lines


def _site_of(record: Record, sites: Mapping[str, Site], default: Site | None) -> UUID:
    if record.site:
        site = sites.get(record.site.casefold())
        if site is None:
            raise RowRefused(
                f"There is no site “{record.site[:80]}” that you may import into. Sites are "
                "made under System, by whoever may."
            )
        return site.pk
    if default is None or default.name.casefold() not in sites:
        raise RowRefused("There is no site, and none to take instead.")
    return default.pk


def _find_people(lines: Mapping[int, _Line], actor: Actor) -> None:
    """Who is known by which code, and so what each line would do."""
    known: dict[str, Person] = {}
    codes = [line.code for line in lines.values() if line.code]
    for chunk in chunks(codes):
        folded = {code.casefold() for code in chunk}
        # Codes that differ by case only are one code to whoever typed them.
        found = Person.objects.filter(code__in=[*chunk, *folded, *(c.upper() for c in chunk)])
        for person in found.select_related("department"):
            known.setdefault(person.code.casefold(), person)
            if person.code in chunk:
                known[person.code.casefold()] = person
    consenting = set(
        active_consents()
        .filter(person__in=[p.pk for p in known.values()])
        .values_list("person_id", flat=True)
    )
    for line in lines.values():
        holder = known.get(line.code.casefold())
        if line.refusal or line.record is None or line.site_id is None:
            continue
        line.person = holder
        line.plan = plan_row(
            line.record,
            PersonNow.of(holder, has_consent=holder.pk in consenting) if holder else None,
            site_id=line.site_id,
            may_touch=holder is None or is_within(actor.scope, holder),
        )
        if line.plan.outcome == RosterRow.Outcome.REFUSED:
            line.refusal, line.person = line.plan.reason, None


def _write_rows(roster: RosterImport, lines: Mapping[int, _Line]) -> dict[int, RosterRow]:
    rows = [_row(roster, number, line) for number, line in lines.items()]
    RosterRow.objects.bulk_create(rows, batch_size=500)
    return {row.line: row for row in roster.rows.all()}


def _row(roster: RosterImport, number: int, line: _Line) -> RosterRow:
    plan = line.plan
    if line.refusal or plan is None or line.record is None:
        return RosterRow(
            roster=roster,
            line=number,
            code=line.code,
            fields={"name": line.name},
            outcome=RosterRow.Outcome.REFUSED,
            reason=line.refusal[:500],
        )
    is_new = plan.outcome == RosterRow.Outcome.NEW
    changes = [*plan.after, *(["consent"] if plan.gives_consent else [])]
    return RosterRow(
        roster=roster,
        line=number,
        code=line.code,
        fields={**asdict(line.record), "site_id": str(line.site_id)},
        outcome=plan.outcome,
        changes=[] if is_new else changes,
        reason=plan.reason[:500],
        person=line.person,
    )


def _mark_pending(rows: Mapping[int, RosterRow], photos: Iterable[RosterPhoto]) -> None:
    """What is to be done: a line whose photos are new is a change too."""
    with_photos = {p.row_id for p in photos if p.verdict == RosterPhoto.Verdict.WAITING}
    touched = []
    for row in rows.values():
        if row.outcome == RosterRow.Outcome.REFUSED:
            continue
        if row.pk in with_photos and row.outcome != RosterRow.Outcome.NEW:
            row.outcome = RosterRow.Outcome.CHANGED
            row.changes = [*row.changes, "photos"]
        row.is_pending = row.outcome != RosterRow.Outcome.UNCHANGED
        touched.append(row)
    RosterRow.objects.bulk_update(touched, ["outcome", "changes", "is_pending"], batch_size=500)
