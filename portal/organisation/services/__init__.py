"""Writes to sites and departments."""

from portal.organisation.services.department import (
    MAX_DEPTH,
    change_department,
    create_department,
    delete_department,
    department_at,
)
from portal.organisation.services.site import (
    SiteDetails,
    create_site,
    default_site,
    delete_site,
    update_site,
)

__all__ = [
    "MAX_DEPTH",
    "SiteDetails",
    "change_department",
    "create_department",
    "create_site",
    "default_site",
    "delete_department",
    "delete_site",
    "department_at",
    "update_site",
]
