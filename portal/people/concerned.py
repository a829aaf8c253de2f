"""Whom a change of the organisation concerns. Public surface: ``people_concerned``. Asks for no
right: whoever changed something did."""

from __future__ import annotations

from django.db.models import QuerySet

from portal.organisation.changes import OrganisationChange
from portal.people.models import Person

__all__ = ["people_concerned"]


def people_concerned(change: OrganisationChange) -> QuerySet[Person]:
    """Those who belong there now, former ones too: their last days may not be over."""
    if change.department_ids is not None:
        return Person.objects.filter(department__in=change.department_ids)
    return Person.objects.filter(site=change.site_id)
