"""Reads for the list of people: what needs attention, a page of rows, places, saved filters.

Public surface: ``Need``, ``Places``, ``Row``, ``needs_condition``, ``places``, ``rows_of``,
``saved_filters``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from portal.core.context import current_actor, require
from portal.organisation.models import PATH_SEPARATOR, Department, Site
from portal.organisation.selectors import visible_departments, visible_sites
from portal.people.consents import active_consents
from portal.people.models import (
    Consent,
    FaceImage,
    FaceTemplate,
    LookalikePair,
    Person,
    SavedFilter,
)
from portal.people.selectors import visible_people

__all__ = [
    "ENOUGH_PHOTOS",
    "NOWHERE",
    "Need",
    "Places",
    "Row",
    "expires_soon",
    "needs_condition",
    "places",
    "rows_of",
    "saved_filters",
]

# With three photos, from different angles, recognition is plainly better than with one.
ENOUGH_PHOTOS: Final = 3
EXPIRES_SOON: Final = timedelta(days=30)


class Need(models.TextChoices):
    """Why somebody's entry wants attention."""

    NO_TEMPLATE = "no_template", "No template"
    CONSENT_MISSING = "consent_missing", "Consent missing"
    CONSENT_EXPIRING = "consent_expiring", "Consent expiring"
    LOOKALIKE = "lookalike", "Look-alike"
    FEW_PHOTOS = "few_photos", "Few photos"


def needs_condition(need: Need) -> Q:
    """The condition, for a query of people, that ``need`` holds."""
    consents = active_consents().filter(person=OuterRef("pk"))
    used = FaceImage.objects.filter(person=OuterRef("pk"), state=FaceImage.State.ACTIVE)
    match need:
        case Need.NO_TEMPLATE:
            templates = FaceTemplate.objects.filter(
                person=OuterRef("pk"), image__state=FaceImage.State.ACTIVE
            )
            return ~Q(Exists(templates))
        case Need.CONSENT_MISSING:
            return ~Q(Exists(consents))
        case Need.CONSENT_EXPIRING:
            soon = timezone.now() + EXPIRES_SOON
            return Q(Exists(consents.filter(expires_at__lte=soon)))
        case Need.LOOKALIKE:
            pairs = LookalikePair.objects.filter(
                answer=LookalikePair.Answer.OPEN, wants_answer=True
            )
            return Q(Exists(pairs.filter(first=OuterRef("pk")))) | Q(
                Exists(pairs.filter(second=OuterRef("pk")))
            )
        case Need.FEW_PHOTOS:
            # The last of enough is asked for: there is no need to count them all.
            enough = used.order_by("pk").values("pk")[ENOUGH_PHOTOS - 1 : ENOUGH_PHOTOS]
            return Q(Exists(used)) & ~Q(Exists(enough))


@dataclass(frozen=True, slots=True)
class Places:
    """The sites and departments within the actor's scope."""

    sites: tuple[Site, ...]
    departments: tuple[Department, ...]

    @property
    def department_choices(self) -> list[tuple[str, object]]:
        """For a select: by site where there are several."""
        if len(self.sites) < 2:
            return [(str(d.pk), d.path) for d in self.departments]
        groups: dict[str, list[tuple[str, str]]] = {}
        for department in self.departments:
            groups.setdefault(department.site.name, []).append(
                (str(department.pk), department.path)
            )
        return list(groups.items())

    @property
    def paths(self) -> list[str]:
        return sorted({department.path for department in self.departments})

    def with_below(self, department_id: UUID) -> list[UUID]:
        """The department and everything below it; nothing for one that is not among these."""
        top = next((d for d in self.departments if d.pk == department_id), None)
        if top is None:
            return []
        prefix = f"{top.path}{PATH_SEPARATOR}"
        return [
            d.pk
            for d in self.departments
            if d.site_id == top.site_id and (d.pk == top.pk or d.path.startswith(prefix))
        ]


# For a search by words alone.
NOWHERE: Final = Places((), ())


def places() -> Places:
    """Two queries."""
    require("people.view")
    return Places(tuple(visible_sites()), tuple(visible_departments()))


def expires_soon(consent: Consent) -> bool:
    return consent.expires_at is not None and consent.expires_at <= timezone.now() + EXPIRES_SOON


class Row(NamedTuple):
    """One person of the list with the photo shown beside the name."""

    person: Person
    portrait_id: UUID | None

    @property
    def needs(self) -> list[Need]:
        """Without templates there is nothing to say about photos, nor about a basis for them."""
        found = [need for need in Need if getattr(self.person, f"needs_{need.value}")]
        return [Need.NO_TEMPLATE] if Need.NO_TEMPLATE in found else found


def rows_of(person_ids: Sequence[UUID]) -> list[Row]:
    """One page, in the order of ``person_ids``.

    What needs attention is asked for these few only: a sorted query would work it out for everybody.
    """
    best = FaceImage.objects.filter(person=OuterRef("pk"), state=FaceImage.State.ACTIVE).order_by(
        "-quality_score"
    )
    found = visible_people().filter(pk__in=person_ids)
    people = found.annotate(
        portrait_id=Subquery(best.values("pk")[:1]),
        **{f"needs_{need.value}": needs_condition(need) for need in Need},
    ).in_bulk()
    return [Row(people[pk], people[pk].portrait_id) for pk in person_ids if pk in people]


def saved_filters() -> QuerySet[SavedFilter]:
    """The actor's own."""
    actor = current_actor()
    if actor.kind != "user":
        return SavedFilter.objects.none()
    return SavedFilter.objects.filter(user_id=int(actor.id))
