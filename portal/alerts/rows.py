"""Alerts and rules as the pages show them.

Public surface: ``AlertRow``, ``RuleRow``, ``alert_rows``, ``rule_rows``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import prefetch_related_objects
from django.urls import NoReverseMatch, reverse

from portal.alerts.models import Alert, AlertRule
from portal.alerts.wording import about, rule_words
from portal.core.context import current_actor
from portal.people.selectors import PersonName
from portal.sightings.rows import VisitRow, rows_of
from portal.sightings.selectors import view_of

__all__ = ["SEVERITY_LOOKS", "AlertRow", "RuleRow", "alert_rows", "rule_rows"]

# Tone and icon; the word is the severity's own label.
SEVERITY_LOOKS: Final = {
    AlertRule.Severity.DANGER: ("danger", "shield-alert"),
    AlertRule.Severity.WARNING: ("uncertain", "alert-triangle"),
    AlertRule.Severity.INFO: ("neutral", "info"),
}
_STATE_LOOKS: Final = {
    Alert.State.OPEN: ("accent", "circle-dot"),
    Alert.State.ACKNOWLEDGED: ("neutral", "eye"),
    Alert.State.CLOSED: ("match", "circle-check"),
}


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert with the face it is about, as far as the actor may see that."""

    alert: Alert
    visit: VisitRow | None
    visit_url: str
    stranger_url: str
    camera_url: str

    @property
    def title(self) -> str:
        return about(self.alert)

    @property
    def severity_tone(self) -> str:
        return SEVERITY_LOOKS[AlertRule.Severity(self.alert.rule.severity)][0]

    @property
    def severity_icon(self) -> str:
        return SEVERITY_LOOKS[AlertRule.Severity(self.alert.rule.severity)][1]

    @property
    def state_tone(self) -> str:
        return _STATE_LOOKS[Alert.State(self.alert.state)][0]

    @property
    def state_icon(self) -> str:
        return _STATE_LOOKS[Alert.State(self.alert.state)][1]

    @property
    def face_id(self) -> int | None:
        return self.visit.face_id if self.visit else None

    @property
    def portrait_id(self) -> UUID | None:
        return self.visit.view.portrait_id if self.visit else None

    @property
    def person(self) -> PersonName | None:
        """Whom the visit names."""
        return self.visit.view.person if self.visit else None

    @property
    def nearest(self) -> tuple[PersonName, float] | None:
        """Who is most like the face of all, where it has no name and the actor may see them."""
        if self.visit is None or self.person is not None or self.visit.view.suggested is None:
            return None
        return self.visit.view.nearest[0]

    @property
    def is_open(self) -> bool:
        return self.alert.state == Alert.State.OPEN

    @property
    def is_closed(self) -> bool:
        return self.alert.state == Alert.State.CLOSED


@dataclass(frozen=True, slots=True)
class RuleRow:
    rule: AlertRule
    words: str
    alert_count: int
    tone: str
    icon: str
    # It names cameras, and all of them were deleted.
    has_lost_cameras: bool


def alert_rows(alerts: Sequence[Alert]) -> list[AlertRow]:
    """With names and photos joined; a face is handed to whoever may see sightings only."""
    actor = current_actor()
    visits = {}
    if actor.may("sightings.view"):
        seen = [alert.visit for alert in alerts if alert.visit is not None]
        prefetch_related_objects(seen, "legs__camera")
        visits = {row.visit.pk: row for row in rows_of(view_of(seen))}
    return [
        AlertRow(
            alert=alert,
            visit=visits.get(alert.visit_id) if alert.visit_id else None,
            visit_url=_link("sightings:visit", alert.visit_id) if alert.visit_id in visits else "",
            stranger_url=_stranger_link(alert) if actor.may("review.view") else "",
            camera_url=_link("cameras:detail", alert.camera_id)
            if actor.may("cameras.view")
            else "",
        )
        for alert in alerts
    ]


def rule_rows(rules: Iterable[AlertRule]) -> list[RuleRow]:
    """``rules`` as ``visible_rules`` gives them; cameras of other sites are not named."""
    sites = current_actor().scope.site_ids
    rows = []
    for rule in rules:
        named = list(rule.cameras.all())
        cameras = [c.name for c in named if sites is None or c.site_id in sites]
        words = rule_words(
            rule,
            site=rule.site.name if rule.site else "",
            cameras=cameras,
            channels=[channel.name for channel in rule.channels.all()],
        )
        tone, icon = SEVERITY_LOOKS[AlertRule.Severity(rule.severity)]
        is_lost = not (rule.is_for_all_cameras or named)
        rows.append(RuleRow(rule, words, getattr(rule, "alert_count", 0), tone, icon, is_lost))
    return rows


def _stranger_link(alert: Alert) -> str:
    stranger = alert.visit.stranger_id if alert.visit is not None else None
    return _link("review:stranger", stranger)


def _link(name: str, pk: UUID | None) -> str:
    if pk is None:
        return ""
    try:
        return reverse(name, args=[pk])
    except NoReverseMatch:
        return ""
