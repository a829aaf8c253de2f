"""Applying: each line one transaction, in the state that the database has by then."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, time
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.vault import vault
from portal.engines.models import Space
from portal.jobs.dispatch import ring_on_commit
from portal.jobs.models import Job
from portal.jobs.services import advance_job, create_job, finish_job
from portal.organisation.models import Site
from portal.organisation.services import department_at
from portal.people.changes import What, tell
from portal.people.consents import active_consents
from portal.people.models import Consent, Person
from portal.people.selectors import is_within
from portal.people.services import (
    PersonDetails,
    create_person,
    person_key,
    record_consent,
    restore_person,
)
from portal.people.services.former_places import note_move, place_of
from portal.roster.models import RosterImport, RosterPhoto, RosterRow
from portal.roster.planning import PersonNow, Plan, plan_row
from portal.roster.records import ReadOptions, Record
from portal.roster.services.apply_photos import use_photos
from portal.roster.services.lifecycle import close_roster
from portal.roster.services.results import ExaminedPhoto

__all__ = ["BEFORE", "apply_row", "begin_apply", "pending_rows", "stop_roster"]

BEFORE = "roster-before"


@transaction.atomic
def begin_apply(roster: RosterImport) -> RosterImport:
    """From the dry run to the deed, as a job. A file that changes nothing is closed at once."""
    require("people.import")
    locked = RosterImport.objects.select_for_update().get(pk=roster.pk)
    if locked.state != RosterImport.State.CHECKED:
        raise DomainError(
            "Only a file that was checked can be applied, and only once.",
            code="roster.state",
            http_status=409,
        )
    pending = locked.rows.filter(is_pending=True).count()
    if not pending:
        return close_roster(
            locked,
            state=RosterImport.State.APPLIED,
            message="Nothing was to be changed: everything in the file was so already.",
        )
    locked.job = create_job(
        kind=Job.Kind.IMPORT_ROSTER, title=f"Import {locked.file_name}", total=pending
    )
    locked.state, locked.attempts = RosterImport.State.APPLYING, 0
    locked.save()
    record("roster.applying", target=locked, after={"rows": pending})
    if not locked.is_local:
        ring_on_commit("roster.apply")
    return locked


def stop_roster(roster: RosterImport) -> None:
    """Stop after the line that is being worked on; what was done stays, and can be undone."""
    require("people.import")
    if roster.job_id is None or roster.state != RosterImport.State.APPLYING:
        raise DomainError("This import is not running.", code="roster.state", http_status=409)
    finish_job(roster.job_id, state=Job.State.CANCELLED, message="It was stopped.")
    record("roster.stopped", target=roster)
    close_roster(roster, state=RosterImport.State.STOPPED, message="It was stopped.")


def pending_rows(roster: RosterImport, *, photos: int) -> list[RosterRow]:
    """The next lines, as many as have at most that many photos in all, but at least one."""
    rows: list[RosterRow] = []
    held = 0
    waiting = roster.rows.filter(is_pending=True).select_related("person")
    for row in waiting.prefetch_related("photos")[: 2 * photos]:
        held += sum(p.verdict == RosterPhoto.Verdict.WAITING for p in row.photos.all())
        if rows and held > photos:
            break
        rows.append(row)
    return rows


@transaction.atomic
def apply_row(
    row_id: int, examined: Sequence[ExaminedPhoto], *, space: Space | None
) -> RosterRow | None:
    """Do what a line says: the person, the consent, the photos, and what was before.

    None where another worker did it, or the import was stopped. What the dry run said is asked
    again, so that whatever changed since is respected.
    """
    actor = require("people.manage")
    row = (
        RosterRow.objects.select_for_update()
        .select_related("roster")
        .filter(pk=row_id, is_pending=True, roster__state=RosterImport.State.APPLYING)
        .first()
    )
    if row is None:
        return None
    roster = row.roster
    said = dict(row.fields)
    site_id = UUID(said.pop("site_id"))
    line = Record.of(said)
    person = _locked_person(row)
    now = None
    if person is not None:
        has_consent = active_consents().filter(person=person).exists()
        now = PersonNow.of(person, has_consent=has_consent)
    plan = plan_row(
        line,
        now,
        site_id=site_id,
        may_touch=person is None or is_within(actor.scope, person),
    )
    try:
        with transaction.atomic():
            if plan.outcome != RosterRow.Outcome.REFUSED:
                person = _write_person(row, person, line, plan, site_id=site_id)
    except DomainError as error:
        plan = Plan(RosterRow.Outcome.REFUSED, error.message)
    if plan.outcome == RosterRow.Outcome.REFUSED or person is None:
        _refuse(row, plan.reason)
    else:
        _finish(row, person, line, plan, examined, space=space, roster=roster)
    if roster.job_id is not None:
        is_refused = row.outcome == RosterRow.Outcome.REFUSED
        advance_job(roster.job_id, done=int(not is_refused), failed=int(is_refused))
    return row


def _locked_person(row: RosterRow) -> Person | None:
    people = Person.objects.select_for_update(of=("self",)).select_related("department")
    if row.person_id is not None:
        return people.filter(pk=row.person_id).first()
    return people.filter(code=row.code).first()


def _write_person(
    row: RosterRow, person: Person | None, line: Record, plan: Plan, *, site_id: UUID
) -> Person:
    if person is None:
        person = create_person(
            PersonDetails(
                name=line.name,
                code=line.code,
                department=line.department,
                email=line.email,
                site_id=site_id,
            )
        )
        if line.employed_from or line.employed_to:
            _set_dates(person, line.employed_from, line.employed_to)
            person.save(update_fields=["employed_from", "employed_to", "updated_at"])
            tell(person.pk, what=What.EMPLOYMENT, first=person.employed_from)
        return person
    if plan.after.get("status"):
        person = restore_person(person)
    fields = [name for name in plan.after if name != "status"]
    if fields:
        left = place_of(person)
        if "site" in plan.after:
            person.site = Site.objects.get(pk=plan.after["site"])
        if "department" in plan.after:
            person.department = department_at(person.site, plan.after["department"])
        person.name = plan.after.get("name", person.name)
        person.email = plan.after.get("email", person.email)
        _set_dates(person, plan.after.get("employed_from", ""), plan.after.get("employed_to", ""))
        person.save()
        note_move(person, left=left)
        if {"employed_from", "employed_to"} & plan.after.keys():
            tell(person.pk, what=What.EMPLOYMENT, first=person.employed_from)
        # Names and addresses are told by their having changed, not by what they are.
        record("people.person.updated", target=person, after={"fields": sorted(fields)})
    return person


def _finish(
    row: RosterRow,
    person: Person,
    line: Record,
    plan: Plan,
    examined: Sequence[ExaminedPhoto],
    *,
    space: Space | None,
    roster: RosterImport,
) -> None:
    row.person, row.outcome = person, plan.outcome
    if plan.gives_consent:
        row.consent = _record_consent(person, line, ReadOptions.of(roster.options))
    changes = [*plan.after, *(["consent"] if plan.gives_consent else [])]
    if use_photos(row, person, examined, space=space, may_use=plan.may_use_photos):
        changes.append("photos")
    is_new = plan.outcome == RosterRow.Outcome.NEW
    if not is_new:
        row.outcome = RosterRow.Outcome.CHANGED if changes else RosterRow.Outcome.UNCHANGED
    row.changes = [] if is_new else changes
    row.reason = plan.reason[:500]
    if plan.before:
        held = json.dumps({"before": dict(plan.before), "after": dict(plan.after)}).encode()
        row.sealed_before = vault().seal(held, purpose=BEFORE, data_key=person_key(person))
    row.is_pending, row.fields = False, {}
    row.save()


def _record_consent(person: Person, line: Record, options: ReadOptions) -> Consent:
    consent = record_consent(person, basis=options.basis, method=Consent.Method.ROSTER)
    if line.consent_on:
        day = date.fromisoformat(line.consent_on)
        given = datetime.combine(day, time(), tzinfo=timezone.get_current_timezone())
        consent.given_at = min(given, timezone.now())
        consent.save(update_fields=["given_at"])
    return consent


def _refuse(row: RosterRow, reason: str) -> None:
    row.outcome, row.reason, row.changes = RosterRow.Outcome.REFUSED, reason[:500], []
    row.is_pending, row.fields, row.person = False, {}, None
    row.save()
    row.photos.filter(verdict=RosterPhoto.Verdict.WAITING).update(
        verdict=RosterPhoto.Verdict.REFUSED, reason="its line was refused"
    )


def _set_dates(person: Person, begins: str, ends: str) -> None:
    if begins:
        person.employed_from = date.fromisoformat(begins)
    if ends:
        person.employed_to = date.fromisoformat(ends)
