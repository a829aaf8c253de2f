"""Reads of imported files of punches. Public surface: ``visible_imports``, ``visible_import``,
``refused_rows``, ``earlier_import``, ``usual_zone``."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from portal.attendance.models import PunchImport, PunchImportRow
from portal.core.context import EVERYTHING, require
from portal.core.errors import NotFound
from portal.organisation.selectors import visible_sites

__all__ = [
    "earlier_import",
    "refused_rows",
    "usual_zone",
    "visible_import",
    "visible_imports",
]


def visible_imports() -> QuerySet[PunchImport]:
    """All of them, newest first; for an actor whose rights end somewhere, their own."""
    actor = require("attendance.manage")
    imports = PunchImport.objects.select_related("job").order_by("-id")
    if actor.scope == EVERYTHING:
        return imports
    return imports.filter(imported_by__id=int(actor.id)) if actor.kind == "user" else imports.none()


def visible_import(import_id: UUID) -> PunchImport:
    imported = visible_imports().filter(pk=import_id).first()
    if imported is None:
        raise NotFound("There is no such import, or it was deleted after its time.")
    return imported


def refused_rows(imported: PunchImport) -> QuerySet[PunchImportRow]:
    require("attendance.manage")
    return imported.refused.order_by("line", "id")


def earlier_import(imported: PunchImport) -> PunchImport | None:
    """The last time that the very same file was applied."""
    same = visible_imports().filter(sha256=imported.sha256, state=PunchImport.State.APPLIED)
    return same.filter(pk__lt=imported.pk).first() if imported.sha256 else None


def usual_zone() -> str:
    """That of the first site that the actor's rights reach."""
    site = visible_sites().order_by("id").first()
    return site.time_zone if site is not None else str(settings.TIME_ZONE)
