"""What is kept of one person, within the actor's scope."""

from __future__ import annotations

from uuid import UUID

from portal.core.context import require
from portal.core.errors import NotFound
from portal.people.consents import texts
from portal.people.models import Consent, FaceImage, Person, PolicyText
from portal.people.selectors import visible_person

__all__ = ["visible_consent", "visible_text", "what_is_kept"]


def visible_consent(consent_id: UUID) -> Consent:
    require("privacy.view")
    consent = Consent.objects.select_related("policy").filter(pk=consent_id).first()
    if consent is None:
        raise NotFound("There is no such consent.")
    consent.person = visible_person(consent.person_id)
    return consent


def visible_text(text_id: UUID) -> PolicyText:
    text = texts().filter(pk=text_id).first()
    if text is None:
        raise NotFound("There is no such text.")
    return text


def what_is_kept(person: Person) -> dict[str, int]:
    """Per kind how many rows there are of this person; no contents."""
    require("privacy.view")
    return {
        "photos": person.images.exclude(state=FaceImage.State.REMOVED).count(),
        "templates": person.templates.count(),
        "consents": person.consents.count(),
        "drafts": person.enrolments.exclude(state="confirmed").count(),
        "invitations": person.invitations.count(),
        "credentials": person.credentials.count(),
        "sightings": person.sightings.count(),
    }
