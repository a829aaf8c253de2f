"""Parts of a camera's page that are read again: how it is, and what became of the faces it saw."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.cameras.models import Camera
from portal.cameras.selectors import (
    PERIODS,
    advice_for,
    condition_of,
    funnel_of,
    last_hours,
    visible_camera,
)
from portal.core.http import page
from portal.ui.charts import bars

__all__ = ["condition", "funnel", "funnel_context", "health_context"]

CHART_HEIGHT = 80


@page("cameras.view")
def condition(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    return render(request, "cameras/_health.html", health_context(visible_camera(camera_id)))


@page("cameras.view")
def funnel(request: HttpRequest, camera_id: UUID) -> HttpResponse:
    context = funnel_context(visible_camera(camera_id), request.GET.get("period", ""))
    return render(request, "cameras/_funnel.html", context)


def health_context(camera: Camera) -> dict[str, Any]:
    hours = last_hours([camera.pk])[camera.pk]
    return {
        "camera": camera,
        "condition": condition_of(camera),
        "hours": hours,
        "faces_24h": sum(hour.faces for hour in hours),
        "peak": max(hours, key=lambda hour: hour.faces),
        "bars": bars([hour.faces for hour in hours], height=CHART_HEIGHT),
    }


def funnel_context(camera: Camera, period: str) -> dict[str, Any]:
    """``period`` is one of ``PERIODS``; anything else is today."""
    chosen = period if period in PERIODS else "today"
    found = funnel_of(camera, chosen)
    return {
        "camera": camera,
        "funnel": found,
        "counsel": advice_for(camera, found),
        "period": chosen,
        "periods": [(name, label) for name, (label, _) in PERIODS.items()],
    }
