"""Reads about engines: which space is active, which workers live, the policy in force."""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings
from django.utils import timezone

from portal.core.context import require
from portal.engines.models import Space, WorkerReport
from recognition.decision import DecisionPolicy, ThresholdEstimate, estimate_threshold

__all__ = [
    "active_space",
    "duplicate_policy",
    "live_workers",
    "policy_in_force",
    "threshold_estimate",
    "worker_reports",
]


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


# A smaller gallery is judged like one of this size: hardly anybody enrolled is missed at that
# threshold (FNIR below 1 % with three photos), and it does not jump while the first are enrolled.
SMALL_GALLERY = 50

# "This face is somebody else's already" stops an enrolment, so it must hardly ever be said in
# error: at most once in a thousand new people, whatever rate the site chose for its cameras.
DUPLICATE_RATE = 0.001


def duplicate_policy(gallery_size: int) -> DecisionPolicy:
    """The rule by which an enrolment photo is taken for somebody who is enrolled already."""
    usual = policy_in_force(gallery_size)
    strict = _estimate(gallery_size, rate=DUPLICATE_RATE).threshold
    return replace(usual, threshold=max(usual.threshold, strict))


def policy_in_force(gallery_size: int) -> DecisionPolicy:
    """The decision rule for a gallery of this many people.

    Unless an operator fixed it, the threshold follows the gallery's size, so that at most the
    configured share of strangers is named: FPIR = 1 - (1 - FMR)^N.
    """
    fixed = settings.RECOGNITION.threshold
    if fixed is not None:
        return DecisionPolicy(threshold=fixed)
    return DecisionPolicy(threshold=threshold_estimate(gallery_size).threshold)


def threshold_estimate(gallery_size: int) -> ThresholdEstimate:
    """The threshold for the configured share of strangers, and whether evidence reaches so far."""
    return _estimate(gallery_size, rate=settings.RECOGNITION.stranger_rate)


def _estimate(gallery_size: int, *, rate: float) -> ThresholdEstimate:
    return estimate_threshold(max(gallery_size, SMALL_GALLERY), fpir=rate)


def worker_reports() -> list[WorkerReport]:
    """Recognition first: it is what people come to look at."""
    require("system.view")
    reports = WorkerReport.objects.order_by("name")
    return sorted(reports, key=lambda one: one.role != WorkerReport.Role.RECOGNITION)


def live_workers(role: str) -> int:
    """How many workers of a role gave a sign of life lately (needs no permission: no details)."""
    return WorkerReport.objects.filter(
        role=role,
        state=WorkerReport.State.READY,
        heartbeat_at__gte=timezone.now() - WorkerReport.SILENT_AFTER,
    ).count()
