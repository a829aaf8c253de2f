"""How many people are on site. Public surface: ``on_site_count``."""

from __future__ import annotations

from django.utils import timezone

from portal.core.context import require
from portal.sightings.presence import presence_source

__all__ = ["on_site_count"]


def on_site_count() -> int:
    """Of the actor's scope, whether they may look at people's days or not: the number that the
    Today board and the roll-call have too."""
    actor = require("sightings.view")
    return presence_source()(actor.scope, now=timezone.now())
