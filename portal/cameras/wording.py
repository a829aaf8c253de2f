"""Spans of time and what is amiss with a camera, in words. Public: ``span``, ``ago``, ``notices``,
``Notice``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone

from portal.cameras.models import Camera, CameraHealth
from portal.ui.times import relative_time

__all__ = ["Notice", "ago", "notices", "span"]

# Below this nobody's day changes by it, and a camera without a time server is there soon.
_MUCH_SKEW_MS: Final = 5_000.0
_MUCH_DELAY_MS: Final = 10_000.0


@dataclass(frozen=True, slots=True)
class Notice:
    """What somebody should know about a camera, and do. ``tone`` is one of ``ui.states.TONES``."""

    tone: str
    title: str
    text: str


def span(milliseconds: float) -> str:
    """A length of time: "120 ms", "3.4 s", "7 min", "2 h", "3 days"."""
    length = abs(milliseconds)
    if length < 1_000:
        return f"{length:.0f} ms"
    if length < 10_000:
        return f"{length / 1_000:.1f} s"
    if length < 60_000:
        return f"{length / 1_000:.0f} s"
    if length < 3_600_000:
        return f"{length / 60_000:.0f} min"
    if length < 48 * 3_600_000:
        return f"{length / 3_600_000:.0f} h"
    return f"{length / 86_400_000:.0f} days"


def ago(moment: datetime) -> str:
    """To the second while it is less than a minute ago: "3 s ago". ``cameras.js`` says the same."""
    seconds = int((timezone.now() - moment).total_seconds())
    return f"{max(0, seconds)} s ago" if seconds < 60 else relative_time(moment)


def notices(camera: Camera, status: CameraHealth | None) -> list[Notice]:
    """The worst first."""
    found: list[Notice] = []
    detail = status.detail if status is not None else ""
    if camera.health == "refusing":
        found.append(
            Notice(
                "danger",
                "The camera refuses the connection",
                f"{detail or 'Its address or its password is wrong.'} Put it right in the "
                "settings; to try again does not help.",
            )
        )
    elif camera.health == "offline":
        found.append(
            Notice(
                "danger",
                "The camera gives no pictures",
                f"{detail or 'Check its power, its cable and its own page.'} Gatehouse goes on "
                "trying.",
            )
        )
    elif camera.health == "silent":
        found.append(
            Notice(
                "uncertain",
                "Nothing was sent for a while",
                "A camera that sends when something moves may be right to be silent. Otherwise "
                "check its power, its network and the key it sends with.",
            )
        )
    if status is not None and camera.health == "online":
        found += _about_time(status)
    return found


def _about_time(status: CameraHealth) -> list[Notice]:
    skew, late = status.skew_ms, status.latency_ms
    if skew is not None and abs(skew) > _MUCH_SKEW_MS:
        where = "ahead" if skew > 0 else "behind"
        return [
            Notice(
                "uncertain",
                f"The camera's clock is {span(skew)} {where}",
                "Let it be set over the network (NTP), from the same server as this computer's. "
                "Until then Gatehouse goes by its own clock where the two differ.",
            )
        ]
    if late is not None and late > _MUCH_DELAY_MS:
        return [
            Notice(
                "uncertain",
                f"Pictures arrive {span(late)} after they were taken",
                "They wait on the way, or the sender's clock is behind: check its network, and "
                "let its clock be set over the network (NTP).",
            )
        ]
    return []
