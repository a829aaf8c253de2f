"""What a tablet says, to the one who stands before it and to nobody else. Public surface: ``said``."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.utils import timezone

from portal.kiosk.models import KioskEvent

__all__ = ["said"]

# A name is said to whoever has just been there; who counts through the numbers later learns none.
_SAID_FOR: Final = timedelta(seconds=60)

_REASONS: Final = {
    "wrong_pin": "This code and PIN do not belong together.",
    "wrong_qr": "This QR code is not valid, or not any more.",
    "slow_down": "This was tried wrongly too often. Wait a quarter of an hour, or use another way.",
    "uncertain": "I am not sure who you are. Please enter your PIN.",
    "in_review": "I am not sure who you are. Please enter your PIN.",
    "unknown": "I do not recognise you. Please enter your PIN.",
    "poor": "I could not see you well. Come closer to the light, or enter your PIN.",
    "no_face": "I saw nobody. Look at the camera, or enter your PIN.",
    "spoof": "Please enter your PIN.",
    "not_looked_at": "This could not be looked at. Please enter your PIN.",
    "withdrawn": "",
    "too_old": "This was kept on the tablet for too long.",
    "future": "The tablet's clock is wrong. Please tell the office.",
    "no_faces": "Faces are not used here. Please enter your PIN.",
    "picture": "The picture could not be read. Please enter your PIN.",
    "unreadable": "This could not be read. Please try again.",
}


def said(event: KioskEvent) -> dict[str, Any]:
    """For JSON. A name only where the event led to a punch, and only a first name."""
    answer: dict[str, Any] = {
        "sequence": event.sequence,
        "outcome": event.outcome,
        "direction": event.direction,
        "words": _REASONS.get(event.reason, ""),
    }
    punch = event.punch
    if event.outcome != KioskEvent.Outcome.PUNCHED or punch is None:
        return answer
    local = event.at.astimezone(ZoneInfo(event.kiosk.camera.site.time_zone))
    answer["time"] = f"{local:%H:%M}"
    is_fresh = timezone.now() - event.created_at < _SAID_FOR and not event.was_offline
    if is_fresh:
        name = punch.person.name.split()[0] if punch.person.name.split() else ""
        answer["words"] = f"{_greeting(local)}, {name}"
        answer["name"] = name
    return answer


def _greeting(local: datetime) -> str:
    if 4 <= local.hour < 12:
        return "Good morning"
    return "Good afternoon" if 12 <= local.hour < 18 else "Good evening"
