"""Writes to people: create, change, suspend, erase."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.audit.services import record
from portal.core.context import require
from portal.core.errors import DomainError
from portal.core.ids import uuid7
from portal.core.vault import vault
from portal.organisation.models import Site
from portal.organisation.services import default_site, department_at
from portal.people.models import Consent, Person
from portal.people.services.revision import bump_gallery_revision

__all__ = [
    "PersonDetails",
    "create_person",
    "erase_person",
    "record_consent",
    "reinstate_person",
    "suspend_person",
    "update_person",
]


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
            )
    except IntegrityError as error:
        holder = Person.objects.get(code=code)
        who = "a former person" if holder.status == Person.Status.ERASED else holder.name
        raise DomainError(
            f"The code {code} belongs to {who}. Codes are never used twice; choose another.",
            code="person.code_taken",
            http_status=409,
            data={"code": code},
        ) from error
    record("people.person.created", target=person, after=_snapshot(person))
    return person


@transaction.atomic
def update_person(person: Person, details: PersonDetails) -> Person:
    require("people.manage")
    person = _lock_living(person)
    before = _snapshot(person)
    person.name = details.name.strip()
    person.site = _site(details) if details.site_id else person.site
    person.department = department_at(person.site, details.department)
    person.email = details.email.strip()
    person.save()
    record("people.person.updated", target=person, before=before, after=_snapshot(person))
    return person


@transaction.atomic
def record_consent(person: Person, *, basis: str = Consent.Basis.CONSENT) -> Consent:
    """Note that there is a basis for keeping this person's templates; an active one is kept."""
    actor = require("people.manage")
    person = _lock_living(person)
    active = person.consents.filter(withdrawn_at=None).first()
    if active is not None:
        return active
    consent = Consent.objects.create(
        person=person, basis=basis, recorded_by=actor.label, given_at=timezone.now()
    )
    record("people.consent.recorded", target=person, after={"basis": basis})
    return consent


@transaction.atomic
def suspend_person(person: Person, *, reason: str = "") -> Person:
    """No longer recognised from the next search on; the photos stay."""
    require("people.manage")
    return _set_status(person, Person.Status.SUSPENDED, action="suspended", reason=reason)


@transaction.atomic
def reinstate_person(person: Person) -> Person:
    require("people.manage")
    return _set_status(person, Person.Status.ACTIVE, action="reinstated")


@transaction.atomic
def erase_person(person: Person, *, reason: str = "") -> Person:
    """Remove name, photos and templates for good; past sightings lose the name.

    The row stays with its code, so that the code is never given to somebody else.
    """
    require("people.manage")
    person = _lock_living(person)
    photos = list(person.images.values_list("portrait_key", "aligned_key"))
    data_key_id = person.data_key_id
    drafts = person.enrolments.values_list(
        "photos__photo_key", "photos__faces__portrait_key", "photos__faces__aligned_key"
    )
    keys = {key for row in (*photos, *drafts) for key in row if key}
    person.images.all().delete()
    person.enrolments.all().delete()
    person.sightings.update(person=None)
    person.consents.filter(withdrawn_at=None).update(withdrawn_at=timezone.now())
    person.name, person.email, person.department = "Erased person", "", None
    person.status, person.data_key = Person.Status.ERASED, None
    person.save()
    if data_key_id is not None:
        vault().keys.destroy(data_key_id)
    revision = bump_gallery_revision()
    record(
        "people.person.erased",
        target=person,
        after={"photos": len(photos), "revision": revision},
        reason=reason,
    )
    transaction.on_commit(lambda: vault().delete_all(keys), robust=True)
    return person


def _set_status(person: Person, status: str, *, action: str, reason: str = "") -> Person:
    person = _lock_living(person)
    if person.status == status:
        return person
    before = person.status
    person.status = status
    person.save(update_fields=["status", "updated_at"])
    bump_gallery_revision()
    record(
        f"people.person.{action}",
        target=person,
        before={"status": before},
        after={"status": status},
        reason=reason,
    )
    return person


def _lock_living(person: Person) -> Person:
    locked = Person.objects.select_for_update().get(pk=person.pk)
    if locked.status == Person.Status.ERASED:
        raise DomainError(
            "This person was erased and cannot be changed.", code="person.erased", http_status=409
        )
    return locked


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
    if details.site_id is None:
        return default_site()
    site = Site.objects.filter(pk=details.site_id).first()
    if site is None:
        raise DomainError("There is no such site. Choose one of the list.", code="person.site")
    return site
