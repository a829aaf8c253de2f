"""Writes to cameras: their making, their settings and keys, their signs of life."""

from portal.cameras.services.check import check_cameras, raise_watermarks
from portal.cameras.services.create import create_camera
from portal.cameras.services.delete import delete_camera
from portal.cameras.services.funnel import count_yields, forget_old_hours
from portal.cameras.services.health import report_health
from portal.cameras.services.key import renew_key
from portal.cameras.services.note import note_snapshot
from portal.cameras.services.old_stills import forget_stills
from portal.cameras.services.settings import (
    CameraDetails,
    set_offset,
    set_region,
    set_schedule,
    update_camera,
)
from portal.cameras.services.source import Source, replace_source
from portal.cameras.services.still import keep_still
from portal.cameras.services.switch import set_enabled

__all__ = [
    "CameraDetails",
    "Source",
    "check_cameras",
    "count_yields",
    "create_camera",
    "delete_camera",
    "forget_old_hours",
    "forget_stills",
    "keep_still",
    "note_snapshot",
    "raise_watermarks",
    "renew_key",
    "replace_source",
    "report_health",
    "set_enabled",
    "set_offset",
    "set_region",
    "set_schedule",
    "update_camera",
]
