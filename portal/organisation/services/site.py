"""Writes to sites."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import ProtectedError

from portal.audit.services import record
from portal.core.context import Actor, require
from portal.core.errors import DomainError, PermissionMissing
from portal.organisation.changes import OrganisationChange, What, tell
from portal.organisation.models import Site

__all__ = ["SiteDetails", "create_site", "default_site", "delete_site", "update_site"]


@dataclass(frozen=True, slots=True)
class SiteDetails:
    """What is typed about a site; ``time_zone`` is a name of the IANA list."""

    name: str
    time_zone: str
    address: str = ""


def default_site() -> Site:
    """The oldest site, which is made, in the operator's time zone, where there is none yet."""
    site = Site.objects.order_by("id").first()
    if site is not None:
        return site
    return Site.objects.get_or_create(name="Main site", defaults={"time_zone": settings.TIME_ZONE})[
        0
    ]


@transaction.atomic
def create_site(details: SiteDetails) -> Site:
    _require_all_sites(require("organisation.manage"))
    site = _filled(Site(), details)
    site.save(force_insert=True)
    record("organisation.site.created", target=site, after=_snapshot(site))
    return site


@transaction.atomic
def update_site(site: Site, details: SiteDetails) -> Site:
    """Days are named by another time zone from three days ago on. Raises ``DomainError``; also what
    whoever plans by the clock refuses."""
    require("organisation.manage")
    locked = Site.objects.select_for_update().get(pk=site.pk)
    before = _snapshot(locked)
    _filled(locked, details).save()
    record("organisation.site.updated", target=locked, before=before, after=_snapshot(locked))
    if locked.time_zone != before["time_zone"]:
        tell(OrganisationChange(what=What.TIME_ZONE, site_id=locked.pk))
    return locked


@transaction.atomic
def delete_site(site: Site) -> None:
    """Raises ``DomainError`` ``organisation.not_empty`` while anything belongs to the site."""
    _require_all_sites(require("organisation.manage"))
    locked = Site.objects.select_for_update().get(pk=site.pk)
    held = [
        word
        for word, rows in (
            ("departments", locked.departments),
            ("people or former people", locked.people),
            ("cameras", locked.cameras),
            ("users limited to it", locked.users),
            ("shifts of its own", locked.shifts),
        )
        if rows.exists()
    ]
    if held or Site.objects.count() == 1:
        reason = f"it still has {', '.join(held)}" if held else "it is the only one"
        raise DomainError(
            f"{locked.name} cannot be deleted: {reason}.",
            code="organisation.not_empty",
            http_status=409,
        )
    record("organisation.site.deleted", target=locked, before=_snapshot(locked))
    try:
        locked.delete()
    except ProtectedError as error:
        # People move away; the days, visits and periods that they leave behind tell of the site.
        kinds = sorted({str(row._meta.verbose_name_plural) for row in error.protected_objects})
        raise DomainError(
            f"{locked.name} cannot be deleted: records of its past remain ({', '.join(kinds)}).",
            code="organisation.not_empty",
            http_status=409,
        ) from error


def _require_all_sites(actor: Actor) -> None:
    if actor.scope.site_ids is not None:
        raise PermissionMissing(
            "Your rights are limited to certain sites. Only somebody who answers for all of them "
            "can add or delete one."
        )


def _filled(site: Site, details: SiteDetails) -> Site:
    site.name, site.time_zone = details.name.strip(), details.time_zone
    site.address = details.address.strip()
    if Site.objects.filter(name__iexact=site.name).exclude(pk=site.pk).exists():
        raise DomainError(
            f"There is a site called {site.name} already.",
            code="organisation.name_taken",
            http_status=409,
        )
    try:
        site.full_clean(validate_unique=False)
    except ValidationError as error:
        raise DomainError(" ".join(error.messages), code="organisation.invalid") from error
    return site


def _snapshot(site: Site) -> dict[str, str]:
    return {"name": site.name, "time_zone": site.time_zone, "address": site.address}
