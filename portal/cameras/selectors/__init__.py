"""Reads of cameras: their settings, how they are, what they yield."""

from portal.cameras.selectors.cameras import (
    ADDRESS_PURPOSE,
    camera_of_key,
    camera_settings,
    settings_of,
    visible_camera,
    visible_cameras,
)
from portal.cameras.selectors.condition import Condition, Counsel, advice_for, condition_of
from portal.cameras.selectors.connection import connection_of
from portal.cameras.selectors.funnel import (
    PERIODS,
    Funnel,
    Hour,
    funnel_of,
    funnels_since,
    last_hours,
)
from portal.cameras.selectors.overview import (
    STATES,
    CameraTile,
    Overview,
    online_count,
    overview,
)
from portal.cameras.selectors.settings import deciding_everywhere, has_seen_somebody, stills_before

__all__ = [
    "ADDRESS_PURPOSE",
    "PERIODS",
    "STATES",
    "CameraTile",
    "Condition",
    "Counsel",
    "Funnel",
    "Hour",
    "Overview",
    "advice_for",
    "camera_of_key",
    "camera_settings",
    "condition_of",
    "connection_of",
    "deciding_everywhere",
    "funnel_of",
    "funnels_since",
    "has_seen_somebody",
    "last_hours",
    "online_count",
    "overview",
    "settings_of",
    "stills_before",
    "visible_camera",
    "visible_cameras",
]
