"""Reads about engines: which space is active, which workers live, the policy in force."""

from __future__ import annotations

from django.conf import settings
from django.utils import timezone

from portal.core.context import require
from portal.engines.models import Space, WorkerReport
from recognition.decision import DecisionPolicy, threshold_for

__all__ = ["active_space", "live_workers", "policy_in_force", "worker_reports"]

def active_space() -> Space | None:
    """The space that the recognition worker which started last works in."""
    report = (
        WorkerReport.objects.filter(role=WorkerReport.Role.RECOGNITION)
        .exclude(state=WorkerReport.State.FAILED)
        .order_by("-started_at")
        .first()
    )
    if report is not None:
        space = Space.objects.filter(pk=report.engine.get("space_id", "")).first()
        if space is not None:
            return space
    return Space.objects.order_by("-created_at").first()


def policy_in_force(gallery_size: int) -> DecisionPolicy:
    """The decision rule for a gallery of this many people.

    Unless an operator fixed it, the threshold follows the gallery's size, so that at most the
    configured share of strangers is named: FPIR = 1 - (1 - FMR)^N.
    """
    config = settings.RECOGNITION
    fixed = config["threshold"]
    threshold = (
        fixed
        if fixed is not None
        else threshold_for(gallery_size, fpir=config["stranger_rate"])
    )
    return DecisionPolicy(threshold=threshold)


def worker_reports() -> list[WorkerReport]:
    require("system.view")
    return list(WorkerReport.objects.all())


def live_workers(role: str) -> int:
    """How many workers of a role gave a sign of life lately (needs no permission: no details)."""
    return WorkerReport.objects.filter(
        role=role,
        state=WorkerReport.State.READY,
        heartbeat_at__gte=timezone.now() - WorkerReport.SILENT_AFTER,
    ).count()
