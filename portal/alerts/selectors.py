"""Reads of alerts, rules, channels and deliveries, within the actor's scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, IntegerField, Max, Q, QuerySet, Value, When

from portal.alerts.models import Alert, AlertRule, Channel, Delivery
from portal.core.context import Actor, require
from portal.core.errors import NotFound
from portal.core.kept_count import KeptCount
from portal.people.selectors import within_scope

__all__ = [
    "alarms_among",
    "alerts_within",
    "all_channels",
    "forget_open_alert_count",
    "in_order",
    "open_alert_count",
    "strangers_cameras",
    "troubled_channels",
    "visible_alert",
    "visible_alerts",
    "visible_channel",
    "visible_deliveries",
    "visible_delivery",
    "visible_rule",
    "visible_rules",
]

_URGENCY = Case(
    When(rule__severity=AlertRule.Severity.DANGER, then=Value(0)),
    When(rule__severity=AlertRule.Severity.WARNING, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)
_STANDING = Case(
    When(state=Alert.State.OPEN, then=Value(0)),
    When(state=Alert.State.ACKNOWLEDGED, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


def alerts_within(actor: Actor) -> Q:
    """By the alert's site; whoever sees certain people only sees alerts about these, and neither
    strangers nor cameras."""
    scope, condition = actor.scope, Q()
    if scope.site_ids is not None:
        condition &= Q(site__in=scope.site_ids)
    if scope.department_ids is not None or scope.person_id is not None:
        condition &= Q(visit__person__isnull=False) & within_scope(scope, path="visit__person__")
    return condition


def strangers_cameras() -> QuerySet[AlertRule, Any]:
    """The keys of cameras that rules about unknown or watched faces name; for the worker."""
    rules = AlertRule.objects.filter(
        event__in=(AlertRule.Event.STRANGER, AlertRule.Event.WATCHED),
        is_enabled=True,
        is_for_all_cameras=False,
        cameras__isnull=False,
    )
    return rules.order_by().values("cameras")


def visible_alerts() -> QuerySet[Alert]:
    """Newest first, with all that a page shows of them."""
    actor = require("alerts.view")
    return Alert.objects.filter(alerts_within(actor)).select_related(
        *("rule", "site", "camera"),
        *("visit__site", "visit__camera", "visit__last_camera"),
        *("visit__stranger", "visit__best_face"),
    )


def in_order(alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    """What is open first, by severity; the closed ones by time alone."""
    urgency = Case(
        When(state=Alert.State.CLOSED, then=Value(0)), default=_URGENCY, output_field=IntegerField()
    )
    return alerts.order_by(_STANDING, urgency, "-opened_at", "-id")


def visible_alert(alert_id: UUID) -> Alert:
    alert = visible_alerts().filter(pk=alert_id).first()
    if alert is None:
        raise NotFound("There is no such alert, or what it was about was deleted after its time.")
    return alert


def alarms_among(alert_ids: Sequence[UUID]) -> list[Alert]:
    """Those of them that are alarms, still open, and this actor's to see."""
    found = visible_alerts().filter(
        pk__in=alert_ids, state=Alert.State.OPEN, rule__severity=AlertRule.Severity.DANGER
    )
    return list(found.order_by("id"))


def open_alert_count() -> int:
    """How many wait for somebody; asked with every page."""
    return _open_alerts.of(require("alerts.view"))


def forget_open_alert_count() -> None:
    _open_alerts.forget()


def _count_open(actor: Actor) -> int:
    return Alert.objects.filter(alerts_within(actor), state=Alert.State.OPEN).count()


_open_alerts = KeptCount("alerts.open", _count_open)


def visible_rules() -> QuerySet[AlertRule]:
    """The rules that hold at the actor's sites, with how many alerts they raised there."""
    actor = require("alerts.view")
    rules = AlertRule.objects.select_related("site").prefetch_related("cameras", "channels")
    counted = Q()
    if actor.scope.site_ids is not None:
        rules = rules.filter(Q(site=None) | Q(site__in=actor.scope.site_ids))
        counted = Q(alerts__site__in=actor.scope.site_ids)
    return rules.annotate(
        alert_count=Count("alerts", filter=counted),
        last_alert_at=Max("alerts__opened_at", filter=counted),
    ).order_by("name")


def visible_rule(rule_id: UUID) -> AlertRule:
    rule = visible_rules().filter(pk=rule_id).first()
    if rule is None:
        raise NotFound("There is no such rule.")
    return rule


def all_channels() -> QuerySet[Channel]:
    """Channels serve every site; where they lead is shown as a hint only."""
    require("alerts.view")
    return Channel.objects.prefetch_related("rules").annotate(
        waiting_count=Count(
            "deliveries", filter=Q(deliveries__state=Delivery.State.WAITING), distinct=True
        ),
        failed_count=Count(
            "deliveries", filter=Q(deliveries__state=Delivery.State.FAILED), distinct=True
        ),
        last_sent_at=Max("deliveries__sent_at"),
    )


def troubled_channels() -> QuerySet[Channel]:
    """Those that Gatehouse itself switched off."""
    require("alerts.view")
    return Channel.objects.exclude(trouble="").order_by("name")


def visible_channel(channel_id: UUID) -> Channel:
    channel = all_channels().filter(pk=channel_id).first()
    if channel is None:
        raise NotFound("There is no such channel.")
    return channel


def visible_deliveries() -> QuerySet[Delivery]:
    """Newest first, of the alerts that the actor may see."""
    actor = require("alerts.view")
    alerts = Alert.objects.filter(alerts_within(actor)).order_by()
    return (
        Delivery.objects.filter(alert__in=alerts)
        .select_related("channel", "alert__rule", "alert__camera", "alert__visit__stranger")
        .order_by("-id")
    )


def visible_delivery(delivery_id: UUID) -> Delivery:
    delivery = visible_deliveries().filter(pk=delivery_id).first()
    if delivery is None:
        raise NotFound("There is no such delivery.")
    return delivery
