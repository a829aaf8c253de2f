"""Reads about engines: which space is active, which workers live, the policy in force."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from portal.core.context import require
from portal.engines.models import (
    DecisionRule,
    RuleAdoption,
    Space,
    SpaceAdoption,
    WorkerReport,
)
from recognition.config import DEFAULT_MODEL
from recognition.decision import DecisionPolicy, ThresholdEstimate, estimate_threshold

__all__ = [
    "Deciding",
    "active_space",
    "adopted_model",
    "deciding",
    "duplicate_policy",
    "live_workers",
    "moved_threshold",
    "policy_in_force",
    "policy_of",
    "rule_in_force",
    "shipped_policy",
    "threshold_estimate",
    "worker_reports",
]


def active_space() -> Space | None:
    """The space that faces are recognised in: the one adopted last, else the one that the
    recognition worker which started last works in."""
    adopted = SpaceAdoption.objects.select_related("space").first()
    if adopted is not None:
        return adopted.space
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
    # Another model that is only being prepared has a space, too.
    spaces = Space.objects.order_by("-created_at")
    return spaces.filter(model_id=DEFAULT_MODEL).first() or spaces.first()


def adopted_model() -> str:
    """What the engine is to be loaded by: the model adopted last, else the shipped one."""
    adopted = SpaceAdoption.objects.values_list("model", flat=True).first()
    return adopted or DEFAULT_MODEL


def rule_in_force(space_id: str | None = None) -> DecisionRule | None:
    """The saved rule that decides in this space (the active one, where none is named); None while
    the shipped rule does."""
    if space_id is None:
        space = active_space()
        if space is None:
            return None
        space_id = space.pk
    adopted = RuleAdoption.objects.filter(space_id=space_id).select_related("rule__space").first()
    return adopted.rule if adopted is not None else None


# A smaller gallery is judged like one of this size: hardly anybody enrolled is missed at that
# threshold (FNIR below 1 % with three photos), and it does not jump while the first are enrolled.
SMALL_GALLERY = 50

# No rule makes a threshold that every face, or none, would reach.
_HIGHEST = 0.99

# "This face is somebody else's already" stops an enrolment, so it must hardly ever be said in
# error: at most once in a thousand new people, whatever rate the site chose for its cameras.
DUPLICATE_RATE = 0.001


def duplicate_policy(gallery_size: int, *, space_id: str | None = None) -> DecisionPolicy:
    """The rule by which an enrolment photo is taken for somebody who is enrolled already.

    How strict a stricter one must be is known of the shipped model alone; with any other the usual
    rule decides.
    """
    space = active_space() if space_id is None else Space.objects.filter(pk=space_id).first()
    usual = policy_in_force(gallery_size, space_id=space.pk if space is not None else space_id)
    if space is not None and not space.is_shipped:
        return usual
    strict = _estimate(gallery_size, rate=DUPLICATE_RATE).threshold
    return replace(usual, threshold=max(usual.threshold, strict))


def policy_in_force(gallery_size: int, *, space_id: str | None = None) -> DecisionPolicy:
    """The decision rule for a gallery of this many people: the one that was saved last in the
    Calibration page, without any the shipped one."""
    return deciding(gallery_size, space_id=space_id).policy


@dataclass(frozen=True, slots=True)
class Deciding:
    """A policy, and the saved rule that it is of; None for the shipped one."""

    policy: DecisionPolicy
    rule: DecisionRule | None

    @property
    def rule_id(self) -> UUID | None:
        return self.rule.pk if self.rule is not None else None


def deciding(gallery_size: int, *, space_id: str | None = None) -> Deciding:
    """``policy_in_force`` for whoever says or writes down which rule decides."""
    rule = rule_in_force(space_id)
    if rule is None:
        return Deciding(shipped_policy(gallery_size), None)
    return Deciding(policy_of(rule, gallery_size), rule)


def shipped_policy(gallery_size: int) -> DecisionPolicy:
    """The rule that decides while none is saved: the operator's fixed threshold, or else one that
    follows the gallery's size, so that at most the configured share of strangers is named:
    FPIR = 1 - (1 - FMR)^N."""
    fixed = settings.RECOGNITION.threshold
    if fixed is not None:
        return DecisionPolicy(threshold=fixed)
    return DecisionPolicy(threshold=threshold_estimate(gallery_size).threshold)


def policy_of(rule: DecisionRule, gallery_size: int) -> DecisionPolicy:
    """What a saved rule comes to for a gallery of this many people: where it follows the gallery,
    its threshold is moved."""
    threshold = rule.threshold
    if rule.moves_with_gallery:
        threshold = moved_threshold(
            threshold,
            chosen_for=rule.gallery_size,
            gallery_size=gallery_size,
            stranger_rate=rule.stranger_rate,
        )
    return DecisionPolicy(
        threshold=min(max(threshold, -_HIGHEST), _HIGHEST),
        grey_band=rule.grey_band,
        min_margin=rule.min_margin,
    )


def moved_threshold(
    threshold: float, *, chosen_for: int, gallery_size: int, stranger_rate: float
) -> float:
    """A threshold of the shipped model that was chosen for so many people, for this many.

    It moves by as much as the model's curve does between the two at the share of strangers that
    was asked for. The curve is SFace's: no other model's threshold may be moved along it.
    """
    before = _estimate(chosen_for, rate=stranger_rate).threshold
    after = _estimate(gallery_size, rate=stranger_rate).threshold
    return min(max(threshold + after - before, -_HIGHEST), _HIGHEST)


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
