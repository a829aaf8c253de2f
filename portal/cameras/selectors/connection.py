"""Whether a camera's pictures arrive, in words, and what to do where they do not."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

from portal.cameras.models import Camera, CameraHealth
from portal.cameras.wording import Notice, notices

__all__ = ["connection_of"]

# Longer than the streams need to notice a new camera.
_NOTICED_AFTER: Final = timedelta(seconds=30)

_CONNECTING: Final = Notice("accent", "Connecting…", "This takes a few seconds.")
_CALM: Final = {
    "disabled": Notice("neutral", "Switched off", "Nothing is looked at until it is on again."),
    "resting": Notice("neutral", "Outside its hours", "It is looked at again when they begin."),
}


def connection_of(camera: Camera) -> Notice:
    state = camera.health
    status = getattr(camera, "status", None)
    if state in _CALM:
        return _CALM[state]
    if state == "online":
        return Notice("match", _arriving(status), "")
    if state == "never_seen" and not camera.is_live:
        return _awaited(camera)
    if state in {"never_seen", "connecting"}:
        is_new = timezone.now() - camera.created_at < _NOTICED_AFTER
        return _CONNECTING if is_new or status is not None else _UNNOTICED
    return notices(camera, status)[0]


_UNNOTICED: Final = Notice(
    "uncertain",
    "Nobody has looked at this camera yet",
    "The service that fetches pictures does not seem to run. It is started with Gatehouse; the "
    "System page shows what runs.",
)


def _awaited(camera: Camera) -> Notice:
    if camera.kind == Camera.Kind.BROWSER:
        advice = "Open its webcam page on the computer or phone that is to be the camera."
    else:
        advice = "Have the camera send a JPEG with its key; its page shows how."
    return Notice("neutral", "Waiting for the first picture", advice)


def _arriving(status: CameraHealth | None) -> str:
    if status is None or not status.fps:
        return "Pictures arrive"
    size = f", {status.width_px}×{status.height_px}" if status.width_px else ""
    rate = f"{status.fps:.0f}" if status.fps >= 1 else f"{status.fps:.2g}"
    return f"Pictures arrive ({rate} fps{size})"
