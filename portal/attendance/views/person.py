"""One person's month and the evidence of one date, for those who answer for others.

``card_context`` and ``day_context`` are those of one's own pages as well.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from portal.attendance.months import Month
from portal.attendance.selectors.evidence import date_evidence
from portal.attendance.selectors.time_card import time_card
from portal.attendance.selectors.whose import Whose, member
from portal.core.context import current_actor
from portal.core.http import is_partial, page
from portal.people.selectors import portraits_of

__all__ = ["card_context", "day", "day_context", "person"]

_VIEWS = ("card", "calendar")


@page("attendance.view")
def person(request: HttpRequest, person_id: UUID) -> HttpResponse:
    context = card_context(request, member(person_id))
    name = "attendance/_card.html" if is_partial(request) else "attendance/person.html"
    return render(request, name, {**context, "tab": "month"})


@page("attendance.view")
def day(request: HttpRequest, person_id: UUID, work_date: date) -> HttpResponse:
    context = day_context(request, member(person_id), work_date)
    name = "attendance/_day.html" if is_partial(request) else "attendance/day.html"
    return render(request, name, {**context, "tab": "month"})


def card_context(request: HttpRequest, whose: Whose) -> dict[str, Any]:
    today = timezone.localdate(timezone=ZoneInfo(whose.zone))
    month = Month.parse(request.GET.get("month", ""), default=today)
    view = request.GET.get("view", "")
    return {
        "whose": whose,
        "card": time_card(whose, month, today=today),
        "month": month,
        "today_month": Month.of(today),
        "view": view if view in _VIEWS else _VIEWS[0],
    }


def day_context(request: HttpRequest, whose: Whose, work_date: date) -> dict[str, Any]:
    evidence = date_evidence(whose, work_date)
    shows_face = any(each.face_id for row in evidence.rows for each in row.punches) or any(
        each.face_id for each in evidence.others
    )
    portrait = portraits_of([whose.person.pk]) if shows_face and _sees_photos(whose) else {}
    return {
        "whose": whose,
        "evidence": evidence,
        "month": Month.of(work_date),
        "portrait_id": portrait.get(whose.person.pk),
        "is_partial": is_partial(request),
    }


def _sees_photos(whose: Whose) -> bool:
    return whose.is_own or current_actor().may("people.view")
