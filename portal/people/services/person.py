"""Writes to people: create, change, suspend."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import current_actor, require
from portal.core.errors import DomainError
from portal.core.ids import uuid7
from portal.journal.models import Act
from portal.organisation.models import Site
from portal.organisation.selectors import visible_sites
from portal.organisation.services import default_site, department_at
from portal.people.changes import What, tell
from portal.people.models import Person
from portal.people.selectors import is_within
from portal.people.services.former_places import note_move, place_of
from portal.people.services.status import change_status, lock_living

__all__ = [
    "Employment",
    "PersonDetails",
    "create_person",
    "reinstate_locked",
    "reinstate_person",
    "suspend_person",
    "update_person",
]


@dataclass(frozen=True, slots=True)
class Employment:
    """First and last day, as far as they are known."""

    first_day: date | None = None
    last_day: date | None = None

    def __post_init__(self) -> None:
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise DomainError(
                f"The last day, {self.last_day:%d %B %Y}, lies before the first, "
                f"{self.first_day:%d %B %Y}. Correct one of them.",
                code="person.employment",
            )


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """What an administrator types about a person. An empty code is filled in.

    ``department`` is a path, ``Year 7 / 7b``; without ``site_id`` it is the oldest site.
    """

    name: str
    code: str = ""
    department: str = ""
    email: str = ""
    site_id: UUID | None = None
    # None leaves first and last day as they are.
    employment: Employment | None = None

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise DomainError("A person needs a name.", code="person.name")
        if len(self.name) > 120 or len(self.code) > 40:
            raise DomainError(
                "A name may have 120 characters and a code 40; this one is longer.",
                code="person.too_long",
            )


@transaction.atomic
def create_person(details: PersonDetails) -> Person:
    """Raises ``DomainError`` ``person.code_taken`` for a code that anybody has or ever had."""
    require("people.manage")
    code = details.code.strip() or _free_code()
    site = _site(details)
    department = department_at(site, details.department)
    try:
        with transaction.atomic():
            person = Person.objects.create(
                code=code,
                name=details.name.strip(),
                site=site,
                department=department,
                email=details.email.strip(),
                employed_from=details.employment.first_day if details.employment else None,
                employed_to=details.employment.last_day if details.employment else None,
            )
    except IntegrityError as error:
        holder = Person.objects.get(code=code)
        who = "a former person"
        if holder.status != Person.Status.ERASED:
            is_shown = is_within(current_actor().scope, holder)
            who = holder.name if is_shown else "somebody of another site"
        raise DomainError(
            f"The code {code} belongs to {who}. Codes are never used twice; choose another.",
            code="person.code_taken",
            http_status=409,
            data={"code": code},
        ) from error
    tell(person.pk, what=What.CREATED)
    record("people.person.created", target=person, after=_snapshot(person))
    return person


@transaction.atomic
def update_person(person: Person, details: PersonDetails) -> Person:
    require("people.manage")
    person = lock_living(person)
    before, left = _snapshot(person), place_of(person)
    employed = (person.employed_from, person.employed_to)
    person.name = details.name.strip()
    person.site = _site(details) if details.site_id else person.site
    person.department = department_at(person.site, details.department)
    person.email = details.email.strip()
    if details.employment is not None:
        person.employed_from = details.employment.first_day
        person.employed_to = details.employment.last_day
    person.save()
    note_move(person, left=left)
    if employed != (person.employed_from, person.employed_to):
        days = (*employed, person.employed_from, person.employed_to, timezone.localdate())
        tell(person.pk, what=What.EMPLOYMENT, first=min(filter(None, days)))
    record("people.person.updated", target=person, before=before, after=_snapshot(person))
    return person


@transaction.atomic
def suspend_person(person: Person, *, reason: str = "") -> Person:
    """No longer recognised from the next search on; the photos stay."""
    require("people.manage")
    person = lock_living(person)
    change_status(
        person,
        Person.Status.SUSPENDED,
        action="suspended",
        reason=reason,
    )
    return person


@transaction.atomic
def reinstate_person(person: Person) -> Person:
    """Recognised again; somebody who had left is back, so the last day is forgotten."""
    require("people.manage")
    person = lock_living(person)
    reinstate_locked(person)
    return person


def reinstate_locked(person: Person) -> Act | None:
    """The act that takes it back; None for somebody who is active already."""
    is_back = person.employed_to is not None and person.employed_to <= timezone.localdate()
    return change_status(
        person,
        Person.Status.ACTIVE,
        action="reinstated",
        employed_to=None if is_back else person.employed_to,
    )


def _free_code() -> str:
    """Short, without vowels or look-alikes, from the random part of a fresh identifier."""
    alphabet = "23456789BCDFGHJKLMNPQRSTVWXZ"
    number, code = uuid7().int & 0xFFFF_FFFF, ""
    for _ in range(6):
        number, digit = divmod(number, len(alphabet))
        code += alphabet[digit]
    return f"P-{code}"


def _snapshot(person: Person) -> dict[str, str]:
    return {
        "code": person.code,
        "department": str(person.department or ""),
        "status": person.status,
    }


def _site(details: PersonDetails) -> Site:
    """The site named, or the actor's oldest; always one that the actor's rights reach."""
    if details.site_id is None:
        return visible_sites().order_by("id").first() or default_site()
    site = visible_sites().filter(pk=details.site_id).first()
    if site is None:
        raise DomainError("There is no such site. Choose one of the list.", code="person.site")
    return site
