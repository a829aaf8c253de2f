"""Whether a rule asks to be told of a visit. Decides on what it is given and reads nothing.

Public surface: ``SURELY_NAMED``, ``GROUPING_TIME``, ``RuleView``, ``asks_for_visit``, ``holds_at``,
``is_over``, ``rule_view``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q

from portal.alerts.models import AlertRule
from portal.core.errors import DomainError
from portal.core.week import Week
from portal.review.models import Stranger
from portal.sightings.models import RecognisedFace, Visit

__all__ = [
    "GROUPING_TIME",
    "SURELY_NAMED",
    "RuleView",
    "asks_for_visit",
    "holds_at",
    "is_over",
    "rule_view",
]

Event = AlertRule.Event

# So long a stranger's visit may wait to be told whose it is, before it is alarming by itself:
# longer than until it is grouped (``portal.review.waiting.LONG_ENOUGH``) and the clock rings for
# that once.
GROUPING_TIME: Final = timedelta(seconds=5)
# Within so long the next frames of a visit that goes on may well say who it is.
SETTLING_TIME: Final = timedelta(seconds=3)
# Whoever was said to be one of these alarms nobody.
_SETTLED_STRANGERS: Final = frozenset(
    {Stranger.State.IGNORED, Stranger.State.NAMED, Stranger.State.NOT_A_FACE}
)


_RECOGNISED: Final = "The face was recognised after all."
_NAMED: Final = frozenset({Visit.Settled.CONFIRMED, Visit.Settled.ASSIGNED})
# A name that holds: by the engine's word, or by somebody's. Attendance and presence count the same.
SURELY_NAMED: Final = Q(is_confirmed=True) | Q(settled_as__in=_NAMED)


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule as it is weighed: with its hours read and its cameras at hand."""

    rule: AlertRule
    week: Week
    camera_ids: frozenset[UUID]
    channel_ids: tuple[UUID, ...]

    @property
    def cooldown(self) -> timedelta:
        return timedelta(minutes=self.rule.cooldown_min)


def rule_view(rule: AlertRule) -> RuleView | None:
    """``rule`` with ``cameras`` and ``channels`` prefetched; None where its hours cannot be read,
    so that one such row does not silence the others."""
    try:
        week = Week.of(rule.schedule)
    except DomainError:
        return None
    return RuleView(
        rule,
        week,
        frozenset(camera.pk for camera in rule.cameras.all()),
        tuple(channel.pk for channel in rule.channels.all() if channel.is_enabled),
    )


def asks_for_visit(view: RuleView, visit: Visit, *, now: datetime) -> bool:
    """Whether ``visit``, with its site, stranger, cameras and legs loaded, is one that the rule is
    about, apart from its cooldown. Whatever happened before the rule was made is not."""
    rule = view.rule
    return (
        visit.last_at >= rule.created_at
        and _happened(rule, visit, now)
        and _place_fits(view, visit)
        and (
            view.week.covers(visit.first_at, visit.site.time_zone)
            or view.week.covers(visit.last_at, visit.site.time_zone)
        )
    )


def holds_at(view: RuleView, instant: datetime, *, site_id: UUID, zone: str) -> bool:
    """Whether the rule holds at this site and moment."""
    return view.rule.site_id in (None, site_id) and view.week.covers(instant, zone)


def is_over(event: str, visit: Visit) -> str:
    """Why an open alert of ``event`` about ``visit`` has no ground any more; empty where it has."""
    if event not in {Event.STRANGER, Event.WATCHED, Event.UNCERTAIN}:
        return ""
    if visit.settled_as == Visit.Settled.NOT_A_FACE:
        return "Not a face, as somebody said."
    if event == Event.WATCHED:
        return ""
    if visit.settled_as in _NAMED:
        return "Somebody gave the face its name."
    return _why_known(visit) if event == Event.STRANGER else _why_settled(visit)


def _why_known(visit: Visit) -> str:
    stranger = visit.stranger
    if stranger is not None and stranger.state in _SETTLED_STRANGERS:
        return f"Somebody decided on this face: {stranger.get_state_display().lower()}."
    if visit.decision == RecognisedFace.Decision.MATCH and visit.is_confirmed:
        return _RECOGNISED
    return ""


def _why_settled(visit: Visit) -> str:
    if visit.settled_as:
        return "Somebody said whose face it is not."
    if visit.decision == RecognisedFace.Decision.UNCERTAIN:
        return ""
    if visit.is_confirmed:
        return _RECOGNISED
    # The next frames of one that goes on may well ask for the name again.
    return "No name is to be confirmed any more." if visit.closed_at is not None else ""


def _happened(rule: AlertRule, visit: Visit, now: datetime) -> bool:
    stranger = visit.stranger
    match rule.event:
        case Event.STRANGER:
            return (
                visit.decision == RecognisedFace.Decision.UNKNOWN
                and not visit.settled_as
                and _lasted(rule, visit)
                and (stranger is None or stranger.state not in _SETTLED_STRANGERS)
                and (
                    now - visit.created_at >= GROUPING_TIME
                    if stranger is None
                    else _had_time(visit, now)
                )
            )
        case Event.WATCHED:
            return (
                stranger is not None
                and stranger.state == Stranger.State.WATCHED
                and visit.settled_as != Visit.Settled.NOT_A_FACE
                and _lasted(rule, visit)
            )
        case Event.UNCERTAIN:
            return (
                visit.decision == RecognisedFace.Decision.UNCERTAIN
                and not visit.settled_as
                and _lasted(rule, visit)
                and _had_time(visit, now)
            )
        case Event.ARRIVAL:
            return visit.person_id is not None and (
                visit.is_confirmed or visit.settled_as in _NAMED
            )
        case _:
            return False


def _had_time(visit: Visit, now: datetime) -> bool:
    """Whether no next frame is likely to settle it."""
    return visit.closed_at is not None or now - visit.created_at >= SETTLING_TIME


def _lasted(rule: AlertRule, visit: Visit) -> bool:
    return visit.faces_usable >= rule.min_faces and (
        visit.last_at - visit.first_at >= timedelta(seconds=rule.min_dwell_s)
    )


def _place_fits(view: RuleView, visit: Visit) -> bool:
    """One of the cameras that saw the visit is one of the rule's; strangers are looked for at those
    that are there for security, unless the rule names another."""
    rule = view.rule
    if rule.site_id not in (None, visit.site_id):
        return False
    cameras = {visit.camera, visit.last_camera, *(leg.camera for leg in visit.legs.all())}
    if not rule.is_for_all_cameras:
        return any(camera.pk in view.camera_ids for camera in cameras)
    if rule.event in {Event.STRANGER, Event.WATCHED}:
        return any(camera.is_for_security for camera in cameras)
    return True
