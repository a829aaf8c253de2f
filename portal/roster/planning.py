"""What a line would do to whom Gatehouse knows now: pure, used by the dry run and by the applying.

Public surface: ``PersonNow``, ``Plan``, ``plan_row``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from portal.people.models import Person
from portal.roster.models import RosterRow
from portal.roster.records import Record

__all__ = ["PersonNow", "Plan", "plan_row"]


@dataclass(frozen=True, slots=True)
class PersonNow:
    """Somebody as the database has them; dates are ISO or empty."""

    id: UUID
    status: str
    site_id: UUID
    name: str
    email: str
    department: str
    employed_from: str
    employed_to: str
    has_consent: bool

    @classmethod
    def of(cls, person: Person, *, has_consent: bool) -> PersonNow:
        def iso(day: object) -> str:
            return str(day) if day else ""

        return cls(
            id=person.pk,
            status=person.status,
            site_id=person.site_id,
            name=person.name,
            email=person.email,
            department=str(person.department or ""),
            employed_from=iso(person.employed_from),
            employed_to=iso(person.employed_to),
            has_consent=has_consent,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """``before`` and ``after`` hold the fields that differ; ``may_use_photos`` follows consent."""

    outcome: str
    reason: str = ""
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    gives_consent: bool = False
    may_use_photos: bool = False


def plan_row(record: Record, now: PersonNow | None, *, site_id: UUID, may_touch: bool) -> Plan:
    """``site_id`` is where the line puts the person; ``may_touch`` whether the actor's scope
    reaches somebody who is known."""
    outcomes = RosterRow.Outcome
    if now is None:
        consents = record.consent == "yes"
        return Plan(outcomes.NEW, gives_consent=consents, may_use_photos=consents)
    refusal = _refusal(now, may_touch=may_touch)
    if refusal:
        return Plan(outcomes.REFUSED, refusal)
    before, after = _differences(record, now, site_id=site_id)
    if after.get("employed_from", now.employed_from) > (
        after.get("employed_to", now.employed_to) or "9999"
    ):
        return Plan(outcomes.REFUSED, "With the dates known, the employment ends before it begins.")
    gives_consent = record.consent == "yes" and not now.has_consent
    reason = ""
    if record.consent == "no" and now.has_consent:
        reason = (
            "The file says no consent, but one is recorded. It is left as it is: withdraw it on "
            "the person's page, which deletes the photos."
        )
    is_changed = bool(after) or gives_consent
    return Plan(
        outcomes.CHANGED if is_changed else outcomes.UNCHANGED,
        reason,
        before,
        after,
        gives_consent,
        (now.has_consent or gives_consent) and record.consent != "no",
    )


def _refusal(now: PersonNow, *, may_touch: bool) -> str:
    if not may_touch:
        return "This code belongs to somebody whom you may not change."
    if now.status == Person.Status.ERASED:
        return "This code belonged to somebody who was erased. Codes are never used twice."
    if now.status == Person.Status.MERGED:
        return "This code belongs to somebody who was merged into another person."
    return ""


def _differences(
    record: Record, now: PersonNow, *, site_id: UUID
) -> tuple[dict[str, str], dict[str, str]]:
    """An empty cell changes nothing."""
    said = {
        "name": record.name,
        "email": record.email,
        "employed_from": record.employed_from,
        "employed_to": record.employed_to,
        "site": str(site_id) if record.site else "",
        "department": record.department,
    }
    held = {
        "name": now.name,
        "email": now.email,
        "employed_from": now.employed_from,
        "employed_to": now.employed_to,
        "site": str(now.site_id),
        "department": now.department,
    }
    # Departments are found whatever their case, as the service finds them.
    changed = {
        name
        for name, value in said.items()
        if value and value != held[name]
        and not (name == "department" and value.casefold() == held[name].casefold())
    }  # fmt: skip
    if "site" in changed:
        # A department belongs to a site: whoever moves takes theirs along, or gets a new one.
        changed |= {"department"} if said["department"] or held["department"] else set()
        said["department"] = said["department"] or held["department"]
    before, after = ({name: values[name] for name in sorted(changed)} for values in (held, said))
    if now.status == Person.Status.REMOVED:
        before["status"], after["status"] = now.status, Person.Status.ACTIVE.value
    return before, after
