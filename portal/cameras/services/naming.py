"""What a camera is called and where it stands, as its making and its settings check it."""

from __future__ import annotations

from uuid import UUID

from portal.cameras.models import Camera
from portal.core.errors import DomainError
from portal.core.naming import free_name
from portal.organisation.models import Site
from portal.organisation.selectors import visible_sites
from portal.organisation.services import default_site

__all__ = ["checked_name", "site_of"]


def checked_name(name: str, *, camera: Camera | None = None) -> str:
    return free_name(name, model=Camera, noun="camera", unless=camera)


def site_of(site_id: UUID | None) -> Site:
    """The site, or the oldest one that the actor's rights reach."""
    if site_id is None:
        return visible_sites().order_by("id").first() or default_site()
    site = visible_sites().filter(pk=site_id).first()
    if site is None:
        raise DomainError("There is no such site. Choose one of the list.", code="camera.site")
    return site
