"""Reports that the actor keeps under a name. Public surface: ``owned_report``, ``owned_reports``."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from portal.core.context import require
from portal.core.errors import NotFound
from portal.reports.models import ReportRun, SavedReport

__all__ = ["owned_report", "owned_reports"]

# The last turn of a monthly report lies in it.
_SHOWN: Final = timedelta(days=40)


def owned_reports() -> QuerySet[SavedReport]:
    """By name, each with how its latest sendings went."""
    actor = require("reports.view")
    if actor.kind != "user" or not actor.id.isdigit():
        return SavedReport.objects.none()
    recent = ReportRun.objects.filter(due_at__gte=timezone.now() - _SHOWN)
    runs = Prefetch("runs", recent.order_by("-due_at"))
    return SavedReport.objects.filter(owner=int(actor.id)).prefetch_related(runs).order_by("name")


def owned_report(report_id: UUID) -> SavedReport:
    report = owned_reports().filter(pk=report_id).first()
    if report is None:
        raise NotFound("There is no such saved report, or it is somebody else's.")
    return report
