"""Cameras that fell silent, and came back. Public surface: ``consider_outages``.

An outage is told of once for each rule, from the moment that it has lasted as long as the rule
asks for; its alert closes itself when the camera is back, is switched off, or rests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from portal.alerts.matching import RuleView, holds_at
from portal.alerts.models import Alert, AlertRule, Watermark
from portal.alerts.services.raising import close_by_itself, raise_alert
from portal.cameras.models import Camera, CameraHealth

__all__ = ["consider_outages"]

# A live camera of which nobody wrote for so long is watched by nobody: as bad as offline.
UNWATCHED: Final = timedelta(seconds=45)
State = CameraHealth.State


@dataclass(frozen=True, slots=True)
class Outage:
    camera: Camera
    since: datetime


def consider_outages(rules: Sequence[RuleView]) -> int:
    """Raise and close alerts of these ``camera_offline`` rules; returns how many were raised."""
    now = timezone.now()
    outages = _outages(now) if rules else []
    alerts = _open_alerts()
    over = [alert for alert in alerts if _is_back(alert)]
    told = {(alert.rule_id, alert.camera_id) for alert in alerts}
    due = [
        (outage, view)
        for outage in outages
        for view in rules
        if (view.rule.pk, outage.camera.pk) not in told and _asks_for(view, outage, now)
    ]
    if not due and not over:
        return 0
    with transaction.atomic():
        list(Watermark.objects.select_for_update().filter(pk=1))
        for alert in over:
            close_by_itself(alert, at=now, memo=_ending(alert, now))
        return sum(_raise(outage, view, now) for outage, view in due)


def _outages(now: datetime) -> list[Outage]:
    """By when the last picture came at the latest, so that a word that changes (offline, refused)
    makes no second outage of one."""
    unwatched = Q(camera__kind__in=Camera.LIVE, updated_at__lt=now - UNWATCHED) & ~Q(
        state=State.RESTING
    )
    rows = CameraHealth.objects.filter(
        Q(state__in=[State.OFFLINE, State.REFUSED]) | unwatched, camera__is_enabled=True
    ).select_related("camera__site")
    return [
        Outage(
            row.camera,
            row.state_since if row.state in {State.OFFLINE, State.REFUSED} else row.updated_at,
        )
        for row in rows
    ]


def _asks_for(view: RuleView, outage: Outage, now: datetime) -> bool:
    """Unless the rule names it, only a camera that Gatehouse fetches from: one that sends by itself
    may have nothing to send, and a browser's page may be closed."""
    rule, camera = view.rule, outage.camera
    is_meant = camera.is_live if rule.is_for_all_cameras else camera.pk in view.camera_ids
    return (
        is_meant
        and now - outage.since >= timedelta(seconds=rule.min_dwell_s)
        and holds_at(view, now, site_id=camera.site_id, zone=camera.site.time_zone)
    )


def _raise(outage: Outage, view: RuleView, now: datetime) -> bool:
    mine = Alert.objects.filter(rule=view.rule, camera=outage.camera)
    if mine.exclude(state=Alert.State.CLOSED).exists():
        return False  # by another worker meanwhile
    if view.rule.cooldown_min and mine.filter(opened_at__gt=now - view.cooldown).exists():
        return False
    alert = raise_alert(
        view,
        subject=f"outage:{outage.camera.pk}:{outage.since.isoformat()}",
        site_id=outage.camera.site_id,
        at=now,
        camera=outage.camera,
    )
    return alert is not None


def _open_alerts() -> list[Alert]:
    alerts = Alert.objects.filter(rule__event=AlertRule.Event.CAMERA_OFFLINE)
    return list(
        alerts.exclude(state=Alert.State.CLOSED).select_related("rule", "camera", "camera__status")
    )


def _is_back(alert: Alert) -> bool:
    camera = alert.camera
    status = getattr(camera, "status", None)
    if camera is None or status is None or not camera.is_enabled:
        return True
    is_fresh = not camera.is_live or timezone.now() - status.updated_at < UNWATCHED
    return status.state == State.RESTING or (status.state == State.ONLINE and is_fresh)


def _ending(alert: Alert, now: datetime) -> str:
    began = datetime.fromisoformat(alert.subject.split(":", 2)[2])
    camera = alert.camera
    if camera is None or not camera.is_enabled:
        return f"Switched off after {_words(now - began)}."
    status = camera.status
    ended = max(began, min(now, status.state_since)) if status.state == State.ONLINE else now
    return f"Back after {_words(ended - began)}."


def _words(length: timedelta) -> str:
    seconds = max(1, round(length.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 2 * 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"
