"""What people do with alerts: acknowledge and close them, one or many at once, and take it back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from portal.alerts.models import Alert, AlertRule
from portal.alerts.selectors import visible_alerts
from portal.alerts.services.raising import announce
from portal.audit.services import record
from portal.core.context import Actor, require
from portal.core.errors import DomainError, NotFound
from portal.journal.models import Act
from portal.journal.registry import undoes
from portal.journal.services import note_act

__all__ = ["MEMO_LENGTH", "MOST_AT_ONCE", "RIGHT", "acknowledge_alerts", "close_alerts"]

MEMO_LENGTH: Final = 500
MOST_AT_ONCE: Final = 500
# To look is one right, to say that something is dealt with another.
RIGHT: Final = "review.decide"

_FIELDS: Final = ("state", "acknowledged_by", "closed_by", "memo")
_TIMES: Final = ("acknowledged_at", "closed_at")


@transaction.atomic
def acknowledge_alerts(alert_ids: Sequence[UUID], *, memo: str = "") -> Act:
    """Somebody sees to them. Those acknowledged or closed before stay as they are; raises
    ``DomainError`` where that is all of them."""
    return _answer(
        "alerts.acknowledge",
        alert_ids,
        [Alert.State.OPEN],
        _acknowledge,
        memo=memo,
        word="Acknowledged",
    )


@transaction.atomic
def close_alerts(alert_ids: Sequence[UUID], *, memo: str = "") -> Act:
    """They are dealt with. An alarm is closed with a memo only, so that later readers know why."""
    return _answer(
        "alerts.close",
        alert_ids,
        [Alert.State.OPEN, Alert.State.ACKNOWLEDGED],
        _close,
        memo=memo,
        word="Closed",
    )


def _answer(
    kind: str,
    alert_ids: Sequence[UUID],
    states: Sequence[str],
    change: Callable[[Alert, Actor, datetime], None],
    *,
    memo: str,
    word: str,
) -> Act:
    actor = require(RIGHT)
    memo = _checked(alert_ids, memo)
    found = visible_alerts().filter(pk__in=alert_ids)
    alerts = list(found.filter(state__in=states).select_for_update(of=("self",)))
    if not alerts:
        _refuse(found.exists())
    before = {str(alert.pk): _snapshot(alert) for alert in alerts}
    now = timezone.now()
    for alert in alerts:
        alert.memo = memo or alert.memo
        change(alert, actor, now)
        alert.save(update_fields=[*_FIELDS, *_TIMES])
        record(f"{kind}d", target=alert, after={"state": alert.state, "memo": bool(alert.memo)})
    after = {str(alert.pk): alert.state for alert in alerts}
    title = f"{word} {'an alert' if len(alerts) == 1 else f'{len(alerts)} alerts'}"
    act = note_act(kind, title, data={"before": before, "after": after}, person_id=None)
    announce(alerts)
    return act


def _checked(alert_ids: Sequence[UUID], memo: str) -> str:
    memo = memo.strip()
    if not alert_ids:
        raise DomainError("Tick at least one alert.", code="alert.none")
    if len(alert_ids) > MOST_AT_ONCE:
        raise DomainError(f"At most {MOST_AT_ONCE} alerts at once.", code="alert.too_many")
    if len(memo) > MEMO_LENGTH:
        raise DomainError(
            f"The memo has {len(memo)} characters; at most {MEMO_LENGTH} are kept. Shorten it.",
            code="alert.memo_length",
        )
    return memo


def _refuse(is_there: bool) -> None:
    if not is_there:
        raise NotFound("There is no such alert.")
    raise DomainError(
        "Somebody was faster: this was answered already.", code="alert.answered", http_status=409
    )


def _acknowledge(alert: Alert, actor: Actor, now: datetime) -> None:
    alert.state = Alert.State.ACKNOWLEDGED
    alert.acknowledged_at, alert.acknowledged_by = now, actor.label[:254]


def _close(alert: Alert, actor: Actor, now: datetime) -> None:
    if alert.rule.severity == AlertRule.Severity.DANGER and not alert.memo:
        raise DomainError(
            "An alarm is closed with a memo: write in a few words what it was.",
            code="alert.memo_missing",
        )
    alert.state = Alert.State.CLOSED
    alert.closed_at, alert.closed_by = now, actor.label[:254]


def _snapshot(alert: Alert) -> dict[str, Any]:
    times = {name: getattr(alert, name) for name in _TIMES}
    return {
        **{name: getattr(alert, name) for name in _FIELDS},
        **{name: at.isoformat() if at else None for name, at in times.items()},
    }


@undoes(
    "alerts.acknowledge",
    label="Alerts acknowledged",
    effect="The alerts are open again.",
    permission=RIGHT,
)
@undoes(
    "alerts.close",
    label="Alerts closed",
    effect="The alerts are as they were before.",
    permission=RIGHT,
)
def _take_back(act: Act) -> None:
    """Those that were changed since stay as they are; where all were, there is nothing to undo."""
    after = act.data["after"]
    alerts = [
        alert
        for alert in visible_alerts().filter(pk__in=after).select_for_update(of=("self",))
        if alert.state == after[str(alert.pk)]
    ]
    if not alerts:
        raise DomainError(
            "The alerts were changed since, or are gone.", code="alert.changed", http_status=409
        )
    for alert in alerts:
        before = act.data["before"][str(alert.pk)]
        for name in _FIELDS:
            setattr(alert, name, before[name])
        for name in _TIMES:
            setattr(alert, name, parse_datetime(before[name]) if before[name] else None)
        alert.save(update_fields=[*_FIELDS, *_TIMES])
    announce(alerts)
