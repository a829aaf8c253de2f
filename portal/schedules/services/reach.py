"""How far the actor's rights reach: rules of all sites are for whoever answers for all of them.

Public surface: ``require_site``, ``require_everywhere``, ``reaches``.
"""

from __future__ import annotations

from uuid import UUID

from portal.core.context import current_actor, require
from portal.core.errors import PermissionMissing

__all__ = ["reaches", "require_everywhere", "require_site"]


def reaches(site_id: UUID | None) -> bool:
    """Whether the actor may change what concerns a site (None: every one), as a page asks."""
    actor = current_actor()
    sites = actor.scope.site_ids
    return (
        actor.may("schedules.manage")
        and actor.scope.department_ids is None
        and (sites is None or site_id in sites)
    )


def require_everywhere(what: str) -> None:
    """``what`` concerns every site."""
    scope = require("schedules.manage").scope
    if scope.site_ids is not None or scope.department_ids is not None:
        raise PermissionMissing(
            f"{what} would concern every site, and your rights are limited to some. Ask an "
            "administrator, or choose one of your sites."
        )


def require_site(site_id: UUID | None, what: str) -> None:
    """``what`` concerns a site, or every one where that is None."""
    if site_id is None:
        require_everywhere(what)
        return
    scope = require("schedules.manage").scope
    beyond = scope.site_ids is not None and site_id not in scope.site_ids
    if beyond or scope.department_ids is not None:
        raise PermissionMissing(
            f"{what} would concern a site that your rights do not wholly reach. Ask an "
            "administrator."
        )
