"""What tests of alert rules do: let the clock look, and let somebody pass."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import time_machine
from django.utils import timezone

from portal.alerts.services import consider
from portal.core.context import SYSTEM, acting_as
from tests.factories import VisitFactory

__all__ = ["someone", "sweep"]


def sweep(*, after_s: float = 6) -> int:
    """What the clock does, once every visit had the time to be grouped."""
    later = timezone.now() + timedelta(seconds=after_s)
    with time_machine.travel(later, tick=False), acting_as(SYSTEM):
        return consider()


def someone(**fields: Any) -> Any:
    """A visit that began just now."""
    fields.setdefault("first_at", timezone.now())
    return VisitFactory(**fields)
