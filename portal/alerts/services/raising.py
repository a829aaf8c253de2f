"""Making an alert and the deliveries that tell of it, and closing one that lost its ground.

Both are parts of a transaction of ``consider``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from portal.alerts.matching import RuleView
from portal.alerts.models import Alert, AlertRule, Delivery
from portal.alerts.selectors import forget_open_alert_count
from portal.audit.services import record
from portal.cameras.models import Camera
from portal.core.events import AlertsChanged, publish_on_commit
from portal.jobs.dispatch import ring_on_commit
from portal.sightings.models import Visit

__all__ = ["announce", "close_by_itself", "raise_alert"]


def raise_alert(
    view: RuleView,
    *,
    subject: str,
    site_id: UUID,
    at: datetime,
    camera: Camera,
    visit: Visit | None = None,
) -> Alert | None:
    """The alert; None where this rule raised one about ``subject`` before."""
    alert, is_new = Alert.objects.get_or_create(
        rule=view.rule,
        subject=subject,
        defaults={"site_id": site_id, "camera": camera, "visit": visit, "opened_at": at},
    )
    if not is_new:
        return None
    Delivery.objects.bulk_create(
        [Delivery(alert=alert, channel_id=channel, next_at=at) for channel in view.channel_ids],
        ignore_conflicts=True,
    )
    record(
        "alerts.alert.raised",
        target=alert,
        after={
            "rule": str(view.rule.pk),
            "event": view.rule.event,
            "severity": view.rule.severity,
            "channels": len(view.channel_ids),
        },
    )
    is_alarm = view.rule.severity == AlertRule.Severity.DANGER
    announce([alert], alarms=[alert] if is_alarm else [])
    if view.channel_ids:
        ring_on_commit("alerts.deliver")
    return alert


def close_by_itself(alert: Alert, *, at: datetime, memo: str) -> None:
    """What somebody wrote stays, and the reason is added."""
    alert.state, alert.closed_at = Alert.State.CLOSED, at
    alert.memo = f"{alert.memo} {memo}".strip()[:500]
    alert.save(update_fields=["state", "closed_at", "memo"])
    record("alerts.alert.closed", target=alert, after={"by_itself": True})
    announce([alert])


def announce(alerts: Sequence[Alert], *, alarms: Sequence[Alert] = ()) -> None:
    transaction.on_commit(forget_open_alert_count, robust=True)
    publish_on_commit(
        "alerts",
        AlertsChanged(
            type="alerts.changed",
            ids=[str(alert.pk) for alert in alerts],
            alarms=[str(alert.pk) for alert in alarms],
        ),
    )
