"""Reads of policy texts and of who agreed to what."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from portal.core.context import require
from portal.people.models import Consent, Person, PolicyText
from portal.people.selectors import visible_people

__all__ = [
    "active_consents",
    "consents_of",
    "people_to_ask_again",
    "recognisable_people",
    "text_in_force",
    "texts",
]

DEFAULT_LANGUAGE = "en"


def text_in_force(language: str = DEFAULT_LANGUAGE) -> PolicyText | None:
    """The newest text of ``language``, which whoever agrees from now on is shown. Public."""
    return PolicyText.objects.filter(language=language).order_by("-version").first()


def texts() -> QuerySet[PolicyText]:
    """Every version that was ever published."""
    require("privacy.view")
    return PolicyText.objects.all()


def active_consents() -> QuerySet[Consent]:
    """Neither withdrawn, nor replaced, nor expired; for whatever acts without a user, too."""
    return Consent.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=timezone.now()), withdrawn_at=None
    )


def recognisable_people(person_ids: Iterable[str]) -> set[str]:
    """Whom of these a match may still name: active, and under a consent. For workers."""
    people = Person.objects.filter(
        Exists(active_consents().filter(person=OuterRef("pk"))),
        pk__in=set(person_ids),
        status=Person.Status.ACTIVE,
    )
    return {str(pk) for pk in people.values_list("pk", flat=True)}


def consents_of(person: Person) -> QuerySet[Consent]:
    """Newest first."""
    require("privacy.view")
    return person.consents.select_related("policy").order_by("-given_at", "-id")


def people_to_ask_again() -> QuerySet[Person]:
    """Visible people whose consent names no text or an older one than is in force; with
    ``consented_version`` and ``consented_at``. Empty while no text was ever published."""
    newest = (
        PolicyText.objects.filter(language=OuterRef("policy__language"))
        .order_by("-version")
        .values("version")[:1]
    )
    if not PolicyText.objects.exists():
        return visible_people().none()
    outdated = (
        active_consents()
        .filter(person=OuterRef("pk"), basis=Consent.Basis.CONSENT)
        .annotate(newest=Subquery(newest))
        .filter(Q(policy=None) | Q(policy__version__lt=F("newest")))
    )
    return (
        visible_people()
        .filter(Exists(outdated))
        .annotate(
            consented_version=Subquery(outdated.values("policy__version")[:1]),
            consented_at=Subquery(outdated.values("given_at")[:1]),
        )
    )
