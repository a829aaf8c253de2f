"""Writes to sites and departments."""

from portal.organisation.services.department import department_at
from portal.organisation.services.site import default_site

__all__ = ["default_site", "department_at"]
