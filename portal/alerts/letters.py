"""What a delivery says: the content of webhooks and MQTT messages, and the text of a mail.

Names of people are in it only where the channel's option says so; faces and templates never are.
The content's form is described in ``docs/operators/notifications.md``.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from portal.alerts.models import Alert, Channel, Delivery
from portal.alerts.sending import Parcel
from portal.alerts.wording import about
from portal.config.env import ENV
from portal.core.ids import uuid7
from portal.core.vault import vault
from portal.people.models import Person

__all__ = ["PURPOSE", "parcel_of", "test_parcel"]

# What a channel's target and secret are sealed for.
PURPOSE: Final = "channel"
SCHEMA: Final = "gatehouse.alert/1"


def parcel_of(delivery: Delivery) -> Parcel:
    """``delivery`` with its channel, alert, rule, site, camera and visit loaded. Raises
    ``VaultError`` where the channel's target cannot be opened."""
    alert, channel = delivery.alert, delivery.channel
    content = _content(alert, delivery_id=delivery.pk, names=channel.includes_names)
    return _parcel(channel, delivery.pk, content, subject=_subject(alert), text=_text(content))


def test_parcel(channel: Channel) -> Parcel:
    """What a test sends: everything that a real alert has, and ``is_test``."""
    delivery_id, now = uuid7(), timezone.now().isoformat()
    content = {
        "schema": SCHEMA,
        "delivery": str(delivery_id),
        "alert": None,
        "is_test": True,
        "event": "test",
        "title": "This is a test",
        "severity": "info",
        "rule": None,
        "opened_at": now,
        "site": None,
        "camera": None,
        "visit": None,
        "stranger": None,
        "url": f"{ENV.public_url}{reverse('alerts:list')}",
    }
    subject = f"{settings.SITE_NAME}: this is a test of “{channel.name}”"
    return _parcel(channel, delivery_id, content, subject=subject, text=_text(content))


def _parcel(
    channel: Channel, delivery_id: UUID, content: dict[str, Any], *, subject: str, text: str
) -> Parcel:
    secret = channel.sealed_secret
    return Parcel(
        delivery_id=str(delivery_id),
        kind=channel.kind,
        target=json.loads(vault().open(bytes(channel.sealed_target), purpose=PURPOSE)),
        secret=vault().open(bytes(secret), purpose=PURPOSE).decode() if secret else "",
        content=content,
        # A line break would begin another header.
        subject=" ".join(subject.split()),
        text=text,
    )


def _content(alert: Alert, *, delivery_id: UUID, names: bool) -> dict[str, Any]:
    visit, camera, site = alert.visit, alert.camera, alert.site
    stranger = visit.stranger if visit is not None else None
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "delivery": str(delivery_id),
        "alert": str(alert.pk),
        "is_test": False,
        "event": alert.rule.event,
        "title": about(alert),
        "severity": alert.rule.severity,
        "rule": {"id": str(alert.rule_id), "name": alert.rule.name},
        "opened_at": alert.opened_at.isoformat(),
        "site": {"id": str(site.pk), "name": site.name, "time_zone": site.time_zone},
        "camera": {"id": str(camera.pk), "name": camera.name} if camera else None,
        "visit": {
            "id": str(visit.pk),
            "first_at": visit.first_at.isoformat(),
            "last_at": visit.last_at.isoformat(),
            "faces": visit.faces_usable,
        }
        if visit
        else None,
        "stranger": {"id": str(stranger.pk), "number": stranger.number} if stranger else None,
        "url": f"{ENV.public_url}{reverse('alerts:detail', args=[alert.pk])}",
    }
    person = visit.person if visit is not None else None
    if names and person is not None and person.status in Person.LIVING:
        content["person"] = {"code": person.code, "name": person.name}
    return content


def _subject(alert: Alert) -> str:
    where = f" ({alert.camera})" if alert.camera and alert.visit else ""
    return (
        f"{settings.SITE_NAME} {alert.rule.get_severity_display().lower()}: {about(alert)}{where}"
    )


def _text(content: dict[str, Any]) -> str:
    lines = [content["title"], ""]
    site, camera, visit = content["site"], content["camera"], content["visit"]
    zone = site["time_zone"] if site else settings.TIME_ZONE
    if "person" in content:
        lines.append(f"Who: {content['person']['name']} ({content['person']['code']})")
    if camera:
        lines.append(f"Camera: {camera['name']}")
    if site:
        lines.append(f"Site: {site['name']}")
    if visit:
        lines.append(f"Seen: {_clock(visit['first_at'], zone)}, {visit['faces']} usable faces")
    lines.append(f"Raised: {_clock(content['opened_at'], zone)}")
    if content["rule"]:
        lines.append(f"Rule: {content['rule']['name']}")
    lines += ["", f"Open it: {content['url']}", ""]
    return "\n".join(lines)


def _clock(instant: str, zone: str) -> str:
    local = datetime.fromisoformat(instant).astimezone(ZoneInfo(zone))
    return f"{local:%a %d %b %Y, %H:%M:%S} ({zone})"
