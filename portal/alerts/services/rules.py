"""Rules: what people want to be told of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction

from portal.alerts.models import AlertRule, Channel
from portal.audit.services import record
from portal.cameras.models import Camera
from portal.core.context import require
from portal.core.errors import DomainError, PermissionMissing
from portal.core.events import AlertsChanged, publish_on_commit
from portal.core.naming import free_name
from portal.core.week import Week

__all__ = ["RuleDetails", "create_rule", "delete_rule", "set_rule_enabled", "update_rule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDetails:
    """Everything that may be said of a rule; ``camera_ids`` empty: all, ``site_id`` None: all."""

    name: str
    event: str
    severity: str
    site_id: UUID | None = None
    camera_ids: frozenset[UUID] = frozenset()
    min_faces: int = 3
    min_dwell_s: int = 0
    cooldown_min: int = 0
    week: Week = field(default_factory=Week)
    channel_ids: frozenset[UUID] = frozenset()


@transaction.atomic
def create_rule(details: RuleDetails) -> AlertRule:
    require("alerts.manage")
    _check(details)
    rule = AlertRule.objects.create(**_columns(details))
    _relate(rule, details)
    record("alerts.rule.created", target=rule, after=_told(details))
    _announce()
    return rule


@transaction.atomic
def update_rule(rule: AlertRule, details: RuleDetails) -> AlertRule:
    require("alerts.manage")
    rule = AlertRule.objects.select_for_update().get(pk=rule.pk)
    _require_within(rule.site_id)
    _check(details, unless=rule)
    if details.event != rule.event and rule.alerts.exists():
        raise DomainError(
            "Alerts of this rule exist, and would be called something else. Make a new rule for "
            "the other event, and switch this one off.",
            code="rule.event_fixed",
            http_status=409,
        )
    before = {"severity": rule.severity, "min_faces": rule.min_faces}
    for name, value in _columns(details).items():
        setattr(rule, name, value)
    rule.save()
    _relate(rule, details)
    record("alerts.rule.changed", target=rule, before=before, after=_told(details))
    _announce()
    return rule


@transaction.atomic
def set_rule_enabled(rule: AlertRule, *, is_enabled: bool) -> AlertRule:
    require("alerts.manage")
    rule = AlertRule.objects.select_for_update().get(pk=rule.pk)
    _require_within(rule.site_id)
    if rule.is_enabled != is_enabled:
        rule.is_enabled = is_enabled
        rule.save(update_fields=["is_enabled"])
        word = "on" if is_enabled else "off"
        record(f"alerts.rule.switched_{word}", target=rule, after={"is_enabled": is_enabled})
        _announce()
    return rule


@transaction.atomic
def delete_rule(rule: AlertRule) -> None:
    """Only where it never raised an alert: the history names its rules."""
    require("alerts.manage")
    rule = AlertRule.objects.select_for_update().get(pk=rule.pk)
    _require_within(rule.site_id)
    if rule.alerts.exists():
        raise DomainError(
            f"Alerts of “{rule.name}” are in the history. Switch the rule off instead.",
            code="rule.in_use",
            http_status=409,
        )
    record("alerts.rule.deleted", target=rule, before={"event": rule.event})
    rule.delete()
    _announce()


def _check(details: RuleDetails, *, unless: AlertRule | None = None) -> None:
    _require_within(details.site_id)
    free_name(details.name, model=AlertRule, noun="rule", unless=unless)
    known = details.event in AlertRule.Event.values, details.severity in AlertRule.Severity.values
    if not all(known):
        raise DomainError("There is no such event or severity.", code="rule.kind")
    _check_cameras(details)


def _check_cameras(details: RuleDetails) -> None:
    cameras = Camera.objects.filter(pk__in=details.camera_ids)
    if details.site_id is not None:
        elsewhere = cameras.exclude(site=details.site_id).first()
        if elsewhere is not None:
            raise DomainError(
                f"{elsewhere.name} is at another site than the rule. Take the camera out, or let "
                "the rule hold at every site.",
                code="rule.camera_elsewhere",
            )
    if cameras.count() != len(details.camera_ids):
        raise DomainError("One of these cameras is gone.", code="rule.camera_gone")
    if Channel.objects.filter(pk__in=details.channel_ids).count() != len(details.channel_ids):
        raise DomainError("One of these channels is gone.", code="rule.channel_gone")


def _require_within(site_id: UUID | None) -> None:
    sites = require("alerts.manage").scope.site_ids
    if sites is not None and site_id not in sites:
        raise PermissionMissing(
            "Your rights reach certain sites only: choose one of them. Rules that hold at other "
            "sites are changed by an administrator whose rights reach these."
        )


def _columns(details: RuleDetails) -> dict[str, Any]:
    return {
        "name": details.name.strip()[:80],
        "event": details.event,
        "severity": details.severity,
        "site_id": details.site_id,
        "is_for_all_cameras": not details.camera_ids,
        "min_faces": details.min_faces,
        "min_dwell_s": details.min_dwell_s,
        "cooldown_min": details.cooldown_min,
        "schedule": details.week.stored(),
    }


def _relate(rule: AlertRule, details: RuleDetails) -> None:
    rule.cameras.set(Camera.objects.filter(pk__in=details.camera_ids))
    rule.channels.set(Channel.objects.filter(pk__in=details.channel_ids))


def _told(details: RuleDetails) -> dict[str, Any]:
    return {
        "event": details.event,
        "severity": details.severity,
        "min_faces": details.min_faces,
        "min_dwell_s": details.min_dwell_s,
        "cooldown_min": details.cooldown_min,
        "cameras": len(details.camera_ids),
        "channels": len(details.channel_ids),
        "hours": len(details.week.windows),
    }


def _announce() -> None:
    publish_on_commit("alerts", AlertsChanged(type="alerts.changed", ids=[], alarms=[]))
